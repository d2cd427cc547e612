//! Skills, ratings and signed endorsements.

use hearth_core::ids::NotebookId;
use hearth_notebook::skill::{self, NewEndorsement, NewEvidence, NewRating, NewSkill, SkillEdit};
use hearth_notebook::{DocumentId, ObjectId, People as _, PersonRef};
use serde_json::{Value, json};

use super::answer::{data, may_write, quote, read_failed, to_json, unavailable};
use super::resolve::{
    Candidate, brief, choose, find_notebook, find_person, listed, notebooks, person_ref,
};
use crate::api::{Exit, Failure, SkillFields, SkillRequest};
use crate::host::Host;

/// Does what a request about skills asks.
pub(super) fn execute(host: &mut Host, request: &SkillRequest) -> Result<Value, Failure> {
    match request {
        SkillRequest::Add {
            notebook,
            title,
            fields,
        } => add(host, notebook, title, fields),
        SkillRequest::Rate { .. } => rate(host, request),
        SkillRequest::List { notebook, of } => list(host, notebook, of.as_deref()),
        SkillRequest::Show { skill } => {
            let (notebook, id) = find_anywhere(host, skill)?;
            show(host, notebook, id)
        }
        SkillRequest::Edit {
            skill,
            title,
            fields,
        } => {
            let (notebook, id) = find_anywhere(host, skill)?;
            let fields = fields.clone();
            let edit = SkillEdit {
                title: title.clone(),
                about: fields.about,
                uri: fields.uri,
                anchors: fields.anchors,
            };
            host.edit(notebook, |docs, writer| {
                skill::edit(docs, writer, id, &edit)
            })?;
            show(host, notebook, id)
        }
        SkillRequest::Evidence {
            skill,
            text,
            of,
            link,
        } => {
            let (notebook, id) = find_anywhere(host, skill)?;
            let new = NewEvidence {
                of: member(host, notebook, of.as_deref())?,
                text: text.clone(),
                link: link.clone(),
            };
            host.edit(notebook, |docs, writer| {
                skill::add_evidence(docs, writer, id, &new)
            })?;
            show(host, notebook, id)
        }
        SkillRequest::Endorse {
            notebook,
            skill,
            person,
            note,
            withdraw,
        } => {
            let notebook = find_shared(host, notebook)?;
            let id = find_in(host, &[notebook], skill)?.1;
            let of = person_ref(find_person(host, notebook, person)?)?;
            if *withdraw {
                return take_back(host, notebook, id, &of);
            }
            endorse(host, notebook, id, of, note.clone())
        }
    }
}

fn add(
    host: &mut Host,
    notebook: &str,
    title: &str,
    fields: &SkillFields,
) -> Result<Value, Failure> {
    let notebook = find_shared(host, notebook)?;
    let all = host.read(notebook, |docs, _| skill::ids(docs).map_err(unavailable))?;
    let name = skill::name_key(title);
    let there = all
        .iter()
        .find(|(_, title)| skill::name_key(title) == name)
        .and_then(|(ids, _)| ids.first());
    if let Some(id) = there {
        return Err(Failure::error(
            "skill_exists",
            format!("There is a skill {} already.", quote(title)),
        )
        .with_hint(format!("Change it with `hearth skill edit {id}`.")));
    }
    let fields = fields.clone();
    let new = NewSkill {
        title: title.to_owned(),
        about: fields.about,
        uri: fields.uri,
        anchors: fields.anchors,
    };
    let id = host.edit(notebook, |docs, writer| skill::add(docs, writer, &new))?;
    show(host, notebook, id)
}

fn rate(host: &mut Host, request: &SkillRequest) -> Result<Value, Failure> {
    let SkillRequest::Rate {
        notebook,
        skill,
        value,
        of,
        note,
        on,
    } = request
    else {
        return Err(Failure::error("internal", "This is no rating."));
    };
    let notebook = find_shared(host, notebook)?;
    let found = match find_in(host, &[notebook], skill) {
        Ok((_, id)) => Some(id),
        // A name that nobody has used is a new skill; an id that is not here is a mistake.
        Err(failure) if failure.code == "not_found" && skill.parse::<ObjectId>().is_err() => None,
        Err(failure) => return Err(failure),
    };
    let new = NewRating {
        of: member(host, notebook, of.as_deref())?,
        value: (*value).into(),
        note: note.clone(),
        at: on.clone(),
    };
    let title = skill.clone();
    let id = host.edit(notebook, |docs, writer| {
        let id = match found {
            Some(id) => id,
            None => {
                let new = NewSkill {
                    title,
                    ..NewSkill::default()
                };
                skill::add(docs, writer, &new)?
            }
        };
        skill::rate(docs, writer, id, &new)?;
        Ok(id)
    })?;
    let mut shown = show(host, notebook, id)?;
    shown["created"] = json!(found.is_none());
    Ok(shown)
}

fn list(host: &mut Host, notebook: &str, of: Option<&str>) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let of = member(host, notebook, of)?;
    let mut skills = host.read(notebook, |docs, people| {
        skill::list(docs, people).map_err(unavailable)
    })?;
    if let Some(of) = of {
        let has = |skill: &skill::SkillView| {
            let mut people = skill.people.iter();
            people.any(|one| one.person.person == of.as_str())
        };
        skills.retain(has);
    }
    Ok(listed(host, notebook, data("skills", &skills)?))
}

fn endorse(
    host: &mut Host,
    notebook: NotebookId,
    id: ObjectId,
    of: PersonRef,
    note: Option<String>,
) -> Result<Value, Failure> {
    let directory = host.directory(notebook);
    let me = host.me().to_string();
    if !may_write(host, notebook) {
        return Err(Failure::new(
            Exit::NotAllowed,
            "read_only",
            "You only read this notebook, so you cannot endorse anybody in it.",
        )
        .with_hint("Ask an admin of the notebook to change your role."));
    }
    let vouched_for = json!({ "person": of.as_str(), "name": directory.name(of.as_str()) });
    let new = NewEndorsement { of, note };
    let signed = host.edit(notebook, |docs, writer| {
        skill::record_endorsement(docs, &directory, writer, id, &new)
    })?;
    let view = host.read(notebook, |docs, people| {
        skill::show(docs, people, id).map_err(read_failed)
    })?;
    let has_signed = view
        .endorsements
        .iter()
        .any(|one| one.text_hash == signed.hash && one.by.person == me && one.entry.is_some());
    // Signing what one has signed already changes nothing and is no error.
    if !has_signed {
        let heads = host.read(notebook, |docs, _| {
            let index = docs.read(DocumentId::INDEX).map_err(unavailable)?;
            Ok(index.map_or_else(Vec::new, automerge::Automerge::get_heads))
        })?;
        host.sign_text(notebook, signed.hash, DocumentId::INDEX, heads)?;
    }
    let mut shown = show(host, notebook, id)?;
    shown["signed_text"] = json!(signed.text);
    shown["signed_for"] = vouched_for;
    Ok(shown)
}

fn take_back(
    host: &mut Host,
    notebook: NotebookId,
    id: ObjectId,
    of: &PersonRef,
) -> Result<Value, Failure> {
    let directory = host.directory(notebook);
    let found = host.edit(notebook, |docs, writer| {
        skill::withdraw_endorsement(docs, &directory, writer, id, of)
    })?;
    if !found {
        return Err(Failure::not_found(
            "not_found",
            "You have not endorsed this person for this skill.",
        )
        .with_hint(format!("See who has with `hearth skill show {id}`.")));
    }
    let mut shown = show(host, notebook, id)?;
    shown["withdrawn"] = json!(true);
    Ok(shown)
}

/// A skill is of a notebook that others read too: what is private is a journal entry.
fn find_shared(host: &mut Host, notebook: &str) -> Result<NotebookId, Failure> {
    let notebook = find_notebook(host, notebook)?;
    super::journal::refuse(host, notebook)?;
    Ok(notebook)
}

fn member(
    host: &Host,
    notebook: NotebookId,
    person: Option<&str>,
) -> Result<Option<PersonRef>, Failure> {
    let find = |text: &str| person_ref(find_person(host, notebook, text)?);
    person.map(find).transpose()
}

/// Finds a skill in all notebooks by id, part of one or name; `NOTEBOOK/SKILL` says in which.
fn find_anywhere(host: &mut Host, text: &str) -> Result<(NotebookId, ObjectId), Failure> {
    let all = notebooks(host);
    match find_in(host, &all, text) {
        Err(failure) if failure.code == "not_found" => {
            let Some((notebook, skill)) = text.split_once('/') else {
                return Err(failure);
            };
            match find_notebook(host, notebook) {
                Ok(notebook) => find_in(host, &[notebook], skill),
                Err(_) => Err(failure),
            }
        }
        found => found,
    }
}

fn find_in(
    host: &mut Host,
    notebooks: &[NotebookId],
    text: &str,
) -> Result<(NotebookId, ObjectId), Failure> {
    let mut candidates = Vec::new();
    for notebook in notebooks {
        let skills = host.read(*notebook, |docs, _| skill::ids(docs).map_err(unavailable))?;
        for (ids, title) in skills {
            let Some(first) = ids.first().copied() else {
                continue;
            };
            candidates.extend(ids.iter().map(|id| Candidate {
                id: id.to_string(),
                // One that is read as part of another answers to its id, and to the name only once.
                title: if *id == first {
                    title.clone()
                } else {
                    String::new()
                },
                value: (*notebook, first),
            }));
        }
    }
    choose("skill", text, candidates).map_err(|failure| match failure.code.as_str() {
        "not_found" => failure.with_hint("See them with `hearth skill list NB`."),
        _ => failure,
    })
}

fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        skill::show(docs, people, id).map_err(read_failed)
    })?;
    let notebook = brief(host, notebook);
    Ok(json!({ "skill": to_json(&view)?, "notebook": notebook }))
}
