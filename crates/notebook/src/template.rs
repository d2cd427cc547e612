//! Templates of sessions: those that come with the program, each a data file in our own words, and what a
//! person's own one must be like to stand beside them.
//!
//! Those that come with the program are there in several languages. In English each has a plain name, `first`; in
//! another language that name is followed by a dot and the language, `first.de`. A session keeps the whole name, so those
//! that follow it in a series speak the same language.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::Invalid;
use crate::limits::{
    NOTES_BYTES_MAX, TEMPLATE_BYTES_MAX, TEMPLATE_ITEMS_MAX, TEMPLATE_NAME_CHARS_MAX,
    TEMPLATE_PROMPTS_MAX,
};
use crate::word::{Form, Phase};

/// The start of a session: an agenda with prompts and minutes, and headings for the notes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The name by which it is chosen.
    pub name: String,
    /// The title that a session made from it gets.
    pub title: String,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub about: String,
    /// The forms of notebook that it is for; all of them where there is none.
    #[serde(default)]
    pub forms: Vec<String>,
    /// The phases that it fits.
    #[serde(default)]
    pub phases: Vec<String>,
    /// Whether it is for the journal only.
    #[serde(default)]
    pub private: bool,
    /// How long it takes; as long as its items where none is given.
    #[serde(default)]
    pub minutes: u32,
    /// The agenda.
    #[serde(default)]
    pub agenda: Vec<TemplateItem>,
    /// The Markdown that the notes begin with.
    #[serde(default)]
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
    /// Questions and hints for whoever is at it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<String>,
}

/// A text is no template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is longer than a template may be.
    #[error("the template is longer than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// It is not the JSON of a template.
    #[error("this is no template: {0}")]
    Json(#[from] serde_json::Error),
    /// A part of it would not do.
    #[error("{place}: {reason}")]
    Part {
        /// Which part.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

const FILES: [&str; 9] = [
    include_str!("../templates/first.json"),
    include_str!("../templates/regular.json"),
    include_str!("../templates/grow.json"),
    include_str!("../templates/mid-point.json"),
    include_str!("../templates/action-learning.json"),
    include_str!("../templates/circle.json"),
    include_str!("../templates/closure.json"),
    include_str!("../templates/ending.json"),
    include_str!("../templates/plan.json"),
];

/// The same in other languages: which one, and the files, of which each has the name of the English one.
const TRANSLATED: [(&str, [&str; 9]); 1] = [(
    "de",
    [
        include_str!("../templates/de/first.json"),
        include_str!("../templates/de/regular.json"),
        include_str!("../templates/de/grow.json"),
        include_str!("../templates/de/mid-point.json"),
        include_str!("../templates/de/action-learning.json"),
        include_str!("../templates/de/circle.json"),
        include_str!("../templates/de/closure.json"),
        include_str!("../templates/de/ending.json"),
        include_str!("../templates/de/plan.json"),
    ],
)];

// The files are part of the program and a test reads each, so none is left out here.
static BUILT_IN: LazyLock<Vec<Template>> = LazyLock::new(|| {
    FILES
        .iter()
        .filter_map(|file| Template::parse(file).ok())
        .collect()
});

static IN_OTHER_LANGUAGES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let read = |language: &str, file: &str| {
        let mut template = Template::parse(file).ok()?;
        template.name = format!("{}{BEFORE_LANGUAGE}{language}", template.name);
        Some(template)
    };
    TRANSLATED
        .iter()
        .flat_map(|(language, files)| files.iter().map(move |file| (language, file)))
        .filter_map(|(language, file)| read(language, file))
        .collect()
});

/// What stands between a template's name and its language. No person's own template has it in its name.
const BEFORE_LANGUAGE: char = '.';

/// Every template that comes with the program, in English.
#[must_use]
pub fn built_in() -> &'static [Template] {
    &BUILT_IN
}

/// A template that comes with the program in every other language that there is: the language, and the template.
pub fn in_other_languages(name: &str) -> impl Iterator<Item = (&'static str, &'static Template)> {
    let plain = plain_name(name).to_owned();
    IN_OTHER_LANGUAGES
        .iter()
        .filter_map(|template| Some((language_of(&template.name)?, template)))
        .filter(move |(_, template)| plain_name(&template.name) == plain)
}

/// The name of a template without its language.
#[must_use]
pub fn plain_name(name: &str) -> &str {
    name.split(BEFORE_LANGUAGE).next().unwrap_or(name)
}

/// The language in the name of a template; none where it is English or a person's own.
#[must_use]
pub fn language_of(name: &str) -> Option<&str> {
    name.split_once(BEFORE_LANGUAGE)
        .map(|(_, language)| language)
}

/// Finds a template by name among a person's own and then those that come with the program. A person's own one stands in
/// the place of another in every language; one in a language that is not here is found in English.
///
/// # Errors
/// [`Invalid::Unknown`] with the names that there are.
pub fn find(own: &[Template], name: &str) -> Result<Template, Invalid> {
    let plain = plain_name(name);
    let named = |all: &[Template], name: &str| all.iter().find(|one| one.name == name).cloned();
    named(own, plain)
        .or_else(|| named(&IN_OTHER_LANGUAGES, name))
        .or_else(|| named(built_in(), plain))
        .ok_or_else(|| {
            let mut names: Vec<&str> = built_in().iter().map(|one| one.name.as_str()).collect();
            for template in own {
                if !names.contains(&template.name.as_str()) {
                    names.push(&template.name);
                }
            }
            Invalid::Unknown {
                field: "template",
                value: check::quote(name),
                valid: names.join(", "),
            }
        })
}

impl Template {
    /// Reads a template and checks that sessions can be made from it.
    ///
    /// # Errors
    /// [`TemplateError`], with the part that would not do.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateError::TooLong {
                max: TEMPLATE_BYTES_MAX,
            });
        }
        let mut template: Self = serde_json::from_str(text)?;
        let sum = template.check()?;
        if template.minutes == 0 {
            template.minutes = sum.max(1);
        }
        Ok(template)
    }

    /// Checks every part; how long the items take together.
    fn check(&self) -> Result<u32, TemplateError> {
        check_name(&self.name)?;
        at("title", check::title("title", &self.title))?;
        at("about", check::text("description", &self.about))?;
        for form in &self.forms {
            at("forms", Form::offered(form))?;
        }
        for phase in &self.phases {
            at("phases", Phase::parse(phase))?;
        }
        if self.notes.len() > NOTES_BYTES_MAX {
            return Err(part("notes", "they are too long"));
        }
        if self.agenda.len() > TEMPLATE_ITEMS_MAX {
            let reason = format!("it may have {TEMPLATE_ITEMS_MAX} items");
            return Err(part("agenda", reason));
        }
        let mut sum = 0;
        for (place, item) in self.agenda.iter().enumerate() {
            let place = format!("agenda, item {}", place + 1);
            at(&place, check::title("title", &item.title))?;
            at(&place, check::minutes(item.minutes))?;
            if item.prompts.len() > TEMPLATE_PROMPTS_MAX {
                let reason = format!("it may have {TEMPLATE_PROMPTS_MAX} prompts");
                return Err(part(&place, reason));
            }
            for prompt in &item.prompts {
                at(&place, check::title("prompt", prompt))?;
                if prompt.contains('\n') {
                    return Err(part(&place, "a prompt is one line"));
                }
            }
            sum += item.minutes;
        }
        if self.minutes > 0 {
            at("minutes", check::minutes(self.minutes))?;
            if self.minutes < sum {
                let reason = format!("its items take {sum} minutes, and it {}", self.minutes);
                return Err(part("minutes", reason));
            }
        } else if sum > 0 {
            at("agenda", check::minutes(sum))?;
        }
        Ok(sum)
    }

    /// Whether sessions of this form of notebook are made from it.
    fn is_for(&self, form: Form) -> bool {
        self.forms.is_empty() || self.forms.iter().any(|word| word == form.word())
    }
}

/// The name of a template is a word that nobody has to quote.
fn check_name(name: &str) -> Result<(), TemplateError> {
    let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let fits = name.bytes().all(|letter| plain(letter) || letter == b'-')
        && name.bytes().next().is_some_and(plain)
        && name.len() <= TEMPLATE_NAME_CHARS_MAX;
    if fits && name != NONE {
        return Ok(());
    }
    let reason = format!(
        "“{}” does not serve; use up to {TEMPLATE_NAME_CHARS_MAX} small letters, digits and “-”, but not “{NONE}”",
        check::quote(name)
    );
    Err(part("name", reason))
}

/// The name that stands for no template.
pub const NONE: &str = "none";

fn at<T>(place: &str, checked: Result<T, Invalid>) -> Result<T, TemplateError> {
    checked.map_err(|error| part(place, error.to_string()))
}

fn part(place: &str, reason: impl Into<String>) -> TemplateError {
    TemplateError::Part {
        place: place.to_owned(),
        reason: reason.into(),
    }
}

/// Sessions after which it is time to look at the mentoring itself.
const MID_POINT_SESSIONS: usize = 6;

/// The template that fits a notebook's next session: its form and phase, and the templates of the sessions
/// that were held. A person's own template of that name serves in its place.
#[must_use]
pub fn suggest(form: Form, phase: Phase, held: &[Option<String>]) -> Option<&'static str> {
    let is_peer = form == Form::Peer;
    let used = |name: &str| held.iter().flatten().any(|one| plain_name(one) == name);
    let name = match phase {
        Phase::Closed => return None,
        Phase::WindingDown => "closure",
        Phase::Rapport if is_peer => "circle",
        Phase::Rapport if held.is_empty() => "first",
        Phase::Rapport => "regular",
        Phase::Direction | Phase::Progress if is_peer => "action-learning",
        Phase::Direction => "grow",
        Phase::Progress if held.len() >= MID_POINT_SESSIONS && !used("mid-point") => "mid-point",
        Phase::Progress => "regular",
    };
    let fits = |template: &&Template| template.name == name && template.is_for(form);
    let found = built_in().iter().find(fits)?;
    Some(&found.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_file_is_a_template_whose_items_fit_its_time() {
        assert_eq!(built_in().len(), FILES.len());
        for template in built_in() {
            let minutes: u32 = template.agenda.iter().map(|item| item.minutes).sum();
            assert_eq!(minutes, template.minutes, "{}", template.name);
            assert!(!template.about.is_empty() && !template.notes.is_empty());
        }
    }

    #[test]
    fn every_template_is_there_in_every_language_with_as_much_in_it() {
        for (language, _) in TRANSLATED {
            for english in built_in() {
                let (_, other) = in_other_languages(&english.name)
                    .find(|(one, _)| *one == language)
                    .unwrap();
                assert_eq!(other.name, format!("{}.{language}", english.name));
                let shape = |template: &Template| -> Vec<(u32, usize)> {
                    let items = template.agenda.iter();
                    items.map(|one| (one.minutes, one.prompts.len())).collect()
                };
                assert_eq!(shape(other), shape(english), "{}", other.name);
                let headings = |template: &Template| {
                    let lines = template.notes.lines();
                    lines.filter(|line| line.starts_with('#')).count()
                };
                assert_eq!(headings(other), headings(english), "{}", other.name);
                let facts = |template: &Template| {
                    let (forms, phases) = (template.forms.clone(), template.phases.clone());
                    (forms, phases, template.private, template.minutes)
                };
                assert_eq!(facts(other), facts(english), "{}", other.name);
                assert_ne!(other.about, english.about, "{}", other.name);
                assert_eq!(find(&[], &other.name).unwrap(), *other);
            }
        }
    }

    #[test]
    fn a_name_with_a_language_finds_what_stands_in_its_place() {
        let own = Template::parse(r#"{"name": "grow", "title": "Ours"}"#).unwrap();
        assert_eq!(find(&[own], "grow.de").unwrap().title, "Ours");
        assert_eq!(find(&[], "grow.xx").unwrap().name, "grow");
        assert!(find(&[], "x.de").is_err());
        assert!(Template::parse(r#"{"name": "grow.de", "title": "Ours"}"#).is_err());
        let held = [Some("mid-point.de".to_owned()); 1];
        let many: Vec<Option<String>> = held.into_iter().cycle().take(MID_POINT_SESSIONS).collect();
        assert_eq!(
            suggest(Form::OneOnOne, Phase::Progress, &many),
            Some("regular")
        );
    }

    #[test]
    fn an_own_template_stands_before_one_that_comes_with_the_program() {
        let own = Template::parse(r#"{"name": "grow", "title": "Ours"}"#).unwrap();
        assert_eq!(own.minutes, 1);
        let mine = Template {
            name: "retro".to_owned(),
            ..own.clone()
        };
        assert_eq!(find(&[own, mine.clone()], "grow").unwrap().title, "Ours");
        assert_eq!(find(&[], "grow").unwrap().title, "GROW session");
        let message = find(&[mine], "x").unwrap_err().to_string();
        assert_eq!(
            message,
            "“x” is no template; use first, regular, grow, mid-point, action-learning, circle, \
             closure, ending, plan, retro"
        );
    }

    #[test]
    fn what_is_wrong_with_a_template_is_said_with_its_place() {
        let long = format!(
            r#"{{"name": "x", "title": "T", "notes": "{}"}}"#,
            "y".repeat(99_999)
        );
        for (text, start) in [
            ("{", "this is no template: EOF"),
            (
                r#"{"name": "x"}"#,
                "this is no template: missing field `title`",
            ),
            (
                r#"{"name": "x", "title": "T", "agnda": []}"#,
                "this is no template: unknown field `agnda`",
            ),
            (
                r#"{"name": "My own", "title": "T"}"#,
                "name: “My own” does not serve",
            ),
            (r#"{"name": "none", "title": "T"}"#, "name: "),
            (
                r#"{"name": "x", "title": " "}"#,
                "title: the title is empty",
            ),
            (
                r#"{"name": "x", "title": "T", "forms": ["duo"]}"#,
                "forms: “duo” is no form",
            ),
            (
                r#"{"name": "x", "title": "T", "phases": ["end"]}"#,
                "phases: “end” is no phase",
            ),
            (
                r#"{"name": "x", "title": "T", "agenda": [{"title": "A", "minutes": 0}]}"#,
                "agenda, item 1: the number of minutes",
            ),
            (
                r#"{"name": "x", "title": "T", "minutes": 5, "agenda": [{"title": "A", "minutes": 6}]}"#,
                "minutes: its items take 6 minutes, and it 5",
            ),
            (long.as_str(), "the template is longer than"),
        ] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn a_template_that_is_written_out_is_read_as_it_was() {
        for template in built_in() {
            let text = serde_json::to_string_pretty(template).unwrap();
            assert_eq!(Template::parse(&text).unwrap(), *template);
        }
    }

    #[test]
    fn each_phase_suggests_what_fits() {
        let held = |count: usize, last: &str| {
            let mut held = vec![Some("regular".to_owned()); count];
            held.push(Some(last.to_owned()));
            held
        };
        let pair = |phase, held: &[Option<String>]| suggest(Form::OneOnOne, phase, held);
        assert_eq!(pair(Phase::Rapport, &[]), Some("first"));
        assert_eq!(pair(Phase::Direction, &held(1, "first")), Some("grow"));
        assert_eq!(
            pair(Phase::Progress, &held(5, "regular")),
            Some("mid-point")
        );
        assert_eq!(
            pair(Phase::Progress, &held(5, "mid-point")),
            Some("regular")
        );
        assert_eq!(pair(Phase::WindingDown, &[]), Some("closure"));
        assert_eq!(pair(Phase::Closed, &[]), None);
        assert_eq!(suggest(Form::Peer, Phase::Rapport, &[]), Some("circle"));
        assert_eq!(
            suggest(Form::Peer, Phase::Progress, &[]),
            Some("action-learning")
        );
    }
}
