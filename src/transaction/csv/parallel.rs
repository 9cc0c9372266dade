//! Reads a file of order lines on all processors.
//!
//! The calling thread reads the file, cuts it into blocks of whole records and joins what they have become, in their
//! order; the threads of rayon's pool read the blocks. Where blocks begin depends on the file alone, so the log does
//! not depend on the number of threads, and only a few blocks are in memory at a time.

use std::collections::VecDeque;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use crate::error::{Error, Result};
use crate::transaction::csv::ReadProgress;
use crate::transaction::csv::blocks::{Block, Blocks};
use crate::transaction::csv::header::Columns;
use crate::transaction::csv::joined::Joined;
use crate::transaction::csv::parse::{Plan, Splitter, Work, is_blank};
use crate::transaction::csv::source::{Failures, Source};
use crate::transaction::log::TransactionLog;
use crate::transaction::schema::Schema;

/// Bytes of a block: with its columns it fits a processor's own cache.
pub(super) const BLOCK: usize = 1 << 18;

/// A log of a file, read in blocks of so many bytes.
pub(super) fn read(
    file: impl Read,
    name: &str,
    total_bytes: Option<u64>,
    schema: &Schema,
    block: usize,
    progress: &mut dyn FnMut(ReadProgress) -> ControlFlow<()>,
) -> Result<TransactionLog> {
    let source = Source::open_unmarked(file, name, schema.encoding)?;
    let taken = source.taken.clone();
    let failures = source.failures.clone();
    let mut told = None;
    let mut tell = |rows, bytes| {
        if told.replace((rows, bytes)) == Some((rows, bytes)) {
            return Ok(());
        }
        let answer = progress(ReadProgress { rows, bytes, total_bytes });
        if answer.is_break() { Err(Error::Cancelled { stage: "reading order lines" }) } else { Ok(()) }
    };
    let mut blocks = Blocks::new(source, schema.delimiter as u8, block);
    let (header, lines) = header(&mut blocks, schema, &failures)?;
    let Some(header) = header else {
        ended(blocks, &failures, lines)?;
        let hint = "not even a header line was found; check the path and the export";
        return Err(Error::Empty { what: "the CSV file", hint });
    };
    let plan = Plan::new(schema, header.columns);
    let mut joined = Joined::new(&plan, lines);
    let mut first = Some((header.block, header.end));
    let look_ahead = 4 + 2 * rayon::current_num_threads();
    rayon::in_place_scope(|scope| {
        let mut idle: Vec<Box<Work<'_>>> = Vec::new();
        let mut under_way = VecDeque::new();
        let mut more = true;
        let mut rest_of_file = total_bytes;
        loop {
            while more && under_way.len() < look_ahead {
                let mut work = idle.pop().unwrap_or_else(|| Box::new(Work::new(&plan)));
                if let Some((block, start)) = first.take() {
                    (work.block, work.start) = (block, start);
                } else {
                    work.start = 0;
                    more = blocks.next(&mut work.block);
                    if !more {
                        break;
                    }
                }
                let (done, result) = sync_channel(1);
                scope.spawn(move |_| {
                    work.read();
                    // Nobody waits for it any more where an earlier block ended the reading.
                    let _ = done.send(work);
                });
                under_way.push_back(result);
            }
            let Some(result) = under_way.pop_front() else { return Ok(()) };
            // A task that sends nothing has panicked, which the scope passes on.
            let Some(mut work) = wait(&result) else { return Ok(()) };
            joined.take(&mut work.part)?;
            if let Some(total) = rest_of_file.take() {
                joined.reserve(total as f64 / work.block.taken.max(1) as f64 * 1.02);
            }
            tell(joined.rows_read(), work.block.taken)?;
            idle.push(work);
        }
    })?;
    ended(blocks, &failures, joined.lines())?;
    tell(joined.rows_read(), taken.get())?;
    Ok(joined.finish(&schema.rules))
}

/// What a task has sent. A thread of the pool works on other tasks meanwhile: the one waited for may be its own.
fn wait<T>(result: &Receiver<T>) -> Option<T> {
    loop {
        match result.try_recv() {
            Ok(sent) => return Some(sent),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => match rayon::yield_now() {
                None => return result.recv().ok(),
                Some(rayon::Yield::Executed) => {}
                Some(rayon::Yield::Idle) => std::thread::yield_now(),
            },
        }
    }
}

/// The header, and the block that it stands in.
struct Header {
    columns: Columns,
    block: Block,
    /// Where in the block the header ends.
    end: usize,
}

/// The header, if there is one, and how many lines were read to find it.
fn header(blocks: &mut Blocks<'_>, schema: &Schema, failures: &Failures) -> Result<(Option<Header>, u64)> {
    let mut block = Block::default();
    let mut splitter = Splitter::new(schema.delimiter as u8);
    let mut lines = 0;
    while blocks.next(&mut block) {
        let text = block.text();
        let mut end = 0;
        while end < text.len() {
            let start = end;
            if text[start] == b'\n' {
                // No record at all.
                (end, lines) = (end + 1, lines + 1);
                continue;
            }
            end += splitter.next(&text[start..]);
            lines += memchr::memchr_iter(b'\n', &text[start..end]).count() as u64;
            let record = &splitter.record;
            if !is_blank(record) {
                let columns = Columns::find(record, schema, failures)?;
                return Ok((Some(Header { columns, block, end }), lines));
            }
        }
    }
    Ok((None, lines))
}

/// Whether the file ended as one should, after so many lines.
fn ended(blocks: Blocks<'_>, failures: &Failures, lines: u64) -> Result<()> {
    let in_quotes = blocks.finish().map_err(|error| failures.io(error, lines))?;
    if in_quotes {
        let line = lines + 1;
        return Err(
            failures.file(format!("a quote in the record that begins on line {line} is never closed"))
        );
    }
    Ok(())
}
