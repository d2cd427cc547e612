//! What a running node remembers of notes that are written together: which edits of which window it has, and what came
//! from devices that had been away. Nothing of it outlives the node, and nothing is lost by that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hearth_core::document::DocumentId;
use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::limits::PRESENCE_LASTS_MS;
use hearth_core::presence::{Caret, Presence, PresenceState, PresenceWindow};
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

/// Where a window is, as it was last said.
#[derive(Debug, Clone, Copy)]
struct Said {
    notebook: NotebookId,
    presence: Presence,
    at_ms: u64,
}

impl Said {
    const fn window(&self) -> PresenceWindow {
        self.presence.window
    }
}

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct LiveNotes {
    /// The number of the last edits of each window, and when that was, as a count of requests.
    windows: BTreeMap<String, (u64, u64)>,
    requests: u64,
    turns: u64,
    merged: BTreeMap<(NotebookId, ObjectId), VecDeque<Merged>>,
    /// Where others were last told that this person is, by each window.
    said: BTreeMap<String, Said>,
    /// Notebooks in which a window of this device came, left or moved, for the others to hear.
    moved: BTreeSet<NotebookId>,
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

    /// Returns what others are to be told of where a window is: nothing where they know it already, and were told not
    /// long ago, or where no window has room. A place is named by the letter behind it, so whoever goes on typing stays
    /// where they are.
    pub(crate) fn news(
        &mut self,
        (notebook, document): (NotebookId, DocumentId),
        window: &str,
        (state, caret): (PresenceState, Caret),
        now_ms: u64,
    ) -> Option<Presence> {
        self.said
            .retain(|_, said| now_ms.abs_diff(said.at_ms) <= PRESENCE_LASTS_MS);
        let known = self.said.get(window);
        let number = match known {
            Some(said) => said.presence.window,
            // Nobody knows of a window that only leaves.
            None if state == PresenceState::Away => return None,
            None => {
                let taken: Vec<PresenceWindow> = self.said.values().map(Said::window).collect();
                PresenceWindow::all().find(|number| !taken.contains(number))?
            }
        };
        let presence = Presence {
            window: number,
            document,
            state,
            caret,
        };
        let is_there =
            known.is_some_and(|said| (said.notebook, said.presence) == (notebook, presence));
        if is_there && known.is_some_and(|said| now_ms.abs_diff(said.at_ms) < SAY_AGAIN_MS) {
            return None;
        }
        if !is_there {
            self.moved.insert(notebook);
        }
        if state == PresenceState::Away {
            self.said.remove(window);
        } else {
            let said = Said {
                notebook,
                presence,
                at_ms: now_ms,
            };
            self.said.insert(window.to_owned(), said);
        }
        Some(presence)
    }

    /// Returns where windows of this device are in a notebook, each with its name.
    pub(crate) fn own_presences(
        &self,
        notebook: NotebookId,
        now_ms: u64,
    ) -> impl Iterator<Item = (&str, &Presence)> {
        let is_here = move |said: &Said| {
            said.notebook == notebook && now_ms.abs_diff(said.at_ms) <= PRESENCE_LASTS_MS
        };
        let here = self.said.iter().filter(move |(_, said)| is_here(said));
        here.map(|(window, said)| (window.as_str(), &said.presence))
    }

    /// Takes the notebooks in which a window of this device came, left or moved.
    pub(crate) fn take_moved(&mut self) -> BTreeSet<NotebookId> {
        std::mem::take(&mut self.moved)
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
    fn each_window_has_a_number_of_its_own_until_it_leaves_or_is_forgotten() {
        let mut live = LiveNotes::default();
        let place = (note().0, DocumentId::from_bytes([7; 16]));
        let here = (PresenceState::Here, Caret::End);
        let away = (PresenceState::Away, Caret::Nowhere);
        let number = |said: Option<Presence>| said.map(|said| said.window.number());
        assert_eq!(number(live.news(place, "a", here, 0)), Some(0));
        assert_eq!(number(live.news(place, "b", here, 0)), Some(1));
        assert_eq!(live.take_moved().len(), 1);
        // What is known is said again only before it would be forgotten.
        assert_eq!(live.news(place, "a", here, SAY_AGAIN_MS - 1), None);
        assert_eq!(number(live.news(place, "a", here, SAY_AGAIN_MS)), Some(0));
        assert!(live.take_moved().is_empty(), "it stays where it is");
        assert_eq!(number(live.news(place, "b", away, SAY_AGAIN_MS)), Some(1));
        assert_eq!(live.news(place, "b", away, SAY_AGAIN_MS), None);
        assert_eq!(live.take_moved().len(), 1);
        assert_eq!(live.own_presences(place.0, SAY_AGAIN_MS).count(), 1);
        assert_eq!(number(live.news(place, "c", here, SAY_AGAIN_MS)), Some(1));
        // One that closed without a word is forgotten.
        let later = 2 * SAY_AGAIN_MS + PRESENCE_LASTS_MS;
        assert_eq!(live.own_presences(place.0, later).count(), 0);
        for window in 0..PresenceWindow::all().count() {
            let said = live.news(place, &format!("window {window}"), here, later);
            assert_eq!(number(said).map(usize::from), Some(window));
        }
        assert_eq!(live.news(place, "one too many", here, later), None);
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
