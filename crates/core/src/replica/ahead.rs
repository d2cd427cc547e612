//! Documents ahead of their entries: made for peers that lack much, and shown here until the entries are placed.
//!
//! Invariant: what came ahead is shown only as long as it holds all that is here of its documents, and
//! nothing is written on top of it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;

use super::Replica;
use super::documents::{Saved, saved_document};
use super::log::BranchId;
use super::persist::read_version;
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{ContentVerdict, ControlKind};
use crate::document::pack::Section;
use crate::document::{Change, Document, DocumentId, DocumentSet, EntryChanges, Outcome, scan};
use crate::ids::{EntryHash, LogId, Seq};
use crate::limits::{AHEAD_DOCUMENTS_MAX, AHEAD_ENTRIES_LATE, AHEAD_LACKED_MIN, PACK_BYTES_MAX};
use crate::log::{
    Ahead, AheadError, AheadLog, PackKind, RawEntry, documents_of, open_kind, seal_kind,
};
use crate::storage::{Position, Space, Storage, StorageError, Write};

const VERSION: u8 = 1;

/// Bytes of the last entries among which the documents are looked for that were written last.
const READ_BYTES_AIM: usize = 64 * 1024;

/// What came ahead and is shown.
#[derive(Debug)]
pub(super) struct Shown {
    documents: DocumentSet,
    /// Up to where they hold what each log wrote in them.
    to: BTreeMap<LogId, Seq>,
    /// Up to where the entries have to be placed until it is of no more use.
    until: BTreeMap<LogId, Seq>,
}

/// When documents for others were last made ready.
#[derive(Debug, Default)]
pub(super) struct MadeAhead {
    /// Up to which position those on the disk say all; `None` until that was looked at.
    to: Option<Position>,
    /// Where the stream ended when it was looked at last.
    seen: Position,
}

/// Why documents that came ahead are not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AheadRefused {
    /// They do not open under any key that is here.
    #[error("the documents ahead do not open")]
    Sealed,
    /// They are malformed, or proven by no signature.
    #[error(transparent)]
    Proof(#[from] AheadError),
    /// The entry that is to prove what a log wrote is not signed by its device.
    #[error("what stands for the log of device {} is not signed by it", .0.device)]
    Signature(LogId),
    /// Whether all of a log counts does not follow from its last entry.
    #[error("not all of the log of device {} may count", .0.device)]
    Doubtful(LogId),
    /// The notebook goes on from another one, whose changes no log of its own proves.
    #[error("the notebook goes on from another one and is shown whole")]
    Based,
    /// They lack something that is here.
    #[error("the documents ahead lack what is here")]
    Behind,
    /// They cannot be built.
    #[error("document {0:?} cannot be built")]
    Unsound(DocumentId),
    /// The own disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DecodeError> for AheadRefused {
    fn from(error: DecodeError) -> Self {
        Self::Proof(error.into())
    }
}

impl Replica {
    /// Returns a document that came ahead of its entries, as long as it is to be shown in place of what is placed.
    pub fn ahead(&self, id: &DocumentId) -> Option<&Automerge> {
        self.shown_ahead()?.documents.get(id)
    }

    /// Says whether documents are shown ahead of their entries.
    pub fn is_ahead(&self) -> bool {
        self.shown_ahead().is_some()
    }

    fn shown_ahead(&self) -> Option<&Shown> {
        let shown = self.shown.as_ref()?;
        let is_within = |(id, log): (&BranchId, &super::Log)| {
            id.number == 0 && shown.to.get(&id.log).is_some_and(|to| log.tip_seq() <= *to)
        };
        self.logs.iter().all(is_within).then_some(shown)
    }

    /// Forgets what came ahead once it is of no more use: all of it is placed, or there is something that it lacks.
    pub(super) fn review_ahead(&mut self) {
        let is_placed = |log: &LogId, seq: &Seq| {
            let trunk = self.trunk(log);
            trunk.is_some_and(|trunk| trunk.settled >= *seq)
        };
        let is_over = match self.shown_ahead() {
            Some(shown) => shown.until.iter().all(|(log, seq)| is_placed(log, seq)),
            None => true,
        };
        if is_over {
            self.shown = None;
        }
    }

    /// Adds what this device itself wrote just now to what is shown, or forgets that.
    pub(super) fn write_into_ahead(
        &mut self,
        (log, seq): (LogId, Seq),
        changes: &[(DocumentId, Change)],
    ) {
        let Some(mut shown) = self.shown.take() else {
            return;
        };
        let entries: Vec<_> = changes
            .iter()
            .filter(|(id, _)| shown.documents.get(id).is_some())
            .map(|(id, change)| EntryChanges {
                actor: change.facts().actor,
                changes: vec![(*id, change.clone())],
            })
            .collect();
        let outcomes = shown.documents.apply(&entries);
        if outcomes.iter().all(|outcome| *outcome == Outcome::Applied) {
            shown.to.insert(log, seq);
            self.shown = Some(shown);
        }
    }

    /// Takes documents in that a peer sent ahead of their entries, unless some are shown already. They are in memory
    /// only.
    ///
    /// # Errors
    /// [`AheadRefused`]; nothing is changed then.
    pub fn take_ahead(&mut self, sealed: &[u8], storage: &dyn Storage) -> Result<(), AheadRefused> {
        if self.is_ahead() {
            return Ok(());
        }
        if !self.controls.base().is_empty() {
            return Err(AheadRefused::Based);
        }
        let opened = open_kind(PackKind::Ahead, self.tag(), &self.keys, sealed)?;
        let ahead = Ahead::parse(&opened.ok_or(AheadRefused::Sealed)?)?;
        let mut until = BTreeMap::new();
        for entry in ahead.entries() {
            self.check_last(entry)?;
            until.insert(entry.header().log, entry.header().seq);
        }
        let to = self.reach_with(&until).ok_or(AheadRefused::Behind)?;
        let sections = ahead.sections(self.notebook, &self.keys)?;
        let mut documents = DocumentSet::new();
        for (id, changes) in &sections {
            self.load_document(*id, storage)?;
            let own = self.changes_besides(*id, changes);
            if !build(&mut documents, *id, changes) || !build(&mut documents, *id, &own) {
                return Err(AheadRefused::Unsound(*id));
            }
        }
        self.shown = Some(Shown {
            documents,
            to,
            until,
        });
        self.is_rebuilt = true;
        Ok(())
    }

    /// Checks the entry that is to prove what a log wrote: that its device signed it, and that all of the log up
    /// to it counts.
    fn check_last(&mut self, entry: &RawEntry) -> Result<(), AheadRefused> {
        let header = entry.header();
        let log = header.log;
        let is_known = |head| self.controls.get(head).is_some();
        let doubtful = AheadRefused::Doubtful(log);
        if header.tag != self.tag() || !header.heads.iter().all(is_known) {
            return Err(doubtful);
        }
        let card = self.controls.device(&log.device);
        if !card.is_some_and(|(_, card)| entry.is_signed_by(&card.verify_key)) {
            return Err(AheadRefused::Signature(log));
        }
        let is_sealed_well = self
            .controls
            .is_within(&header.epoch.rekey(), &header.heads)
            && self.membership.is_epoch(&header.epoch);
        let at = self.membership_at(&header.heads);
        let (seq, hash) = (header.seq, entry.hash());
        // Where an ending names this very entry as the last one, it is known to be on its chain.
        let on_chain = |cut: Seq, named: EntryHash| (cut == seq).then_some(named == hash);
        let place = (&log, seq);
        let verdict =
            self.membership
                .judge_content(&self.controls, &at, &header.heads, place, &on_chain);
        // An earlier entry names earlier heads. By those somebody was no less a member who never had another role.
        let person = at.person_of(&log.device);
        let had_another_role = self.controls.iter().any(|entry| match &entry.kind {
            ControlKind::Role { person: of, .. } => Some(*of) == person,
            _ => false,
        });
        if is_sealed_well && verdict == ContentVerdict::Counts && !had_another_role {
            Ok(())
        } else {
            Err(doubtful)
        }
    }

    /// Returns up to where each log is shown by documents that go as far as `until`, with what is placed here
    /// added; `None` where that leaves something out, or adds nothing.
    fn reach_with(&self, until: &BTreeMap<LogId, Seq>) -> Option<BTreeMap<LogId, Seq>> {
        if !self.forks.is_empty() || !self.held.is_empty() || self.wants_rebuild {
            return None;
        }
        let mut reach = until.clone();
        for (id, log) in &self.logs {
            let to = reach.entry(id.log).or_default();
            if log.tip_seq() > *to {
                if log.settled != log.tip_seq() || log.broken.is_some() {
                    return None;
                }
                *to = log.tip_seq();
            }
        }
        let lacked = until.iter().map(|(log, seq)| {
            let here = self.trunk(log).map_or(Seq::NONE, |log| log.tip_seq());
            seq.get().saturating_sub(here.get())
        });
        (lacked.sum::<u64>() >= self.ahead_lacked_min()).then_some(reach)
    }

    /// Returns the changes of a document that are placed here and not among others.
    fn changes_besides(&self, id: DocumentId, others: &[Change]) -> Vec<Change> {
        let others: BTreeSet<_> = others.iter().map(|change| change.facts().hash).collect();
        changes_of(self.documents.document(&id))
            .into_iter()
            .filter(|change| !others.contains(&change.facts().hash))
            .collect()
    }

    /// Returns how many entries a peer has to lack to be sent documents ahead of them.
    pub(crate) fn ahead_lacked_min(&self) -> u64 {
        AHEAD_LACKED_MIN.min(self.pack_entries.saturating_mul(2))
    }

    /// Returns documents for a peer that lacks much, sealed: those that are ready, or new ones where these are old.
    ///
    /// # Errors
    /// [`StorageError`] where the disk cannot be read.
    pub fn documents_ahead(&self, storage: &dyn Storage) -> Result<Option<Vec<u8>>, StorageError> {
        if self.pack_entries == 0 {
            return Ok(None);
        }
        let Some(epoch) = self.sealing_epoch() else {
            return Ok(None);
        };
        let Some(key) = self.keys.get(&epoch) else {
            return Ok(None);
        };
        let kept = self.kept_ahead(storage)?;
        let is_late =
            |to: Position| self.committed_position.saturating_sub(to) > AHEAD_ENTRIES_LATE;
        let bytes = match kept {
            Some((to, bytes)) if !is_late(to) => Some(bytes),
            _ => self.write_ahead(storage)?,
        };
        Ok(bytes.map(|bytes| seal_kind(PackKind::Ahead, self.tag(), (epoch, key), &bytes)))
    }

    /// Makes documents ready for peers that will lack much, where what is ready says less than is here, and puts
    /// them on the disk. Unless `at_once`, it waits until nothing came since it was called before, since it takes
    /// a tenth of a second.
    ///
    /// # Errors
    /// [`StorageError`]; nothing but what is ready is missing then.
    pub fn make_ahead(
        &mut self,
        storage: &mut dyn Storage,
        at_once: bool,
    ) -> Result<bool, StorageError> {
        let end = self.committed_position;
        let is_resting = std::mem::replace(&mut self.made_ahead.seen, end) == end;
        let is_worth_it = end >= self.ahead_lacked_min() && self.pack_entries > 0;
        if !is_worth_it || !(is_resting || at_once) || self.has_unsaved() {
            return Ok(false);
        }
        let to = match self.made_ahead.to {
            Some(to) => to,
            None => self.kept_ahead(storage)?.map_or(0, |(to, _)| to),
        };
        self.made_ahead.to = Some(to);
        if to == end {
            return Ok(false);
        }
        // Where there is nothing to be made ready, there is not until more has come.
        self.made_ahead.to = Some(end);
        let Some(bytes) = self.write_ahead(storage)? else {
            return Ok(false);
        };
        let mut writer = Writer::new();
        writer.u8(VERSION).varint(end).bytes(&bytes);
        let write = Write::Put {
            space: Space::Ahead,
            key: Vec::new(),
            value: writer.into_bytes(),
        };
        storage.commit(self.notebook, &[write])?;
        Ok(true)
    }

    fn kept_ahead(
        &self,
        storage: &dyn Storage,
    ) -> Result<Option<(Position, Vec<u8>)>, StorageError> {
        let kept = match storage.get(self.notebook, Space::Ahead, &[]) {
            Ok(kept) => kept.and_then(|bytes| read_kept(&bytes).ok()),
            Err(StorageError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        Ok(kept.filter(|(to, _)| *to <= self.committed_position))
    }

    /// Writes the index and the documents that were written last. `None` where not all that is here is placed and
    /// counts, or it does not fit.
    fn write_ahead(&self, storage: &dyn Storage) -> Result<Option<Vec<u8>>, StorageError> {
        if !self.controls.base().is_empty() {
            return Ok(None);
        }
        let is_plain = self.forks.is_empty() && self.held.is_empty() && !self.is_behind();
        if !is_plain || self.wants_rebuild || !self.logs.values().all(is_all_placed) {
            return Ok(None);
        }
        let ids = self.newest_documents(storage)?;
        let mut logs = Vec::new();
        for log in self.logs.values() {
            let Some(position) = log.position_of(log.tip_seq()) else {
                return Ok(None);
            };
            let entry = self.entry_at(position, storage)?;
            if entry.is_bare() {
                return Ok(None);
            }
            let proof = log.tips.prove(&ids);
            logs.push(AheadLog { entry, proof });
        }
        let mut sections: Vec<Section> = Vec::new();
        for id in ids {
            let saved;
            let document = match self.documents.document(&id) {
                Some(open) => Some(open),
                None => {
                    saved = saved_document(self.notebook, id, &self.device, storage)?;
                    match &saved {
                        Some(Saved::Sound(document) | Saved::Rebuilt(document)) => Some(document),
                        None => None,
                    }
                }
            };
            let changes = changes_of(document);
            if !changes.is_empty() {
                sections.push((id, changes));
            }
        }
        let written = Ahead::write(&logs, &sections).ok();
        let written = written.filter(|bytes| bytes.len() <= PACK_BYTES_MAX);
        // Whatever a peer would refuse is not sent.
        Ok(written.filter(|bytes| {
            let ahead = Ahead::parse(bytes);
            ahead.is_ok_and(|ahead| ahead.sections(self.notebook, &self.keys).is_ok())
        }))
    }

    /// Returns the index and the documents that were written last.
    fn newest_documents(
        &self,
        storage: &dyn Storage,
    ) -> Result<BTreeSet<DocumentId>, StorageError> {
        let mut ids = BTreeSet::from([DocumentId::INDEX]);
        let mut end = self.committed_position;
        let mut bytes = 0;
        while let Some(position) = end.checked_sub(1)
            && bytes < READ_BYTES_AIM
            && ids.len() < AHEAD_DOCUMENTS_MAX
        {
            end = position;
            let entry = self.entry_at(position, storage)?;
            bytes += entry.as_bytes().len();
            if let Some(key) = self.keys.get(&entry.header().epoch) {
                let written = documents_of(self.notebook, &entry, key);
                let room = AHEAD_DOCUMENTS_MAX.saturating_sub(ids.len());
                ids.extend(written.into_iter().take(room));
            }
        }
        Ok(ids)
    }
}

/// Says whether all of a log is in the documents.
fn is_all_placed(log: &super::Log) -> bool {
    let counts = |span: &super::counting::Span| span.verdict == ContentVerdict::Counts;
    log.settled == log.tip_seq()
        && log.broken.is_none()
        && !log.unreadable
        && log.spans.iter().all(counts)
}

/// Returns all changes of a document, each behind those that it depends on; none where one would not be taken from
/// others.
fn changes_of(document: Option<&Document>) -> Vec<Change> {
    let changes = document.map(|document| document.automerge().get_changes(&[]));
    let scanned = changes.unwrap_or_default();
    let scanned = scanned.iter().map(|change| scan(change.raw_bytes()));
    scanned.collect::<Result<_, _>>().unwrap_or_default()
}

/// Applies changes to a document; says whether all of them are in it then.
fn build(documents: &mut DocumentSet, id: DocumentId, changes: &[Change]) -> bool {
    let runs = changes.chunk_by(|one, next| one.facts().actor == next.facts().actor);
    let entries: Vec<EntryChanges> = runs
        .filter_map(|run| {
            Some(EntryChanges {
                actor: run.first()?.facts().actor,
                changes: run.iter().map(|change| (id, change.clone())).collect(),
            })
        })
        .collect();
    let outcomes = documents.apply(&entries);
    outcomes.iter().all(|outcome| *outcome == Outcome::Applied)
}

fn read_kept(bytes: &[u8]) -> Result<(Position, Vec<u8>), DecodeError> {
    let mut reader = Reader::new(bytes);
    read_version(&mut reader)?;
    let to = reader.varint("position")?;
    let bytes = reader.bytes("documents", PACK_BYTES_MAX)?.to_vec();
    reader.finish()?;
    Ok((to, bytes))
}
