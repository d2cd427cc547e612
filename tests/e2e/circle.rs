//! A circle of three: roles go round, and a set runs live on every node.

use std::time::Duration;

use hearth_e2e::{Person, RunningNode, agree, until};
use serde_json::{Value, json};

/// How long all may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(30);

fn circle(person: &Person, notebook: &str) -> Value {
    person.ok(&["circle", "show", notebook])["circle"].clone()
}

/// Waits until a person sees a stage.
fn await_stage(person: &Person, notebook: &str, stage: usize) -> Value {
    until("the stage", AGREE_TIMEOUT, || {
        let seen = circle(person, notebook);
        (seen["running"] == true && seen["stage"] == stage).then_some(seen)
    })
}

fn holder(circle: &Value, role: &str) -> String {
    let roles = circle["roles"].as_array().cloned().unwrap_or_default();
    let found = roles.iter().find(|one| one["role"] == role);
    found
        .map(|one| one["name"].as_str().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

#[test]
fn a_circle_runs_live_for_all_and_roles_go_round() {
    let people = ["Ana", "Ben", "Chloe"].map(Person::new);
    let [ana, ben, chloe] = &people;
    let _nodes = people.each_ref().map(RunningNode::up);
    let created = ana.ok(&["notebook", "create", "Circle", "--form", "peer"]);
    let notebook = created["notebook"]["id"].as_str().expect("an id");
    for person in [ben, chloe] {
        person.ok(&["join", &ana.ticket(notebook, "peer")]);
    }
    let all: Vec<&Person> = people.iter().collect();
    agree(&all, notebook, AGREE_TIMEOUT);

    ana.refused(&["circle", "next", notebook], 1, "no_circle");
    let first = ana.ok(&["circle", "start", notebook])["circle"].clone();
    assert_eq!(first["stages"].as_array().map(Vec::len), Some(8));
    assert_eq!(
        (&first["running"], &first["stage"]),
        (&json!(true), &json!(0))
    );
    let seen = await_stage(ben, notebook, 0);
    assert_eq!(
        (&seen["roles"], &seen["until"]),
        (&first["roles"], &first["until"])
    );
    ben.refused(&["circle", "start", notebook], 1, "circle_running");

    // Ben and Chloe press the key at the same moment, having both seen the first stage.
    let from = ["circle", "next", notebook, "--from", "0"];
    ben.ok(&from);
    await_stage(chloe, notebook, 1);
    let late = chloe.ok(&from);
    assert_eq!(
        (&late["advanced"], &late["circle"]["stage"]),
        (&json!("already"), &json!(1))
    );
    let late = ana.ok(&["circle", "next", notebook])["advanced"].clone();
    assert!(late == "already" || late == "next", "{late}");
    ana.ok(&["circle", "again", notebook]);
    chloe.ok(&["circle", "end", notebook]);
    until("the end", AGREE_TIMEOUT, || {
        (circle(ana, notebook)["running"] == false).then_some(())
    });
    let sessions = ana.ok(&["session", "list", notebook]);
    assert_eq!(sessions["sessions"][0]["status"], "held");

    let presenters = [
        holder(&first, "presenter"),
        holder(
            &ben.ok(&["circle", "start", notebook, "--template", "circle"])["circle"],
            "presenter",
        ),
    ];
    assert_ne!(presenters[0], presenters[1], "it is somebody else's turn");
    ben.ok(&["circle", "end", notebook]);
    let start = [
        "circle",
        "start",
        notebook,
        "--template",
        "circle",
        "--absent",
        "Chloe",
    ];
    let without = ben.ok(&start)["circle"].clone();
    assert_eq!(without["absent"][0]["name"], "Chloe");
    assert!(!without["roles"].to_string().contains("Chloe"));
    ben.ok(&["circle", "end", notebook]);

    let pair = ana.notebook("Pair");
    ana.refused(&["circle", "start", &pair], 2, "circle_form");
}
