//! Feature tables from CSV files.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use crate::bitmap::Bitmap;
use crate::category::{Interner, MISSING};
use crate::error::{Error, Result, nearest};
use crate::features::doors::ValueType;
use crate::features::doors::rows::{CUSTOMER, table_of_rows};
use crate::features::table::{Column, FeatureTable, Values};
use crate::transaction::{IdColumn, IdKind, Money, parse_unbounded};

/// What the input is called in errors.
const SOURCE: &str = "the CSV input";

/// The byte-order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl FeatureTable {
    /// A table from CSV as [`FeatureTable::write_csv`] writes it: a header with the column `customer` and one column
    /// per feature, one row per customer in any order, empty fields for missing values.
    ///
    /// Text does not say what it means, so `types` names the features to read and their types, as
    /// [`FeatureTable::types`] gives them; other columns of the file are not looked at. The table read back equals the
    /// one written but for its context, which a CSV file has no place for, and texts that no customer has.
    ///
    /// O(bytes), on one thread.
    ///
    /// ```
    /// use kohort::features::{FeatureTable, ValueType};
    /// use kohort::IdKind;
    ///
    /// let file = "customer,orders,net\nben,1,\nada,3,19.90\n";
    /// let types = [("orders", ValueType::U32), ("net", ValueType::Money)];
    /// let table = FeatureTable::from_csv_reader(file.as_bytes(), IdKind::Text, types)?;
    /// assert_eq!(table.counts("orders")?, [3, 1], "customers stand in order");
    /// assert_eq!(table.column("net")?.number(1), None);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Empty`] without a header, [`Error::UnknownColumn`] where a feature or the ids are not
    /// there, [`Error::File`] where a row has another number of fields than the header, text that is no UTF-8, or no
    /// id, [`Error::Parse`] where a field is no value of its feature's type, [`Error::DuplicateCustomer`],
    /// [`Error::DuplicateFeature`].
    pub fn from_csv_reader<N: AsRef<str>>(
        reader: impl Read,
        ids: IdKind,
        types: impl IntoIterator<Item = (N, ValueType)>,
    ) -> Result<Self> {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
        let mut record = ByteRecord::new();
        if !next(&mut reader, &mut record)? {
            return Err(Error::Empty { what: "the CSV input", hint: "not even a header line was found" });
        }
        let names: Vec<String> = record
            .iter()
            .enumerate()
            .map(|(at, name)| if at == 0 { name.strip_prefix(MARK).unwrap_or(name) } else { name })
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let find = |column: &str| {
            names.iter().position(|name| name == column).ok_or_else(|| Error::UnknownColumn {
                column: column.to_owned(),
                nearest: nearest(column, names.iter().map(String::as_str)),
                available: names.clone(),
            })
        };
        let customer = find(CUSTOMER)?;
        let mut features = Vec::new();
        for (name, value_type) in types {
            features.push((find(name.as_ref())?, name.as_ref().to_owned(), Growing::new(value_type)));
        }
        let mut customers = Customers::new(ids);
        while next(&mut reader, &mut record)? {
            let line = record.position().map_or(0, csv::Position::line);
            let broken = |problem: &str| Error::File {
                path: SOURCE.to_owned(),
                problem: format!("line {line} {problem}"),
            };
            if record.len() != names.len() {
                return Err(broken("has another number of fields than the header"));
            }
            let text = |at: usize| std::str::from_utf8(&record[at]).map_err(|_| broken("is not UTF-8"));
            let unreadable = |text: &str, what: &str, name: &str| Error::Parse {
                text: text.to_owned(),
                expected: format!("{what} for `{name}` (line {line})"),
            };
            let id = text(customer)?;
            customers.push(id).ok_or_else(|| unreadable(id, "a customer id", CUSTOMER))?;
            for (at, name, values) in &mut features {
                let text = text(*at)?;
                values.push(text).ok_or_else(|| unreadable(text, values.value_type.name(), name))?;
            }
        }
        let columns = features
            .into_iter()
            .map(|(_, name, values)| Ok((name, values.finish()?)))
            .collect::<Result<Vec<_>>>()?;
        table_of_rows(customers.finish(), columns, SOURCE)
    }
}

fn next(reader: &mut csv::Reader<impl Read>, record: &mut ByteRecord) -> Result<bool> {
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::Io { path: SOURCE.to_owned(), source },
        other => Error::File { path: SOURCE.to_owned(), problem: format!("it cannot be read ({other:?})") },
    })
}

/// The ids of the rows read so far.
enum Customers {
    Numbers(Vec<u64>),
    Texts(Interner, Vec<u32>),
}

impl Customers {
    fn new(kind: IdKind) -> Self {
        match kind {
            IdKind::Number => Self::Numbers(Vec::new()),
            IdKind::Text => Self::Texts(Interner::default(), Vec::new()),
        }
    }

    /// Takes an id in, or nothing where the text is none.
    fn push(&mut self, text: &str) -> Option<()> {
        match self {
            Self::Numbers(numbers) => numbers.push(text.parse().ok()?),
            Self::Texts(interner, codes) => {
                codes.push(Some(interner.code(text)).filter(|code| *code != MISSING)?);
            }
        }
        Some(())
    }

    fn finish(self) -> IdColumn {
        match self {
            Self::Numbers(numbers) => IdColumn::Numbers(numbers),
            Self::Texts(interner, codes) => IdColumn::Texts(interner.finish(codes)),
        }
    }
}

/// A column while it is read.
struct Growing {
    value_type: ValueType,
    /// Numbers of every type but floats, each of which fits 64 bits.
    whole: Vec<i64>,
    floats: Vec<f64>,
    texts: Interner,
    codes: Vec<u32>,
    there: Vec<bool>,
}

impl Growing {
    fn new(value_type: ValueType) -> Self {
        Self {
            value_type,
            whole: Vec::new(),
            floats: Vec::new(),
            texts: Interner::default(),
            codes: Vec::new(),
            there: Vec::new(),
        }
    }

    /// Takes a value in, or nothing where the text is none of this type.
    fn push(&mut self, text: &str) -> Option<()> {
        let missing = text.is_empty();
        self.there.push(!missing);
        match self.value_type {
            ValueType::Category => self.codes.push(self.texts.code(text)),
            ValueType::F64 if missing => self.floats.push(0.0),
            ValueType::F64 => self.floats.push(text.parse().ok().filter(|number: &f64| number.is_finite())?),
            _ if missing => self.whole.push(0),
            ValueType::U32 => self.whole.push(text.parse::<u32>().ok()?.into()),
            ValueType::I32 => self.whole.push(text.parse::<i32>().ok()?.into()),
            ValueType::I64 => self.whole.push(text.parse().ok()?),
            ValueType::Money => self.whole.push(parse_unbounded(text).ok()?),
            ValueType::Time => self.whole.push(text.parse::<jiff::Timestamp>().ok()?.as_microsecond()),
        }
        Some(())
    }

    fn finish(self) -> Result<Column> {
        let Self { value_type, whole, floats, texts, codes, there } = self;
        let values = match value_type {
            // Each number was read as one of its type.
            ValueType::U32 => Values::U32(whole.into_iter().map(|number| number as u32).collect()),
            ValueType::I32 => Values::I32(whole.into_iter().map(|number| number as i32).collect()),
            ValueType::I64 => Values::I64(whole),
            ValueType::F64 => Values::F64(floats),
            ValueType::Money => Values::Money(whole.into_iter().map(Money::from_ten_thousandths).collect()),
            ValueType::Time => Values::Time(whole),
            ValueType::Category => return Ok(Column::new(Values::Category(texts.finish(codes)))),
        };
        Column::with_missing(values, there.into_iter().collect::<Bitmap>())
    }
}
