//! An admission that nobody heard of before the device that gave it was taken off: real processes.

use std::time::Duration;

use hearth_e2e::{Person, RunningNode, accept, agree, until};

const SOON: Duration = Duration::from_secs(90);

#[test]
fn whoever_was_let_in_by_a_device_that_was_taken_off_unheard_is_told_so_and_what_to_do() {
    let (ana, phone) = (Person::new("Ana"), Person::stranger("Ana"));
    let (ben, chloe) = (Person::new("Ben"), Person::new("Chloe"));
    let made = ana.ok(&["notebook", "create", "Three of us", "--form", "group"]);
    let notebook = made["notebook"]["id"].as_str().expect("an id").to_owned();
    let laptop_node = RunningNode::up(&ana);
    let ben_node = RunningNode::up(&ben);
    ben.ok(&["join", &ana.ticket(&notebook, "mentor")]);
    accept(&ana, &phone, "phone");
    let phone_node = RunningNode::up(&phone);
    agree(&[&ana, &phone, &ben], &notebook, SOON);
    ben_node.stop();
    phone_node.stop();
    // Chloe comes in by the laptop, which is then lost before anybody else has heard of her.
    let ticket = ana.ticket(&notebook, "mentee");
    chloe.ok(&["join", &ticket]);
    chloe.goal(&notebook, "Written while nobody knew");
    laptop_node.stop();
    phone.ok(&["device", "revoke", "ana-laptop", "--yes"]);
    let nodes = [RunningNode::up(&phone), RunningNode::up(&ben)];
    agree(&[&phone, &ben], &notebook, SOON);

    let chloe_node = RunningNode::up(&chloe);
    let departed = until("Chloe hears why she is in nobody's list", SOON, || {
        let departed = chloe.status_of(&notebook)["departed"].clone();
        departed.is_object().then_some(departed)
    });
    assert_eq!(departed["kind"], "voided");
    let message = departed["message"].as_str().expect("a message");
    for part in ["ana-laptop", "phone", "new invitation", "is kept"] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
    let again = chloe.refused(&["join", &ticket], 4, "invite_used");
    assert_eq!(again["message"], message, "{again}");
    chloe.refused(&["goal", "add", &notebook, "One more"], 5, "not_a_member");
    // It counts nowhere until she is let in again, on her own device too, and is kept.
    assert!(chloe.goals(&notebook).is_empty());
    chloe.refused(&["sync", &notebook], 5, "not_a_member");

    // The others are told who came, and by whom.
    let told = until("somebody was told that she came", SOON, || {
        [&phone, &ben].iter().find_map(|person| {
            let listed = person.ok(&["member", "list", &notebook]);
            let first = listed["turned_away"][0].clone();
            first.is_object().then_some(first)
        })
    });
    assert_eq!(told["name"], "Chloe");
    assert_eq!(told["by"]["device"], "ana-laptop");

    // A new invitation is all that it takes.
    let ticket = phone.ticket(&notebook, "mentee");
    chloe.ok(&["join", &ticket]);
    agree(&[&phone, &ben, &chloe], &notebook, SOON);
    assert_eq!(ben.goals(&notebook), ["Written while nobody knew"]);
    for person in [&phone, &ben, &chloe] {
        person.ok(&["verify"]);
        let status = person.status_of(&notebook);
        assert_eq!(status["turned_away"], serde_json::json!([]), "{status}");
    }
    for node in nodes.into_iter().chain([chloe_node]) {
        node.stop();
    }
}
