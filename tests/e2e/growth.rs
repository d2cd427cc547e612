//! How people grow: skills seen from both sides over time, and who vouches for them.

use std::time::Duration;

use hearth_e2e::{Pair, Person, until};
use serde_json::{Value, json};

/// How long both may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

fn endorsement(person: &Person) -> Value {
    let shown = person.ok(&["skill", "show", "Public speaking"]);
    shown["skill"]["endorsements"][0].clone()
}

/// Waits until a signature has arrived: it is no change of a document.
fn await_state(person: &Person, state: &str) {
    until("the endorsement's state", AGREE_TIMEOUT, || {
        (endorsement(person)["state"] == state).then_some(())
    });
}

#[test]
fn a_skill_is_rated_by_both_and_an_endorsement_stands_for_what_was_signed() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let rate = |person: &Person, arguments: &[&str]| {
        let all = [&["skill", "rate", notebook, "Public speaking"], arguments].concat();
        person.ok(&all)
    };
    let first = rate(ben, &["2", "--on", "2026-01-10"]);
    assert_eq!(
        (&first["created"], &first["skill"]["title"]),
        (&json!(true), &json!("Public speaking"))
    );
    pair.agree(AGREE_TIMEOUT);
    let second = rate(ana, &["3", "--of", "Ben", "--note", "Held the room"]);
    assert_eq!(second["created"], json!(false));
    rate(ben, &["4"]);
    pair.agree(AGREE_TIMEOUT);
    let listed = ana.ok(&["skill", "list", notebook, "--of", "Ben"]);
    let person = &listed["skills"][0]["people"][0];
    assert_eq!(
        (&person["own"]["then"], &person["own"]["now"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(person["others"][0]["by"]["name"], "Ana");
    ben.ok(&["skill", "evidence", "Public speaking", "The spring meeting"]);

    ana.refused(
        &["skill", "endorse", notebook, "Public speaking", "Ana"],
        2,
        "invalid",
    );
    let endorse = ["skill", "endorse", notebook, "Public speaking", "Ben"];
    let with_note = [&endorse[..], &["--note", "I was there"]].concat();
    let signed = ana.ok(&with_note);
    assert_eq!(signed["skill"]["endorsements"][0]["signed"], true);
    let again = ana.ok(&with_note);
    assert_eq!(
        again["skill"]["endorsements"].as_array().map(Vec::len),
        Some(1)
    );
    await_state(ben, "signed");
    ben.refused(&[&endorse[..], &["--withdraw"]].concat(), 4, "not_found");

    drop((ana_node, ben_node));
    ben.ok(&["skill", "edit", "Public speaking", "--title", "Selling"]);
    let shown = ben.ok(&["skill", "show", "Selling"]);
    assert_eq!(shown["skill"]["endorsements"][0]["state"], "changed");
    assert_eq!(shown["skill"]["people"][0]["endorsed_by"], json!([]));
    ben.ok(&["skill", "edit", "Selling", "--title", "Public speaking"]);
    assert_eq!(
        endorsement(ben)["state"],
        "signed",
        "checked without anybody else"
    );
    let verified = ben.ok(&["verify"]);
    assert_eq!(verified["set_aside"], json!([]));
    ana.ok(&[&endorse[..], &["--withdraw"]].concat());
    assert_eq!(endorsement(ana)["state"], "withdrawn");
    ana.refused(&["skill", "show", "Juggling"], 4, "not_found");
}

#[test]
fn resources_and_check_ins_reach_the_other_and_nothing_put_away_is_lost() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let add = ["resource", "add", notebook, "The Coaching Habit"];
    let more = [
        "--link",
        "https://example.org/",
        "--tag",
        "Books",
        "--why",
        "Seven questions",
    ];
    let id = ana.ok(&[&add[..], &more].concat())["resource"]["id"].clone();
    let id = id.as_str().expect("an id");
    ana.refused(
        &[&add[..], &["--file", "x.pdf"]].concat(),
        4,
        "file_not_found",
    );
    ana.refused(
        &[&add[..], &["--link", "example.org"]].concat(),
        2,
        "invalid",
    );
    ana.ok(&["resource", "add", notebook, "Checklist"]);
    ana.ok(&["checkin", notebook, "2", "Slow start"]);
    pair.agree(AGREE_TIMEOUT);
    let books = ben.ok(&["resource", "list", notebook, "--tag", "#books"]);
    assert_eq!(books["resources"][0]["id"], id);
    assert_eq!(books["resources"].as_array().map(Vec::len), Some(1));
    assert_eq!(ben.ok(&["search", "books", notebook])["hits"][0]["id"], id);
    ben.ok(&["comment", id, "Read it twice"]);
    ben.ok(&["resource", "edit", id, "--tag", "short", "--untag", "books"]);
    ben.ok(&["resource", "remove", "Checklist"]);
    ben.ok(&["checkin", notebook, "5"]);
    ben.ok(&["checkin", notebook, "4"]);
    pair.agree(AGREE_TIMEOUT);
    let shown = ana.ok(&["resource", "show", id]);
    assert_eq!(shown["resource"]["tags"], json!(["short"]));
    assert_eq!(shown["resource"]["comments"][0]["text"], "Read it twice");
    let list = ana.ok(&["resource", "list", notebook]);
    assert_eq!(list["resources"].as_array().map(Vec::len), Some(1));
    let away = ana.ok(&["resource", "list", notebook, "--removed"]);
    assert_eq!(away["resources"][0]["title"], "Checklist");
    ana.ok(&["resource", "remove", "Checklist", "--undo"]);
    let checkins = ana.ok(&["checkin", "list", notebook]);
    assert_eq!(checkins["checkins"].as_array().map(Vec::len), Some(3));
    assert_eq!(checkins["people"][1]["values"], json!([5, 4]));
    let own = ana.ok(&["checkin", "list", notebook, "--of", "Ana"]);
    assert_eq!(own["checkins"][0]["text"], "Slow start");
}

#[test]
fn a_skill_that_two_name_at_once_is_one_and_an_export_keeps_all_of_it() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    drop((ana_node, ben_node));
    ana.ok(&["skill", "rate", notebook, "Listening", "3", "--of", "Ben"]);
    ben.ok(&["skill", "rate", notebook, "listening", "2"]);
    let nodes = (
        hearth_e2e::RunningNode::up(ana),
        hearth_e2e::RunningNode::up(ben),
    );
    pair.agree(AGREE_TIMEOUT);
    ana.ok(&["skill", "endorse", notebook, "Listening", "Ben"]);
    pair.agree(AGREE_TIMEOUT);
    let skills = ben.ok(&["skill", "list", notebook]);
    assert_eq!(skills["skills"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        skills["skills"][0]["ratings"].as_array().map(Vec::len),
        Some(2)
    );
    drop(nodes);

    ana.ok(&[
        "export", notebook, "--format", "json", "--out", "x.json", "--yes",
    ]);
    ana.ok(&["notebook", "create", "Copy", "--form", "peer"]);
    ana.ok(&["import", "Copy", "--format", "json", "x.json"]);
    let copy = ana.ok(&["skill", "list", "Copy"]);
    let ids = |skills: &Value| {
        skills["skills"][0]["ratings"].as_array().map(|ratings| {
            ratings
                .iter()
                .map(|rating| rating["id"].clone())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(ids(&copy), ids(&skills));
    let claim = &copy["skills"][0]["endorsements"][0];
    assert_eq!(
        claim["signed"], false,
        "a signature holds in its own notebook only"
    );
    assert_eq!(claim["imported_from"]["signatures"][0]["name"], "Ana");
}

#[test]
fn a_template_is_shown_changed_added_and_fills_a_session() {
    let ana = Person::new("Ana");
    let made = ana.ok(&["notebook", "create", "Pair", "--form", "one-on-one"]);
    let notebook = made["notebook"]["id"].as_str().expect("an id");
    let names = |person: &Person| -> Vec<String> {
        let listed = person.ok(&["template", "list"]);
        let all = listed["templates"].as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|one| one["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let built_in = names(&ana);
    for name in [
        "first",
        "regular",
        "grow",
        "mid-point",
        "action-learning",
        "circle",
        "closure",
        "ending",
        "plan",
    ] {
        assert!(built_in.iter().any(|one| one == name), "{name}");
    }
    let shown = ana.ok(&["template", "show", "regular"]);
    let mut ours = shown["template"].clone();
    ours["name"] = json!("ours");
    ours["agenda"] = json!([{ "title": "Tea", "minutes": 15, "prompts": ["Milk?"] }]);
    ours["minutes"] = json!(15);
    std::fs::write(ana.folder().join("ours.json"), ours.to_string()).expect("writes");
    ana.ok(&["template", "add", "ours.json"]);
    ana.ok(&["template", "add", "ours.json", "--name", "regular"]);
    let plan = |template: &str| {
        let when = ["--at", "2027-03-01 15:00", "--zone", "Europe/Berlin"];
        let all = [
            &["session", "plan", notebook, "--template", template],
            &when[..],
        ]
        .concat();
        ana.ok(&all)["session"].clone()
    };
    for name in ["ours", "regular"] {
        let session = plan(name);
        assert_eq!(session["agenda"][0]["title"], "Tea");
        assert_eq!(session["agenda"][0]["prompts"], json!(["Milk?"]));
        assert_eq!(session["minutes"], 15);
    }
    ana.ok(&["template", "remove", "regular"]);
    assert_eq!(plan("regular")["minutes"], 60);
    ana.refused(&["template", "remove", "grow"], 1, "template_built_in");
    ana.refused(&["template", "show", "retro"], 2, "invalid");
    ours["minutes"] = json!(5);
    std::fs::write(ana.folder().join("ours.json"), ours.to_string()).expect("writes");
    let refused = ana.refused(&["template", "add", "ours.json"], 2, "template_invalid");
    assert!(
        refused.to_string().contains("its items take 15 minutes"),
        "{refused}"
    );
    let planned = [
        "session",
        "plan",
        notebook,
        "--at",
        "2027-03-01 15:00",
        "--template",
        "plan",
    ];
    ana.refused(&planned, 2, "template_private");
    let entry = ana.ok(&["journal", "add", "--template", "plan", "--no-input"]);
    let text = entry["entry"]["text"].as_str().expect("a text");
    assert!(text.starts_with("# Development plan"), "{text}");

    let fits = |person: &Person| {
        person.ok(&["notebook", "show", notebook])["notebook"]["suggested_template"]["name"].clone()
    };
    assert_eq!(fits(&ana), "first");
    ana.ok(&["notebook", "phase", notebook, "winding-down"]);
    assert_eq!(fits(&ana), "closure");
}

#[test]
fn sessions_come_again_by_themselves_and_carry_marks_and_comments() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let plan = ["session", "plan", notebook, "--at", "2026-03-24 15:00"];
    let how = [
        "--zone",
        "Europe/Berlin",
        "--every",
        "1w",
        "--template",
        "regular",
    ];
    let first = ana.ok(&[&plan[..], &how].concat())["session"].clone();
    let first = first["id"].as_str().expect("an id").to_owned();
    // It is over, so a running node makes the next one.
    let listed = until("the next session", AGREE_TIMEOUT, || {
        let listed = ana.ok(&["session", "list", notebook])["sessions"].clone();
        (listed.as_array().map(Vec::len) == Some(2)).then_some(listed)
    });
    let second = listed[1]["id"].as_str().expect("an id").to_owned();
    assert!(
        listed[1]["local"]
            .as_str()
            .expect("a time")
            .ends_with("T15:00:00")
    );
    assert_eq!(listed[1]["series"]["id"], first.as_str());
    pair.agree(AGREE_TIMEOUT);
    assert_eq!(ben.ok(&["today"])["sessions"][0]["id"], second.as_str());
    ben.ok(&["session", "edit", &second, "--at", "2099-01-01 10:00"]);
    ben.ok(&["session", "cancel", &second, "--reason", "Ben is ill"]);
    pair.agree(AGREE_TIMEOUT);
    let third = until("the one after it", AGREE_TIMEOUT, || {
        let listed = ana.ok(&["session", "list", notebook])["sessions"].clone();
        let planned = |one: &&Value| one["status"] == "planned" && one["id"] != first.as_str();
        let mut planned = listed.as_array()?.iter().filter(planned);
        let third = planned.next()?["id"].as_str()?.to_owned();
        assert!(planned.next().is_none(), "{listed}");
        Some(third)
    });
    ana.ok(&["session", "edit", &third, "--every", "none"]);
    ana.ok(&["session", "wrap", &third, "--decision", "We stop here"]);
    let listed = ana.ok(&["session", "list", notebook])["sessions"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(3), "{listed}");
    ana.refused(&["session", "cancel", &third], 2, "invalid");

    ana.ok(&["session", "mark", &third, "shareable"]);
    ana.refused(&["session", "mark", &third, "public"], 2, "usage");
    let asked = ben.ok(&["ask", notebook, "May I tell?"])["question"]["id"].clone();
    let asked = asked.as_str().expect("an id");
    ben.ok(&["question", "mark", asked, "quotable-with-consent"]);
    pair.agree(AGREE_TIMEOUT);
    let shown = ben.ok(&["session", "show", &third])["session"].clone();
    assert_eq!(
        (&shown["sharing"], &shown["sharing_by"]["name"]),
        (&json!("shareable"), &json!("Ana"))
    );
    let decision = shown["decisions"][0]["id"].as_str().expect("an id");
    ben.ok(&["comment", decision, "Good"]);
    assert_eq!(
        ben.ok(&["session", "show", &third])["session"]["comments"][0]["text"],
        "Good"
    );
    ben.ok(&[
        "export", notebook, "--format", "json", "--out", "x.json", "--yes",
    ]);
    let export = std::fs::read_to_string(ben.folder().join("x.json")).expect("the export");
    assert!(export.contains("\"sharing\": \"quotable-with-consent\""));
}
