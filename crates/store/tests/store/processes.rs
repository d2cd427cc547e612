//! Real processes: the lock between two of them, and what is left when one is killed.
//!
//! The test binary runs itself: with [`CHILD`] set to a home, the test `child` does the work of the
//! other process; otherwise it has nothing to do.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use hearth_store::{
    KdfCost, LockError, OpenError, Passphrase, Position, Protection, Scope, Store, Unlock,
};

use crate::fixture::{Fixture, GOALS, OURS, append, put, stream};
use crate::protection::{change, cheap};

/// The home that the child works in.
const CHILD: &str = "HEARTH_STORE_TEST_CHILD";
/// What the child does there.
const TASK: &str = "HEARTH_STORE_TEST_TASK";

/// Runs one task of this binary in another process.
pub(crate) fn child_command(program: &mut Command, task: &str, home: &Path) -> Child {
    program
        .args([
            "--exact",
            "processes::child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, home)
        .env(TASK, task)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn spawn(task: &str, home: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = child_command(
        &mut Command::new(std::env::current_exe().unwrap()),
        task,
        home,
    );
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// Gives the words after `said:` in the next line that has them; the harness prints lines too.
fn next_word(output: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    loop {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        // A line without its end was cut by the kill and acknowledges nothing.
        if let Some((_, word)) = line.split_once("said:")
            && let Some(word) = word.strip_suffix('\n')
        {
            return Some(word.to_owned());
        }
    }
}

#[test]
fn child() {
    let Some(home) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    match std::env::var(TASK).unwrap().as_str() {
        "hold" => hold(&home),
        "write" => write_for_ever(&home, false),
        "write and rest" => write_for_ever(&home, true),
        "change" => change_for_ever(&home),
        "fill" => crate::full_disk::fill(&home),
        "limited" => crate::full_disk::meet_a_limit(&home),
        other => panic!("no task {other}"),
    }
}

fn hold(home: &Path) {
    let _store = Store::open(home, &Unlock::Unattended).unwrap();
    println!("said:open");
    std::thread::sleep(Duration::from_secs(60));
}

/// Commits again and again; where it rests, it does so between the acknowledgements of any two.
fn write_for_ever(home: &Path, rests: bool) {
    let mut store = Store::open(home, &Unlock::Unattended).unwrap();
    loop {
        if rests {
            store.rest().unwrap();
        }
        let next = store.stream_length(OURS).unwrap();
        let positions = store
            .commit(&[
                append(OURS, &format!("entry {next}")),
                put(OURS, GOALS, "last", &next.to_string()),
            ])
            .unwrap();
        println!("said:{}", positions[0]);
    }
}

fn change_for_ever(home: &Path) {
    let (a, b) = (Passphrase::new("a".into()), Passphrase::new("b".into()));
    let mut store = Store::open(home, &Unlock::Passphrase(&a)).unwrap();
    loop {
        for (old, new) in [(&a, &b), (&b, &a)] {
            let protection = Protection::Passphrase {
                passphrase: new.clone(),
                cost: KdfCost::test_only(),
            };
            change(&mut store, home, old, &protection).unwrap();
            println!("said:changed");
        }
    }
}

#[test]
fn a_second_process_is_refused_with_the_id_of_the_first() {
    let fixture = Fixture::new();
    let (mut child, mut output) = spawn("hold", &fixture.home());
    assert_eq!(next_word(&mut output).as_deref(), Some("open"));
    let refused = Store::open(&fixture.home(), &Unlock::Unattended);
    let Err(OpenError::Lock(LockError::Held { pid })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(pid, Some(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fixture.open().verify().is_intact());
}

#[test]
fn nothing_acknowledged_is_missing_after_a_kill() {
    nothing_is_missing_after_kills("write", 7);
}

/// The log is filled with zeros ahead, and its pages are moved between two commits: the kills come in the
/// middle of either, too.
#[test]
fn nothing_acknowledged_is_missing_after_a_kill_of_one_that_rests() {
    nothing_is_missing_after_kills("write and rest", 40);
}

/// Kills the writer ten times, each time `more` commits later than before.
fn nothing_is_missing_after_kills(task: &str, more: u64) {
    const KILLS: u64 = 10;
    let fixture = Fixture::new();
    let mut acknowledged = None;
    for kill in 0..KILLS {
        let (mut child, mut output) = spawn(task, &fixture.home());
        // Each round is killed at another point, and at no particular one within a commit.
        for _ in 0..5 + kill * more {
            acknowledged = Some(next_word(&mut output).unwrap().parse::<u64>().unwrap());
        }
        std::thread::sleep(Duration::from_micros(173 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
        // What was printed before the kill was acknowledged as well.
        while let Some(word) = next_word(&mut output) {
            acknowledged = Some(word.parse().unwrap());
        }
        let store = fixture.open();
        let report = store.verify();
        assert!(report.is_intact(), "{report:?}");
        let entries = stream(&store, OURS);
        assert!(
            entries.len() as u64 > acknowledged.unwrap(),
            "an acknowledged entry is missing"
        );
        for entry in &entries {
            assert_eq!(entry.value, format!("entry {}", entry.position).as_bytes());
        }
        // Both writes of a commit are there, or neither.
        let last = store.get(OURS, GOALS, b"last").unwrap().unwrap();
        assert_eq!(last, (entries.len() - 1).to_string().as_bytes());
        assert_eq!(
            store.stream_length(OURS).unwrap(),
            Position(entries.len() as u64)
        );
    }
}

#[test]
fn a_kill_while_the_passphrase_changes_leaves_exactly_one_of_the_two() {
    for kill in 0..5_u64 {
        let fixture = Fixture::empty();
        let mut store = Store::create(&fixture.home(), &cheap("a")).unwrap();
        store.commit(&[append(Scope::NODE, "kept")]).unwrap();
        drop(store);
        let (mut child, mut output) = spawn("change", &fixture.home());
        for _ in 0..=kill {
            next_word(&mut output).unwrap();
        }
        std::thread::sleep(Duration::from_micros(311 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
        let opening = ["a", "b"].into_iter().filter(|text| {
            let passphrase = Passphrase::new((*text).to_owned());
            Store::open(&fixture.home(), &Unlock::Passphrase(&passphrase))
                .is_ok_and(|store| stream(&store, Scope::NODE).len() == 1)
        });
        assert_eq!(opening.count(), 1);
    }
}
