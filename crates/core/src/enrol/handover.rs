//! What a new device is handed: the control entries of the person's notebooks, in frames of bounded size.

use std::collections::{BTreeSet, VecDeque};

use super::EnrolMessage;
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{ControlEntry, ControlError};
use crate::crypto::SignatureError;
use crate::epoch::Wraps;
use crate::frontier::SignedFrontier;
use crate::ids::{EpochId, NotebookId};
use crate::limits::{
    CONTROL_ENTRIES_MAX, FRAME_BYTES_AIM, HANDOVER_BYTES_MAX, SHARED_NOTEBOOKS_MAX,
};
use crate::storage::Storage;
use crate::sync::Holding;

/// Something that was handed over and cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandoverError {
    /// A part does not follow the layout.
    #[error("a part is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// A control entry is not acceptable.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A frontier is not signed by whom the notebook names.
    #[error("a notebook's frontier is not signed by the device that sent it")]
    Frontier(#[from] SignatureError),
    /// It is more than a person has.
    #[error("it is more than one person can have")]
    TooMuch,
    /// Something came out of turn.
    #[error("a part came out of turn")]
    OutOfTurn,
}

/// One notebook as it was handed over.
#[derive(Debug)]
pub struct HandedNotebook {
    /// The notebook.
    pub notebook: NotebookId,
    /// Its control entries, each after its past.
    pub controls: Vec<ControlEntry>,
    /// The wraps of its epoch keys, where they were needed.
    pub wraps: Vec<Wraps>,
    /// What the sender has of it.
    pub frontier: SignedFrontier,
}

/// What was handed over.
#[derive(Debug, Default)]
pub struct Handover {
    /// The notebooks that are complete.
    pub notebooks: Vec<HandedNotebook>,
    open: Option<(NotebookId, Vec<ControlEntry>, Vec<Wraps>)>,
    bytes: usize,
}

impl Handover {
    /// Takes a part of it.
    ///
    /// # Errors
    /// [`HandoverError`]; the handing over has failed then.
    pub(super) fn take(&mut self, message: EnrolMessage) -> Result<(), HandoverError> {
        match message {
            EnrolMessage::Controls { notebook, entries } => {
                let open = self.open(notebook)?;
                if open.1.len() + entries.len() > CONTROL_ENTRIES_MAX {
                    return Err(HandoverError::TooMuch);
                }
                let mut bytes = 0;
                for entry in entries {
                    bytes += entry.len();
                    open.1.push(ControlEntry::parse(&entry)?);
                }
                self.count(bytes)?;
            }
            EnrolMessage::Wraps { notebook, wraps } => {
                let parsed = Wraps::parse(&wraps)?;
                self.open(notebook)?.2.push(parsed);
                self.count(wraps.len())?;
            }
            EnrolMessage::Frontier { notebook, frontier } => {
                let frontier = SignedFrontier::read(&mut Reader::new(&frontier))?;
                let (open, controls, wraps) = self.open.take().ok_or(HandoverError::OutOfTurn)?;
                let is_its_own = controls
                    .first()
                    .is_some_and(|create| create.notebook_id() == notebook);
                if open != notebook || !is_its_own {
                    return Err(HandoverError::OutOfTurn);
                }
                if self.notebooks.len() >= SHARED_NOTEBOOKS_MAX {
                    return Err(HandoverError::TooMuch);
                }
                self.notebooks.push(HandedNotebook {
                    notebook,
                    controls,
                    wraps,
                    frontier,
                });
            }
            _ => return Err(HandoverError::OutOfTurn),
        }
        Ok(())
    }

    fn open(
        &mut self,
        notebook: NotebookId,
    ) -> Result<&mut (NotebookId, Vec<ControlEntry>, Vec<Wraps>), HandoverError> {
        let open = self
            .open
            .get_or_insert_with(|| (notebook, Vec::new(), Vec::new()));
        if open.0 == notebook {
            Ok(open)
        } else {
            Err(HandoverError::OutOfTurn)
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), HandoverError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > HANDOVER_BYTES_MAX {
            return Err(HandoverError::TooMuch);
        }
        Ok(())
    }
}

/// Where the sender is: frames are made as they are sent, so that two hundred notebooks fill no memory.
#[derive(Debug)]
pub(crate) struct Outgoing {
    notebooks: VecDeque<NotebookId>,
    with_wraps: bool,
    controls_sent: usize,
    wraps_sent: BTreeSet<EpochId>,
    is_done: bool,
}

impl Outgoing {
    pub(crate) fn new(notebooks: impl IntoIterator<Item = NotebookId>, with_wraps: bool) -> Self {
        Self {
            notebooks: notebooks.into_iter().collect(),
            with_wraps,
            controls_sent: 0,
            wraps_sent: BTreeSet::new(),
            is_done: false,
        }
    }

    /// Returns the notebook that the next frame is about.
    pub(crate) fn notebook(&self) -> Option<NotebookId> {
        self.notebooks.front().copied()
    }

    /// Returns the next frame; `holding` is that of [`Outgoing::notebook`], `None` where it is gone or there
    /// is none left. Nothing of it is unsaved.
    pub(crate) fn next(
        &mut self,
        holding: Option<&dyn Holding>,
        storage: &dyn Storage,
    ) -> Option<EnrolMessage> {
        let Some(holding) = holding else {
            if self.notebooks.is_empty() {
                return (!std::mem::replace(&mut self.is_done, true)).then_some(EnrolMessage::Done);
            }
            // Only a notebook whose disk failed goes away; one that was begun cannot be left out.
            return Some(self.give_up());
        };
        let notebook = holding.notebook();
        let mut entries = Vec::new();
        let mut bytes = 0;
        for entry in holding.controls().iter().skip(self.controls_sent) {
            if bytes >= FRAME_BYTES_AIM {
                break;
            }
            bytes += entry.as_bytes().len();
            entries.push(entry.as_bytes().to_vec());
        }
        if !entries.is_empty() {
            self.controls_sent += entries.len();
            return Some(EnrolMessage::Controls { notebook, entries });
        }
        if self.with_wraps {
            match holding.wraps_beyond(&self.wraps_sent, storage) {
                Ok(Some((epoch, wraps))) => {
                    self.wraps_sent.insert(epoch);
                    return Some(EnrolMessage::Wraps { notebook, wraps });
                }
                Ok(None) => {}
                Err(_) => return Some(self.give_up()),
            }
        }
        self.notebooks.pop_front();
        self.controls_sent = 0;
        self.wraps_sent.clear();
        let mut frontier = Writer::new();
        holding.sign_frontier().write(&mut frontier);
        Some(EnrolMessage::Frontier {
            notebook,
            frontier: frontier.into_bytes(),
        })
    }

    fn give_up(&mut self) -> EnrolMessage {
        self.notebooks.clear();
        self.is_done = true;
        EnrolMessage::Refused(super::EnrolRefusal::Unavailable)
    }
}
