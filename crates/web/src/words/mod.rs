//! What the page says, in the reader's language.
//!
//! All words stand in the `.ftl` files beside this one. A key that is missing shows as itself; a test sees to it that
//! none is.

use std::sync::OnceLock;

use crate::data::Data;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use hearth_node::api::Failure;
use unic_langid::LanguageIdentifier;

/// A value that is put into a sentence.
pub(crate) type Arg<'a> = FluentValue<'a>;

/// A language that the page speaks: its tag, its name in itself, its words, and what the node says in it: its failures, and
/// what else it tells in sentences. The node itself speaks English, so in English its own words are shown.
const LANGUAGES: [(&str, &str, &str, [&str; 2]); 2] = [
    ("en", "English", include_str!("en.ftl"), ["", ""]),
    (
        "de",
        "Deutsch",
        include_str!("de.ftl"),
        [include_str!("de.failures.ftl"), include_str!("de.said.ftl")],
    ),
];

/// The words of one language.
pub(crate) struct Words {
    tag: &'static str,
    name: &'static str,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Words({})", self.tag)
    }
}

static ALL: OnceLock<Vec<Words>> = OnceLock::new();

fn all() -> &'static [Words] {
    ALL.get_or_init(|| {
        let read = |(tag, name, source, [failures, said]): &(
            &'static str,
            &'static str,
            &str,
            [&str; 2],
        )| {
            let identifier: LanguageIdentifier = tag.parse().unwrap_or_default();
            let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
            // Names of people stand in elements of their own, which isolate them.
            bundle.set_use_isolating(false);
            for text in [source, failures, said] {
                let resource = FluentResource::try_new((*text).to_owned())
                    .unwrap_or_else(|(resource, _)| resource);
                bundle.add_resource_overriding(resource);
            }
            Words { tag, name, bundle }
        };
        LANGUAGES.iter().map(read).collect()
    })
}

impl Words {
    /// Chooses by what the person chose, else by what the browser asks for, else English.
    pub(crate) fn choose(chosen: Option<&str>, accepted: Option<&str>) -> &'static Self {
        let known = |wanted: &str| {
            let base = wanted.split(['-', '_']).next().unwrap_or(wanted);
            all()
                .iter()
                .find(|words| words.tag.eq_ignore_ascii_case(base))
        };
        let asked = accepted.into_iter().flat_map(|list| list.split(','));
        // Browsers send them in order of preference.
        let mut tags = chosen
            .into_iter()
            .chain(asked.map(|one| one.split(';').next().unwrap_or(one).trim()));
        let first = || all().first();
        match tags.find_map(known).or_else(first) {
            Some(words) => words,
            None => unreachable_words(),
        }
    }

    /// Returns the languages that there are: tag and name.
    pub(crate) fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
        all().iter().map(|words| (words.tag, words.name))
    }

    /// Returns the tag, for the `lang` attribute.
    pub(crate) const fn tag(&self) -> &'static str {
        self.tag
    }

    /// Returns a sentence.
    pub(crate) fn say(&self, key: &str) -> String {
        self.format(key, None).unwrap_or_else(|| key.to_owned())
    }

    /// Returns a sentence with values in it.
    pub(crate) fn with(&self, key: &str, values: &[(&str, Arg<'_>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, value.clone());
        }
        self.format(key, Some(&args))
            .unwrap_or_else(|| key.to_owned())
    }

    /// Returns the word for a value that the engine names, or the value itself.
    pub(crate) fn of(&self, kind: &str, value: &str) -> String {
        self.format(&format!("{kind}-{value}"), None)
            .unwrap_or_else(|| value.to_owned())
    }

    /// Returns the name of a template that comes with the program, in this language; where there is none, the engine takes
    /// the English one.
    pub(crate) fn template(&self, name: &str) -> String {
        match self.tag {
            "en" => name.to_owned(),
            tag => format!("{name}.{tag}"),
        }
    }

    /// Returns a sentence where the language has it.
    pub(crate) fn maybe(&self, key: &str) -> Option<String> {
        self.format(key, None)
    }

    /// Says what failed: in the reader's language where it has words for it, else as the node says it. A code that stands
    /// for many things has `{ $reason }` in its words, where the node's own sentence goes.
    pub(crate) fn failure(&self, failure: &Failure) -> (String, Option<String>) {
        let key = format!("failure-{}", failure.code.replace('_', "-"));
        let mut reason = FluentArgs::new();
        reason.set("reason", failure.message.as_str());
        if let Some(told) = self.invalid(failure, &reason) {
            return (told, None);
        }
        match self.format(&key, Some(&reason)) {
            Some(message) if message.contains(&failure.message) => (message, failure.hint.clone()),
            Some(message) => (message, None),
            None => (failure.message.clone(), failure.hint.clone()),
        }
    }

    /// Says what is wrong with a value that was typed, where the failure tells it in parts: what is `wrong` with it, in which
    /// field, and the limit.
    fn invalid(&self, failure: &Failure, reason: &FluentArgs<'_>) -> Option<String> {
        let details = Data(failure.details.as_ref()?);
        let key = format!("failure-invalid-{}", details.some("wrong")?);
        let field = details.text("field");
        let named = self.format(&format!("typed-{}", field.replace(' ', "-")), None);
        let mut args = FluentArgs::new();
        for (name, value) in reason.iter() {
            args.set(name.to_owned(), value.clone());
        }
        args.set("field", named.unwrap_or_else(|| field.to_owned()));
        for name in ["value", "unit"] {
            args.set(name, details.text(name).to_owned());
        }
        for name in ["min", "max"] {
            args.set(name, details.number(name).unwrap_or_default());
        }
        self.format(&key, Some(&args))
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        Some(
            self.bundle
                .format_pattern(pattern, args, &mut errors)
                .into_owned(),
        )
    }
}

/// There is always a first language; this is what the compiler is told.
fn unreachable_words() -> &'static Words {
    static NONE: OnceLock<Words> = OnceLock::new();
    NONE.get_or_init(|| Words {
        tag: "en",
        name: "English",
        bundle: FluentBundle::new_concurrent(Vec::new()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use serde_json::json;

    use super::*;

    /// Each key with the names of the values that its sentence takes.
    fn keys(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in source.lines() {
            if line.starts_with(|first: char| first.is_ascii_lowercase())
                && let Some((key, _)) = line.split_once('=')
            {
                current = key.trim().to_owned();
                assert!(
                    found.insert(current.clone(), BTreeSet::new()).is_none(),
                    "{current} stands there twice"
                );
            }
            for rest in line.split('$').skip(1) {
                let name: String = rest
                    .chars()
                    .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
                    .collect();
                if let Some(names) = found.get_mut(&current) {
                    names.insert(name);
                }
            }
        }
        found
    }

    #[test]
    fn every_language_says_everything() {
        let english = keys(LANGUAGES[0].2);
        assert!(english.len() > 100);
        for (tag, _, source, [failures, said]) in LANGUAGES {
            for text in [failures, said] {
                assert!(FluentResource::try_new(text.to_owned()).is_ok(), "{tag}");
            }
            // What the node says is put into no other file: there would be two sources of one sentence.
            assert!(keys(said).keys().all(|key| !english.contains_key(key)));
            assert!(keys(failures).keys().all(|key| key.starts_with("failure-")));
            assert!(
                FluentResource::try_new(source.to_owned()).is_ok(),
                "{tag} does not parse"
            );
            let other = keys(source);
            for (key, names) in &english {
                assert_eq!(other.get(key), Some(names), "{tag}: {key}");
            }
            assert_eq!(other.len(), english.len(), "{tag} says more than English");
        }
    }

    fn sources(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs")
            {
                into.push_str(&std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }

    #[test]
    fn every_key_that_a_screen_names_is_there() {
        let mut source = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut source,
        );
        let english = keys(LANGUAGES[0].2);
        let mut named = 0;
        for call in [".say(\"", ".with(\"", ".with(\n"] {
            for rest in source.split(call).skip(1) {
                let rest = rest.trim_start().trim_start_matches('"');
                let key = rest.split('"').next().unwrap_or_default();
                if key.contains(['{', '(', ')', '&']) {
                    continue;
                }
                named += 1;
                assert!(english.contains_key(key), "no words for {key}");
            }
        }
        assert!(named > 100, "{named}");
    }

    #[test]
    fn a_failure_is_told_in_the_language_of_the_page() {
        let failure =
            Failure::usage("wrong_passphrase", "This is English.").with_hint("So is this.");
        let (message, hint) = Words::choose(Some("de"), None).failure(&failure);
        assert!(message.starts_with("Diese Passphrase") && hint.is_none());
        let (message, hint) = Words::choose(Some("en"), None).failure(&failure);
        assert_eq!(
            (message.as_str(), hint.as_deref()),
            ("This is English.", Some("So is this."))
        );
        // What somebody who helps has to know is not lost in the translation.
        let fault = Failure::error("internal", "No such table.").with_hint("Report it.");
        let (message, hint) = Words::choose(Some("de"), None).failure(&fault);
        assert!(message.starts_with("Etwas in diesem") && message.ends_with("No such table."));
        assert_eq!(hint.as_deref(), Some("Report it."));
        // What is wrong with a value is told in parts.
        let invalid = |details: serde_json::Value| {
            let failure = Failure::usage("invalid", "This is English.").with_details(details);
            let words = Words::choose(Some("de"), None);
            (
                words.failure(&failure).0,
                Words::choose(Some("en"), None).failure(&failure).0,
            )
        };
        let long =
            json!({ "wrong": "too-long", "field": "question", "max": 20_000, "unit": "bytes" });
        let (german, english) = invalid(long);
        assert_eq!(
            german,
            "Frage: Das ist zu lang. Mehr als 20000 Bytes gehen nicht."
        );
        assert_eq!(english, "This is English.");
        let range = json!({ "wrong": "range", "field": "mood", "min": 1.0, "max": 5.0 });
        assert_eq!(
            invalid(range).0,
            "Wie es war: Die Zahl muss von 1 bis 5 sein."
        );
        assert_eq!(
            invalid(json!({ "wrong": "new" })).0,
            "Eine Angabe passt nicht. Geändert wurde nichts."
        );
        let other = Failure::usage("never_heard_of", "This is English.");
        assert_eq!(
            Words::choose(Some("de"), None).failure(&other).0,
            "This is English."
        );
    }

    #[test]
    fn what_the_page_says_itself_is_not_said_over() {
        let mut source = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut source,
        );
        let mut own = 0;
        for rest in source.split("Failure::").skip(1) {
            let made = rest.split(';').next().unwrap_or_default();
            let code = made.split('"').nth(1).unwrap_or_default();
            let says = made.split_once(".say(").or(made.split_once(".with("));
            if says.is_none_or(|(before, _)| before.matches('"').count() != 2) {
                continue;
            }
            own += 1;
            let key = format!("failure-{}", code.replace('_', "-"));
            for (tag, _, _, [failures, _]) in LANGUAGES {
                assert!(!keys(failures).contains_key(&key), "{tag}: {key}");
            }
        }
        assert!(own > 5, "{own}");
    }

    #[test]
    fn the_browser_says_which_language_is_read() {
        let tag = |chosen, accepted| Words::choose(chosen, accepted).tag();
        assert_eq!(tag(None, None), "en");
        assert_eq!(tag(None, Some("fr-FR,de-CH;q=0.8,en;q=0.5")), "de");
        assert_eq!(tag(Some("en"), Some("de")), "en");
        assert_eq!(tag(Some("xx"), Some("")), "en");
    }
}
