//! The creator's only device is lost: real processes, two notebooks with two people, one contact.

use std::time::{Duration, Instant};

use hearth_e2e::{Person, RunningNode, agree, until};
use serde_json::Value;

use crate::mirror::{mirror, mirror_up, mirrors};

const SOON: Duration = Duration::from_secs(60);
/// What is pressing makes a new capsule within two seconds.
const NOTHING_NEWER: Duration = Duration::from_secs(5);

/// Ana with a notebook with Ben, one with Carl, one of her own and a journal; all their nodes run.
struct Circle {
    ana: Person,
    ben: Person,
    carl: Person,
    phrase: String,
    with_ben: String,
    with_carl: String,
    nodes: Vec<RunningNode>,
}

impl Circle {
    fn new() -> Self {
        let (ben, carl) = (Person::new("Ben"), Person::new("Carl"));
        let ana = Person::stranger("Ana");
        let made = ana.ok(&[
            "init", "--name", "Ana", "--device", "laptop", "--unlock", "bare", "--yes",
        ]);
        let phrase = made["recovery_phrase"].as_str().expect("a phrase");
        let with_ben = ana.notebook("Ana and Ben");
        let with_carl = ana.notebook("Ana and Carl");
        ana.goal(&ana.notebook("Only mine"), "Nobody joined");
        ana.goal(&with_ben, "With Ben");
        ana.goal(&with_carl, "With Carl");
        ana.ok(&["journal", "add", "--text", "Dear diary"]);
        let nodes = [&ana, &ben, &carl].map(RunningNode::up);
        ben.ok(&["join", &ana.ticket(&with_ben, "mentee")]);
        carl.ok(&["join", &ana.ticket(&with_carl, "mentee")]);
        agree(&[&ana, &ben], &with_ben, SOON);
        agree(&[&ana, &carl], &with_carl, SOON);
        Self {
            phrase: phrase.to_owned(),
            ana,
            ben,
            carl,
            with_ben,
            with_carl,
            nodes: nodes.into(),
        }
    }

    /// Waits until both others keep the capsule, the journal in it or not, and no newer one comes: the first
    /// that both keep may have been made before somebody's place was known.
    fn is_kept(&self, journal: &str) {
        let mut made = (Value::Null, Instant::now());
        until("both keep the capsule", SOON, || {
            let capsule = self.ana.ok(&["status"])["capsule"].clone();
            if capsule["made"] != made.0 {
                made = (capsule["made"].clone(), Instant::now());
            }
            let is_kept = capsule["keepers"] == 2 && capsule["journal"] == journal;
            (is_kept && made.1.elapsed() > NOTHING_NEWER).then_some(())
        });
    }

    /// Stops the nodes of Ana, Ben or Carl, by their place.
    fn stop(&mut self, place: usize) {
        self.nodes.remove(place).stop();
    }

    /// What `hearth recover` does for Ana in a new home, with Ben as the only contact.
    fn recover(&self, new: &Person, words: bool) -> hearth_e2e::Ran {
        let contact = self.ben.ok(&["device", "contact"]);
        let contact = contact["ticket"].as_str().expect("a ticket");
        let arguments = [
            "recover",
            "--contact",
            contact,
            "--label",
            "new laptop",
            "--revoke-others",
            "--unlock",
            "bare",
            "--yes",
        ];
        if words {
            new.feed_plain(&arguments, &self.phrase)
        } else {
            new.feed(&arguments, &self.phrase)
        }
    }
}

/// What `hearth recover` does in a new home with one contact.
pub(crate) fn recover_by(new: &Person, contact: &str, phrase: &str) -> hearth_e2e::Ran {
    let arguments = [
        "recover",
        "--contact",
        contact,
        "--label",
        "new laptop",
        "--revoke-others",
        "--unlock",
        "bare",
        "--yes",
    ];
    new.feed(&arguments, phrase)
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    let mut texts: Vec<String> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one[key].as_str().expect("a text").to_owned())
        .collect();
    texts.sort();
    texts
}

#[test]
fn one_contact_brings_every_notebook_back_and_the_journal_where_that_was_wanted() {
    let mut circle = Circle::new();
    circle
        .ana
        .ok(&["config", "set", "journal_copies", "members"]);
    circle.is_kept("copied");
    let report = circle.ana.ok(&["doctor"]).to_string();
    assert!(report.contains("kept by 2 of 2 devices"), "{report}");
    circle.stop(0);

    let new = Person::stranger("Ana");
    let recovered = circle.recover(&new, false).data();
    assert_eq!(
        (&recovered["notebooks"], &recovered["arrived"]),
        (&2.into(), &2.into()),
        "{recovered}"
    );
    let told = &recovered["recovered"];
    assert_eq!(told["journal"], "restored", "{told}");
    assert_eq!(told["capsules"][0]["label"], "laptop", "{told}");
    assert_eq!(texts(&told["lost"], "title"), ["Only mine"]);
    assert_eq!(told["awaited"], Value::Array(Vec::new()));
    assert_eq!(new.goals(&circle.with_ben), ["With Ben"]);
    assert_eq!(new.goals(&circle.with_carl), ["With Carl"]);
    let entries = new.ok(&["journal", "list"]);
    assert_eq!(texts(&entries["entries"], "text"), ["Dear diary"]);
    // What was wanted is still wanted, so that it can be brought back once more.
    let wanted = new.ok(&["config", "get", "journal_copies"]);
    assert_eq!(wanted["value"], "members", "{wanted}");
    let devices = new.ok(&["device", "list"]);
    assert_eq!(devices["devices"][1]["revoked"], true, "{devices}");

    let node = RunningNode::up(&new);
    new.ok(&["journal", "add", "--text", "Once more"]);
    new.goal(&circle.with_carl, "From the new one");
    agree(&[&new, &circle.carl], &circle.with_carl, SOON);
    for person in [&new, &circle.ben, &circle.carl] {
        person.ok(&["verify"]);
    }
    // Nobody who kept it has anything of the journal.
    for member in [&circle.ben, &circle.carl] {
        let entries = member.ok(&["journal", "list"]);
        assert_eq!(entries["entries"], Value::Array(Vec::new()));
    }
    node.stop();
    circle.stop(0);
    circle.stop(0);
}

#[test]
fn whoever_is_away_is_awaited_and_what_is_gone_is_said_to_be_gone() {
    let mut circle = Circle::new();
    circle.is_kept("own-devices");
    circle.stop(2);
    circle.stop(0);

    let new = Person::stranger("Ana");
    let ran = circle.recover(&new, true);
    assert_eq!(ran.exit, Some(3), "{}", ran.stderr);
    for said in [
        "1 notebook is here",
        "Still awaited: Ana and Carl, from Carl",
        "Not to be had: Only mine",
        "Your journal was on your own devices only",
        "No answer from Carl",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let awaited = new.ok(&["status"])["awaited"].clone();
    assert_eq!(texts(&awaited, "title"), ["Ana and Carl"]);
    assert_eq!(awaited[0]["from"], serde_json::json!(["Carl"]));

    // It comes by itself, without the phrase, once Carl is there.
    let node = RunningNode::up(&new);
    let carl = RunningNode::up(&circle.carl);
    until("the notebook with Carl is here", SOON * 2, || {
        let listed = new.ok(&["notebook", "list"]);
        texts(&listed["notebooks"], "title")
            .contains(&"Ana and Carl".to_owned())
            .then_some(())
    });
    agree(&[&new, &circle.carl], &circle.with_carl, SOON);
    assert_eq!(new.goals(&circle.with_carl), ["With Carl"]);
    new.goal(&circle.with_carl, "From the new one");
    agree(&[&new, &circle.carl], &circle.with_carl, SOON);
    let status = new.ok(&["status"]);
    assert_eq!(status["awaited"], Value::Array(Vec::new()));
    for person in [&new, &circle.ben, &circle.carl] {
        person.ok(&["verify"]);
    }
    node.stop();
    carl.stop();
    circle.stop(0);
}

#[test]
fn a_mirror_alone_brings_back_notebook_and_journal_while_everybody_is_away() {
    let (ana, ben) = (Person::stranger("Ana"), Person::new("Ben"));
    let made = ana.ok(&[
        "init", "--name", "Ana", "--device", "laptop", "--unlock", "bare", "--yes",
    ]);
    let phrase = made["recovery_phrase"].as_str().expect("a phrase");
    let shared = ana.notebook("Ana and Ben");
    ana.goal(&shared, "With Ben");
    let cupboard = mirror(&[]);
    let running = mirror_up(&cupboard);
    let ticket = running.ready()["ticket"].as_str().expect("a ticket");
    for notebook in [shared.as_str(), "journal"] {
        ana.ok(&["mirror", "add", notebook, ticket]);
    }
    let nodes = [&ana, &ben].map(RunningNode::up);
    ben.ok(&["join", &ana.ticket(&shared, "mentee")]);
    agree(&[&ana, &ben], &shared, SOON);
    ana.ok(&["journal", "add", "--text", "Dear diary"]);
    until("the mirror holds all and keeps the capsule", SOON, || {
        let holds = |notebook: &str| mirrors(&ana, notebook)[0]["holds_all"] == true;
        let capsule = ana.ok(&["status"])["capsule"].clone();
        (holds(&shared) && holds("journal") && capsule["mirrors"][0]["keeps"] == true).then_some(())
    });
    let listed = ana.ok(&["notebook", "list"]);
    assert_eq!(texts(&listed["notebooks"], "title"), ["Ana and Ben"]);
    for node in nodes {
        node.stop();
    }
    let report = ana.ok(&["doctor"]).to_string();
    assert!(report.contains("and 1 of 1 mirrors"), "{report}");

    let new = Person::stranger("Ana");
    let wrong = "abandon ".repeat(23) + "art";
    let refused = recover_by(&new, ticket, &wrong);
    assert_eq!(refused.exit, Some(4), "{}", refused.stdout);
    let recovered = recover_by(&new, ticket, phrase).data();
    assert_eq!(
        (&recovered["notebooks"], &recovered["arrived"]),
        (&2.into(), &2.into()),
        "{recovered}"
    );
    assert_eq!(recovered["person"]["name"], "Ana", "{recovered}");
    let told = &recovered["recovered"];
    assert_eq!(told["journal"], "handed-over", "{told}");
    assert_eq!(told["lost"], Value::Array(Vec::new()), "{told}");
    assert_eq!(new.goals(&shared), ["With Ben"]);
    let entries = new.ok(&["journal", "list"]);
    assert_eq!(texts(&entries["entries"], "text"), ["Dear diary"]);
    let devices = new.ok(&["device", "list"]);
    assert_eq!(devices["devices"][1]["revoked"], true, "{devices}");
    new.goal(&shared, "From the new one");
    new.ok(&["sync", "--timeout", "20s"]);

    // Ben, who was away, hears of it from the mirror. The lost laptop hears that it is off, and nothing else.
    ben.ok(&["sync", "--timeout", "20s"]);
    assert!(ben.goals(&shared).contains(&"From the new one".to_owned()));
    ana.run(&["sync", "--timeout", "10s"]);
    assert!(!ana.goals(&shared).contains(&"From the new one".to_owned()));
    for person in [&new, &ben] {
        person.ok(&["verify"]);
    }
    let private = ["Dear diary", "With Ben", "From the new one"].map(str::to_owned);
    assert!(hearth_e2e::files_with(cupboard.home(), &private).is_empty());
    running.stop();
}
