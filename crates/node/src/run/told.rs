//! What requests in a row answer, and how far they are.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::{Event, Failure, Progress};

/// How often it is told how far something is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Returns a number of an answer.
pub(super) fn number(answer: &Value, key: &str) -> Result<u64, Failure> {
    answer.get(key).and_then(Value::as_u64).ok_or_else(garbled)
}

/// The failure for an answer that lacks what was asked for.
pub(super) fn garbled() -> Failure {
    Failure::error(
        "node_version",
        "The node answers in another way than this program asks.",
    )
    .with_hint("It is of another version: stop it and start `hearth up` again.")
}

/// Says how far it is, not too often.
pub(super) struct Told {
    message: &'static str,
    at: Option<Instant>,
}

impl Told {
    pub(super) const fn new(message: &'static str) -> Self {
        Self { message, at: None }
    }

    pub(super) fn tell(&mut self, done: u64, total: Option<u64>, on_event: &mut dyn FnMut(Event)) {
        if self.at.is_some_and(|at| at.elapsed() < TELL_EVERY) {
            return;
        }
        self.at = Some(Instant::now());
        on_event(Event::Progress(Progress {
            message: self.message.to_owned(),
            done,
            total,
        }));
    }
}
