//! Notebooks: creating, finding, changing.

use serde_json::json;

use super::fixture::{Home, has_keys, id, text};
use crate::api::{GoalRequest, NotebookRequest, Request, SessionRequest};

fn create(title: &str, form: &str, role: Option<&str>, template: Option<&str>) -> Request {
    Request::Notebook(NotebookRequest::Create {
        title: title.to_owned(),
        form: form.to_owned(),
        role: role.map(str::to_owned),
        template: template.map(str::to_owned),
    })
}

fn show(notebook: &str) -> Request {
    Request::Notebook(NotebookRequest::Show {
        notebook: notebook.to_owned(),
    })
}

#[test]
fn a_notebook_is_made_with_its_creator_and_found_by_any_of_its_names() {
    let mut home = Home::new("Ada");
    let made = home.ok(&create(" Ada and Ben ", "one-on-one", None, None))["notebook"].clone();
    has_keys(
        &made,
        &[
            "id",
            "title",
            "form",
            "phase",
            "members",
            "created_at",
            "counts",
        ],
    );
    assert_eq!(
        (
            text(&made["title"]),
            text(&made["form"]),
            text(&made["phase"])
        ),
        ("Ada and Ben", "one-on-one", "rapport")
    );
    assert_eq!(made["role"], "mentor");
    assert_eq!(made["created_by"]["name"], "Ada");
    let member = &made["members"][0];
    has_keys(
        member,
        &[
            "person", "name", "role", "admin", "verified", "devices", "added_by",
        ],
    );
    assert_eq!(
        (&member["admin"], &member["me"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(member["devices"][0]["label"], "Ada's laptop");

    let full = id(&made);
    let (start, end) = (&full[..6], &full[full.len() - 6..]);
    for name in [
        &full,
        start,
        end,
        "Ada and Ben",
        "ADA AND BEN",
        &full.to_uppercase(),
    ] {
        assert_eq!(id(&home.ok(&show(name))["notebook"]), full, "{name}");
    }
    home.reopen();
    assert_eq!(home.ok(&show(&full))["notebook"], made, "kept on disk");
}

#[test]
fn each_form_gives_its_creator_a_fitting_role() {
    let mut home = Home::new("Ada");
    for (form, asked, got) in [
        ("one-on-one", None, "mentor"),
        ("group", None, "mentor"),
        ("peer", None, "peer"),
        ("one-on-one", Some("mentee"), "mentee"),
    ] {
        let made = home.ok(&create("T", form, asked, None));
        assert_eq!(made["notebook"]["role"], got, "{form}");
    }
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let mut home = Home::new("Ada");
    for request in [
        create("  ", "peer", None, None),
        create("T", "duo", None, None),
        create("T", "peer", Some("boss"), None),
        create("T", "peer", Some("observer"), None),
        create("T", "peer", None, Some("retro")),
        create(&"x".repeat(5_000), "peer", None, None),
    ] {
        let failure = home.fails(&request);
        assert_eq!(failure.exit.code(), 2, "{failure:?}");
    }
    let list = Request::Notebook(NotebookRequest::List);
    assert_eq!(home.ok(&list), json!({ "notebooks": [] }));
    home.reopen();
    assert_eq!(home.ok(&list), json!({ "notebooks": [] }));
    assert_eq!(home.host().storage.notebooks().unwrap(), []);
}

#[test]
fn names_that_say_nothing_or_too_much_exit_4() {
    let mut home = Home::new("Ada");
    home.notebook("Circle", "peer");
    home.notebook("circle", "peer");
    let failure = home.fails(&show("nowhere"));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("not_found", 4)
    );
    let failure = home.fails(&show("CIRCLE"));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("ambiguous", 4)
    );
    let candidates = failure.details.unwrap()["candidates"].clone();
    assert_eq!(candidates.as_array().unwrap().len(), 2);
    assert_eq!(home.ok(&show("circle"))["notebook"]["title"], "circle");
    for hostile in [
        "",
        " ",
        "\0",
        "\u{202e}\u{1b}[2J",
        "💥💥💥💥",
        &"a".repeat(100_000),
    ] {
        let failure = home.fails(&show(hostile));
        assert_eq!(failure.exit.code(), 4);
        assert!(failure.message.len() < 500 && !failure.message.contains('\u{1b}'));
    }
}

#[test]
fn title_and_phase_change_and_are_listed_with_counts() {
    let mut home = Home::new("Ada");
    let notebook = home.notebook("Draft", "group");
    let renamed = home.ok(&Request::Notebook(NotebookRequest::Rename {
        notebook: "Draft".to_owned(),
        title: "Final".to_owned(),
    }));
    assert_eq!(renamed["notebook"]["title"], "Final");
    let phase = |phase: &str| {
        Request::Notebook(NotebookRequest::Phase {
            notebook: "Final".to_owned(),
            phase: phase.to_owned(),
        })
    };
    assert_eq!(home.ok(&phase("closed"))["notebook"]["phase"], "closed");
    let failure = home.fails(&phase("paradise"));
    assert_eq!(failure.exit.code(), 2);
    assert!(failure.message.contains("winding-down"), "{failure:?}");
    home.ok(&Request::Goal(GoalRequest::Add {
        notebook: notebook.clone(),
        title: "Run".to_owned(),
        kind: None,
        fields: Default::default(),
    }));
    let list = home.ok(&Request::Notebook(NotebookRequest::List));
    let listed = &list["notebooks"][0];
    assert_eq!(
        listed["counts"],
        json!({ "goals": 1, "actions": 0, "sessions": 0, "questions": 0, "members": 1 })
    );
}

#[test]
fn the_template_of_a_notebook_serves_its_sessions_unless_another_is_named() {
    let mut home = Home::new("Ada");
    let made = home.ok(&create("T", "peer", None, Some("grow")));
    assert_eq!(made["notebook"]["template"], "grow");
    let mut plan = |template: Option<&str>| {
        let data = home.ok(&Request::Session(SessionRequest::Plan {
            notebook: "T".to_owned(),
            title: None,
            at: "2026-12-01T15:00".to_owned(),
            zone: None,
            minutes: None,
            place: None,
            every: None,
            template: template.map(str::to_owned),
            attendees: Vec::new(),
        }));
        data["session"]["template"].clone()
    };
    assert_eq!(plan(None), "grow");
    assert_eq!(plan(Some("first")), "first");
    assert_eq!(plan(Some("none")), json!(null));
}
