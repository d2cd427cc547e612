//! Agenda templates that come with the program, each a data file in our own words.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::error::Invalid;

/// The start of a session: an agenda and headings for the notes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The name by which it is chosen.
    pub name: String,
    /// The title that a session made from it gets.
    pub title: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// How long it takes.
    pub minutes: u32,
    /// The agenda.
    pub agenda: Vec<TemplateItem>,
    /// The Markdown that the notes begin with.
    pub notes: String,
}

/// One agenda item of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateItem {
    /// The title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
}

const FILES: [&str; 3] = [
    include_str!("../templates/regular.json"),
    include_str!("../templates/first.json"),
    include_str!("../templates/grow.json"),
];

// The files are part of the program and a test reads each, so none is left out here.
static BUILT_IN: LazyLock<Vec<Template>> = LazyLock::new(|| {
    FILES
        .iter()
        .filter_map(|file| serde_json::from_str(file).ok())
        .collect()
});

/// Every template that comes with the program.
#[must_use]
pub fn built_in() -> &'static [Template] {
    &BUILT_IN
}

/// Finds a template by name.
///
/// # Errors
/// [`Invalid::Word`] with the names that there are.
pub fn find(name: &str) -> Result<&'static Template, Invalid> {
    built_in()
        .iter()
        .find(|template| template.name == name)
        .ok_or_else(|| Invalid::Word {
            field: "template",
            value: crate::check::quote(name),
            valid: "regular, first or grow",
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_template_whose_items_fit_its_time() {
        assert_eq!(built_in().len(), FILES.len());
        for template in built_in() {
            let minutes: u32 = template.agenda.iter().map(|item| item.minutes).sum();
            assert_eq!(minutes, template.minutes, "{}", template.name);
            assert!(crate::check::title("title", &template.title).is_ok());
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_names_that_there_are() {
        let names: Vec<_> = built_in()
            .iter()
            .map(|template| template.name.as_str())
            .collect();
        assert_eq!(names, ["regular", "first", "grow"]);
        let message = find("retro").map_err(|error| error.to_string());
        assert_eq!(
            message,
            Err("“retro” is no template; use regular, first or grow".to_owned())
        );
    }
}
