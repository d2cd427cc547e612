//! Standard input and output: raw text, streams, readers that leave, interrupts.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use hearth_node::api::{Event, NotesRequest, Progress, Reply, Request, SessionRequest};
use serde_json::{Value, json};

use crate::hearth::{Person, Ran};
use crate::node::{Node, send};

const NOTES: &str = "# Notes\r\n\u{1b}[31m\u{202e}raw\ttext, no line end";

fn notes() -> Reply {
    Reply::Done(Ok(
        json!({"session": {"id": "01J", "notes": NOTES, "notes_heads": []}}),
    ))
}

fn change(number: u64) -> Reply {
    Reply::Event(Event::Item(
        json!({"kind": "goal", "title": format!("goal {number}")}),
    ))
}

#[test]
fn notes_go_to_a_pipe_byte_for_byte() {
    let person = Person::new();
    Node::answering(&person.home(), vec![notes()]);
    let ran = person.run(&["session", "notes", "01J"]);
    assert_eq!(
        (ran.exit, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), NOTES, "")
    );
}

#[test]
fn notes_come_from_a_pipe_byte_for_byte() {
    let person = Person::new();
    let node = Node::answering(&person.home(), vec![notes()]);
    let mut command = person.command(&["session", "notes", "01J", "--from", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("starts");
    child
        .stdin
        .take()
        .expect("stdin")
        .write_all(NOTES.as_bytes())
        .expect("writes");
    assert_eq!(
        Ran::from(child.wait_with_output().expect("ends")).exit,
        Some(0)
    );
    let Request::Session(SessionRequest::Notes {
        notes: NotesRequest::Set { text },
        ..
    }) = node.asked()
    else {
        panic!("asked for something else");
    };
    assert_eq!(text, NOTES);
}

#[test]
fn progress_never_reaches_a_pipe() {
    let person = Person::new();
    let progress = Reply::Event(Event::Progress(Progress::of("dialling")));
    Node::answering(
        &person.home(),
        vec![progress, Reply::Done(Ok(json!({"peers": []})))],
    );
    let ran = person.run(&["sync", "--json"]);
    assert_eq!(ran.json(), json!({"ok": true, "data": {"peers": []}}));
    assert_eq!(ran.stderr, "");
}

#[test]
fn watch_prints_each_change_as_it_arrives() {
    let person = Person::new();
    let (go_on, wait) = mpsc::channel();
    let node = Node::serving(&person.home(), move |stream| {
        send(stream, &change(1)).expect("sends");
        wait.recv().expect("the first was read");
        send(stream, &change(2)).expect("sends");
        send(stream, &Reply::Done(Ok(json!({})))).expect("sends");
    });
    let mut child = person
        .command(&["watch", "--json"])
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let mut next = || -> Option<Value> {
        lines
            .next()
            .map(|line| serde_json::from_str(&line.expect("reads")).expect("JSON"))
    };
    let expected = json!({"ok": true, "data": {"kind": "goal", "title": "goal 1"}});
    assert_eq!(next(), Some(expected));
    go_on.send(()).expect("the node waits");
    assert_eq!(next().expect("second")["data"]["title"], "goal 2");
    assert_eq!(next(), None);
    assert_eq!(child.wait().expect("ends").code(), Some(0));
    assert_eq!(node.asked(), Request::Watch { notebook: None });
}

#[test]
fn a_reader_that_leaves_ends_a_stream_quietly() {
    let person = Person::new();
    Node::serving(&person.home(), |stream| {
        let mut number = 0;
        while send(stream, &change(number)).is_ok() {
            number += 1;
        }
    });
    let mut child = person.command(&["watch"]).spawn().expect("starts");
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("stdout"));
    reader.read_line(&mut first).expect("reads");
    assert!(first.contains("goal 0"));
    drop(reader);
    let ran = Ran::from(child.wait_with_output().expect("ends"));
    assert_eq!((ran.exit, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_interrupt_ends_a_stream_with_130() {
    let person = Person::new();
    let node = Node::serving(&person.home(), |stream| {
        send(stream, &change(1)).expect("sends");
        // Waits until the command has hung up.
        let _ = std::io::Read::read(&mut &*stream, &mut [0]);
    });
    let mut child = person.command(&["watch"]).spawn().expect("starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("stdout"))
        .read_line(&mut first)
        .expect("reads");
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("kill runs").success());
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    node.asked();
}
