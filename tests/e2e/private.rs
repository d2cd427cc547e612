//! What two people sign, seal and keep to themselves, with real processes.

use std::time::Duration;

use hearth_e2e::{Pair, Person, until};
use serde_json::{Value, json};

/// How long both may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

/// Waits until a signature has arrived: it is no change of a document.
fn await_state(person: &Person, notebook: &str, state: &str) {
    until("the agreement's state", AGREE_TIMEOUT, || {
        let shown = person.ok(&["agreement", "show", notebook]);
        (shown["agreement"]["state"] == state).then_some(())
    });
}

#[test]
fn two_people_agree_sign_and_sign_again_after_a_change() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let edit = ["agreement", "edit", notebook, "--topic"];
    let write = |person: &Person, topic: &str, what: &str, text: &str| {
        let mut arguments = edit.to_vec();
        arguments.extend([topic, what, text]);
        person.ok(&arguments)
    };
    write(ana, "purpose", "--mine", "To teach");
    write(ana, "purpose", "--consensus", "To grow.");
    pair.agree(AGREE_TIMEOUT);
    write(ben, "purpose", "--mine", "To learn");
    pair.agree(AGREE_TIMEOUT);
    let page = ben.run(&["agreement", "edit", notebook]).data()["form"].clone();
    let page = page.as_str().expect("a page").to_owned();
    assert!(page.contains("## Answered by Ana\nTo teach"), "{page}");
    let page = page.replace("To grow.", "To grow, both of us.");
    ben.feed(&["agreement", "edit", notebook, "--from", "-"], &page)
        .data();
    pair.agree(AGREE_TIMEOUT);

    ana.refused(&["agreement", "sign", notebook], 2, "confirmation_needed");
    let today = ana.ok(&["today"]);
    assert_eq!(today["agreements"][0]["state"], "unsigned");
    let signed = ana.ok(&["agreement", "sign", notebook, "--yes"]);
    assert_eq!(
        signed["agreement"]["text"],
        "Agreement\n\nPurpose\n  To grow, both of us.\n"
    );
    await_state(ben, notebook, "partly");
    ben.ok(&["agreement", "sign", notebook, "--yes"]);
    await_state(ana, notebook, "signed");
    assert_eq!(ana.ok(&["today"])["agreements"], json!([]));

    write(ana, "exit", "--consensus", "Either of us, without blame.");
    let shown = ana.ok(&["agreement", "show", notebook]);
    assert_eq!(shown["agreement"]["state"], "unsigned");
    pair.agree(AGREE_TIMEOUT);
    drop((_ana_node, _ben_node));
    let told = ben.ok(&["agreement", "log", notebook]);
    let versions = told["versions"].as_array().expect("versions");
    assert_eq!(versions.len(), 2);
    assert_eq!(
        versions[0]["signatures"]
            .as_array()
            .expect("signatures")
            .len(),
        2
    );
    assert_eq!(versions[1]["signatures"], json!([]));
    let verified = ben.ok(&["verify"]);
    assert_eq!(verified["set_aside"], json!([]));
}

#[test]
fn a_sealed_exchange_stays_sealed_until_both_have_committed() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let started = ana.ok(&["sealed", "start", notebook, "--kind", "rating"]);
    let exchange = id(&started["sealed"]);
    ana.feed(
        &[
            "sealed", "commit", &exchange, "--rating", "2", "--from", "-",
        ],
        "Too little challenge",
    )
    .data();
    ana.refused(&["sealed", "open", &exchange], 5, "not_all_committed");
    pair.agree(AGREE_TIMEOUT);
    let export = |person: &Person| {
        person.ok(&[
            "export", notebook, "--format", "json", "--out", "x.json", "--yes",
        ]);
        std::fs::read_to_string(person.folder().join("x.json")).expect("the export")
    };
    assert!(!export(ben).contains("challenge") && !export(ana).contains("challenge"));
    ben.ok(&["sealed", "commit", &exchange, "--rating", "5"]);
    pair.agree(AGREE_TIMEOUT);
    let opened = ana.ok(&["sealed", "open", &exchange]);
    assert_eq!(opened["sealed"]["state"], "opening");
    pair.agree(AGREE_TIMEOUT);
    assert!(
        ben.ok(&["sealed", "list", notebook])
            .to_string()
            .contains("challenge")
    );
    ana.refused(&["sealed", "withdraw", &exchange], 5, "too_late");
    let opened = ben.ok(&["sealed", "open", &exchange]);
    assert_eq!(opened["sealed"]["state"], "open");
    pair.agree(AGREE_TIMEOUT);
    assert_eq!(
        ana.ok(&["sealed", "show", &exchange])["sealed"]["state"],
        "open"
    );
}

#[test]
fn a_journal_is_private_until_an_entry_is_shared() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let added = ana
        .feed(
            &["journal", "add", notebook, "--from", "-"],
            "I hold back.\n",
        )
        .data();
    let entry = id(&added["entry"]);
    ana.goal(notebook, "Speak up");
    pair.agree(AGREE_TIMEOUT);
    assert_eq!(
        ana.ok(&["notebook", "list"])["notebooks"]
            .as_array()
            .expect("list")
            .len(),
        1
    );
    assert_eq!(
        ana.ok(&["journal", "list"])["entries"][0]["text"],
        "I hold back."
    );
    assert_eq!(ben.ok(&["journal", "list"])["entries"], json!([]));
    assert_eq!(ben.ok(&["search", "hold"])["hits"], json!([]));
    ana.refused(
        &["invite", "create", "journal", "--as", "mentee"],
        5,
        "journal_private",
    );
    ana.refused(&["agreement", "show", "journal"], 5, "journal_private");
    ben.refused(&["journal", "show", &entry], 4, "not_found");

    let shared = ana.run(&["journal", "share", &entry, notebook]);
    assert!(
        shared.stderr.contains("readable to Ana, Ben"),
        "{}",
        shared.stderr
    );
    assert_eq!(shared.data()["note"]["text"], "I hold back.");
    pair.agree(AGREE_TIMEOUT);
    let listed = ben.ok(&["journal", "list", notebook]);
    assert_eq!(listed["notes"][0]["text"], "I hold back.");
    let feedback = ben.ok(&["feedback", "give", notebook, "--behaviour", "You spoke up"]);
    assert_eq!(feedback["feedback"]["to"]["name"], "Ana");
    let comment = ben.ok(&["comment", &id(&feedback["feedback"]), "And it helped"]);
    assert_eq!(comment["comment"]["on"], feedback["feedback"]["id"]);
}
