//! Sealed exchanges: the texts stand in the journal until all have committed.

use hearth_core::ids::NotebookId;
use hearth_notebook::exchange::{self, ExchangeView, NewExchange, Refusal};
use hearth_notebook::journal::{self, Sealed};
use hearth_notebook::{
    Commitment, ExchangeKind, Kind, NotebookRef, ObjectId, People as _, PersonRef,
};
use serde_json::{Value, json};

use super::answer::{read_failed, to_json, unavailable, with};
use super::journal::{journals, own_journal};
use super::resolve::{brief, find_notebook, find_object, find_people, listed, person_ref};
use crate::api::{Exit, Failure, SealedRequest};
use crate::host::{Host, invalid, sentence};

/// Does what a request about sealed exchanges asks.
pub(super) fn execute(host: &mut Host, request: &SealedRequest) -> Result<Value, Failure> {
    match request {
        SealedRequest::Start {
            notebook,
            kind,
            title,
            with,
        } => {
            let notebook = find_notebook(host, notebook)?;
            let id = start(host, notebook, kind, title.as_deref(), with)?;
            show(host, notebook, id)
        }
        SealedRequest::Commit {
            exchange,
            text,
            rating,
        } => {
            let (notebook, id) = find(host, exchange)?;
            commit(host, notebook, id, text, *rating)
        }
        SealedRequest::Open { exchange } => {
            let (notebook, id) = find(host, exchange)?;
            open(host, notebook, id)
        }
        SealedRequest::Withdraw { exchange } => {
            let (notebook, id) = find(host, exchange)?;
            withdraw(host, notebook, id)
        }
        SealedRequest::Show { exchange } => {
            let (notebook, id) = find(host, exchange)?;
            show(host, notebook, id)
        }
        SealedRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let told = json!({ "sealed": list(host, notebook)? });
            Ok(listed(host, notebook, told))
        }
    }
}

/// The exchanges of a notebook.
pub(super) fn list(host: &mut Host, notebook: NotebookId) -> Result<Vec<Value>, Failure> {
    let found = views(host, notebook)?;
    found.iter().map(|one| shown(host, notebook, one)).collect()
}

/// The exchanges of a notebook, as the notebook knows them.
pub(super) fn views(host: &mut Host, notebook: NotebookId) -> Result<Vec<ExchangeView>, Failure> {
    host.read(notebook, |docs, people| {
        exchange::list(docs, people, reference(notebook)).map_err(unavailable)
    })
}

/// A notebook as commitments name it.
pub(super) const fn reference(notebook: NotebookId) -> NotebookRef {
    NotebookRef(*notebook.as_bytes())
}

/// Starts an exchange between this person and others: those who are named, or all who may write.
pub(super) fn start(
    host: &mut Host,
    notebook: NotebookId,
    kind: &str,
    title: Option<&str>,
    named: &[String],
) -> Result<ObjectId, Failure> {
    super::journal::refuse(host, notebook)?;
    let others = if named.is_empty() {
        writers(host, notebook)?
    } else {
        find_people(host, notebook, named)?
    };
    let me = person_ref(host.me())?;
    if others.iter().all(|other| *other == me) {
        return Err(Failure::usage(
            "nobody_else",
            "A sealed exchange needs somebody else, and nobody else writes in this notebook yet.",
        )
        .with_hint(format!(
            "Invite them: hearth invite create {notebook} --as ROLE"
        )));
    }
    let new = NewExchange {
        kind: kind.to_owned(),
        title: title.map(str::to_owned),
        with: others,
    };
    host.edit(notebook, |docs, writer| exchange::start(docs, writer, &new))
}

fn writers(host: &Host, notebook: NotebookId) -> Result<Vec<PersonRef>, Failure> {
    let replica = host.engine.replica(notebook);
    let members = replica.map(|replica| replica.membership().members().iter());
    let members = members.into_iter().flatten();
    members
        .filter(|(_, member)| member.rights.may_write)
        .map(|(person, _)| person_ref(*person))
        .collect()
}

/// Commits this person to a text: text and salt go to their journal first, then the hash to the notebook.
pub(super) fn commit(
    host: &mut Host,
    notebook: NotebookId,
    id: ObjectId,
    text: &str,
    rating: Option<u8>,
) -> Result<Value, Failure> {
    let view = view(host, notebook, id)?;
    let me = person_ref(host.me())?;
    exchange::ready_to_commit(&view, me.as_str()).map_err(|refusal| refused(&view, &refusal))?;
    may_write(host, notebook)?;
    let sealed = {
        let mut randomness = crate::host::random();
        let mut writer = hearth_notebook::Writer::new(Host::now(), &mut randomness, me.clone());
        let (salt, words) = exchange::draft(&mut writer, view.kind, rating, text)
            .map_err(|error| invalid(&error))?;
        Sealed { salt, words }
    };
    let digest = Commitment::of(reference(notebook), id, &me, &sealed.salt, &sealed.words);
    let about = notebook.to_string();
    let journal = own_journal(host)?;
    host.edit(journal, |docs, writer| {
        journal::keep_sealed(docs, writer, &about, id, &sealed)
    })?;
    host.edit(notebook, |docs, writer| {
        exchange::commit(docs, writer, id, digest)
    })?;
    show(host, notebook, id)
}

/// Refuses before anything is kept in the journal for nothing.
fn may_write(host: &Host, notebook: NotebookId) -> Result<(), Failure> {
    let me = host.me();
    let member = host
        .engine
        .replica(notebook)
        .and_then(|replica| replica.membership().member(&me));
    if member.is_some_and(|member| member.rights.may_write) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::NotAllowed,
        "read_only",
        "You can read this notebook, but not write in it.",
    )
    .with_hint("Ask an admin of the notebook to change your role."))
}

fn open(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = view(host, notebook, id)?;
    let me = person_ref(host.me())?;
    let commitment =
        exchange::ready_to_open(&view, me.as_str()).map_err(|refusal| refused(&view, &refusal))?;
    let digest = host.read(notebook, |docs, _| {
        exchange::digest_of(docs, id, commitment).map_err(unavailable)
    })?;
    // It may have been committed to before the notebook was forked.
    let mut notebooks = vec![reference(notebook)];
    notebooks.extend(host.directory(notebook).earlier_notebooks());
    let mut kept = None;
    for journal in journals(host) {
        let sealed = host.read(journal, |docs, _| {
            journal::sealed_for(docs, id).map_err(unavailable)
        })?;
        kept = kept.or_else(|| {
            sealed.into_iter().find(|one| {
                notebooks.iter().any(|notebook| {
                    let own = Commitment::of(*notebook, id, &me, &one.salt, &one.words);
                    Some(own) == digest
                })
            })
        });
    }
    let Some(sealed) = kept else {
        return Err(Failure::not_found(
            "sealed_text_missing",
            "The text that you committed to is not on this device.",
        )
        .with_hint("Your other device has it: run `hearth sync` on both, or open it there."));
    };
    host.edit(notebook, |docs, writer| {
        exchange::open(docs, writer, id, commitment, &sealed.salt, &sealed.words)
    })?;
    show(host, notebook, id)
}

fn withdraw(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = view(host, notebook, id)?;
    let me = host.me().to_string();
    let what = exchange::withdrawable(&view, &me).map_err(|refusal| refused(&view, &refusal))?;
    host.edit(notebook, |docs, writer| match what {
        None => exchange::withdraw(docs, writer, id),
        Some(commitment) => exchange::withdraw_commitment(docs, writer, id, commitment),
    })?;
    let whole = what.is_none();
    let shown = show(host, notebook, id)?;
    Ok(with(
        shown,
        json!({ "withdrawn": if whole { "exchange" } else { "commitment" } }),
    ))
}

fn find(host: &mut Host, text: &str) -> Result<(NotebookId, ObjectId), Failure> {
    let (notebook, entry) = find_object(host, text, &[Kind::Exchange])?;
    Ok((notebook, entry.id))
}

fn view(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<ExchangeView, Failure> {
    host.read(notebook, |docs, people| {
        exchange::show(docs, people, reference(notebook), id).map_err(read_failed)
    })
}

/// The data of a command on one exchange.
pub(super) fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = view(host, notebook, id)?;
    Ok(json!({ "sealed": shown(host, notebook, &view)? }))
}

/// An exchange with its notebook, and what this person can do next in it.
pub(super) fn shown(
    host: &mut Host,
    notebook: NotebookId,
    view: &ExchangeView,
) -> Result<Value, Failure> {
    let me = host.me().to_string();
    Ok(with(
        to_json(view)?,
        json!({
            "notebook": brief(host, notebook),
            "me": me,
            "next": to_json(&view.next_step(&me))?,
            "rated": view.kind == ExchangeKind::Rating,
        }),
    ))
}

fn refused(view: &ExchangeView, refusal: &Refusal) -> Failure {
    let id = view.id;
    let (code, hint) = match refusal {
        Refusal::NotNamed => (
            "not_a_participant",
            "Start one of your own with `hearth sealed start`.".to_owned(),
        ),
        Refusal::Withdrawn | Refusal::Imported => (
            "exchange_ended",
            "Start another one with `hearth sealed start`.".to_owned(),
        ),
        Refusal::Committed => (
            "already_committed",
            format!(
                "Take it back with `hearth sealed withdraw {id}` while somebody has still to commit."
            ),
        ),
        Refusal::Opened => ("already_open", format!("See `hearth sealed show {id}`.")),
        Refusal::NotCommitted => (
            "not_committed",
            format!("Commit first: `hearth sealed commit {id}`."),
        ),
        Refusal::Waiting(_) => (
            "not_all_committed",
            "Remind them; what you wrote stays sealed until then.".to_owned(),
        ),
        Refusal::AllCommitted => (
            "too_late",
            format!("Open yours with `hearth sealed open {id}`."),
        ),
        _ => (
            "not_allowed",
            format!("See who takes part with `hearth sealed show {id}`."),
        ),
    };
    Failure::new(Exit::NotAllowed, code, sentence(&refusal.to_string())).with_hint(hint)
}
