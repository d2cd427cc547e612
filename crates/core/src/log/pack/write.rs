//! Making packs.

use std::collections::{BTreeMap, BTreeSet};

use super::super::entry::{EntryPlace, EpochSealer, EpochSealers};
use super::super::{Body, EntryKind, EntryVersion, RawEntry, actor_of, padding};
use super::{
    FORM_BARE, FORM_SIGNED, FORM_WHOLE, LogState, LogStates, Setting, VERSION, ZSTD_LEVEL,
};
use crate::codec::Writer;
use crate::document::pack::Section;
use crate::document::{Change, DocumentId, ScanError, pack};
use crate::epoch::EpochKeys;
use crate::ids::{EpochId, LogId, NotebookId, Seq};
use crate::limits::PACK_PROOF_BYTES_MAX;

/// Why no pack can be made of some entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackEntriesError {
    /// The key of an epoch is not here.
    #[error("the key of epoch {0:?} is not here")]
    KeyMissing(EpochId),
    /// The last entry of a log has no signature, so the pack would prove nothing.
    #[error("the last entry of device {} has no signature", .0.device)]
    Unproven(LogId),
    /// A change did not pass the scan, which its type rules out.
    #[error(transparent)]
    Scan(#[from] ScanError),
}

/// Packs entries, which follow in each log what `states` says, and moves the states on behind them.
///
/// How many go into one is for the caller to say, within
/// [`PACK_ENTRIES_MAX`](crate::limits::PACK_ENTRIES_MAX) and the limits on changes.
///
/// # Errors
/// [`PackEntriesError`]; the states are then of no more use.
pub fn pack_entries(
    notebook: NotebookId,
    entries: &[RawEntry],
    keys: &EpochKeys,
    states: &mut LogStates,
) -> Result<Vec<u8>, PackEntriesError> {
    let proofs = proofs(entries)?;
    let mut pack = Table::default();
    let mut sealing = Sealing {
        keys,
        sealers: EpochSealers::default(),
    };
    for (place, entry) in entries.iter().enumerate() {
        let state = states.entry(entry.header().log).or_default();
        let opened = open(notebook, entry, &mut sealing, state)?;
        let is_made = opened
            .as_ref()
            .is_some_and(|body| makes(notebook, entry, body, &mut sealing, state));
        pack.entry(
            entry,
            opened.as_ref().filter(|_| is_made),
            proofs.contains(&place),
        );
        state.tip = (entry.header().seq, entry.hash());
        state.tips = opened.map(|body| body.tips);
    }
    Ok(pack.finish()?)
}

/// The keys of the epochs under which entries that are packed are sealed.
struct Sealing<'a> {
    keys: &'a EpochKeys,
    sealers: EpochSealers,
}

impl Sealing<'_> {
    fn of(&mut self, epoch: &EpochId) -> Option<&EpochSealer> {
        self.sealers.of(self.keys, epoch)
    }
}

/// Chooses the entries whose signatures go along: the last of each log, and some before it, so that none is
/// far from the next.
fn proofs(entries: &[RawEntry]) -> Result<BTreeSet<usize>, PackEntriesError> {
    let mut proofs = BTreeSet::new();
    let mut bytes_since: BTreeMap<LogId, usize> = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate().rev() {
        let log = entry.header().log;
        let length = entry.as_bytes().len();
        let since = bytes_since.get(&log).copied();
        let is_needed = since.is_none_or(|since| since + length > PACK_PROOF_BYTES_MAX);
        if is_needed && !entry.is_bare() {
            proofs.insert(place);
            bytes_since.insert(log, 0);
        } else if let Some(since) = since {
            bytes_since.insert(log, since + length);
        } else {
            return Err(PackEntriesError::Unproven(log));
        }
    }
    Ok(proofs)
}

/// Opens an entry that follows a state; `None` where it cannot be read.
fn open(
    notebook: NotebookId,
    entry: &RawEntry,
    sealing: &mut Sealing<'_>,
    state: &LogState,
) -> Result<Option<Body>, PackEntriesError> {
    let header = entry.header();
    let follows = (header.seq, header.previous) == (state.tip.0.next(), state.tip.1);
    let Some(tips) = state.tips.as_ref().filter(|_| follows) else {
        return Ok(None);
    };
    let sealer = sealing
        .of(&header.epoch)
        .ok_or(PackEntriesError::KeyMissing(header.epoch))?;
    Ok(entry.clone().trusted(notebook).open_by(sealer, tips).ok())
}

/// Says whether an entry is the one that its changes make.
fn makes(
    notebook: NotebookId,
    entry: &RawEntry,
    body: &Body,
    sealing: &mut Sealing<'_>,
    state: &LogState,
) -> bool {
    let header = entry.header();
    let (Some(tips), Some(sealer)) = (&state.tips, sealing.of(&header.epoch)) else {
        return false;
    };
    if header.version != EntryVersion::NEWEST || header.kind != EntryKind::Changes {
        return false;
    }
    let (mut plain, _) = Body::encode_again(actor_of(notebook, header.log), tips, &body.changes);
    padding::pad(&mut plain);
    let made = EntryPlace::of(header).seal(sealer, &plain);
    made.is_ok_and(|made| made.hash() == entry.hash())
}

#[derive(Default)]
pub(super) struct Table {
    logs: Vec<RawLog>,
    log_places: BTreeMap<LogId, u64>,
    settings: Vec<Setting>,
    setting_places: BTreeMap<Setting, u64>,
    entries: Writer,
    count: u64,
    signatures: Vec<Vec<u8>>,
    wholes: Vec<Vec<u8>>,
    document_places: BTreeMap<DocumentId, usize>,
    sections: Vec<Section>,
}

/// A log and the place of its first entry in the pack.
type RawLog = (LogId, u64);

impl Table {
    fn entry(&mut self, entry: &RawEntry, body: Option<&Body>, is_proof: bool) {
        let header = entry.header();
        let at = (header.log, header.seq);
        let Some(body) = body else {
            let whole = if is_proof || entry.is_bare() || header.version == EntryVersion::One {
                entry.as_bytes().to_vec()
            } else {
                entry.without_signature().to_vec()
            };
            self.whole(at, whole);
            return;
        };
        let setting = Setting {
            epoch: header.epoch,
            heads: header.heads.clone(),
        };
        let signature = is_proof.then(|| entry.signature().to_vec());
        self.made(at, &setting, &body.changes, signature);
    }

    /// Adds an entry that its changes make.
    pub(super) fn made(
        &mut self,
        at: (LogId, Seq),
        setting: &Setting,
        changes: &[(DocumentId, Change)],
        signature: Option<Vec<u8>>,
    ) {
        self.begin(at);
        self.entries.u8(if signature.is_some() {
            FORM_SIGNED
        } else {
            FORM_BARE
        });
        self.signatures.extend(signature);
        let next = self.settings.len() as u64;
        let place = *self.setting_places.entry(setting.clone()).or_insert(next);
        if place == next {
            self.settings.push(setting.clone());
        }
        self.entries.varint(place).varint(changes.len() as u64);
        for (document, change) in changes {
            let next = self.sections.len();
            let place = *self.document_places.entry(*document).or_insert(next);
            if place == next {
                self.sections.push((*document, Vec::new()));
            }
            self.entries.varint(place as u64);
            if let Some((_, changes)) = self.sections.get_mut(place) {
                changes.push(change.clone());
            }
        }
    }

    /// Adds an entry as it is.
    pub(super) fn whole(&mut self, at: (LogId, Seq), bytes: Vec<u8>) {
        self.begin(at);
        self.entries.u8(FORM_WHOLE);
        self.wholes.push(bytes);
    }

    fn begin(&mut self, (log, seq): (LogId, Seq)) {
        let next = self.logs.len() as u64;
        let place = *self.log_places.entry(log).or_insert(next);
        if place == next {
            self.logs.push((log, seq.get()));
        }
        self.count += 1;
        self.entries.varint(place);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, ScanError> {
        let mut table = Writer::new();
        table.varint(self.logs.len() as u64);
        for (log, first) in &self.logs {
            table
                .raw(log.device.as_bytes())
                .raw(log.incarnation.as_bytes())
                .varint(*first);
        }
        table.varint(self.settings.len() as u64);
        for setting in &self.settings {
            table
                .raw(setting.epoch.as_bytes())
                .varint(setting.heads.len() as u64);
            for head in &setting.heads {
                table.raw(head.as_bytes());
            }
        }
        table.varint(self.count).raw(self.entries.as_slice());
        table.varint(self.signatures.len() as u64);
        for signature in &self.signatures {
            table.raw(signature);
        }
        table.varint(self.wholes.len() as u64);
        for whole in &self.wholes {
            table.bytes(whole);
        }
        // Compressing into memory fails only where there is none left.
        let compressed = zstd::bulk::compress(table.as_slice(), ZSTD_LEVEL).unwrap_or_default();
        let changes = pack::pack(&self.sections, &mut pack::Histories::new())?;
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .varint(table.len() as u64)
            .bytes(&compressed)
            .bytes(&changes);
        Ok(writer.into_bytes())
    }
}
