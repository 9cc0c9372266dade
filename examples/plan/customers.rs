//! One row per customer, for whoever activates them.

use std::io::{self, Write};

use kohort::Feature;

use crate::analysis::Analysis;

const HEADER: [&str; 10] =
    ["customer_id", "r", "f", "m", "rfm_segment", "segment", "gross", "returned", "contribution", "action"];

/// Writes the customers in ascending order of ids. What is not known is empty.
pub(crate) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let Analysis { table, scores, rfm_segments, segments, plan, .. } = analysis;
    let value =
        |feature: &str, row: usize| table.column(feature).map_or_else(|_| String::new(), |c| c.text(row));
    let score = |scores: &[u8], row: usize| match scores[row] {
        0 => String::new(),
        score => score.to_string(),
    };
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(HEADER)?;
    for (row, id) in table.ids().iter().enumerate() {
        let name = |position: Option<usize>, names: &[String]| position.map(|place| names[place].clone());
        let segment = name(segments.position(row), segments.names());
        let action =
            segment.as_deref().and_then(|name| plan.segment(name)).map(|place| place.action.to_string());
        csv.write_record([
            id.to_string(),
            score(scores.recency(), row),
            score(scores.frequency(), row),
            score(scores.monetary(), row),
            name(rfm_segments.position(row), rfm_segments.names()).unwrap_or_default(),
            segment.unwrap_or_default(),
            value(Feature::Gross.name(), row),
            value(Feature::Returned.name(), row),
            value("contribution", row),
            action.unwrap_or_default(),
        ])?;
    }
    csv.flush()
}
