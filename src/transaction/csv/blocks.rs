//! A file's text in blocks that hold whole records, so that each can be read without its neighbours.
//!
//! Where a record ends cannot be told by its line end alone: quotes may hold line ends, and a quote has a meaning only
//! at the beginning of a field. So a block is cut at its last line end, after all quotes before it were paired as the
//! CSV reader pairs them.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use memchr::{memchr_iter, memrchr};

use crate::transaction::csv::source::Source;

/// Zeros behind a block's text, so that numbers, short texts and marks at its end can be loaded whole.
pub(super) const PAD: usize = 64;

/// Whole records, each with its line end.
#[derive(Default)]
pub(super) struct Block {
    /// The text and [`PAD`] zeros behind it; a buffer that is used again.
    bytes: Vec<u8>,
    len: usize,
    /// Bytes of the file that were taken when this was read.
    pub(super) taken: u64,
}

impl Block {
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The text with the zeros behind it.
    pub(super) fn padded(&self) -> &[u8] {
        &self.bytes[..self.len + PAD]
    }

    fn end_at(&mut self, len: usize) {
        self.bytes[len..len + PAD].fill(0);
        self.len = len;
    }
}

/// Cuts a file into blocks.
pub(super) struct Blocks<'r> {
    text: Box<dyn Read + 'r>,
    taken: Rc<Cell<u64>>,
    delimiter: u8,
    /// How many bytes are read for a block; a longer record makes a longer block.
    size: usize,
    /// The record that the latest cut left begun.
    rest: Vec<u8>,
    end: Option<io::Result<()>>,
}

impl<'r> Blocks<'r> {
    pub(super) fn new(source: Source<'r>, delimiter: u8, size: usize) -> Self {
        let Source { text, taken, .. } = source;
        Self { text, taken, delimiter, size: size.max(1), rest: Vec::new(), end: None }
    }

    /// Reads the next block; `false` at the end of the file, where [`Self::finish`] says how it ended.
    pub(super) fn next(&mut self, block: &mut Block) -> bool {
        let mut filled = self.rest.len();
        block.bytes.resize(block.bytes.len().max(filled + self.size + PAD), 0);
        block.bytes[..filled].copy_from_slice(&self.rest);
        self.rest.clear();
        let mut wanted = filled + self.size;
        loop {
            filled = self.fill(&mut block.bytes, filled, wanted);
            if matches!(self.end, Some(Ok(()))) && filled > 0 && block.bytes[filled - 1] != b'\n' {
                block.bytes[filled] = b'\n';
                filled += 1;
            }
            block.taken = self.taken.get();
            let cut = whole_records(&block.bytes[..filled], self.delimiter);
            if cut.is_some() || self.end.is_some() {
                let end = cut.unwrap_or(0);
                self.rest.extend_from_slice(&block.bytes[end..filled]);
                block.bytes.resize(block.bytes.len().max(end + PAD), 0);
                block.end_at(end);
                return end > 0;
            }
            wanted = filled * 2;
            block.bytes.resize(block.bytes.len().max(wanted + PAD), 0);
        }
    }

    /// Fills bytes from `filled` up to `wanted`, or to the end of the file; gives how far.
    fn fill(&mut self, bytes: &mut [u8], mut filled: usize, wanted: usize) -> usize {
        while filled < wanted && self.end.is_none() {
            match self.text.read(&mut bytes[filled..wanted]) {
                Ok(0) => self.end = Some(Ok(())),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.end = Some(Err(error)),
            }
        }
        filled
    }

    /// How the file ended: whether inside quotes, or the error that cut it off.
    pub(super) fn finish(self) -> io::Result<bool> {
        match self.end {
            Some(Err(error)) => Err(error),
            _ => Ok(!self.rest.is_empty()),
        }
    }
}

/// How long the whole records at the beginning of a text are. `None` where it has no whole one.
fn whole_records(text: &[u8], delimiter: u8) -> Option<usize> {
    let mut end = text.len();
    loop {
        let line_end = memrchr(b'\n', &text[..end])?;
        match open_quote(&text[..line_end], delimiter) {
            None => return Some(line_end + 1),
            // The line end is part of a field. Nothing from that field's quote on is whole.
            Some(quote) => end = quote,
        }
    }
}

/// The quote that a line end behind this text would be inside of. The text begins with a record.
fn open_quote(text: &[u8], delimiter: u8) -> Option<usize> {
    let mut quotes = memchr_iter(b'"', text);
    while let Some(open) = quotes.next() {
        // Anywhere else in a field, a quote is a letter like any other.
        if open > 0 && text[open - 1] != delimiter && text[open - 1] != b'\n' {
            continue;
        }
        loop {
            let Some(close) = quotes.next() else { return Some(open) };
            if text.get(close + 1) != Some(&b'"') {
                break;
            }
            quotes.next();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_respects_quotes_as_the_reader_does() {
        let cut = |text: &str| whole_records(text.as_bytes(), b',');
        assert_eq!(cut("a,b\nc,d"), Some(4));
        assert_eq!(cut("a,b"), None);
        assert_eq!(cut("a,\"b\nc\nd\"\ne"), Some(10), "line ends inside quotes are no cuts");
        assert_eq!(cut("x\na,\"b\nc\nd"), Some(2));
        assert_eq!(cut("a,\"b\nc\",\"d\ne"), None, "both fields belong to one record");
        assert_eq!(cut("a,b\"c\nd"), Some(6), "a quote inside a field is a letter");
        assert_eq!(cut("a,\"b\"\"\nc\"\nd"), Some(10), "a doubled quote does not close");
        assert_eq!(cut("a,\"b\"c\"\nd"), Some(8), "nor does one open behind a closed one");
        assert_eq!(cut("\"\"\n"), Some(3));
    }
}
