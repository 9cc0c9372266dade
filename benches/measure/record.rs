//! Timing and the JSON lines that stand beside those of the peers.

use std::io::Write;
use std::time::Instant;

use serde_json::{Map, Value, json};

/// The seconds of several runs, ascending.
pub(crate) struct Timing(Vec<f64>);

impl Timing {
    /// In seconds.
    pub(crate) fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }
}

/// Runs `work` several times on fresh input and times it alone; gives the last result. Input is made and results are
/// dropped outside the clock, as in the peers' scripts.
pub(crate) fn time<I, T>(runs: usize, input: impl Fn() -> I, work: impl Fn(I) -> T) -> (Timing, T) {
    let mut seconds = Vec::with_capacity(runs);
    loop {
        let fresh = input();
        let start = Instant::now();
        let result = work(fresh);
        seconds.push(start.elapsed().as_secs_f64());
        if seconds.len() >= runs {
            seconds.sort_unstable_by(f64::total_cmp);
            return (Timing(seconds), result);
        }
    }
}

/// Writes one line to the standard output, and to the file that `RESULTS` names if it is set.
pub(crate) fn emit(Timing(seconds): &Timing, fields: Value) {
    let mut line = Map::new();
    line.insert("peer".into(), json!("kohort"));
    line.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    let at = |index: usize| json!((seconds[index] * 1e5).round() / 1e5);
    line.insert("seconds".into(), at(seconds.len() / 2));
    line.insert("min".into(), at(0));
    line.insert("max".into(), at(seconds.len() - 1));
    line.insert("runs".into(), json!(seconds.len()));
    let threads = std::env::var("BENCH_THREADS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_u64);
    line.insert("threads".into(), json!(threads));
    line.insert("rss_peak_mb".into(), json!(peak_memory_mb()));
    let text = Value::Object(line).to_string();
    println!("{text}");
    if let Ok(path) = std::env::var("RESULTS") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
        if let Err(problem) = file.and_then(|mut file| writeln!(file, "{text}")) {
            eprintln!("{path}: {problem}");
        }
    }
}

/// The process's peak resident memory in MB, where the system tells.
fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() / 1024
}
