//! The home on the disk: locked, damaged, full, and silent to whoever reads its files.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use hearth_e2e::{Pair, Person, Random, RunningNode, canaries, files_with};

/// How long both may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);
/// Canaries in each search.
const CANARIES: usize = 20;
/// Goals of 8 KiB that fill a disk of 2 MiB many times over.
const FILLING_GOALS_MAX: usize = 1_000;
const PASSPHRASE: &str = "HEARTH_PASSPHRASE";

fn with_passphrase(passphrase: &str) -> Person {
    let mut person = Person::stranger("Ana");
    person.set("HEARTH_TEST_WEAK_KDF", "1");
    person.set(PASSPHRASE, passphrase);
    person.ok(&["init", "--name", "Ana", "--device", "ana-laptop"]);
    person
}

#[test]
fn without_a_home_every_command_says_how_to_make_one() {
    let nobody = Person::stranger("Nobody");
    for command in [
        &["status"] as &[&str],
        &["today"],
        &["up"],
        &["verify"],
        &["notebook", "list"],
        &["goal", "add", "some", "goal"],
        &["sync"],
        &["lock"],
        &["passphrase", "change"],
    ] {
        let error = nobody.refused(command, 10, "no_identity");
        assert!(
            error["hint"].as_str().unwrap().contains("hearth init"),
            "{error}"
        );
    }
    assert!(!nobody.home().exists(), "asking leaves nothing behind");
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_a_change_takes_effect() {
    let mut ana = with_passphrase("correct horse");
    let notebook = ana.notebook("Ana and Ben");
    ana.ok(&["lock"]);
    ana.set(PASSPHRASE, "wrong horse");
    ana.refused(&["status"], 12, "wrong_passphrase");
    ana.refused(&["up"], 12, "wrong_passphrase");
    ana.unset(PASSPHRASE);
    let error = ana.run(&["status"]);
    assert_eq!(error.exit, Some(2), "there is nobody to ask: {error:?}");

    ana.set(PASSPHRASE, "correct horse");
    ana.set("HEARTH_NEW_PASSPHRASE", "battery staple");
    ana.ok(&["passphrase", "change"]);
    ana.refused(&["notebook", "list"], 12, "wrong_passphrase");
    ana.set(PASSPHRASE, "battery staple");
    assert_eq!(
        ana.ok(&["notebook", "list"])["notebooks"][0]["id"],
        notebook
    );

    let file = ana.folder().join("passphrase");
    std::fs::write(&file, "battery staple\n").unwrap();
    ana.unset(PASSPHRASE);
    ana.ok(&["lock"]);
    ana.set("HEARTH_PASSPHRASE_FILE", file.to_str().unwrap());
    ana.ok(&["status"]);
    ana.unset("HEARTH_PASSPHRASE_FILE");
    ana.ok(&["lock"]);
    ana.ok(&["status", "--passphrase-command", "echo battery staple"]);
}

#[test]
fn a_passphrase_changes_while_the_node_runs_and_the_node_goes_on() {
    let mut ana = with_passphrase("correct horse");
    let notebook = ana.notebook("Ana and Ben");
    let mut node = RunningNode::up(&ana);
    ana.set("HEARTH_NEW_PASSPHRASE", "battery staple");
    ana.set(PASSPHRASE, "wrong horse");
    ana.refused(&["passphrase", "change"], 12, "wrong_passphrase");
    ana.set(PASSPHRASE, "correct horse");
    assert_eq!(ana.ok(&["passphrase", "change"])["changed"], true);
    let goal = ana.goal(&notebook, "Written by the same node");
    assert!(node.is_running());
    // The old one is not in force any more, even for whoever asks the running node.
    ana.refused(&["passphrase", "change"], 12, "wrong_passphrase");
    node.kill();

    ana.refused(&["status"], 12, "wrong_passphrase");
    ana.set(PASSPHRASE, "battery staple");
    let node = RunningNode::up(&ana);
    assert_eq!(ana.ok(&["goal", "show", &goal])["goal"]["id"], goal);
    node.stop();
    ana.ok(&["verify"]);
}

#[test]
fn a_home_that_was_open_to_everybody_is_closed_while_its_node_runs() {
    let mut ana = Person::stranger("Ana");
    ana.set("HEARTH_TEST_WEAK_KDF", "1");
    let mut ana = ana.init();
    let node = RunningNode::up(&ana);
    ana.set("HEARTH_NEW_PASSPHRASE", "battery staple");
    ana.ok(&["passphrase", "change"]);
    node.kill();
    ana.set(PASSPHRASE, "any");
    ana.refused(&["status"], 12, "wrong_passphrase");
    ana.set(PASSPHRASE, "battery staple");
    ana.ok(&["status"]);
}

#[test]
fn a_node_that_is_killed_while_it_changes_the_passphrase_leaves_exactly_one() {
    const KILLS: u64 = 12;
    let mut ana = with_passphrase("0");
    let notebook = ana.notebook("Ana and Ben");
    let mut random = Random::new(7);
    let opens = |ana: &Person, passphrase: &str| {
        ana.ok(&["lock"]);
        let command = format!("echo {passphrase}");
        let ran = ana.run(&["status", "--passphrase-command", &command]);
        assert!(matches!(ran.exit, Some(0 | 12)), "{ran:?}");
        ran.exit == Some(0)
    };
    let (mut current, mut changed) = ("0".to_owned(), 0);
    for kill in 1..=KILLS {
        ana.set(PASSPHRASE, &current);
        let node = RunningNode::up(&ana);
        let new = kill.to_string();
        ana.set("HEARTH_NEW_PASSPHRASE", &new);
        let command = ana.command(&["passphrase", "change"]).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.next() % 12_000));
        node.kill();
        // Where the node was gone before it was asked, the command did it by itself.
        let is_said = command.wait_with_output().unwrap().status.success();
        let is_new = opens(&ana, &new);
        assert_ne!(is_new, opens(&ana, &current), "exactly one opens");
        assert!(is_new || !is_said, "what was said to be changed is");
        if is_new {
            (current, changed) = (new, changed + 1);
        }
    }
    eprintln!("{changed} of {KILLS} changes were in place when the node was killed");
    ana.set(PASSPHRASE, &current);
    assert_eq!(
        ana.ok(&["notebook", "show", &notebook])["notebook"]["id"],
        notebook
    );
    ana.ok(&["verify"]);
}

#[test]
fn the_passphrase_costs_what_it_is_to_cost() {
    let mut ana = Person::stranger("Ana");
    ana.set(PASSPHRASE, "correct horse battery staple");
    ana.ok(&["init", "--name", "Ana"]);
    ana.ok(&["lock"]);
    let began = Instant::now();
    let status = ana.ok(&["status"]);
    let took = began.elapsed();
    assert_eq!(status["protection"]["weak"], false, "{status}");
    eprintln!(
        "opening a home with its passphrase: {} ms",
        took.as_millis()
    );
    assert!(
        took > Duration::from_millis(100),
        "guessing is too cheap: {} ms",
        took.as_millis()
    );
    ana.ok(&["lock"]);
    ana.set(PASSPHRASE, "correct horse battery stable");
    ana.refused(&["status"], 12, "wrong_passphrase");
}

#[test]
fn a_second_process_is_told_that_the_home_is_in_use() {
    let ana = Person::new("Ana");
    let node = RunningNode::up(&ana);
    ana.refused(&["up", "--listen", "127.0.0.1:0"], 11, "locked");
    ana.ok(&["status"]);
    // A node that does not answer any more still holds the home.
    std::fs::remove_file(ana.home().join("node.sock")).unwrap();
    ana.refused(&["status"], 11, "locked");
    node.stop();
    ana.ok(&["status"]);
}

#[test]
fn a_damaged_record_is_found_and_named_and_the_rest_can_be_read() {
    let ana = Person::new("Ana");
    let (kept, notebook) = (ana.notebook("Kept"), ana.notebook("Damaged"));
    for number in 0..20 {
        ana.goal(
            &notebook,
            &format!("A goal with a rather long title, number {number}"),
        );
    }
    let whole = ana.ok(&["verify"]);
    assert!(whole["records"].as_u64().unwrap() > 0 && whole["entries"].as_u64().unwrap() > 20);
    let path = ana.home().join("hearth.db");
    let before = std::fs::read(&path).unwrap();
    let mut found = 0;
    let (mut refused_to_open, mut harmless) = (0, 0);
    for eighth in 1..8 {
        flip(&path, (before.len() / 8 * eighth) as u64 + 200);
        let ran = ana.run(&["verify"]);
        match ran.exit {
            Some(14) => {
                let error = ran.error(14, ran.json()["error"]["code"].as_str().unwrap());
                if let Some(damaged) = error["details"]["damaged"].as_array() {
                    assert!(!damaged.is_empty(), "{error}");
                    assert!(
                        damaged.iter().all(|one| one["place"].is_string()),
                        "{error}"
                    );
                    found += 1;
                } else {
                    refused_to_open += 1;
                }
            }
            // A byte that no record uses.
            Some(0) => harmless += 1,
            other => panic!("exit {other:?}: {ran:?}"),
        }
        std::fs::write(&path, &before).unwrap();
    }
    eprintln!("flipped bytes: {found} named, {refused_to_open} refused at once, {harmless} unused");
    assert!(found > 0);
    ana.ok(&["verify"]);
    ana.ok(&["notebook", "show", &kept]);
}

fn flip(path: &Path, at: u64) {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut bytes = [0; 8];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut bytes).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&bytes.map(|byte| !byte)).unwrap();
}

#[test]
fn no_file_holds_what_was_written_even_after_a_power_cut() {
    let words = canaries(CANARIES);
    let (pair, ana_node, ben_node) = Pair::on_loopback();
    let Pair {
        ana, ben, notebook, ..
    } = &pair;
    ana.ok(&["notebook", "rename", notebook, &words[0]]);
    let session = ana.session(notebook);
    for (number, word) in words.iter().enumerate().skip(1) {
        match number % 4 {
            0 => drop(ana.goal(notebook, word)),
            1 => drop(ben.ok(&["ask", notebook, word])),
            2 => drop(ana.ok(&["action", "add", notebook, word])),
            _ => {
                let from = ["session", "notes", &session, "--append", "--from", "-"];
                ana.feed(&from, word).data();
            }
        }
    }
    ana.ok(&["search", "kukushka"]);
    pair.agree(AGREE_TIMEOUT);
    let mut wanted = words.clone();
    let cleo = Person::stranger("Cleo");
    let made = cleo.ok(&["init", "--name", &words[1], "--unlock", "bare", "--yes"]);
    wanted.push(made["recovery_phrase"].as_str().unwrap().to_owned());
    let silent = |when: &str| {
        for person in [ana, ben, &cleo] {
            assert_eq!(files_with(person.home(), &wanted), [], "{when}");
        }
    };
    silent("while both nodes run");
    let export = ana.folder().join("export.json");
    assert!(
        !files_with(ana.folder(), &wanted).is_empty(),
        "the search finds {}",
        export.display()
    );
    ana_node.kill();
    ben_node.kill();
    silent("after a kill");
    let _nodes = (RunningNode::up(ana), RunningNode::up(ben));
    silent("after the restart");
}

/// A small file system in memory, removed when dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: PathBuf, size: &str) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&at)
            .status()
            .unwrap();
        assert!(mounted.success(), "no tmpfs at {}", at.display());
        Self(at)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily, for a process that just ended may still stand in it.
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
#[ignore = "needs root to mount a small disk"]
fn a_full_disk_is_a_clear_error_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let disk = Tmpfs::mount(place.path().join("disk"), "2m");
    let ana = Person::stranger("Ana").at(&disk.0.join("home"));
    ana.ok(&["init", "--name", "Ana", "--unlock", "bare", "--yes"]);
    let notebook = ana.notebook("Ana and Ben");
    let filler = disk.0.join("filler");
    let mut acknowledged = vec![ana.goal(&notebook, "Written while there was space")];
    std::fs::write(&filler, vec![1; 1024 * 1024]).unwrap();
    let mut random = Random::new(1);
    let refused = (0..FILLING_GOALS_MAX).find_map(|number| {
        // Chance, because what repeats is packed away.
        let why: String = (0..500).map(|_| format!("{:x} ", random.next())).collect();
        let title = format!("Goal {number}");
        let ran = ana.run(&["goal", "add", &notebook, &title, "--why", &why]);
        if ran.exit == Some(0) {
            let id = ran.data()["goal"]["id"].as_str().unwrap().to_owned();
            acknowledged.push(id);
            return None;
        }
        Some(ran)
    });
    let refused = refused.expect("the disk fills");
    eprintln!(
        "{} goals were on disk when it was full; then: {}",
        acknowledged.len(),
        refused.stdout
    );
    assert_eq!(refused.exit, Some(1), "{refused:?}");
    let code = refused.json()["error"]["code"].as_str().unwrap().to_owned();
    let error = refused.error(1, &code);
    let words = error.to_string().to_lowercase();
    assert!(words.contains("full") || words.contains("space"), "{error}");

    let there = |count: usize| {
        let goals = ana.ok(&["goal", "list", &notebook]);
        let goals = goals["goals"].as_array().unwrap().clone();
        let ids: Vec<_> = goals
            .iter()
            .map(|goal| goal["id"].as_str().unwrap())
            .collect();
        assert!(
            acknowledged.iter().all(|id| ids.contains(&id.as_str())),
            "one is lost"
        );
        assert!(ids.len() >= count);
    };
    there(acknowledged.len());
    std::fs::remove_file(&filler).unwrap();
    ana.goal(&notebook, "Written once there was space again");
    there(acknowledged.len() + 1);
    ana.ok(&["verify"]);
}
