//! What happens elsewhere, as it happens: one stream for each window.
//!
//! Of most things the page is told only that they changed, and asks for itself again; so there is one way to draw a
//! screen. Notes that somebody writes in are the exception: a window that shows them is told what to replace.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use futures_util::stream;
use hearth_node::api::{Event, Failure, LiveRequest, Request};
use hearth_node::driver::only_session;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use crate::data::Data;
use crate::engine::Changes;
use crate::limits::PEERS_LOOK;
use crate::reply::Reply;
use crate::visit::Visit;

/// How long changes are gathered before the page is told of them: each makes it ask for a whole screen. What is typed
/// in notes does not wait for this.
const GATHER: Duration = Duration::from_millis(120);
/// How often a line is sent so that both sides notice a connection that is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Stream {
    visit: Arc<Visit>,
    changes: Changes,
    /// What changed and was not told yet, and when it is to be told.
    gathered: Vec<String>,
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
    let changes = visit.app.engine.changes().await?;
    let notes = follow(&visit).await?;
    let state = Stream {
        visit,
        changes,
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
        tokio::select! {
            biased;
            notes = of_notes(&mut state.notes) => {
                return Some(Line::default().event("notes").data(notes?.to_string()));
            }
            change = state.changes.recv() => {
                let (notebook, applied) = change?;
                let told = match only_session(&applied) {
                    Some(session) => format!("{notebook}/{session}"),
                    None => notebook.to_string(),
                };
                if state.gathered.is_empty() {
                    state.tell_at.as_mut().reset(tokio::time::Instant::now() + GATHER);
                }
                if !state.gathered.contains(&told) {
                    state.gathered.push(told);
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
                    state.peers = Some(now);
                    return Some(Line::default().event("peers").data("-"));
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

/// Makes one word of what the pills show, without the times that go on by themselves.
pub(crate) fn shown_of_peers(status: &Value) -> String {
    let mut told = String::new();
    for notebook in Data(status).list("notebooks") {
        for peer in notebook.list("peers") {
            for field in ["device", "state", "path", "behind", "ahead"] {
                told.push_str(&peer.get(field).0.to_string());
            }
        }
    }
    told
}
