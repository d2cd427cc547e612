//! What a notebook's first screen shows of all that is in it: a few objects of each kind, and how many there are.

use hearth_notebook::session::{self, Window};
use hearth_notebook::{agreement, goal};
use serde_json::{Value, json};

use super::answer::{to_json, unavailable};
use super::journal::refuse;
use super::resolve::{find_notebook, listed};
use crate::api::Failure;
use crate::host::Host;

/// The data of a glance, with at most `goals` goals.
pub(super) fn glance(host: &mut Host, notebook: &str, goals: u32) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    refuse(host, notebook)?;
    let window = Window {
        now: Host::now(),
        ahead_max: 1,
        past_skip: 0,
        past_max: 0,
    };
    let goals_max = usize::try_from(goals).unwrap_or(usize::MAX);
    let seen = host.read(notebook, |docs, people| {
        let near = session::near(docs, people, window).map_err(unavailable)?;
        let (goals, goal_count) = goal::current(docs, people, goals_max).map_err(unavailable)?;
        let agreement = agreement::state(docs, people).map_err(unavailable)?.state;
        let learned = match &near.last_held {
            Some(last) => session::learned(docs, people, last.id).map_err(unavailable)?,
            None => Vec::new(),
        };
        Ok(json!({
            "next": near.ahead.first().map(to_json).transpose()?,
            "session_count": near.ahead_count + near.past_count,
            "last_held": near.last_held.as_ref().map(to_json).transpose()?,
            "learned": to_json(&learned)?,
            "goals": to_json(&goals)?,
            "goal_count": goal_count,
            "agreement": to_json(&agreement)?,
        }))
    })?;
    Ok(listed(host, notebook, seen))
}
