//! Every command that writes or reads content, as a script uses it: names, arguments and JSON keys.

use std::time::Duration;

use hearth_e2e::{Pair, Person};
use serde_json::{Value, json};

/// How long both may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

#[track_caller]
fn has_keys(object: &Value, keys: &[&str]) {
    for key in keys {
        assert!(object.get(key).is_some(), "no {key} in {object}");
    }
}

fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

#[test]
fn notebooks_are_created_shown_renamed_and_move_through_their_phases() {
    let ana = Person::new("Ana");
    let created = ana.ok(&["notebook", "create", "Ana and Ben", "--form", "one-on-one"]);
    let notebook = &created["notebook"];
    has_keys(notebook, &["id", "title", "form", "phase", "members"]);
    let id = id(notebook);
    let listed = ana.ok(&["notebook", "list"]);
    assert_eq!(listed["notebooks"].as_array().expect("notebooks").len(), 1);
    let shown = ana.ok(&["notebook", "show", "Ana and Ben"]);
    let member = &shown["notebook"]["members"][0];
    has_keys(
        member,
        &[
            "person", "name", "role", "admin", "verified", "devices", "added_by",
        ],
    );
    assert_eq!(
        (&member["role"], &member["admin"]),
        (&json!("mentor"), &json!(true))
    );
    ana.ok(&["notebook", "phase", &id, "direction"]);
    let renamed = ana.ok(&["notebook", "rename", &id[..8], "Our notebook"]);
    assert_eq!(renamed["notebook"]["title"], "Our notebook");
    assert_eq!(renamed["notebook"]["phase"], "direction");
    let peer = ana.ok(&["notebook", "create", "A circle", "--form", "peer"]);
    assert_eq!(peer["notebook"]["members"][0]["role"], "peer");
    ana.refused(&["notebook", "phase", &id, "honeymoon"], 2, "usage");
}

#[test]
fn goals_have_measures_milestones_progress_and_a_status_with_its_reason() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    let added = ana.ok(&[
        "goal",
        "add",
        &notebook,
        "Give talks",
        "--why",
        "To be heard",
        "--unit",
        "talks",
        "--baseline",
        "0",
        "--target",
        "3",
        "--due",
        "2027-06-30",
        "--owner",
        "Ana",
    ]);
    let goal = &added["goal"];
    has_keys(
        goal,
        &[
            "id",
            "title",
            "status",
            "owner",
            "due",
            "measure",
            "progress",
            "milestones",
            "kind",
            "why",
        ],
    );
    assert_eq!(
        (&goal["status"], &goal["due"]),
        (&json!("proposed"), &json!("2027-06-30"))
    );
    let id = id(goal);
    ana.ok(&["goal", "status", &id, "active"]);
    ana.ok(&["goal", "progress", &id, "1", "--note", "At the meetup"]);
    let with = ana.ok(&[
        "goal",
        "milestone",
        &id,
        "First talk",
        "--due",
        "2027-03-01",
    ]);
    let milestone = with["goal"]["milestones"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    ana.ok(&["goal", "milestone-done", &id, &milestone]);
    ana.ok(&["goal", "edit", &id, "--title", "Give good talks"]);
    ana.refused(&["goal", "status", &id, "dropped"], 2, "invalid");
    ana.ok(&[
        "goal",
        "status",
        &id,
        "paused",
        "--reason",
        "Parental leave",
    ]);
    let shown = ana.ok(&["goal", "show", &id[18..]])["goal"].clone();
    assert_eq!(shown["title"], "Give good talks");
    assert_eq!(
        (&shown["status"], &shown["reason"]),
        (&json!("paused"), &json!("Parental leave"))
    );
    assert_eq!(shown["progress"][0]["note"], "At the meetup");
    assert_eq!(shown["progress"][0]["value"], json!(1.0));
    assert_eq!(shown["milestones"][0]["done"], true);
    let okr = ana.ok(&[
        "goal",
        "add",
        &notebook,
        "Grow",
        "--kind",
        "okr",
        "--key-result",
        "Reviews=0..20",
        "--key-result",
        "Talks=0..3",
    ]);
    assert_eq!(
        okr["goal"]["key_results"]
            .as_array()
            .expect("key results")
            .len(),
        2
    );
    assert_eq!(
        ana.ok(&["goal", "list", &notebook])["goals"]
            .as_array()
            .expect("goals")
            .len(),
        2
    );
}

#[test]
fn actions_are_moved_dropped_done_and_listed_by_owner() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    let goal = ana.goal(&notebook, "Speak");
    let session = ana.session(&notebook);
    let add = |title: &str| {
        let arguments = [
            "action",
            "add",
            &notebook,
            title,
            "--due",
            "2027-01-01",
            "--goal",
            &goal,
            "--session",
            &session,
        ];
        id(&ana.ok(&arguments)["action"])
    };
    let [done, moved, dropped] = ["Write the abstract", "Find a venue", "Buy a tie"].map(add);
    assert_eq!(
        ana.ok(&["action", "done", &done])["action"]["status"],
        "done"
    );
    let data = ana.ok(&["action", "move", &moved, "--due", "2027-02-01"]);
    has_keys(
        &data["action"],
        &["id", "title", "status", "owner", "due", "goal", "session"],
    );
    assert_eq!(data["action"]["due"], "2027-02-01");
    let data = ana.ok(&["action", "drop", &dropped, "--reason", "Nobody wears one"]);
    assert_eq!(data["action"]["reason"], "Nobody wears one");
    let open = ana.ok(&["action", "list", &notebook, "--open", "--mine"]);
    let open = open["actions"].as_array().expect("actions");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["title"], "Find a venue");
    ana.refused(&["action", "drop", &moved], 2, "usage");
}

#[test]
fn sessions_are_planned_filled_wrapped_and_attended() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    let planned = ana.ok(&[
        "session",
        "plan",
        &notebook,
        "--at",
        "2027-03-25 15:00",
        "--zone",
        "Europe/Berlin",
        "--minutes",
        "45",
        "--place",
        "https://meet.example/room",
        "--every",
        "2w",
    ]);
    let session = id(&planned["session"]);
    has_keys(
        &planned["session"],
        &["id", "title", "agenda", "notes", "zone", "minutes", "place"],
    );
    let with = ana.ok(&[
        "session",
        "agenda",
        &session,
        "The abstract",
        "--minutes",
        "20",
    ]);
    let item = &with["session"]["agenda"][0];
    has_keys(item, &["title", "minutes", "done"]);
    let text = "# Notes\n\n- grüße 👋🏽\n- שלום\n";
    ana.feed(&["session", "notes", &session, "--from", "-"], text)
        .data();
    let file = ana.folder().join("more.md");
    std::fs::write(&file, "- and more\n").expect("a file");
    ana.ok(&[
        "session", "notes", &session, "--append", "--from", "more.md",
    ]);
    ana.ok(&[
        "session",
        "wrap",
        &session,
        "--decision",
        "Submit",
        "--insight",
        "Begin with the end",
        "--learned",
        "Less is more",
        "--mood",
        "4",
        "--next",
        "2027-04-08 15:00",
    ]);
    ana.ok(&["session", "attend", &session]);
    let shown = ana.ok(&["session", "show", &session])["session"].clone();
    assert_eq!(shown["notes"], format!("{text}- and more\n"));
    for words in ["Submit", "Begin with the end", "Less is more"] {
        assert!(shown.to_string().contains(words), "no “{words}” in {shown}");
    }
    let plain = ana
        .plain(&["session", "notes", &session])
        .output()
        .expect("hearth runs");
    assert_eq!(
        String::from_utf8_lossy(&plain.stdout),
        format!("{text}- and more\n")
    );
    let listed = ana.ok(&["session", "list", &notebook]);
    assert!(!listed["sessions"].as_array().expect("sessions").is_empty());
    ana.refused(
        &["session", "plan", &notebook, "--at", "soon"],
        2,
        "time_invalid",
    );
}

#[test]
fn both_ask_answer_and_comment_and_the_log_names_who_did_what() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let asked = ben.ok(&["ask", notebook, "How long should it be?"]);
    let question = id(&asked["question"]);
    pair.agree(AGREE_TIMEOUT);
    ana.ok(&["answer", &question, "Ten minutes"]);
    ana.ok(&["comment", &question, "Well asked"]);
    pair.agree(AGREE_TIMEOUT);
    ben.ok(&["resolve", &question]);
    pair.agree(AGREE_TIMEOUT);
    let list = ana.ok(&["question", "list", notebook]);
    let seen = &list["questions"][0];
    assert_eq!(seen["answers"][0]["text"], "Ten minutes");
    let log = ana.ok(&["log", notebook]);
    let lines = log["changes"].as_array().expect("changes");
    let by = |kind: &str, what: &str| {
        let fits = |line: &&Value| {
            line["kind"] == kind
                && line["what"]
                    .as_str()
                    .is_some_and(|said| said.starts_with(what))
        };
        let line = lines.iter().find(fits);
        line.map(|line| line["name"].clone()).unwrap_or_default()
    };
    assert_eq!(by("question", "added"), "Ben");
    assert_eq!(by("answer", "added"), "Ana");
    assert_eq!(by("comment", "added"), "Ana");
    assert_eq!(by("question", "resolved"), "Ben");
    let one = ana.ok(&["log", notebook, "--object", &question]);
    let one = one["changes"].as_array().expect("changes");
    assert!(!one.is_empty() && one.len() < lines.len());

    let hits = ben.ok(&["search", "minutes"]);
    let hit = &hits["hits"][0];
    has_keys(hit, &["id", "kind", "snippet", "title"]);
    assert!(hits.to_string().contains("Ten minutes"));
    assert_eq!(ben.ok(&["search", "nowherefound"])["hits"], json!([]));

    let readers = ana.ok(&["readers", notebook]);
    assert_eq!(readers["readers"].as_array().expect("readers").len(), 2);
    let synced = ben.ok(&["sync", notebook]);
    assert_eq!(synced["peers"][0]["result"], "acknowledged");
}

#[test]
fn today_gathers_what_is_due_open_and_next() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    ana.ok(&[
        "action",
        "add",
        &notebook,
        "Long overdue",
        "--due",
        "2020-01-01",
    ]);
    ana.ok(&["action", "add", &notebook, "Due soon", "--due", "tomorrow"]);
    ana.ok(&["ask", &notebook, "Still open?"]);
    ana.session(&notebook);
    let today = ana.ok(&["today"]);
    has_keys(&today, &["sessions", "due", "overdue", "questions"]);
    assert_eq!(today["overdue"][0]["title"], "Long overdue");
    assert_eq!(today["due"][0]["title"], "Due soon");
    assert!(today["questions"].to_string().contains("Still open?"));
    assert!(!today["sessions"].as_array().expect("sessions").is_empty());
}
