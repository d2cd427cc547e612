//! Files of resources: added by one, fetched by another, cut in the middle, damaged, made up, backed up.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hearth_core::file::HeldFile;
use hearth_core::ids::FileRoot;
use hearth_core::storage::{Space, Storage as _};
use hearth_e2e::{Cost, Pair, Person, Random, RunningNode, export, text, until};
use serde_json::{Value, json};

use crate::tamper::{id_of, open};

const SOON: Duration = Duration::from_secs(60);
const MIB: usize = 1024 * 1024;

/// Makes a file of so many bytes that no compression makes shorter.
fn make(folder: &Path, name: &str, bytes: usize) -> PathBuf {
    let path = folder.join(name);
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let mut random = Random::new(bytes as u64);
    let mut left = bytes;
    while left > 0 {
        let word = random.next().to_le_bytes();
        let part = left.min(word.len());
        file.write_all(&word[..part]).unwrap();
        left -= part;
    }
    file.flush().unwrap();
    path
}

fn hash(path: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(std::fs::File::open(path).unwrap())
        .unwrap();
    hasher.finalize().to_hex().to_string()
}

/// Adds a file to a notebook; returns the resource.
#[track_caller]
fn add(person: &Person, notebook: &str, path: &Path) -> Value {
    let path = path.to_str().unwrap();
    let added = person.ok(&["resource", "add", notebook, "Slides", "--file", path]);
    assert_eq!(added["resource"]["file"]["here"], true);
    added["resource"].clone()
}

/// Waits until somebody has heard of the only resource of a notebook; returns its id.
#[track_caller]
fn heard(person: &Person, notebook: &str) -> String {
    until("the resource is here", SOON, || {
        let listed = person.ok(&["resource", "list", notebook]);
        listed["resources"][0]["id"].as_str().map(str::to_owned)
    })
}

fn file_of(person: &Person, id: &str) -> Value {
    person.ok(&["resource", "show", id])["resource"]["file"].clone()
}

/// Puts other bytes in the place of some chunks on the disk of somebody whose node does not run.
fn replace(person: &Person, notebook: &str, pieces: std::ops::Range<u32>) {
    let mut host = open(person);
    let notebook = id_of(notebook);
    let records = host.storage.scan(notebook, Space::File).unwrap();
    let (root, held) = &records[0];
    let root = FileRoot::from_bytes(root.as_slice().try_into().unwrap());
    let held = HeldFile::decode(held).unwrap();
    for piece in pieces {
        let mut bytes = held.piece(&host.storage, notebook, piece).unwrap().unwrap();
        bytes[7] ^= 1;
        host.storage
            .commit(notebook, &[held.put(piece, bytes), held.put_record(root)])
            .unwrap();
    }
}

#[test]
fn a_file_is_fetched_killed_in_the_middle_and_goes_on_where_it_was() {
    let (pair, _ana_node, ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let slides = make(ana.folder(), "slides.bin", 50 * MIB);
    let added = add(ana, notebook, &slides);
    assert_eq!(added["file"]["name"], "slides.bin");
    assert_eq!(added["file"]["bytes"], 50 * MIB);
    assert_eq!(added["file"]["hash"], hash(&slides));
    let id = heard(ben, notebook);
    let before = file_of(ben, &id);
    assert_eq!(
        (&before["here"], &before["parts_here"]),
        (&json!(false), &json!(0))
    );
    let mut getting = ben.command(&["resource", "get", &id]).spawn().unwrap();
    until("some of it is here", SOON, || {
        let here = file_of(ben, &id)["parts_here"].as_u64()?;
        (here > 20).then_some(())
    });
    ben_node.kill();
    getting.kill().unwrap();
    getting.wait().unwrap();
    assert!(
        !ben.folder().join("slides.bin").exists(),
        "no half of a file"
    );
    let cut = file_of(ben, &id)["parts_here"].as_u64().unwrap();
    assert!(cut > 20 && cut < 201, "{cut} parts when it was cut");
    let _ben_node = RunningNode::up(ben);
    let got = ben.ok(&["resource", "get", &id]);
    assert_eq!(got["parts_fetched"], 201 - cut, "the rest and no more");
    let copy = ben.folder().join("slides.bin");
    assert_eq!(got["out"], copy.to_str().unwrap());
    assert_eq!(hash(&copy), hash(&slides));
    // Nothing is overwritten unasked, and what is here needs nobody.
    ben.refused(&["resource", "get", &id], 2, "file_exists");
    let again = ben.ok(&["resource", "get", &id, "--out", "again.bin"]);
    assert_eq!(again["parts_fetched"], 0);
    assert_eq!(ben.ok(&["verify"])["files"], 1);
    assert_eq!(export(ana, notebook), export(ben, notebook));
}

#[test]
fn without_a_node_a_command_adds_fetches_and_says_who_to_wait_for() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    for name in ["empty.txt", "small.txt"] {
        let bytes = name.len() - "empty.txt".len();
        make(ana.folder(), name, bytes);
    }
    ana_node.stop();
    let slides = make(ana.folder(), "slides.bin", 3 * MIB + 5);
    let id = text(&add(ana, notebook, &slides), "/id");
    let ana_node = RunningNode::up(ana);
    heard(ben, notebook);
    ben_node.stop();
    ana_node.stop();
    let error = ben.refused(
        &["resource", "get", &id, "--timeout", "1s"],
        13,
        "file_out_of_reach",
    );
    assert!(text(&error, "/hint").contains("Ana added it"), "{error}");
    let _ana_node = RunningNode::up(ana);
    // The command runs a node of its own.
    ben.ok(&["resource", "get", &id]);
    assert_eq!(hash(&ben.folder().join("slides.bin")), hash(&slides));
    for name in ["empty.txt", "small.txt"] {
        let added = ana.ok(&["resource", "add", notebook, name, "--file", name]);
        let id = text(&added, "/resource/id");
        let folder = ana.folder().join("got");
        std::fs::create_dir_all(&folder).unwrap();
        let got = ana.ok(&["resource", "get", &id, "--out", "got"]);
        assert_eq!(got["out"], folder.join(name).to_str().unwrap());
        assert_eq!(hash(&folder.join(name)), hash(&ana.folder().join(name)));
    }
}

#[test]
fn a_name_that_leads_elsewhere_or_lies_is_only_a_name() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    make(ana.folder(), "x", 10);
    for (name, expected) in [
        ("../../.bashrc", "_.._.bashrc"),
        ("/etc/passwd", "_etc_passwd"),
        ("photo\u{202e}gpj.exe", "photogpj.exe"),
        ("-rf", "_-rf"),
        ("NUL", "_NUL"),
    ] {
        let name = format!("--name={name}");
        let added = ana.ok(&["resource", "add", &notebook, "T", "--file", "x", &name]);
        assert_eq!(added["resource"]["file"]["name"], expected);
        let id = text(&added, "/resource/id");
        let got = ana.ok(&["resource", "get", &id]);
        assert_eq!(got["out"], ana.folder().join(expected).to_str().unwrap());
    }
    let large = std::fs::File::create(ana.folder().join("large")).unwrap();
    large.set_len(2 * 1024 * MIB as u64 + 1).unwrap();
    ana.refused(
        &["resource", "add", &notebook, "T", "--file", "large"],
        2,
        "file_too_large",
    );
    let linked = ana.ok(&[
        "resource",
        "add",
        &notebook,
        "L",
        "--link",
        "https://a.example",
    ]);
    let id = text(&linked, "/resource/id");
    ana.refused(&["resource", "get", &id], 4, "no_file");
}

#[test]
fn what_a_modified_store_sends_is_refused_and_its_device_named() {
    let (pair, ana_node, _ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let slides = make(ana.folder(), "slides.bin", MIB);
    add(ana, notebook, &slides);
    let id = heard(ben, notebook);
    ana_node.stop();
    replace(ana, notebook, 1..5);
    let _ana_node = RunningNode::up(ana);
    let error = ben.refused(
        &["resource", "get", &id, "--timeout", "5s"],
        13,
        "file_out_of_reach",
    );
    let hint = text(&error, "/hint");
    let named = format!(
        "Sent something else, which was not taken: Ana's {}",
        ana.device()
    );
    assert!(hint.contains(&named), "{hint}");
    assert_eq!(file_of(ben, &id)["parts_here"], 1, "the list alone");
    ben.ok(&["verify"]);
}

#[test]
fn verify_names_a_damaged_file_and_get_fetches_what_is_damaged() {
    let (pair, ana_node, _ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let slides = make(ana.folder(), "slides.bin", 2 * MIB);
    let id = text(&add(ana, notebook, &slides), "/id");
    heard(ben, notebook);
    ben.ok(&["resource", "get", &id]);
    ana_node.stop();
    replace(ana, notebook, 3..4);
    let error = ana.refused(&["verify"], 14, "damaged");
    let message = text(&error, "/message");
    assert!(message.contains("part 3 of file slides.bin"), "{message}");
    let _ana_node = RunningNode::up(ana);
    let got = ana.ok(&["resource", "get", &id, "--out", "again.bin"]);
    assert_eq!(got["resource"]["file"]["here"], true);
    assert_eq!(hash(&ana.folder().join("again.bin")), hash(&slides));
    assert_eq!(ana.ok(&["verify"])["files"], 1);
}

#[test]
fn a_backup_holds_the_files_that_are_here() {
    let (pair, _ana_node, _ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let slides = make(ana.folder(), "slides.bin", 2 * MIB + 3);
    let id = text(&add(ana, notebook, &slides), "/id");
    heard(ben, notebook);
    // One who has it and one who has only heard of it.
    for (person, files) in [(ana, 1), (ben, 0)] {
        let made = person.ok(&["backup", "create", "b.backup", "--phrase-only"]);
        assert_eq!(made["files"], files);
    }
    let mut owner = Person::stranger("Chloe");
    owner.set("HEARTH_PASSPHRASE", "a horse, a battery");
    owner.set("HEARTH_TEST_WEAK_KDF", "1");
    owner.ok(&["init", "--name", "Chloe", "--unlock", "bare", "--yes"]);
    let mine = owner.notebook("Chloe alone");
    let id_of_mine = text(&add(&owner, &mine, &slides), "/id");
    owner.ok(&["backup", "create", "b.backup"]);
    assert_eq!(owner.ok(&["backup", "check", "b.backup"])["files"], 1);
    let mut new = Person::stranger("Chloe");
    new.set("HEARTH_PASSPHRASE", "a horse, a battery");
    new.set("HEARTH_TEST_WEAK_KDF", "1");
    let file = owner.folder().join("b.backup");
    let restored = new.ok(&[
        "backup",
        "restore",
        file.to_str().unwrap(),
        "--unlock",
        "bare",
        "--yes",
    ]);
    assert_eq!(restored["files"], 1);
    let got = new.ok(&["resource", "get", &id_of_mine, "--out", "restored.bin"]);
    assert_eq!(got["parts_fetched"], 0);
    assert_eq!(hash(&new.folder().join("restored.bin")), hash(&slides));
    assert_eq!(new.ok(&["verify"])["files"], 1);
    let _unused = id;
    // A byte of it that is changed is named.
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    owner.refused(&["backup", "check", "b.backup"], 14, "damaged");
}

#[test]
#[ignore = "needs minutes, and a gigabyte of disk"]
fn a_large_file_takes_no_more_memory_than_a_small_one() {
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    let slides = make(ana.folder(), "slides.bin", 300 * MIB);
    let peak = |node: &RunningNode| Cost::of(node.pid()).memory_peak_kib / 1024;
    let before = (peak(&ana_node), peak(&ben_node));
    let began = Instant::now();
    let id = text(&add(ana, notebook, &slides), "/id");
    let added = began.elapsed();
    heard(ben, notebook);
    let began = Instant::now();
    ben.ok(&["resource", "get", &id]);
    let fetched = began.elapsed();
    let after = (peak(&ana_node), peak(&ben_node));
    assert_eq!(hash(&ben.folder().join("slides.bin")), hash(&slides));
    eprintln!(
        "300 MiB: added in {added:.1?}, fetched in {fetched:.1?}; peak memory of the nodes in MiB {before:?} before, \
         {after:?} after"
    );
    assert!(
        after.0 < before.0 + 64 && after.1 < before.1 + 64,
        "{before:?} {after:?}"
    );
}
