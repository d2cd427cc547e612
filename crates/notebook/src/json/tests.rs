#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ScalarValue};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::agreement;
use crate::documents::{Documents, MemoryDocuments};
use crate::exchange;
use crate::goal;
use crate::id::DocumentId;
use crate::id::NotebookRef;
use crate::people::Signature;
use crate::session;
use crate::testing::{Bench, ben, bench, fill, mia};
use crate::{journal, meta, question};

/// An export without what an import cannot keep: who signed what, and when.
fn content(mut json: Json) -> Json {
    fn strip(json: &mut Json) {
        match json {
            Json::Array(items) => items.iter_mut().for_each(strip),
            Json::Object(map) => {
                for key in SIGNED.into_iter().chain(["imported_from", "conflicts"]) {
                    map.remove(key);
                }
                map.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    strip(&mut json);
    json
}

/// The content of an export in text.
pub(crate) fn content_of(export: &str) -> Json {
    content(serde_json::from_str(export).unwrap())
}

fn round_trip(text: &str) {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, text);
    let first = export_json(&mut docs, &people).unwrap();

    let mut copy = MemoryDocuments::new(ben());
    let report = import_json(&mut copy, &mut writer, &first).unwrap();
    assert_eq!((report.added, report.updated, report.unchanged), (27, 0, 0));
    let second = export_json(&mut copy, &people).unwrap();
    let parsed: Json = serde_json::from_str(&first).unwrap();
    let again: Json = serde_json::from_str(&second).unwrap();
    assert_eq!(content(parsed), content(again.clone()));
    assert_eq!(
        again["goals"][0]["imported_from"]["created_by"]["name"],
        "Mia"
    );
    assert_eq!(again["goals"][0]["created_by"]["name"], "Ben");

    let report = import_json(&mut copy, &mut writer, &first).unwrap();
    assert_eq!((report.added, report.updated, report.unchanged), (0, 0, 27));
    assert_eq!(
        export_json(&mut copy, &people).unwrap(),
        second,
        "importing again changes nothing"
    );
}

#[test]
fn hostile_texts_come_back_as_they_were() {
    for text in [
        "",
        "\u{0}\u{1}\u{1b}[2J\u{7f}\u{85}\u{2028}\u{feff}",
        "\u{202e}sdrawkcab\u{2066} עברית",
        "../../etc/passwd",
        "---\ntitle: [unclosed\n# - ? : {}\n...\n\t\"'`|>&*!%@",
        "</script><!-- --> ]]>",
        "a\r\nb\rc\n\n\n",
    ] {
        round_trip(text);
    }
}

#[test]
fn a_line_of_100_kb_comes_back_as_it_was() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let line = "wörter ".repeat(100_000 / 8);
    fill(&mut docs, &mut writer, "short");
    let id = session::list(&mut docs, &people).unwrap()[0].id;
    session::set_notes(&mut docs, &mut writer, id, &line).unwrap();
    let mut copy = MemoryDocuments::new(ben());
    import_json(
        &mut copy,
        &mut writer,
        &export_json(&mut docs, &people).unwrap(),
    )
    .unwrap();
    assert_eq!(session::notes(&mut copy, id).unwrap().text, line);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_text_comes_back_as_it_was(text in "\\PC{0,40}|[\\x00-\\x1f:#'\"-]{0,20}") {
        round_trip(&text);
    }
}

#[test]
fn values_of_every_type_and_unknown_fields_survive() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, "t");
    let mut transaction = docs.write(DocumentId::INDEX).unwrap().transaction();
    let goal = format!("goal/{}", writer.new_id());
    let goal = transaction.put_object(ROOT, goal, ObjType::Map).unwrap();
    transaction.put(&goal, "title", 7).unwrap();
    transaction.put(&goal, "id", "not the id").unwrap();
    transaction.put(&goal, "progress", "not a list").unwrap();
    transaction.put(&goal, "colour", "red").unwrap();
    transaction.put(&goal, "Größe", f64::NAN).unwrap();
    transaction.put(&goal, "big", u64::MAX).unwrap();
    transaction.put(&goal, "bytes", vec![0_u8, 255]).unwrap();
    transaction
        .put(&goal, "when", ScalarValue::Timestamp(-5))
        .unwrap();
    transaction
        .put(&goal, "count", ScalarValue::counter(3))
        .unwrap();
    transaction.put(&goal, "float", 5.0).unwrap();
    let map = transaction.put_object(&goal, "map", ObjType::Map).unwrap();
    transaction
        .put(&map, "$text", "a key with a dollar")
        .unwrap();
    let list = transaction.put_object(&map, "list", ObjType::List).unwrap();
    transaction.insert(&list, 0, ()).unwrap();
    let text = transaction.insert_object(&list, 1, ObjType::Text).unwrap();
    transaction.splice_text(&text, 0, 0, "deep").unwrap();
    transaction.put(ROOT, "later/feature", true).unwrap();
    transaction.commit();

    let first: Json = serde_json::from_str(&export_json(&mut docs, &people).unwrap()).unwrap();
    let odd = first["goals"][1].clone();
    assert_eq!(
        (&odd["colour"], &odd["extra"]["title"]),
        (&json!("red"), &json!(7))
    );
    let mut copy = MemoryDocuments::new(ben());
    import_json(&mut copy, &mut writer, &first.to_string()).unwrap();
    let second: Json = serde_json::from_str(&export_json(&mut copy, &people).unwrap()).unwrap();
    assert_eq!(content(first), content(second));
}

#[test]
fn an_import_updates_by_id_and_keeps_what_the_file_does_not_have() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, "t");
    let mut export: Json = serde_json::from_str(&export_json(&mut docs, &people).unwrap()).unwrap();
    export["goals"][0]["title"] = json!("A better title");
    export["goals"][0].as_object_mut().unwrap().remove("why");
    export["goals"][0]["owners"] = json!(["person-ben"]);
    let report = import_json(&mut docs, &mut writer, &export.to_string()).unwrap();
    assert_eq!((report.added, report.updated, report.unchanged), (0, 1, 26));
    let goals = goal::list(&mut docs, &people).unwrap();
    assert_eq!(goals.len(), 1);
    assert_eq!(
        (goals[0].title.as_str(), goals[0].why.as_str()),
        ("A better title", "t")
    );
    assert_eq!(goals[0].owner.as_ref().unwrap().name, "Ben");
    assert!(goals[0].provenance.imported_from.is_some());
}

#[test]
fn what_is_malformed_is_refused_with_its_place_and_changes_nothing() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, "t");
    let before = canonical_json(&mut docs, &people).unwrap();
    let good: Json = serde_json::from_str(&before).unwrap();
    let spoil = |pointer: &str, value: Json| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        bad.to_string()
    };
    let twice = json!([good["goals"][0], good["goals"][0]]);
    for (bad, place) in [
        (spoil("/goals", json!({})), "goals: "),
        (spoil("/goals/0", json!(1)), "goals[0]: "),
        (spoil("/goals/0/id", json!("../x")), "goals[0].id: "),
        (spoil("/goals/0/title", json!(["a"])), "goals[0].title: "),
        (
            spoil("/goals/0/progress/0/value", json!("1")),
            "goals[0].progress[0].value: ",
        ),
        (spoil("/goals", twice), "goals[1].id: "),
        (
            spoil("/sessions/0/notes", json!(null)),
            "sessions[0].notes: ",
        ),
        (
            spoil("/sessions/0/agenda/0/done", json!("yes")),
            "sessions[0].agenda[0].done: ",
        ),
        (
            spoil("/comments/0/text", json!({"$bytes": "?"})),
            "comments[0].text: ",
        ),
        (spoil("/version", json!(2)), "this export has version 2"),
        (spoil("/format", json!("other")), "this is no export"),
        ("{".to_owned(), "this is no JSON"),
        ("[]".to_owned(), "this is no export"),
    ] {
        let error = import_json(&mut docs, &mut writer, &bad)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(place), "{error}");
    }
    assert_eq!(canonical_json(&mut docs, &people).unwrap(), before);
}

#[test]
fn two_replicas_with_equal_documents_export_the_same_bytes() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, "t");
    let mut theirs = docs.fork(ben());
    let id = session::list(&mut docs, &people).unwrap()[0].id;
    session::append_notes(&mut docs, &mut writer, id, "by Mia").unwrap();
    session::append_notes(&mut theirs, &mut writer, id, "by Ben").unwrap();
    meta::rename(&mut docs, &mut writer, "A").unwrap();
    meta::rename(&mut theirs, &mut writer, "B").unwrap();
    question::ask(&mut theirs, &mut writer, "Why?").unwrap();
    let mut other = theirs.fork(mia());
    other.merge(&docs).unwrap();
    docs.merge(&theirs).unwrap();
    assert_eq!(
        export_json(&mut docs, &people).unwrap(),
        export_json(&mut other, &people).unwrap()
    );
}

#[test]
fn signatures_and_openings_become_claims_of_the_file() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    fill(&mut docs, &mut writer, "words");
    let signed = agreement::to_sign(&mut docs).unwrap().unwrap();
    let people = people.with_signature(Signature {
        entry: "entry".to_owned(),
        person: "person-mia".to_owned(),
        device: "laptop".to_owned(),
        text_hash: signed.hash,
        heads: Vec::new(),
        counts: true,
    });
    let first = export_json(&mut docs, &people).unwrap();
    let json: Json = serde_json::from_str(&first).unwrap();
    let version = &json["agreements"][0]["versions"][0];
    assert_eq!(version["signatures"][0]["name"], "Mia");
    assert_eq!(version["text"], signed.text);
    assert_eq!(
        json["agreements"][0]["consensus_exit"],
        json!({"$text": "xwords"})
    );

    let mut copy = MemoryDocuments::new(ben());
    import_json(&mut copy, &mut writer, &first).unwrap();
    let Bench { people, .. } = bench();
    let log = agreement::log(&mut copy, &people).unwrap();
    assert!(log.versions[0].signatures.is_empty(), "nobody signed here");
    let claims = log.versions[0].imported_from.as_ref().unwrap();
    assert_eq!(claims["signatures"][0]["entry"], "entry");
    let shown = exchange::list(&mut copy, &people, NotebookRef([1; 32])).unwrap();
    assert_eq!(shown[0].state, exchange::ExchangeState::Imported);
    let mia = shown[0]
        .participants
        .iter()
        .find(|one| one.name == "Mia")
        .unwrap();
    assert_eq!(
        (mia.claimed, mia.opened, mia.rating),
        (true, false, Some(3))
    );
    assert_eq!(mia.text.as_deref(), Some("xwords"));
}

#[test]
fn private_entries_go_into_a_journal_only() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    journal::create(&mut docs, &mut writer).unwrap();
    let new = journal::NewEntry {
        text: "Not for Ben".to_owned(),
        ..journal::NewEntry::default()
    };
    journal::add(&mut docs, &mut writer, &new).unwrap();
    let first = export_json(&mut docs, &people).unwrap();
    let mut shared = MemoryDocuments::new(mia());
    meta::create(&mut shared, &mut writer, "Mia and Ben", "peer").unwrap();
    assert!(
        !export_json(&mut shared, &people)
            .unwrap()
            .contains("entries")
    );
    let before = canonical_json(&mut shared, &people).unwrap();
    let refused = import_json(&mut shared, &mut writer, &first).unwrap_err();
    assert!(matches!(refused, ImportError::Private), "{refused}");
    assert_eq!(canonical_json(&mut shared, &people).unwrap(), before);

    let mut other = MemoryDocuments::new(ben());
    journal::create(&mut other, &mut writer).unwrap();
    import_json(&mut other, &mut writer, &first).unwrap();
    assert_eq!(
        journal::list(&mut other, &people).unwrap()[0].text,
        "Not for Ben"
    );
}
