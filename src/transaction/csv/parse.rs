//! Reads a block: plain rows the short way, every other one the general way.

use csv::ByteRecord;
use csv_core::ReadRecordResult;

use crate::transaction::csv::blocks::Block;
use crate::transaction::csv::clock::Clock;
use crate::transaction::csv::decode::{Decoder, Row, Seen};
use crate::transaction::csv::header::Columns;
use crate::transaction::csv::marks::Marks;
use crate::transaction::csv::part::{Part, Shape};
use crate::transaction::csv::plain::{Plain, Span};
use crate::transaction::judge::Judge;
use crate::transaction::line::RejectReason;
use crate::transaction::schema::Schema;

/// How all blocks of a file are read.
pub(super) struct Plan<'s> {
    pub(super) schema: &'s Schema,
    pub(super) columns: Columns,
    pub(super) judge: Judge,
    pub(super) shape: Shape,
}

impl<'s> Plan<'s> {
    pub(super) fn new(schema: &'s Schema, columns: Columns) -> Self {
        let judge = Judge::new(&schema.rules, schema.customer_ids, schema.order_ids);
        let shape = Shape::new(&columns, &schema.rules);
        Self { schema, columns, judge, shape }
    }
}

/// A block, what reads it and what it becomes: everything that one task needs, used again block after block.
pub(super) struct Work<'p> {
    plan: &'p Plan<'p>,
    pub(super) block: Block,
    /// Where the block's rows begin: behind the header in the first one.
    pub(super) start: usize,
    pub(super) part: Part,
    marks: Marks,
    spans: Vec<Span>,
    plain: Option<Plain<'p>>,
    clock: Clock<'p>,
    splitter: Splitter,
    decoder: Decoder<'p>,
}

impl<'p> Work<'p> {
    pub(super) fn new(plan: &'p Plan<'p>) -> Self {
        Self {
            plan,
            block: Block::default(),
            start: 0,
            part: Part::new(plan.shape, &plan.judge),
            marks: Marks::default(),
            spans: vec![Span::default(); plan.columns.width()],
            plain: Plain::new(plan),
            clock: Clock::new(plan.schema),
            splitter: Splitter::new(plan.schema.delimiter as u8),
            decoder: Decoder::new(plan.schema, &plan.columns),
        }
    }

    /// Reads the block into the part.
    pub(super) fn read(&mut self) {
        self.part.clear();
        self.decoder.undelivered.seen = Seen::default();
        match &self.plain {
            Some(_) if u32::try_from(self.block.text().len()).is_ok() => self.read_plain(),
            _ => {
                self.read_general(self.start, self.block.text().len());
            }
        }
        self.part.seen = self.decoder.undelivered.seen;
    }

    fn read_plain(&mut self) {
        let len = self.block.text().len();
        self.marks.find(self.block.padded(), len, self.plan.schema.delimiter as u8);
        let (mut at, mut next) = (self.start, 0);
        while next < self.marks.positions().len() && (self.marks.positions()[next] as usize) < at {
            next += 1;
        }
        while at < len && self.part.stop.is_none() {
            let marks = &self.marks.positions()[next..];
            if let Some(used) = split(self.block.padded(), at, marks, &mut self.spans)
                && let Some(plain) = &self.plain
                && plain
                    .read(
                        self.block.padded(),
                        &self.spans,
                        &mut self.clock,
                        &mut self.decoder.undelivered,
                        &mut self.part,
                    )
                    .is_some()
            {
                at = marks[used - 1] as usize + 1;
                next += used;
                self.part.lines += 1;
                continue;
            }
            at = self.read_general(at, at + 1);
            let behind = self.marks.positions()[next..].iter().take_while(|mark| (**mark as usize) < at);
            next += behind.count();
        }
    }

    /// Reads records from a place up to another or a little farther; gives how far.
    fn read_general(&mut self, mut at: usize, until: usize) -> usize {
        let Self { plan, block, part, splitter, decoder, .. } = self;
        let text = block.text();
        let width = plan.columns.width();
        while at < until && part.stop.is_none() {
            if text[at] == b'\n' {
                // No record at all.
                at += 1;
                part.lines += 1;
                continue;
            }
            let line = part.lines;
            let record_end = at + splitter.next(&text[at..]);
            part.lines += memchr::memchr_iter(b'\n', &text[at..record_end]).count() as u64;
            at = record_end;
            let record = &splitter.record;
            if is_blank(record) {
                continue;
            }
            if record.len() != width {
                let found = record.len();
                let detail = || format!("{found} fields where the header has {width}");
                part.refuse(&plan.judge.rules, line, RejectReason::Ragged, detail, None);
                continue;
            }
            match decoder.row(record, line) {
                Row::Fields(row) => part.take(&row, &plan.judge),
                Row::BadBytes(column) => {
                    let detail = || format!("column `{column}`");
                    part.refuse(&plan.judge.rules, line, RejectReason::Encoding, detail, None);
                }
            }
        }
        at
    }
}

/// Whether a record is a blank line.
pub(super) fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && record[0].trim_ascii().is_empty()
}

/// Finds the fields of a row that has one for every span, each without a quote or quoted as a whole, on one line;
/// gives how many marks it has. `None` for every other row.
#[inline]
fn split(text: &[u8], start: usize, marks: &[u32], spans: &mut [Span]) -> Option<usize> {
    let mut begin = start as u32;
    let mut used = 0;
    let last = spans.len() - 1;
    for (column, span) in spans.iter_mut().enumerate() {
        let mut mark = *marks.get(used)?;
        let mut byte = text[mark as usize];
        if byte == b'"' {
            if mark != begin {
                return None;
            }
            let mut close;
            loop {
                used += 1;
                close = *marks.get(used)?;
                match text[close as usize] {
                    b'"' => break,
                    b'\n' => return None,
                    _ => {}
                }
            }
            *span = Span { start: mark + 1, end: close };
            used += 1;
            mark = *marks.get(used)?;
            byte = text[mark as usize];
            let behind = mark - close;
            if byte == b'"' || behind > 2 || (behind == 2 && text[close as usize + 1] != b'\r') {
                return None;
            }
        } else {
            // The carriage return of a CRLF is a blank like any other, and the most frequent one.
            let returned = byte == b'\n' && mark > begin && text[mark as usize - 1] == b'\r';
            *span = Span { start: begin, end: mark - u32::from(returned) };
        }
        if (byte == b'\n') != (column == last) {
            return None;
        }
        begin = mark + 1;
        used += 1;
    }
    Some(used)
}

/// Splits records into fields, whatever quotes they have.
pub(super) struct Splitter {
    reader: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    pub(super) record: ByteRecord,
}

impl Splitter {
    pub(super) fn new(delimiter: u8) -> Self {
        let reader = csv_core::ReaderBuilder::new()
            .delimiter(delimiter)
            // The carriage return of a CRLF is trimmed from the last field like any blank.
            .terminator(csv_core::Terminator::Any(b'\n'))
            .build();
        let mut splitter =
            Self { reader, fields: vec![0; 256], ends: vec![0; 32], record: ByteRecord::new() };
        // A byte-order mark is none of what is split here, and once something was read nothing is taken for one.
        splitter.next(b"-\n");
        splitter
    }

    /// Splits the record at the beginning of a text, which has its line end, and gives its length.
    pub(super) fn next(&mut self, text: &[u8]) -> usize {
        let Self { reader, fields, ends, record } = self;
        let (mut read, mut written, mut found) = (0, 0, 0);
        loop {
            let (result, bytes, out, fields_out) =
                reader.read_record(&text[read..], &mut fields[written..], &mut ends[found..]);
            read += bytes;
            written += out;
            found += fields_out;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => fields.resize(fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        record.clear();
        let mut start = 0;
        for end in &ends[..found] {
            record.push_field(&fields[start..*end]);
            start = *end;
        }
        read
    }
}
