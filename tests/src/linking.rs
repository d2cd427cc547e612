//! A further device of a person.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout};

use serde_json::Value;

use crate::node::end;
use crate::person::{Person, text};

/// `hearth device link` at work; killed by its own id when dropped.
struct Link {
    child: Child,
    lines: BufReader<ChildStdout>,
    ticket: String,
}

impl Link {
    #[track_caller]
    fn start(person: &Person) -> Self {
        let mut child = person
            .command(&["device", "link"])
            .spawn()
            .expect("hearth runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its standard output"));
        let first = document(&mut lines);
        let ticket = text(&first, "/data/ticket");
        assert!(ticket.starts_with("hearth1") && !ticket.contains(' '));
        Self {
            child,
            lines,
            ticket,
        }
    }

    #[track_caller]
    fn finish(mut self) -> Value {
        let last = document(&mut self.lines);
        assert!(self.child.wait().expect("it ends").success(), "{last}");
        last["data"].clone()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

#[track_caller]
fn document(lines: &mut impl BufRead) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    match serde_json::from_str(&line) {
        Ok(document) => document,
        Err(error) => panic!("no JSON ({error}): {line}"),
    }
}

/// Makes a new home a device of a person; returns what it was told.
#[track_caller]
pub fn accept(person: &Person, new: &Person, label: &str) -> Value {
    let link = Link::start(person);
    let accepted = new.ok(&[
        "device",
        "accept",
        &link.ticket,
        "--label",
        label,
        "--unlock",
        "bare",
        "--yes",
    ]);
    let linked = link.finish();
    assert_eq!(linked["words"], accepted["words"]);
    assert_eq!(text(&linked, "/words").split(' ').count(), 6);
    assert_eq!(linked["device"]["id"], accepted["device"]["id"]);
    assert_eq!(linked["complete"], true, "{linked}");
    accepted
}
