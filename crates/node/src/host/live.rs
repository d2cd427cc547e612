//! What a running node remembers of notes that are written together: which edits of which window it has, and where each
//! window is. Nothing of it outlives the node, and nothing is lost by that.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::document::DocumentId;
use hearth_core::ids::NotebookId;
use hearth_core::limits::PRESENCE_LASTS_MS;
use hearth_core::presence::{Caret, Presence, PresenceState, PresenceWindow};

/// Windows whose last edit is remembered. One that is forgotten is found out by what it typed.
const WINDOWS_MAX: usize = 256;
/// Bytes of a window's own name: it draws 16 random bytes, in hexadecimal.
pub(crate) const WINDOW_BYTES_MAX: usize = 64;
/// How often others are told that this person is still in a place, in milliseconds: twice before they forget it.
const SAY_AGAIN_MS: u64 = 8_000;

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
    /// Where others were last told that this person is, by each window.
    said: BTreeMap<String, Said>,
    /// Notebooks in which a window of this device came, left or moved, for the others to hear.
    moved: BTreeSet<NotebookId>,
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
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn each_window_has_a_number_of_its_own_until_it_leaves_or_is_forgotten() {
        let mut live = LiveNotes::default();
        let place = (
            NotebookId::from_bytes([1; 32]),
            DocumentId::from_bytes([7; 16]),
        );
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
    }
}
