//! Every test that `docs/guarantees.md` names is there.

use std::path::{Path, PathBuf};

const GUARANTEES: &str = include_str!("../../docs/guarantees.md");

/// The paths of tests that the page names, such as `it::features::an_empty_log_gives_an_empty_table`.
fn named() -> Vec<&'static str> {
    let words = GUARANTEES.split('`').skip(1).step_by(2);
    let is_path = |word: &&str| {
        word.contains("::")
            && !word.ends_with(':')
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c))
    };
    words.filter(is_path).collect()
}

/// The files in which the test of a path may stand.
fn files(modules: &[&str]) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, modules) = match modules {
        ["it", modules @ ..] => (root.join("tests/it"), modules),
        ["plan", modules @ ..] => (root.join("examples/plan"), modules),
        modules => (root.join("src"), modules),
    };
    // A module of tests stands beside the code or in a file of its own.
    let beside = modules.strip_suffix(&["tests"]).unwrap_or(modules);
    // Or in a module within that file.
    let within = modules.split_last().map_or(modules, |(_, around)| around);
    [modules, beside, within]
        .into_iter()
        .flat_map(|modules| {
            let path = folder.join(modules.iter().collect::<PathBuf>());
            [
                path.with_extension("rs"),
                path.join("mod.rs"),
                path.with_file_name(format!("{}_tests.rs", modules.last().unwrap_or(&""))),
            ]
        })
        .collect()
}

#[test]
fn every_test_that_the_guarantees_name_is_there() {
    let named = named();
    assert!(named.len() > 80, "only {} paths were found on the page", named.len());
    for path in named {
        let steps: Vec<&str> = path.split("::").collect();
        let (test, modules) = steps.split_last().unwrap();
        let function = format!("fn {test}(");
        let there = files(modules).into_iter().any(|file| {
            let source = std::fs::read_to_string(file).unwrap_or_default();
            source.find(&function).is_some_and(|at| source[..at].contains("#[test]"))
        });
        assert!(there, "docs/guarantees.md names {path}, which is not there");
    }
}
