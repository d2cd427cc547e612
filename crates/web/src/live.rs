//! What happens elsewhere, as it happens: one stream for each window, of words and never of content.
//!
//! The page is told that something changed, and asks for itself again; so there is one way to draw a screen.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use futures_util::stream;
use hearth_node::api::{Event, Failure, Request};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use crate::limits::PEERS_LOOK;
use crate::reply::Reply;
use crate::visit::Visit;

/// How long changes are gathered before the page is told of them.
const GATHER: Duration = Duration::from_millis(120);
/// How often a line is sent so that both sides notice a connection that is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Stream {
    visit: Arc<Visit>,
    changes: mpsc::Receiver<Event>,
    call: JoinHandle<Result<Value, Failure>>,
    peers: Option<String>,
    looked_at: Instant,
    _room: OwnedSemaphorePermit,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // The watch has no other end than that its caller leaves.
        self.call.abort();
    }
}

/// `GET /live`: the stream.
pub(crate) async fn stream(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let room = Arc::clone(&visit.app.streams)
        .try_acquire_owned()
        .map_err(|_| {
            Failure::error("too_many_streams", "Too many windows of the page are open.")
        })?;
    let (changes, call) = visit
        .app
        .engine
        .follow(Request::Watch { notebook: None })
        .await?;
    let state = Stream {
        visit,
        changes,
        call,
        peers: None,
        looked_at: Instant::now(),
        _room: room,
    };
    let lines = stream::unfold(state, |mut state| async move {
        let line = next(&mut state).await?;
        Some((Ok::<Line, Infallible>(line), state))
    });
    let sse = Sse::new(lines).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(Reply::Whole(sse.into_response()))
}

/// Waits for the next thing to tell; nothing once the stream is over.
async fn next(state: &mut Stream) -> Option<Line> {
    loop {
        if is_shut_out(state) {
            return None;
        }
        let wait = PEERS_LOOK.saturating_sub(state.looked_at.elapsed());
        tokio::select! {
            change = state.changes.recv() => {
                let mut notebooks = vec![notebook_of(&change?)];
                tokio::time::sleep(GATHER).await;
                while let Ok(more) = state.changes.try_recv() {
                    let notebook = notebook_of(&more);
                    if !notebooks.contains(&notebook) {
                        notebooks.push(notebook);
                    }
                }
                let told = notebooks.join(" ");
                return Some(Line::default().event("change").data(told));
            }
            () = tokio::time::sleep(wait) => {
                state.looked_at = Instant::now();
                let now = peers(&state.visit).await?;
                let differs = state.peers.as_ref().is_some_and(|before| *before != now);
                let is_first = state.peers.is_none();
                state.peers = Some(now);
                if differs || is_first {
                    return Some(Line::default().event("peers").data("-"));
                }
            }
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

fn notebook_of(event: &Event) -> String {
    match event {
        Event::Item(item) => item
            .get("notebook")
            .and_then(|notebook| notebook.get("id").or(Some(notebook)))
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned(),
        _ => "-".to_owned(),
    }
}

/// What the pills show, without the times that go on by themselves.
async fn peers(visit: &Visit) -> Option<String> {
    let status = visit.ask(Request::Status).await.ok()?;
    let mut told = String::new();
    for notebook in status.get("notebooks")?.as_array()? {
        let none = Vec::new();
        let peers = notebook
            .get("peers")
            .and_then(Value::as_array)
            .unwrap_or(&none);
        for peer in peers {
            for field in ["device", "state", "path", "behind", "ahead"] {
                told.push_str(&peer.get(field).map(Value::to_string).unwrap_or_default());
            }
        }
    }
    Some(told)
}
