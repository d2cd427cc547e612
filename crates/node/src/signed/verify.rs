//! Verifying a signed export, without an identity.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use hearth_core::base::{self, BaseFacts};
use hearth_core::control::{ControlSet, Membership};
use hearth_core::ids::{DeviceId, EntryHash, NotebookId, PersonId};
use hearth_core::log::{DocumentTips, EntryKey, RawEntry};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    CHECK_BYTES, CONTROL, DIGEST, ENTRY, MAGIC, RECORD_BYTES_MAX, SIGNATURE, STATEMENT, VERSION,
    check,
};
use crate::api::{Event, Failure, Progress};
use crate::host::sentence;
use crate::service::{CONTROLS_LATER, Chains, Found, control_set};
use crate::statement;

/// Bytes of the header that are as they should be in what is a signed export all the same, and damaged.
const HEAD_ALIKE_MIN: usize = 7;

/// Bytes by which a signed statement is told from an export.
const BEGINNING_BYTES: usize = 64;

fn another(failure: Failure) -> Failure {
    failure.with_hint("The file is not what was exported. Ask for it again, over another way.")
}

/// Checks every byte of a signed export, and says whose notebook it is and what is in it.
///
/// # Errors
/// Exit code 14 where anything was changed, with the place named in the details.
pub fn verify(path: &Path, on_event: &mut dyn FnMut(Event)) -> Result<Value, Failure> {
    let unreadable = |error: io::Error| {
        Failure::error(
            "file_unreadable",
            sentence(&format!("{} cannot be read: {error}", path.display())),
        )
        .with_hint("Name a file that `hearth export --format signed` wrote.")
    };
    let mut beginning = [0; BEGINNING_BYTES];
    let mut file = File::open(path).map_err(unreadable)?;
    let read = fill(&mut file, &mut beginning).map_err(unreadable)?;
    if statement::is_one(beginning.get(..read).unwrap_or_default()) {
        return statement::verify(path);
    }
    file.rewind().map_err(unreadable)?;
    let begun = Records::begin(BufReader::new(file)).map_err(unreadable)?;
    let Ok(mut reader) = begun else {
        if begun.is_err_and(|alike| alike >= HEAD_ALIKE_MIN) {
            let mut found = Found::default();
            found.damage(
                "the header (bytes 0 to 9)",
                "was changed, or is of a newer program",
            );
            return found
                .told(json!({ "file": path.to_string_lossy() }))
                .map_err(another);
        }
        return Err(
            Failure::usage("no_signed_export", "This is no signed export of hearth.")
                .with_hint("Name a file that `hearth export --format signed` wrote."),
        );
    };
    let mut verifier = Verifier::default();
    while let Some(record) = reader.next().map_err(unreadable)? {
        let mut progress = Progress::of("Records checked:");
        progress.done = record.number;
        on_event(Event::Progress(progress));
        verifier.take(record);
    }
    verifier.finish(path)
}

/// One record as it stands in the file.
struct Record {
    number: u64,
    from: u64,
    to: u64,
    kind: u8,
    /// Nothing where it was changed.
    bytes: Option<Vec<u8>>,
    /// The digest of everything before it.
    before: [u8; 32],
}

struct Records<R> {
    input: R,
    hasher: blake3::Hasher,
    number: u64,
    offset: u64,
}

impl<R: Read> Records<R> {
    /// Reads the header; where it is another, says how many of its bytes are the same.
    fn begin(mut input: R) -> io::Result<Result<Self, usize>> {
        let mut start = [0; 9];
        let read = fill(&mut input, &mut start)?;
        let wanted = MAGIC.iter().chain(&[VERSION]);
        let alike = start
            .iter()
            .zip(wanted)
            .filter(|(is, was)| is == was)
            .count();
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST);
        hasher.update(&start);
        if read < start.len() || alike < start.len() {
            return Ok(Err(alike));
        }
        Ok(Ok(Self {
            input,
            hasher,
            number: 0,
            offset: start.len() as u64,
        }))
    }

    fn next(&mut self) -> io::Result<Option<Record>> {
        let before = *self.hasher.finalize().as_bytes();
        let (number, from) = (self.number, self.offset);
        let mut head = [0; 5];
        let read = fill(&mut self.input, &mut head)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        let mut bytes = None;
        if read == head.len() && length <= RECORD_BYTES_MAX {
            let mut whole = vec![0; length + CHECK_BYTES];
            let read = fill(&mut self.input, &mut whole)?;
            self.hasher.update(&head);
            self.hasher.update(&whole);
            self.offset += 5 + read as u64;
            let found = whole.split_off(length);
            if read == length + CHECK_BYTES && found == check(number, kind, &whole) {
                bytes = Some(whole);
            }
        } else {
            // Where the next record begins is not known any more.
            let rest = io::copy(&mut self.input, &mut io::sink())?;
            self.offset += read as u64 + rest;
        }
        Ok(Some(Record {
            number,
            from,
            to: self.offset,
            kind,
            bytes,
            before,
        }))
    }
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[derive(Default)]
struct Verifier {
    found: Found,
    statement: Option<Value>,
    notebook: Option<NotebookId>,
    controls: Vec<(Vec<u8>, Vec<u8>)>,
    set: Option<ControlSet>,
    chains: Option<Chains>,
    tips: BTreeMap<EntryHash, DocumentTips>,
    changes_of: BTreeMap<DeviceId, u64>,
    changes: u64,
    unopened: u64,
    /// The parts of what the notebook goes on from.
    parts: Vec<Vec<u8>>,
    first: Option<i64>,
    last: Option<i64>,
    is_signed: bool,
}

impl Verifier {
    fn take(&mut self, record: Record) {
        let place = format!(
            "record {} (bytes {} to {})",
            record.number, record.from, record.to
        );
        if self.is_signed {
            self.found.damage(place, "stands behind the signature");
            return;
        }
        let Some(bytes) = record.bytes else {
            self.found.damage(place, "was changed, or is cut off");
            return;
        };
        let taken = match (record.kind, record.number) {
            (STATEMENT, 0) => self.state(&bytes),
            (CONTROL, _) if self.set.is_none() => {
                match hearth_core::control::ControlEntry::parse(&bytes) {
                    Ok(entry) => {
                        self.controls
                            .push((entry.hash().as_bytes().to_vec(), bytes));
                        Ok(())
                    }
                    Err(error) => Err(error.to_string()),
                }
            }
            (ENTRY, _) => self.entry(bytes),
            (SIGNATURE, _) => self.signature(&bytes, &record.before),
            _ => Err("does not belong there".to_owned()),
        };
        if let Err(fault) = taken {
            self.found.damage(place, fault);
        }
    }

    fn state(&mut self, bytes: &[u8]) -> Result<(), String> {
        let statement: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let notebook = statement["notebook"].as_str().unwrap_or_default();
        self.notebook = Some(
            notebook
                .parse()
                .map_err(|_| "names no notebook".to_owned())?,
        );
        self.statement = Some(statement);
        Ok(())
    }

    /// Puts the control entries together once all are there.
    fn ready(&mut self) {
        if self.chains.is_none()
            && let Some(notebook) = self.notebook
        {
            let controls = std::mem::take(&mut self.controls);
            self.set = control_set(notebook, controls, &mut self.found);
            self.chains = Some(Chains::new(notebook));
        }
    }

    fn entry(&mut self, mut bytes: Vec<u8>) -> Result<(), String> {
        self.ready();
        let (Some(set), Some(chains), Some(notebook)) =
            (&self.set, &mut self.chains, self.notebook)
        else {
            return Err(CONTROLS_LATER.to_owned());
        };
        if bytes.len() < EntryKey::BYTES {
            return Err("is cut off".to_owned());
        }
        let entry = bytes.split_off(EntryKey::BYTES);
        let key: [u8; EntryKey::BYTES] = bytes.try_into().map_err(|_| "has no key".to_owned())?;
        self.found.count_entry();
        let raw = RawEntry::parse_any(entry.clone()).map_err(|error| error.to_string())?;
        chains.check(set, entry, &mut self.found)?;
        let (hash, header) = (raw.hash(), raw.header().clone());
        let tips = self.tips.get(&header.previous).cloned().unwrap_or_default();
        if key == [0; EntryKey::BYTES] {
            self.unopened += 1;
            return Ok(());
        }
        match raw
            .trusted(notebook)
            .open_with(&EntryKey::from_bytes(&key), &tips)
        {
            Ok(body) => {
                let count = body.changes.len() as u64;
                self.changes += count;
                *self.changes_of.entry(header.log.device).or_default() += count;
                for (_, change) in &body.changes {
                    let at = Some(change.facts().timestamp);
                    self.first = self.first.map_or(at, |first| at.map(|at| at.min(first)));
                    self.last = self.last.max(at);
                }
                self.tips.insert(hash, body.tips);
                self.parts.extend(body.part);
                Ok(())
            }
            // What cannot be read follows from what cannot be read before it, or was never readable.
            Err(_) if !self.tips.contains_key(&header.previous) && header.seq.get() > 1 => {
                self.unopened += 1;
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn signature(&mut self, bytes: &[u8], digest: &[u8; 32]) -> Result<(), String> {
        self.ready();
        self.is_signed = true;
        let device = self.exporter().ok_or("nobody is named who exported it")?;
        let set = self.set.as_ref().ok_or("nothing says who may write")?;
        let (_, card) = set
            .device(&device)
            .ok_or("its exporter is nobody in this notebook")?;
        let signature = bytes.try_into().map_err(|_| "is no signature".to_owned())?;
        match card.has_signed_export(digest, signature) {
            true => Ok(()),
            false => Err("the exporter's signature does not fit the file".to_owned()),
        }
    }

    /// Checks what the notebook goes on from, where the keys for that are in the file.
    fn base(&mut self) -> Option<BaseFacts> {
        let set = self.set.as_ref()?;
        let named = set.base().iter().map(|named| {
            let mut parts = self.parts.iter();
            parts.find(|part| base::part_hash(part) == *named).cloned()
        });
        let parts: Option<Vec<Vec<u8>>> = named.collect();
        let parts = parts.filter(|parts| !parts.is_empty())?;
        match base::check(&parts) {
            Ok(facts) => {
                self.found.base(set.notebook(), &facts);
                Some(facts)
            }
            Err(error) => {
                let place = "what the notebook goes on from";
                self.found.damage(place, error.to_string());
                None
            }
        }
    }

    fn exporter(&self) -> Option<DeviceId> {
        self.statement.as_ref()?["exporter"]["device_id"]
            .as_str()?
            .parse()
            .ok()
    }

    fn finish(mut self, path: &Path) -> Result<Value, Failure> {
        self.ready();
        if !self.is_signed {
            self.found.damage("the file", "its signature is missing");
        }
        if let Some(chains) = &self.chains {
            chains.name_unproven(&mut self.found);
        }
        let base = self.base();
        let statement = self.statement.take().unwrap_or_default();
        let names: BTreeMap<&str, &str> = statement["people"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| Some((one["person"].as_str()?, one["name"].as_str()?)))
            .collect();
        let mut people: BTreeMap<String, u64> = BTreeMap::new();
        let mut is_member = false;
        for author in base.iter().flat_map(|base| &base.authors) {
            *people.entry(author.person.to_string()).or_default() += author.changes;
            self.changes += author.changes;
        }
        if let Some((first, last)) = base.as_ref().map(|base| base.written) {
            self.first = Some(self.first.map_or(first, |at| at.min(first)));
            self.last = Some(self.last.map_or(last, |at| at.max(last)));
        }
        if let Some(set) = &self.set {
            for (device, count) in &self.changes_of {
                if let Some((person, _)) = set.device(device) {
                    *people.entry(person.to_string()).or_default() += count;
                }
            }
            let exporter = statement["exporter"]["device_id"]
                .as_str()
                .unwrap_or_default();
            let membership = Membership::resolve(set);
            is_member = exporter
                .parse()
                .is_ok_and(|device: DeviceId| membership.person_of(&device).is_some());
        }
        let people: Vec<Value> = people
            .into_iter()
            .map(|(person, changes)| {
                let signed = || {
                    let id: PersonId = person.parse().ok()?;
                    base.as_ref()?.names.get(&id).cloned()
                };
                let name = names.get(person.as_str()).map(|name| (*name).to_owned());
                let name = name.or_else(signed).unwrap_or_default();
                json!({ "person": person, "name": name, "changes": changes })
            })
            .collect();
        let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_second(at).ok());
        let rest = json!({
            "file": path.to_string_lossy(),
            "notebook": { "id": statement["notebook"], "title": statement["title"] },
            "exported_by": statement["exporter"],
            "exporter_is_member": is_member,
            "made_at": statement["made_at"],
            "people": people,
            "from": time(self.first),
            "to": time(self.last),
            "changes": self.changes,
            "unopened": self.unopened,
            "uncounted": self.found.uncounted_count(),
            "set_aside": [],
        });
        self.found.told(rest).map_err(|failure| {
            failure
                .with_hint("The file is not what was exported. Ask for it again, over another way.")
        })
    }
}
