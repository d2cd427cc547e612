//! Members who change: removal, roles, leaving, forks, and what each side is told.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixture::{Home, connect, id, join, pair, pump, text};
use crate::api::{
    ConfigRequest, Failure, GoalFields, GoalRequest, MemberRequest, NotebookRequest, Request,
    VerifyStep,
};
use crate::service::keys_too_old;

/// The connection between the two of `pair`.
const LINK: u64 = 2;

fn remove(notebook: &str, person: &str, check: bool) -> Request {
    Request::Member(MemberRequest::Remove {
        notebook: notebook.to_owned(),
        person: person.to_owned(),
        check,
    })
}

fn role(notebook: &str, person: &str, role: &str) -> Request {
    Request::Member(MemberRequest::Role {
        notebook: notebook.to_owned(),
        person: person.to_owned(),
        role: role.to_owned(),
    })
}

fn admin(notebook: &str, person: &str, admin: bool) -> Request {
    Request::Member(MemberRequest::Admin {
        notebook: notebook.to_owned(),
        person: person.to_owned(),
        admin,
    })
}

fn leave(notebook: &str, check: bool) -> Request {
    Request::Member(MemberRequest::Leave {
        notebook: notebook.to_owned(),
        check,
    })
}

fn differ(notebook: &str, person: &str) -> Request {
    Request::Member(MemberRequest::Verify {
        notebook: notebook.to_owned(),
        person: person.to_owned(),
        step: VerifyStep::Differ,
    })
}

fn members(home: &mut Home, notebook: &str) -> Vec<Value> {
    let request = Request::Member(MemberRequest::List {
        notebook: notebook.to_owned(),
    });
    home.ok(&request)["members"].as_array().unwrap().clone()
}

fn fork(notebook: &str, without: &[&str]) -> Request {
    Request::Notebook(NotebookRequest::Fork {
        notebook: notebook.to_owned(),
        without: without.iter().map(ToString::to_string).collect(),
        title: None,
        expires_s: None,
    })
}

fn history(notebook: &str) -> Request {
    Request::Log {
        from: None,
        notebook: notebook.to_owned(),
        object: None,
        limit: 50,
    }
}

fn add_goal(notebook: &str, title: &str) -> Request {
    Request::Goal(GoalRequest::Add {
        notebook: notebook.to_owned(),
        title: title.to_owned(),
        kind: None,
        fields: GoalFields::default(),
    })
}

fn not_allowed(failure: &Failure, code: &str, way_out: &[&str]) {
    assert_eq!((failure.exit.code(), failure.code.as_str()), (5, code));
    let hint = failure.hint.as_deref().unwrap_or_default();
    for words in way_out {
        assert!(hint.contains(words), "{words} is not named in {hint}");
    }
}

#[test]
fn a_removed_member_is_told_by_whom_and_reads_on_without_writing() {
    let (mut ada, mut ben, notebook) = pair();
    ben.ok(&add_goal(&notebook, "Ben's goal"));
    pump(&mut ada, &mut ben, LINK);
    let checked = ada.ok(&remove(&notebook, "Ben", true));
    assert_eq!(
        (&checked["removed"], &checked["member"]["name"]),
        (&json!(false), &json!("Ben"))
    );
    assert_eq!(members(&mut ada, &notebook).len(), 2, "only asked");
    let removed = ada.ok(&remove(&notebook, "Ben", false));
    assert_eq!(
        (&removed["removed"], &removed["member"]["role"]),
        (&json!(true), &json!("mentee"))
    );
    let readers = ada.ok(&Request::Readers {
        notebook: notebook.clone(),
    });
    assert_eq!(readers["readers"].as_array().unwrap().len(), 1);
    assert_eq!(readers["past_readers"][0]["name"], "Ben");
    assert_eq!(ada.fails(&remove(&notebook, "Ben", false)).exit.code(), 4);
    assert!(
        ada.ok(&history(&notebook))
            .to_string()
            .contains("Ben's laptop")
    );

    pump(&mut ada, &mut ben, LINK);
    let status = ben.ok(&Request::Status);
    let departed = &status["notebooks"][0]["departed"];
    assert_eq!(
        (&departed["kind"], &departed["by"]["name"]),
        (&json!("removed"), &json!("Ada"))
    );
    assert!(departed["at"].is_string());
    let message = text(&departed["message"]);
    assert!(
        message.starts_with("Ada's laptop removed you from “Ada and Ben” on "),
        "{message}"
    );
    let readers = ben.ok(&Request::Readers {
        notebook: notebook.clone(),
    });
    assert_eq!(&readers["departed"], departed);
    let failure = ben.fails(&add_goal(&notebook, "Late"));
    not_allowed(&failure, "not_a_member", &["notebook fork"]);
    assert_eq!(failure.message, message);
    let goals = ben.ok(&Request::Goal(GoalRequest::List {
        notebook: notebook.clone(),
    }));
    assert_eq!(goals["goals"][0]["title"], "Ben's goal");
    let listed = ben.ok(&Request::Notebook(NotebookRequest::List));
    assert_eq!(listed["notebooks"][0]["departed"]["kind"], "removed");
    ben.reopen();
    assert_eq!(
        ben.ok(&Request::Status)["notebooks"][0]["warning"],
        departed["message"]
    );
}

#[test]
fn a_junior_is_refused_with_the_ways_out_and_nobody_removes_themselves() {
    let (mut ada, mut ben, notebook) = pair();
    let ways = ["hearth member leave", "hearth notebook fork"];
    for check in [true, false] {
        let failure = ben.fails(&remove(&notebook, "Ada", check));
        not_allowed(&failure, "senior", &ways);
        assert!(failure.hint.unwrap().contains("--without"));
    }
    not_allowed(
        &ben.fails(&role(&notebook, "Ada", "observer")),
        "senior",
        &ways,
    );
    not_allowed(&ben.fails(&admin(&notebook, "Ada", false)), "senior", &ways);
    assert_eq!(ben.fails(&remove(&notebook, "Zoe", true)).exit.code(), 4);
    assert_eq!(ada.fails(&remove(&notebook, "Ada", true)).exit.code(), 2);
    assert_eq!(ada.fails(&role(&notebook, "Ben", "boss")).exit.code(), 2);
    // Once Ben is no admin, he can do none of it.
    ada.ok(&admin(&notebook, "Ben", false));
    pump(&mut ada, &mut ben, LINK);
    for request in [
        remove(&notebook, "Ada", true),
        role(&notebook, "Ada", "peer"),
        admin(&notebook, "Ada", false),
    ] {
        not_allowed(&ben.fails(&request), "not_allowed", &ways);
    }
}

#[test]
fn an_observer_reads_on_and_writes_again_when_made_a_writer() {
    let (mut ada, mut ben, notebook) = pair();
    let set = ada.ok(&role(&notebook, "Ben", "observer"));
    let facts = (&set["member"]["role"], &set["member"]["admin"]);
    assert_eq!(facts, (&json!("observer"), &json!(false)));
    pump(&mut ada, &mut ben, LINK);
    not_allowed(
        &ben.fails(&add_goal(&notebook, "Mine")),
        "read_only",
        &["role"],
    );
    ada.ok(&add_goal(&notebook, "Seen"));
    pump(&mut ada, &mut ben, LINK);
    let set = ada.ok(&role(&notebook, "Ben", "mentee"));
    let facts = (&set["member"]["role"], &set["member"]["admin"]);
    assert_eq!(facts, (&json!("mentee"), &json!(true)), "as when invited");
    ada.ok(&role(&notebook, "Ben", "mentee"));
    pump(&mut ada, &mut ben, LINK);
    ben.ok(&add_goal(&notebook, "Mine"));
    pump(&mut ada, &mut ben, LINK);
    let goals = ada.ok(&Request::Goal(GoalRequest::List {
        notebook: notebook.clone(),
    }));
    assert_eq!(goals["goals"].as_array().unwrap().len(), 2);
}

#[test]
fn in_a_group_the_mentors_are_the_admins() {
    let mut ada = Home::new("Ada");
    let notebook = ada.notebook("Circle", "group");
    let ticket = ada.invite(&notebook, "mentee");
    let mut ben = Home::new("Ben");
    join(&mut ada, &mut ben, text(&ticket["ticket"]));
    for (role_word, is_admin) in [("mentor", true), ("observer", false), ("mentee", false)] {
        let set = ada.ok(&role(&notebook, "Ben", role_word));
        assert_eq!(set["member"]["admin"], is_admin, "{role_word}");
    }
    // What somebody decided by hand stays where the role says nothing else.
    ada.ok(&admin(&notebook, "Ben", true));
    let set = ada.ok(&role(&notebook, "Ben", "peer"));
    assert_eq!(set["member"]["admin"], true);
}

#[test]
fn leaving_is_for_everybody_but_the_last_admin() {
    let (mut ada, mut ben, notebook) = pair();
    ada.ok(&admin(&notebook, "Ben", false));
    for check in [true, false] {
        not_allowed(
            &ada.fails(&leave(&notebook, check)),
            "last_admin",
            &["member admin"],
        );
    }
    pump(&mut ada, &mut ben, LINK);
    assert_eq!(ben.ok(&leave(&notebook, true))["left"], false);
    let left = ben.ok(&leave(&notebook, false));
    assert_eq!(left["left"], true);
    assert_eq!(left["notebook"]["departed"]["kind"], "left");
    not_allowed(
        &ben.fails(&leave(&notebook, false)),
        "not_a_member",
        &["fork"],
    );
    pump(&mut ada, &mut ben, LINK);
    assert_eq!(members(&mut ada, &notebook).len(), 1);
    assert!(!ben.host().engine.looks_for_peers(notebook.parse().unwrap()));
    // Alone, one may go.
    assert_eq!(ada.ok(&leave(&notebook, false))["left"], true);
}

#[test]
fn a_fork_has_all_content_and_a_ticket_for_everybody_else() {
    let (mut ada, mut ben, notebook) = pair();
    let ticket = ada.invite(&notebook, "observer");
    let mut chloe = Home::new("Chloe");
    join(&mut ada, &mut chloe, text(&ticket["ticket"]));
    let goal = id(&ada.ok(&add_goal(&notebook, "Read more"))["goal"]);
    pump(&mut ada, &mut ben, LINK);
    ben.ok(&add_goal(&notebook, "Write more"));
    assert_eq!(ben.fails(&fork(&notebook, &["Zoe"])).exit.code(), 4);
    assert_eq!(ben.fails(&fork(&notebook, &["Ben"])).exit.code(), 2);
    let forked = ben.ok(&fork(&notebook, &["Ada"]));
    let new = id(&forked["notebook"]);
    assert_ne!(new, notebook);
    assert_eq!(forked["notebook"]["title"], "Ada and Ben (fork)");
    assert_eq!(forked["notebook"]["form"], "one-on-one");
    assert_eq!(forked["notebook"]["role"], "mentee");
    assert!(text(&forked["notice"]).contains("signatures"));
    let tickets = forked["tickets"].as_array().unwrap();
    assert_eq!(tickets.len(), 1, "Ada gets none");
    assert_eq!(
        (&tickets[0]["name"], &tickets[0]["role"]),
        (&json!("Chloe"), &json!("observer"))
    );
    let show = |goal: &str| {
        Request::Goal(GoalRequest::Show {
            goal: goal.to_owned(),
        })
    };
    let shown = ben.ok(&show(&format!("{new}/{goal}")));
    assert_eq!(shown["goal"]["title"], "Read more");
    assert_eq!(shown["goal"]["imported_from"], Value::Null);
    assert_eq!(shown["goal"]["created_by"]["name"], "Ada");
    assert_eq!(shown["goal"]["created_by"]["device"], "Ada's laptop");
    let old = ben.ok(&show(&format!("{notebook}/{goal}")));
    for field in ["id", "created_by", "created_at"] {
        assert_eq!(shown["goal"][field], old["goal"][field], "{field}");
    }
    join(&mut ben, &mut chloe, text(&tickets[0]["ticket"]));
    assert_eq!(members(&mut ben, &new).len(), 2);
    connect(&mut ben, &mut chloe, 5);
    pump(&mut ben, &mut chloe, 5);
    for home in [&mut ben, &mut chloe] {
        let told = home.ok(&history(&new)).to_string();
        assert!(told.contains("Ada's laptop"), "{told}");
        let verified = home.ok(&Request::Verify);
        let bases = verified["bases"].as_array().unwrap();
        assert_eq!(bases.len(), 1);
        assert_eq!(bases[0]["from"], json!([notebook]));
        let mut people: Vec<&str> = bases[0]["people"]
            .as_array()
            .unwrap()
            .iter()
            .map(|person| text(&person["name"]))
            .collect();
        people.sort_unstable();
        assert_eq!(people, ["Ada", "Ben"]);
        home.reopen();
    }
    // The old notebook is as it was, and what is in both has to be told apart.
    ben.ok(&add_goal(&notebook, "Still here"));
    let failure = ben.fails(&show(&goal));
    let hint = failure.hint.unwrap();
    for place in [&notebook, &new] {
        assert!(hint.contains(&format!("{place}/{goal}")), "{hint}");
    }
    let everybody = ada.ok(&fork(&notebook, &[]));
    assert_eq!(everybody["tickets"].as_array().unwrap().len(), 2);
    // Whoever has left it means the one that they are in.
    ben.ok(&leave(&notebook, false));
    let shown = ben.ok(&show(&goal));
    assert_eq!(shown["goal"]["title"], "Read more");
}

#[test]
fn words_that_differ_remove_whoever_joined_where_the_rules_would_count_it() {
    let (mut ada, mut ben, notebook) = pair();
    let by_joiner = ben.ok(&differ(&notebook, "Ada"));
    assert_eq!(
        (&by_joiner["removed"], &by_joiner["state"]),
        (&json!(false), &json!("differ"))
    );
    assert_eq!(
        by_joiner["who_can"],
        json!([]),
        "nobody removes the creator"
    );
    assert!(text(&by_joiner["hint"]).contains("leave"));
    let listed = members(&mut ben, &notebook);
    assert_eq!(listed[0]["verification"], "differ", "{listed:?}");
    let status = ben.ok(&Request::Status);
    let peer = &status["notebooks"][0]["peers"][0];
    assert_eq!(peer["verification"], "differ", "{peer}");
    let before = ada.ok(&Request::Readers {
        notebook: notebook.clone(),
    });
    let by_inviter = ada.ok(&differ(&notebook, "Ben"));
    assert_eq!(
        (&by_inviter["removed"], &by_inviter["member"]["name"]),
        (&json!(true), &json!("Ben"))
    );
    assert_eq!(members(&mut ada, &notebook).len(), 1);
    let after = ada.ok(&Request::Readers {
        notebook: notebook.clone(),
    });
    assert_ne!(before["epoch"], after["epoch"]);
    assert_eq!(after["readers"].as_array().unwrap().len(), 1);
    // Whoever misread them takes it back, and a new ticket lets the same person in again.
    let matching = |person: &str| {
        Request::Member(MemberRequest::Verify {
            notebook: notebook.clone(),
            person: person.to_owned(),
            step: VerifyStep::Match,
        })
    };
    assert_eq!(ada.fails(&matching("Zoe")).exit.code(), 4);
    let back = ada.ok(&matching("Ben"));
    assert_eq!(
        (&back["out"], &back["state"]),
        (&json!(true), &json!("open"))
    );
    assert_eq!(ada.fails(&matching("Ben")).exit.code(), 4, "once");
    ben.ok(&matching("Ada"));
    let ticket = ada.invite(&notebook, "mentee");
    join(&mut ada, &mut ben, text(&ticket["ticket"]));
    assert_eq!(members(&mut ada, &notebook).len(), 2);
}

#[test]
fn a_key_is_too_old_after_the_days_that_the_person_set_and_only_for_admins() {
    let (mut ada, mut ben, notebook) = pair();
    ada.ok(&admin(&notebook, "Ben", false));
    pump(&mut ada, &mut ben, LINK);
    let set = |home: &mut Home, days: &str| {
        home.ok(&Request::Config(ConfigRequest::Set {
            key: "rotate_keys_after_days".to_owned(),
            value: days.to_owned(),
        }));
    };
    let in_days = |days: i64| Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    let old = |home: &mut Home, days| keys_too_old(home.host(), in_days(days)).len();
    assert_eq!((old(&mut ada, 89), old(&mut ada, 91)), (0, 1));
    assert_eq!(old(&mut ben, 91), 0, "Ben is no admin");
    set(&mut ada, "7");
    assert_eq!((old(&mut ada, 6), old(&mut ada, 8)), (0, 1));
    set(&mut ada, "0");
    assert_eq!(old(&mut ada, 4_000), 0);
    let rekey = Request::Notebook(NotebookRequest::Rekey {
        notebook: notebook.clone(),
    });
    let epoch = |home: &mut Home| {
        let readers = Request::Readers {
            notebook: notebook.clone(),
        };
        home.ok(&readers)["epoch"].clone()
    };
    let before = epoch(&mut ada);
    ada.ok(&rekey);
    assert_ne!(epoch(&mut ada), before);
}
