//! Several devices of one person, as processes: linked, taken off, brought back by the phrase, copied.

use std::path::Path;
use std::time::Duration;

use hearth_e2e::{Pair, Person, RunningNode, accept, agree, until};
use serde_json::json;

const SOON: Duration = Duration::from_secs(120);

/// Says whether a device was told that it is out, after which nothing more reaches it.
fn is_out(person: &Person, notebook: &str) -> bool {
    person.status_of(notebook)["departed"].is_object()
}

fn titles(person: &Person) -> Vec<String> {
    let listed = person.ok(&["notebook", "list"]);
    let mut titles: Vec<String> = listed["notebooks"]
        .as_array()
        .expect("notebooks")
        .iter()
        .map(|notebook| notebook["title"].as_str().expect("a title").to_owned())
        .collect();
    titles.sort();
    titles
}

#[test]
fn own_templates_are_on_all_devices_and_fill_sessions_there() {
    let (ana, phone) = (Person::new("Ana"), Person::stranger("Ana"));
    let notebook = ana.notebook("Ana and Ben");
    let add = |person: &Person, name: &str, item: &str| {
        let mut template = person.ok(&["template", "show", "regular"])["template"].clone();
        template["agenda"] = json!([{ "title": item, "minutes": 15 }]);
        template["minutes"] = json!(15);
        std::fs::write(person.folder().join("own.json"), template.to_string()).expect("writes");
        person.ok(&["template", "add", "own.json", "--name", name]);
    };
    let own = |person: &Person| -> Vec<String> {
        let listed = person.ok(&["template", "list"]);
        let all = listed["templates"].as_array().cloned().unwrap_or_default();
        let own = all.iter().filter(|one| one["own"] == true);
        own.map(|one| one["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let have = |names: &[&str]| {
        until("both have these templates", SOON, || {
            let both = [&ana, &phone].map(own);
            both.iter().all(|own| own == names).then_some(())
        });
    };
    add(&ana, "before", "Tea");
    let ana_node = RunningNode::up(&ana);
    accept(&ana, &phone, "phone");
    let phone_node = RunningNode::up(&phone);
    have(&["before"]);

    // Each adds one, and one of the same name, while neither hears of the other.
    drop((ana_node, phone_node));
    add(&ana, "mine", "Coffee");
    add(&phone, "phones", "Walk");
    add(&ana, "ours", "Cake");
    add(&phone, "ours", "Bread");
    let _nodes = (RunningNode::up(&ana), RunningNode::up(&phone));
    have(&["before", "mine", "ours", "phones"]);
    let item = |person: &Person, name: &str| {
        person.ok(&["template", "show", name])["template"]["agenda"][0]["title"].clone()
    };
    assert_eq!(item(&phone, "mine"), "Coffee");
    assert_eq!(item(&ana, "ours"), item(&phone, "ours"), "both show one");

    let planned = phone.ok(&[
        "session",
        "plan",
        &notebook,
        "--at",
        "2027-03-01 15:00",
        "--template",
        "mine",
    ]);
    assert_eq!(planned["session"]["agenda"][0]["title"], "Coffee");
    phone.ok(&["template", "remove", "mine"]);
    have(&["before", "ours", "phones"]);
}

#[test]
fn a_second_device_has_every_notebook_and_a_revoked_one_reads_nothing_new() {
    let (ana, phone, ben) = (
        Person::new("Ana"),
        Person::stranger("Ana"),
        Person::new("Ben"),
    );
    let shared = ana.notebook("Ana and Ben");
    let own = ana.notebook("Only mine");
    ana.goal(&shared, "Before");
    let ana_node = RunningNode::up(&ana);
    let ben_node = RunningNode::up(&ben);
    let ticket = ana.ticket(&shared, "mentee");
    ben.ok(&["join", &ticket]);

    let accepted = accept(&ana, &phone, "phone");
    assert_eq!(accepted["person"]["id"].as_str(), Some(ana.id().as_str()));
    assert_eq!(accepted["person"]["name"], "Ana");
    assert_eq!(titles(&phone), ["Ana and Ben", "Only mine"]);
    assert_eq!(phone.goals(&shared), ["Before"]);
    phone.refused(
        &[
            "device", "accept", "hearth1x", "--label", "x", "--unlock", "bare", "--yes",
        ],
        4,
        "ticket_invalid",
    );

    let phone_node = RunningNode::up(&phone);
    phone.goal(&shared, "From the phone");
    agree(&[&ana, &phone, &ben], &shared, SOON);
    let devices = ana.ok(&["device", "list"]);
    let labels: Vec<&str> = devices["devices"]
        .as_array()
        .expect("devices")
        .iter()
        .map(|device| device["label"].as_str().expect("a label"))
        .collect();
    assert_eq!(labels, ["ana-laptop", "phone"]);
    // What the person wants of their journal is so on each of their devices.
    ana.ok(&["journal", "add", "--text", "Dear diary"]);
    ana.ok(&["config", "set", "journal_copies", "members"]);
    until("the phone knows what is wanted", SOON, || {
        (phone.ok(&["config", "get", "journal_copies"])["value"] == "members").then_some(())
    });
    phone.ok(&["config", "set", "journal_copies", "own-devices"]);
    until("the laptop knows what is wanted", SOON, || {
        (ana.ok(&["config", "get", "journal_copies"])["value"] == "own-devices").then_some(())
    });
    let log = ben.ok(&["log", &shared]).to_string();
    assert!(log.contains("phone"), "Ben sees which device wrote: {log}");

    ana.refused(&["device", "revoke", "phone"], 2, "confirmation_needed");
    let revoked = ana.ok(&["device", "revoke", "phone", "--yes"]);
    assert_eq!(revoked["device"]["revoked"], true);
    let reads = revoked["reads"].as_array().expect("reads");
    assert_eq!(reads.len(), 3, "the journal as well: {revoked}");
    for read in reads {
        assert_eq!(
            (&read["revoked"], &read["new_key"]),
            (&true.into(), &true.into())
        );
        assert!(read["since"].is_string(), "{read}");
    }
    ana.goal(&shared, "After");
    ana.goal(&own, "After");
    agree(&[&ana, &ben], &shared, SOON);
    until("the phone hears that it is out", SOON, || {
        is_out(&phone, &shared).then_some(())
    });
    assert!(!phone.goals(&shared).contains(&"After".to_owned()));
    assert!(phone.goals(&own).is_empty());
    let readers = ben.ok(&["readers", &shared]).to_string();
    assert!(!readers.contains("phone"), "{readers}");
    let again = ana.refused(&["device", "revoke", "phone", "--yes"], 4, "not_found");
    assert!(again.to_string().contains("taken off already"), "{again}");
    // It promises nothing any more.
    until("the phone knows that it is off", SOON, || {
        let status = phone.ok(&["status"]);
        let says_nothing = status["capsule"].is_null() && status["journals"] == json!([]);
        (status["warning"].is_string() && says_nothing).then_some(())
    });
    ana.refused(
        &["device", "revoke", "ana-laptop", "--yes"],
        5,
        "own_device",
    );
    for person in [&ana, &ben] {
        person.ok(&["verify"]);
    }
    for node in [ana_node, ben_node, phone_node] {
        node.stop();
    }
}

#[test]
fn two_commands_link_a_device_without_any_node() {
    let (ana, phone) = (Person::new("Ana"), Person::stranger("Ana"));
    let notebook = ana.notebook("Mine");
    ana.goal(&notebook, "First");
    accept(&ana, &phone, "phone");
    assert_eq!(phone.goals(&notebook), ["First"]);
}

#[test]
fn the_phrase_brings_everything_back_that_a_member_holds_and_takes_the_lost_device_off() {
    let ben = Person::new("Ben");
    let ana = Person::stranger("Ana");
    let made = ana.ok(&[
        "init",
        "--name",
        "Ana",
        "--device",
        "old laptop",
        "--unlock",
        "bare",
        "--yes",
    ]);
    let phrase = made["recovery_phrase"]
        .as_str()
        .expect("a phrase")
        .to_owned();
    let shared = ana.notebook("Ana and Ben");
    ana.goal(&shared, "Of Ana");
    let ana_node = RunningNode::up(&ana);
    let ben_node = RunningNode::up(&ben);
    let ticket = ana.ticket(&shared, "mentee");
    ben.ok(&["join", &ticket]);
    ben.goal(&shared, "Of Ben");
    agree(&[&ana, &ben], &shared, SOON);
    // The laptop is gone, and somebody may use it.
    ana_node.stop();

    let new = Person::stranger("Ana");
    let contact = ben.ok(&["device", "contact"]);
    let contact = contact["ticket"].as_str().expect("a ticket").to_owned();
    let arguments = [
        "recover",
        "--contact",
        &contact,
        "--label",
        "new laptop",
        "--revoke-others",
        "--unlock",
        "bare",
        "--yes",
    ];
    let wrong = phrase.split(' ').rev().collect::<Vec<_>>().join(" ");
    assert_ne!(new.feed(&arguments, &wrong).exit, Some(0));
    assert!(
        !new.home().join("hearth.db").exists(),
        "nothing is left behind"
    );
    let recovered = new.feed(&arguments, &phrase).data();
    assert_eq!(recovered["person"], made["person"]);
    assert_eq!(recovered["arrived"], 1);
    let mut goals = new.goals(&shared);
    goals.sort();
    assert_eq!(goals, ["Of Ana", "Of Ben"]);
    let devices = new.ok(&["device", "list"]);
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(2));
    assert_eq!(devices["devices"][1]["revoked"], true, "{devices}");

    let new_node = RunningNode::up(&new);
    new.goal(&shared, "From the new one");
    agree(&[&new, &ben], &shared, SOON);
    let ana_node = RunningNode::up(&ana);
    ben.goal(&shared, "Not for the thief");
    agree(&[&new, &ben], &shared, SOON);
    until("the stolen one hears that it is out", SOON, || {
        is_out(&ana, &shared).then_some(())
    });
    let stolen = ana.goals(&shared);
    assert!(
        !stolen.contains(&"Not for the thief".to_owned()),
        "{stolen:?}"
    );
    assert!(
        !stolen.contains(&"From the new one".to_owned()),
        "{stolen:?}"
    );

    // Another phrase takes the old one's place.
    let rotated = new.feed(&["recovery", "rotate"], &phrase).data();
    assert_eq!(
        (&rotated["notebooks"], &rotated["rekeyed"]),
        (&1.into(), &1.into())
    );
    let next = rotated["recovery_phrase"]
        .as_str()
        .expect("a phrase")
        .to_owned();
    assert_ne!(next, phrase);
    new.feed(&["recovery", "rotate"], &phrase)
        .error(5, "phrase_not_in_force");
    // Until Ben has heard of it, the old phrase opens his door: equal texts do not tell that, his confirmation does.
    new.ok(&["sync", &shared]);
    let third = Person::stranger("Ana");
    let with = |phrase: &str| {
        third.feed(
            &[
                "recover",
                "--contact",
                &contact,
                "--label",
                "third",
                "--unlock",
                "bare",
                "--yes",
            ],
            phrase,
        )
    };
    assert_ne!(with(&phrase).exit, Some(0));
    assert!(
        !third.home().join("hearth.db").exists(),
        "nothing is left behind"
    );
    assert_eq!(with(&next).data()["arrived"], 1);
    for person in [&new, &ben] {
        person.ok(&["verify"]);
    }
    for node in [ana_node, ben_node, new_node] {
        node.stop();
    }
}

#[test]
fn a_home_that_comes_back_older_is_named_to_the_others_and_gets_all_again() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    pair.await_link();
    agree(&[&pair.ana, &pair.ben], &pair.notebook, SOON);
    ben_node.stop();
    let older = pair.ben.folder().join("older");
    copy(pair.ben.home(), &older);
    let ben_node = RunningNode::up(&pair.ben);
    for goal in ["One", "Two"] {
        pair.ana.goal(&pair.notebook, goal);
    }
    agree(&[&pair.ana, &pair.ben], &pair.notebook, SOON);
    let of_ben = || pair.ana.status_of(&pair.notebook)["peers"][0].clone();
    until("Ben has confirmed both", SOON, || {
        (of_ben()["behind"] == 0).then_some(())
    });
    assert!(of_ben()["set_back"].is_null());
    ben_node.stop();
    // His disk is replaced by yesterday's copy. He had only read since then.
    std::fs::remove_dir_all(pair.ben.home()).expect("his home");
    copy(&older, pair.ben.home());
    let ben_node = RunningNode::up(&pair.ben);
    let told = until("Ana's device says so", SOON, || {
        let told = of_ben()["set_back"].clone();
        (told["made_good"] == true).then_some(told)
    });
    assert_eq!(told["lost_entries"], 2, "{told}");
    assert_eq!(pair.ben.goals(&pair.notebook).len(), 2);
    pair.ben.goal(&pair.notebook, "Three");
    agree(&[&pair.ana, &pair.ben], &pair.notebook, SOON);
    ana_node.stop();
    ben_node.stop();
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp")
        .arg("-rp")
        .args([from, to])
        .status();
    assert!(copied.expect("cp runs").success());
}

#[test]
fn a_copied_home_becomes_a_device_of_its_own_and_both_go_on() {
    let (ana, ben) = (Person::new("Ana"), Person::new("Ben"));
    let shared = ana.notebook("Ana and Ben");
    let ben_node = RunningNode::up(&ben);
    let node = RunningNode::up(&ana);
    let ticket = ana.ticket(&shared, "mentee");
    ben.ok(&["join", &ticket]);
    agree(&[&ana, &ben], &shared, SOON);
    ana.ok(&["journal", "add", "--text", "Before there were two"]);
    node.stop();
    let copy = Person::stranger("Ana");
    self::copy(ana.home(), copy.home());
    // The original writes and syncs; the copy knows nothing of it, and writes too.
    let node = RunningNode::up(&ana);
    ana.goal(&shared, "On the original");
    ana.ok(&["journal", "add", "--text", "Told the original"]);
    agree(&[&ana, &ben], &shared, SOON);
    node.stop();
    copy.goal(&shared, "On the copy");
    copy.ok(&["journal", "add", "--text", "Told the copy"]);
    let copy_node = RunningNode::up(&copy);
    until("the copy says what became of it", SOON, || {
        // While the node starts again under its new keys it answers nobody.
        let status = copy.run(&["status"]);
        let told = status.exit == Some(0) && !status.data()["enrolled_anew"].is_null();
        told.then_some(())
    });
    until("both can write", SOON, || {
        (copy
            .run(&["goal", "add", &shared, "By a device of its own"])
            .exit
            == Some(0))
        .then_some(())
    });
    let node = RunningNode::up(&ana);
    until("the goal arrives everywhere", SOON, || {
        let arrived = |person: &Person| {
            // While the original, too, starts again under new keys it answers nobody.
            let listed = person.run(&["goal", "list", &shared]);
            listed.exit == Some(0) && listed.data().to_string().contains("By a device of its own")
        };
        (arrived(&ben) && arrived(&ana) && arrived(&copy)).then_some(())
    });
    ana.goal(&shared, "The original goes on");
    agree(&[&ana, &ben, &copy], &shared, SOON);
    // Nobody else has the journal, so its fork shows only now, when both have new keys.
    until("both journals hold all three", SOON, || {
        let is_whole = |person: &Person| {
            let listed = person.ok(&["journal", "list"]);
            let entries = listed["entries"].as_array().map_or(0, Vec::len);
            let has = |text: &str| listed.to_string().contains(text);
            entries == 3
                && [
                    "Before there were two",
                    "Told the original",
                    "Told the copy",
                ]
                .iter()
                .all(|text| has(text))
        };
        (is_whole(&ana) && is_whole(&copy)).then_some(())
    });
    let devices = copy.ok(&["device", "list"]);
    let live = devices["devices"]
        .as_array()
        .expect("devices")
        .iter()
        .filter(|device| device["revoked"] == false)
        .count();
    assert!(live >= 2, "{devices}");
    for running in [node, copy_node, ben_node] {
        running.stop();
    }
}
