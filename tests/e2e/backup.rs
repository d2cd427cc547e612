//! A backup: made while the node runs, checked, damaged, restored, and taken in again.

use std::path::PathBuf;
use std::time::Duration;

use hearth_e2e::{Person, Ran, RunningNode, accept, agree, export, text};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
const PASSPHRASE: &str = "a horse, a battery";

/// Ana with a notebook with Ben and a journal, and her backup; both nodes run.
struct Kept {
    ana: Person,
    ben: Person,
    notebook: String,
    phrase: String,
    file: PathBuf,
    nodes: (RunningNode, RunningNode),
}

impl Kept {
    fn new() -> Self {
        let ben = Person::new("Ben");
        let mut ana = Person::stranger("Ana");
        let made = ana.ok(&[
            "init", "--name", "Ana", "--device", "laptop", "--unlock", "bare", "--yes",
        ]);
        weakly(&mut ana);
        let phrase = text(&made, "/recovery_phrase");
        let notebook = ana.notebook("Ana and Ben");
        let nodes = (RunningNode::up(&ana), RunningNode::up(&ben));
        ben.ok(&["join", &ana.ticket(&notebook, "mentee")]);
        let session = ana.session(&notebook);
        for round in 0..20 {
            ana.goal(&notebook, &format!("Goal {round}"));
            let line = format!("Line {round}\n");
            ana.feed(
                &["session", "notes", &session, "--append", "--from", "-"],
                &line,
            )
            .data();
        }
        ana.ok(&["journal", "add", "--text", "Dear diary"]);
        ana.ok(&["config", "set", "reminders.quiet", "21:00-06:30"]);
        ana.ok(&["config", "set", "zone", "Europe/Lisbon"]);
        agree(&[&ana, &ben], &notebook, SOON);
        let file = ana.folder().join("notes.backup");
        let created = ana.ok(&["backup", "create", "notes.backup"]);
        assert_eq!(created["notebooks"], 2, "the journal is one of them");
        Self {
            ana,
            ben,
            notebook,
            phrase,
            file,
            nodes,
        }
    }

    fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }

    /// A new home out of the backup.
    fn restored(&self) -> Person {
        let mut new = Person::stranger("Ana");
        weakly(&mut new);
        let restored = new.ok(&[
            "backup",
            "restore",
            self.path(),
            "--label",
            "new laptop",
            "--unlock",
            "bare",
            "--yes",
        ]);
        assert_eq!(restored["notebooks"], 2);
        assert_eq!(restored["device"]["label"], "new laptop");
        new
    }
}

fn weakly(person: &mut Person) {
    person.set("HEARTH_PASSPHRASE", PASSPHRASE);
    person.set("HEARTH_TEST_WEAK_KDF", "1");
}

fn journal(person: &Person) -> Vec<String> {
    let data = person.ok(&["journal", "list"]);
    let entries = data["entries"].as_array().unwrap();
    entries.iter().map(|entry| text(entry, "/text")).collect()
}

#[test]
fn a_restored_backup_equals_its_original_and_reads_only() {
    let kept = Kept::new();
    let checked = kept.ana.ok(&["backup", "check", kept.path()]);
    assert!(checked["entries"].as_u64().unwrap() >= 40, "{checked}");
    assert_eq!(checked["backup"]["person"]["name"], "Ana");
    let new = kept.restored();
    assert_eq!(
        export(&kept.ana, &kept.notebook),
        export(&new, &kept.notebook)
    );
    assert_eq!(journal(&new), ["Dear diary"]);
    assert_eq!(
        (&checked["settings"], new.ok(&["config", "list"])),
        (&json!(2), kept.ana.ok(&["config", "list"]))
    );
    let before = kept.ana.ok(&["device", "list"]);
    let error = new.refused(&["goal", "add", &kept.notebook, "More"], 5, "not_taken_in");
    assert!(text(&error, "/hint").contains("hearth recover"), "{error}");
    assert!(
        new.ok(&["status"])["warning"]
            .as_str()
            .unwrap()
            .contains("backup")
    );
    assert_eq!(
        kept.ana.ok(&["device", "list"])["devices"],
        before["devices"]
    );
    let verified = new.ok(&["verify"]);
    assert_eq!(verified["set_aside"].as_array().unwrap().len(), 0);
    // It never goes into a home that is somebody's.
    let again = [
        "backup",
        "restore",
        kept.path(),
        "--unlock",
        "bare",
        "--yes",
    ];
    new.refused(&again, 1, "already_initialised");
}

#[test]
fn the_phrase_alone_opens_a_backup_and_takes_the_new_device_in() {
    let kept = Kept::new();
    let mut new = Person::stranger("Ana");
    weakly(&mut new);
    new.unset("HEARTH_PASSPHRASE");
    let path = kept.path();
    new.feed(&["backup", "check", path, "--phrase"], &kept.phrase)
        .data();
    let restore = [
        "backup", "restore", path, "--phrase", "--unlock", "bare", "--yes",
    ];
    new.feed(&restore, &kept.phrase).data();
    let Kept {
        ana,
        ben,
        notebook,
        phrase,
        nodes: (ana_node, ben_node),
        ..
    } = kept;
    // The old device is gone for good, and so is the network.
    ana_node.stop();
    drop(ana);
    let contact = ben.ok(&["device", "contact"]);
    let recover = [
        "recover",
        "--contact",
        &text(&contact, "/ticket"),
        "--label",
        "phoenix",
        "--revoke-others",
        "--unlock",
        "bare",
        "--yes",
    ];
    let recovered = new.feed(&recover, &phrase).data();
    assert_eq!(recovered["device"]["label"], "phoenix");
    // Nobody was asked, so there is nothing to say of what anybody gave.
    assert_eq!(recovered["from_backup"], true);
    assert!(recovered["recovered"].is_null(), "{recovered}");
    new.goal(&notebook, "Written again");
    new.ok(&["journal", "add", "--text", "Back"]);
    assert_eq!(journal(&new).len(), 2);
    assert!(new.ok(&["status"])["warning"].is_null());
    // Ben does not know the new device. It finds him, and he hears of it.
    let node = RunningNode::up(&new);
    agree(&[&new, &ben], &notebook, SOON);
    assert!(ben.goals(&notebook).contains(&"Written again".to_owned()));
    let members = ben.ok(&["member", "list", &notebook]);
    let all = members["members"].as_array().unwrap();
    let devices = &all.iter().find(|member| member["name"] == "Ana").unwrap()["devices"];
    assert_eq!(devices.as_array().unwrap().len(), 1, "{devices}");
    assert_eq!(devices[0]["label"], "phoenix");
    node.stop();
    ben_node.stop();
}

#[test]
fn another_device_takes_a_restored_one_in() {
    let kept = Kept::new();
    kept.ana.goal(&kept.notebook, "After the backup");
    let new = kept.restored();
    let accepted = accept(&kept.ana, &new, "second laptop");
    assert_eq!(accepted["arrived"], 2, "{accepted}");
    assert!(
        new.goals(&kept.notebook)
            .contains(&"After the backup".to_owned())
    );
    new.goal(&kept.notebook, "From the second");
    let _node = RunningNode::up(&new);
    agree(&[&kept.ana, &kept.ben, &new], &kept.notebook, SOON);
    assert!(kept.nodes.0.ready()["pid"].is_number());
}

fn refused(person: &Person, bytes: &[u8], what: &str) -> Value {
    let path = person.folder().join("altered.backup");
    std::fs::write(&path, bytes).unwrap();
    let arguments = ["backup", "check", "altered.backup"];
    let ran = person.run(&arguments);
    assert_ne!(ran.exit, Some(0), "{what}");
    ran.json()["error"].clone()
}

#[test]
fn whatever_is_changed_in_a_backup_is_named_and_nothing_is_restored_from_it() {
    let kept = Kept::new();
    let whole = std::fs::read(&kept.file).unwrap();
    let length = whole.len();
    // In the middle of what it holds: the records before it and after it are still read.
    let mut altered = whole.clone();
    altered[length * 2 / 3] ^= 1;
    let error = refused(&kept.ana, &altered, "a byte in the middle");
    assert_eq!(error["code"], "damaged");
    let damaged = error["details"]["damaged"].as_array().unwrap();
    let places: Vec<_> = damaged.iter().map(|one| text(one, "/place")).collect();
    assert!(
        places
            .iter()
            .any(|place| place.contains("notebook") || place.contains("part")),
        "{places:?}"
    );
    for place in (0..length).step_by(length / 40 + 1).chain([length - 1]) {
        let mut altered = whole.clone();
        altered[place] ^= 0x40;
        refused(&kept.ana, &altered, &format!("byte {place} of {length}"));
    }
    for end in [0, 7, 12, 100, length / 2, length - 1] {
        refused(
            &kept.ana,
            &whole[..end],
            &format!("cut at {end} of {length}"),
        );
    }
    let mut longer = whole.clone();
    longer.extend_from_slice(&[0; 40]);
    refused(&kept.ana, &longer, "something behind the end");
    std::fs::write(kept.ana.folder().join("altered.backup"), &altered).unwrap();
    let mut new = Person::stranger("Ana");
    weakly(&mut new);
    let path = kept.ana.folder().join("altered.backup");
    let restore = [
        "backup",
        "restore",
        path.to_str().unwrap(),
        "--unlock",
        "bare",
        "--yes",
    ];
    new.refused(&restore, 14, "damaged");
    assert!(!new.home().exists(), "nothing is left of it");
    let page = kept.ana.plain(&["backup", "check", path.to_str().unwrap()]);
    let page = Ran::new(&["backup check"], { page }.output().unwrap());
    assert!(page.stderr.contains("part "), "{page:?}");
}

#[test]
fn a_backup_shows_nothing_to_whoever_cannot_open_it() {
    let kept = Kept::new();
    let bytes = std::fs::read(&kept.file).unwrap();
    for word in ["Goal", "Line", "Dear diary", "Ana", "laptop", "Ben"] {
        let found = bytes.windows(word.len()).any(|at| at == word.as_bytes());
        assert!(!found, "{word}");
    }
    let mut other = Person::stranger("Eve");
    other.set("HEARTH_PASSPHRASE", "another");
    other.set("HEARTH_TEST_WEAK_KDF", "1");
    other.refused(&["backup", "check", kept.path()], 12, "wrong_passphrase");
    let phrase = text(
        &Person::stranger("Cleo").ok(&[
            "init", "--name", "Cleo", "--device", "x", "--unlock", "bare", "--yes",
        ]),
        "/recovery_phrase",
    );
    other
        .feed(&["backup", "check", kept.path(), "--phrase"], &phrase)
        .error(5, "phrase_not_in_force");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(&kept.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
