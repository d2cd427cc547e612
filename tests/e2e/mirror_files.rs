//! Files by a mirror, as real processes: whoever added one and whoever wants it are never online together.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hearth_e2e::{Person, Ran, Random, RunningNode, files_with, text, until};
use serde_json::{Value, json};

use crate::mirror::{apart, mirror_up, mirrors};

const SOON: Duration = Duration::from_secs(90);
const MIB: usize = 1024 * 1024;
const CANARY: &str = "what the file says between the lines";
const NAME: &str = "plan-of-the-garden.bin";

/// Makes a file of so many bytes, with a sentence every now and then.
fn make(folder: &Path, bytes: usize) -> PathBuf {
    let path = folder.join(NAME);
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let mut random = Random::new(bytes as u64);
    let mut written = 0;
    while written < bytes {
        let part = match written % 8_192 {
            0 => CANARY.as_bytes().to_vec(),
            _ => random.next().to_le_bytes().to_vec(),
        };
        let part = &part[..part.len().min(bytes - written).min(8_192 - written % 8_192)];
        file.write_all(part).unwrap();
        written += part.len();
    }
    file.flush().unwrap();
    path
}

fn hash(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    blake3::hash(&bytes).to_hex().to_string()
}

fn add(person: &Person, notebook: &str, path: &Path) {
    let path = path.to_str().unwrap();
    person.ok(&["resource", "add", notebook, "The garden", "--file", path]);
}

fn get(person: &Person, notebook: &str) -> PathBuf {
    let id = until("the resource is here", SOON, || {
        let listed = person.ok(&["resource", "list", notebook]);
        listed["resources"][0]["id"].as_str().map(str::to_owned)
    });
    let got = person.ok(&["resource", "get", &id]);
    PathBuf::from(text(&got, "/out"))
}

fn files_of(person: &Person, notebook: &str) -> Value {
    mirrors(person, notebook)[0]["files"].clone()
}

#[test]
fn a_file_reaches_somebody_who_is_never_online_with_whoever_added_it() {
    let (pair, mirror, running) = apart(&[]);
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, &pair.notebook);
    let plan = make(ana.folder(), 20 * MIB);
    let ana_node = RunningNode::up(ana);
    add(ana, notebook, &plan);
    until("the mirror has begun with it", SOON, || {
        let status = mirror.ok(&["status"]);
        (status["notebooks"][0]["files"] == 1).then_some(())
    });
    running.kill();
    let files = files_of(ana, notebook);
    assert_eq!(files["missing"][0]["why"], "not_yet", "{files}");
    assert_eq!(files["missing"][0]["name"], NAME);
    let running = mirror_up(&mirror);
    until("the mirror has all of it", SOON, || {
        (files_of(ana, notebook) == json!({"here": 1, "kept": 1, "missing": []})).then_some(())
    });
    ana_node.stop();

    let ben_node = RunningNode::up(ben);
    let got = get(ben, notebook);
    assert_eq!(hash(&got), hash(&plan));
    ben_node.stop();
    let status = mirror.ok(&["status"]);
    assert!(
        status["notebooks"][0]["files_bytes"].as_u64() > Some(20 * MIB as u64),
        "{status}"
    );
    assert_eq!(mirror.ok(&["verify"])["notebooks"], 1);
    running.stop();
    let canaries = [CANARY.to_owned(), NAME.to_owned()];
    assert!(files_with(mirror.home(), &canaries).is_empty());
    assert!(
        !files_with(ana.folder(), &canaries).is_empty(),
        "the search finds it where it is"
    );
}

#[test]
fn sync_waits_for_a_mirror_until_it_has_the_files_and_says_where_one_does_not_fit() {
    let (pair, mirror, running) = apart(&["--notebook-quota", "8M"]);
    let (ana, ben, notebook) = (&pair.ana, &pair.ben, &pair.notebook);
    let plan = make(ana.folder(), 3 * MIB);
    // No node runs: each command has one of its own, for as long as it takes.
    add(ana, notebook, &plan);
    ana.ok(&["sync", "--timeout", "60s"]);
    assert_eq!(files_of(ana, notebook)["kept"], 1);
    ben.ok(&["sync", "--timeout", "60s"]);
    let got = get(ben, notebook);
    assert_eq!(hash(&got), hash(&plan));

    let long = ana.folder().join("long.bin");
    std::fs::write(&long, vec![7; 6 * MIB]).unwrap();
    add(ana, notebook, &long);
    ana.ok(&["sync", "--timeout", "60s"]);
    let files = files_of(ana, notebook);
    assert_eq!(files["missing"][0]["why"], "no_room", "{files}");
    assert_eq!(files["missing"][0]["most_bytes"], 6 * MIB, "{files}");
    let output = ana.plain(&["mirror", "list", notebook]).output().unwrap();
    let words = Ran::new(&["mirror", "list"], output);
    assert!(
        words
            .stdout
            .contains("The file long.bin (6 MiB) is not at the mirror cupboard: it has no room"),
        "{}",
        words.stdout
    );
    // What is written goes on, and whoever wants the file is told the truth.
    ana.goal(notebook, "after the film");
    ana.ok(&["sync", "--timeout", "60s"]);
    ben.ok(&["sync", "--timeout", "60s"]);
    assert!(ben.goals(notebook).contains(&"after the film".to_owned()));
    let listed = ben.ok(&["resource", "list", notebook]);
    let id = text(&listed["resources"][1], "/id");
    let failure = ben.refused(
        &["resource", "get", &id, "--timeout", "3s"],
        13,
        "file_out_of_reach",
    );
    assert!(
        failure.to_string().contains("the mirror cupboard"),
        "{failure}"
    );
    assert_eq!(mirror.ok(&["status"])["notebooks"][0]["files"], 1);
    running.stop();
}
