//! The end of a mentoring relationship: words, certificates, the frozen archive.

use hearth_core::control::InviteState;
use hearth_core::engine::AdoptError;
use hearth_core::ids::{ControlHash, DeviceId, NotebookId, PersonId};
use hearth_notebook::closure::{self, Answer, CertificateFacts, StatementView};
use hearth_notebook::{ClosureTopic, Named, People, PersonRef};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::answer::{control_failed, may_write, person, quote, to_json, unavailable, with};
use super::destroy;
use super::journal::refuse;
use super::mirror::mirror_names;
use super::resolve::{brief, find_notebook, find_person, person_ref, title};
use crate::api::{Exit, Failure, GraduateRequest};
use crate::host::{Directory, Host};
use crate::statement::{self, StatementKind};

/// Does what a request about the end asks.
pub(super) fn execute(host: &mut Host, request: &GraduateRequest) -> Result<Value, Failure> {
    match request {
        GraduateRequest::Show { notebook } => match find_shared(host, notebook) {
            Ok(notebook) => show(host, notebook),
            Err(failure) if failure.code == "not_found" => {
                destroy::show_destroyed(host, notebook)?.ok_or(failure)
            }
            Err(failure) => Err(failure),
        },
        GraduateRequest::Form { notebook } => {
            let notebook = find_shared(host, notebook)?;
            let me = person_ref(host.me())?;
            let form = host.read(notebook, |docs, people| {
                closure::form(docs, people, &me).map_err(unavailable)
            })?;
            Ok(with(show(host, notebook)?, json!({ "form": form })))
        }
        GraduateRequest::Fill { notebook, form } => {
            let notebook = find_shared(host, notebook)?;
            host.edit_although_closed(notebook, |docs, writer| {
                let answers = closure::parse_form(form)?;
                closure::answer(docs, writer, &answers)
            })?;
            show(host, notebook)
        }
        GraduateRequest::Say { notebook, answers } => {
            let notebook = find_shared(host, notebook)?;
            let answers: Result<Vec<Answer>, Failure> = answers
                .iter()
                .map(|(topic, text)| {
                    let topic = find_topic(topic)?;
                    let text = text.clone();
                    Ok(Answer { topic, text })
                })
                .collect();
            let answers = answers?;
            host.edit_although_closed(notebook, |docs, writer| {
                closure::answer(docs, writer, &answers)
            })?;
            show(host, notebook)
        }
        GraduateRequest::Close { notebook } => {
            let notebook = find_shared(host, notebook)?;
            close(host, notebook)?;
            show(host, notebook)
        }
        GraduateRequest::Reopen { notebook } => {
            let notebook = find_shared(host, notebook)?;
            let directory = host.directory(notebook);
            host.edit_although_closed(notebook, |docs, writer| {
                closure::reopen(docs, writer, &directory)
            })?;
            show(host, notebook)
        }
        GraduateRequest::Preview {
            notebook,
            person,
            words,
        } => {
            let (notebook, of) = certified(host, notebook, person)?;
            let text = certificate(host, notebook, of, words)?;
            let directory = host.directory(notebook);
            let of = super::answer::person(&directory, &of);
            let certificate = with(json!({ "words": text }), json!({ "of": of }));
            Ok(with(
                show(host, notebook)?,
                json!({ "certificate": certificate }),
            ))
        }
        GraduateRequest::Certify {
            notebook,
            person,
            words,
            text,
        } => {
            let (notebook, of) = certified(host, notebook, person)?;
            certify(host, notebook, of, words, text)?;
            show(host, notebook)
        }
        GraduateRequest::Destroy { notebook } => destroy::begin(host, notebook),
        GraduateRequest::Finish { notebook } => destroy::finish(host, notebook),
    }
}

/// Closes a notebook, and takes the tickets back that are out: nobody is let into an archive.
fn close(host: &mut Host, notebook: NotebookId) -> Result<(), Failure> {
    let directory = host.directory(notebook);
    host.edit_although_closed(notebook, |docs, writer| {
        closure::close(docs, writer, &directory)
    })?;
    revoke_open(host, notebook)
}

/// Takes the invitations back that nobody has used, as far as this person may.
fn revoke_open(host: &mut Host, notebook: NotebookId) -> Result<(), Failure> {
    let Some(replica) = host.engine.replica(notebook) else {
        return Ok(());
    };
    let membership = replica.membership();
    let is_admin = membership
        .member(&host.me())
        .is_some_and(|me| me.rights.admin);
    let invites = membership.invites().iter();
    let open: Vec<ControlHash> = invites
        .filter(|(_, state)| is_admin && **state == InviteState::Open)
        .map(|(invite, _)| *invite)
        .collect();
    let Host {
        engine, storage, ..
    } = &mut *host;
    for invite in open {
        match engine.revoke_invite(notebook, invite, storage) {
            // Somebody may have come by it or taken it back at this very moment.
            Ok(()) | Err(AdoptError::Invite(_)) => {}
            Err(error) => return Err(control_failed(host, notebook, error)),
        }
    }
    Ok(())
}

/// The failure for whoever goes on writing into a notebook that is closed.
pub(crate) fn closed(host: &mut Host, notebook: NotebookId) -> Failure {
    let shown = host.read(notebook, |docs, people| {
        closure::show(docs, people).map_err(unavailable)
    });
    let closed = shown.ok().and_then(|view| view.closed);
    let by = closed.map_or_else(String::new, |closed| {
        let on = closed.at.map(day).unwrap_or_default();
        format!(" by {}{on}", closed.by.name)
    });
    let called = match title(host, notebook) {
        title if title.is_empty() => format!("Notebook {notebook}"),
        title => format!("“{title}”"),
    };
    Failure::new(
        Exit::NotAllowed,
        "notebook_closed",
        format!("{called} was closed{by}: it is an archive, and nothing more is written in it."),
    )
    .with_hint(format!(
        "To go on, everybody who writes in it says so: `hearth graduate {notebook} --reopen`. To begin anew with \
         what is in it: `hearth notebook fork {notebook}`."
    ))
}

/// Refuses what is only done in a notebook that goes on.
pub(super) fn refuse_closed(host: &mut Host, notebook: NotebookId) -> Result<(), Failure> {
    // Noted before somebody is let in who has not said that they want to go on.
    host.reopen_if_wanted(notebook)?;
    match is_closed(host, notebook)? {
        true => Err(closed(host, notebook)),
        false => Ok(()),
    }
}

/// Says whether a notebook is closed.
pub(super) fn is_closed(host: &mut Host, notebook: NotebookId) -> Result<bool, Failure> {
    host.read(notebook, |docs, people| {
        closure::is_closed(docs, people).map_err(unavailable)
    })
}

fn day(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::system());
    format!(" on {}", at.strftime("%-d %B %Y"))
}

pub(super) fn find_shared(host: &mut Host, notebook: &str) -> Result<NotebookId, Failure> {
    let notebook = find_notebook(host, notebook)?;
    refuse(host, notebook)?;
    Ok(notebook)
}

fn find_topic(text: &str) -> Result<ClosureTopic, Failure> {
    ClosureTopic::named(text).ok_or_else(|| {
        let words: Vec<&str> = ClosureTopic::ALL.iter().map(|topic| topic.word()).collect();
        Failure::usage("invalid", format!("There is no topic {}.", quote(text)))
            .with_hint(format!("There are: {}.", words.join(", ")))
    })
}

/// Where the end of a notebook stands.
pub(super) fn show(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let me = host.me().to_string();
    let (view, facts, certificates, receipts) = host.read(notebook, |docs, people| {
        let view = closure::show(docs, people).map_err(unavailable)?;
        let facts = closure::facts(docs, people, None, None).map_err(unavailable)?;
        let certificates = closure::certificates(docs, people).map_err(unavailable)?;
        let receipts = closure::receipts(docs, people).map_err(unavailable)?;
        Ok((view, facts, certificates, receipts))
    })?;
    let directory = host.directory(notebook);
    let writers = directory.writers();
    let has_said = |person: &Named| {
        let mut answers = view.topics.iter().flat_map(|topic| &topic.answers);
        answers.any(|answer| answer.person == *person)
    };
    let silent: Vec<&Named> = writers.iter().filter(|one| !has_said(one)).collect();
    let lacks: Vec<&Named> = writers
        .iter()
        .filter(|one| !view.reopening.contains(one))
        .collect();
    let certificates: Vec<Value> = certificates
        .iter()
        .map(|one| certificate_view(&directory, one, &me))
        .collect();
    let id = notebook.to_string();
    let receipts: Vec<Value> = receipts
        .iter()
        .filter(|one| destroy::speaks_of(one, &id))
        .map(|one| destroy::receipt_view(&directory, one))
        .collect();
    let devices = devices(host, notebook, &directory, &receipts);
    let reopening = if view.reopening.is_empty() {
        Value::Null
    } else {
        json!({ "wanted_by": to_json(&view.reopening)?, "lacks": to_json(&lacks)? })
    };
    let more = json!({
        "notebook": brief(host, notebook),
        "me": me,
        "may_write": may_write(host, notebook),
        "writers": to_json(&writers)?,
        "silent": to_json(&silent)?,
        "reopening": reopening,
        "facts": to_json(&facts)?,
        "certificates": certificates,
        "receipts": receipts,
        "devices": devices,
        "mirrors": mirror_names(host, notebook),
        "destroyed": false,
    });
    Ok(json!({ "graduation": with(to_json(&view)?, more) }))
}

/// Every device that holds the notebook, as far as anybody knows, and whether it said that it destroyed its keys.
fn devices(
    host: &Host,
    notebook: NotebookId,
    directory: &Directory,
    receipts: &[Value],
) -> Vec<Value> {
    let Some(replica) = host.engine.replica(notebook) else {
        return Vec::new();
    };
    let members = replica.membership().members().iter();
    let mut devices: Vec<Value> = members
        .flat_map(|(id, member)| member.devices.keys().map(move |device| (id, device)))
        .map(|(id, device)| {
            let receipt = receipts
                .iter()
                .find(|one| one["signed"] == true && one["device_id"] == json!(device.to_string()));
            let facts = json!({
                "device": directory.device_label(device),
                "device_id": device.to_string(),
                "me": *id == host.me(),
                "this": *device == host.my_device(),
                "destroyed_at": receipt.map(|receipt| &receipt["at"]),
            });
            with(person(directory, id), facts)
        })
        .collect();
    // This one first, then the person's others, then everybody by name.
    devices.sort_by_key(|one| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        (
            one["this"] != true,
            one["me"] != true,
            text("name"),
            text("device"),
        )
    });
    devices
}

/// A certificate with what its signature is worth.
fn certificate_view(directory: &Directory, kept: &StatementView, me: &str) -> Value {
    let by = &kept.provenance.stamp.created_by;
    let checked = statement::check(&kept.statement).ok().filter(|checked| {
        checked.kind == StatementKind::Certificate && checked.person.to_string() == by.person
    });
    let signed_on = checked
        .as_ref()
        .map(|checked| directory.device_label(&checked.device));
    json!({
        "id": kept.id,
        "of": kept.of,
        "mine": kept.of.as_ref().is_some_and(|of| of.person == me),
        "by": { "person": by.person, "name": by.name },
        "device": signed_on,
        "at": kept.provenance.stamp.created_at,
        "signed": checked.is_some(),
        "words": checked.map(|checked| checked.words),
        "statement": kept.statement,
    })
}

/// For whom a certificate is: somebody else who writes in the notebook.
fn certified(host: &mut Host, notebook: &str, of: &str) -> Result<(NotebookId, PersonId), Failure> {
    let notebook = find_shared(host, notebook)?;
    let of = find_person(host, notebook, of)?;
    if of == host.me() {
        return Err(
            Failure::usage("invalid", "Nobody signs a certificate for themselves.")
                .with_hint("Ask the other side to run `hearth graduate NB --certify YOU`."),
        );
    }
    Ok((notebook, of))
}

/// The text that would be signed.
fn certificate(
    host: &mut Host,
    notebook: NotebookId,
    of: PersonId,
    words: &str,
) -> Result<String, Failure> {
    let witness = host.me().to_string();
    let facts = host.read(notebook, |docs, people| {
        closure::facts(docs, people, Some(&of.to_string()), Some(&witness)).map_err(unavailable)
    })?;
    let called = title(host, notebook);
    let directory = host.directory(notebook);
    let (of_id, me) = (of.to_string(), host.me().to_string());
    let names = (
        directory.person_name(&of),
        directory.person_name(&host.me()),
    );
    let zone = TimeZone::get(&host.settings.zone()).unwrap_or_else(|_| TimeZone::system());
    let about = CertificateFacts {
        of: (&names.0, &of_id),
        by: (&names.1, &me),
        notebook: &called,
        notebook_id: &notebook.to_string(),
        on: Host::now().to_zoned(zone).date(),
        words,
    };
    Ok(closure::certificate_text(&about, &facts))
}

fn certify(
    host: &mut Host,
    notebook: NotebookId,
    of: PersonId,
    words: &str,
    shown: &str,
) -> Result<(), Failure> {
    let text = certificate(host, notebook, of, words)?;
    if text != shown {
        return Err(Failure::error(
            "certificate_changed",
            "The certificate is not what was shown any more. Nothing was signed.",
        )
        .with_hint("Run the command again, and read what it shows."));
    }
    let signed = statement::sign(host, StatementKind::Certificate, &text);
    let of = PersonRef::new(of.to_string()).map_err(|error| Failure::error("internal", error))?;
    host.edit_although_closed(notebook, |docs, writer| {
        closure::add_certificate(docs, writer, &of, &signed)
    })?;
    Ok(())
}

/// Says which device signed a statement that names itself, and whether it did.
pub(super) fn signer(file: &str, kind: StatementKind) -> Option<(PersonId, DeviceId)> {
    let checked = statement::check(file).ok()?;
    (checked.kind == kind).then_some((checked.person, checked.device))
}
