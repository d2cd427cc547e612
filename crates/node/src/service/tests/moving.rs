//! Exports and imports.

use automerge::ReadDoc;
use automerge::transaction::Transactable;
use hearth_notebook::{DocumentId, Documents, Writer};
use serde_json::{Value, json};

use super::fixture::{Home, has_keys, id, pair, pump, text};
use crate::api::{
    ExportFormat, ExportReply, GoalFields, GoalRequest, ImportFormat, NotesRequest, Request,
    SessionRequest, TransferFile,
};

fn export(home: &mut Home, notebook: &str, format: ExportFormat) -> Vec<TransferFile> {
    let data = home.ok(&Request::Export {
        notebook: notebook.to_owned(),
        format,
        titles: false,
        due: false,
    });
    ExportReply::from_value(data).unwrap().files
}

fn import(notebook: &str, format: ImportFormat, files: &[TransferFile]) -> Request {
    Request::Import {
        notebook: notebook.to_owned(),
        format,
        files: files.to_vec(),
    }
}

fn json_file(value: &Value) -> Vec<TransferFile> {
    vec![TransferFile {
        path: "x.json".to_owned(),
        text: value.to_string(),
    }]
}

/// A notebook with a goal, and a session whose notes are what nobody should type.
fn filled() -> Home {
    let mut home = Home::new("Ada");
    home.notebook("Ours", "peer");
    home.ok(&Request::Goal(GoalRequest::Add {
        notebook: "Ours".to_owned(),
        title: "../../etc/passwd \u{202e}".to_owned(),
        kind: None,
        fields: GoalFields {
            why: Some("---\nid: x\n---\n<!-- -->".to_owned()),
            ..GoalFields::default()
        },
    }));
    let session = home.ok(&Request::Session(SessionRequest::Plan {
        notebook: "Ours".to_owned(),
        title: None,
        at: "2026-12-01T15:00".to_owned(),
        zone: Some("UTC".to_owned()),
        minutes: None,
        place: None,
        every: None,
        template: Some("regular".to_owned()),
        attendees: Vec::new(),
    }));
    home.ok(&Request::Session(SessionRequest::Notes {
        session: id(&session["session"]),
        notes: NotesRequest::Set {
            text: "\0\u{1b}[2J👩‍👧\r\n".repeat(100),
        },
    }));
    home
}

#[test]
fn what_is_exported_is_imported_with_its_ids_and_again_changes_nothing() {
    let mut home = filled();
    for (format, back) in [
        (ExportFormat::Json, ImportFormat::Json),
        (ExportFormat::Markdown, ImportFormat::Markdown),
    ] {
        let files = export(&mut home, "Ours", format);
        for file in &files {
            assert!(
                !file.path.starts_with('/') && !file.path.contains(".."),
                "{}",
                file.path
            );
        }
        let mut other = Home::new("Ben");
        other.notebook("Copy", "peer");
        let first = other.ok(&import("Copy", back, &files));
        has_keys(&first, &["added", "updated", "unchanged", "notebook"]);
        assert!(first["added"].as_u64().unwrap() >= 2);
        let again = other.ok(&import("Copy", back, &files));
        assert_eq!(
            (&again["added"], &again["updated"]),
            (&json!(0), &json!(0)),
            "{format:?}"
        );
        let ours = home.ok(&Request::Goal(GoalRequest::List {
            notebook: "Ours".to_owned(),
        }));
        let theirs = other.ok(&Request::Goal(GoalRequest::List {
            notebook: "Copy".to_owned(),
        }));
        let same = |key: &str| {
            assert_eq!(
                ours["goals"][0][key], theirs["goals"][0][key],
                "{key} {format:?}"
            )
        };
        ["id", "title", "why", "status"].into_iter().for_each(same);
        assert_eq!(
            theirs["goals"][0]["created_by"]["name"], "Ben",
            "signed by the importer"
        );
        assert!(theirs["goals"][0]["imported_from"].is_object());
    }
}

#[test]
fn an_import_that_is_refused_changes_nothing() {
    let mut home = filled();
    let before = export(&mut home, "Ours", ExportFormat::Json);
    let format = json!({ "format": "hearthside-notebook", "version": 1 });
    let with = |key: &str, value: Value| {
        let mut json = format.clone();
        json[key] = value;
        json_file(&json)
    };
    let good = json!({ "id": "01KAS3W0QJ2Z8E5XNB4T7VYG9M", "title": "Good" });
    for files in [
        vec![TransferFile {
            path: "x".to_owned(),
            text: "{".to_owned(),
        }],
        json_file(&json!({})),
        with("version", json!(2)),
        with("goals", json!([good, { "id": "x" }])),
        with("goals", json!([good, good])),
        with(
            "goals",
            json!([good, { "id": "01KAS3W0QJ2Z8E5XNB4T7VYG9N", "title": 5 }]),
        ),
    ] {
        let failure = home.fails(&import("Ours", ImportFormat::Json, &files));
        assert_eq!(
            (failure.code.as_str(), failure.exit.code()),
            ("import_refused", 1)
        );
    }
    let failure = home.fails(&import("Ours", ImportFormat::Json, &[]));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("import_invalid", 2)
    );
    assert_eq!(export(&mut home, "Ours", ExportFormat::Json), before);
    home.reopen();
    assert_eq!(export(&mut home, "Ours", ExportFormat::Json), before);
}

#[test]
fn a_large_import_goes_in_as_one_and_reaches_the_other_side() {
    const GOALS: usize = 800;
    let (mut ada, mut ben, notebook) = pair();
    let goals: Vec<Value> = (0..GOALS)
        .map(|number| {
            json!({
                "id": format!("01KAS3W0QJ2Z8E5XNB4T7V{number:04}"),
                "title": format!("Goal {number}"),
                "why": "Because. ".repeat(40),
            })
        })
        .collect();
    let sessions = json!([{
        "id": "01KAS3W0QJ2Z8E5XNB4T7VYG9M", "title": "Long", "at": "2026-12-01T15:00:00", "zone": "UTC",
        "notes": "A line of notes, and one more.\n".repeat(5_000),
    }]);
    let file = json_file(&json!({
        "format": "hearthside-notebook", "version": 1, "goals": goals, "sessions": sessions,
    }));
    let entries = |home: &mut Home| {
        let replica = home.host().engine.replica(notebook.parse().unwrap());
        replica.unwrap().next_position()
    };
    let before = entries(&mut ada);
    let report = ada.ok(&import(&notebook, ImportFormat::Json, &file));
    assert_eq!(report["added"], GOALS + 1);
    let written = entries(&mut ada) - before;
    assert!(written > 1, "it is cut into several entries: {written}");
    pump(&mut ada, &mut ben, 2);
    assert_eq!(
        export(&mut ada, &notebook, ExportFormat::Json),
        export(&mut ben, &notebook, ExportFormat::Json)
    );
    let again = ada.ok(&import(&notebook, ImportFormat::Json, &file));
    assert_eq!((&again["added"], &again["updated"]), (&json!(0), &json!(0)));
    assert_eq!(
        text(&ada.ok(&Request::Verify)["set_aside"].to_string().into()),
        "[]"
    );
}

#[test]
fn what_programs_keep_for_themselves_neither_leaves_nor_comes_in() {
    let mut home = filled();
    let notebook = crate::service::find_notebook(home.host(), "Ours").unwrap();
    let write = |value: &'static str| {
        move |docs: &mut dyn Documents, _: &mut Writer<'_>| {
            let mut transaction = docs.write(DocumentId::INDEX)?.transaction();
            transaction.put(automerge::ROOT, "address/mine", value)?;
            transaction.commit();
            Ok(())
        }
    };
    home.host().edit(notebook, write("192.0.2.7")).unwrap();
    for format in [ExportFormat::Json, ExportFormat::Markdown] {
        let files = export(&mut home, "Ours", format);
        assert!(files.iter().all(|file| !file.text.contains("192.0.2.7")));
    }
    let file = json_file(&json!({
        "format": "hearthside-notebook", "version": 1,
        "notebook": { "extra": { "address/mine": "198.51.100.9", "theirs": 1 } },
    }));
    home.ok(&import("Ours", ImportFormat::Json, &file));
    let read = |docs: &mut dyn Documents, _: &crate::host::Directory| {
        let index = docs.read(DocumentId::INDEX).unwrap().unwrap();
        let text = |key| {
            index
                .get(automerge::ROOT, key)
                .unwrap()
                .map(|(value, _)| value.to_string())
        };
        Ok((text("address/mine"), text("theirs")))
    };
    let (address, theirs) = home.host().read(notebook, read).unwrap();
    assert!(address.unwrap().contains("192.0.2.7") && theirs.is_some());
}

#[test]
fn an_import_of_many_empty_objects_stays_within_the_rules_of_a_change() {
    let mut home = Home::new("Ada");
    home.notebook("Ours", "peer");
    let goals: Vec<Value> = (0..9_000)
        .map(|number| json!({ "id": format!("01KAS3W0QJ2Z8E5XNB4T7V{number:04}") }))
        .collect();
    let file = json_file(&json!({ "format": "hearthside-notebook", "version": 1, "goals": goals }));
    assert_eq!(
        home.ok(&import("Ours", ImportFormat::Json, &file))["added"],
        9_000
    );
}
