//! The text of a certificate.

use jiff::civil::Date;

use crate::closure::{Facts, GoalFact};

/// Columns after which a line is broken; what cannot be broken stands on a line of its own.
const COLUMNS: usize = 78;

/// What a certificate says beside what was counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateFacts<'a> {
    /// For whom it is: name and id.
    pub of: (&'a str, &'a str),
    /// Who signs it: name and id.
    pub by: (&'a str, &'a str),
    /// What the notebook is called.
    pub notebook: &'a str,
    /// Its id.
    pub notebook_id: &'a str,
    /// The day of the signature.
    pub on: Date,
    /// The signer's own words; may be empty.
    pub words: &'a str,
}

/// Writes the text that is signed: what was achieved, in plain words, the same for the same facts.
///
/// Whatever somebody wrote is one line or indented, so that it can pass for no line of the text's own.
#[must_use]
pub fn certificate_text(about: &CertificateFacts<'_>, facts: &Facts) -> String {
    let (of, by) = (line(about.of.0), line(about.by.0));
    let mut text = format!(
        "{of}\nhas worked with {by}\nin the mentoring notebook “{}”.\n",
        line(about.notebook)
    );
    sessions(facts, &mut text);
    if !facts.achieved.is_empty() {
        text.push_str("\nGoals achieved\n");
        for goal in &facts.achieved {
            item(&goal_line(goal), &mut text);
        }
    }
    let skills: Vec<_> = facts
        .skills
        .iter()
        .filter(|skill| !skill.figures.is_empty() || !skill.endorsed.is_empty())
        .collect();
    if !skills.is_empty() {
        text.push_str("\nSkills, then and now, from 1 to 5\n");
        for skill in skills {
            let seen: Vec<String> = skill.figures.iter().map(figures).collect();
            item(
                &format!("{}: {}", line(&skill.title), seen.join("; ")),
                &mut text,
            );
            for (name, note) in &skill.endorsed {
                let note = match line(note) {
                    note if note.is_empty() => String::new(),
                    note => format!(": “{note}”"),
                };
                wrapped(
                    &format!("vouched for by {}{note}", line(name)),
                    "    ",
                    "    ",
                    &mut text,
                );
            }
        }
    }
    if !about.words.trim().is_empty() {
        text.push_str(&format!("\nIn the words of {by}\n"));
        for paragraph in about.words.trim().lines() {
            wrapped(paragraph, "  ", "  ", &mut text);
        }
    }
    text.push_str(&format!(
        "\nSigned on {} by {by}\n  person    {}\nfor {of}\n  person    {}\n  notebook  {}\n",
        day(about.on),
        about.by.1,
        about.of.1,
        about.notebook_id
    ));
    text
}

fn sessions(facts: &Facts, text: &mut String) {
    let date = |day: &Option<String>| {
        day.as_deref()
            .and_then(|day| day.parse::<Date>().ok())
            .map(self::day)
    };
    match (
        facts.sessions_held,
        date(&facts.first_session),
        date(&facts.last_session),
    ) {
        (0, ..) => {}
        (1, Some(on), _) => text.push_str(&format!("\nThey held one session, on {on}.\n")),
        (held, Some(first), Some(last)) => {
            text.push_str(&format!(
                "\nThey held {held} sessions, from {first} to {last}.\n"
            ));
        }
        (held, ..) => text.push_str(&format!("\nThey held {held} sessions.\n")),
    }
}

fn goal_line(goal: &GoalFact) -> String {
    let mut said = line(&goal.title);
    if let Some(measured) = &goal.measured {
        let unit = line(&measured.unit);
        let number = |value: f64| {
            let rounded = (value * 1_000.0).round() / 1_000.0;
            format!("{rounded}")
        };
        let numbers = match (measured.from, measured.to) {
            (Some(from), Some(to)) => format!("from {} to {}", number(from), number(to)),
            (None, Some(to)) => number(to),
            _ => String::new(),
        };
        if !numbers.is_empty() {
            let unit = if unit.is_empty() {
                unit
            } else {
                format!("{unit} ")
            };
            said.push_str(&format!(" ({unit}{numbers})"));
        }
    }
    if let Some(reason) = goal
        .reason
        .as_deref()
        .map(line)
        .filter(|reason| !reason.is_empty())
    {
        said.push_str(&format!(": {reason}"));
    }
    said
}

fn figures(figures: &crate::figures::Figures) -> String {
    let by = line(&figures.by.name);
    if figures.values.len() > 1 {
        format!("{by} said {}, then {}", figures.then, figures.now)
    } else {
        format!("{by} says {}", figures.now)
    }
}

/// A date as people write it.
fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

fn item(words: &str, text: &mut String) {
    wrapped(words, "  - ", "    ", text);
}

/// Puts words on lines, the first behind `first` and the others behind `rest`.
fn wrapped(words: &str, first: &str, rest: &str, text: &mut String) {
    let mut columns = 0;
    for word in words.split_whitespace() {
        let width = word.chars().count();
        if columns == 0 {
            text.push_str(first);
            columns = first.chars().count();
        } else if columns + 1 + width > COLUMNS {
            text.push('\n');
            text.push_str(rest);
            columns = rest.chars().count();
        } else {
            text.push(' ');
            columns += 1;
        }
        text.push_str(&printable(word));
        columns += width;
    }
    text.push('\n');
}

/// Makes one line of what somebody wrote.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    printable(&words.join(" "))
}

/// Leaves out what moves a cursor or turns the direction of what follows.
fn printable(text: &str) -> String {
    let is_plain = |letter: &char| {
        !letter.is_control()
            && !matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    text.chars().filter(is_plain).collect()
}
