//! Destroying a notebook's keys on all devices of a person, with a signed receipt of each.
//!
//! Who asks for it writes a receipt into their journal, which is the order for their other devices, and one into the
//! notebook, for whoever keeps it. A mark in the home says since when; once somebody has heard the receipt, or after
//! [`DELIVER_WITHIN_MS`], the keys go; a command that waits for it at a terminal waits for less. A crash in between goes on where it was: the mark is taken away last.

use std::collections::BTreeMap;

use hearth_core::ids::NotebookId;
use hearth_notebook::closure::{self, StatementView};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{may_write, unavailable, with};
use super::device::label;
use super::graduate::{find_shared, show, signer};
use super::journal::{journals, own_journal};
use super::resolve::{Candidate, choose, title};
use super::search::forget_index;
use crate::api::{Exit, Failure};
use crate::host::{Directory, Host, storage_failed};
use crate::statement::{self, StatementKind};

/// Where it stands which notebooks are about to go, and since when.
const KEPT_AS: &str = "destroying";
/// Where it stands which notebooks were destroyed here.
const DESTROYED_AS: &str = "destroyed";
/// How long a receipt waits for somebody who hears it, in milliseconds.
const DELIVER_WITHIN_MS: u64 = 60_000;

/// Notebooks whose keys are about to go, each with since when.
pub(crate) type Orders = BTreeMap<String, u64>;

/// Orders it on all devices of this person, and signs the receipt of this one.
pub(super) fn begin(host: &mut Host, notebook: &str) -> Result<Value, Failure> {
    let notebook = find_shared(host, notebook)?;
    let is_closed = super::graduate::is_closed(host, notebook)?;
    let is_member = host
        .engine
        .replica(notebook)
        .is_some_and(|replica| replica.own_person().is_some());
    if is_member && !is_closed {
        return Err(Failure::error(
            "not_closed",
            "The notebook is not closed yet, and the others would not know that it ended. Nothing was destroyed.",
        )
        .with_hint(format!("Close it first: `hearth graduate {notebook} --close`.")));
    }
    order(host, notebook)?;
    let mut shown = show(host, notebook)?;
    shown["graduation"]["destroying"] = json!(true);
    Ok(shown)
}

/// Writes this device's receipts, and marks the notebook.
fn order(host: &mut Host, notebook: NotebookId) -> Result<(), Failure> {
    let called = title(host, notebook);
    let words = receipt_words(host, notebook, &called);
    let signed = statement::sign(host, StatementKind::Receipt, &words);
    let id = notebook.to_string();
    let own = host.my_device().to_string();
    let has_said = |receipts: &[Value]| {
        receipts
            .iter()
            .any(|one| one["device_id"] == json!(own) && one["notebook"]["id"] == json!(id))
    };
    if !has_said(&kept_receipts(host)?) {
        let journal = own_journal(host)?;
        host.edit(journal, |docs, writer| {
            closure::add_receipt(docs, writer, &id, &called, &signed)
        })?;
    }
    if may_write(host, notebook) {
        let directory = host.directory(notebook);
        let there = host.read(notebook, |docs, people| {
            closure::receipts(docs, people).map_err(unavailable)
        })?;
        let there: Vec<Value> = there
            .iter()
            .map(|one| receipt_view(&directory, one))
            .collect();
        if !has_said(&there) {
            host.edit_although_closed(notebook, |docs, writer| {
                closure::add_receipt(docs, writer, &id, &called, &signed)
            })?;
        }
    }
    let mut orders = unfinished_orders(host)?;
    orders.entry(id).or_insert_with(Host::now_ms);
    keep(host, &orders)
}

fn receipt_words(host: &Host, notebook: NotebookId, called: &str) -> String {
    let identity = host.engine.identity();
    let one_line = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        super::printable(&words.join(" "))
    };
    let name = one_line(&identity.name);
    let at = Host::now().strftime("%-d %B %Y, %H:%M UTC");
    format!(
        "{name}'s device “{label}” destroys its keys of the mentoring\nnotebook “{called}”, and with them all that it \
         held of it.\n\nThis speaks of this one device. It says nothing of backups, of sealed copies on\nmirrors, or \
         of what other people hold, and nobody can prove that no copy was kept.\n\nSigned on {at} by {name}\n  \
         person    {person}\n  device    {device}\n  notebook  {notebook}\n",
        label = one_line(&identity.device_label),
        called = one_line(called),
        person = host.me(),
        device = host.my_device(),
    )
}

/// Destroys this device's keys, and says whether somebody else has heard the receipt.
pub(super) fn finish(host: &mut Host, notebook: &str) -> Result<Value, Failure> {
    let id: NotebookId = notebook
        .parse()
        .map_err(|_| Failure::usage("invalid", "This is no id of a notebook."))?;
    if !unfinished_orders(host)?.contains_key(notebook) {
        // It may have been carried out meanwhile.
        if host.engine.replica(id).is_none()
            && let Some(mut shown) = show_destroyed(host, notebook)?
        {
            // Before the time was over, only because somebody had heard the receipt.
            let own = json!(host.my_device().to_string());
            let receipts = shown["graduation"]["receipts"].as_array();
            let mut receipts = receipts.into_iter().flatten();
            let said = receipts.find(|one| one["device_id"] == own);
            let said_at = said.and_then(|one| one["at"].as_str()?.parse::<Timestamp>().ok());
            let within = SignedDuration::from_millis(i64::try_from(DELIVER_WITHIN_MS).unwrap_or(0));
            if said_at.is_some_and(|at| Host::now().duration_since(at) < within) {
                shown["graduation"]["receipt_heard"] = json!(true);
            }
            return Ok(shown);
        }
        return Err(Failure::error(
            "not_ordered",
            "Nobody has asked to destroy this notebook's keys. Nothing was destroyed.",
        )
        .with_hint("Run `hearth graduate NB --destroy`."));
    }
    let heard = is_delivered(host, id);
    finish_destroying(host, id)?;
    let mut shown = show_destroyed(host, notebook)?.unwrap_or_default();
    shown["graduation"]["receipt_heard"] = json!(heard);
    Ok(shown)
}

/// Destroys the keys of a notebook on this device, and all that is kept of it here.
///
/// # Errors
/// A [`Failure`] where the disk fails; the next opening goes on with it.
pub(crate) fn finish_destroying(host: &mut Host, notebook: NotebookId) -> Result<(), Failure> {
    let Host {
        engine, storage, ..
    } = &mut *host;
    engine.flush(storage, Host::now_ms(), true);
    let mut gone = destroyed(host)?;
    if !gone.contains(&notebook.to_string()) {
        gone.push(notebook.to_string());
        let bytes = serde_json::to_vec(&gone)
            .map_err(|error| Failure::error("internal", format!("{error}.")))?;
        host.put_own(DESTROYED_AS, &bytes)?;
    }
    host.engine.forget(notebook);
    host.cards = crate::driver::Cards::default();
    host.bundles = crate::host::OpenBundles::default();
    host.files = crate::host::OpenFiles::default();
    // What holds words of it outside of its own scope goes first: destroying the scope also clears the disk's log.
    forget_index(host)?;
    // The key goes whatever becomes of the capsule; the order stays until that is made anew, too.
    let replaced = host.replace_capsule();
    host.storage.forget(notebook).map_err(storage_failed)?;
    replaced?;
    let mut orders = unfinished_orders(host)?;
    orders.remove(&notebook.to_string());
    keep(host, &orders)
}

/// The notebooks whose keys are about to go.
///
/// # Errors
/// A [`Failure`] where the disk fails.
pub(crate) fn unfinished_orders(host: &Host) -> Result<Orders, Failure> {
    let kept = host.get_own(KEPT_AS)?;
    Ok(kept
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

fn destroyed(host: &Host) -> Result<Vec<String>, Failure> {
    let kept = host.get_own(DESTROYED_AS)?;
    Ok(kept
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

/// Keeps out what was destroyed here, whoever hands it over again.
///
/// # Errors
/// A [`Failure`] where the disk fails.
pub(crate) fn keep_out_destroyed(host: &mut Host) -> Result<(), Failure> {
    let gone = destroyed(host)?;
    let gone = gone.iter().filter_map(|id| id.parse().ok());
    host.engine.keep_out(gone);
    Ok(())
}

fn keep(host: &mut Host, orders: &Orders) -> Result<(), Failure> {
    if orders.is_empty() {
        return host.storage.forget_own(KEPT_AS).map_err(storage_failed);
    }
    let bytes = serde_json::to_vec(orders)
        .map_err(|error| Failure::error("internal", format!("{error}.")))?;
    host.put_own(KEPT_AS, &bytes)
}

/// Says whether somebody else has this device's receipt, or nobody could.
pub(crate) fn is_delivered(host: &Host, notebook: NotebookId) -> bool {
    let me = host.me();
    let others = host.engine.peer_statuses(notebook);
    let mut others = others.iter().filter(|peer| peer.person != me).peekable();
    others.peek().is_none() || others.any(|peer| peer.heard_ms.is_some() && peer.behind == 0)
}

/// Carries out what was ordered and waits no longer.
///
/// # Errors
/// A [`Failure`] where the disk fails.
pub(crate) fn finish_due(host: &mut Host) -> Result<bool, Failure> {
    let orders = unfinished_orders(host)?;
    let now_ms = Host::now_ms();
    let mut is_any = false;
    for (notebook, since_ms) in orders {
        let Ok(id) = notebook.parse() else { continue };
        let is_late = now_ms.saturating_sub(since_ms) >= DELIVER_WITHIN_MS || since_ms > now_ms;
        let is_here = host.engine.replica(id).is_some();
        if is_late || !is_here || is_delivered(host, id) {
            finish_destroying(host, id)?;
            is_any = true;
        }
    }
    Ok(is_any)
}

/// Begins with what another device of this person ordered. Says whether that has to be looked for again: nothing is
/// destroyed for what a journal shows ahead of its entries. What other notebooks wait for is of no account.
///
/// # Errors
/// A [`Failure`] where the disk fails.
pub(crate) fn begin_ordered(host: &mut Host) -> Result<bool, Failure> {
    let begun = unfinished_orders(host)?;
    let (ahead, placed): (Vec<NotebookId>, Vec<NotebookId>) = journals(host)
        .into_iter()
        .partition(|journal| host.is_ahead(*journal));
    for receipt in receipts_of(host, placed)? {
        let Some(id) = receipt["notebook"]["id"].as_str() else {
            continue;
        };
        let Ok(notebook) = id.parse() else { continue };
        if host.engine.replica(notebook).is_some() && !begun.contains_key(id) {
            order(host, notebook)?;
        }
    }
    Ok(!ahead.is_empty())
}

/// The receipts of this person's own devices, out of the journal. One that does not check is none.
fn kept_receipts(host: &mut Host) -> Result<Vec<Value>, Failure> {
    let all = journals(host);
    receipts_of(host, all)
}

/// Those that stand in some journals.
fn receipts_of(host: &mut Host, journals: Vec<NotebookId>) -> Result<Vec<Value>, Failure> {
    let me = host.me();
    let mut receipts = Vec::new();
    for journal in journals {
        let directory = host.directory(journal);
        let kept = host.read(journal, |docs, people| {
            closure::receipts(docs, people).map_err(unavailable)
        })?;
        let own = kept.iter().filter(|one| {
            let about = one.about.as_deref().unwrap_or_default();
            speaks_of(one, about)
                && signer(&one.statement, StatementKind::Receipt).is_some_and(|(by, _)| by == me)
        });
        receipts.extend(own.map(|one| receipt_view(&directory, one)));
    }
    Ok(receipts)
}

/// Says whether the words that were signed name this notebook; what stands beside them anybody can write.
pub(super) fn speaks_of(kept: &StatementView, notebook: &str) -> bool {
    statement::check(&kept.statement)
        .is_ok_and(|one| one.words.ends_with(&format!("\n  notebook  {notebook}\n")))
}

/// A receipt with what its signature is worth.
pub(super) fn receipt_view(directory: &Directory, kept: &StatementView) -> Value {
    let by = &kept.provenance.stamp.created_by;
    let signed = signer(&kept.statement, StatementKind::Receipt)
        .filter(|(person, _)| person.to_string() == by.person)
        .filter(|_| speaks_of(kept, kept.about.as_deref().unwrap_or_default()));
    let words = statement::check(&kept.statement).ok().map(|one| one.words);
    json!({
        "id": kept.id,
        "person": by.person,
        "name": by.name,
        "device": signed.map(|(_, device)| directory.device_label(&device)),
        "device_id": signed.map(|(_, device)| device.to_string()),
        "at": kept.provenance.stamp.created_at,
        "signed": signed.is_some(),
        "words": words,
        "statement": kept.statement,
        "notebook": { "id": kept.about, "title": kept.title },
    })
}

/// What is left of a notebook that was destroyed here: the receipts. Nothing where none answers to that name.
pub(super) fn show_destroyed(host: &mut Host, text: &str) -> Result<Option<Value>, Failure> {
    let receipts = kept_receipts(host)?;
    let mut notebooks: BTreeMap<String, String> = BTreeMap::new();
    for receipt in &receipts {
        let said = &receipt["notebook"];
        if let (Some(id), Some(title)) = (said["id"].as_str(), said["title"].as_str()) {
            notebooks.insert(id.to_owned(), title.to_owned());
        }
    }
    let candidates = notebooks.iter().map(|(id, title)| Candidate {
        id: id.clone(),
        title: title.clone(),
        value: (id.clone(), title.clone()),
    });
    let (id, title) = match choose("notebook", text, candidates) {
        Ok(found) => found,
        Err(failure) if failure.exit == Exit::NotFound && failure.code == "not_found" => {
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    let of_it: Vec<&Value> = receipts
        .iter()
        .filter(|receipt| receipt["notebook"]["id"] == json!(id))
        .collect();
    let own: Vec<Value> = host
        .engine
        .identity()
        .roster
        .devices()
        .keys()
        .map(|device| {
            let receipt = of_it
                .iter()
                .find(|one| one["device_id"] == json!(device.to_string()));
            with(
                json!({ "device_id": device.to_string() }),
                json!({
                    "device": label(host, *device).ok(),
                    "me": true,
                    "this": *device == host.my_device(),
                    "destroyed_at": receipt.map(|one| &one["at"]),
                }),
            )
        })
        .collect();
    Ok(Some(json!({ "graduation": {
        "notebook": { "id": id, "title": title },
        "destroyed": true,
        "receipts": of_it,
        "devices": own,
    } })))
}
