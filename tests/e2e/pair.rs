//! Pairing: what two people see, and what everybody else is told.

use std::time::Duration;

use hearth_e2e::{Pair, Person, RunningNode, Watch, accept, text, until};
use serde_json::{Value, json};

/// How long a change may take from one `watch` to the other on one machine.
const PUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a node may take to notice what its peer did.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(15);

fn peer(person: &Person, notebook: &str) -> Value {
    person.status_of(notebook)["peers"][0].clone()
}

#[test]
fn two_people_pair_compare_words_and_see_each_others_changes() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let Pair {
        ana,
        ben,
        notebook,
        words,
    } = &pair;
    let shown = |person: &Person, of: &str| {
        let data = person.ok(&["member", "verify", notebook, of]);
        data["words"].as_str().unwrap().to_owned()
    };
    assert_eq!(&shown(ana, "Ben"), words);
    assert_eq!(&shown(ben, "Ana"), words);
    assert!(
        words.split(' ').count() >= 4 && !words.contains("  "),
        "{words}"
    );

    assert_eq!(peer(ana, notebook)["verified"], json!(false));
    ana.ok(&["member", "verify", notebook, "Ben", "--match"]);
    assert_eq!(peer(ana, notebook)["verified"], json!(true));
    assert_eq!(
        peer(ben, notebook)["verified"],
        json!(false),
        "each decides alone"
    );

    let (at_ana, at_ben) = (Watch::start(ana, notebook), Watch::start(ben, notebook));
    let goal = ana.goal(notebook, "Speak at the spring meeting");
    let (change, took) = at_ben.titled("Speak at the spring meeting", PUSH_TIMEOUT);
    assert_eq!(change["object"]["id"], json!(goal));
    assert_eq!(
        (&change["name"], &change["what"]),
        (&json!("Ana"), &json!("added"))
    );
    eprintln!(
        "Ana's goal was in Ben's watch {} ms later",
        took.as_millis()
    );
    ben.goal(notebook, "Read one paper a week");
    let (change, took) = at_ana.titled("Read one paper a week", PUSH_TIMEOUT);
    assert_eq!(change["name"], "Ben");
    eprintln!(
        "Ben's goal was in Ana's watch {} ms later",
        took.as_millis()
    );
    pair.agree(PUSH_TIMEOUT);
}

#[test]
fn status_says_what_is_known_and_no_more() {
    let (ana, ben) = (Person::new("Ana"), Person::new("Ben"));
    let ana_node = RunningNode::up(&ana);
    let ben_node = RunningNode::up(&ben);
    let notebook = ana.notebook("Ana and Ben");
    assert_eq!(
        ana.status_of(&notebook)["peers"],
        json!([]),
        "nobody else is a member yet"
    );
    ben.ok(&["join", &ana.ticket(&notebook, "mentee")]);

    let during = until("Ana's node confirms everything", NOTICE_TIMEOUT, || {
        let status = ana.status_of(&notebook);
        let peer = &status["peers"][0];
        (peer["state"] == "connected" && status["pending_out"] == 0).then(|| peer.clone())
    });
    assert_eq!(during["path"], "direct");
    assert_eq!(
        (&during["name"], &during["device_label"]),
        (&json!("Ben"), &json!(ben.device()))
    );
    assert_eq!(
        (&during["ahead"], &during["behind"]),
        (&json!(0), &json!(0))
    );

    ben_node.stop();
    let after = until(
        "Ana's node notices that Ben's is gone",
        NOTICE_TIMEOUT,
        || {
            let peer = peer(&ana, &notebook);
            (peer["state"] == "seen").then_some(peer)
        },
    );
    assert_eq!(after["path"], "none");
    assert!(
        after["last_contact"]
            .as_str()
            .is_some_and(|time| time.contains('T')),
        "{after}"
    );

    for number in 1..=3 {
        ana.goal(&notebook, "Written while Ben is away");
        assert_eq!(ana.status_of(&notebook)["pending_out"], number);
    }
    assert_eq!(peer(&ana, &notebook)["behind"], 3);
    ana_node.stop();
    let stopped = ana.ok(&["status"]);
    assert_eq!(stopped["node"]["running"], false);
    assert_eq!(
        stopped["notebooks"][0]["pending_out"], 3,
        "known without a node"
    );
    assert_eq!(
        stopped["notebooks"][0]["peers"][0]["last_contact"],
        after["last_contact"]
    );

    let _nodes = (RunningNode::up(&ana), RunningNode::up(&ben));
    until(
        "Ben's node confirms what was written",
        NOTICE_TIMEOUT,
        || (ana.status_of(&notebook)["pending_out"] == 0).then_some(()),
    );
}

#[test]
fn a_peer_that_was_never_met_is_never() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    pair.await_link();
    ana_node.stop();
    let cleo = Person::new("Cleo");
    let cleo_node = RunningNode::up(&cleo);
    // Ben is an admin too: a notebook of two has no senior.
    cleo.ok(&["join", &ben.ticket(notebook, "observer")]);
    ben_node.stop();
    let met = cleo.status_of(notebook);
    let state = |name: &str| {
        let peers = met["peers"].as_array().unwrap();
        let peer = peers.iter().find(|peer| peer["name"] == name).unwrap();
        (peer["state"].clone(), peer["last_contact"].clone())
    };
    assert_eq!(state("Ana"), (json!("never"), Value::Null));
    assert_ne!(state("Ben").0, "never");
    drop((cleo_node, ana));
}

#[test]
fn every_ticket_that_no_longer_serves_is_refused_with_its_reason() {
    let (pair, mut ana_node, _ben_node) = Pair::on_loopback();
    let Pair { ana, notebook, .. } = &pair;
    let cleo = Person::new("Cleo");
    let _cleo_node = RunningNode::up(&cleo);

    let used = ana.ticket(notebook, "observer");
    let dora = Person::new("Dora");
    dora.ok(&["join", &used]);
    cleo.refused(&["join", &used], 4, "invite_used");

    let expired = ana.ok(&[
        "invite",
        "create",
        notebook,
        "--as",
        "mentee",
        "--expires",
        "1s",
    ]);
    let ticket = expired["ticket"].as_str().unwrap();
    until("the invitation has expired", NOTICE_TIMEOUT, || {
        let list = ana.ok(&["invite", "list", notebook]);
        let invites = list["invites"].as_array().unwrap().clone();
        let state = invites
            .iter()
            .find(|invite| invite["id"] == expired["id"])
            .unwrap();
        (state["state"] == "expired").then_some(())
    });
    cleo.refused(&["join", ticket], 4, "invite_expired");

    let revoked = ana.ok(&["invite", "create", notebook, "--as", "mentee"]);
    ana.ok(&[
        "invite",
        "revoke",
        notebook,
        revoked["id"].as_str().unwrap(),
    ]);
    cleo.refused(
        &["join", revoked["ticket"].as_str().unwrap()],
        4,
        "invite_revoked",
    );

    let honest = ana.ticket(notebook, "mentee");
    let mut guessed: hearth_core::pairing::Ticket = honest.parse().unwrap();
    guessed.secret = hearth_core::pairing::TicketSecret::from_bytes([7; 16]);
    cleo.refused(&["join", &guessed.to_string()], 4, "ticket_invalid");
    let mut unknown: hearth_core::pairing::Ticket = honest.parse().unwrap();
    unknown.invite = hearth_core::ids::ControlHash::from_bytes([7; 32]);
    cleo.refused(&["join", &unknown.to_string()], 4, "ticket_invalid");
    cleo.refused(&["join", &honest[..honest.len() - 9]], 4, "ticket_invalid");
    cleo.refused(&["join", "hearth1madeup"], 4, "ticket_invalid");
    cleo.refused(&["join", "no ticket at all"], 4, "ticket_invalid");
    ana.refused(&["join", &honest], 4, "ticket_invalid");
    assert_eq!(cleo.ok(&["notebook", "list"])["notebooks"], json!([]));

    assert!(ana_node.is_running());
    ana.goal(notebook, "Go on as before");
    pair.agree(NOTICE_TIMEOUT);
    cleo.ok(&["join", &honest]);
}

#[test]
fn joining_nobody_ends_within_its_timeout() {
    let (ana, ben) = (Person::new("Ana"), Person::new("Ben"));
    let node = RunningNode::up(&ana);
    let ticket = ana.ticket(&ana.notebook("Ana and Ben"), "mentee");
    let address = format!("127.0.0.1:{}", node.port());
    node.stop();
    let device = text(&ana.ok(&["status"]), "/device/id");
    let began = std::time::Instant::now();
    let error = ben.refused(
        &["join", &ticket, "--timeout", "2s"],
        13,
        "peer_unreachable",
    );
    let took = began.elapsed();
    let message = text(&error, "/message");
    assert!(
        message.contains(&device) && message.contains(&address),
        "{message}"
    );
    assert_eq!(error["details"]["tried"][0]["device"], device);
    assert_eq!(error["details"]["not_tried"], json!([]));
    assert!(
        took < Duration::from_secs(4),
        "took {} ms",
        took.as_millis()
    );
}

#[test]
fn joining_by_an_absent_device_names_the_inviters_others_as_not_tried() {
    let (ana, ben) = (Person::new("Ana"), Person::new("Ben"));
    let phone = Person::stranger("Ana's phone");
    let node = RunningNode::up(&ana);
    ben.ok(&["join", &ana.ticket(&ana.notebook("First"), "mentee")]);
    accept(&ana, &phone, "ana-phone");
    ben.ok(&["sync"]);
    let ticket = ana.ticket(&ana.notebook("Second"), "mentee");
    node.stop();
    let error = ben.refused(
        &["join", &ticket, "--timeout", "2s"],
        13,
        "peer_unreachable",
    );
    assert_eq!(
        error["details"]["not_tried"][0]["label"], "ana-phone",
        "{error}"
    );
    assert!(text(&error, "/message").contains("ana-phone"), "{error}");
}

#[test]
fn a_ticket_made_before_the_node_runs_serves_once_it_does() {
    let (ana, ben) = (Person::new("Ana"), Person::new("Ben"));
    let notebook = ana.notebook("Ana and Ben");
    let ticket = ana.ticket(&notebook, "mentee");
    // Without a node the ticket names every address of this machine; loopback serves the test.
    let mut local: hearth_core::pairing::Ticket = ticket.parse().unwrap();
    let node = RunningNode::up(&ana);
    assert!(
        local
            .addresses
            .iter()
            .all(|address| address.port() == node.port()),
        "{local:?}"
    );
    local.addresses = vec![([127, 0, 0, 1], node.port()).into()];
    ben.ok(&["join", &local.to_string()]);
}
