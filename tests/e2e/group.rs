//! Three people whose group changes: roles, a removal while away, a leave, a fork.

use std::time::Duration;

use hearth_e2e::{Person, RunningNode, Watch, until};
use serde_json::{Value, json};

/// How long a node may take to hear of something from a peer that is linked or comes back.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long nobody may need to make a key that nobody asked for.
const REKEY_TIMEOUT: Duration = Duration::from_secs(60);

fn members(person: &Person, notebook: &str) -> usize {
    let listed = person.ok(&["member", "list", notebook]);
    listed["members"].as_array().unwrap().len()
}

fn readers(person: &Person, notebook: &str) -> Vec<String> {
    let data = person.ok(&["readers", notebook]);
    let names = data["readers"].as_array().unwrap().iter();
    names
        .map(|reader| reader["name"].as_str().unwrap().to_owned())
        .collect()
}

fn departed(person: &Person, notebook: &str) -> Option<Value> {
    let departed = person.status_of(notebook)["departed"].clone();
    departed.is_object().then_some(departed)
}

#[test]
fn a_group_of_three_changes_and_everybody_is_told_what_became_of_them() {
    let people = ["Ana", "Ben", "Chloe"].map(Person::new);
    let [ana, ben, chloe] = &people;
    let _ana_node = RunningNode::up(ana);
    let _ben_node = RunningNode::up(ben);
    let chloe_node = RunningNode::up(chloe);
    let created = ana.ok(&["notebook", "create", "Circle", "--form", "group"]);
    let circle = created["notebook"]["id"].as_str().unwrap();
    for (person, role) in [(ben, "mentor"), (chloe, "mentee")] {
        person.ok(&["join", &ana.ticket(circle, role)]);
    }
    until("Ben knows all three", NOTICE_TIMEOUT, || {
        (members(ben, circle) == 3).then_some(())
    });

    // A role takes the pen, and gives it back.
    ana.ok(&["member", "role", circle, "Chloe", "observer"]);
    until("Chloe may not write", NOTICE_TIMEOUT, || {
        let tried = chloe.run(&["goal", "add", circle, "Mine"]);
        (tried.exit == Some(5)).then_some(())
    });
    chloe.refused(&["goal", "add", circle, "Mine"], 5, "read_only");
    ana.ok(&["member", "role", circle, "Chloe", "mentee"]);
    until("Chloe writes again", NOTICE_TIMEOUT, || {
        let tried = chloe.run(&["goal", "add", circle, "Chloe's goal"]);
        (tried.exit == Some(0)).then_some(())
    });
    until("Ana has Chloe's goal", NOTICE_TIMEOUT, || {
        ana.goals(circle)
            .iter()
            .any(|title| title == "Chloe's goal")
            .then_some(())
    });

    // Who may not is refused before anybody is asked.
    let refused = ben.refused(&["member", "remove", circle, "Ana"], 5, "senior");
    let hint = refused["hint"].as_str().unwrap();
    assert!(hint.contains("member leave") && hint.contains("notebook fork"));
    chloe.refused(&["member", "remove", circle, "Ben"], 5, "not_allowed");
    ana.refused(&["member", "remove", circle, "Zoe"], 4, "not_found");
    ana.refused(
        &["member", "remove", circle, "Chloe"],
        2,
        "confirmation_needed",
    );

    // Chloe is removed while away, goes on writing, and is told when back.
    chloe_node.stop();
    let removed = ben.ok(&["member", "remove", circle, "Chloe", "--yes"]);
    assert_eq!(removed["member"]["name"], "Chloe");
    until("Ana knows", NOTICE_TIMEOUT, || {
        (members(ana, circle) == 2).then_some(())
    });
    assert_eq!(readers(ana, circle).len(), 2);
    let secret = ana.goal(circle, "Not for Chloe");
    chloe.goal(circle, "Written away");
    let _chloe_node = RunningNode::up(chloe);
    let at = until("Chloe is told", NOTICE_TIMEOUT, || departed(chloe, circle));
    assert_eq!(
        (&at["kind"], &at["by"]["name"]),
        (&json!("removed"), &json!("Ben"))
    );
    chloe.refused(&["goal", "add", circle, "Late"], 5, "not_a_member");
    assert!(chloe.goals(circle).contains(&"Chloe's goal".to_owned()));
    chloe.refused(&["goal", "show", &secret], 4, "not_found");
    until("the link is closed and stays so", NOTICE_TIMEOUT, || {
        let peers = chloe.status_of(circle)["peers"].clone();
        let mut peers = peers.as_array().unwrap().iter().cloned();
        (!peers.any(|peer| peer["state"] == "connected")).then_some(())
    });

    // Ben leaves; Ana's node makes the next key by itself.
    let at_ben = Watch::start(ben, circle);
    ben.ok(&["member", "leave", circle, "--yes"]);
    let left = at_ben.next("the leave", NOTICE_TIMEOUT, |line| {
        line["departed"]["kind"] == "left"
    });
    assert!(left.0["what"].as_str().unwrap().contains("You left"));
    until("Ana is alone", NOTICE_TIMEOUT, || {
        (members(ana, circle) == 1).then_some(())
    });
    until("only Ana reads on", REKEY_TIMEOUT, || {
        (readers(ana, circle) == ["Ana"]).then_some(())
    });

    // The last admin goes on in a notebook of their own.
    let forked = ana.ok(&["notebook", "fork", circle]);
    assert_eq!(forked["tickets"], json!([]));
    let new = forked["notebook"]["id"].as_str().unwrap();
    assert!(ana.goals(new).contains(&"Chloe's goal".to_owned()));
    for person in &people {
        person.ok(&["verify"]);
    }
}

#[test]
fn a_junior_goes_on_without_the_senior_in_a_fork() {
    let people = ["Ana", "Ben", "Chloe"].map(Person::new);
    let [ana, ben, chloe] = &people;
    let _nodes = [ana, ben, chloe].map(RunningNode::up);
    let created = ana.ok(&["notebook", "create", "Peers", "--form", "peer"]);
    let peers = created["notebook"]["id"].as_str().unwrap();
    for person in [ben, chloe] {
        person.ok(&["join", &ana.ticket(peers, "peer")]);
    }
    let goal = ana.goal(peers, "Ana's goal");
    let session = ana.session(peers);
    until("Ben has both", NOTICE_TIMEOUT, || {
        let goals = ben.goals(peers);
        let sessions = ben.ok(&["session", "list", peers]);
        let sessions = sessions["sessions"].as_array().unwrap().len();
        (sessions == 1 && goals.contains(&"Ana's goal".to_owned())).then_some(())
    });
    ben.feed(
        &["session", "notes", &session, "--append", "--from", "-"],
        "What Ben wrote\n",
    )
    .data();
    let before = ben.ok(&["log", peers]);
    until("Ben knows Chloe", NOTICE_TIMEOUT, || {
        (members(ben, peers) == 3).then_some(())
    });
    let forked = ben.ok(&[
        "notebook",
        "fork",
        peers,
        "--without",
        "Ana",
        "--title",
        "Two",
    ]);
    let new = forked["notebook"]["id"].as_str().unwrap();
    let tickets = forked["tickets"].as_array().unwrap();
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0]["name"], "Chloe");
    chloe.ok(&["join", tickets[0]["ticket"].as_str().unwrap()]);
    assert_eq!(chloe.goals(new), ["Ana's goal"]);
    assert_eq!(members(chloe, new), 2);
    for person in [ben, chloe] {
        // Who wrote what, on which device and when, is what was signed and no claim.
        let after = person.ok(&["log", new]);
        let written = |log: &Value| -> Vec<String> {
            let changes = log["changes"].as_array().unwrap().iter();
            let told = changes.map(|change| {
                let place = [&change["object_id"], &change["change"], &change["at"]];
                format!("{:?} {} {}", place, change["by"], change["what"])
            });
            told.collect()
        };
        let after = written(&after);
        for change in written(&before) {
            assert!(after.contains(&change), "{change} is not in {after:?}");
        }
        let shown = person.ok(&["goal", "show", &format!("{new}/{goal}")]);
        assert_eq!(shown["goal"]["created_by"]["name"], "Ana");
        assert_eq!(shown["goal"]["imported_from"], Value::Null);
        let verified = person.ok(&["verify"]);
        assert_eq!(verified["bases"][0]["from"][0], peers);
        assert_eq!(verified["set_aside"], json!([]));
    }
    let export = ["export", new, "--format", "signed", "--out", "two.hearthsg"];
    chloe.ok(&export);
    let eve = Person::stranger("Eve");
    let path = chloe.folder().join("two.hearthsg");
    let verified = eve.ok(&["verify", path.to_str().unwrap()]);
    let wrote = |name: &str| {
        let mut people = verified["people"].as_array().unwrap().iter();
        people.any(|one| one["person"].is_string() && one["name"] == name)
    };
    assert!(wrote("Ana") && wrote("Ben"), "{verified}");
    assert_eq!(verified["bases"][0]["from"][0], peers);
    assert_eq!(verified["unopened"], 0);
    chloe.goal(new, "Without Ana");
    until("Ben has it", NOTICE_TIMEOUT, || {
        ben.goals(new)
            .contains(&"Without Ana".to_owned())
            .then_some(())
    });
    assert!(!ana.goals(peers).contains(&"Without Ana".to_owned()));
    ben.ok(&["member", "leave", peers, "--yes"]);
    until("Ana sees that Ben left", NOTICE_TIMEOUT, || {
        (members(ana, peers) == 2).then_some(())
    });
    assert!(
        ben.goals(peers).contains(&"Ana's goal".to_owned()),
        "it stays readable"
    );
}
