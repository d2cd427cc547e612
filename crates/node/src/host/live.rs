//! What a running node remembers of notes that are written together: which edits of which window it has, and what came
//! from devices that had been away. Nothing of it outlives the node, and nothing is lost by that.

use std::collections::{BTreeMap, VecDeque};

use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::presence::Presence;
use hearth_notebook::ObjectId;

/// Windows whose last edit is remembered. One that is forgotten is found out by what it typed.
const WINDOWS_MAX: usize = 256;
/// Bytes of a window's own name: it draws 16 random bytes, in hexadecimal.
pub(crate) const WINDOW_BYTES_MAX: usize = 64;
/// Notes of which it is remembered what came late.
const NOTES_MAX: usize = 64;
/// How often others are told that this person is still in a place, in milliseconds: twice before they forget it.
const SAY_AGAIN_MS: u64 = 8_000;
/// Notes that are known to be new: those of a notebook that comes whole, within a minute.
const BORN_MAX: usize = 4_096;
/// Devices that are named for one note: the last ones to come back are what somebody wants to hear of.
const MERGED_MAX: usize = 8;
/// A change that was written longer ago than this comes from a device that had been away: sent at once it is here
/// within a second, and clocks differ.
pub(crate) const LATE_AFTER_SECONDS: i64 = 60;
/// Changes of one device that follow each other within this time are one edit to people.
const ONE_EDIT_SECONDS: i64 = 60;

/// What came from a device that had been away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    /// The device.
    pub(crate) device: DeviceId,
    /// Stretches of writing, as people count edits.
    pub(crate) edits: u64,
    /// When the first was written, in seconds since 1970 UTC by the device's clock.
    pub(crate) from: i64,
    /// When the last was written.
    pub(crate) to: i64,
    /// When it came, in seconds since 1970 UTC.
    pub(crate) came: i64,
}

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct LiveNotes {
    /// The number of the last edits of each window, and when that was, as a count of requests.
    windows: BTreeMap<String, (u64, u64)>,
    requests: u64,
    turns: u64,
    merged: BTreeMap<(NotebookId, ObjectId), VecDeque<Merged>>,
    /// Where others were last told that this person is, and when.
    said: Option<(NotebookId, Presence, u64)>,
    /// When notes came that were not here before, in seconds since 1970 UTC.
    born: BTreeMap<(NotebookId, ObjectId), i64>,
}

impl LiveNotes {
    /// Returns the number of the last edits of a window, where it is known.
    pub(crate) fn last_of(&self, window: &str) -> Option<u64> {
        self.windows.get(window).map(|(number, _)| *number)
    }

    /// Counts what a window is told: of two answers or steps, the one with the higher number was made later.
    pub(crate) fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    /// Notes that edits of a window were written.
    pub(crate) fn note(&mut self, window: &str, number: u64) {
        self.requests += 1;
        self.windows
            .insert(window.to_owned(), (number, self.requests));
        if self.windows.len() > WINDOWS_MAX {
            let oldest = self.windows.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(window, _)| window.clone()) {
                self.windows.remove(&oldest);
            }
        }
    }

    /// Says whether others are to be told where this person is: it is another place than they were told last, or long ago.
    /// A place is named by the letter behind it, so whoever goes on typing stays where they are.
    pub(crate) fn is_news(
        &mut self,
        notebook: NotebookId,
        presence: &Presence,
        now_ms: u64,
    ) -> bool {
        let is_known = self.said.as_ref().is_some_and(|(of, last, at_ms)| {
            *of == notebook && last == presence && now_ms.abs_diff(*at_ms) < SAY_AGAIN_MS
        });
        if !is_known {
            self.said = Some((notebook, *presence, now_ms));
        }
        !is_known
    }

    /// Notes that the first change of a note came: what comes with it is no news about a note that somebody knew.
    pub(crate) fn note_born(&mut self, note: (NotebookId, ObjectId), now: i64) {
        if self.born.len() >= BORN_MAX {
            self.born.retain(|_, at| now - *at <= LATE_AFTER_SECONDS);
        }
        if self.born.len() < BORN_MAX {
            self.born.insert(note, now);
        }
    }

    /// Notes a change that a device made at a time, where it was away then and the note was here.
    pub(crate) fn note_late(
        &mut self,
        note: (NotebookId, ObjectId),
        device: DeviceId,
        at: i64,
        now: i64,
    ) {
        let is_new = |born: &i64| now - born <= LATE_AFTER_SECONDS;
        if now.saturating_sub(at) <= LATE_AFTER_SECONDS || self.born.get(&note).is_some_and(is_new)
        {
            return;
        }
        if !self.merged.contains_key(&note) && self.merged.len() >= NOTES_MAX {
            let newest = |all: &VecDeque<Merged>| all.front().map(|one| one.came);
            let oldest = self.merged.iter().min_by_key(|(_, all)| newest(all));
            if let Some(oldest) = oldest.map(|(note, _)| *note) {
                self.merged.remove(&oldest);
            }
        }
        let all = self.merged.entry(note).or_default();
        // What comes in several parts of one return is told as one.
        let same = all
            .iter_mut()
            .find(|one| one.device == device && now - one.came <= LATE_AFTER_SECONDS);
        if let Some(one) = same {
            let is_near = |from: i64, to: i64| {
                at <= to.saturating_add(ONE_EDIT_SECONDS)
                    && at >= from.saturating_sub(ONE_EDIT_SECONDS)
            };
            if !is_near(one.from, one.to) {
                one.edits += 1;
            }
            one.from = one.from.min(at);
            one.to = one.to.max(at);
            one.came = now;
            return;
        }
        all.push_front(Merged {
            device,
            edits: 1,
            from: at,
            to: at,
            came: now,
        });
        all.truncate(MERGED_MAX);
    }

    /// Returns what came late to a note, newest first.
    pub(crate) fn merged(&self, note: (NotebookId, ObjectId)) -> impl Iterator<Item = &Merged> {
        self.merged.get(&note).into_iter().flatten()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn note() -> (NotebookId, ObjectId) {
        let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        (NotebookId::from_bytes([1; 32]), id)
    }

    #[test]
    fn what_was_written_in_one_go_is_one_edit_and_what_comes_at_once_is_none() {
        let mut live = LiveNotes::default();
        let ana = DeviceId::from_bytes([2; 32]);
        for ago in [1, 60, -9] {
            live.note_late(note(), ana, NOW - ago, NOW);
        }
        assert_eq!(live.merged(note()).count(), 0);
        for ago in [9_000, 8_990, 8_950, 5_000, 4_980, 900] {
            live.note_late(note(), ana, NOW - ago, NOW);
        }
        let told: Vec<&Merged> = live.merged(note()).collect();
        assert_eq!((told.len(), told[0].edits), (1, 3));
        assert_eq!((told[0].from, told[0].to), (NOW - 9_000, NOW - 900));
        // A second return is told beside the first.
        live.note_late(note(), ana, NOW + 100, NOW + 500);
        assert_eq!(live.merged(note()).count(), 2);
    }

    #[test]
    fn what_comes_with_a_new_note_is_not_told_and_what_comes_later_is() {
        let mut live = LiveNotes::default();
        let ana = DeviceId::from_bytes([2; 32]);
        live.note_born(note(), NOW);
        live.note_late(note(), ana, NOW - 9_000, NOW + 5);
        assert_eq!(live.merged(note()).count(), 0);
        live.note_late(note(), ana, NOW - 9_000, NOW + 500);
        assert_eq!(live.merged(note()).count(), 1);
        // A clock may say anything.
        for at in [i64::MIN, i64::MAX, 0] {
            live.note_late(note(), ana, at, NOW + 500);
        }
        assert_eq!(live.merged(note()).count(), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_makes_room() {
        let mut live = LiveNotes::default();
        for number in 0..2 * WINDOWS_MAX as u64 {
            live.note(&format!("window {number}"), number + 1);
        }
        assert_eq!(live.windows.len(), WINDOWS_MAX);
        assert_eq!(live.last_of("window 0"), None);
        let last = 2 * WINDOWS_MAX as u64 - 1;
        assert_eq!(live.last_of(&format!("window {last}")), Some(last + 1));
        for device in 0..40 {
            let device = DeviceId::from_bytes([device; 32]);
            live.note_late(note(), device, NOW - 900, NOW);
        }
        assert_eq!(live.merged(note()).count(), MERGED_MAX);
        for notebook in 0..200 {
            let other = (NotebookId::from_bytes([notebook; 32]), note().1);
            let device = DeviceId::from_bytes([3; 32]);
            live.note_late(other, device, NOW - 900, NOW + i64::from(notebook));
        }
        assert_eq!(live.merged.len(), NOTES_MAX);
    }
}
