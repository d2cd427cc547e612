//! What all windows are told of: one look at the node serves them all, and what is shown otherwise although nobody wrote
//! comes the same way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hearth_node::driver::{AppliedEntries, Node, only_session};
use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::limits::UNTOLD_MAX;

/// Stands for every notebook, where it is not known which.
pub(crate) const ALL: &str = "*";
/// Pause before the node is asked again that told nothing any more.
const AGAIN: Duration = Duration::from_millis(50);

/// Something that a window is told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// What changed: `NOTEBOOK`, `NOTEBOOK/SESSION` where nothing but the notes of a session did, or [`ALL`].
    Changed(Arc<str>),
    /// The node is gone.
    Over,
}

/// All windows.
#[derive(Debug)]
pub(crate) struct Windows {
    told: broadcast::Sender<Told>,
    /// How much was told. It counts from the start of this process, which `begun` tells from others.
    count: AtomicU64,
    begun: i64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            told: broadcast::Sender::new(UNTOLD_MAX),
            count: AtomicU64::new(0),
            begun: Timestamp::now().as_microsecond(),
        }
    }
}

impl Windows {
    /// Tells all windows that something changed.
    pub(crate) fn tell(&self, what: &str) {
        self.count.fetch_add(1, Ordering::AcqRel);
        // Where no window is open, the next one is drawn anew.
        let _nobody = self.told.send(Told::Changed(what.into()));
    }

    /// Hears of everything that is told from now on.
    pub(crate) fn hear(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// Returns a word for how much was told by now. A screen that was drawn after one was taken shows all of that; so where
    /// it is still the same, nothing has to be drawn again.
    pub(crate) fn stamp(&self) -> String {
        format!("{:x}-{:x}", self.begun, self.count.load(Ordering::Acquire))
    }

    /// Tells of everything that a node applies, until it is gone.
    pub(crate) async fn follow(&self, node: &Node) {
        while let Ok(changes) = node.subscribe().await {
            self.pass_on(changes).await;
            // It ended, or this fell behind, and then nobody knows what changed.
            self.tell(ALL);
            tokio::time::sleep(AGAIN).await;
        }
        let _nobody = self.told.send(Told::Over);
    }

    async fn pass_on(&self, mut changes: AppliedEntries) {
        while let Some((notebook, applied)) = changes.recv().await {
            match only_session(&applied) {
                Some(session) => self.tell(&format!("{notebook}/{session}")),
                None => self.tell(&notebook.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_another_one_as_soon_as_something_was_told() {
        let windows = Windows::default();
        let mut heard = windows.hear();
        let before = windows.stamp();
        assert_eq!(windows.stamp(), before);
        windows.tell("notebook");
        assert_ne!(windows.stamp(), before);
        assert!(matches!(heard.try_recv(), Ok(Told::Changed(what)) if &*what == "notebook"));
        assert!(heard.try_recv().is_err());
    }
}
