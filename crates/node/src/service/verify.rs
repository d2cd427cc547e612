//! `verify`: opens every record and checks every signature and chain, from the disk alone.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hearth_core::base::BaseFacts;
use hearth_core::control::{ControlEntry, ControlKind, ControlSet, Membership};
use hearth_core::document::Document;
use hearth_core::epoch::Wraps;
use hearth_core::ids::{ControlHash, DeviceId, EntryHash, LogId, NotebookId, Seq};
use hearth_core::log::{EntryError, RawEntry, notebook_tag};
use hearth_core::replica::Replica;
use hearth_core::storage::{Space, Storage};
use hearth_store::Report;
use serde_json::{Value, json};

use super::answer::with;
use super::resolve::{brief, with_journals};
use super::set_aside::{Kept, adopted_in};
use crate::api::{Event, Exit, Failure};
use crate::host::{Host, NodeStorage, WAY_OUT_OF_DAMAGE};

mod checking;
mod files;

pub(crate) use checking::Checking;
use checking::check_all;
use files::FileNames;

/// Where damage is that is in no notebook.
const OWN_RECORDS: &str = "this device's own records";
/// Damages that are listed; beyond it they are only counted.
const DAMAGES_LISTED_MAX: usize = 1_000;

/// The fault of an entry that cannot be judged, since what it names is damaged or was left out.
const CONTROLS_MISSING: &str = "names control entries that are not here";
/// The fault of an entry that comes with no control entries at all.
pub(crate) const CONTROLS_LATER: &str = "comes without what says who may write";

/// The data of `verify`: counts, and `set_aside[]`, which is no damage.
///
/// # Errors
/// Exit code 14 with every damage in the details.
pub(super) fn verify(host: &mut Host, on_event: &mut dyn FnMut(Event)) -> Result<Value, Failure> {
    // What arrived in the same burst is in memory only yet, and would pass for a loss.
    let Host {
        engine, storage, ..
    } = &mut *host;
    engine.flush(storage, Host::now_ms(), false);
    let mut all = with_journals(host);
    all.extend(host.engine.unopened().keys());
    // What is called how only makes it easier to read.
    let names = all
        .iter()
        .filter_map(|notebook| super::file::named_in(host, *notebook).ok())
        .flatten()
        .collect();
    let mut found = check_all(&host.storage, Some(&host.engine), &all, names, on_event);
    let mut set_aside = Vec::new();
    for notebook in &all {
        set_aside.extend(set_aside_of(host, *notebook, &found));
    }
    let enrolled_anew = host.enrolled_anew().unwrap_or_else(|failure| {
        found.damage(OWN_RECORDS, failure.message);
        Value::Null
    });
    found.told(json!({
        "notebooks": all.len(),
        "set_aside": set_aside,
        "enrolled_anew": enrolled_anew,
    }))
}

/// Looks through a home that does not open, since its own records are damaged. Fails with all that was
/// found, and with the reason for which it does not open.
pub(crate) fn verify_closed(
    storage: &NodeStorage,
    why: Failure,
    on_event: &mut dyn FnMut(Event),
) -> Failure {
    let notebooks = storage.notebooks();
    let all = notebooks.as_deref().unwrap_or_default();
    let mut found = check_all(storage, None, all, FileNames::new(), on_event);
    if let Err(error) = &notebooks {
        found.damage(OWN_RECORDS, error.to_string());
    }
    found.damage(OWN_RECORDS, why.message.clone());
    let rest = json!({ "notebooks": all.len(), "set_aside": [], "enrolled_anew": null });
    found.told(rest).err().unwrap_or(why)
}

/// What a check came to.
#[derive(Default)]
pub(crate) struct Found {
    records: u64,
    stream_entries: u64,
    entries: u64,
    controls: u64,
    files: u64,
    damaged: Vec<Value>,
    damaged_count: u64,
    /// The notebook that is looked at.
    about: Option<NotebookId>,
    /// Faults that follow from one elsewhere in their notebook: where the first stands in the list, and how many more there
    /// are.
    following: BTreeMap<(Option<NotebookId>, String), (usize, u64)>,
    /// What forked notebooks go on from, as it was found.
    bases: Vec<Value>,
    /// Entries whose author might not write, by notebook.
    uncounted: BTreeMap<(NotebookId, EntryHash), (DeviceId, Seq)>,
}

impl Found {
    /// Returns the data of `verify`, with what only its caller knows.
    pub(crate) fn told(mut self, rest: Value) -> Result<Value, Failure> {
        for (place, more) in self.following.values().filter(|(_, more)| *more > 0) {
            if let Some(first) = self.damaged.get_mut(*place) {
                let fault = first["fault"].as_str().unwrap_or_default();
                first["fault"] = json!(format!("{fault}, as do {more} more after it"));
                first["more"] = json!(more);
            }
        }
        let data = json!({
            "records": self.records,
            "entries": self.entries,
            "control_entries": self.controls,
            "stream_entries": self.stream_entries,
            "files": self.files,
            "bases": self.bases,
        });
        let data = with(data, rest);
        let count = self.damaged_count;
        if count == 0 {
            return Ok(data);
        }
        let first = self.damaged.first().map_or_else(String::new, |damage| {
            format!(
                ", first {}: {}",
                damage["place"].as_str().unwrap_or_default(),
                damage["fault"].as_str().unwrap_or_default()
            )
        });
        Err(Failure::new(
            Exit::Damaged,
            "damaged",
            format!("Damaged data found in {count} places{first}."),
        )
        .with_hint(WAY_OUT_OF_DAMAGE)
        .with_details(with(
            data,
            json!({ "damaged": self.damaged, "damaged_count": count }),
        )))
    }

    fn take_report(&mut self, report: &Report) {
        self.records = report.records;
        self.stream_entries = report.entries;
        for damage in &report.damaged {
            self.damage(damage.place.to_string(), damage.fault.to_string());
        }
        self.damaged_count = report.damaged_count;
    }

    pub(crate) fn count_records(&mut self, count: u64) {
        self.records += count;
    }

    /// Notes a base that checks.
    pub(crate) fn base(&mut self, notebook: NotebookId, facts: &BaseFacts) {
        let mut people: BTreeMap<String, (u64, Option<&String>)> = BTreeMap::new();
        for author in &facts.authors {
            let person = people.entry(author.person.to_string()).or_default();
            person.0 += author.changes;
            person.1 = facts.names.get(&author.person);
        }
        let people: Vec<Value> = people
            .into_iter()
            .map(|(person, (changes, name))| {
                json!({ "person": person, "name": name, "changes": changes })
            })
            .collect();
        let from: Vec<String> = facts.notebooks.iter().map(ToString::to_string).collect();
        self.bases.push(json!({
            "notebook": notebook.to_string(),
            "from": from,
            "entries": facts.entries,
            "people": people,
        }));
    }

    pub(crate) fn uncounted_count(&self) -> usize {
        self.uncounted.len()
    }

    fn count_file(&mut self) {
        self.files += 1;
    }

    pub(crate) fn count_entry(&mut self) {
        self.entries += 1;
    }

    pub(crate) fn damage(&mut self, place: impl Into<String>, fault: impl Into<String>) {
        let fault = fault.into();
        let kind = (self.about, fault.clone());
        if let Some((_, more)) = self.following.get_mut(&kind) {
            *more += 1;
            return;
        }
        self.damaged_count += 1;
        if self.damaged.len() >= DAMAGES_LISTED_MAX {
            return;
        }
        // One control entry that is damaged leaves all that build on it without what they name.
        if [CONTROLS_MISSING, CONTROLS_LATER].contains(&fault.as_str()) {
            let place = self.damaged.len();
            self.following.insert(kind, (place, 0));
        }
        self.damaged
            .push(json!({ "place": place.into(), "fault": fault }));
    }
}

fn check_controls(
    storage: &dyn Storage,
    notebook: NotebookId,
    found: &mut Found,
) -> Option<ControlSet> {
    let records = match storage.scan(notebook, Space::Control) {
        Ok(records) => records,
        Err(error) => {
            found.damage(format!("notebook {notebook}"), error.to_string());
            return None;
        }
    };
    control_set(notebook, records, found)
}

/// Puts kept control entries together, and notes what does not fit.
pub(crate) fn control_set(
    notebook: NotebookId,
    records: Vec<(Vec<u8>, Vec<u8>)>,
    found: &mut Found,
) -> Option<ControlSet> {
    let place = |hash: &ControlHash| format!("control entry {hash} of notebook {notebook}");
    let mut entries = Vec::new();
    for (key, value) in records {
        found.controls += 1;
        match ControlEntry::parse(&value) {
            Ok(entry) if entry.hash().as_bytes()[..] == key[..] => entries.push(entry),
            Ok(entry) => found.damage(place(&entry.hash()), "is kept under another name"),
            Err(error) => found.damage(
                format!("a control entry of notebook {notebook}"),
                error.to_string(),
            ),
        }
    }
    let create = entries.iter().position(|entry| {
        matches!(entry.kind, ControlKind::Create { .. }) && entry.notebook_id() == notebook
    });
    let Some(create) = create else {
        found.damage(format!("notebook {notebook}"), "its first entry is missing");
        return None;
    };
    let mut set = match ControlSet::new(entries.swap_remove(create)) {
        Ok(set) => set,
        Err(error) => {
            found.damage(format!("notebook {notebook}"), error.to_string());
            return None;
        }
    };
    for entry in entries {
        let hash = entry.hash();
        if let Err(error) = set.insert(entry) {
            found.damage(place(&hash), error.to_string());
        }
    }
    if set.waiting() > 0 {
        let fault = format!("{} control entries lack their past", set.waiting());
        found.damage(format!("notebook {notebook}"), fault);
    }
    Some(set)
}

fn check_wraps(
    storage: &dyn Storage,
    notebook: NotebookId,
    controls: &ControlSet,
    found: &mut Found,
) {
    let place = format!("a wrapped key of notebook {notebook}");
    let records = match storage.scan(notebook, Space::Wraps) {
        Ok(records) => records,
        Err(error) => return found.damage(place, error.to_string()),
    };
    for (_, value) in records {
        let belongs = match Wraps::parse(&value) {
            Ok(wraps) => controls.get(&wraps.epoch.rekey()).is_some_and(
                |entry| matches!(&entry.kind, ControlKind::Rekey(rekey) if wraps.belong_to(rekey)),
            ),
            Err(_) => false,
        };
        if !belongs {
            found.damage(place.clone(), "does not belong to the entry that names it");
        }
    }
}

/// The saved documents are caches, but a notebook opens by them.
fn check_documents(storage: &dyn Storage, notebook: NotebookId, found: &mut Found) {
    let place = format!("a saved document of notebook {notebook}");
    match storage.scan(notebook, Space::Document) {
        Ok(records) => {
            for (_, value) in records {
                if let Err(error) = Document::load(&value) {
                    found.damage(place.clone(), error.to_string());
                }
            }
        }
        Err(error) => found.damage(place, error.to_string()),
    }
}

/// The logs of one notebook as they come out of its stream.
pub(crate) struct Chains {
    notebook: NotebookId,
    /// All entries so far, with their places and the control heads that they name. A log may fork, so an
    /// entry may follow any of them.
    seen: BTreeMap<EntryHash, (Seq, Rc<Vec<ControlHash>>)>,
    /// Those that none follows.
    tips: BTreeSet<(LogId, Seq, EntryHash)>,
    writers: BTreeMap<Vec<ControlHash>, BTreeSet<DeviceId>>,
    /// Those without a signature that no later one has proven yet, each with its log and the one before it.
    bare: BTreeMap<EntryHash, (LogId, EntryHash)>,
    /// An entry could not be read, so what follows it cannot be tied to what came before.
    has_gap: bool,
}

impl Chains {
    pub(crate) fn new(notebook: NotebookId) -> Self {
        Self {
            notebook,
            seen: BTreeMap::new(),
            tips: BTreeSet::new(),
            writers: BTreeMap::new(),
            bare: BTreeMap::new(),
            has_gap: false,
        }
    }

    /// Checks one entry: layout, notebook, signer, signature, chain, heads, membership.
    pub(crate) fn check(
        &mut self,
        controls: &ControlSet,
        bytes: Vec<u8>,
        found: &mut Found,
    ) -> Result<(), String> {
        let entry = RawEntry::parse_any(bytes).map_err(|error| error.to_string())?;
        let header = entry.header().clone();
        let hash = entry.hash();
        if header.tag != notebook_tag(self.notebook) {
            return Err("belongs to another notebook".to_owned());
        }
        let device = header.log.device;
        let (_, card) = controls.device(&device).ok_or_else(|| {
            // Where control entries are missing, so may be the one that names the device.
            match header.heads.iter().all(|head| controls.get(head).is_some()) {
                true => format!("is signed by device {device}, which is not in the notebook"),
                false => CONTROLS_MISSING.to_owned(),
            }
        })?;
        if entry.is_bare() {
            self.bare.insert(hash, (header.log, header.previous));
        } else if entry.is_signed_by(&card.verify_key) {
            self.prove(header.log, header.previous);
        } else {
            return Err(EntryError::Signature.to_string());
        }
        let before = self.seen.get(&header.previous).cloned();
        let seq = before.as_ref().map_or(Seq::NONE, |(seq, _)| *seq);
        let is_second = self.seen.contains_key(&hash);
        self.tips.remove(&(header.log, seq, header.previous));
        self.tips.insert((header.log, header.seq, hash));
        let heads = before
            .as_ref()
            .map(|(_, heads)| heads)
            .filter(|heads| ***heads == header.heads);
        let heads = heads.map_or_else(|| Rc::new(header.heads.clone()), Rc::clone);
        self.seen.insert(hash, (header.seq, heads));
        if is_second || (header.seq != seq.next() && !self.has_gap) {
            return Err("does not follow any entry of its device".to_owned());
        }
        if header.heads.iter().any(|head| controls.get(head).is_none()) {
            return Err(CONTROLS_MISSING.to_owned());
        }
        let regresses = before.is_some_and(|(_, known)| {
            known
                .iter()
                .any(|head| !controls.is_within(head, &header.heads))
        });
        if regresses {
            return Err("forgets control entries that the one before it knew".to_owned());
        }
        if !self.may_write(controls, &header.heads, &device) {
            found
                .uncounted
                .insert((self.notebook, hash), (device, header.seq));
        }
        Ok(())
    }

    /// Names the entries that no signed one proves.
    pub(crate) fn name_unproven(&self, found: &mut Found) {
        for (log, _) in self.bare.values() {
            let fault = format!(
                "an entry of device {} is proven by no signed one",
                log.device
            );
            found.damage(format!("notebook {}", self.notebook), fault);
        }
    }

    /// Notes that a signed entry of a log names one, and so all that come before it.
    fn prove(&mut self, log: LogId, mut named: EntryHash) {
        while let Some((_, before)) = self.bare.get(&named).copied().filter(|(of, _)| *of == log) {
            self.bare.remove(&named);
            named = before;
        }
    }

    fn may_write(
        &mut self,
        controls: &ControlSet,
        heads: &[ControlHash],
        device: &DeviceId,
    ) -> bool {
        if !self.writers.contains_key(heads) {
            let membership = Membership::resolve_at(controls, heads);
            let writers = membership
                .devices()
                .keys()
                .filter(|device| membership.may_write(device))
                .copied()
                .collect();
            self.writers.insert(heads.to_vec(), writers);
        }
        self.writers
            .get(heads)
            .is_some_and(|writers| writers.contains(device))
    }

    fn compare_with_memory(&self, replica: &Replica, found: &mut Found) {
        let notebook = self.notebook;
        let mut in_memory: Vec<(LogId, Seq)> = replica.tips().collect();
        let mut on_disk: Vec<(LogId, Seq)> =
            self.tips.iter().map(|(log, seq, _)| (*log, *seq)).collect();
        in_memory.sort_unstable();
        on_disk.sort_unstable();
        if in_memory != on_disk && !self.has_gap {
            found.damage(
                format!("notebook {notebook}"),
                "its saved state does not fit its entries",
            );
        }
    }
}

/// What is kept but does not count: what was set aside, and what its author might not write.
fn set_aside_of(host: &mut Host, notebook: NotebookId, found: &Found) -> Vec<Value> {
    let in_brief = brief(host, notebook);
    let directory = host.directory(notebook);
    // What cannot be read is named as damage.
    let adopted = adopted_in(host, notebook, usize::MAX).unwrap_or_default();
    let Some(replica) = host.engine.replica(notebook) else {
        return Vec::new();
    };
    let mut kept = Kept::of(replica, &directory, &adopted);
    for ((of, hash), (device, seq)) in &found.uncounted {
        if *of == notebook {
            kept.note_uncounted(*hash, *device, *seq);
        }
    }
    kept.each(&in_brief)
}
