//! A large notebook of hostile texts leaves in every form that comes back, and comes back as it was.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use crate::documents::MemoryDocuments;
use crate::json::{content_of, export_json, import_json};
use crate::markdown::{export_markdown, import_markdown};
use crate::testing::{Bench, ben, bench, fill, fill_objects};
use crate::{session, sheet};

/// Objects of the notebook.
const OBJECTS: usize = 5_000;

/// What has broken programs that move data.
fn hostile(number: usize) -> String {
    const TEXTS: [&str; 16] = [
        "\u{0}\u{1}\u{1b}]0;title\u{7}\u{7f}\u{85}",
        "\u{202e}gnp.exe\u{2066} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        "=HYPERLINK(\"http://evil.example\",\"x\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "../../../etc/passwd",
        "C:\\CON\\..\\aux.txt ",
        "---\nid: 01JD8GNSQ4W5T3V7PXRK2QF7MZ\n---\n- [ ] x <!-- {\"id\": 1} -->",
        "a: b # c: 'd' \"e\" {f} [g] | > & * ! % `",
        "null",
        "2026-12-01",
        "e\u{301} \u{212b} \u{1f469}\u{200d}\u{1f680} \u{feff}\u{2028}",
        "\r\n\r lines \n\n",
        "</textarea><script>alert(1)</script>",
    ];
    format!("{}{number}", TEXTS[number % TEXTS.len()])
}

fn ids(json: &serde_json::Value, into: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::Array(items) => items.iter().for_each(|item| ids(item, into)),
        serde_json::Value::Object(map) => {
            into.extend(map.get("id").and_then(|id| id.as_str()).map(str::to_owned));
            map.values().for_each(|value| ids(value, into));
        }
        _ => {}
    }
}

#[test]
#[ignore = "needs minutes"]
fn five_thousand_objects_of_every_kind_come_back_from_json_and_markdown() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, "first");
    let mut known = BTreeSet::new();
    for number in 0_usize.. {
        if number.is_multiple_of(50) {
            let so_far = export_json(&mut docs, &people).unwrap();
            ids(&content_of(&so_far), &mut known);
            if known.len() >= OBJECTS {
                break;
            }
        }
        fill_objects(&mut docs, &mut writer, &hostile(number));
    }
    let line = "\u{5de5}=w\u{f6}rter ".repeat(100_000 / 13);
    let id = session::list(&mut docs, &people).unwrap()[0].id;
    session::set_notes(&mut docs, &mut writer, id, &line).unwrap();
    let first = export_json(&mut docs, &people).unwrap();
    let content = content_of(&first);

    let mut copy = MemoryDocuments::new(ben());
    import_json(&mut copy, &mut writer, &first).unwrap();
    assert_eq!(
        content_of(&export_json(&mut copy, &people).unwrap()),
        content
    );

    let files = export_markdown(&mut docs, &people).unwrap();
    let mut names = BTreeSet::new();
    for (path, _) in &files {
        // What Windows, macOS and a web server each take, whatever else lies in the folder.
        assert!(names.insert(path.to_lowercase()), "{path} twice");
        for part in path.split('/') {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            // A folder has no ending.
            let stem = part.strip_suffix(".md").unwrap_or(part);
            assert!(
                part.len() <= 100 && part.chars().all(is_plain) && !stem.ends_with('.'),
                "{path}"
            );
            assert!(!["con", "prn", "aux", "nul"].contains(&stem), "{path}");
        }
    }
    let mut copy = MemoryDocuments::new(ben());
    import_markdown(&mut copy, &mut writer, &files).unwrap();
    assert_eq!(
        content_of(&export_json(&mut copy, &people).unwrap()),
        content
    );

    for (path, table) in sheet::export_csv(&mut docs, &people).unwrap() {
        for cell in table.split(['\n', ',']) {
            let cell = cell.trim_start_matches('"');
            let is_formula = cell.starts_with(['=', '@', '\t']) || cell.starts_with("+1+");
            assert!(!is_formula, "{path}: {cell}");
        }
    }
}
