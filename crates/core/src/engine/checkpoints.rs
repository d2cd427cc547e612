//! Checkpoints at the mirrors of this device's notebooks: gone on with and checked while nothing else is to be done.
//!
//! Whoever is linked with a mirror and knows how its checkpoint ends makes the next segment, and the mirror takes the
//! first that comes. What the next one follows from is kept before a segment leaves, so that its maker goes on from
//! there whether the mirror took it or not. Segments that somebody else made are fetched one by one and checked: the
//! entries are made from them again and compared with those that are here. A device of each person signs that; a segment
//! that is unsound is set aside and its maker named.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::connections::Connection;
use super::{Effect, Engine, MirrorFault};
use crate::checkpoint::{CheckpointStanding, Segment, SegmentNumber};
use crate::codec::{DecodeError, Reader, Writer};
use crate::frontier::Frontier;
use crate::ids::{DeviceId, MirrorId, NotebookId, SegmentHash};
use crate::limits::{SEGMENTS_SOUGHT_PER_SEGMENT, SET_ASIDE_REASON_BYTES_MAX};
use crate::replica::{Replica, SegmentBase, SegmentCheck};
use crate::storage::{Position, Space, Storage, StorageError, Write};
use crate::sync::Session;

const VERSION: u8 = 1;

/// Where a mirror's checkpoint ends as far as this device knows it: after the segment that it took or that was checked, and
/// after the one that this device sent since.
const BASES_MAX: usize = 2;

/// A segment of a checkpoint that holds other entries than those that its maker signed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsoundSegment {
    /// The device that made it.
    pub device: DeviceId,
    /// Its number.
    pub number: SegmentNumber,
    /// What is wrong with it.
    pub reason: String,
}

/// What is known of the checkpoint of one notebook at one mirror.
#[derive(Debug)]
struct Known {
    bases: Vec<SegmentBase>,
    /// The segment that was found to be unsound last.
    unsound: Option<UnsoundSegment>,
    /// How the mirror said that it stands, since this device was started.
    standing: Option<CheckpointStanding>,
    /// How many entries the mirror had when they were found to be too few for a segment.
    sought_to: u64,
    /// How the checkpoint ended, and how many entries were here, when it could not be gone on with.
    stuck: Option<(SegmentHash, Position)>,
    /// What was said to the mirror as things stand: where that changed nothing, it is not said again.
    tried: (Situation, BTreeSet<Tried>),
}

/// On which connection it is, how the checkpoint ends, and how many entries the mirror has.
type Situation = (u64, SegmentHash, u64);

/// Something that is said to a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tried {
    Want(SegmentNumber),
    Segment,
    Checked,
}

/// What goes into checkpoints at mirrors.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    known: BTreeMap<(NotebookId, MirrorId), Known>,
    /// Whether a mirror answered since it was last gone on, or there may be more to be done.
    is_due: bool,
}

impl Checkpoints {
    /// Notes that a mirror answered.
    pub(super) const fn note_answer(&mut self) {
        self.is_due = true;
    }

    /// Forgets what is known of a notebook.
    pub(super) fn forget(&mut self, notebook: NotebookId) {
        self.known.retain(|(of, _), _| *of != notebook);
    }

    /// Returns how the checkpoint at a mirror stands, as that said it last, and which segment of it was unsound.
    pub(super) fn status(
        &self,
        place: (NotebookId, MirrorId),
    ) -> (Option<CheckpointStanding>, Option<UnsoundSegment>) {
        let known = self.known.get(&place);
        known.map_or((None, None), |known| {
            (known.standing.clone(), known.unsound.clone())
        })
    }

    fn of(
        &mut self,
        place: (NotebookId, MirrorId),
        storage: &dyn Storage,
    ) -> Result<&mut Known, StorageError> {
        let entry = match self.known.entry(place) {
            Entry::Occupied(entry) => return Ok(entry.into_mut()),
            Entry::Vacant(entry) => entry,
        };
        let kept = match storage.get(place.0, Space::Checkpoint, place.1.as_bytes()) {
            Ok(kept) => kept.and_then(|bytes| Known::parse(&bytes).ok()),
            Err(StorageError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        Ok(entry.insert(kept.unwrap_or_default()))
    }
}

impl Default for Known {
    fn default() -> Self {
        Self {
            bases: Vec::new(),
            unsound: None,
            standing: None,
            sought_to: 0,
            stuck: None,
            tried: ((0, SegmentHash::ZERO, 0), BTreeSet::new()),
        }
    }
}

impl Known {
    /// Returns what the next segment follows from, where this device knows that.
    fn base_of(&self, standing: &CheckpointStanding) -> Option<SegmentBase> {
        self.base_behind(standing.number, standing.last)
    }

    fn base_behind(&self, number: SegmentNumber, last: SegmentHash) -> Option<SegmentBase> {
        if number == 0 {
            return Some(SegmentBase::default());
        }
        let mut known = self.bases.iter();
        let is_it = |base: &&SegmentBase| base.number == number && base.last == Some(last);
        known.find(is_it).cloned()
    }

    /// Returns the number of the segment that is to be checked next.
    fn next_to_check(&self, standing: &CheckpointStanding) -> SegmentNumber {
        let known = self.bases.iter().map(|base| base.number);
        let before = known.filter(|number| *number < standing.number).max();
        before.unwrap_or(0) + 1
    }

    fn write(&self, mirror: MirrorId) -> Write {
        let mut writer = Writer::new();
        writer.u8(VERSION).varint(self.bases.len() as u64);
        for base in &self.bases {
            base.write(&mut writer);
        }
        match &self.unsound {
            None => writer.u8(0),
            Some(unsound) => writer
                .u8(1)
                .raw(unsound.device.as_bytes())
                .varint(unsound.number)
                .bytes(unsound.reason.as_bytes()),
        };
        Write::Put {
            space: Space::Checkpoint,
            key: mirror.as_bytes().to_vec(),
            value: writer.into_bytes(),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("checkpoint", VERSION)?;
        let mut known = Self::default();
        for _ in 0..reader.count("ends of a checkpoint", BASES_MAX)? {
            known.bases.push(SegmentBase::read(&mut reader)?);
        }
        if reader.u8("unsound segment")? != 0 {
            known.unsound = Some(UnsoundSegment {
                device: DeviceId::from_bytes(reader.array("device")?),
                number: reader.varint("number of a segment")?,
                reason: reader
                    .text("reason", SET_ASIDE_REASON_BYTES_MAX)?
                    .to_owned(),
            });
        }
        reader.finish()?;
        Ok(known)
    }
}

/// Returns how many entries a frontier names.
fn entries_of(frontier: &Frontier) -> u64 {
    frontier.beyond(&Frontier::default())
}

/// Says whether a mirror may have enough beyond some entries for another segment.
fn wants_segment(replica: &Replica, has: u64, beyond: u64) -> bool {
    let entries = replica.pack_entries();
    entries > 0 && has.saturating_sub(beyond) >= entries.div_ceil(SEGMENTS_SOUGHT_PER_SEGMENT)
}

/// What was done for one checkpoint.
enum Done {
    /// Nothing: there is nothing to be done now.
    Nothing,
    /// Something that is not for anybody else to know.
    Something,
    /// A segment was found that is not as it has to be.
    Found(MirrorFault),
}

/// One checkpoint, at one mirror that is linked.
struct AtMirror<'a> {
    replica: &'a Replica,
    known: &'a mut Known,
    session: &'a mut Session,
    mirror: MirrorId,
    /// What the mirror has.
    has: Arc<Frontier>,
}

impl AtMirror<'_> {
    /// Does the next thing.
    fn go_on(&mut self, storage: &mut dyn Storage) -> Result<Done, StorageError> {
        let notebook = self.replica.notebook();
        let Some(said) = self.session.checkpoint_said(notebook) else {
            return Ok(Done::Nothing);
        };
        let standing = said.standing;
        self.known.standing = Some(standing.clone());
        if let Some(segment) = said.segment {
            return self.check(&segment, &standing, storage);
        }
        if self.known.stuck == Some((standing.last, self.replica.next_position())) {
            return Ok(Done::Nothing);
        }
        let own = self.replica.own_person();
        let own = own.map_or(SegmentNumber::MAX, |own| standing.checked_by(&own));
        let has = entries_of(&self.has);
        let is_wanted = !standing.is_full && wants_segment(self.replica, has, standing.entries);
        let Some(base) = self.known.base_of(&standing) else {
            let number = self.known.next_to_check(&standing);
            let is_due = is_wanted || own < standing.number;
            if is_due && self.tries(&standing, Tried::Want(number)) {
                self.session.want_segment(notebook, number);
                return Ok(Done::Something);
            }
            return Ok(Done::Nothing);
        };
        let is_wanted = is_wanted && !self.has_tried(&standing, Tried::Segment);
        if is_wanted && wants_segment(self.replica, has, self.known.sought_to) {
            if let Some((segment, after)) =
                self.replica.segment_behind(&base, &self.has, storage)?
            {
                self.tries(&standing, Tried::Segment);
                self.known.bases = vec![base, after];
                self.keep(storage)?;
                self.session.send_segment(notebook, segment);
                return Ok(Done::Something);
            }
            self.known.sought_to = has;
        }
        if own < standing.number && self.tries(&standing, Tried::Checked) {
            let checked = self.replica.sign_checked(standing.number, standing.last);
            self.session.send_checked(notebook, checked);
            return Ok(Done::Something);
        }
        Ok(Done::Nothing)
    }

    fn has_tried(&self, standing: &CheckpointStanding, what: Tried) -> bool {
        let (situation, tried) = &self.known.tried;
        *situation == self.situation(standing) && tried.contains(&what)
    }

    /// Says whether something is to be tried, and notes that it is.
    fn tries(&mut self, standing: &CheckpointStanding, what: Tried) -> bool {
        let now = self.situation(standing);
        if self.known.tried.0 != now {
            self.known.tried = (now, BTreeSet::new());
        }
        self.known.tried.1.insert(what)
    }

    fn situation(&self, standing: &CheckpointStanding) -> Situation {
        (self.session.begun(), standing.last, entries_of(&self.has))
    }

    /// Checks a segment that somebody made, where it is the next one.
    fn check(
        &mut self,
        segment: &Segment,
        standing: &CheckpointStanding,
        storage: &mut dyn Storage,
    ) -> Result<Done, StorageError> {
        let head = &segment.head;
        let before = head.number.saturating_sub(1);
        let Some(base) = self.known.base_behind(before, head.previous) else {
            // The checkpoint is another one than this device knew: it is looked at from its beginning.
            let is_first = self.known.bases.is_empty();
            self.known.bases.clear();
            self.known.tried.1.clear();
            self.keep(storage)?;
            if is_first {
                self.known.stuck = Some((standing.last, self.replica.next_position()));
            }
            return Ok(Done::Something);
        };
        let reason = match self.replica.check_segment(&base, segment, storage)? {
            SegmentCheck::Sound(after) => {
                self.known.bases = vec![*after];
                self.known.stuck = None;
                self.keep(storage)?;
                return Ok(Done::Something);
            }
            SegmentCheck::Unsound(reason) => reason,
            SegmentCheck::NotYet => {
                // It is fetched again once more is here.
                self.known.tried.1.remove(&Tried::Want(head.number));
                self.known.stuck = Some((standing.last, self.replica.next_position()));
                return Ok(Done::Nothing);
            }
            SegmentCheck::Altered => {
                self.known.stuck = Some((standing.last, self.replica.next_position()));
                let what = "a segment of a checkpoint that nobody signed".to_owned();
                return Ok(Done::Found(MirrorFault::Forged(what)));
            }
        };
        let notebook = self.replica.notebook();
        let hash = head.hash(notebook);
        self.known.stuck = Some((standing.last, self.replica.next_position()));
        self.known.unsound = Some(UnsoundSegment {
            device: head.device,
            number: head.number,
            reason: reason.clone(),
        });
        self.keep(storage)?;
        self.session.send_unsound(notebook, head.number, hash);
        Ok(Done::Found(MirrorFault::Unsound(head.device, reason)))
    }

    fn keep(&self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        let write = self.known.write(self.mirror);
        storage.commit(self.replica.notebook(), &[write])
    }
}

impl Engine {
    /// Says whether a mirror answered, or something was done, so that its checkpoint may be gone on with at once.
    pub const fn wants_segment(&self) -> bool {
        self.checkpoints.is_due
    }

    /// Goes on with the checkpoint at a mirror that is linked, where there is something to be done; returns whether there
    /// was. To be called while nothing else is.
    ///
    /// # Errors
    /// [`StorageError`]; no more than a segment is missing then.
    pub fn make_segment(
        &mut self,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<bool, StorageError> {
        self.checkpoints.is_due = false;
        let mut found = None;
        'all: for connection in self.connections.values_mut() {
            let Connection::Sync { session, .. } = connection else {
                continue;
            };
            if !session.keeps_checkpoints() {
                continue;
            }
            let mirror = MirrorId::from_bytes(*session.peer().as_bytes());
            let notebooks: Vec<NotebookId> = session.notebooks().collect();
            for notebook in notebooks {
                let (Some(replica), Some(view)) =
                    (self.replicas.get(&notebook), session.view(notebook))
                else {
                    continue;
                };
                let has = Arc::clone(&view.frontier);
                let is_idle = !replica.is_behind() && session.is_live(notebook);
                if !is_idle || !wants_segment(replica, entries_of(&has), 0) {
                    continue;
                }
                let mut at_mirror = AtMirror {
                    replica,
                    known: self.checkpoints.of((notebook, mirror), storage)?,
                    session: &mut *session,
                    mirror,
                    has,
                };
                match at_mirror.go_on(storage)? {
                    Done::Nothing => {}
                    Done::Something => {
                        // What follows from it need not wait.
                        self.checkpoints.is_due = true;
                        return Ok(true);
                    }
                    Done::Found(fault) => {
                        found = Some((notebook, mirror, fault));
                        break 'all;
                    }
                }
            }
        }
        let Some((notebook, mirror, fault)) = found else {
            return Ok(false);
        };
        match fault {
            MirrorFault::Forged(what) => {
                self.note_mirror_fault(notebook, mirror.as_peer(), &what, now_ms);
            }
            fault => {
                let told = Effect::MirrorFault(notebook, mirror, fault);
                self.effects.push_back(told);
            }
        }
        Ok(true)
    }
}
