//! A check in steps, so that whoever runs meanwhile need not wait for all of it.

use hearth_core::base::BaseStanding;
use hearth_core::control::ControlSet;
use hearth_core::engine::Engine;
use hearth_core::ids::NotebookId;
use hearth_core::mirror::is_pruned;
use hearth_core::replica::Replica;
use hearth_core::storage::{Position, Storage as _};
use hearth_store::{Scope, Verification};
use serde_json::{Value, json};

use super::files::{FileNames, FilesCheck};
use super::{Chains, Found, check_controls, check_documents, check_wraps};
use crate::api::{Event, Failure, Progress};
use crate::host::NodeStorage;

/// Bytes of history that are read at once.
const READ_BYTES_AIM: usize = 1024 * 1024;

/// Opens every record of a store, and checks the signatures and chains of its notebooks.
pub(super) fn check_all(
    storage: &NodeStorage,
    engine: Option<&Engine>,
    all: &[NotebookId],
    names: FileNames,
    on_event: &mut dyn FnMut(Event),
) -> Found {
    let mut checking = Checking::new(all.to_vec()).with_names(names);
    while checking.step(storage, engine, on_event) {}
    checking.found
}

/// A check of a store and its notebooks that is done in steps. Between two of them whoever has the store may go on writing:
/// what a notebook gets once it is looked at is not looked at. No notebook may be forgotten in between.
pub(crate) struct Checking {
    all: Vec<NotebookId>,
    /// How many of them were begun.
    begun: usize,
    /// The look through the store, until it is through.
    records: Option<Verification>,
    is_told: bool,
    /// The notebook that is looked at.
    current: Option<NotebookCheck>,
    /// The look through its files, which comes last.
    files: Option<FilesCheck>,
    /// What files are called.
    names: FileNames,
    found: Found,
}

impl Checking {
    /// Begins a check of these notebooks; nothing is read yet.
    pub(crate) fn new(all: Vec<NotebookId>) -> Self {
        Self {
            all,
            begun: 0,
            records: Some(Verification::default()),
            is_told: false,
            current: None,
            files: None,
            names: FileNames::new(),
            found: Found::default(),
        }
    }

    /// Has damaged files named by what they are called.
    pub(super) fn with_names(mut self, names: FileNames) -> Self {
        self.names = names;
        self
    }

    /// Does the next step; returns whether there is another one. What waits in memory has to be on the disk before.
    pub(crate) fn step(
        &mut self,
        storage: &NodeStorage,
        engine: Option<&Engine>,
        on_event: &mut dyn FnMut(Event),
    ) -> bool {
        if let Some(mut records) = self.records.take() {
            if !self.is_told {
                self.tell("Opening every record", 0, on_event);
                self.is_told = true;
            }
            if records.step(storage.store()) {
                self.records = Some(records);
                return true;
            }
            self.found.take_report(&records.into_report());
            return !self.all.is_empty();
        }
        if let Some(mut files) = self.files.take() {
            if files.step(storage, &self.names, &mut self.found) {
                self.files = Some(files);
                return true;
            }
        } else if let Some(mut current) = self.current.take() {
            if current.step(storage, &mut self.found) {
                self.current = Some(current);
                return true;
            }
            let notebook = current.notebook;
            current.end(storage, engine, &mut self.found);
            self.files = Some(FilesCheck::begin(storage, notebook, &mut self.found));
            return true;
        } else if let Some(notebook) = self.all.get(self.begun) {
            let notebook = *notebook;
            self.begun += 1;
            self.tell("Checking signatures and chains", self.begun, on_event);
            self.found.about = Some(notebook);
            self.current = NotebookCheck::begin(storage, notebook, &mut self.found);
        }
        self.current.is_some() || self.begun < self.all.len()
    }

    /// Returns the data of `verify`, with what only its caller knows.
    ///
    /// # Errors
    /// Exit code 14 with every damage in the details.
    pub(crate) fn told(self, set_aside: Value) -> Result<Value, Failure> {
        let notebooks = self.all.len();
        self.found
            .told(json!({ "notebooks": notebooks, "set_aside": set_aside, "enrolled_anew": null }))
    }

    fn tell(&self, message: &str, done: usize, on_event: &mut dyn FnMut(Event)) {
        on_event(Event::Progress(Progress {
            message: message.to_owned(),
            done: done as u64,
            total: Some(self.all.len() as u64 + 1),
        }));
    }
}

/// The look through one notebook, as it was when that began.
struct NotebookCheck {
    notebook: NotebookId,
    controls: ControlSet,
    chains: Chains,
    /// Whether entries of it are in a checkpoint only.
    is_pruned: bool,
    /// The next entry of its stream.
    from: Position,
    /// How many entries it had: what came later may name control entries that are not in the set.
    end: Position,
}

impl NotebookCheck {
    /// Looks at everything but the stream; returns what goes on with that, where the notebook can be made out at all.
    fn begin(storage: &NodeStorage, notebook: NotebookId, found: &mut Found) -> Option<Self> {
        let controls = check_controls(storage, notebook, found)?;
        check_wraps(storage, notebook, &controls, found);
        check_documents(storage, notebook, found);
        let end = storage
            .store()
            .stream_length(Scope(*notebook.as_bytes()))
            // Where nobody can say how long it is, it is read until it ends or fails.
            .map_or(Position::MAX, |end| end.0);
        Some(Self {
            notebook,
            controls,
            chains: Chains::new(notebook),
            is_pruned: is_pruned(notebook, storage).unwrap_or_else(|error| {
                found.damage(format!("notebook {notebook}"), error.to_string());
                true
            }),
            from: 0,
            end,
        })
    }

    /// Checks the next part of the stream; returns whether there is more.
    fn step(&mut self, storage: &NodeStorage, found: &mut Found) -> bool {
        if self.from >= self.end {
            return false;
        }
        let notebook = self.notebook;
        let read = match storage.entries(notebook, self.from, READ_BYTES_AIM) {
            Ok(read) => read,
            Err(error) => {
                found.damage(format!("notebook {notebook}"), error.to_string());
                // What comes after a damaged entry is checked as well.
                self.from += 1;
                self.chains.has_gap = true;
                return self.end != Position::MAX;
            }
        };
        let Some((last, _)) = read.last() else {
            return false;
        };
        self.from = last + 1;
        for (position, bytes) in read {
            if position >= self.end {
                break;
            }
            found.entries += 1;
            if bytes.is_empty() && self.is_pruned {
                // It is in a checkpoint, and what follows it cannot be tied to it here.
                self.chains.has_gap = true;
                continue;
            }
            if let Err(fault) = self.chains.check(&self.controls, bytes, found) {
                found.damage(format!("entry {position} of notebook {notebook}"), fault);
            }
        }
        true
    }

    fn end(self, storage: &NodeStorage, engine: Option<&Engine>, found: &mut Found) {
        self.chains.name_unproven(found);
        if let Some(replica) = engine.and_then(|engine| engine.replica(self.notebook)) {
            self.chains.compare_with_memory(replica, found);
            check_base(storage, replica, found);
        }
    }
}

/// Checks what a notebook goes on from, from its signatures up.
fn check_base(storage: &NodeStorage, replica: &Replica, found: &mut Found) {
    let place = format!("what notebook {} goes on from", replica.notebook());
    match (replica.base(), replica.check_base(storage)) {
        (_, Err(error)) => found.damage(place, error.to_string()),
        (_, Ok(Some(Ok(facts)))) => found.base(replica.notebook(), &facts),
        (BaseStanding::Sound(_), Ok(Some(Err(error)))) => found.damage(place, error.to_string()),
        (BaseStanding::Sound(_), Ok(None)) => found.damage(place, "is not here whole any more"),
        // Refused when it came, and named as such.
        (_, Ok(_)) => {}
    }
}
