//! Which words a German screen may not say.

use std::collections::BTreeSet;
use std::path::Path;

use hearth_e2e::page_visitor::said_by;
use serde_json::Value;

/// Words that no German sentence has and hardly any English one does without.
const ENGLISH: &str = "the of and is not with for to you your this that it are be has have from by at or as what who \
    when where which they their them there here will would can could should may must no yes all any one two more most \
    only other others out up over new old first last next was were been being do does did done if so than then \
    session sessions goal goals agreement changed added removed cleared chosen imported owner reason unknown somebody \
    everything nothing shown signed wrote waiting since until before after again back";

/// Words that are the same in both languages, or are typed as they stand.
const ALLOWED: &str = "hearthside mentor mentee peer hearth restore graduate verify backup json ics markdown okr smart woop \
    grow esco enter esc ctrl n0 laptop english";

const ENGLISH_WORDS: &str = include_str!("../../../crates/web/src/words/en.ftl");
const GERMAN_WORDS: [&str; 3] = [
    include_str!("../../../crates/web/src/words/de.ftl"),
    include_str!("../../../crates/web/src/words/de.failures.ftl"),
    include_str!("../../../crates/web/src/words/de.said.ftl"),
];

/// The words of a text. One that is cut off is none: what is left of a German one may be English. Neither is a number
/// in hexadecimal, with whatever its letters spell.
fn words(text: &str) -> impl Iterator<Item = String> {
    let is_hexadecimal =
        |word: &str| word.len() >= 8 && word.bytes().all(|letter| letter.is_ascii_hexdigit());
    text.split_whitespace()
        .filter(move |word| !word.ends_with('…') && !is_hexadecimal(word))
        .flat_map(|word| word.split(|letter: char| !letter.is_alphabetic()))
        .filter(|word| word.chars().count() > 1)
        .map(str::to_lowercase)
}

/// The words of a Fluent file: what it says, without keys, comments, values and choices.
fn of_fluent(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        let said = match line.starts_with(|first: char| first.is_ascii_lowercase()) {
            true => line.split_once('=').map_or(line, |(_, said)| said),
            false => line.split_once(']').map_or(line, |(_, said)| said),
        };
        let mut outside = String::new();
        for part in said.split('{') {
            outside.push_str(part.split_once('}').map_or(
                if part.trim_start().starts_with('$') {
                    ""
                } else {
                    part
                },
                |(_, after)| after,
            ));
            outside.push(' ');
        }
        found.extend(words(&outside));
    }
    found
}

/// The words of the templates in a folder.
fn of_templates(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(&folder).expect("the templates");
    let files = files.map(|file| file.expect("a file").path());
    let mut found = BTreeSet::new();
    for file in files.filter(|file| file.extension().is_some_and(|ext| ext == "json")) {
        let template: Value =
            serde_json::from_slice(&std::fs::read(&file).expect("a template")).expect("JSON");
        for field in ["title", "about", "notes"] {
            found.extend(words(template[field].as_str().unwrap_or_default()));
        }
        found.extend(words(&template["agenda"].to_string()));
    }
    assert!(found.len() > 100, "{}", folder.display());
    found
}

/// The words that no German screen may say.
pub(super) fn forbidden() -> BTreeSet<String> {
    let mut forbidden = of_fluent(ENGLISH_WORDS);
    forbidden.extend(of_templates("../crates/notebook/templates"));
    forbidden.extend(words(ENGLISH));
    let mut others: BTreeSet<String> = words(ALLOWED).collect();
    others.extend(GERMAN_WORDS.iter().flat_map(|one| of_fluent(one)));
    others.extend(of_templates("../crates/notebook/templates/de"));
    // The names of fields in the templates' files.
    for field in ["title", "minutes", "prompts"] {
        others.remove(field);
    }
    forbidden.retain(|word| !others.contains(word));
    forbidden
}

/// What a page says with a word in it that it may not.
pub(super) fn found(page: &str, forbidden: &BTreeSet<String>) -> Vec<String> {
    let is_english = |said: &String| words(said).any(|word| forbidden.contains(&word));
    said_by(page).into_iter().filter(is_english).collect()
}
