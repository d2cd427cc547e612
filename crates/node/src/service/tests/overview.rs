//! What goes across objects: today, search, log, the lines of watch, settings.

use hearth_core::engine::Effect;
use serde_json::{Value, json};

use super::fixture::{Home, has_keys, id, pair, pump, text};
use crate::api::{
    ActionRequest, CalendarRequest, ConfigRequest, GoalFields, GoalRequest, GraduateRequest,
    MemberRequest, NotesRequest, Request, Secret, SessionRequest,
};
use crate::service::{Reminders, describe_applied, keep_document_facts, keep_search_index};

fn add_goal(notebook: &str, title: &str) -> Request {
    Request::Goal(GoalRequest::Add {
        notebook: notebook.to_owned(),
        title: title.to_owned(),
        kind: None,
        fields: GoalFields::default(),
    })
}

fn plan(notebook: &str, at: &str) -> Request {
    Request::Session(SessionRequest::Plan {
        notebook: notebook.to_owned(),
        title: Some("Weekly".to_owned()),
        at: at.to_owned(),
        zone: Some("UTC".to_owned()),
        minutes: None,
        place: None,
        every: None,
        template: None,
        attendees: Vec::new(),
    })
}

fn append(session: &str, words: &str) -> Request {
    Request::Session(SessionRequest::Notes {
        session: session.to_owned(),
        notes: NotesRequest::Append {
            text: words.to_owned(),
        },
    })
}

fn search(words: &str, notebook: Option<&str>) -> Request {
    Request::Search {
        text: words.to_owned(),
        notebook: notebook.map(str::to_owned),
        limit: 20,
    }
}

fn log(notebook: &str, object: Option<&str>, limit: u32) -> Request {
    Request::Log {
        from: None,
        notebook: notebook.to_owned(),
        object: object.map(str::to_owned),
        limit,
    }
}

fn titles(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|each| text(&each["title"]))
        .collect()
}

#[test]
fn today_merges_notebooks_and_names_them() {
    let mut home = Home::new("Ada");
    for (notebook, at, due) in [
        ("Late", "2099-02-01T10:00", "2020-02-02"),
        ("Early", "2099-01-01T10:00", "2020-01-01"),
    ] {
        home.notebook(notebook, "peer");
        home.ok(&plan(notebook, at));
        home.ok(&Request::Action(ActionRequest::Add {
            notebook: notebook.to_owned(),
            title: format!("{notebook} action"),
            owner: None,
            due: Some(due.to_owned()),
            goal: None,
            session: None,
        }));
        home.ok(&Request::Ask {
            notebook: notebook.to_owned(),
            text: format!("{notebook}?"),
        });
    }
    let today = home.ok(&Request::Today { zone: None });
    has_keys(
        &today,
        &[
            "sessions",
            "unwrapped",
            "unplanned",
            "overdue",
            "due",
            "goals",
            "questions",
        ],
    );
    assert_eq!(titles(&today["overdue"]), ["Early action", "Late action"]);
    let next: Vec<&str> = today["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| text(&session["notebook"]["title"]))
        .collect();
    assert_eq!(next, ["Early", "Late"]);
    assert_eq!(today["questions"].as_array().unwrap().len(), 2);
    assert_eq!(today["overdue"][0]["mine"], true);
    let odd = home.fails(&Request::Today {
        zone: Some("Mars/Olympus".to_owned()),
    });
    assert_eq!(odd.exit.code(), 2);
}

/// How many sessions today lists, how many the calendar feed has, and of how many this person is reminded ten minutes
/// before noon.
fn sessions_told(home: &mut Home) -> (usize, usize, usize) {
    let today = home.ok(&Request::Today { zone: None });
    let on = home.ok(&Request::Calendar(CalendarRequest::On { titles: false }));
    let url = text(&on["calendar"]["url"]);
    let (_, token) = url.rsplit_once('/').unwrap();
    let feed = home.ok(&Request::Calendar(CalendarRequest::Feed {
        token: Secret::new(token.trim_end_matches(".ics").to_owned()),
    }));
    let now = "2099-06-01T11:50:00Z".parse().unwrap();
    let found = Reminders::default().look(home.host(), now).unwrap();
    (
        today["sessions"].as_array().unwrap().len(),
        text(&feed["ics"]).matches("BEGIN:VEVENT").count(),
        found.told.len(),
    )
}

#[test]
fn what_is_over_for_a_person_reminds_of_nothing_and_stands_in_no_calendar() {
    let (mut ada, mut ben, notebook) = pair();
    for home in [&mut ada, &mut ben] {
        for (key, value) in [("reminders.quiet", "off"), ("zone", "UTC")] {
            home.ok(&Request::Config(ConfigRequest::Set {
                key: key.to_owned(),
                value: value.to_owned(),
            }));
        }
    }
    ada.ok(&plan(&notebook, "2099-06-01T12:00"));
    pump(&mut ada, &mut ben, 2);
    assert_eq!(sessions_told(&mut ada), (1, 1, 1));
    assert_eq!(sessions_told(&mut ben), (1, 1, 1));
    ben.ok(&Request::Member(MemberRequest::Leave {
        notebook: notebook.clone(),
        check: false,
    }));
    assert_eq!(sessions_told(&mut ben), (0, 0, 0));
    assert_eq!(sessions_told(&mut ada), (1, 1, 1));

    // So it is where a notebook's keys are about to go, and where it is closed.
    let graduate = |what: fn(String) -> GraduateRequest| Request::Graduate(what(notebook.clone()));
    ben.ok(&graduate(|notebook| GraduateRequest::Destroy { notebook }));
    assert_eq!(sessions_told(&mut ben), (0, 0, 0));
    ada.ok(&graduate(|notebook| GraduateRequest::Close { notebook }));
    assert_eq!(sessions_told(&mut ada), (0, 0, 0));
}

#[test]
fn search_finds_what_is_there_now_in_this_process_and_the_next() {
    let mut home = Home::new("Ada");
    home.notebook("Ours", "peer");
    home.notebook("Other", "peer");
    let session = id(&home.ok(&plan("Ours", "2026-12-01T15:00"))["session"]);
    home.ok(&append(&session, "We spoke about the café in Lisbon"));
    home.ok(&add_goal("Other", "Visit Lisbon"));
    let found = home.ok(&search("cafe lis", None));
    let hit = &found["hits"][0];
    has_keys(hit, &["id", "kind", "title", "snippet", "notebook"]);
    assert_eq!(
        (&hit["id"], &hit["kind"], &hit["notebook"]["title"]),
        (&json!(session), &json!("session"), &json!("Ours"))
    );
    assert_eq!(hit["snippet"], "We spoke about the café in Lisbon");
    assert_eq!(hit["marks"], json!([[19, 23], [27, 33]]));
    let count = |data: Value| data["hits"].as_array().unwrap().len();
    assert_eq!(count(home.ok(&search("lisbon", None))), 2);
    assert_eq!(count(home.ok(&search("lisbon", Some("Other")))), 1);
    home.ok(&Request::Session(SessionRequest::AgendaAdd {
        session: session.clone(),
        title: "Trams".to_owned(),
        minutes: None,
        by: None,
    }));
    let hit = home.ok(&search("trams", None))["hits"][0].clone();
    assert_eq!(
        (&hit["kind"], &hit["parent"]),
        (&json!("agenda"), &json!(session))
    );

    home.reopen();
    assert_eq!(
        count(home.ok(&search("lisbon", None))),
        2,
        "the kept index serves"
    );
    home.ok(&append(&session, "and of Oporto"));
    assert_eq!(
        count(home.ok(&search("oporto", None))),
        1,
        "what changed is found at once"
    );
    home.node.running = true;
    home.ok(&append(&session, "and of Faro"));
    assert_eq!(count(home.ok(&search("faro", None))), 1);
    keep_search_index(home.host()).unwrap();
    home.reopen();
    assert_eq!(count(home.ok(&search("faro", None))), 1);
    for hostile in [
        "\"",
        "a OR b",
        "NEAR(",
        "*",
        "\0x",
        "title:x",
        &"x ".repeat(10_000),
    ] {
        home.ok(&search(hostile, None));
    }
    assert_eq!(home.fails(&search("  ", None)).exit.code(), 2);
    assert_eq!(home.fails(&search("x", Some("Nowhere"))).exit.code(), 4);
}

#[test]
fn an_index_that_cannot_be_taken_up_is_built_anew() {
    let mut home = Home::new("Ada");
    home.notebook("Ours", "peer");
    home.ok(&add_goal("Ours", "Visit Lisbon"));
    home.ok(&search("lisbon", None));
    for damaged in [&b""[..], b"\x01\xff\xff\xff\xff\xff", &[1; 300]] {
        home.host().put_own("search index", damaged).unwrap();
        home.reopen();
        assert_eq!(
            titles(&home.ok(&search("lisbon", None))["hits"]),
            ["Visit Lisbon"]
        );
    }
}

#[test]
fn the_log_tells_who_changed_what_newest_first() {
    let (mut ada, mut ben, notebook) = pair();
    let goal = id(&ada.ok(&add_goal(&notebook, "Run"))["goal"]);
    pump(&mut ada, &mut ben, 2);
    ben.ok(&Request::Goal(GoalRequest::Status {
        goal: goal.clone(),
        status: "active".to_owned(),
        reason: None,
    }));
    let session = id(&ben.ok(&plan(&notebook, "2026-12-01T15:00"))["session"]);
    for words in ["one", "two", "three"] {
        ben.ok(&append(&session, words));
    }
    pump(&mut ada, &mut ben, 2);
    let told = ada.ok(&log(&notebook, None, 100));
    let changes = told["changes"].as_array().unwrap();
    for change in changes {
        has_keys(
            change,
            &[
                "at",
                "by",
                "kind",
                "title",
                "what",
                "object",
                "object_id",
                "change",
            ],
        );
    }
    let of_goal = ada.ok(&log(&notebook, Some("Run"), 100));
    let of_goal: Vec<(&str, &str)> = of_goal["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (text(&change["by"]["name"]), text(&change["what"])))
        .collect();
    assert_eq!(
        of_goal,
        [("Ben", "status proposed -> active"), ("Ada", "added")]
    );
    let of_session = ada.ok(&log(&notebook, Some(&session), 100));
    let whats: Vec<&str> = of_session["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| text(&change["what"]))
        .collect();
    assert!(
        whats.contains(&"added") && whats.iter().any(|what| what.starts_with("notes +")),
        "{whats:?}"
    );
    assert!(
        titles(&of_session["changes"])
            .iter()
            .all(|title| *title == "Weekly")
    );
    assert_eq!(told["more"], false);
    let short = ada.ok(&log(&notebook, None, 1));
    assert_eq!(
        (short["changes"].as_array().unwrap().len(), &short["more"]),
        (1, &json!(true))
    );
    assert_eq!(ada.ok(&log(&notebook, None, 0))["changes"], json!([]));
    assert_eq!(
        ada.fails(&log(&notebook, Some("Nothing"), 5)).exit.code(),
        4
    );
}

#[test]
fn watch_tells_each_change_with_its_author() {
    let (mut ada, mut ben, notebook) = pair();
    ben.host().engine.take_effects();
    ada.ok(&add_goal(&notebook, "Run"));
    let session = id(&ada.ok(&plan(&notebook, "2026-12-01T15:00"))["session"]);
    ada.ok(&append(&session, "Hello"));
    pump(&mut ada, &mut ben, 2);
    let mut lines = Vec::new();
    for effect in ben.host().engine.take_effects() {
        if let Effect::Applied(notebook, applied) = effect {
            lines.extend(describe_applied(ben.host(), notebook, &applied));
        }
    }
    for line in &lines {
        has_keys(
            line,
            &[
                "notebook", "at", "person", "name", "device", "object", "what", "entry",
            ],
        );
        has_keys(&line["object"], &["id", "kind", "title"]);
        assert_eq!(
            (&line["name"], &line["device"], &line["notebook"]["title"]),
            (&json!("Ada"), &json!("Ada's laptop"), &json!("Ada and Ben"))
        );
    }
    let told: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (text(&line["object"]["title"]), text(&line["what"])))
        .collect();
    assert!(
        told.contains(&("Run", "added")) && told.contains(&("Weekly", "notes +5")),
        "{told:?}"
    );
}

#[test]
fn settings_are_kept_and_checked() {
    let mut home = Home::new("Ada");
    let set = |key: &str, value: &str| {
        Request::Config(ConfigRequest::Set {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    };
    let get = |key: &str| {
        Request::Config(ConfigRequest::Get {
            key: key.to_owned(),
        })
    };
    assert_eq!(home.ok(&get("network"))["value"], "direct");
    let changed = home.ok(&set("network", "relay=https://relay.example.org"));
    assert!(text(&changed["reveals"]).contains("relay.example.org"));
    home.reopen();
    assert_eq!(home.ok(&get("network"))["value"], changed["value"]);
    let failure = home.fails(&set("network", "carrier-pigeon"));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("setting_invalid", 2)
    );
    assert_eq!(home.fails(&get("colour")).exit.code(), 4);
    let listed = home.ok(&Request::Config(ConfigRequest::List));
    for setting in listed["settings"].as_array().unwrap() {
        has_keys(setting, &["key", "value", "default", "about"]);
    }
}

/// One log, a few lines at a time.
fn log_by(home: &mut Home, notebook: &str, limit: u32) -> Vec<Value> {
    let mut all = Vec::new();
    let mut from = None;
    for _ in 0..1_000 {
        let told = home.ok(&Request::Log {
            notebook: notebook.to_owned(),
            object: None,
            limit,
            from: from.clone(),
        });
        let changes = told["changes"].as_array().unwrap();
        assert!(changes.len() <= usize::try_from(limit).unwrap());
        all.extend(changes.iter().cloned());
        from = told["next"].as_str().map(str::to_owned);
        assert_eq!(told["more"], json!(from.is_some()));
        if from.is_none() {
            return all;
        }
    }
    panic!("it never ends: {from:?}");
}

#[test]
fn a_log_that_is_read_a_few_lines_at_a_time_leaves_nothing_out_and_tells_nothing_twice() {
    let (mut ada, mut ben, notebook) = pair();
    for place in 0..5 {
        let session =
            id(&ada.ok(&plan(&notebook, &format!("2099-02-0{}T10:00", place + 1)))["session"]);
        pump(&mut ada, &mut ben, 2);
        ben.ok(&append(&session, "and of Faro"));
        pump(&mut ada, &mut ben, 2);
        ada.ok(&add_goal(&notebook, &format!("Goal {place}")));
    }
    let whole = ada.ok(&log(&notebook, None, 1_000));
    assert_eq!(
        (&whole["more"], &whole["next"]),
        (&json!(false), &Value::Null)
    );
    let whole = whole["changes"].as_array().unwrap().clone();
    assert!(whole.len() > 14, "{}", whole.len());
    for limit in [1, 2, 7] {
        assert_eq!(
            log_by(&mut ada, &notebook, limit),
            whole,
            "{limit} at a time"
        );
    }
    let of = |from: &str| Request::Log {
        notebook: notebook.clone(),
        object: None,
        limit: 5,
        from: Some(from.to_owned()),
    };
    for nowhere in ["", "x", &format!("{0}/{0}{0}/0", "0".repeat(32))] {
        assert_eq!(ada.fails(&of(nowhere)).code, "no_such_change", "{nowhere}");
    }
}

#[test]
fn what_is_known_of_documents_follows_what_is_written_and_serves_the_next_process() {
    let (mut ada, mut ben, notebook) = pair();
    let sessions: Vec<String> = (1..=10)
        .map(|day| id(&ada.ok(&plan(&notebook, &format!("2099-03-{day:02}T10:00")))["session"]))
        .collect();
    pump(&mut ada, &mut ben, 2);
    let told = |home: &mut Home| home.ok(&log(&notebook, None, 1_000))["changes"].clone();
    let before = told(&mut ada);
    let notes = |told: &Value| {
        let lines = told.as_array().unwrap().iter();
        lines
            .filter(|line| text(&line["what"]).starts_with("notes"))
            .count()
    };
    assert_eq!(notes(&before), 0);
    ben.ok(&append(&sessions[3], "and of Faro"));
    pump(&mut ada, &mut ben, 2);
    assert_eq!(notes(&told(&mut ada)), 1, "what came is told at once");
    keep_document_facts(ada.host()).unwrap();
    let kept = ada.host().get_own("document facts").unwrap();
    assert!(kept.is_some_and(|kept| !kept.is_empty()));
    ada.reopen();
    let after = told(&mut ada);
    assert_eq!(notes(&after), 1);
    for damaged in [&b""[..], b"\x01\xff\xff\xff\xff\xff", &[1; 300]] {
        ada.host().put_own("document facts", damaged).unwrap();
        ada.reopen();
        assert_eq!(told(&mut ada), after, "{damaged:?}");
    }
}
