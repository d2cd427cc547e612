//! Reading a backup from end to end: by itself to check it, and before and while it is restored.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use hearth_core::control::ControlSet;
use hearth_core::file::{FileHashes, HeldFile, LIST, Piece};
use hearth_core::ids::{FileRoot, NotebookId};
use hearth_core::storage::Space;
use serde_json::{Value, json};

use super::envelope::{EnvelopeError, OpenWith, Opener};
use super::part::{Part, Totals, Whose};
use super::{ANOTHER_ONE, unreadable};
use crate::api::{Event, Exit, Failure, Progress};
use crate::host::Settings;
use crate::service::{Chains, Found, control_set, time};

/// Opens every record of a backup, and checks every signature and chain in it.
///
/// # Errors
/// Exit code 14 where anything is damaged, with the records named in the details.
pub fn check(
    path: &Path,
    with: &OpenWith,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut checker = Checker::default();
    let whose = read(path, with, on_event, &mut |part| {
        checker.take(part);
        Ok(())
    });
    checker.finish_notebook();
    let Read {
        whose,
        home,
        totals,
        damaged,
    } = whose?;
    for (place, fault) in damaged {
        checker.found.damage(place, fault);
    }
    let whose_words = whose.as_deref().map(told);
    let rest = json!({
        "backup": whose_words,
        "notebooks": totals.notebooks,
        "files": totals.files,
        "settings": settings(&home).count(),
        "file": path.to_string_lossy(),
    });
    checker
        .found
        .told(rest)
        .map_err(|failure| failure.with_hint(ANOTHER_ONE))
}

/// Who made a backup, and when, as answers say it.
pub(super) fn told(whose: &Whose) -> Value {
    json!({
        "made_at": time(whose.made_at_ms),
        "person": { "id": whose.roster.person().to_string(), "name": whose.name },
        "device": { "id": whose.device.to_string(), "label": whose.device_label },
        "network": whose.network,
    })
}

/// The settings among the records of a home.
pub(super) fn settings(home: &[(&'static str, Vec<u8>)]) -> Settings {
    home.iter()
        .find(|(word, _)| *word == Settings::KEPT_AS)
        .map_or_else(Settings::default, |(_, value)| Settings::parse(value))
}

/// What a backup came to once all of it was read.
pub(super) struct Read {
    pub(super) whose: Option<Box<Whose>>,
    /// Records of the home itself; none in a backup of version 1.
    pub(super) home: Vec<(&'static str, Vec<u8>)>,
    pub(super) totals: Totals,
    /// Places in it that are damaged, and how.
    pub(super) damaged: Vec<(String, String)>,
}

/// Reads a backup from its beginning to its end, and hands on all that is whole.
pub(super) fn read(
    path: &Path,
    with: &OpenWith,
    on_event: &mut dyn FnMut(Event),
    take: &mut dyn FnMut(Part) -> Result<(), Failure>,
) -> Result<Read, Failure> {
    let file = File::open(path).map_err(|error| unreadable(EnvelopeError::File(error)))?;
    let length = file.metadata().map_or(0, |data| data.len());
    let mut opener = Opener::begin(BufReader::new(file), with).map_err(unreadable)?;
    let mut outcome = Read {
        whose: None,
        home: Vec::new(),
        totals: Totals::default(),
        damaged: Vec::new(),
    };
    let mut notebooks = BTreeSet::new();
    let mut end = None;
    let mut before = "the header".to_owned();
    while let Some(opened) = opener.next().map_err(unreadable)? {
        on_event(Event::Progress(Progress {
            message: "Reading the backup, in per cent:".to_owned(),
            done: (opened.bytes.end * 100).checked_div(length).unwrap_or(100),
            total: Some(100),
        }));
        let place = format!(
            "part {} of the backup (bytes {} to {}), which follows {before}",
            opened.number, opened.bytes.start, opened.bytes.end
        );
        let after_end = end.is_some();
        let parsed = opened.plain.as_deref().map(Part::parse);
        match parsed {
            None => outcome
                .damaged
                .push((place, "was altered or is cut off".to_owned())),
            Some(Err(error)) => outcome.damaged.push((place, error.to_string())),
            Some(Ok(_)) if after_end => outcome
                .damaged
                .push((place, "stands behind the end".to_owned())),
            Some(Ok(part)) => {
                before = describe(&part);
                match part {
                    Part::End(totals) if opened.is_last => end = Some(totals),
                    Part::Whose(whose) if opened.number == 0 => outcome.whose = Some(whose),
                    Part::Home(records) if opened.number == 1 => outcome.home = records,
                    Part::Records(notebook, records) => {
                        notebooks.insert(notebook);
                        outcome.totals.records += records.len() as u64;
                        take(Part::Records(notebook, records))?;
                    }
                    Part::Entries {
                        notebook,
                        first,
                        entries,
                    } => {
                        outcome.totals.entries += entries.len() as u64;
                        take(Part::Entries {
                            notebook,
                            first,
                            entries,
                        })?;
                    }
                    part @ Part::File(..) => {
                        outcome.totals.files += 1;
                        take(part)?;
                    }
                    part @ Part::Piece(..) => {
                        outcome.totals.pieces += 1;
                        take(part)?;
                    }
                    Part::End(_) | Part::Whose(_) | Part::Home(_) => outcome
                        .damaged
                        .push((place, "does not belong there".to_owned())),
                }
            }
        }
    }
    outcome.totals.notebooks = notebooks.len() as u64;
    let fault = match end {
        None => Some("its end is missing"),
        Some(totals) if totals != outcome.totals => Some("it does not hold all that it says"),
        Some(_) if outcome.whose.is_none() => Some("it does not say whose it is"),
        Some(_) => None,
    };
    if let Some(fault) = fault {
        outcome
            .damaged
            .push(("the backup".to_owned(), fault.to_owned()));
    }
    Ok(outcome)
}

/// Fails where anything in a backup is damaged, and names it.
pub(super) fn refuse_damage(damaged: &[(String, String)]) -> Result<(), Failure> {
    let Some((place, fault)) = damaged.first() else {
        return Ok(());
    };
    let all: Vec<Value> = damaged
        .iter()
        .map(|(place, fault)| json!({ "place": place, "fault": fault }))
        .collect();
    Err(Failure::new(
        Exit::Damaged,
        "damaged",
        format!(
            "The backup is damaged in {} places, first {place}: {fault}.",
            all.len()
        ),
    )
    .with_hint(ANOTHER_ONE)
    .with_details(json!({ "damaged": all, "damaged_count": all.len() })))
}

/// What a part holds, in words.
fn describe(part: &Part) -> String {
    match part {
        Part::Whose(_) => "the person".to_owned(),
        Part::Records(notebook, records) => {
            format!("{} records of notebook {notebook}", records.len())
        }
        Part::Entries {
            notebook,
            first,
            entries,
        } => {
            let last = first + (entries.len() as u64).saturating_sub(1);
            format!("entries {first} to {last} of notebook {notebook}")
        }
        Part::File(notebook, root, _) => {
            format!("what is kept of file {root} of notebook {notebook}")
        }
        Part::Piece(_, root, piece, _) => format!("part {piece} of file {root}"),
        Part::End(_) => "the end".to_owned(),
        Part::Home(_) => "the settings".to_owned(),
    }
}

/// Checks signatures and chains of one notebook after the other.
#[derive(Default)]
struct Checker {
    found: Found,
    notebook: Option<NotebookId>,
    controls: Vec<(Vec<u8>, Vec<u8>)>,
    set: Option<ControlSet>,
    /// What is known of the logs so far; it borrows nothing, so that it lives beside the set.
    chains: Option<Chains>,
    /// The file whose pieces come.
    file: Option<FileCheck>,
}

impl Checker {
    fn take(&mut self, part: Part) {
        match part {
            Part::Records(notebook, records) => {
                self.turn_to(notebook);
                self.found.count_records(records.len() as u64);
                let controls = records
                    .into_iter()
                    .filter(|kept| kept.space == Space::Control);
                self.controls
                    .extend(controls.map(|mut kept| (kept.key, std::mem::take(&mut *kept.value))));
            }
            Part::Entries {
                notebook,
                first,
                entries,
            } => {
                self.turn_to(notebook);
                self.ready();
                let (Some(set), Some(chains)) = (&self.set, &mut self.chains) else {
                    return;
                };
                for (position, bytes) in (first..).zip(entries) {
                    self.found.count_entry();
                    if let Err(fault) = chains.check(set, bytes, &mut self.found) {
                        let place = format!("entry {position} of notebook {notebook}");
                        self.found.damage(place, fault);
                    }
                }
            }
            Part::File(_, root, held) => self.file = Some(FileCheck::new(root, held)),
            Part::Piece(notebook, root, piece, bytes) => {
                let fits = self
                    .file
                    .as_mut()
                    .is_some_and(|file| file.takes(root, piece, bytes));
                if !fits {
                    let place = format!("part {piece} of file {root} of notebook {notebook}");
                    self.found.damage(place, "is not what the file's name says");
                }
            }
            Part::Whose(_) | Part::Home(_) | Part::End(_) => {}
        }
    }

    fn turn_to(&mut self, notebook: NotebookId) {
        if self.notebook != Some(notebook) {
            self.finish_notebook();
            self.notebook = Some(notebook);
        }
    }

    /// Puts the control entries together once all are there.
    fn ready(&mut self) {
        if self.chains.is_some() {
            return;
        }
        if let Some(notebook) = self.notebook {
            let records = std::mem::take(&mut self.controls);
            self.set = control_set(notebook, records, &mut self.found);
            self.chains = Some(Chains::new(notebook));
        }
    }

    fn finish_notebook(&mut self) {
        self.ready();
        if let Some(chains) = self.chains.take() {
            chains.name_unproven(&mut self.found);
        }
        self.set = None;
        self.notebook = None;
    }
}

/// The look through one file of a backup.
struct FileCheck {
    root: FileRoot,
    held: HeldFile,
    hashes: Option<FileHashes>,
}

impl FileCheck {
    const fn new(root: FileRoot, held: HeldFile) -> Self {
        Self {
            root,
            held,
            hashes: None,
        }
    }

    /// Says whether a piece is one of this file.
    fn takes(&mut self, root: FileRoot, piece: Piece, bytes: Vec<u8>) -> bool {
        if root != self.root || !self.held.has(piece) {
            return false;
        }
        if piece == LIST {
            self.hashes = FileHashes::check(bytes, root, self.held.bytes());
            return self.hashes.is_some();
        }
        // Without its list a piece is checked once somebody fetches that.
        self.hashes
            .as_ref()
            .is_none_or(|hashes| hashes.is_piece(piece, &bytes))
    }
}
