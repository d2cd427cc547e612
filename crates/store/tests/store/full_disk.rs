//! A disk that is full or fails: a clear error, nothing lost, and it works again.
//!
//! A real full disk needs a mount of its own, which is only tried where a user namespace gives it;
//! the same with SQLite's own limit on pages is tried within the crate, everywhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use hearth_store::{CommitError, Position, Protection, Store, Unlock};

use crate::fixture::{Fixture, OURS, append, stream};
use crate::processes::child_command;

const ENTRY_BYTES: usize = 10_000;

/// Mounts two MiB of memory and runs the program on it; in a namespace of its own, so that the mount
/// is gone with the process.
const MOUNT: &str = "mount -t tmpfs -o size=2m tmpfs \"$HEARTH_STORE_TEST_CHILD\" && exec \"$@\"";

/// Lets no file grow beyond 200 blocks of 512 bytes, and lets the write fail instead of the process.
const LIMIT: &str = "trap '' XFSZ; ulimit -f 200 && exec \"$@\"";

fn can_mount(folder: &Path) -> bool {
    Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            MOUNT,
            "sh",
            "true",
        ])
        .env("HEARTH_STORE_TEST_CHILD", folder)
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn a_commit_on_a_full_disk_fails_whole_and_works_once_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    if !can_mount(folder.path()) {
        return;
    }
    let mut command = Command::new("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        MOUNT,
        "sh",
    ]);
    command.arg(std::env::current_exe().unwrap());
    let output = child_command(&mut command, "fill", folder.path())
        .wait_with_output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("said:filled"),
        "{text}"
    );
}

/// What the child does on the small disk.
pub(crate) fn fill(disk: &Path) {
    let home = disk.join("home");
    let mut store = Store::create(&home, &Protection::Bare).unwrap();
    store.create_scope(OURS).unwrap();
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![0; 500_000]).unwrap();
    let (done, error) = commit_until_error(&mut store);
    assert!(matches!(error, CommitError::DiskFull), "{error:?}");
    assert!(done > 5);
    assert_eq!(stream(&store, OURS).len(), done);
    // It stays refused while there is no space, and is still readable.
    assert!(store.commit(&[entry(0)]).is_err());
    assert!(store.verify().is_intact());
    drop(store);
    // A full disk does not keep the store from opening and reading.
    let mut store = Store::open(&home, &Unlock::Unattended).unwrap();
    assert_eq!(stream(&store, OURS).len(), done);
    fs::remove_file(&ballast).unwrap();
    assert_eq!(store.commit(&[entry(0)]).unwrap(), [Position(done as u64)]);
    drop(store);
    let store = Store::open(&home, &Unlock::Unattended).unwrap();
    assert_eq!(stream(&store, OURS).len(), done + 1);
    assert!(store.verify().is_intact());
    println!("said:filled");
}

#[test]
fn a_failing_write_is_an_error_of_the_disk_and_loses_nothing() {
    let fixture = Fixture::new();
    let mut command = Command::new("sh");
    command
        .args(["-c", LIMIT, "sh"])
        .arg(std::env::current_exe().unwrap());
    let output = child_command(&mut command, "limited", &fixture.home())
        .wait_with_output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let done = text
        .split_once("said:failed after ")
        .expect("the child met no limit")
        .1;
    let done: usize = done.lines().next().unwrap().parse().unwrap();
    assert!(output.status.success() && done > 2, "{text}");
    let mut store = fixture.open();
    assert!(store.verify().is_intact());
    assert_eq!(stream(&store, OURS).len(), done);
    store.commit(&[entry(0)]).unwrap();
}

/// What the child does under the limit.
pub(crate) fn meet_a_limit(home: &Path) {
    let mut store = Store::open(home, &Unlock::Unattended).unwrap();
    let (done, error) = commit_until_error(&mut store);
    assert!(matches!(error, CommitError::Io(_)), "{error:?}");
    assert_eq!(stream(&store, OURS).len(), done);
    println!("said:failed after {done}");
}

fn entry(byte: u8) -> hearth_store::Write {
    append(OURS, &char::from(byte).to_string().repeat(ENTRY_BYTES))
}

/// Commits until one fails; gives how many were acknowledged.
fn commit_until_error(store: &mut Store) -> (usize, CommitError) {
    for done in 0..10_000 {
        if let Err(error) = store.commit(&[entry(b'x')]) {
            return (done, error);
        }
    }
    panic!("no commit failed");
}
