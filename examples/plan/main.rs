//! From order lines to a ranked plan: reads a shop's order lines (or makes a synthetic shop), segments its customers,
//! values the segments after returns, ranks them with an action, and says who looks rich and earns little.
//!
//! `cargo run --release --example plan -- --help` explains the options.

mod analysis;
mod args;
mod customers;
mod json;
mod print;
mod progress;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::analysis::{Analysis, Orders, Settings};
use crate::args::Options;

/// Why there is no plan.
enum Failure {
    /// Options that do not fit together.
    Usage(kohort::Error),
    /// The data.
    Data(kohort::Error),
    /// A file that cannot be written.
    File(String, io::Error),
    /// The standard output.
    Output(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) | Self::Data(error) => error.fmt(f),
            Self::File(path, error) => write!(f, "{path}: {error}"),
            Self::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => {
            let error = Options::command().error(clap::error::ErrorKind::ValueValidation, error);
            let _ = error.print();
            ExitCode::from(2)
        }
        Err(failure) => {
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let settings = Settings::new(options).map_err(Failure::Usage)?;
    let orders = Orders::read(options, &settings).map_err(Failure::Data)?;
    // What was read is worth knowing even where nothing can be made of it.
    let mut out = BufWriter::new(io::stdout().lock());
    print::orders(&orders, options, &mut out).and_then(|()| out.flush()).map_err(Failure::Output)?;
    let as_of = match options.as_of(&orders.log) {
        Some(given) => given.map_err(Failure::Usage)?,
        None => orders.log.as_of_end().map_err(Failure::Data)?,
    };
    let analysis = Analysis::run(orders, settings, as_of).map_err(Failure::Data)?;
    if let Some(path) = &options.output.customers {
        write_file(path, |out| customers::write(&analysis, out))?;
    }
    if let Some(path) = &options.output.json {
        write_file(path, |out| json::write(&analysis, options, out))?;
    }
    print::analysis(&analysis, options, &mut out).and_then(|()| out.flush()).map_err(Failure::Output)
}

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let written = File::create(path).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    written.map_err(|error| Failure::File(path.display().to_string(), error))
}
