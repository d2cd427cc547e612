//! The end of a relationship: closed on both sides, certified, copied, and the keys destroyed on all of a person's
//! devices.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hearth_e2e::{Pair, Person, RunningNode, accept, text, until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(40);

fn graduation(person: &Person, notebook: &str) -> Value {
    person.ok(&["graduate", notebook, "--status"])["graduation"].clone()
}

fn has_notebook(person: &Person, notebook: &str) -> bool {
    let listed = person.ok(&["notebook", "list"]);
    let mut all = listed["notebooks"].as_array().unwrap().iter();
    all.any(|one| one["id"] == notebook)
}

#[test]
fn a_pair_ends_well_and_one_of_them_forgets() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let goal = ana.goal(notebook, "Speak at the spring meeting");
    ana.ok(&["goal", "edit", &goal, "--owner", "Ben"]);
    ana.ok(&["goal", "status", &goal, "achieved", "--reason", "Twice"]);
    let phone = Person::stranger("Ana");
    accept(ana, &phone, "phone");
    pair.agree(SOON);
    assert!(has_notebook(&phone, notebook));

    // Without a yes nothing ends.
    ben.refused(&["graduate", notebook], 2, "confirmation_needed");
    let page = ben.ok(&["graduate", notebook, "--form"]);
    let page = text(&page, "/form").replace("# Thanks\n", "# Thanks\nFor the Tuesday.\n");
    let said = ben
        .feed(&["graduate", notebook, "--from", "-"], &page)
        .data();
    assert_eq!(said["done"], json!(["said"]));
    let certified = ana.ok(&[
        "graduate",
        notebook,
        "--certify",
        "Ben",
        "--words",
        "He listens first.",
        "--close",
        "--yes",
    ]);
    assert_eq!(certified["done"], json!(["certified", "closed"]));
    until("Ben's device has heard", SOON, || {
        (graduation(ben, notebook)["frozen"] == true).then_some(())
    });
    let error = ben.refused(&["goal", "add", notebook, "More"], 5, "notebook_closed");
    assert!(
        text(&error, "/message").contains("closed by Ana"),
        "{error}"
    );

    // Each side takes its own.
    let taken = ben.ok(&[
        "graduate",
        notebook,
        "--certificate",
        "certificate.txt",
        "--copy",
        "notebook.hearthsg",
    ]);
    assert_eq!(taken["files"].as_array().unwrap().len(), 3, "{taken}");
    let eve = Person::stranger("Eve");
    for file in ["certificate.txt", "notebook.hearthsg"] {
        std::fs::copy(ben.folder().join(file), eve.folder().join(file)).unwrap();
        eve.ok(&["verify", file]);
    }
    let verified = eve.ok(&["verify", "certificate.txt"]);
    let words = text(&verified, "/statement/words");
    assert!(
        words.contains("Speak at the spring meeting: Twice"),
        "{words}"
    );
    assert!(words.contains("He listens first."), "{words}");
    assert_eq!(
        verified["statement"]["signed_by"]["person"],
        json!(ana.id())
    );
    assert!(!eve.home().exists(), "it needs no identity");
    let forged = std::fs::read_to_string(eve.folder().join("certificate.txt")).unwrap();
    let forged = forged.replace("listens first", "always talks");
    std::fs::write(eve.folder().join("certificate.txt"), forged).unwrap();
    eve.refused(&["verify", "certificate.txt"], 14, "damaged");

    // Ana's phone is off meanwhile.
    let gone = ana.ok(&["graduate", notebook, "--destroy", "--yes"])["graduation"].clone();
    assert_eq!(
        (&gone["destroyed"], &gone["receipt_heard"]),
        (&json!(true), &json!(true))
    );
    assert!(!has_notebook(ana, notebook));
    let heard = graduation(ben, notebook);
    let receipt = &heard["receipts"][0];
    assert_eq!(
        (&receipt["name"], &receipt["signed"]),
        (&json!("Ana"), &json!(true))
    );
    assert!(has_notebook(&phone, notebook), "it has not heard yet");
    let phone_node = RunningNode::up(&phone);
    until("the phone has heard and done the same", SOON, || {
        (!has_notebook(&phone, notebook)).then_some(())
    });
    until("Ben knows of both", SOON, || {
        let devices = graduation(ben, notebook)["devices"].clone();
        let mut own = devices
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["name"] == "Ana");
        own.all(|one| one["destroyed_at"].is_string()).then_some(())
    });
    // Neither comes to it again by the other, nor by Ben; and each stays the device that it was.
    phone_node.stop();
    let phone_node = RunningNode::up(&phone);
    ana.ok(&["journal", "add", "--text", "Done."]);
    until("the phone has the entry", SOON, || {
        let entries = phone.ok(&["journal", "list"]);
        (entries["entries"].as_array().unwrap().len() == 1).then_some(())
    });
    for person in [ana, &phone] {
        assert!(!has_notebook(person, notebook));
        assert_eq!(person.ok(&["verify"])["enrolled_anew"], Value::Null);
        let left = graduation(person, notebook);
        assert_eq!(left["receipts"].as_array().unwrap().len(), 2, "{left}");
    }
    let destroyed = ana
        .plain(&["graduate", notebook, "--status"])
        .output()
        .unwrap();
    let words = String::from_utf8(destroyed.stdout).unwrap();
    assert!(
        words.contains("Keys destroyed on this device.")
            && words.contains("said that it destroys them"),
        "{words}"
    );
    assert_eq!(
        ben.goals(notebook),
        ["Speak at the spring meeting"],
        "Ben's copy is Ben's"
    );
    ana_node.stop();
    ben_node.stop();
    phone_node.stop();
}

#[test]
fn both_open_again_what_one_closed() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let notebook = pair.notebook.as_str();
    // The phase alone is a word.
    pair.ben.ok(&["notebook", "phase", notebook, "closed"]);
    pair.ben
        .ok(&["notebook", "phase", notebook, "winding-down"]);
    pair.ben.ok(&["graduate", notebook, "--close", "--yes"]);
    pair.agree(SOON);
    let wanted = pair.ana.ok(&["graduate", notebook, "--reopen"])["graduation"].clone();
    assert_eq!(wanted["frozen"], true);
    assert_eq!(wanted["reopening"]["lacks"][0]["name"], "Ben");
    pair.agree(SOON);
    let open = pair.ben.ok(&["graduate", notebook, "--reopen"])["graduation"].clone();
    assert_eq!(open["frozen"], false);
    pair.agree(SOON);
    pair.ana.goal(notebook, "Go on");
}

/// Runs `graduate` as somebody who sits at a terminal and types; returns what stood on it.
fn walks(person: &Person, notebook: &str, typed: &[&str]) -> String {
    let command = person.plain(&["graduate", notebook]);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    // It gives the program a terminal of its own, and types what comes in.
    let mut terminal = person.program(Path::new("script"));
    terminal.args(["-q", "-e", "-c", &words.join(" "), "/dev/null"]);
    let mut terminal = terminal.stdin(Stdio::piped()).spawn().unwrap();
    let mut keys = terminal.stdin.take().unwrap();
    let lines: String = typed.iter().map(|line| format!("{line}\n")).collect();
    keys.write_all(lines.as_bytes()).unwrap();
    let shown = terminal.wait_with_output().unwrap();
    drop(keys);
    let page = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success(), "{page}");
    page
}

#[test]
fn at_a_terminal_the_end_is_walked_through_and_taken_up_where_it_was_left() {
    let (mut pair, _ana_node, _ben_node) = Pair::on_loopback();
    let editor = pair.ana.folder().join("editor");
    std::fs::write(
        &editor,
        "#!/bin/sh\nsed -i 's/^# Thanks$/# Thanks\\nFor the Tuesday./' \"$1\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&editor, Permissions::from_mode(0o700)).unwrap();
    pair.ana.set("VISUAL", editor.to_str().unwrap());
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, pair.notebook.as_str());
    let goal = ana.goal(notebook, "Speak at the spring meeting");
    ana.ok(&["goal", "edit", &goal, "--owner", "Ben"]);
    ana.ok(&["goal", "status", &goal, "achieved", "--reason", "Twice"]);

    // Words, no certificate yet, and no closing: a no is an answer, and nothing is lost by it.
    let page = walks(ana, notebook, &["y", "n", "n"]);
    let stands = graduation(ana, notebook);
    assert_eq!(stands["frozen"], false, "{page}");
    assert!(stands.to_string().contains("For the Tuesday."), "{stands}");
    assert_eq!(stands["certificates"], json!([]));

    // Another day: the certificate as it was shown, and the closing.
    let page = walks(ana, notebook, &["n", "y", "n", "y", "y"]);
    let asked = [
        "Sign a certificate of what Ben achieved?",
        "Speak at the spring meeting: Twice",
        "Sign exactly this certificate?",
        "Close this notebook?",
    ];
    let mut rest = page.as_str();
    for words in asked {
        let (_, behind) = rest
            .split_once(words)
            .unwrap_or_else(|| panic!("{words} is missing: {page}"));
        rest = behind;
    }
    let stands = graduation(ana, notebook);
    assert_eq!(stands["frozen"], true, "{page}");
    assert_eq!(stands["certificates"][0]["of"]["name"], "Ben");

    // Ben still says what he has to say, and is not asked to close what is closed.
    until("Ben's device has heard", SOON, || {
        (graduation(ben, notebook)["frozen"] == true).then_some(())
    });
    let page = walks(ben, notebook, &["n", "n"]);
    assert!(page.contains("what Ana achieved?"), "{page}");
    assert!(!page.contains("Close this notebook?"), "{page}");
}
