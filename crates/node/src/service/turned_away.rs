//! Who says to have been let into a notebook and is no member by it, for those who may invite them again.

use std::collections::BTreeMap;

use hearth_core::control::{ControlKind, Membership};
use hearth_core::ids::{ControlHash, DeviceId, NotebookId, PersonId};
use hearth_core::replica::Replica;
use serde_json::{Value, json};

use super::answer::{person, time, with};
use super::departure::why_void;
use crate::host::Host;

/// One of them.
struct Newcomer {
    name: Option<String>,
    by: (PersonId, DeviceId),
    cause: ControlHash,
    at_ms: Option<u64>,
}

/// Returns people whose admission does not count and who are no members otherwise: `person`, `name`, `by` (who let them in,
/// with `device`), `at` (when they last came, where that was since the start), `why` (as `departed` has it) and `message`.
pub(super) fn turned_away(host: &Host, notebook: NotebookId) -> Vec<Value> {
    let Some(replica) = host.engine.replica(notebook) else {
        return Vec::new();
    };
    if replica.standing().ending().is_some() {
        return Vec::new();
    }
    let mut newcomers = known(replica);
    for (who, at_ms) in host.engine.turned_away(notebook) {
        let newcomer = Newcomer {
            name: who.name.clone(),
            by: who.by,
            cause: who.cause,
            at_ms: Some(at_ms),
        };
        newcomers.insert(who.person, newcomer);
    }
    newcomers
        .into_iter()
        .map(|(id, newcomer)| view(host, notebook, id, &newcomer))
        .collect()
}

/// Those whose admission is among the entries here, but for whoever was a member once: they know what ended that.
fn known(replica: &Replica) -> BTreeMap<PersonId, Newcomer> {
    let (membership, controls): (&Membership, _) = (replica.membership(), replica.controls());
    let admitted =
        membership
            .voided_admissions()
            .iter()
            .filter_map(|hash| match &controls.get(hash)?.kind {
                ControlKind::Admit(admit) => Some(admit.roster.person()),
                _ => None,
            });
    admitted
        .filter(|person| membership.member(person).is_none() && !membership.is_removed(person))
        .filter_map(|person| {
            let (admission, cause) = membership.voided_of(controls, person)?;
            let newcomer = Newcomer {
                name: None,
                by: controls.author(&admission)?,
                cause,
                at_ms: None,
            };
            Some((person, newcomer))
        })
        .collect()
}

fn view(host: &Host, notebook: NotebookId, id: PersonId, newcomer: &Newcomer) -> Value {
    let directory = host.directory(notebook);
    let mut who = person(&directory, &id);
    if let Some(name) = &newcomer.name {
        who["name"] = json!(name);
    }
    let void = why_void(host, notebook, (newcomer.by, &newcomer.cause));
    let why = void.as_ref().map(|void| void.told("them"));
    let message = format!(
        "{} is no member: {}. They need a new invitation, if they are to be one.",
        who["name"].as_str().unwrap_or_default(),
        why.unwrap_or_else(|| "whoever let them in could no longer do so".to_owned()),
    );
    let device = directory.device_label(&newcomer.by.1);
    let by = with(
        person(&directory, &newcomer.by.0),
        json!({ "device": device }),
    );
    with(
        who,
        json!({
            "by": by,
            "at": newcomer.at_ms.and_then(time),
            "why": void.map(|void| void.view()),
            "message": message,
        }),
    )
}
