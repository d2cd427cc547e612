//! A relationship as a whole: what became of it, and what goes both ways.

use std::collections::{BTreeMap, BTreeSet};

use hearth_notebook::reciprocity::{self, Counts};
use hearth_notebook::{People, timeline};
use serde_json::{Value, json};

use super::answer::{data, to_json, unavailable, with};
use super::resolve::{find_notebook, listed};
use super::{document_facts, journal, sealed};
use crate::api::Failure;
use crate::host::Host;

/// The data of `notebook timeline`: `timeline[]`, the oldest first.
pub(super) fn timeline(host: &mut Host, notebook: &str) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let told = host.read(notebook, |docs, people| {
        timeline::timeline(docs, people).map_err(unavailable)
    })?;
    Ok(listed(host, notebook, data("timeline", &told)?))
}

/// The data of `notebook reciprocity`: `people[]`, members in the order of their names and then whoever was one, each with
/// counts.
pub(super) fn reciprocity(host: &mut Host, notebook: &str) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    journal::refuse(host, notebook)?;
    let facts = document_facts::of_sessions(host, notebook)?;
    let exchanges = sealed::views(host, notebook)?;
    let counts = host.read(notebook, |docs, people| {
        let parts = facts.into_values().map(|facts| facts.parts);
        reciprocity::counts(docs, people, parts, &exchanges).map_err(unavailable)
    })?;
    let people = rows(host, notebook, counts)?;
    Ok(listed(host, notebook, json!({ "people": people })))
}

fn rows(
    host: &Host,
    notebook: hearth_core::ids::NotebookId,
    counts: BTreeMap<String, Counts>,
) -> Result<Vec<Value>, Failure> {
    let directory = host.directory(notebook);
    let roles: BTreeMap<String, &str> = directory
        .profiles()
        .map(|profile| (profile.person.to_string(), profile.role.as_str()))
        .collect();
    let everybody: BTreeSet<&String> = roles.keys().chain(counts.keys()).collect();
    let row = |person: &String| {
        let role = roles.get(person);
        let name = directory.name(person).unwrap_or_else(|| person.clone());
        let who = json!({ "person": person, "name": name, "role": role, "member": role.is_some() });
        let counts = counts.get(person).copied().unwrap_or_default();
        Ok(with(who, to_json(&counts)?))
    };
    let mut rows = everybody
        .into_iter()
        .map(row)
        .collect::<Result<Vec<Value>, Failure>>()?;
    rows.sort_by_key(|row| {
        let is_former = row["member"] == json!(false);
        (
            is_former,
            row["name"].to_string(),
            row["person"].to_string(),
        )
    });
    Ok(rows)
}
