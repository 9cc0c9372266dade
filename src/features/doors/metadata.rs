//! What a table knows of where it comes from, as the key-value metadata of Arrow and Parquet.

use crate::error::{Error, Result};
use crate::features::table::{ReturnKnowledge, TableContext};
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

/// The entries that carry a table's context.
pub(super) fn entries(context: Option<&TableContext>) -> Vec<(String, String)> {
    let mut entries = vec![(FORMAT, VERSION.to_owned())];
    if let Some(context) = context {
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
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The context that entries carry; none for a table from elsewhere.
///
/// # Errors
/// [`Error::Model`] where they are of a newer form, incomplete or damaged.
pub(super) fn context<'m>(get: impl Fn(&str) -> Option<&'m str>) -> Result<Option<TableContext>> {
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
