//! What the node answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Failure;

/// One line of an answer: any number of events, then exactly one `Done`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Something that happened on the way.
    Event(Event),
    /// The end: the command's data, or why it was not done.
    Done(Result<Value, Failure>),
}

/// Something that happens before a request is done.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// How far long work has come; shown on a terminal's stderr and nowhere else.
    Progress(Progress),
    /// One document of a stream (`watch`, the ready line of `up`); printed on stdout.
    Item(Value),
}

/// How far long work has come.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in a few words.
    pub message: String,
    /// How many of `total` are done.
    pub done: u64,
    /// How many there are; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl Progress {
    /// Makes a progress report of unknown total.
    pub fn of(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            done: 0,
            total: None,
        }
    }
}
