//! What the person at this device is to be reminded of, in all notebooks that are not over: closed, left, or about to be
//! destroyed.
//!
//! Each device reminds for itself, and once: what was shown is kept in the sealed store, so that another start of the
//! node does not show it again.

use std::collections::BTreeMap;

use hearth_core::ids::NotebookId;
use hearth_notebook::reminder::{self, Reminder, Rules};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use super::answer::unavailable;
use super::graduate::is_closed;
use super::resolve::{light_title, ongoing, person_ref};
use crate::api::Failure;
use crate::host::Host;

/// The key under which is kept what was shown, with when it is of no use any more (JSON).
const KEPT_AS: &str = "reminded";

/// How long what was read of a notebook serves while nothing in it changes; less than it looks ahead.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Reminders that are kept as shown: those of a day, many times over.
const KEPT_MAX: usize = 4096;

/// A reminder in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// As the person wants it.
    pub words: String,
    /// Without names and titles, for places that others read.
    pub neutral: String,
}

/// What was read so far, for the next look.
#[derive(Debug, Default)]
pub(crate) struct Reminders {
    read: BTreeMap<NotebookId, Read>,
    rules: Option<Rules>,
}

/// What one notebook holds, and from which state of it.
#[derive(Debug)]
struct Read {
    frontier: [u8; 32],
    at: Timestamp,
    upcoming: Vec<Reminder>,
}

/// What a look found: the words, and what [`mark`] is to note once they were shown.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) told: Vec<Told>,
    shown: Vec<(String, Timestamp)>,
}

impl Reminders {
    /// Looks what is to be shown now.
    ///
    /// # Errors
    /// A [`Failure`] where the store cannot be read. A notebook that cannot is left out.
    pub(crate) fn look(&mut self, host: &mut Host, now: Timestamp) -> Result<Found, Failure> {
        let Some(rules) = host.settings.reminder_rules() else {
            *self = Self::default();
            return Ok(Found::default());
        };
        if self.rules.as_ref() != Some(&rules) {
            self.read.clear();
            self.rules = Some(rules.clone());
        }
        let open = ongoing(host)?;
        self.read.retain(|notebook, _| open.contains(notebook));
        for notebook in &open {
            if let Err(failure) = self.read(host, *notebook, &rules, now) {
                self.read.remove(notebook);
                tracing::debug!(failure = %failure.message, "a notebook reminds of nothing");
            }
        }
        let zone = TimeZoneDatabase::bundled()
            .get(&rules.zone)
            .unwrap_or(TimeZone::UTC);
        let quiet = host.settings.quiet();
        let is_full = host.settings.reminds_in_full();
        let mut kept = kept(host)?;
        let mut found = Found::default();
        for (notebook, read) in &self.read {
            // A fork and the notebook that it goes on from hold the same session; once is enough.
            let is_kept = |one: &Reminder| kept.contains_key(&one.key());
            let due = reminder::due(&read.upcoming, quiet, &zone, now, is_kept);
            for one in &due.shown {
                let neutral = one.neutral(now, &zone);
                let words = match is_full {
                    true => one.worded(&light_title(host, *notebook), now, &zone),
                    false => neutral.clone(),
                };
                found.told.push(Told { words, neutral });
            }
            let noted = due.shown.iter().chain(&due.passed);
            let noted: Vec<_> = noted.map(|one| (one.key(), one.until)).collect();
            kept.extend(noted.iter().cloned());
            found.shown.extend(noted);
        }
        Ok(found)
    }

    fn read(
        &mut self,
        host: &mut Host,
        notebook: NotebookId,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let frontier = |host: &mut Host| {
            let replica = host.engine.replica_mut(notebook);
            replica
                .map(|replica| replica.frontier_digest())
                .unwrap_or_default()
        };
        let is_fresh = |read: &Read| {
            let age = now.duration_since(read.at);
            read.frontier == frontier(host)
                && (SignedDuration::ZERO..READ_AGAIN_AFTER).contains(&age)
        };
        if self.read.get(&notebook).is_some_and(is_fresh) {
            return Ok(());
        }
        let upcoming = if is_closed(host, notebook)? {
            Vec::new()
        } else {
            let me = person_ref(host.me())?;
            host.read(notebook, |docs, people| {
                reminder::upcoming(docs, people, &me, rules, now).map_err(unavailable)
            })?
        };
        let read = Read {
            frontier: frontier(host),
            at: now,
            upcoming,
        };
        self.read.insert(notebook, read);
        Ok(())
    }
}

/// Notes that what a look found was shown, and forgets what is of no use any more.
///
/// # Errors
/// A [`Failure`] where the disk fails; it is shown again then.
pub(crate) fn mark(host: &mut Host, found: &Found, now: Timestamp) -> Result<(), Failure> {
    if found.shown.is_empty() {
        return Ok(());
    }
    let mut kept = kept(host)?;
    kept.retain(|_, until| *until > now);
    kept.extend(found.shown.iter().cloned());
    forget_beyond(&mut kept, KEPT_MAX);
    let bytes = serde_json::to_vec(&kept).unwrap_or_default();
    host.put_own(KEPT_AS, &bytes)
}

/// Leaves those that may be shown for longest: what is over soonest is soonest of no use.
fn forget_beyond(kept: &mut BTreeMap<String, Timestamp>, most: usize) {
    let beyond = kept.len().saturating_sub(most);
    let mut soonest: Vec<(Timestamp, String)> = kept
        .iter()
        .map(|(key, until)| (*until, key.clone()))
        .collect();
    soonest.sort_unstable();
    for (_, key) in soonest.into_iter().take(beyond) {
        kept.remove(&key);
    }
}

fn kept(host: &Host) -> Result<BTreeMap<String, Timestamp>, Failure> {
    let bytes = host.get_own(KEPT_AS)?.unwrap_or_default();
    // What cannot be read was of no use: at the worst something is shown twice.
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_too_many_were_shown_those_that_are_over_soonest_are_forgotten() {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let names = [
            "a lasts",
            "b is over first",
            "c is over next",
            "d lasts longest",
        ];
        let ends = [30, 10, 20, 40].map(at);
        let mut kept: BTreeMap<String, Timestamp> =
            names.map(ToOwned::to_owned).into_iter().zip(ends).collect();
        forget_beyond(&mut kept, 2);
        assert_eq!(
            kept.keys().collect::<Vec<_>>(),
            ["a lasts", "d lasts longest"]
        );
        forget_beyond(&mut kept, 2);
        assert_eq!(kept.len(), 2);
    }
}
