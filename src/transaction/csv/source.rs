//! The bytes of a file, whatever they are wrapped in: gzip and byte-order marks are told by the first bytes, and
//! what is no text file at all is named before anyone wonders about its header.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::transaction::schema::Encoding;

/// A line put behind the end of every file. If it does not come back as a record of its own, the file ended inside
/// quotes and swallowed it; the CSV reader itself takes such an end for a regular one.
pub(super) const END: &[u8] = b"\0end\0";

/// A file's text.
pub(super) struct Source<'r> {
    pub(super) text: Box<dyn Read + 'r>,
    /// Bytes taken from the file so far.
    pub(super) taken: Rc<Cell<u64>>,
    pub(super) failures: Failures,
}

/// Turns failures of reading into errors that say what they mean for the file.
#[derive(Clone)]
pub(super) struct Failures {
    pub(super) name: String,
    gzip: bool,
}

impl<'r> Source<'r> {
    /// The text with its end marked.
    pub(super) fn open(file: impl Read + 'r, name: &str, encoding: Encoding) -> Result<Self> {
        let source = Self::open_unmarked(file, name, encoding)?;
        let end = Cursor::new([b"\n", END, b"\n"].concat());
        Ok(Self { text: Box::new(source.text.chain(end)), ..source })
    }

    /// The text alone.
    pub(super) fn open_unmarked(file: impl Read + 'r, name: &str, encoding: Encoding) -> Result<Self> {
        let taken = Rc::new(Cell::new(0));
        let counted = Counted { file, taken: Rc::clone(&taken) };
        let mut failures = Failures { name: name.to_owned(), gzip: false };
        let (head, rest) = peek(counted).map_err(|error| failures.io(error, 0))?;
        failures.gzip = head.starts_with(&[0x1f, 0x8b]);
        let whole = Cursor::new(head.clone()).chain(rest);
        let (head, rest): (_, Box<dyn Read + 'r>) = if failures.gzip {
            let (head, rest) = peek(MultiGzDecoder::new(whole)).map_err(|error| failures.io(error, 0))?;
            (head.clone(), Box::new(Cursor::new(head).chain(rest)))
        } else {
            (head, Box::new(whole))
        };
        let text =
            without_mark(&head, rest, encoding).map_err(|problem| failures.file(problem.to_owned()))?;
        Ok(Self { text, taken, failures })
    }
}

/// The text behind a byte-order mark, or why there is none.
fn without_mark<'r>(
    head: &[u8],
    mut text: Box<dyn Read + 'r>,
    encoding: Encoding,
) -> std::result::Result<Box<dyn Read + 'r>, &'static str> {
    match head {
        [0xef, 0xbb, 0xbf, ..] if encoding != Encoding::Utf8 => {
            Err("the file begins with the mark of UTF-8, but the schema states another encoding")
        }
        [0xef, 0xbb, 0xbf, ..] => {
            // The mark lies in memory already, so reading it cannot fail.
            let mut mark = [0; 3];
            text.read_exact(&mut mark).map_err(|_| "the byte-order mark cannot be read")?;
            Ok(text)
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err("the file is UTF-16; save it as UTF-8 first"),
        [b'P', b'K', 3, 4, ..] => Err("the file is a zip archive or an Excel workbook; save it as CSV first"),
        _ => Ok(text),
    }
}

/// The first bytes, as many as any mark has, and the rest.
fn peek<R: Read>(mut reader: R) -> io::Result<(Vec<u8>, R)> {
    let mut head = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut head)?;
    Ok((head, reader))
}

impl Failures {
    pub(super) fn file(&self, problem: String) -> Error {
        Error::File { path: self.name.clone(), problem }
    }

    /// An error of reading, after so many lines were read.
    pub(super) fn io(&self, source: io::Error, lines: u64) -> Error {
        match source.kind() {
            io::ErrorKind::UnexpectedEof if self.gzip => self
                .file(format!("the gzip stream is cut off after {lines} lines; fetch the whole file again")),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if self.gzip => {
                self.file(format!("the gzip stream is damaged after {lines} lines ({source})"))
            }
            _ => Error::Io { path: self.name.clone(), source },
        }
    }
}

/// Counts the bytes that are taken from a file.
struct Counted<R> {
    file: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.file.read(buffer)?;
        self.taken.set(self.taken.get() + taken as u64);
        Ok(taken)
    }
}
