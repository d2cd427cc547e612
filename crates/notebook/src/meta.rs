//! The notebook itself: title, form and phase, at the root of the index document.

use automerge::Automerge;
use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::conflict::{self, Conflict};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, Invalid};
use crate::id::DocumentId;
use crate::people::People;
use crate::plan::{Plan, commit};
use crate::record::Record;
use crate::word::{Form, Phase};

/// The notebook as shown. The id belongs to the membership and is added by the node.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NotebookView {
    /// The title; empty until the first change has arrived.
    pub title: String,
    /// The form.
    pub form: Form,
    /// The phase.
    pub phase: Phase,
    /// The template that sessions begin with where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Fields with concurrent values that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

/// Writes title and form of a new notebook, in its first phase.
///
/// # Errors
/// [`EditError::Invalid`] for a blank or long title or an unknown form.
pub fn create(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    title: &str,
    form: &str,
) -> Result<(), EditError> {
    let title = check::title("title", title)?;
    let form = Form::offered(form)?;
    let mut plan = Plan::default();
    let root = plan.root();
    plan.put(root, "title", title);
    plan.put(root, "form", form.word());
    plan.put(root, "phase", Phase::default().word());
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Changes the title.
///
/// # Errors
/// [`EditError::Invalid`] for a blank or long title.
pub fn rename(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    title: &str,
) -> Result<(), EditError> {
    set(docs, writer, "title", check::title("title", title)?)
}

/// Moves the notebook to a phase.
///
/// # Errors
/// [`EditError::Invalid`] for an unknown phase.
pub fn set_phase(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    phase: &str,
) -> Result<(), EditError> {
    set(docs, writer, "phase", Phase::parse(phase)?.word())
}

/// Chooses the template that sessions begin with where none is named.
///
/// # Errors
/// [`EditError::Invalid`] for a blank or long name. Whether there is such a template, each device knows.
pub fn set_template(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    name: &str,
) -> Result<(), EditError> {
    set(docs, writer, "template", check::title("template", name)?)
}

fn set(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    key: &str,
    value: &str,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    match docs.read(DocumentId::INDEX)? {
        Some(doc) => plan.set(&Record::root(doc), key, value),
        None => {
            let root = plan.root();
            plan.put(root, key, value);
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Shows the notebook.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn show(docs: &mut dyn Documents, people: &dyn People) -> Result<NotebookView, Unavailable> {
    Ok(docs.read(DocumentId::INDEX)?.map_or_else(
        || NotebookView {
            title: String::new(),
            form: Form::default(),
            phase: Phase::default(),
            template: None,
            conflicts: Vec::new(),
        },
        |doc| view(doc, people),
    ))
}

fn view(doc: &Automerge, people: &dyn People) -> NotebookView {
    // Everything else of the notebook stands under the root, too.
    let root = Record::root_with(doc, &["title", "form", "phase", "template"]);
    let form = root.str("form").and_then(|word| Form::from_word(&word));
    let phase = root.str("phase").and_then(|word| Phase::from_word(&word));
    NotebookView {
        title: root.str_or_empty("title"),
        form: form.unwrap_or_default(),
        phase: phase.unwrap_or_default(),
        template: root.str("template").filter(|name| !name.is_empty()),
        conflicts: conflict::own(&root, people),
    }
}

/// Refuses a title that could not be given to a notebook, before anything is made for it.
///
/// # Errors
/// [`Invalid`] for a blank or long title or an unknown form.
pub fn check(title: &str, form: &str) -> Result<(), Invalid> {
    check::title("title", title)?;
    Form::offered(form)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, bench};

    #[test]
    fn a_notebook_keeps_its_title_form_and_phase() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        create(&mut docs, &mut writer, " Mia & Ben ", "peer").unwrap();
        set_phase(&mut docs, &mut writer, "winding-down").unwrap();
        rename(&mut docs, &mut writer, "Ben & Mia").unwrap();
        let shown = serde_json::to_value(show(&mut docs, &people).unwrap()).unwrap();
        assert_eq!(
            shown,
            serde_json::json!({"title": "Ben & Mia", "form": "peer", "phase": "winding-down"})
        );
    }

    #[test]
    fn a_notebook_remembers_the_template_of_its_sessions() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        create(&mut docs, &mut writer, "Mia & Ben", "peer").unwrap();
        assert!(set_template(&mut docs, &mut writer, " ").is_err());
        assert_eq!(show(&mut docs, &people).unwrap().template, None);
        set_template(&mut docs, &mut writer, "grow").unwrap();
        let shown = show(&mut docs, &people).unwrap();
        assert_eq!(shown.template.as_deref(), Some("grow"));
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_words_that_serve() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let error = create(&mut docs, &mut writer, "T", "duo").unwrap_err();
        assert_eq!(
            error.to_string(),
            "“duo” is no form; use one-on-one, group or peer"
        );
        assert!(docs.iter().next().is_none(), "nothing was made");
    }

    #[test]
    fn a_root_of_odd_values_still_shows() {
        use automerge::transaction::Transactable;
        let Bench {
            mut docs, people, ..
        } = bench();
        let doc = docs.write(DocumentId::INDEX).unwrap();
        let mut transaction = doc.transaction();
        transaction.put(automerge::ROOT, "title", 5).unwrap();
        transaction
            .put_object(automerge::ROOT, "form", automerge::ObjType::List)
            .unwrap();
        transaction
            .put(automerge::ROOT, "phase", "paradise")
            .unwrap();
        transaction.commit();
        let shown = show(&mut docs, &people).unwrap();
        assert_eq!((shown.title.as_str(), shown.phase), ("", Phase::Rapport));
    }
}
