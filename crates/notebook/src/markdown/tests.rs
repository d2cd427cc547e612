#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::action;
use crate::documents::MemoryDocuments;
use crate::goal::{self, NewGoal};
use crate::json::{canonical_json, content_of, export_json};
use crate::testing::{Bench, ben, bench, fill};

fn round_trip(text: &str) {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, text);
    let files = export_markdown(&mut docs, &people).unwrap();
    for (path, _) in &files {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-./".contains(c);
        assert!(
            path.chars().all(safe) && !path.contains("..") && !path.starts_with('/'),
            "{path}"
        );
    }
    let mut copy = MemoryDocuments::new(ben());
    import_markdown(&mut copy, &mut writer, &files).unwrap();
    let first = export_json(&mut docs, &people).unwrap();
    let second = export_json(&mut copy, &people).unwrap();
    assert_eq!(content_of(&first), content_of(&second));

    let before = canonical_json(&mut copy, &people).unwrap();
    let report = import_markdown(&mut copy, &mut writer, &files).unwrap();
    assert_eq!((report.added, report.updated), (0, 0));
    assert_eq!(canonical_json(&mut copy, &people).unwrap(), before);
}

#[test]
fn hostile_texts_come_back_as_they_were() {
    for text in [
        "",
        "true",
        "\u{0}\u{1}\u{1b}[2J\u{7f}\u{85}\u{2028}\u{feff}",
        "\u{202e}sdrawkcab\u{2066} עברית",
        "../../etc/passwd",
        "---\ntitle: [unclosed\n---\n# - ? : {}\n...\n\t\"'`|>&*!%@",
        "x --> <!-- y -->",
        "[x] a\r\nb\rc\n\n\n",
        "\n\n- [ ] no action\n",
    ] {
        round_trip(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_text_comes_back_as_it_was(text in "\\PC{0,40}|[\\x00-\\x1f:#'\" <>!\\[\\]-]{0,20}") {
        round_trip(&text);
    }
}

#[test]
fn a_person_reads_and_edits_the_files() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, "Because");
    let bare = NewGoal {
        title: "xBecause".to_owned(),
        ..NewGoal::default()
    };
    goal::add(&mut docs, &mut writer, &bare).unwrap();
    let mut files = export_markdown(&mut docs, &people).unwrap();
    let goal = files
        .iter_mut()
        .find(|(path, _)| path.starts_with("goals/"))
        .unwrap();
    assert!(goal.0.starts_with("goals/xbecause-"), "{}", goal.0);
    assert!(goal.1.contains("\ntitle: xBecause\n"), "{}", goal.1);
    assert!(goal.1.ends_with("---\n\nBecause"), "{}", goal.1);
    goal.1 = goal.1.replace("title: xBecause", "title: Something else");
    let actions = files
        .iter_mut()
        .find(|(path, _)| path == "actions.md")
        .unwrap();
    assert!(
        actions.1.starts_with("# Actions\n\n- [x] xBecause <!-- {"),
        "{}",
        actions.1
    );
    actions.1 = actions.1.replace("- [x] xBecause", "- [ ] xBecause") + "- [ ] Buy chalk\n";
    files.push((
        "goals/new.md".to_owned(),
        "---\ntitle: 2027\ndue: 2027-05-01\n---\n\nA fresh start\n".to_owned(),
    ));
    files.push(("README.md".to_owned(), "# not ours".to_owned()));

    let report = import_markdown(&mut docs, &mut writer, &files).unwrap();
    assert_eq!((report.added, report.updated), (2, 2));
    let goals = goal::list(&mut docs, &people).unwrap();
    let titles: Vec<_> = goals.iter().map(|goal| goal.title.as_str()).collect();
    assert_eq!(titles, ["Something else", "xBecause", "2027"]);
    assert_eq!(
        (goals[2].why.as_str(), goals[2].due.as_deref()),
        ("A fresh start\n", Some("2027-05-01"))
    );
    let actions = action::list(&mut docs, &people).unwrap();
    let states: Vec<_> = actions
        .iter()
        .map(|a| (a.title.as_str(), a.status.word()))
        .collect();
    assert_eq!(states, [("xBecause", "open"), ("Buy chalk", "open")]);
}

#[test]
fn what_is_malformed_is_refused_with_its_file_and_changes_nothing() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    for (path, text, place) in [
        ("goals/a.md", "---\ntitle: A\n", "goals/a.md line 3"),
        ("goals/a.md", "---\nnonsense\n---\n", "goals/a.md line 2"),
        (
            "goals/a.md",
            "no front matter",
            "goals/a.md: the title is empty",
        ),
        ("goals/a.md", "---\nid: ../x\n---\n", "goals/a.md: id: "),
        (
            "goals/a.md",
            "---\ntitle: A\nowners: {}\n---\n",
            "goals/a.md: owners: ",
        ),
        ("sessions/a.md", "---\ntitle: A\n---\n", "sessions/a.md: "),
        (
            "actions.md",
            "- [ ] a <!-- {oops -->",
            "actions.md line 1: ",
        ),
        ("questions.md", "# Q\n  - answer\n", "questions.md line 2: "),
        ("sealed.md", "- Mine\n", "sealed.md line 1: "),
        ("agreement/a.md", "---\ntitle: A\n---\n", "agreement/a.md: "),
    ] {
        let files = [(path.to_owned(), text.to_owned())];
        let error = import_markdown(&mut docs, &mut writer, &files)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(place), "{error}");
    }
    assert!(goal::list(&mut docs, &people).unwrap().is_empty());
}
