//! What happens elsewhere, as it happens: one stream for each window.
//!
//! Of most things the page is told only that they changed, and asks for itself again; so there is one way to draw a
//! screen. It is told how much had changed when the stream began, too: a screen says of how much it was drawn, so where
//! both are the same it asks for nothing. Notes that somebody writes in are the exception: a window that shows them is told what to replace.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use futures_util::stream;
use hearth_node::api::{Event, Failure, LiveRequest, Request};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use crate::data::Data;
use crate::limits::PEERS_LOOK;
use crate::reply::Reply;
use crate::visit::Visit;
use crate::windows::{ALL, Told};

/// How long changes are gathered before the page is told of them: each makes it ask for a whole screen. What is typed
/// in notes does not wait for this.
const GATHER: Duration = Duration::from_millis(120);
/// How often a line is sent so that both sides notice a connection that is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Stream {
    visit: Arc<Visit>,
    /// How much had changed when this began, until it is told.
    begun: Option<String>,
    told: broadcast::Receiver<Told>,
    /// What changed and was not told yet, and when it is to be told.
    gathered: Vec<Arc<str>>,
    tell_at: Pin<Box<Sleep>>,
    notes: Option<Notes>,
    peers: Option<Arc<str>>,
    look_at: Pin<Box<Sleep>>,
    _room: OwnedSemaphorePermit,
}

/// The notes that a window shows.
struct Notes {
    changes: mpsc::Receiver<Event>,
    call: JoinHandle<Result<Value, Failure>>,
}

impl Drop for Notes {
    fn drop(&mut self) {
        // It has no other end than that its caller leaves.
        self.call.abort();
    }
}

/// `GET /live`: the stream. With `notebook` and `session` it is also about that session's notes, from the version
/// `base` on where it is given.
pub(crate) async fn stream(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let room = Arc::clone(&visit.app.streams)
        .try_acquire_owned()
        .map_err(|_| {
            Failure::error("too_many_streams", "Too many windows of the page are open.")
        })?;
    visit.app.engine.begun().await?;
    let told = visit.app.windows.hear();
    let begun = Some(visit.app.windows.stamp());
    let notes = follow(&visit).await?;
    let state = Stream {
        visit,
        begun,
        told,
        gathered: Vec::new(),
        tell_at: Box::pin(tokio::time::sleep(Duration::ZERO)),
        notes,
        peers: None,
        look_at: Box::pin(tokio::time::sleep(PEERS_LOOK)),
        _room: room,
    };
    let lines = stream::unfold(state, |mut state| async move {
        let line = next(&mut state).await?;
        Some((Ok::<Line, Infallible>(line), state))
    });
    let sse = Sse::new(lines).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(Reply::Whole(sse.into_response()))
}

async fn follow(visit: &Visit) -> Result<Option<Notes>, Failure> {
    if !visit.query.has("session") {
        return Ok(None);
    }
    let base = visit.query.sent("base");
    let request = Request::Live(LiveRequest::Follow {
        notebook: visit.query.text("notebook"),
        session: visit.query.text("session"),
        window: visit.query.text("window"),
        base: base.map(|base| base.split_whitespace().map(str::to_owned).collect()),
    });
    let (changes, call) = visit.app.engine.follow(request).await?;
    Ok(Some(Notes { changes, call }))
}

/// Waits for the next thing to tell; nothing once the stream is over.
async fn next(state: &mut Stream) -> Option<Line> {
    loop {
        if is_shut_out(state) {
            return None;
        }
        if let Some(stamp) = state.begun.take() {
            return Some(Line::default().event("begun").data(stamp));
        }
        tokio::select! {
            biased;
            notes = of_notes(&mut state.notes) => {
                return Some(Line::default().event("notes").data(notes?.to_string()));
            }
            told = state.told.recv() => {
                let what = match told {
                    Ok(Told::Changed(what)) => what,
                    Ok(Told::Over) | Err(RecvError::Closed) => return None,
                    // What it missed is not known.
                    Err(RecvError::Lagged(_)) => ALL.into(),
                };
                if state.gathered.is_empty() {
                    state.tell_at.as_mut().reset(tokio::time::Instant::now() + GATHER);
                }
                if !state.gathered.contains(&what) {
                    state.gathered.push(what);
                }
            }
            () = state.tell_at.as_mut(), if !state.gathered.is_empty() => {
                let told = std::mem::take(&mut state.gathered).join(" ");
                return Some(Line::default().event("change").data(told));
            }
            () = state.look_at.as_mut() => {
                state.look_at.as_mut().reset(tokio::time::Instant::now() + PEERS_LOOK);
                let now = state.visit.app.peers().await?;
                if state.peers.as_ref() != Some(&now) {
                    state.peers = Some(Arc::clone(&now));
                    return Some(Line::default().event("peers").data(&*now));
                }
            }
        }
    }
}

/// Waits for what changes in the notes, for ever where the window shows none.
async fn of_notes(notes: &mut Option<Notes>) -> Option<Value> {
    let Some(notes) = notes else {
        return std::future::pending().await;
    };
    loop {
        if let Event::Item(item) = notes.changes.recv().await? {
            return Some(item);
        }
    }
}

/// Tells whether the browser was sent away or locked since the stream began.
fn is_shut_out(state: &Stream) -> bool {
    !state.visit.app.sessions.is_open(
        state.visit.standing.session,
        Instant::now(),
        state.visit.app.locks(),
    )
}

/// What of a notebook may change without an entry that a window is told of: what was said about members, devices, keys and
/// signatures, and what became of entries.
const OF_NOTEBOOK: [&str; 6] = [
    "controls",
    "waiting",
    "set_aside",
    "warning",
    "departed",
    "turned_away",
];

/// Makes two words of how notebooks and their peers stand, without the times that go on by themselves: one of what every
/// screen shows of them, and one of how much each has, which changes with every edit and which few screens show.
pub(crate) fn shown_of_peers(status: &Value) -> String {
    let (mut shown, mut counts) = (DefaultHasher::new(), DefaultHasher::new());
    for notebook in Data(status).list("notebooks") {
        for field in OF_NOTEBOOK {
            notebook.get(field).0.to_string().hash(&mut shown);
        }
        let peers = notebook.list("peers").into_iter();
        for peer in peers.chain(notebook.list("mirrors")) {
            for field in [
                "device",
                "state",
                "path",
                "stopped",
                "set_back",
                "verification",
                "warning",
            ] {
                peer.get(field).0.to_string().hash(&mut shown);
            }
            for field in ["behind", "ahead"] {
                peer.count(field).hash(&mut counts);
            }
        }
    }
    format!("{:x} {:x}", shown.finish(), counts.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn how_much_a_peer_has_is_told_apart_from_how_it_stands() {
        let of = |controls: &str, state: &str, behind: u32, last_contact: &str| {
            let peer = json!({
                "device": "d", "state": state, "path": "direct", "behind": behind, "ahead": 0,
                "last_contact": last_contact,
            });
            let notebook = json!({ "controls": controls, "peers": [peer] });
            let told = shown_of_peers(&json!({ "notebooks": [notebook] }));
            let (shown, counts) = told.split_once(' ').expect("two words");
            (shown.to_owned(), counts.to_owned())
        };
        let words = |state: &str, behind, last_contact: &str| of("a", state, behind, last_contact);
        let now = words("connected", 0, "now");
        assert_eq!(words("connected", 0, "later"), now);
        let (shown, counts) = words("connected", 1, "now");
        assert!(shown == now.0 && counts != now.1);
        // A signature is no entry, and shows.
        for (shown, counts) in [words("seen", 0, "now"), of("b", "connected", 0, "now")] {
            assert!(shown != now.0 && counts == now.1);
        }
    }
}
