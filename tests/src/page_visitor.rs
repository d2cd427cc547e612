//! A node's page as plain HTTP has it, without a browser: what its screens say is read off their source.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::node::RunningNode;
use crate::wait::COMMAND_TIMEOUT;

/// Somebody who was let into a page and reads it in one language.
#[derive(Debug)]
pub struct PageVisitor {
    host: String,
    port: u16,
    language: String,
    cookie: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Returns a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Writes the fields of a form as browsers do.
fn encoded(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let pairs = fields.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    pairs.join("&")
}

impl PageVisitor {
    /// Uses the link that a node printed, as a browser does that asks for a language.
    #[track_caller]
    pub fn let_in(node: &RunningNode, language: &str) -> Self {
        let link = node.ready()["web_url"].as_str().expect("a link");
        let rest = link.strip_prefix("http://").expect("plain, as it is local");
        let (host, path) = rest.split_once('/').expect("a path");
        let port = host.rsplit_once(':').expect("a port").1;
        let mut visitor = Self {
            host: host.to_owned(),
            port: port.parse().expect("a port"),
            language: language.to_owned(),
            cookie: String::new(),
        };
        let answer = visitor.send("GET", &format!("/{path}"), None);
        let cookie = answer.header("set-cookie").expect("let in");
        visitor.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        visitor
    }

    /// Asks for an address.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// Sends a form that stands at `back`, and returns what the screen says that it leads to.
    #[track_caller]
    pub fn send_form(&self, back: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(back).body;
        let mark = "name=\"token\" value=\"";
        let token = page
            .split(mark)
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let mut all = vec![("token", token.expect("a form")), ("back", back)];
        all.extend(fields);
        let answer = self.send("POST", action, Some(&encoded(&all)));
        match answer.header("location") {
            Some(place) => {
                let place = place.split('#').next().unwrap_or_default().to_owned();
                self.get(&place)
            }
            None => answer,
        }
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream
            .set_read_timeout(Some(COMMAND_TIMEOUT))
            .expect("a time limit");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept-Language: {}\r\nCookie: {}\r\n",
            self.host, self.language, self.cookie
        );
        if let Some(body) = body {
            head.push_str(&format!(
                "Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\n",
                self.host,
                body.len()
            ));
        }
        write!(stream, "{head}\r\n{}", body.unwrap_or_default()).expect("it reads");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Answer {
            status: status.and_then(|code| code.parse().ok()).expect("a status"),
            headers,
            body: body.to_owned(),
        }
    }
}

/// Returns whatever a page says to whoever reads it in the language of the page: its texts, and the attributes that are
/// read out or that its scripts show. What is marked as another language is left out.
pub fn said_by(page: &str) -> Vec<String> {
    let mut said = Vec::new();
    // The elements that are open, each with whether what is in it counts.
    let mut open: Vec<(String, bool)> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        let counts = open.last().is_none_or(|(_, counts)| *counts);
        if counts && !text.trim().is_empty() {
            said.push(plain(text));
        }
        let end = tag_end(tag);
        let (inside, after) = tag.split_at(end);
        rest = after.strip_prefix('>').unwrap_or("");
        let inside = inside.trim_start_matches('<');
        if let Some(name) = inside.strip_prefix('/') {
            while let Some((closed, _)) = open.pop() {
                if closed == name.trim() {
                    break;
                }
            }
            continue;
        }
        let name: String = inside
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '!')
            .collect();
        let attributes = attributes(inside.get(name.len()..).unwrap_or_default());
        let of = |wanted: &str| {
            let found = attributes.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        let counts = counts
            && !["script", "style"].contains(&name.as_str())
            && (name == "html" || of("lang").is_none());
        for (attribute, value) in attributes.iter().filter(|_| counts) {
            let is_read = ["title", "aria-label", "placeholder", "alt"]
                .contains(&attribute.as_str())
                || (attribute.starts_with("data-") && value.contains(' '));
            let is_button = attribute == "value" && of("type") == Some("submit") && name == "input";
            if is_read || is_button {
                let value = plain(value);
                match serde_json::from_str(&value) {
                    // The words that a script shows, under names of its own.
                    Ok(words @ Value::Object(_)) => texts_in(&words, &mut said),
                    _ => said.push(value),
                }
            }
        }
        let is_empty = ["input", "meta", "link", "br", "img", "hr", "!"].contains(&name.as_str());
        if !is_empty && !name.starts_with('!') {
            open.push((name, counts));
        }
    }
    said
}

fn texts_in(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts_in(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| texts_in(item, into)),
        _ => {}
    }
}

/// Where a tag ends: at the first `>` that no attribute holds.
fn tag_end(tag: &str) -> usize {
    let mut is_quoted = false;
    for (at, letter) in tag.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return at,
            _ => {}
        }
    }
    tag.len()
}

fn attributes(inside: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = inside;
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').unwrap_or((after, ""));
        let name = name.split_whitespace().last().unwrap_or_default();
        found.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    found
}

fn plain(text: &str) -> String {
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    plain
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
