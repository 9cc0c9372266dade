//! The feature table as a CSV file.

use std::io::Write;

use crate::error::{Error, Result};
use crate::features::table::FeatureTable;

impl FeatureTable {
    /// Writes the table as CSV: a header, one row per customer, empty fields for missing values.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_csv(&self, out: impl Write) -> Result<()> {
        let failed = |source| Error::Io { path: "the CSV output".into(), source };
        let mut out = std::io::BufWriter::new(out);
        let header: Vec<String> = std::iter::once("customer").chain(self.names()).map(csv_field).collect();
        writeln!(out, "{}", header.join(",")).map_err(failed)?;
        for row in 0..self.len() {
            write!(out, "{}", csv_field(&self.ids.id(row).to_string())).map_err(failed)?;
            for column in self.columns.iter().map(|named| &named.column) {
                write!(out, ",{}", csv_field(&column.text(row))).map_err(failed)?;
            }
            writeln!(out).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }
}

/// A field for a CSV file, quoted where it has to be (RFC 4180).
fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
