//! A home that is open in this process: its store, its person, its notebooks.
//!
//! [`Host`] is synchronous and knows no network. The node's engine thread owns one while it runs;
//! without a node a command opens one for itself. Every write is on disk when a call returns.

mod awaited;
mod bundles;
mod capsule;
mod documents;
mod enrol;
mod files;
mod home;
mod identity;
mod live;
mod merged;
mod mirror;
mod open;
mod people;
mod phrase;
mod register;
mod restored;
mod settings;
mod signing;
mod storage;

use hearth_core::control::{ControlEntry, ControlKind, Role};
use hearth_core::engine::{Engine, FoundError};
use hearth_core::ids::{DeviceId, NotebookId, PersonId};
use hearth_core::replica::{EditFailed, EditSession};
use hearth_notebook::{Documents, EditError, Invalid, PersonRef, Writer, closure, journal};
use jiff::Timestamp;
use rand_core::UnwrapErr;
use serde_json::{Value, json};

pub use hearth_core::mirror::MirrorLimits;
pub use home::{HomeDir, InitHome, InitOutcome, InitProtection, NewHome};
pub use identity::{Profile as StoredProfile, StoredIdentity};
pub(crate) use mirror::is_a_mirror;
pub use mirror::{InitMirror, MirrorTerms, StoredMirror};
pub use people::Directory;
pub use settings::{SETTINGS, Setting, Settings};
pub use storage::NodeStorage;

pub(crate) use awaited::{AwaitedNotebook, Holder};
pub(crate) use bundles::{OpenBundle, OpenBundles};
pub(crate) use capsule::KeeperWord;
pub(crate) use documents::{EditDocuments, ReadDocuments};
pub(crate) use files::OpenFiles;
pub(crate) use home::{Opened, kdf_cost, replica_failed};
pub(crate) use identity::PROFILE_BYTES_MAX;
pub(crate) use live::{LiveNotes, WINDOW_BYTES_MAX};
pub(crate) use merged::{LATE_AFTER_SECONDS, Late, Merged, MergedNotes};
pub(crate) use register::Registers;
pub(crate) use restored::is_restored;

use crate::api::{Exit, Failure};

/// The system's randomness; the process ends where the system has none.
pub type Random = UnwrapErr<getrandom::SysRng>;

/// Returns the system's source of randomness.
pub const fn random() -> Random {
    UnwrapErr(getrandom::SysRng)
}

/// A home that is open in this process.
#[derive(Debug)]
pub struct Host {
    /// The protocol's state.
    pub engine: Engine,
    /// The disk.
    pub storage: NodeStorage,
    /// What the person set.
    pub settings: Settings,
    /// What the home keeps about its person and device.
    pub identity: StoredIdentity,
    /// The search index, once a search made or loaded it.
    pub(crate) search: crate::service::SearchCache,
    /// What is known of the documents of sessions without opening them.
    pub(crate) facts: crate::service::FactsCache,
    /// What is known of the sessions and actions of each notebook.
    pub(crate) registers: Registers,
    /// What was read of each notebook's index that is asked for often.
    pub(crate) cards: crate::driver::Cards,
    /// Bundles between two of their parts.
    pub(crate) bundles: OpenBundles,
    /// Files that are being added, between two of their parts.
    pub(crate) files: OpenFiles,
    /// What windows that write notes together are remembered by.
    pub(crate) live: LiveNotes,
    /// What came to notes from devices that had been away.
    pub(crate) merged: MergedNotes,
    home: HomeDir,
}

impl Host {
    /// Returns the folder.
    pub const fn home(&self) -> &HomeDir {
        &self.home
    }

    /// Returns the time by this computer's clock. It orders nothing and authorises nothing.
    pub fn now() -> Timestamp {
        Timestamp::now()
    }

    /// Returns the time in milliseconds since 1970 UTC.
    pub fn now_ms() -> u64 {
        u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
    }

    /// Returns the person whose home this is.
    pub fn me(&self) -> PersonId {
        self.engine.identity().person()
    }

    /// Returns the device that this home is.
    pub fn my_device(&self) -> DeviceId {
        self.engine.identity().device.id()
    }

    /// Returns who the members of a notebook are, for showing.
    pub fn directory(&self, notebook: NotebookId) -> Directory {
        self.engine
            .replica(notebook)
            .map(Directory::of)
            .unwrap_or_default()
    }

    /// Reads a notebook's documents.
    pub fn read<T>(
        &mut self,
        notebook: NotebookId,
        work: impl FnOnce(&mut dyn Documents, &Directory) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let directory = self.directory(notebook);
        let replica = self.engine.replica_mut(notebook).ok_or_else(no_notebook)?;
        let mut documents =
            ReadDocuments::new(replica, &self.storage).remembering(&mut self.registers);
        work(&mut documents, &directory)
    }

    /// Says whether a notebook is this person's journal: it says so itself, this person made it, and nobody
    /// else was ever in it. Without the last two somebody could leave a notebook that calls itself a
    /// journal, have private entries written there, and come back.
    pub(crate) fn is_journal(&mut self, notebook: NotebookId) -> bool {
        let me = self.me();
        let Some(replica) = self.engine.replica(notebook) else {
            return false;
        };
        let members = replica.membership().members();
        let made_it = members
            .get(&me)
            .is_some_and(|own| own.admission == replica.controls().create());
        let admits = |entry: &ControlEntry| matches!(entry.kind, ControlKind::Admit(_));
        if !made_it || members.len() != 1 || replica.controls().iter().any(admits) {
            return false;
        }
        let Some(replica) = self.engine.replica_mut(notebook) else {
            return false;
        };
        journal::is_journal(&mut ReadDocuments::new(replica, &self.storage)).unwrap_or(false)
    }

    /// Edits a notebook's documents; what was written is one signed change, on disk when this
    /// returns.
    ///
    /// # Errors
    /// What was refused; a notebook that is closed takes nothing.
    pub fn edit<T>(
        &mut self,
        notebook: NotebookId,
        work: impl FnOnce(&mut dyn Documents, &mut Writer<'_>) -> Result<T, EditError>,
    ) -> Result<T, Failure> {
        self.reopen_if_wanted(notebook)?;
        self.edit_although_closed(notebook, |docs, writer| {
            closure::refuse_if_closed(docs)?;
            work(docs, writer)
        })
    }

    /// Opens a closed notebook again where everybody who writes has said so and no program has seen that yet.
    pub(crate) fn reopen_if_wanted(&mut self, notebook: NotebookId) -> Result<(), Failure> {
        let Some(replica) = self.engine.replica_mut(notebook) else {
            return Ok(());
        };
        let mut documents = ReadDocuments::new(replica, &self.storage);
        // Who writes is looked up for a closed one only: this is asked at every keystroke.
        if !closure::is_marked(&mut documents).unwrap_or(false) {
            return Ok(());
        }
        let directory = self.directory(notebook);
        let mut documents = match self.engine.replica_mut(notebook) {
            Some(replica) => ReadDocuments::new(replica, &self.storage),
            None => return Ok(()),
        };
        if closure::is_closed(&mut documents, &directory).unwrap_or(true) {
            return Ok(());
        }
        self.edit_although_closed(notebook, |docs, writer| {
            closure::reopen_if_wanted(docs, writer, &directory)
        })
    }

    /// Edits a notebook's documents even where it is closed: what belongs to its end, and where devices are.
    pub(crate) fn edit_although_closed<T>(
        &mut self,
        notebook: NotebookId,
        work: impl FnOnce(&mut dyn Documents, &mut Writer<'_>) -> Result<T, EditError>,
    ) -> Result<T, Failure> {
        if self.engine.replica(notebook).is_none() {
            return Err(no_notebook());
        }
        let me = PersonRef::new(self.me().to_string())
            .map_err(|error| Failure::error("internal", error))?;
        let mut ids = random();
        let mut writer = Writer::new(Self::now(), &mut ids, me);
        // An edit builds on what is placed, which may be less than what is shown.
        let is_ahead = self.is_ahead(notebook);
        let edited = self
            .engine
            .edit(notebook, &mut self.storage, &mut random(), |session| {
                work(&mut EditDocuments::new(session), &mut writer)
            });
        edited.map_err(|error| match error {
            EditFailed::NotAllowed if !self.is_member(notebook) => {
                crate::service::not_a_member(self, notebook)
            }
            EditFailed::Edit(EditError::Closed) => crate::service::closed(self, notebook),
            error @ EditFailed::Edit(EditError::ClosureForm(_)) => edit_failed(error).with_hint(
                "Begin with what `hearth graduate NB --form` prints. Nothing was changed.",
            ),
            error @ EditFailed::Edit(EditError::Form(_)) => edit_failed(error).with_hint(format!(
                "Begin with what `hearth agreement edit {notebook}` prints. Nothing was changed."
            )),
            error => match edit_failed(error) {
                failure if is_ahead && failure.exit == Exit::NotFound => failure.with_hint(
                    "This notebook is shown while the rest of it is on its way here: try again in a moment.",
                ),
                failure => failure,
            },
        })
    }

    /// Says whether documents of a notebook are shown ahead of their entries.
    pub(crate) fn is_ahead(&self, notebook: NotebookId) -> bool {
        let replica = self.engine.replica(notebook);
        replica.is_some_and(hearth_core::replica::Replica::is_ahead)
    }

    /// Says whether this device is a live one of a member of a notebook.
    fn is_member(&self, notebook: NotebookId) -> bool {
        self.engine
            .replica(notebook)
            .is_some_and(|replica| replica.own_person().is_some())
    }

    /// Creates a notebook together with its first edit, one that goes on from the signed history of another if
    /// that is named: both are on disk when this returns, or neither is.
    pub(crate) fn found(
        &mut self,
        goes_on_from: Option<NotebookId>,
        role: Role,
        work: impl FnOnce(&mut dyn Documents, &mut Writer<'_>) -> Result<(), EditError>,
    ) -> Result<NotebookId, FoundError<EditError>> {
        let me = PersonRef::new(self.me().to_string())
            .map_err(|error| FoundError::Edit(EditFailed::Edit(error.into())))?;
        let (mut ids, rng, storage) = (random(), &mut random(), &mut self.storage);
        let mut writer = Writer::new(Self::now(), &mut ids, me);
        let first =
            |session: &mut EditSession<'_>| work(&mut EditDocuments::new(session), &mut writer);
        match goes_on_from {
            None => self.engine.found_notebook(role, storage, rng, first),
            Some(old) => self.engine.fork_notebook(old, role, storage, rng, first),
        }
    }

    /// Keeps a value of this device's own, outside every notebook.
    pub(crate) fn put_own(&mut self, key: &str, value: &[u8]) -> Result<(), Failure> {
        self.storage.put_own(key, value).map_err(storage_failed)
    }

    /// Returns a value of this device's own.
    pub(crate) fn get_own(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.storage.get_own(key).map_err(storage_failed)
    }
}

/// The failure for a notebook that is not here.
pub(crate) fn no_notebook() -> Failure {
    Failure::not_found("notebook_not_found", "There is no such notebook here.")
        .with_hint("List them with `hearth notebook list`.")
}

/// Where to look for all that is damaged, and for what to do about it.
pub(crate) const SEE_DAMAGE: &str =
    "Run `hearth verify`: it names everything that is damaged, and the way out.";

/// How somebody goes on whose home is damaged. Nothing is put right in place: what is lost here is whole
/// on other devices only.
pub(crate) const WAY_OUT_OF_DAMAGE: &str = "Save what still opens with `hearth export`, keep this folder, and begin a \
     new one beside it: run `hearth device link` on another device of yours and `hearth --home NEW device accept \
     TICKET --label LABEL` here; without one, `hearth --home NEW recover` with your recovery phrase. What others \
     have comes back whole.";

/// The failure for a disk that failed.
pub(crate) fn storage_failed(error: hearth_core::storage::StorageError) -> Failure {
    use hearth_core::storage::StorageError;
    match error {
        StorageError::Full => {
            Failure::error("disk_full", "The disk is full. Nothing of this was saved.")
                .with_hint("Free some space, then do it again.")
        }
        StorageError::Damaged(what) => Failure::new(
            Exit::Damaged,
            "damaged",
            format!("Damaged data found: {what}."),
        )
        .with_hint(SEE_DAMAGE),
        other => Failure::error("disk_failed", format!("{other}.")),
    }
}

/// The failure for an edit that was not made.
pub(crate) fn edit_failed(error: EditFailed<EditError>) -> Failure {
    match error {
        EditFailed::Edit(error) => invalid(&error),
        EditFailed::NotAllowed => Failure::new(
            Exit::NotAllowed,
            "read_only",
            "You can read this notebook, but not write in it.",
        )
        .with_hint("Ask an admin of the notebook to change your role."),
        EditFailed::StaleCopy => Failure::error(
            "stale_copy",
            "This home is an older copy: the same device has written elsewhere since. Nothing was changed.",
        )
        .with_hint("Run the command again: this home then becomes a device of its own."),
        EditFailed::Storage(error) => storage_failed(error),
        error @ EditFailed::NoBase(_) => {
            Failure::error("no_base", sentence(&error.to_string())).with_hint(
                "Run `hearth sync`, then `hearth verify`: it says what is here, and who made the notebook.",
            )
        }
        other => Failure::error("edit_failed", format!("{other}.")),
    }
}

/// The failure for a value that cannot be written, or an object that is not there.
pub(crate) fn invalid(error: &EditError) -> Failure {
    match error {
        EditError::Invalid(error) => {
            let failure = Failure::usage("invalid", sentence(&error.to_string()))
                .with_details(wrong_with(error));
            match error {
                Invalid::ReasonMissing { .. } => failure.with_hint("Give --reason TEXT."),
                _ => failure,
            }
        }
        EditError::NotFound { .. } | EditError::NothingThere { .. } => {
            Failure::not_found("not_found", sentence(&error.to_string()))
        }
        EditError::BaseUnknown => {
            Failure::error("notes_base_unknown", sentence(&error.to_string()))
        }
        EditError::Form(_) | EditError::ClosureForm(_) => {
            Failure::usage("form_invalid", sentence(&error.to_string()))
        }
        EditError::NotClosed => Failure::error("not_closed", sentence(&error.to_string())),
        other => Failure::error("edit_failed", sentence(&other.to_string())),
    }
}

/// What is wrong with a value, in parts for whoever says it in another language: a word, the field, the value, the limit.
fn wrong_with(error: &Invalid) -> Value {
    match error {
        Invalid::Empty { field } => json!({ "wrong": "empty", "field": field }),
        Invalid::TooLong { field, max, unit } => {
            json!({ "wrong": "too-long", "field": field, "max": max, "unit": unit })
        }
        Invalid::Word { field, value, .. } | Invalid::Unknown { field, value, .. } => {
            json!({ "wrong": "word", "field": field, "value": value })
        }
        Invalid::Range { field, min, max } => {
            json!({ "wrong": "range", "field": field, "min": min, "max": max })
        }
        Invalid::ReasonMissing { status } => json!({ "wrong": "reason", "value": status }),
        _ => json!({ "wrong": "shape" }),
    }
}

/// Makes a sentence of an error's words.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let mut text: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    text.push_str(letters.as_str());
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
