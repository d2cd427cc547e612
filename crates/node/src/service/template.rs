//! Templates: those that come with the program, and a person's own, kept in their journal, so that all of their devices
//! have them.

use std::collections::BTreeMap;

use hearth_core::ids::NotebookId;
use hearth_notebook::template::{self, Template};
use hearth_notebook::{journal, meta, session};
use serde_json::{Value, json};

use super::answer::{quote, to_json, unavailable, with};
use super::journal::{journals, own_journal};
use crate::api::{Failure, TemplateRequest};
use crate::host::{Host, invalid, sentence, storage_failed};

/// The key under which a home kept a person's own templates before the journal did.
pub(crate) const TEMPLATES_KEPT_AS: &str = "templates";

/// Own templates of one person: many more than anybody tells apart.
const OWN_MAX: usize = 200;

/// Does what a request about templates asks.
pub(super) fn execute(host: &mut Host, request: &TemplateRequest) -> Result<Value, Failure> {
    match request {
        TemplateRequest::List => list(host),
        TemplateRequest::Show { name } => {
            let found = find(host, name)?;
            shown(host, &found)
        }
        TemplateRequest::Add { text, name } => add(host, text, name.as_deref()),
        TemplateRequest::Remove { name } => remove(host, name),
    }
}

fn list(host: &mut Host) -> Result<Value, Failure> {
    let own = own(host)?;
    let is_own = |template: &Template| own.iter().any(|one| one.name == template.name);
    let mut listed = Vec::new();
    for template in template::built_in().iter().filter(|one| !is_own(one)) {
        listed.push(marked(template, false)?);
    }
    for template in &own {
        listed.push(marked(template, true)?);
    }
    Ok(json!({ "templates": listed }))
}

fn marked(template: &Template, is_own: bool) -> Result<Value, Failure> {
    let stands_for_another = is_own
        && template::built_in()
            .iter()
            .any(|one| one.name == template.name);
    let languages = if is_own {
        Vec::new()
    } else {
        languages(&template.name)
    };
    Ok(with(
        to_json(template)?,
        json!({ "own": is_own, "in_place": stands_for_another, "languages": languages }),
    ))
}

/// What a template that comes with the program is called in other languages.
fn languages(name: &str) -> Vec<Value> {
    template::in_other_languages(name)
        .map(|(language, one)| {
            json!({ "language": language, "name": one.name, "title": one.title, "about": one.about })
        })
        .collect()
}

fn shown(host: &mut Host, found: &Template) -> Result<Value, Failure> {
    let is_own = own(host)?.iter().any(|one| one.name == found.name);
    // What is shown is what can be changed and added again, so nothing is put into it.
    Ok(json!({ "template": to_json(found)?, "own": is_own }))
}

fn add(host: &mut Host, text: &str, name: Option<&str>) -> Result<Value, Failure> {
    let refused = |reason: String| {
        Failure::usage("template_invalid", sentence(&reason)).with_hint(
            "See what one is like with `hearth template show regular --json`. Nothing was changed.",
        )
    };
    let mut value: Value = serde_json::from_str(text)
        .map_err(|error| refused(format!("the file is no JSON: {error}")))?;
    // An answer of `show --json` holds the template within.
    for pointer in ["/data/template", "/template"] {
        if let Some(inner) = value.pointer(pointer).cloned() {
            value = inner;
            break;
        }
    }
    if let (Some(name), Some(fields)) = (name, value.as_object_mut()) {
        fields.insert("name".to_owned(), name.into());
    }
    let template =
        Template::parse(&value.to_string()).map_err(|error| refused(error.to_string()))?;
    let mut own = own(host)?;
    own.retain(|one| one.name != template.name);
    if own.len() >= OWN_MAX {
        return Err(Failure::error(
            "too_many_templates",
            format!("There are {OWN_MAX} templates of your own already."),
        )
        .with_hint("Remove one with `hearth template remove NAME`."));
    }
    keep(host, &template.name, Some(&template))?;
    let shown = shown(host, &template)?;
    let in_place = template::built_in()
        .iter()
        .any(|one| one.name == template.name);
    Ok(with(shown, json!({ "in_place": in_place })))
}

fn remove(host: &mut Host, name: &str) -> Result<Value, Failure> {
    let mut own = own(host)?;
    let Some(place) = own.iter().position(|one| one.name == name) else {
        // One that comes with the program cannot be removed, and is named for what it is.
        find(host, name)?;
        return Err(Failure::error(
            "template_built_in",
            format!("The template {} comes with the program.", quote(name)),
        )
        .with_hint("Add one of the same name to have it stand in its place."));
    };
    let removed = own.remove(place);
    keep(host, name, None)?;
    let again = template::built_in()
        .iter()
        .any(|one| one.name == removed.name);
    Ok(json!({ "template": to_json(&removed)?, "removed": true, "in_place": again }))
}

/// Writes a template into the journal, or takes it out, and with it all that this home kept before there was a place
/// for them in the journal.
fn keep(host: &mut Host, name: &str, template: Option<&Template>) -> Result<(), Failure> {
    let journal = own_journal(host)?;
    let kept = kept_in_home(host)?;
    let there = in_journal(host)?;
    let mut changes: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &kept {
        if !there.contains_key(name) {
            changes.insert(name.clone(), value.to_string());
        }
    }
    let text = template
        .map(to_json)
        .transpose()?
        .map_or_else(String::new, |value| value.to_string());
    changes.insert(name.to_owned(), text);
    host.edit(journal, |docs, writer| {
        for (name, text) in &changes {
            journal::keep_template(docs, writer, name, text)?;
        }
        Ok(())
    })?;
    if kept.is_empty() {
        return Ok(());
    }
    host.storage
        .forget_own(TEMPLATES_KEPT_AS)
        .map_err(storage_failed)
}

/// What this home kept before the journal did.
fn kept_in_home(host: &Host) -> Result<BTreeMap<String, Value>, Failure> {
    let kept = host.get_own(TEMPLATES_KEPT_AS)?;
    Ok(kept
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

fn in_journal(host: &mut Host) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for journal in journals(host) {
        let templates = host.read(journal, |docs, _| {
            journal::templates(docs).map_err(unavailable)
        })?;
        for (name, text) in templates {
            all.entry(name).or_insert(text);
        }
    }
    Ok(all)
}

/// The person's own templates, in the order of their names. One that a newer version wrote and this one
/// does not understand is left out.
pub(super) fn own(host: &mut Host) -> Result<Vec<Template>, Failure> {
    let kept = kept_in_home(host)?;
    let mut all: BTreeMap<String, String> = kept
        .into_iter()
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    all.extend(in_journal(host)?);
    let read = |text: String| Template::parse(&text).ok();
    Ok(all.into_values().filter_map(read).collect())
}

/// Finds a template by name.
///
/// # Errors
/// `invalid`, with the names that there are.
pub(super) fn find(host: &mut Host, name: &str) -> Result<Template, Failure> {
    template::find(&own(host)?, name)
        .map_err(|error| invalid(&error.into()).with_hint("See them with `hearth template list`."))
}

/// Finds a template for a session, which others read too.
///
/// # Errors
/// As [`find`]; `template_private` for one that is for the journal.
pub(super) fn find_shared(host: &mut Host, name: &str) -> Result<Template, Failure> {
    let found = find(host, name)?;
    if found.private {
        return Err(Failure::usage(
            "template_private",
            format!("The template {} is for yourself alone.", quote(name)),
        )
        .with_hint(format!(
            "Write it with `hearth journal add --template {}`, and share it once you want to.",
            found.name
        )));
    }
    Ok(found)
}

/// The template that fits a notebook's next session, with the phase that it fits.
pub(super) fn suggestion(host: &mut Host, notebook: NotebookId) -> Result<Option<Value>, Failure> {
    let (view, held) = host.read(notebook, |docs, people| {
        let view = meta::show(docs, people).map_err(unavailable)?;
        let held = session::held_templates(docs).map_err(unavailable)?;
        Ok((view, held))
    })?;
    let Some(name) = template::suggest(view.form, view.phase, &held) else {
        return Ok(None);
    };
    let own = own(host)?;
    let found = find(host, name)?;
    let is_own = own.iter().any(|one| one.name == found.name);
    Ok(Some(json!({
        "name": found.name,
        "title": found.title,
        "about": found.about,
        "phase": view.phase,
        "languages": if is_own { Vec::new() } else { languages(name) },
    })))
}
