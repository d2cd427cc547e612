//! Making entries from packs.

use std::collections::{BTreeSet, VecDeque};

use super::super::entry::{EntryPlace, EpochSealers};
use super::super::{
    Body, DocumentChanges, EntryError, EntryKind, RawEntry, actor_of, notebook_tag, padding,
};
use super::{FORM_BARE, FORM_SIGNED, FORM_WHOLE, LogState, LogStates, Setting, VERSION};
use crate::codec::{DecodeError, Reader};
use crate::crypto::{SIGNATURE_BYTES, Signature};
use crate::document::pack::{self, UnpackError};
use crate::document::{Change, DocumentId};
use crate::epoch::EpochKeys;
use crate::ids::{ControlHash, DeviceId, EpochId, Incarnation, LogId, NotebookId, Seq};
use crate::limits::{
    CHANGES_PER_ENTRY_MAX, CONTROL_HEADS_MAX, ENTRY_BYTES_MAX, LOGS_MAX, PACK_ENTRIES_MAX,
    PACK_TABLE_BYTES_MAX,
};

/// Why a pack cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackEntriesError {
    /// The bytes do not follow the layout.
    #[error("the pack of entries is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// The table does not unpack, or to more than it may.
    #[error("the table of the pack does not unpack within {PACK_TABLE_BYTES_MAX} bytes")]
    Compression,
    /// The changes do not unpack.
    #[error(transparent)]
    Changes(#[from] UnpackError),
    /// An entry in it is malformed, or cannot be made.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The key of an epoch is not here.
    #[error("the key of epoch {0:?} is not here")]
    KeyMissing(EpochId),
    /// A log begins in it behind more than is here.
    #[error("the pack begins behind what is here of the log of device {}", .0.device)]
    Gap(LogId),
    /// Something of a log is not placed yet, so the next entry cannot be made.
    #[error("entries of device {} wait for something", .0.device)]
    Unsettled(LogId),
}

#[derive(Debug)]
pub(super) enum Item {
    Made {
        setting: usize,
        documents: Vec<usize>,
        signature: Option<Signature>,
    },
    Whole(RawEntry),
}

/// A pack that was read; its entries are not made yet.
#[derive(Debug)]
pub struct EntryPack {
    pub(super) logs: Vec<(LogId, Seq)>,
    pub(super) settings: Vec<Setting>,
    /// In the order of the pack, each with the number of its log.
    pub(super) items: Vec<(usize, Item)>,
    /// The changes, packed.
    changes: Vec<u8>,
}

impl EntryPack {
    /// Reads a pack, but not its changes yet. What this costs in time and memory is bounded by the limits on
    /// packs.
    ///
    /// # Errors
    /// [`UnpackEntriesError`] says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnpackEntriesError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8("pack version")?;
        if version != VERSION {
            return Err(DecodeError::Unknown {
                what: "pack version",
                value: version.into(),
            }
            .into());
        }
        let length = reader.count("table", PACK_TABLE_BYTES_MAX)?;
        let compressed = reader.bytes("table", PACK_TABLE_BYTES_MAX)?;
        let table = zstd::bulk::decompress(compressed, length)
            .ok()
            .filter(|table| table.len() == length)
            .ok_or(UnpackEntriesError::Compression)?;
        let changes = reader.bytes("changes", bytes.len())?.to_vec();
        reader.finish()?;
        let (logs, settings, items) = read_table(&table)?;
        Ok(Self {
            logs,
            settings,
            items,
            changes,
        })
    }

    /// Unpacks its changes.
    pub(super) fn changes(&self) -> Result<Sections, UnpackError> {
        Sections::unpack(&self.changes)
    }

    /// Returns the logs of which it holds entries.
    pub fn logs(&self) -> impl Iterator<Item = LogId> + '_ {
        self.logs.iter().map(|(log, _)| *log)
    }

    /// Makes the entries that follow what `states` says of their logs, in the order of the pack; those that
    /// are here already are left out. None of them is proven yet.
    ///
    /// # Errors
    /// [`UnpackEntriesError`] where one cannot be made. The states are then of no more use.
    pub fn entries(
        self,
        notebook: NotebookId,
        keys: &EpochKeys,
        states: &mut LogStates,
    ) -> Result<Vec<RawEntry>, UnpackEntriesError> {
        // The changes are most of the work, and in vain where a log cannot go on.
        for (log, _) in &self.logs {
            if states.get(log).is_some_and(|state| state.tips.is_none()) {
                return Err(UnpackEntriesError::Unsettled(*log));
            }
        }
        let changes = self.changes()?;
        let mut making = Making {
            notebook,
            keys,
            sealers: EpochSealers::default(),
            settings: self.settings,
            changes,
        };
        let mut next: Vec<(LogId, Seq)> = self.logs;
        let mut entries = Vec::new();
        for (place, item) in self.items {
            let (log, seq) = next
                .get_mut(place)
                .ok_or(DecodeError::Invalid("number of a log"))?;
            let (log, at) = (*log, std::mem::replace(seq, seq.next()));
            let state = states.entry(log).or_default();
            if at <= state.tip.0 {
                making.skip(&item)?;
            } else if at == state.tip.0.next() {
                entries.push(making.make(log, item, state)?);
            } else {
                return Err(UnpackEntriesError::Gap(log));
            }
        }
        if !making.changes.is_used_up() {
            return Err(DecodeError::Invalid("changes of no entry").into());
        }
        Ok(entries)
    }
}

/// The changes of a pack by document, in the order in which its entries take them.
pub(super) struct Sections(Vec<(DocumentId, VecDeque<Change>)>);

impl Sections {
    /// Unpacks the changes of a pack.
    pub(super) fn unpack(changes: &[u8]) -> Result<Self, UnpackError> {
        let sections = pack::unpack(changes, &mut pack::Histories::new())?.into_iter();
        let queues = sections.map(|(document, changes)| (document, changes.into()));
        Ok(Self(queues.collect()))
    }

    /// Takes the changes of the next entry.
    pub(super) fn of_entry(&mut self, documents: &[usize]) -> Result<DocumentChanges, DecodeError> {
        let changes = documents.iter().map(|document| {
            let (id, changes) = self
                .0
                .get_mut(*document)
                .ok_or(DecodeError::Invalid("number of a document"))?;
            let change = changes
                .pop_front()
                .ok_or(DecodeError::Invalid("changes of a document"))?;
            Ok((*id, change))
        });
        changes.collect()
    }

    fn is_used_up(&self) -> bool {
        self.0.iter().all(|(_, left)| left.is_empty())
    }
}

struct Making<'a> {
    notebook: NotebookId,
    keys: &'a EpochKeys,
    sealers: EpochSealers,
    settings: Vec<Setting>,
    changes: Sections,
}

impl Making<'_> {
    fn skip(&mut self, item: &Item) -> Result<(), DecodeError> {
        if let Item::Made { documents, .. } = item {
            self.changes.of_entry(documents)?;
        }
        Ok(())
    }

    fn make(
        &mut self,
        log: LogId,
        item: Item,
        state: &mut LogState,
    ) -> Result<RawEntry, UnpackEntriesError> {
        match item {
            Item::Made {
                setting,
                documents,
                signature,
            } => self.make_from_changes(log, (setting, &documents, signature), state),
            Item::Whole(entry) => {
                let header = entry.header();
                let here = (header.log, header.seq, header.previous);
                if here != (log, state.tip.0.next(), state.tip.1) {
                    return Err(DecodeError::Invalid("place of an entry").into());
                }
                state.tip = (header.seq, entry.hash());
                state.tips = state.tips.take().and_then(|tips| {
                    let sealer = self.sealers.of(self.keys, &header.epoch)?;
                    let opened = entry.clone().trusted(self.notebook).open_by(sealer, &tips);
                    opened.ok().map(|body| body.tips)
                });
                Ok(entry)
            }
        }
    }

    fn make_from_changes(
        &mut self,
        log: LogId,
        (setting, documents, signature): (usize, &[usize], Option<Signature>),
        state: &mut LogState,
    ) -> Result<RawEntry, UnpackEntriesError> {
        let tips = state
            .tips
            .clone()
            .ok_or(UnpackEntriesError::Unsettled(log))?;
        let changes = self.changes.of_entry(documents)?;
        let setting = self
            .settings
            .get(setting)
            .ok_or(DecodeError::Invalid("number of a setting"))?;
        let missing = UnpackEntriesError::KeyMissing(setting.epoch);
        let sealer = self.sealers.of(self.keys, &setting.epoch).ok_or(missing)?;
        let (mut plain, after) = Body::encode_again(actor_of(self.notebook, log), &tips, &changes);
        padding::pad(&mut plain);
        let place = EntryPlace {
            tag: notebook_tag(self.notebook),
            kind: EntryKind::Changes,
            log,
            previous: state.tip,
            epoch: setting.epoch,
            heads: setting.heads.clone(),
        };
        let mut entry = place.seal(sealer, &plain)?;
        if let Some(signature) = signature {
            entry.attach(&signature);
        }
        let length = entry.as_bytes().len();
        if length > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong(length).into());
        }
        state.tip = (entry.header().seq, entry.hash());
        state.tips = Some(after);
        Ok(entry)
    }
}

type TableParts = (Vec<(LogId, Seq)>, Vec<Setting>, Vec<(usize, Item)>);

fn read_table(table: &[u8]) -> Result<TableParts, UnpackEntriesError> {
    let mut reader = Reader::new(table);
    let mut logs = Vec::new();
    for _ in 0..reader.count("logs", LOGS_MAX)? {
        let log = LogId {
            device: DeviceId::from_bytes(reader.array("device")?),
            incarnation: Incarnation::from_bytes(reader.array("incarnation")?),
        };
        let first = reader.varint("seq")?;
        if first == 0 || first > u64::MAX / 2 {
            return Err(DecodeError::Invalid("place of a log").into());
        }
        logs.push((log, Seq::new(first)));
    }
    let mut known: BTreeSet<LogId> = BTreeSet::new();
    if !logs.iter().all(|(log, _)| known.insert(*log)) {
        return Err(DecodeError::Invalid("a log twice").into());
    }
    let mut settings = Vec::new();
    for _ in 0..reader.count("settings", PACK_ENTRIES_MAX)? {
        let epoch = ControlHash::from_bytes(reader.array("epoch")?).as_epoch();
        let mut heads = Vec::new();
        for _ in 0..reader.count("control heads", CONTROL_HEADS_MAX)? {
            heads.push(ControlHash::from_bytes(reader.array("control head")?));
        }
        // As in a header: what is made here is read from a header anywhere else.
        if heads.is_empty() || !heads.is_sorted_by(|one, next| one < next) {
            return Err(DecodeError::Invalid("order of control heads").into());
        }
        settings.push(Setting { epoch, heads });
    }
    let rows = read_rows(&mut reader)?;
    let mut signatures = Vec::new();
    for _ in 0..reader.count("signatures", PACK_ENTRIES_MAX)? {
        signatures.push(reader.array::<SIGNATURE_BYTES>("signature")?);
    }
    let mut wholes = Vec::new();
    for _ in 0..reader.count("whole entries", PACK_ENTRIES_MAX)? {
        wholes.push(reader.bytes("entry", ENTRY_BYTES_MAX)?);
    }
    reader.finish()?;
    let (mut signatures, mut wholes) = (signatures.into_iter(), wholes.into_iter());
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let item = match row.form {
            FORM_WHOLE => {
                let bytes = wholes
                    .next()
                    .ok_or(DecodeError::Invalid("number of whole entries"))?;
                Item::Whole(RawEntry::parse_any(bytes.to_vec())?)
            }
            form => Item::Made {
                setting: row.setting,
                documents: row.documents,
                signature: if form == FORM_SIGNED {
                    let next = signatures.next();
                    Some(next.ok_or(DecodeError::Invalid("number of signatures"))?)
                } else {
                    None
                },
            },
        };
        items.push((row.log, item));
    }
    if signatures.next().is_some() || wholes.next().is_some() {
        return Err(DecodeError::Invalid("parts of no entry").into());
    }
    Ok((logs, settings, items))
}

struct Row {
    log: usize,
    form: u8,
    setting: usize,
    documents: Vec<usize>,
}

fn read_rows(reader: &mut Reader<'_>) -> Result<Vec<Row>, DecodeError> {
    let mut rows = Vec::new();
    for _ in 0..reader.count("entries", PACK_ENTRIES_MAX)? {
        let log = reader.count("log", LOGS_MAX)?;
        let form = reader.u8("form")?;
        let (mut setting, mut documents) = (0, Vec::new());
        match form {
            FORM_BARE | FORM_SIGNED => {
                setting = reader.count("setting", PACK_ENTRIES_MAX)?;
                for _ in 0..reader.count("changes", CHANGES_PER_ENTRY_MAX)? {
                    documents.push(reader.count("document", usize::MAX)?);
                }
            }
            FORM_WHOLE => {}
            other => {
                return Err(DecodeError::Unknown {
                    what: "form of an entry",
                    value: other.into(),
                });
            }
        }
        rows.push(Row {
            log,
            form,
            setting,
            documents,
        });
    }
    Ok(rows)
}
