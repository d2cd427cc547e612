//! Requests and replies as lines of JSON on the Unix socket.
//!
//! The command writes one [`Call`] and a line feed; the node writes one [`Reply`] and a line feed
//! at a time, `Done` last, and either side may then close. A caller that hangs up earlier has
//! cancelled. Line feeds inside strings are escaped by JSON, so a line is always one document.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use super::{Exit, Failure, Reply, Request};

/// The version of this language; raised when an existing request or reply changes its meaning.
pub const API_VERSION: u32 = 1;

/// The longest request line: an import carries a whole notebook, and one of a million changes
/// exports to well under this.
pub const REQUEST_LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The longest reply line: an export carries what an import must take, and escaping may double it.
pub const REPLY_LINE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What a caller writes: the request, and the language it is in.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The caller's [`API_VERSION`].
    pub api: u32,
    /// What is asked.
    pub request: Request,
}

/// Why a line could not be read or understood.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum LineError {
    /// The stream failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The line exceeded its limit.
    #[error("a line is longer than {max} bytes")]
    TooLong {
        /// The limit.
        max: u64,
    },
    /// The stream ended in the middle of a line.
    #[error("the connection ended in the middle of a line")]
    Cut,
    /// The line is no document of this language.
    #[error("a line could not be understood: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The other program speaks another version.
    #[error("the other side speaks version {theirs} of the control language, this one {ours}")]
    Version {
        /// This program's [`API_VERSION`].
        ours: u32,
        /// The other's.
        theirs: u32,
    },
}

impl From<LineError> for Failure {
    fn from(error: LineError) -> Self {
        let (code, hint) = match &error {
            LineError::Io(_) | LineError::Cut => (
                "node_connection",
                "Run the command again; `hearth doctor` says more.",
            ),
            LineError::TooLong { .. } => ("too_large", "Split it into smaller parts."),
            LineError::Malformed(_) | LineError::Version { .. } => (
                "node_version",
                "The running node is of another version: stop it and start `hearth up` again.",
            ),
        };
        let mut message = error.to_string();
        if let LineError::Io(cause) = &error {
            message = format!("{message}: {cause}");
        }
        Self::new(
            Exit::Error,
            code,
            format!("Talking to the node: {message}."),
        )
        .with_hint(hint)
    }
}

/// Reads one line without its line feed, or `None` where the stream ended before it.
///
/// Never holds more than `max` bytes.
pub fn read_line(reader: &mut impl BufRead, max: u64) -> Result<Option<Vec<u8>>, LineError> {
    let mut line = Vec::new();
    let limit = max.saturating_add(1);
    reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(line));
    }
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() as u64 >= limit {
        Err(LineError::TooLong { max })
    } else {
        Err(LineError::Cut)
    }
}

/// Writes a request as the line that carries it, line feed included.
pub fn encode_request(request: Request) -> Result<Vec<u8>, LineError> {
    let mut line = serde_json::to_vec(&Call {
        api: API_VERSION,
        request,
    })?;
    if line.len() as u64 > REQUEST_LINE_BYTES_MAX {
        return Err(LineError::TooLong {
            max: REQUEST_LINE_BYTES_MAX,
        });
    }
    line.push(b'\n');
    Ok(line)
}

/// Reads the request that a line carries. The version is judged before the rest.
pub fn decode_request(line: &[u8]) -> Result<Request, LineError> {
    #[derive(Deserialize)]
    struct Version {
        api: u32,
    }
    let Version { api } = serde_json::from_slice(line)?;
    if api != API_VERSION {
        return Err(LineError::Version {
            ours: API_VERSION,
            theirs: api,
        });
    }
    let call: Call = serde_json::from_slice(line)?;
    Ok(call.request)
}

/// Writes a reply as the line that carries it, line feed included.
pub fn encode_reply(reply: &Reply) -> Result<Vec<u8>, LineError> {
    let mut line = serde_json::to_vec(reply)?;
    if line.len() as u64 > REPLY_LINE_BYTES_MAX {
        return Err(LineError::TooLong {
            max: REPLY_LINE_BYTES_MAX,
        });
    }
    line.push(b'\n');
    Ok(line)
}

/// Reads the reply that a line carries.
pub fn decode_reply(line: &[u8]) -> Result<Reply, LineError> {
    Ok(serde_json::from_slice(line)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::{GoalFields, GoalRequest, NotesRequest, SessionRequest};

    fn round_trip(request: Request) {
        let line = encode_request(request.clone()).expect("encodes");
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let line = line.strip_suffix(b"\n").expect("ends in a line feed");
        assert_eq!(decode_request(line).expect("decodes"), request);
    }

    #[test]
    fn requests_survive_the_wire_whatever_they_hold() {
        round_trip(Request::Status);
        round_trip(Request::Goal(GoalRequest::Add {
            notebook: "a\nb\u{0}\u{202e}".into(),
            title: "\u{1f525}".into(),
            kind: None,
            fields: GoalFields {
                target: Some(0.1),
                ..GoalFields::default()
            },
        }));
        round_trip(Request::Session(SessionRequest::Notes {
            session: "01J".into(),
            notes: NotesRequest::Edit {
                base: vec!["ab".into()],
                text: "two\nlines\n".into(),
            },
        }));
    }

    #[test]
    fn the_request_line_stays_what_scripts_and_older_nodes_know() {
        let line = encode_request(Request::Goal(GoalRequest::Show { goal: "01J".into() }));
        assert_eq!(
            line.expect("encodes"),
            b"{\"api\":1,\"request\":{\"goal\":{\"show\":{\"goal\":\"01J\"}}}}\n"
        );
    }

    #[test]
    fn replies_survive_the_wire() {
        for reply in [
            Reply::Event(crate::api::Event::Item(json!({"what": "added"}))),
            Reply::Event(crate::api::Event::Progress(crate::api::Progress::of(
                "dialling",
            ))),
            Reply::Done(Ok(json!({"goals": []}))),
            Reply::Done(Err(
                Failure::not_found("goal_not_found", "No such goal.").with_hint("h")
            )),
        ] {
            let line = encode_reply(&reply).expect("encodes");
            assert_eq!(decode_reply(&line).expect("decodes"), reply);
        }
    }

    #[test]
    fn another_version_is_named_even_where_the_request_is_unknown() {
        let error = decode_request(br#"{"api":2,"request":{"divine":{}}}"#);
        assert!(matches!(error, Err(LineError::Version { theirs: 2, .. })));
    }

    #[test]
    fn unknown_requests_and_fields_are_refused() {
        for line in [
            r#"{"api":1,"request":"divine"}"#,
            r#"{"api":1,"request":{"goal":{"show":{"goal":"a","extra":1}}}}"#,
            r#"{"api":1,"request":"status","extra":1}"#,
            "not json",
        ] {
            let error = decode_request(line.as_bytes());
            assert!(matches!(error, Err(LineError::Malformed(_))), "{line}");
        }
    }

    /// Whoever may open the socket may write anything into it.
    #[test]
    fn altered_requests_are_refused_or_read_as_what_they_would_be_written_as() {
        use rand_chacha::ChaCha20Rng;
        use rand_core::{Rng as _, SeedableRng as _};

        const ROUNDS: usize = 20_000;
        let lines: Vec<Vec<u8>> = [
            Request::Status,
            Request::Verify,
            Request::Goal(GoalRequest::Add {
                notebook: "Ours".into(),
                title: "Run \u{1f525}".into(),
                kind: None,
                fields: GoalFields {
                    target: Some(0.1),
                    ..GoalFields::default()
                },
            }),
            Request::Session(SessionRequest::Notes {
                session: "01J".into(),
                notes: NotesRequest::Edit {
                    base: vec!["ab".into()],
                    text: "two\nlines\n".into(),
                },
            }),
        ]
        .into_iter()
        .map(|request| encode_request(request).expect("encodes"))
        .collect();
        let mut random = ChaCha20Rng::seed_from_u64(7);
        let mut draw = |below: usize| usize::try_from(random.next_u32()).expect("fits") % below;
        let mut read = 0;
        for round in 0..ROUNDS {
            let mut line = lines[draw(lines.len())].clone();
            for _ in 0..=draw(3) {
                let at = draw(line.len());
                let byte = u8::try_from(draw(256)).expect("a byte");
                match draw(5) {
                    0 => line[at] ^= 1 << (byte & 7),
                    1 => line[at] = byte,
                    2 => line.insert(at, byte),
                    3 => line.insert(at, line[at]),
                    _ => line.truncate(at.max(1)),
                }
            }
            if let Ok(request) = decode_request(&line) {
                read += 1;
                let again = encode_request(request.clone()).expect("encodes");
                let again = decode_request(&again).expect("decodes");
                assert_eq!(again, request, "round {round}");
            }
        }
        assert!(read > 0, "no altered line was read: the trial is too wild");
    }

    #[test]
    fn lines_end_at_their_limit() {
        let read = |bytes: &[u8], max| read_line(&mut io::BufReader::new(bytes), max);
        assert_eq!(read(b"abc\nd", 3).expect("fits"), Some(b"abc".to_vec()));
        assert!(matches!(
            read(b"abcd\n", 3),
            Err(LineError::TooLong { max: 3 })
        ));
        assert!(matches!(read(b"ab", 3), Err(LineError::Cut)));
        assert_eq!(read(b"", 3).expect("is the end"), None);
    }
}
