//! The protocol and the notebook do no input or output: neither what they depend on nor what they
//! say themselves reaches for a socket, a file, the clock or the system's randomness.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::disallowed_types
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that do input or output, or run what does.
const BANNED_CRATES: [&str; 16] = [
    "tokio",
    "iroh",
    "rusqlite",
    "mio",
    "socket2",
    "quinn",
    "noq",
    "hyper",
    "reqwest",
    "rustls",
    "async-std",
    "smol",
    "hickory-resolver",
    "hearth-node",
    "hearth-store",
    "hearth-cli",
];

/// Words that only code with input or output needs. Addresses as values are no sockets.
const BANNED_WORDS: [&str; 22] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "std::os",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "SystemTime",
    "Instant::now",
    "time::Instant",
    "thread::sleep",
    "getrandom",
    "OsRng",
    "SysRng",
    "thread_rng",
    "rand::random",
    "Zoned::now",
    "Timestamp::now",
    "TimeZone::system",
];

fn workspace() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    crates.parent().unwrap().to_owned()
}

fn dependencies(of: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--package", of])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// The sources of a crate, without what is compiled for tests only.
fn sources(of: &str) -> Vec<(PathBuf, String)> {
    let mut todo = vec![workspace().join("crates").join(of).join("src")];
    let mut sources = Vec::new();
    while let Some(path) = todo.pop() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                let inside = std::fs::read_dir(&path).unwrap();
                todo.extend(inside.map(|entry| entry.unwrap().path()));
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            // Test modules stand at the end of a file.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines: Vec<&str> = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            sources.push((path, lines.join("\n")));
        }
    }
    sources
}

#[test]
fn nothing_that_does_io_is_depended_on() {
    for of in ["hearth-core", "hearth-notebook"] {
        let found = dependencies(of);
        assert!(found.contains("automerge"), "{of}: {found:?}");
        for banned in BANNED_CRATES {
            assert!(!found.contains(banned), "{of} depends on {banned}");
        }
    }
}

#[test]
fn core_and_notebook_do_not_know_each_other() {
    assert!(!dependencies("hearth-core").contains("hearth-notebook"));
    assert!(!dependencies("hearth-notebook").contains("hearth-core"));
}

#[test]
fn no_source_reaches_for_the_outside() {
    for of in ["core", "notebook"] {
        let sources = sources(of);
        assert!(sources.len() > 20, "{of} has {} sources", sources.len());
        for (path, code) in sources {
            for banned in BANNED_WORDS {
                assert!(!code.contains(banned), "{} uses {banned}", path.display());
            }
        }
    }
}
