//! Goals, actions, sessions, questions and comments.

use hearth_core::limits::DOCUMENTS_OPEN_MAX;
use serde_json::{Value, json};

use super::fixture::{Home, has_keys, id, text};
use crate::api::{
    ActionRequest, FeedbackRequest, GoalFields, GoalRequest, KeyResultFields, NotesRequest,
    QuestionRequest, Request, SealedRequest, SessionRequest, WrapFields,
};
use crate::host::Host;

const STAMP: [&str; 4] = ["created_by", "created_at", "updated_by", "updated_at"];

fn add_goal(title: &str, kind: Option<&str>, fields: GoalFields) -> Request {
    Request::Goal(GoalRequest::Add {
        notebook: "T".to_owned(),
        title: title.to_owned(),
        kind: kind.map(str::to_owned),
        fields,
    })
}

fn plan(at: &str) -> Request {
    Request::Session(SessionRequest::Plan {
        notebook: "T".to_owned(),
        title: None,
        at: at.to_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        minutes: Some(45),
        place: Some("Café".to_owned()),
        every: Some("2w".to_owned()),
        template: Some("regular".to_owned()),
        attendees: vec!["ada".to_owned()],
    })
}

fn home() -> Home {
    let mut home = Home::new("Ada");
    home.notebook("T", "one-on-one");
    home
}

#[test]
fn a_goal_lives_through_every_verb() {
    let mut home = home();
    let fields = GoalFields {
        owners: vec!["ADA".to_owned()],
        why: Some("Sleep".to_owned()),
        unit: Some("km".to_owned()),
        baseline: Some(3.0),
        target: Some(10.0),
        due: Some("2026-12-01".to_owned()),
        ..GoalFields::default()
    };
    let goal = home.ok(&add_goal("Run 10 km", Some("smart"), fields))["goal"].clone();
    has_keys(
        &goal,
        &[
            "id",
            "title",
            "status",
            "owner",
            "due",
            "measure",
            "progress",
            "milestones",
        ],
    );
    has_keys(&goal, &STAMP);
    assert_eq!(goal["owner"]["name"], "Ada");
    assert_eq!(goal["created_by"]["device"], "Ada's laptop");
    let goal = id(&goal);
    let mut run = |request: GoalRequest| home.ok(&Request::Goal(request))["goal"].clone();
    let shown = run(GoalRequest::Progress {
        goal: goal[goal.len() - 8..].to_owned(),
        value: 7.5,
        note: Some("Slow".to_owned()),
        on: Some("2026-11-20".to_owned()),
    });
    assert_eq!(shown["measure"]["current"], 7.5);
    run(GoalRequest::Milestone {
        goal: "run 10 KM".to_owned(),
        title: "5 km".to_owned(),
        due: None,
    });
    let shown = run(GoalRequest::MilestoneDone {
        goal: goal.clone(),
        milestone: "5 KM".to_owned(),
    });
    assert_eq!(shown["milestones"][0]["done"], true);
    let shown = run(GoalRequest::Edit {
        goal: goal.clone(),
        title: Some("Run far".to_owned()),
        kind: None,
        fields: GoalFields {
            why: Some(String::new()),
            due: Some(String::new()),
            ..GoalFields::default()
        },
    });
    assert_eq!(
        (
            &shown["title"],
            &shown["why"],
            &shown["due"],
            &shown["measure"]["unit"]
        ),
        (&json!("Run far"), &json!(""), &json!(null), &json!("km"))
    );
    let shown = run(GoalRequest::Status {
        goal: goal.clone(),
        status: "achieved".to_owned(),
        reason: Some("Done it".to_owned()),
    });
    assert_eq!(shown["status"], "achieved");
    assert_eq!(run(GoalRequest::Show { goal: goal.clone() }), shown);
    let listed = home.ok(&Request::Goal(GoalRequest::List {
        notebook: "T".to_owned(),
    }));
    assert_eq!(listed["goals"], json!([shown]));
}

#[test]
fn key_results_are_replaced_as_a_whole_and_keep_what_stays() {
    let mut home = home();
    let key_results = |titles: &[&str]| GoalFields {
        key_results: titles
            .iter()
            .map(|title| KeyResultFields {
                title: (*title).to_owned(),
                start: 0.0,
                target: 4.0,
            })
            .collect(),
        ..GoalFields::default()
    };
    let goal = home.ok(&add_goal(
        "Talks",
        Some("okr"),
        key_results(&["given", "heard"]),
    ));
    let goal = id(&goal["goal"]);
    let set = home.ok(&Request::Goal(GoalRequest::KeyResult {
        goal: goal.clone(),
        key_result: "given".to_owned(),
        current: 1.0,
    }));
    let kept = set["goal"]["key_results"][0].clone();
    assert_eq!(kept["current"], 1.0);
    let edit = |fields: GoalFields| {
        Request::Goal(GoalRequest::Edit {
            goal: goal.clone(),
            title: None,
            kind: None,
            fields,
        })
    };
    let edited = home.ok(&edit(key_results(&["written", "given"])));
    let edited = edited["goal"]["key_results"].as_array().unwrap().clone();
    let titles: Vec<&str> = edited.iter().map(|result| text(&result["title"])).collect();
    assert_eq!(titles, ["given", "written"]);
    assert_eq!(
        (&edited[0]["id"], &edited[0]["current"]),
        (&kept["id"], &json!(1.0))
    );
    assert_eq!(home.fails(&edit(key_results(&["one"]))).exit.code(), 2);
}

#[test]
fn woop_parts_belong_to_woop_goals() {
    let mut home = home();
    let fields = GoalFields {
        wish: Some("Speak".to_owned()),
        plan: Some("If I doubt, I ask".to_owned()),
        ..GoalFields::default()
    };
    let goal = home.ok(&add_goal("Speak up", Some("woop"), fields.clone()));
    assert_eq!(goal["goal"]["woop"]["wish"], "Speak");
    assert_eq!(
        home.fails(&add_goal("Speak up", None, fields)).code,
        "invalid"
    );
}

#[test]
fn an_action_is_done_moved_dropped_and_listed() {
    let mut home = home();
    let goal = id(&home.ok(&add_goal("Run", None, GoalFields::default()))["goal"]);
    let add = |title: &str, goal: Option<&str>| {
        Request::Action(ActionRequest::Add {
            notebook: "T".to_owned(),
            title: title.to_owned(),
            owner: None,
            due: Some("2026-12-01".to_owned()),
            goal: goal.map(str::to_owned),
            session: None,
        })
    };
    let action = home.ok(&add("Buy shoes", Some("Run")))["action"].clone();
    has_keys(
        &action,
        &["id", "title", "owner", "due", "status", "goal", "session"],
    );
    assert_eq!(
        (&action["goal"], &action["status"]),
        (&json!(goal), &json!("open"))
    );
    assert_eq!(home.fails(&add("x", Some("Nowhere"))).exit.code(), 4);
    home.ok(&add("Stretch", None));
    let moved = home.ok(&Request::Action(ActionRequest::Move {
        action: "Stretch".to_owned(),
        due: "2026-12-24".to_owned(),
        reason: None,
    }));
    assert_eq!(
        (&moved["action"]["status"], &moved["action"]["due"]),
        (&json!("moved"), &json!("2026-12-24"))
    );
    home.ok(&Request::Action(ActionRequest::Done {
        action: id(&action),
    }));
    let list = |open, mine| {
        Request::Action(ActionRequest::List {
            notebook: "T".to_owned(),
            open,
            mine,
        })
    };
    let count = |data: Value| data["actions"].as_array().unwrap().len();
    assert_eq!(count(home.ok(&list(false, false))), 2);
    assert_eq!(count(home.ok(&list(true, true))), 1);
    let drop = |reason: &str| {
        Request::Action(ActionRequest::Drop {
            action: "Stretch".to_owned(),
            reason: reason.to_owned(),
        })
    };
    assert_eq!(home.fails(&drop(" ")).exit.code(), 2);
    assert_eq!(home.ok(&drop("Too late"))["action"]["status"], "dropped");
    assert_eq!(count(home.ok(&list(true, false))), 0);
}

#[test]
fn a_session_is_planned_prepared_held_and_confirmed() {
    let mut home = home();
    let session = home.ok(&plan("2026-12-01T15:00"))["session"].clone();
    has_keys(
        &session,
        &[
            "id",
            "title",
            "at",
            "zone",
            "agenda",
            "notes",
            "notes_heads",
            "actions",
        ],
    );
    assert_eq!(session["at"], "2026-12-01T15:00:00+01:00");
    has_keys(&session["agenda"][0], &["id", "title", "minutes", "done"]);
    assert_eq!(session["attendees"][0]["name"], "Ada");
    let session = id(&session);
    let mut run = |request: SessionRequest| home.ok(&Request::Session(request))["session"].clone();
    let shown = run(SessionRequest::AgendaAdd {
        session: session.clone(),
        title: "The draft".to_owned(),
        minutes: Some(15),
        by: None,
    });
    let item = shown["agenda"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&item["title"], &item["minutes"], &item["done"]),
        (&json!("The draft"), &json!(15), &json!(false))
    );
    let shown = run(SessionRequest::AgendaDone {
        session: session.clone(),
        item: "the DRAFT".to_owned(),
    });
    assert_eq!(
        shown["agenda"].as_array().unwrap().last().unwrap()["done"],
        true
    );
    let shown = run(SessionRequest::Note {
        session: session.clone(),
        decision: Some("Wait a week".to_owned()),
        insight: Some("Less is enough".to_owned()),
    });
    assert_eq!(shown["status"], "planned");
    assert_eq!(shown["decisions"][0]["text"], "Wait a week");
    assert_eq!(shown["insights"][0]["text"], "Less is enough");
    let shown = run(SessionRequest::Wrap {
        session: session.clone(),
        fields: WrapFields {
            decisions: vec!["Ship it".to_owned()],
            insights: vec!["Start small".to_owned()],
            learned: Some("Ask earlier".to_owned()),
            mood: Some(4),
            learned_by: vec![("mentor".to_owned(), "To wait".to_owned())],
            mood_text: Some("Glad".to_owned()),
            actions: vec![
                (None, "Send it".to_owned()),
                (Some("Ada".to_owned()), "Read it".to_owned()),
            ],
            next: Some("2026-12-15T15:00".to_owned()),
        },
    });
    assert_eq!(shown["status"], "held");
    assert_eq!(shown["decisions"][1]["text"], "Ship it");
    assert_eq!(shown["learned"][0]["name"], "Ada");
    assert_eq!(shown["learned"][1]["text"], "To wait");
    assert_eq!(shown["mood"][0]["value"], 4);
    assert_eq!(shown["mood"][0]["text"], "Glad");
    assert_eq!(shown["actions"][1]["title"], "Read it");
    assert_eq!(shown["next"], "2026-12-15T15:00:00+01:00");
    let shown = run(SessionRequest::Attend {
        session: session.clone(),
    });
    assert_eq!(shown["attendance"][0]["name"], "Ada");
    let listed = home.ok(&Request::Session(SessionRequest::List {
        notebook: "T".to_owned(),
    }));
    assert_eq!(id(&listed["sessions"][0]), session);
    let odd = home.fails(&plan("when it suits"));
    assert_eq!((odd.code.as_str(), odd.exit.code()), ("invalid", 2));
}

#[test]
fn notes_are_read_written_appended_and_edited_from_an_older_copy() {
    let mut home = home();
    let session = id(&home.ok(&plan("2026-12-01T15:00"))["session"]);
    let mut notes = |notes: NotesRequest| {
        let request = SessionRequest::Notes {
            session: session.clone(),
            notes,
        };
        home.run(&Request::Session(request))
            .map(|data| data["session"].clone())
    };
    let hostile = "# Größe\n\0\u{1b}[31m\u{202e}rtl 👩‍👧 \r\n";
    let set = notes(NotesRequest::Set {
        text: hostile.to_owned(),
    })
    .unwrap();
    has_keys(&set, &["id", "title", "notes", "notes_heads"]);
    assert_eq!(set["notes"], hostile, "byte for byte");
    notes(NotesRequest::Set {
        text: "one\ntwo\n".to_owned(),
    })
    .unwrap();
    let read = notes(NotesRequest::Read).unwrap();
    let base: Vec<String> = serde_json::from_value(read["notes_heads"].clone()).unwrap();
    let appended = notes(NotesRequest::Append {
        text: "three".to_owned(),
    })
    .unwrap();
    assert_eq!(appended["notes"], "one\ntwo\nthree");
    let edit = |base: &[String]| NotesRequest::Edit {
        base: base.to_vec(),
        text: "zero\none\ntwo\n".to_owned(),
    };
    let merged = notes(edit(&base)).unwrap();
    assert_eq!(
        merged["notes"], "zero\none\ntwo\nthree",
        "what came meanwhile stays"
    );
    let unknown = notes(edit(&["00".repeat(32)])).unwrap_err();
    assert_eq!(unknown.code, "notes_base_unknown");
    let long = notes(NotesRequest::Set {
        text: "x".repeat(2 << 20),
    })
    .unwrap_err();
    assert_eq!(long.code, "invalid");
    assert_eq!(notes(NotesRequest::Read).unwrap()["notes"], merged["notes"]);
}

#[test]
fn questions_are_answered_resolved_and_commented() {
    let mut home = home();
    let asked = home.ok(&Request::Ask {
        notebook: "T".to_owned(),
        text: "How?".to_owned(),
    });
    let question = id(&asked["question"]);
    let answered = home.ok(&Request::Answer {
        question: "how?".to_owned(),
        text: "Slowly".to_owned(),
    });
    assert_eq!(answered["question"]["answers"][0]["text"], "Slowly");
    let comment = home.ok(&Request::Comment {
        object: question.clone(),
        text: "Well put".to_owned(),
    });
    has_keys(&comment["comment"], &["id", "on", "text"]);
    assert_eq!(comment["comment"]["on"], json!(question));
    let resolved = home.ok(&Request::Resolve {
        question: question.clone(),
    });
    assert_eq!(resolved["question"]["resolved"], true);
    assert_eq!(resolved["question"]["comments"][0]["text"], "Well put");
    let listed = home.ok(&Request::Question(QuestionRequest::List {
        notebook: "T".to_owned(),
    }));
    assert_eq!(listed["questions"], json!([resolved["question"]]));
    assert_eq!(
        home.fails(&Request::Answer {
            question,
            text: " ".to_owned()
        })
        .exit
        .code(),
        2
    );
}

#[test]
fn objects_are_found_across_notebooks_and_by_their_kind() {
    let mut home = home();
    home.notebook("Other", "peer");
    let run = id(&home.ok(&add_goal("Run", None, GoalFields::default()))["goal"]);
    let other = home.ok(&Request::Goal(GoalRequest::Add {
        notebook: "Other".to_owned(),
        title: "Run".to_owned(),
        kind: None,
        fields: GoalFields::default(),
    }));
    let show = |goal: &str| {
        Request::Goal(GoalRequest::Show {
            goal: goal.to_owned(),
        })
    };
    let failure = home.fails(&show("Run"));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("ambiguous", 4)
    );
    assert_eq!(id(&home.ok(&show(&run))["goal"]), run);
    assert_eq!(id(&home.ok(&show("Other/Run"))["goal"]), id(&other["goal"]));
    let failure = home.fails(&Request::Action(ActionRequest::Done { action: run }));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("not_found", 4)
    );
}

/// Brings the saved state up to date, as a node does before it ends.
fn save(home: &mut Home) {
    let Host {
        engine, storage, ..
    } = home.host();
    engine.snapshot(storage).unwrap();
}

fn open_documents(home: &mut Home) -> usize {
    let engine = &home.host().engine;
    let notebook = engine.notebooks().next().unwrap();
    engine.replica(notebook).unwrap().documents().len()
}

#[test]
fn documents_that_nobody_uses_are_closed_and_open_again_with_all_that_was_written() {
    const SESSIONS: usize = 2 * DOCUMENTS_OPEN_MAX;
    let mut home = home();
    let notes = |home: &mut Home, session: &str, notes: NotesRequest| {
        let session = session.to_owned();
        home.ok(&Request::Session(SessionRequest::Notes { session, notes }))
    };
    let sessions: Vec<String> = (0..SESSIONS)
        .map(|_| id(&home.ok(&plan("2026-12-01 15:00"))["session"]))
        .collect();
    for (number, session) in sessions.iter().enumerate() {
        let text = format!("first {number}");
        notes(&mut home, session, NotesRequest::Set { text });
    }
    assert!(
        open_documents(&mut home) > SESSIONS,
        "what is not saved is closed"
    );
    save(&mut home);
    assert_eq!(open_documents(&mut home), DOCUMENTS_OPEN_MAX);
    for session in &sessions {
        let text = ", second".to_owned();
        notes(&mut home, session, NotesRequest::Append { text });
    }
    for restarts in [false, true] {
        save(&mut home);
        if restarts {
            home.reopen();
        }
        for (number, session) in sessions.iter().enumerate() {
            let read = notes(&mut home, session, NotesRequest::Read);
            let found = read["session"]["notes"].as_str().unwrap();
            let lines: String = found.lines().collect();
            assert_eq!(lines, format!("first {number}, second"));
            assert!(open_documents(&mut home) <= DOCUMENTS_OPEN_MAX + 1);
        }
    }
}

#[test]
fn a_list_says_which_notebook_it_is_of_so_that_the_next_command_can_name_it() {
    let mut home = Home::new("Ada");
    let notebook = home.notebook("Ours", "peer");
    let of = || notebook.clone();
    for request in [
        Request::Goal(GoalRequest::List { notebook: of() }),
        Request::Action(ActionRequest::List {
            notebook: of(),
            open: false,
            mine: false,
        }),
        Request::Session(SessionRequest::List { notebook: of() }),
        Request::Question(QuestionRequest::List { notebook: of() }),
        Request::Feedback(FeedbackRequest::List { notebook: of() }),
        Request::Sealed(SealedRequest::List { notebook: of() }),
    ] {
        assert_eq!(home.ok(&request)["notebook"]["id"], notebook, "{request:?}");
    }
}

#[test]
fn the_agreed_next_date_is_planned_and_looking_writes_nothing() {
    let mut home = home();
    let mut ask = |request: SessionRequest| home.ok(&Request::Session(request));
    let first = ask(SessionRequest::Plan {
        notebook: "T".to_owned(),
        title: None,
        at: "2026-12-01T15:00".to_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        minutes: Some(45),
        place: Some("Café".to_owned()),
        every: None,
        template: Some("first".to_owned()),
        attendees: Vec::new(),
    });
    let wrap = |session: &Value, next: &str| SessionRequest::Wrap {
        session: id(session),
        fields: WrapFields {
            next: Some(next.to_owned()),
            ..WrapFields::default()
        },
    };
    let after = ask(wrap(&first["session"], "2026-12-15T15:00"));
    let planned = &after["planned"];
    // A first meeting comes once; what follows is one like any other, at the same place.
    assert_eq!(planned["at"], "2026-12-15T15:00:00+01:00");
    assert_eq!(
        (&planned["template"], &planned["place"]),
        (&json!("regular"), &json!("Café"))
    );
    let again = ask(wrap(&first["session"], "2026-12-15T15:00"));
    assert_eq!(again["planned"], Value::Null, "it is planned already");
    let third = ask(wrap(planned, "2027-01-12T15:00"))["planned"].clone();
    assert_eq!(third["title"], planned["title"]);
    let nobody = home.fails(&Request::Session(SessionRequest::Wrap {
        session: id(&third),
        fields: WrapFields {
            learned_by: vec![("mentee".to_owned(), "x".to_owned())],
            ..WrapFields::default()
        },
    }));
    assert_eq!((nobody.code.as_str(), nobody.exit.code()), ("not_found", 4));
    // A session that comes again and is long over: whoever only looks makes nothing.
    home.ok(&plan("2020-01-07T15:00"));
    let heads = |home: &mut Home| {
        home.ok(&Request::Notebook(crate::api::NotebookRequest::Show {
            notebook: "T".to_owned(),
        }))["notebook"]["heads"]
            .clone()
    };
    let before = heads(&mut home);
    let today = home.ok(&Request::Today { zone: None });
    assert_eq!(today["unwrapped"].as_array().unwrap().len(), 1);
    home.ok(&Request::Session(SessionRequest::List {
        notebook: "T".to_owned(),
    }));
    assert_eq!(heads(&mut home), before);
    let all = home.host().engine.notebooks().collect();
    crate::service::keep_series(home.host(), all);
    assert_ne!(heads(&mut home), before);
}

#[test]
fn own_templates_stand_in_the_journal() {
    use crate::api::TemplateRequest;
    let mut home = home();
    let mut regular = home.ok(&Request::Template(TemplateRequest::Show {
        name: "regular".to_owned(),
    }))["template"]
        .clone();
    regular["name"] = json!("ours");
    // What a home kept before the journal did is still there, and moves with the next change.
    let mut old = regular.clone();
    old["name"] = json!("old");
    let kept = serde_json::to_vec(&json!({ "old": old })).unwrap();
    home.host().put_own("templates", &kept).unwrap();
    home.ok(&Request::Template(TemplateRequest::Add {
        text: regular.to_string(),
        name: None,
    }));
    assert!(home.host().get_own("templates").unwrap().is_none());
    home.reopen();
    let own = |home: &mut Home| -> Vec<String> {
        let listed = home.ok(&Request::Template(TemplateRequest::List));
        let listed = listed["templates"].as_array().unwrap().iter();
        let own = listed.filter(|one| one["own"] == true);
        own.map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(own(&mut home), ["old", "ours"]);
    home.ok(&Request::Template(TemplateRequest::Remove {
        name: "old".to_owned(),
    }));
    assert_eq!(own(&mut home), ["ours"]);
}
