//! The checks of a running mirror: a step at a time, between what arrives.

use std::collections::VecDeque;

use serde_json::Value;
use tokio::sync::oneshot;

use super::EventSink;
use crate::api::Failure;
use crate::host::NodeStorage;
use crate::service::{Checking, checked};

/// Where an answer goes.
pub(super) type Done = oneshot::Sender<Result<Value, Failure>>;

/// The checks that somebody waits for; the first is under way.
#[derive(Default)]
pub(super) struct Checks(VecDeque<Check>);

struct Check {
    checking: Checking,
    events: EventSink,
    done: Done,
}

impl Checks {
    /// Adds one that was begun.
    pub(super) fn push(&mut self, checking: Checking, events: EventSink, done: Done) {
        self.0.push_back(Check {
            checking,
            events,
            done,
        });
    }

    /// Says whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does one step of the first one. What waits in memory has to be on the disk before.
    pub(super) fn step(&mut self, storage: &NodeStorage) {
        let Some(mut check) = self.0.pop_front() else {
            return;
        };
        // Nobody waits for it any more.
        if check.done.is_closed() {
            return;
        }
        let Check {
            checking, events, ..
        } = &mut check;
        let has_more = checking.step(storage, None, &mut |event| {
            // Whoever does not read what happens meanwhile gets the answer all the same.
            let _unread = events.try_send(event);
        });
        if has_more {
            return self.0.push_front(check);
        }
        let _left = check.done.send(checked(check.checking));
    }
}
