//! A bundle taken in. Nothing of it is kept before its control entries, together with those that are here, say
//! that this device and the one that made it are members' devices. From there on its frames go the way of those
//! that a peer sends.

use std::sync::Arc;

use super::super::frames::Seen;
use super::super::peer_record::BundleWord;
use super::super::{Effect, Engine};
use crate::bundle::{BundleForm, BundleFrame, BundleHead, BundleOpenError, BundleOpener};
use crate::control::{ControlEntry, ControlError, Membership};
use crate::epoch::Wraps;
use crate::ids::{BundleId, DeviceId, NotebookId, PersonId};
use crate::limits::{BUNDLE_CONTROL_BYTES_MAX, SHARED_NOTEBOOKS_MAX};
use crate::log::RawEntry;
use crate::replica::{IngestError, Ingested, PackRefused, Replica, Standing, Standings};
use crate::storage::{Storage, StorageError};
use crate::sync::{OfflineError, OfflineFrame, OfflineReader};

/// Writes of one notebook that are put on disk before more is taken in.
const UNSAVED_WRITES_MAX: usize = 4_096;

/// Why a bundle is not taken in, or not any further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleTakeError {
    /// It cannot be read. What came before is on disk.
    #[error(transparent)]
    Open(#[from] BundleOpenError),
    /// It holds what cannot be read. What came before is on disk.
    #[error("the bundle holds what this version of the program does not understand: {0}")]
    Frame(#[from] OfflineError),
    /// This device is no member's any more. Nothing was changed.
    #[error("this device is no member's of the notebook any more")]
    Out(NotebookId, Standing),
    /// It does not say that this device is a member's. Nothing was changed.
    #[error("by what the bundle holds this device is no member's of its notebook")]
    NotMember,
    /// The device that made it is no member's. Nothing was changed.
    #[error("the bundle was made by a device that is no member's of the notebook")]
    Stranger(NotebookId, DeviceId),
    /// Nothing is exchanged with whoever made it, since the words differed. Nothing was changed.
    #[error("nothing is exchanged with the person who made it, since the words differed")]
    Distrusted(NotebookId, PersonId),
    /// The notebook is not here, and it holds the later part of it only. Nothing was changed.
    #[error("the notebook is not here, and the bundle does not begin at its beginning")]
    NoBeginning,
    /// It holds more control entries than a notebook has. Nothing was changed.
    #[error("the bundle holds more control entries than a notebook has")]
    TooManyControls,
    /// There are as many notebooks here as there may be. Nothing was changed.
    #[error("there are as many notebooks here as there may be")]
    TooManyNotebooks,
    /// The notebook is here and does not open.
    #[error("the notebook is here and does not open")]
    Unopened(NotebookId),
    /// It holds a control entry that cannot be accepted. Nothing was changed.
    #[error("the bundle holds a control entry that cannot be accepted: {0}")]
    Control(#[from] ControlError),
    /// It holds an entry that cannot be accepted. What came before is on disk.
    #[error("the bundle holds an entry that cannot be accepted: {0}")]
    Entry(IngestError),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What was found in a bundle so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleTaken {
    /// The bundle.
    pub id: BundleId,
    /// The notebook.
    pub notebook: NotebookId,
    /// The device that made it.
    pub device: DeviceId,
    /// Whose that is.
    pub person: PersonId,
    /// When it was made by the clock of that device, in milliseconds since 1970 UTC.
    pub made_ms: u64,
    /// How much it was meant to hold.
    pub form: BundleForm,
    /// Whether the notebook came with it.
    pub is_new_notebook: bool,
    /// Entries that are new here.
    pub entries: u64,
    /// Entries that were here already.
    pub known: u64,
    /// Control entries that are new here.
    pub controls: u64,
    /// Packs that gave no entries.
    pub unopened_packs: u64,
    /// Entries that did not follow what is here.
    pub misplaced: u64,
    /// Entries that the maker had when it was made and that are not here.
    pub missing: u64,
    /// Whether it told more of what the maker has than was known.
    pub is_news: bool,
}

/// What was taken so far.
#[derive(Debug)]
enum Stage {
    /// Nothing yet: the control entries are gathered.
    Gathering {
        head: Option<Box<BundleHead>>,
        controls: Vec<ControlEntry>,
        bytes: usize,
    },
    /// What follows is taken in as it comes.
    Taking(Box<BundleHead>, BundleTaken),
}

/// A bundle that is being taken in.
#[derive(Debug)]
pub struct BundleTaking {
    opener: BundleOpener,
    reader: OfflineReader,
    stage: Stage,
}

impl BundleTaking {
    /// Returns what was found so far, once anything was taken.
    pub const fn taken(&self) -> Option<&BundleTaken> {
        match &self.stage {
            Stage::Taking(_, taken) => Some(taken),
            Stage::Gathering { .. } => None,
        }
    }

    /// Says whether all of it was read.
    pub const fn has_ended(&self) -> bool {
        self.opener.has_ended()
    }
}

impl Engine {
    /// Begins to take a bundle in.
    pub fn begin_taking_bundle(&self) -> BundleTaking {
        BundleTaking {
            opener: BundleOpener::new(Arc::clone(&self.identity.device)),
            reader: OfflineReader::default(),
            stage: Stage::Gathering {
                head: None,
                controls: Vec::new(),
                bytes: 0,
            },
        }
    }

    /// Takes the next bytes of a bundle in; `is_last` says that there are no more. What was taken in is on disk
    /// when this returns, also where it returns an error.
    ///
    /// # Errors
    /// [`BundleTakeError`] says what is wrong and how far that leaves things; nothing more is to be given then.
    pub fn take_of_bundle(
        &mut self,
        taking: &mut BundleTaking,
        bytes: &[u8],
        is_last: bool,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), BundleTakeError> {
        let mut frames = Vec::new();
        let opened = taking.opener.push(bytes, is_last, &mut frames);
        let mut result = Ok(());
        for frame in frames {
            result = self.take_bundle_frame(taking, frame, storage, rng);
            if result.is_err() {
                break;
            }
            if self.unsaved_writes_max() > UNSAVED_WRITES_MAX {
                self.flush(storage, now_ms, false);
            }
        }
        let result = result.and_then(|()| Ok(opened?));
        let result = result.and_then(|()| {
            let is_over = is_last && matches!(taking.stage, Stage::Gathering { .. });
            if is_over {
                self.believe(taking, storage, rng)
            } else {
                Ok(())
            }
        });
        if let Stage::Taking(head, taken) = &mut taking.stage {
            let notebook = taken.notebook;
            let committed = self.commit_unsaved(notebook, storage);
            if is_last || result.is_err() || committed.is_err() {
                let word = BundleWord {
                    made_ms: head.made_ms,
                    taken_ms: now_ms,
                };
                taken.is_news |= self.note_bundle(notebook, head.frontier.clone(), word);
            }
            if let Some(replica) = self.replicas.get(&notebook) {
                taken.missing = head.frontier.frontier.beyond(replica.frontier());
            }
            self.flush(storage, now_ms, false);
            committed?;
            self.save_news_of_peers(storage)?;
        }
        result
    }

    fn take_bundle_frame(
        &mut self,
        taking: &mut BundleTaking,
        frame: BundleFrame,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), BundleTakeError> {
        let bytes = match (frame, &mut taking.stage) {
            (BundleFrame::Head(found), Stage::Gathering { head, .. }) => {
                *head = Some(found);
                return Ok(());
            }
            (BundleFrame::Frame(bytes), _) => bytes,
            // There is one head only.
            (BundleFrame::Head(_), Stage::Taking(..)) => return Ok(()),
        };
        let notebook = match &taking.stage {
            Stage::Taking(head, _) => head.notebook,
            Stage::Gathering { head, .. } => {
                let head = head.as_ref();
                head.map(|head| head.notebook)
                    .ok_or(BundleTakeError::NoBeginning)?
            }
        };
        let frame = taking.reader.read(notebook, &bytes)?;
        if let OfflineFrame::Controls(entries) = frame {
            return self.gather(taking, &entries);
        }
        if matches!(taking.stage, Stage::Gathering { .. }) {
            self.believe(taking, storage, rng)?;
        }
        let Stage::Taking(_, taken) = &mut taking.stage else {
            return Ok(());
        };
        let before = self.seen_of(notebook);
        let result = self.take_content(taken, frame, storage);
        self.follow_bundle(notebook, before, storage, rng);
        result
    }

    /// Keeps control entries in memory until all are here.
    fn gather(
        &self,
        taking: &mut BundleTaking,
        entries: &[Vec<u8>],
    ) -> Result<(), BundleTakeError> {
        let Stage::Gathering {
            controls, bytes, ..
        } = &mut taking.stage
        else {
            // They all stand before anything else.
            let what = "control entries behind others";
            let error = crate::codec::DecodeError::Invalid(what);
            return Err(OfflineError::from(error).into());
        };
        for entry in entries {
            *bytes += entry.len();
            if *bytes > BUNDLE_CONTROL_BYTES_MAX {
                return Err(BundleTakeError::TooManyControls);
            }
            controls.push(ControlEntry::parse(entry)?);
        }
        Ok(())
    }

    /// Judges a bundle by its control entries and those that are here, and takes these in.
    fn believe(
        &mut self,
        taking: &mut BundleTaking,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), BundleTakeError> {
        let Stage::Gathering { head, controls, .. } = &mut taking.stage else {
            return Ok(());
        };
        let (Some(head), controls) = (head.take(), std::mem::take(controls)) else {
            return Err(BundleTakeError::NoBeginning);
        };
        let notebook = head.notebook;
        if self.unopened.contains_key(&notebook) {
            return Err(BundleTakeError::Unopened(notebook));
        }
        let author = head.device.id();
        if head.frontier.device != author
            || (head.frontier.verify(notebook, &head.device.verify_key)).is_err()
        {
            return Err(BundleTakeError::Stranger(notebook, author));
        }
        let is_new_notebook = !self.replicas.contains_key(&notebook);
        let before = self.seen_of(notebook);
        let (person, known) = if is_new_notebook {
            let replica = self.begun_by(notebook, controls)?;
            let person = self.checked_bundle(&replica, author)?;
            if self.replicas.len() >= SHARED_NOTEBOOKS_MAX {
                return Err(BundleTakeError::TooManyNotebooks);
            }
            self.replicas.insert(notebook, replica);
            self.own.check(notebook);
            self.rekeys.look_at(notebook);
            self.effects.push_back(Effect::MembershipChanged(notebook));
            (person, 0)
        } else {
            self.join_controls(notebook, author, controls)?
        };
        let now = self.replicas.get(&notebook);
        let now = now.map_or(0, |replica| replica.controls().len());
        self.follow_bundle(notebook, before, storage, rng);
        self.commit_unsaved(notebook, storage)?;
        let taken = BundleTaken {
            id: taking.opener.id().unwrap_or(BundleId::ZERO),
            notebook,
            device: author,
            person,
            made_ms: head.made_ms,
            form: head.form,
            is_new_notebook,
            entries: 0,
            known: 0,
            controls: now.saturating_sub(known) as u64,
            unopened_packs: 0,
            misplaced: 0,
            missing: 0,
            is_news: false,
        };
        taking.stage = Stage::Taking(head, taken);
        Ok(())
    }

    /// Makes a notebook that is not here of its control entries.
    fn begun_by(
        &self,
        notebook: NotebookId,
        controls: Vec<ControlEntry>,
    ) -> Result<Replica, BundleTakeError> {
        let mut entries = controls.into_iter();
        let create = entries.next().ok_or(BundleTakeError::NoBeginning)?;
        if create.notebook_id() != notebook || create.hash().as_bytes() != notebook.as_bytes() {
            return Err(BundleTakeError::NoBeginning);
        }
        let device = Arc::clone(&self.identity.device);
        let mut replica = Replica::join(device, create)?;
        replica.ingest_controls(entries)?;
        Ok(replica)
    }

    /// Says whose device made a bundle, given a notebook as it will be.
    fn checked_bundle(
        &self,
        replica: &Replica,
        author: DeviceId,
    ) -> Result<PersonId, BundleTakeError> {
        let own = self.identity.device.id();
        let membership = replica.membership();
        if membership.person_of(&own) != Some(self.identity.person()) {
            return Err(BundleTakeError::NotMember);
        }
        let person = membership.person_of(&author);
        person.ok_or(BundleTakeError::Stranger(replica.notebook(), author))
    }

    /// Takes control entries into a notebook that is here, where what follows from all of them allows it. Says
    /// whose device made the bundle, and how many control entries there were before.
    fn join_controls(
        &mut self,
        notebook: NotebookId,
        author: DeviceId,
        controls: Vec<ControlEntry>,
    ) -> Result<(PersonId, usize), BundleTakeError> {
        let own = self.identity.device.id();
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Err(BundleTakeError::NoBeginning);
        };
        let known = replica.controls().len();
        let mut set = replica.controls().clone();
        for entry in &controls {
            set.insert(entry.clone())?;
        }
        let membership = Membership::resolve(&set);
        if membership.person_of(&own).is_none() {
            let standing = Standings::of(&set, &membership).standing_of(&own);
            return Err(BundleTakeError::Out(notebook, standing));
        }
        let person = membership.person_of(&author);
        let person = person.ok_or(BundleTakeError::Stranger(notebook, author))?;
        if self.apart.is_distrusted(notebook, person) {
            return Err(BundleTakeError::Distrusted(notebook, person));
        }
        replica.ingest_controls(controls)?;
        Ok((person, known))
    }

    /// Takes wraps and entries in.
    fn take_content(
        &mut self,
        taken: &mut BundleTaken,
        frame: OfflineFrame,
        storage: &dyn Storage,
    ) -> Result<(), BundleTakeError> {
        let Some(replica) = self.replicas.get_mut(&taken.notebook) else {
            return Err(BundleTakeError::Unopened(taken.notebook));
        };
        match frame {
            OfflineFrame::Controls(_) => Ok(()),
            OfflineFrame::Wraps(bytes) => {
                let wraps = Wraps::parse(&bytes).map_err(OfflineError::from)?;
                if replica.ingest_wraps(wraps) {
                    replica.advance(storage)?;
                }
                Ok(())
            }
            OfflineFrame::Packed(pack) => match replica.unpack(&pack, storage) {
                Ok(unpacked) => take_entries(replica, taken, unpacked.entries, storage),
                Err(PackRefused::Storage(error)) => Err(error.into()),
                Err(_) => {
                    taken.unopened_packs += 1;
                    Ok(())
                }
            },
            OfflineFrame::Entries(entries, refused) => {
                take_entries(replica, taken, entries, storage)?;
                match refused {
                    Some(error) => Err(BundleTakeError::Entry(error.into())),
                    None => Ok(()),
                }
            }
        }
    }

    fn follow_bundle(
        &mut self,
        notebook: NotebookId,
        before: Option<Seen>,
        storage: &dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) {
        if let Some(before) = before
            && self.follow_up(notebook, before, storage, rng)
        {
            // As with a frame of a peer: nobody may build on what could not be made an entry.
            self.close_all_of(notebook);
            self.reopen(notebook, storage);
        }
    }
}

/// Takes entries in that came together.
fn take_entries(
    replica: &mut Replica,
    taken: &mut BundleTaken,
    entries: Vec<RawEntry>,
    storage: &dyn Storage,
) -> Result<(), BundleTakeError> {
    let proven = replica.prove(&entries);
    let mut result = Ok(());
    for entry in entries {
        match replica.receive_compared(entry, &proven, storage) {
            Ok(Ingested::Kept) => taken.entries += 1,
            Ok(Ingested::Known) => taken.known += 1,
            Err(IngestError::Storage(error)) => return Err(error.into()),
            // Somebody honest passes on what they have of a member who forked a log or floods it.
            Err(
                IngestError::TooManyLogs
                | IngestError::TooManyBranches(_)
                | IngestError::TooManyUncounted(_),
            ) => {}
            // What they follow was left out, or did not come: another bundle brings it.
            Err(
                IngestError::Gap { .. }
                | IngestError::ControlMissing
                | IngestError::TooManyWaiting(_),
            ) => taken.misplaced += 1,
            Err(error) => {
                result = Err(BundleTakeError::Entry(error));
                break;
            }
        }
    }
    replica.advance(storage)?;
    result
}
