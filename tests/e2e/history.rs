//! What two wrote at once, and how it was before.

use std::time::Duration;

use hearth_e2e::{Pair, Person, Ran, RunningNode, text};
use serde_json::Value;

const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

/// Ana and Ben with a goal, whose due date both changed while they could not reach each other.
fn disputed() -> (Pair, String, (RunningNode, RunningNode)) {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let goal = pair.ana.goal(&pair.notebook, "Run 10 km");
    pair.agree(AGREE_TIMEOUT);
    ana_node.stop();
    ben_node.stop();
    pair.ana.ok(&["goal", "edit", &goal, "--due", "2027-01-31"]);
    pair.ben.ok(&["goal", "edit", &goal, "--due", "2027-02-28"]);
    let nodes = (RunningNode::up(&pair.ana), RunningNode::up(&pair.ben));
    pair.agree(AGREE_TIMEOUT);
    (pair, goal, nodes)
}

fn conflicts(person: &Person, notebook: &str) -> Vec<Value> {
    let data = person.ok(&["conflict", "list", notebook]);
    data["conflicts"].as_array().unwrap().clone()
}

fn due(person: &Person, goal: &str) -> String {
    text(&person.ok(&["goal", "show", goal]), "/goal/due")
}

#[test]
fn both_values_show_with_who_and_when_until_somebody_chooses() {
    let (pair, goal, _nodes) = disputed();
    for person in [&pair.ana, &pair.ben] {
        let found = conflicts(person, &pair.notebook);
        let [one] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(one["object_id"], goal.as_str());
        assert_eq!(one["field"], "due");
        let mut told: Vec<_> = one["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| {
                (
                    text(value, "/by/name"),
                    text(value, "/by/device"),
                    text(value, "/value"),
                )
            })
            .collect();
        told.sort();
        let told: Vec<_> = told.iter().map(|(a, b, c)| [a.as_str(), b, c]).collect();
        assert_eq!(
            told,
            [
                ["Ana", "ana-laptop", "2027-01-31"],
                ["Ben", "ben-laptop", "2027-02-28"]
            ]
        );
        let shown = person.ok(&["goal", "show", &goal]);
        assert_eq!(shown["goal"]["conflicts"][0]["field"], "due");
        let page = person.plain(&["goal", "show", &goal]).output().unwrap();
        let page = Ran::new(&["goal show"], page).stdout;
        assert!(
            page.contains("2027-01-31") && page.contains("2027-02-28"),
            "{page}"
        );
    }
    let id = text(&conflicts(&pair.ana, &pair.notebook)[0], "/id");
    pair.ana.refused(
        &["conflict", "choose", &id, "2029-01-01"],
        4,
        "value_unknown",
    );
    pair.ana.refused(
        &["conflict", "choose", &pair.notebook, "x"],
        4,
        "not_disputed",
    );
    let chosen = pair.ana.ok(&["conflict", "choose", &id, "2027-01-31"]);
    assert_eq!(chosen["conflict"]["chosen"], "2027-01-31");
    pair.agree(AGREE_TIMEOUT);
    for person in [&pair.ana, &pair.ben] {
        assert!(conflicts(person, &pair.notebook).is_empty());
        assert_eq!(due(person, &goal), "2027-01-31");
    }
    pair.ben.refused(
        &["conflict", "choose", &id, "2027-01-31"],
        4,
        "not_disputed",
    );
}

#[test]
fn two_who_choose_at_once_are_both_done() {
    let (pair, goal, (ana_node, ben_node)) = disputed();
    ana_node.stop();
    ben_node.stop();
    pair.ana.ok(&["conflict", "choose", &goal, "2027-01-31"]);
    pair.ben.ok(&["conflict", "choose", &goal, "2027-02-28"]);
    let _nodes = (RunningNode::up(&pair.ana), RunningNode::up(&pair.ben));
    pair.agree(AGREE_TIMEOUT);
    assert!(conflicts(&pair.ana, &pair.notebook).is_empty());
    assert!(conflicts(&pair.ben, &pair.notebook).is_empty());
    assert_eq!(due(&pair.ana, &goal), due(&pair.ben, &goal));
}

#[test]
fn a_title_that_was_chosen_is_the_name_in_the_answer() {
    let (pair, goal, (ana_node, ben_node)) = disputed();
    ana_node.stop();
    ben_node.stop();
    pair.ana.ok(&["goal", "edit", &goal, "--title", "Speak"]);
    pair.ben.ok(&["goal", "edit", &goal, "--title", "Sing"]);
    let _nodes = (RunningNode::up(&pair.ana), RunningNode::up(&pair.ben));
    pair.agree(AGREE_TIMEOUT);
    let shown = text(&pair.ana.ok(&["goal", "show", &goal]), "/goal/title");
    let other = if shown == "Speak" { "Sing" } else { "Speak" };
    let field = format!("{goal}.title");
    let chosen = pair.ana.ok(&["conflict", "choose", &field, other]);
    assert_eq!(chosen["conflict"]["title"], other);
}

/// The newest change of an object whose line says something.
fn change(person: &Person, notebook: &str, object: &str, what: &str) -> String {
    let data = person.ok(&["log", notebook, "--object", object]);
    let changes = data["changes"].as_array().unwrap();
    let told = |line: &&Value| line["what"].as_str().unwrap().contains(what);
    let line = changes.iter().find(told);
    text(
        line.unwrap_or_else(|| panic!("{what} in {changes:?}")),
        "/change",
    )
}

#[test]
fn an_object_comes_back_as_it_was_and_the_answer_says_how_to_undo_it() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let notebook = &pair.notebook;
    let goal = pair.ana.goal(notebook, "Run 10 km");
    pair.ana
        .ok(&["goal", "edit", &goal, "--why", "To sleep well"]);
    let then = change(&pair.ana, notebook, &goal, "To sleep well");
    pair.agree(AGREE_TIMEOUT);
    pair.ben
        .ok(&["goal", "edit", &goal, "--why", "No idea", "--title", "Walk"]);
    pair.ben.ok(&["goal", "milestone", &goal, "5 km"]);
    pair.ben
        .ok(&["goal", "status", &goal, "dropped", "--reason", "Tired"]);
    pair.agree(AGREE_TIMEOUT);
    let restored = pair.ana.ok(&["restore", &goal, "--at", &then[..8]]);
    assert_eq!(restored["restored"], true);
    let back = &restored["goal"];
    assert_eq!(back["title"], "Run 10 km");
    assert_eq!(back["why"], "To sleep well");
    assert_eq!(back["status"], "proposed");
    assert_eq!(back["milestones"].as_array().unwrap().len(), 0);
    let log = pair.ana.ok(&["log", notebook, "--object", &goal]);
    assert_eq!(
        log["changes"][0]["name"], "Ana",
        "it is a change by whoever restores"
    );
    pair.agree(AGREE_TIMEOUT);
    let again = pair.ben.ok(&["restore", &goal, "--at", &then]);
    assert_eq!(again["restored"], false, "it is as it was already");
    let undo = text(&restored, "/way_back/command");
    let undo: Vec<&str> = undo.split(' ').skip(1).collect();
    let undone = pair.ben.ok(&undo);
    assert_eq!(undone["goal"]["title"], "Walk");
    assert_eq!(undone["goal"]["status"], "dropped");
    assert_eq!(undone["goal"]["milestones"][0]["title"], "5 km");
    pair.agree(AGREE_TIMEOUT);
}

#[test]
fn a_session_comes_back_with_its_notes_and_agenda() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    let session = ana.session(&notebook);
    let write = |notes: &str| {
        ana.feed(&["session", "notes", &session, "--from", "-"], notes)
            .data()
    };
    write("What we said first.\n");
    ana.ok(&["session", "agenda", &session, "The talk"]);
    // Later runs of edits are told apart by who and when; the first one of these is the agenda.
    let then = change(&ana, &notebook, &session, "added");
    write("Something else.\n");
    let restored = ana.ok(&["restore", &session, "--at", &then]);
    assert_eq!(restored["session"]["notes"], "What we said first.\n");
    assert_eq!(restored["session"]["agenda"][0]["title"], "The talk");
}

#[test]
fn a_change_that_cannot_be_meant_is_named() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    let other = ana.notebook("Ana and Cleo");
    let goal = ana.goal(&notebook, "Run");
    let session = ana.session(&notebook);
    ana.feed(&["session", "notes", &session, "--from", "-"], "Notes\n")
        .data();
    let elsewhere = ana.goal(&other, "Swim");
    let foreign = change(&ana, &other, &elsewhere, "added");
    let of_notes = change(&ana, &notebook, &session, "notes");
    ana.refused(&["restore", &goal, "--at", "ffffffff"], 4, "change_unknown");
    let error = ana.refused(&["restore", &goal, "--at", &foreign], 4, "change_foreign");
    assert!(text(&error, "/message").contains("Ana and Cleo"), "{error}");
    let error = ana.refused(&["restore", &goal, "--at", &of_notes], 4, "change_foreign");
    assert!(text(&error, "/message").contains(&session), "{error}");
    let before = {
        let log = ana.ok(&["log", &notebook]);
        text(
            log["changes"].as_array().unwrap().last().unwrap(),
            "/change",
        )
    };
    ana.refused(&["restore", &goal, "--at", &before], 4, "not_there_yet");
    ana.refused(
        &["restore", "nothing here", "--at", &before],
        4,
        "not_found",
    );
}
