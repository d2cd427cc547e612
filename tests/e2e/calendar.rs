//! The calendar feed, as a calendar program asks for it.

use std::io::{Read, Write};
use std::net::TcpStream;

use hearth_e2e::{COMMAND_TIMEOUT, Person, RunningNode, text};

/// Asks for an address as programs do that are no browsers; returns the status and the body.
fn get(url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").expect("plain, as it is local");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("it listens");
    stream.set_read_timeout(Some(COMMAND_TIMEOUT)).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    (status.expect("a status"), body.unwrap_or_default())
}

#[test]
fn the_feed_is_off_then_neutral_and_keeps_its_address_until_it_is_renewed() {
    let ana = Person::new("Ana");
    let notebook = ana.notebook("Ana and Ben");
    ana.ok(&[
        "session",
        "plan",
        &notebook,
        "--at",
        "2027-03-30 15:00",
        "--zone",
        "Europe/Berlin",
        "--title",
        "Mid-point review",
        "--every",
        "2w",
    ]);
    ana.ok(&[
        "action",
        "add",
        &notebook,
        "Read the chapter",
        "--due",
        "2027-03-01",
    ]);
    assert_eq!(
        ana.ok(&["calendar", "url"])["calendar"]["url"],
        serde_json::Value::Null
    );
    ana.refused(&["calendar", "renew"], 1, "calendar_off");
    let url = text(&ana.ok(&["calendar", "on"]), "/calendar/url");

    let node = RunningNode::up(&ana);
    let (status, file) = get(&url);
    assert_eq!(status, 200);
    assert!(
        file.starts_with("BEGIN:VCALENDAR") && file.contains("TZID=Europe/Berlin"),
        "{file}"
    );
    assert!(file.contains("SUMMARY:Meeting") && file.contains("SUMMARY:Action due"));
    assert!(!file.contains("Mid-point") && !file.contains("chapter"));
    let guessed = url.replace(".ics", "x.ics");
    assert_eq!(get(&guessed).0, 404);
    node.stop();

    let node = RunningNode::up(&ana);
    assert_eq!(
        text(&ana.ok(&["calendar", "on", "--titles"]), "/calendar/url"),
        url
    );
    assert!(get(&url).1.contains("SUMMARY:Mid-point review"));
    let renewed = text(&ana.ok(&["calendar", "renew"]), "/calendar/url");
    assert_eq!((get(&url).0, get(&renewed).0), (404, 200));
    ana.ok(&["calendar", "off"]);
    assert_eq!(get(&renewed).0, 404);
    node.stop();
}
