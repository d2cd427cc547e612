//! A person's own journal: notebooks that only their own devices hold.

use hearth_core::control::Role;
use hearth_core::ids::NotebookId;
use hearth_notebook::journal::{self, EntryView, NewEntry};
use hearth_notebook::{Kind, ObjectId, note};
use serde_json::{Value, json};

use super::answer::{data, read_failed, to_json, unavailable, with};
use super::notebook::not_created;
use super::readers::readers;
use super::resolve::{brief, find_notebook, find_object, find_object_in, notebooks};
use crate::api::{Exit, Failure, JournalRequest};
use crate::host::Host;

/// Does what a request about the journal asks.
pub(super) fn execute(host: &mut Host, request: &JournalRequest) -> Result<Value, Failure> {
    match request {
        JournalRequest::Add {
            text,
            about,
            session,
        } => add(host, text, about.as_deref(), session.as_deref()),
        JournalRequest::List { about } => list(host, about.as_deref()),
        JournalRequest::Show { entry } => show(host, entry),
        JournalRequest::SharePreview { entry, notebook } => {
            let (shared, view) = what_is_shared(host, entry, notebook)?;
            let readers = readers(host, &shared.to_string())?;
            Ok(json!({
                "entry": entry_value(host, &view)?,
                "notebook": brief(host, shared),
                "readers": readers["readers"],
            }))
        }
        JournalRequest::Share { entry, notebook } => {
            let (shared, view) = what_is_shared(host, entry, notebook)?;
            let text = view.text.clone();
            let id = host.edit(shared, |docs, writer| note::add(docs, writer, &text))?;
            let note = show_note(host, shared, id)?;
            Ok(with(
                note,
                json!({ "entry": entry_value(host, &view)?, "notebook": brief(host, shared) }),
            ))
        }
    }
}

/// This person's journals, lowest id first: devices that did not know of each other have made one each.
pub(super) fn journals(host: &mut Host) -> Vec<NotebookId> {
    let all: Vec<NotebookId> = host.engine.notebooks().collect();
    let mut journals: Vec<NotebookId> = all
        .into_iter()
        .filter(|notebook| host.is_journal(*notebook))
        .collect();
    journals.sort();
    journals
}

/// The journal that is written to; made where there is none yet.
pub(super) fn own_journal(host: &mut Host) -> Result<NotebookId, Failure> {
    if let Some(journal) = journals(host).first() {
        return Ok(*journal);
    }
    let journal = host
        .found(None, Role::Peer, journal::create)
        .map_err(not_created)?;
    if host.settings.copies_journal() {
        let_members_copy(host, journal, true)?;
    }
    Ok(journal)
}

/// Whether members keep sealed copies of the journal: what the journal says, which is so on every device of
/// this person, and what was set here where it says nothing yet.
pub(crate) fn copies_journal(host: &mut Host) -> bool {
    said_about_copies(host).unwrap_or_else(|| host.settings.copies_journal())
}

/// What the journal says about copies, where it says anything.
pub(super) fn said_about_copies(host: &mut Host) -> Option<bool> {
    journals(host).into_iter().find_map(|journal| {
        // A journal that cannot be read is not copied either.
        host.read(journal, |docs, _| {
            journal::copies_by_members(docs).map_err(unavailable)
        })
        .ok()
        .flatten()
    })
}

/// Writes the person's wish about copies into every journal that there is.
pub(super) fn say_about_copies(host: &mut Host, are_wanted: bool) -> Result<(), Failure> {
    for journal in journals(host) {
        let_members_copy(host, journal, are_wanted)?;
    }
    Ok(())
}

fn let_members_copy(host: &mut Host, journal: NotebookId, are_wanted: bool) -> Result<(), Failure> {
    host.edit(journal, |docs, writer| {
        journal::let_members_copy(docs, writer, are_wanted)
    })
}

/// Refuses what needs others, for a journal.
pub(super) fn refuse(host: &mut Host, notebook: NotebookId) -> Result<(), Failure> {
    if !host.is_journal(notebook) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::NotAllowed,
        "journal_private",
        "This is your journal, and nobody but you is ever in it.",
    )
    .with_hint(
        "Copy an entry into a shared notebook with `hearth journal share`: `hearth journal list` \
         and `hearth notebook list` name both.",
    ))
}

fn add(
    host: &mut Host,
    text: &str,
    about: Option<&str>,
    session: Option<&str>,
) -> Result<Value, Failure> {
    let session = match session {
        Some(text) => Some(find_object(host, text, &[Kind::Session])?),
        None => None,
    };
    let about = match (about, &session) {
        (Some(notebook), _) => Some(find_notebook(host, notebook)?),
        (None, Some((notebook, _))) => Some(*notebook),
        (None, None) => None,
    };
    let new = NewEntry {
        text: text.to_owned(),
        about: about.map(|notebook| notebook.to_string()),
        session: session.map(|(_, entry)| entry.id),
    };
    let journal = own_journal(host)?;
    let id = host.edit(journal, |docs, writer| journal::add(docs, writer, &new))?;
    let view = host.read(journal, |docs, people| {
        journal::show(docs, people, id).map_err(read_failed)
    })?;
    let mut added = json!({ "entry": entry_value(host, &view)? });
    // Where it could be shared: the notebook that it is about, or the only one there is.
    let shared = notebooks(host);
    if let Some(notebook) = about.or(<[_; 1]>::try_from(shared).ok().map(|[only]| only)) {
        added["notebook"] = brief(host, notebook);
    }
    Ok(added)
}

fn list(host: &mut Host, about: Option<&str>) -> Result<Value, Failure> {
    let about = match about {
        Some(notebook) => Some(find_notebook(host, notebook)?),
        None => None,
    };
    let mut views = Vec::new();
    for journal in journals(host) {
        views.extend(host.read(journal, |docs, people| {
            journal::list(docs, people).map_err(unavailable)
        })?);
    }
    views.sort_by_key(|view| view.id);
    let wanted = about.map(|notebook| notebook.to_string());
    let mut entries = Vec::new();
    for view in views {
        if wanted.is_none() || view.about == wanted {
            entries.push(entry_value(host, &view)?);
        }
    }
    let mut listed = json!({ "entries": entries });
    if let Some(notebook) = about {
        let notes = host.read(notebook, |docs, people| {
            note::list(docs, people).map_err(unavailable)
        })?;
        listed["notes"] = to_json(&notes)?;
        listed["notebook"] = brief(host, notebook);
    }
    Ok(listed)
}

fn show(host: &mut Host, text: &str) -> Result<Value, Failure> {
    match find_entry(host, text) {
        Ok(view) => Ok(json!({ "entry": entry_value(host, &view)? })),
        Err(failure) if failure.code == "not_found" => {
            let shared = notebooks(host);
            match find_object_in(host, &shared, text, &[Kind::Note]) {
                Ok((notebook, entry)) => show_note(host, notebook, entry.id),
                Err(_) => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    }
}

fn show_note(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        note::show(docs, people, id).map_err(read_failed)
    })?;
    data("note", &view)
}

fn find_entry(host: &mut Host, text: &str) -> Result<EntryView, Failure> {
    let journals = journals(host);
    let (journal, entry) =
        find_object_in(host, &journals, text, &[Kind::Entry]).map_err(|failure| {
            match failure.code.as_str() {
                "not_found" => failure.with_hint("See them with `hearth journal list`."),
                _ => failure,
            }
        })?;
    host.read(journal, |docs, people| {
        journal::show(docs, people, entry.id).map_err(read_failed)
    })
}

fn what_is_shared(
    host: &mut Host,
    entry: &str,
    notebook: &str,
) -> Result<(NotebookId, EntryView), Failure> {
    let view = find_entry(host, entry)?;
    let notebook = find_notebook(host, notebook)?;
    refuse(host, notebook)?;
    if let Some(exchange) = view.exchange {
        return Err(Failure::new(
            Exit::NotAllowed,
            "sealed_text",
            "This is the text of a sealed exchange; shared like this it would give the seal away.",
        )
        .with_hint(format!(
            "Open it when all have committed: `hearth sealed open {exchange}`."
        )));
    }
    Ok((notebook, view))
}

/// An entry, with the title of the notebook that it is about.
fn entry_value(host: &mut Host, view: &EntryView) -> Result<Value, Failure> {
    let about = view.about.as_deref().map(|id| {
        let known = id
            .parse()
            .ok()
            .filter(|id| host.engine.replica(*id).is_some());
        match known {
            Some(notebook) => brief(host, notebook),
            None => json!({ "id": id, "title": "" }),
        }
    });
    Ok(with(to_json(view)?, json!({ "about": about })))
}
