//! What the docs say of the sources, held to the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates of the product; what only tests depend on stands in a row of its own.
const CRATES: [&str; 6] = ["core", "notebook", "store", "node", "web", "cli"];

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the tests stand in the workspace")
        .to_owned()
}

fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The part of the architecture below a heading.
fn section(title: &str) -> String {
    let whole = read("docs/ARCHITECTURE.md");
    let (_, rest) = whole
        .split_once(&format!("\n## {title}\n"))
        .expect("the heading");
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

/// What each crate depends on outside of tests, on any system.
fn depended_on() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for name in CRATES {
        let mut counts = false;
        for line in read(&format!("crates/{name}/Cargo.toml")).lines() {
            if line.starts_with('[') {
                counts = line.ends_with("dependencies]") && !line.contains("dev-");
                continue;
            }
            let dependency = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let is_name = dependency.starts_with(|first: char| first.is_ascii_lowercase());
            if counts && is_name && !dependency.starts_with("hearth-") {
                found.insert((dependency.to_owned(), name.to_owned()));
            }
        }
    }
    found
}

#[test]
fn the_table_of_dependencies_names_what_each_crate_uses() {
    let mut told = BTreeSet::new();
    for row in section("Dependencies")
        .lines()
        .filter(|line| line.starts_with("| "))
    {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let users: Vec<&str> = cells[2].split([',', ' ']).collect();
        for dependency in cells[1].split(", ") {
            for user in CRATES.iter().filter(|name| users.contains(name)) {
                told.insert((dependency.to_owned(), (*user).to_owned()));
            }
        }
    }
    let used = depended_on();
    assert!(used.len() > 50, "{used:?}");
    let missing: Vec<_> = used.difference(&told).collect();
    let too_many: Vec<_> = told.difference(&used).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    assert!(too_many.is_empty(), "in the table alone: {too_many:?}");
}

#[test]
fn a_word_of_the_glossary_has_one_meaning_or_says_which() {
    let glossary = section("Glossary");
    let mut meanings: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, word) in glossary
        .split("**")
        .enumerate()
        .filter(|(at, _)| at % 2 == 1)
    {
        let after = glossary.split("**").nth(at + 1).unwrap_or_default();
        if !after.starts_with(" of it") {
            *meanings.entry(word).or_default() += 1;
        }
    }
    assert!(meanings.len() > 60, "{}", meanings.len());
    let double: Vec<_> = meanings.iter().filter(|(_, count)| **count > 1).collect();
    assert!(double.is_empty(), "{double:?}");
}
