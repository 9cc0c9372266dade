//! What a table knows of where it comes from and what it may be used for, as the key-value metadata of Arrow and Parquet.

use crate::error::{Error, Result};
use crate::features::table::{FeatureTable, ReturnKnowledge, TableContext};
use crate::transaction::{AsOf, Vat, Zone};

/// Says that the table is one of kohort's, and in which form it is written.
const FORMAT: &str = "kohort.feature_table";
const VERSION: &str = "1";

const AS_OF: &str = "kohort.as_of";
const ZONE: &str = "kohort.zone";
const CURRENCY: &str = "kohort.currency";
const VAT: &str = "kohort.vat";
const RETURNS: &str = "kohort.returns";
const LINES_LEFT_OUT: &str = "kohort.lines_left_out";
/// Followed by the name of a feature; the purposes stand one per line, since none has a line break.
const PURPOSES: &str = "kohort.purposes.";

/// The entries that carry a table's context and what its features are declared for.
pub(super) fn entries(table: &FeatureTable) -> Vec<(String, String)> {
    let mut entries = vec![(FORMAT, VERSION.to_owned())];
    if let Some(context) = table.context() {
        let vat = match context.vat {
            Vat::Excluded => "excluded",
            Vat::Included => "included",
        };
        let returns = match context.returns {
            ReturnKnowledge::NotRecorded => "not_recorded",
            ReturnKnowledge::Timed => "timed",
            ReturnKnowledge::AsKnown => "as_known",
        };
        entries.extend([
            (AS_OF, context.as_of.micros().to_string()),
            (ZONE, context.as_of.zone().name().to_owned()),
            (CURRENCY, context.currency.clone()),
            (VAT, vat.to_owned()),
            (RETURNS, returns.to_owned()),
            (LINES_LEFT_OUT, context.lines_left_out.to_string()),
        ]);
    }
    let purposes = table.columns.iter().filter(|named| !named.purposes.is_empty()).map(|named| {
        let purposes: Vec<&str> = named.purposes.iter().map(AsRef::as_ref).collect();
        (format!("{PURPOSES}{}", named.name), purposes.join("\n"))
    });
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).chain(purposes).collect()
}

/// A table with the context and the purposes that entries carry; as it is where they are none of kohort's.
///
/// # Errors
/// [`Error::Model`] where they are of a newer form, incomplete or damaged.
pub(super) fn restore<'m>(
    mut table: FeatureTable,
    get: impl Fn(&str) -> Option<&'m str>,
) -> Result<FeatureTable> {
    if let Some(context) = context(&get)? {
        table = table.described(context);
    }
    let names: Vec<String> = table.names().map(str::to_owned).collect();
    for name in names.iter().filter(|_| get(FORMAT).is_some()) {
        if let Some(purposes) = get(&format!("{PURPOSES}{name}")) {
            table = table
                .declare(name, purposes.lines())
                .map_err(|error| Error::Model { expected: "feature table", problem: error.to_string() })?;
        }
    }
    Ok(table)
}

/// The context that entries carry; none for a table from elsewhere.
fn context<'m>(get: impl Fn(&str) -> Option<&'m str>) -> Result<Option<TableContext>> {
    let broken = |problem: String| Error::Model { expected: "feature table", problem };
    match get(FORMAT) {
        None => return Ok(None),
        Some(VERSION) => {}
        Some(other) => {
            return Err(broken(format!(
                "it is of form {other}, which is newer than this crate; update kohort"
            )));
        }
    }
    let Some(as_of) = get(AS_OF) else { return Ok(None) };
    let entry = |key: &str| get(key).ok_or_else(|| broken(format!("`{key}` is missing")));
    let unreadable = |key: &str, text: &str| broken(format!("`{key}` is `{text}`, which cannot be read"));
    let number = |key: &str, text: &str| text.parse::<i64>().map_err(|_| unreadable(key, text));
    let zone = Zone::named(entry(ZONE)?).map_err(|error| broken(error.to_string()))?;
    let as_of = AsOf::instant(number(AS_OF, as_of)?, &zone).map_err(|error| broken(error.to_string()))?;
    Ok(Some(TableContext {
        as_of,
        currency: entry(CURRENCY)?.to_owned(),
        vat: match entry(VAT)? {
            "excluded" => Vat::Excluded,
            "included" => Vat::Included,
            other => return Err(unreadable(VAT, other)),
        },
        returns: match entry(RETURNS)? {
            "not_recorded" => ReturnKnowledge::NotRecorded,
            "timed" => ReturnKnowledge::Timed,
            "as_known" => ReturnKnowledge::AsKnown,
            other => return Err(unreadable(RETURNS, other)),
        },
        lines_left_out: {
            let text = entry(LINES_LEFT_OUT)?;
            text.parse().map_err(|_| unreadable(LINES_LEFT_OUT, text))?
        },
    }))
}
