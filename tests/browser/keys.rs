//! What the page reads of the node's answers is there: a key that is misspelt reads as empty, and nothing would show it.
//! So every key that the page's sources name has to stand in some answer to the requests that the page makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hearth_e2e::{Person, text};
use serde_json::Value;

use crate::stage::Stage;

/// How the sources read a key.
const READS: [&str; 7] = [
    ".get(\"",
    ".text(\"",
    ".list(\"",
    ".some(\"",
    ".is(\"",
    ".count(\"",
    ".number(\"",
];
/// What stands before such a call where it reads a form or an address, not an answer.
const OF_FORMS: [&str; 4] = ["form", "query", "typed", "given"];
/// Keys of answers that this notebook does not come to, each with when it is there.
const RARE: [(&str, &str); 54] = [
    ("code", "a mirror that refused"),
    ("admin", "an admission that does not count"),
    ("awaited", "a recovery that is not through"),
    ("backup", "a backup that was checked"),
    ("cause", "an admission that does not count"),
    ("forged", "a mirror that was caught"),
    (
        "from",
        "a bundle that was taken in, a recovery that is not through",
    ),
    ("full", "a mirror without room"),
    ("had_no_room", "a mirror without room"),
    ("let_in", "an admission that does not count"),
    ("lost_entries", "a device that was set back"),
    ("made_at", "a backup that was checked"),
    ("made_good", "a device that was set back"),
    ("refused", "a mirror that refused"),
    ("rolled_back", "a mirror that was caught"),
    ("warned_of", "a status with a warning"),
    ("who", "an admission that does not count"),
    ("wrong", "a value that cannot be written"),
    (
        "ahead_count",
        "the sessions around a time, which no command asks for",
    ),
    ("bytes", "a part of a bundle"),
    ("controls", "a bundle that was taken in"),
    (
        "last_held",
        "the sessions around a time, which no command asks for",
    ),
    ("made", "a bundle that was taken in"),
    ("new_notebook", "a bundle that was taken in"),
    (
        "past",
        "the sessions around a time, which no command asks for",
    ),
    (
        "past_count",
        "the sessions around a time, which no command asks for",
    ),
    ("absent", "a circle somebody could not come to"),
    ("also", "what both agree on was written twice at once"),
    ("carried_from", "an agenda item of an earlier session"),
    ("certificate", "the preview of a certificate"),
    ("came", "what came from a device that had been away"),
    ("edits", "what came from a device that had been away"),
    ("pieces", "what came from a device that had been away"),
    (
        "goal_count",
        "a glance at a notebook, which no command asks for",
    ),
    (
        "session_count",
        "a glance at a notebook, which no command asks for",
    ),
    ("chunks", "a part of a file, which is no JSON of a command"),
    ("last", "a part of a file, which is no JSON of a command"),
    ("here", "a resource with a file"),
    ("parts", "a file that is being fetched"),
    ("parts_here", "a file that is being fetched"),
    ("mirror", "whoever has a file that is being fetched"),
    ("resource", "a file that is being fetched"),
    ("tag", "a tag was put on something"),
    ("ended", "a circle that was run through"),
    ("lacks", "somebody wants to go on after the end"),
    ("merged", "what came from a device that had been away"),
    ("message", "somebody departed"),
    ("nth", "a value of a dispute"),
    ("reads", "a device was taken off"),
    ("recovery_phrase", "a home that was made on the page"),
    ("shows", "a value of a dispute"),
    ("shown", "a value of a dispute"),
    ("wanted_by", "somebody wants to go on after the end"),
    ("who_can", "a removal that one may not do"),
];

/// Collects the keys that the sources below a folder read, with the file.
fn named(folder: &Path, into: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            named(&path, into);
            continue;
        }
        let is_source =
            path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs");
        if !is_source {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a source");
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for read in READS {
            let mut rest = source;
            while let Some(at) = rest.find(read) {
                let before = rest.get(..at).unwrap_or_default().trim_end();
                rest = rest.get(at + read.len()..).unwrap_or_default();
                let key = rest.split('"').next().unwrap_or_default();
                if !OF_FORMS.iter().any(|form| before.ends_with(form)) {
                    into.insert(key.to_owned(), path.display().to_string());
                }
            }
        }
    }
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                collect(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

/// Asks what the screens ask, and whatever else has one of their answers.
fn answers(person: &Person, stage: &Stage) -> BTreeSet<String> {
    let nb = stage.pair.notebook.as_str();
    let (goal, session) = stage.goal_and_session();
    let ben = stage.pair.ben.id();
    let circle = person.ok(&["notebook", "create", "Tuesday circle", "--form", "peer"]);
    let circle = text(&circle, "/notebook/id");
    let asked: [&[&str]; 39] = [
        &["status"],
        &["today"],
        &["notebook", "list"],
        &["notebook", "show", nb],
        &["notebook", "timeline", nb],
        &["notebook", "reciprocity", nb],
        &["readers", nb],
        &["goal", "list", nb],
        &["goal", "show", goal],
        &["action", "list", nb],
        &["session", "list", nb],
        &["session", "show", session],
        &["agreement", "show", nb],
        &["agreement", "log", nb],
        &["question", "list", nb],
        &["feedback", "list", nb],
        &["sealed", "list", nb],
        &["skill", "list", nb],
        &["resource", "list", nb],
        &["checkin", "list", nb],
        &["invite", "create", nb, "--as", "mentee"],
        &["invite", "list", nb],
        &["member", "list", nb],
        &["member", "verify", nb, &ben],
        &["device", "list"],
        &["mirror", "list", nb],
        &["conflict", "list", nb],
        &["log", nb],
        &["log", nb, "--object", goal],
        &["search", "release"],
        &["journal", "list"],
        &["template", "list"],
        &["config", "list"],
        &[
            "graduate",
            nb,
            "--certify",
            "Ben",
            "--words",
            "He leads by asking.",
            "--yes",
        ],
        &["graduate", nb, "--status"],
        &["circle", "show", &circle],
        &["skill", "add", nb, "Writing"],
        &[
            "goal",
            "add",
            nb,
            "Meetings",
            "--kind",
            "okr",
            "--key-result",
            "late=5..0",
            "--key-result",
            "left=3..0",
        ],
        &["sync", nb, "--timeout", "5s"],
    ];
    let mut keys = BTreeSet::new();
    for arguments in asked {
        let ran = person.run(arguments);
        let data: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!(data["ok"], Value::Bool(true), "{arguments:?}: {data}");
        collect(&data["data"], &mut keys);
    }
    keys
}

#[test]
fn every_key_that_the_page_reads_stands_in_an_answer() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/web/src");
    let mut wanted = BTreeMap::new();
    named(&sources, &mut wanted);
    assert!(wanted.len() > 100, "{} keys", wanted.len());
    let stage = Stage::new();
    let there = answers(&stage.pair.ana, &stage);
    let rare = |key: &str| RARE.iter().any(|(known, _)| *known == key);
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(key, _)| !there.contains(*key) && !rare(key))
        .map(|(key, file)| format!("{key}, in {file}"))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
