//! A relationship as a whole, and comments where nobody else reads them.

use serde_json::{Value, json};

use super::fixture::{Home, connect, disconnect, has_keys, id, pair, pump, text};
use crate::api::{
    GoalFields, GoalRequest, JournalRequest, NotebookRequest, Request, SessionRequest, WrapFields,
};

fn timeline(home: &mut Home, notebook: &str) -> Vec<Value> {
    let notebook = notebook.to_owned();
    let told = home.ok(&Request::Notebook(NotebookRequest::Timeline { notebook }));
    told["timeline"].as_array().unwrap().clone()
}

fn reciprocity(home: &mut Home, notebook: &str) -> Value {
    let notebook = notebook.to_owned();
    home.ok(&Request::Notebook(NotebookRequest::Reciprocity {
        notebook,
    }))["people"]
        .clone()
}

fn events(timeline: &[Value]) -> Vec<&str> {
    timeline.iter().map(|one| text(&one["event"])).collect()
}

fn held(home: &mut Home, notebook: &str, brought_by: &str) -> String {
    let planned = home.ok(&Request::Session(SessionRequest::Plan {
        notebook: notebook.to_owned(),
        title: Some("First".to_owned()),
        at: "2026-01-12T15:00".to_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        minutes: None,
        place: None,
        every: None,
        template: Some("regular".to_owned()),
        attendees: Vec::new(),
    }));
    let session = id(&planned["session"]);
    let shown = home.ok(&Request::Session(SessionRequest::AgendaAdd {
        session: session.clone(),
        title: "The talk".to_owned(),
        minutes: None,
        by: Some(brought_by.to_owned()),
    }));
    let item = shown["session"]["agenda"]
        .as_array()
        .unwrap()
        .last()
        .cloned();
    assert_eq!(item.unwrap()["brought_by"]["name"], brought_by);
    home.ok(&Request::Session(SessionRequest::Wrap {
        session: session.clone(),
        fields: WrapFields {
            learned: Some("To wait".to_owned()),
            learned_by: vec![("mentee".to_owned(), "To ask".to_owned())],
            ..WrapFields::default()
        },
    }));
    session
}

#[test]
fn both_see_what_became_of_it_and_what_goes_both_ways() {
    let (mut ada, mut ben, notebook) = pair();
    let session = held(&mut ada, &notebook, "Ben");
    pump(&mut ada, &mut ben, 2);
    let goal = ben.ok(&Request::Goal(GoalRequest::Add {
        notebook: notebook.clone(),
        title: "Give a talk".to_owned(),
        kind: None,
        fields: GoalFields::default(),
    }));
    ada.ok(&Request::Notebook(NotebookRequest::Phase {
        notebook: notebook.clone(),
        phase: "direction".to_owned(),
    }));
    ben.ok(&Request::Comment {
        object: id(&goal["goal"]),
        text: "By spring".to_owned(),
    });
    pump(&mut ada, &mut ben, 2);

    let told = timeline(&mut ada, &notebook);
    assert_eq!(told, timeline(&mut ben, &notebook));
    let mut found = events(&told);
    assert_eq!(found.remove(0), "session", "it was planned for long ago");
    found.sort_unstable();
    assert_eq!(found, ["begun", "goal-set", "phase"]);
    has_keys(
        &told[0],
        &["event", "at", "date", "id", "kind", "title", "by"],
    );
    assert_eq!(
        (&told[0]["id"], &told[0]["date"], &told[0]["by"]),
        (&json!(session), &json!("2026-01-12"), &Value::Null)
    );
    let phase = told.iter().find(|one| one["event"] == "phase").unwrap();
    assert_eq!(
        (&phase["title"], &phase["by"]["name"]),
        (&json!("direction"), &json!("Ada"))
    );

    let people = reciprocity(&mut ben, &notebook);
    assert_eq!(people, reciprocity(&mut ada, &notebook));
    let counts = |place: usize| {
        let one = &people[place];
        let counts = ["learned", "brought", "comments"].map(|key| one[key].as_u64().unwrap());
        (text(&one["name"]), text(&one["role"]), counts)
    };
    assert_eq!(counts(0), ("Ada", "mentor", [1, 0, 0]));
    assert_eq!(counts(1), ("Ben", "mentee", [1, 1, 1]));
    disconnect(&mut ada, &mut ben, 2);
    ben.reopen();
    assert_eq!(people, reciprocity(&mut ben, &notebook));
    connect(&mut ada, &mut ben, 3);
    held(&mut ada, &notebook, "Ada");
    pump(&mut ada, &mut ben, 3);
    assert_eq!(reciprocity(&mut ben, &notebook)[0]["brought"], 1);
}

#[test]
fn what_is_not_there_is_said() {
    let mut ada = Home::new("Ada");
    let notebook = ada.notebook("Ada and Ben", "one-on-one");
    for request in [
        NotebookRequest::Timeline {
            notebook: "Nowhere".to_owned(),
        },
        NotebookRequest::Reciprocity {
            notebook: "Nowhere".to_owned(),
        },
    ] {
        assert!(Request::Notebook(request.clone()).is_read_only());
        assert_eq!(ada.fails(&Request::Notebook(request)).code, "not_found");
    }
    assert_eq!(events(&timeline(&mut ada, &notebook)), ["begun"]);
    let planned = ada.ok(&Request::Session(SessionRequest::Plan {
        notebook,
        title: None,
        at: "2027-01-12T15:00".to_owned(),
        zone: Some("UTC".to_owned()),
        minutes: None,
        place: None,
        every: None,
        template: None,
        attendees: Vec::new(),
    }));
    let stranger = Request::Session(SessionRequest::AgendaAdd {
        session: id(&planned["session"]),
        title: "The talk".to_owned(),
        minutes: None,
        by: Some("Cleo".to_owned()),
    });
    assert_eq!(ada.fails(&stranger).code, "not_found");
}

#[test]
fn a_comment_on_an_entry_of_the_journal_stays_there() {
    let (mut ada, mut ben, notebook) = pair();
    let added = ada.ok(&Request::Journal(JournalRequest::Add {
        text: "I hold back.".to_owned(),
        about: Some(notebook.clone()),
        session: None,
    }));
    let entry = id(&added["entry"]);
    let comment = |object: &str, text: &str| Request::Comment {
        object: object.to_owned(),
        text: text.to_owned(),
    };
    let made = ada.ok(&comment(&entry, "Less than before"));
    assert_eq!(made["comment"]["on"], json!(entry));
    ada.ok(&comment(&id(&made["comment"]), "By far"));
    let show = |entry: &str| {
        Request::Journal(JournalRequest::Show {
            entry: entry.to_owned(),
        })
    };
    let shown = ada.ok(&show(&entry));
    assert_eq!(shown["entry"]["comments"][0]["text"], "Less than before");
    let shared = ada.ok(&Request::Journal(JournalRequest::Share {
        entry,
        notebook: notebook.clone(),
    }));
    pump(&mut ada, &mut ben, 2);
    let note = ben.ok(&show(&id(&shared["note"])));
    assert_eq!(note["note"]["text"], "I hold back.");
    assert!(!note.to_string().contains("Less than"), "{note}");
    assert_eq!(reciprocity(&mut ben, &notebook)[0]["comments"], 0);
    assert_eq!(
        ben.fails(&comment(&id(&made["comment"]), "Really?")).code,
        "not_found"
    );
}
