//! Checks of what a person typed, each with an error that says what would serve.

use crate::error::Invalid;
use crate::limits::{
    LINK_BYTES_MAX, MINUTES_MAX, PEOPLE_MAX, QUOTE_CHARS_MAX, TEXT_BYTES_MAX, TITLE_CHARS_MAX,
};
use crate::people::PersonRef;
use crate::when;

/// Shortens a text for an error or a line of history, with an ellipsis where something is left out.
pub(crate) fn quote(text: &str) -> String {
    let mut letters = text.chars();
    let mut short: String = letters.by_ref().take(QUOTE_CHARS_MAX).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// A title: not blank, at most [`TITLE_CHARS_MAX`] characters; white space around it is dropped.
pub(crate) fn title<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::Empty { field });
    }
    if text.chars().nth(TITLE_CHARS_MAX).is_some() {
        return Err(Invalid::TooLong {
            field,
            max: TITLE_CHARS_MAX,
            unit: "characters",
        });
    }
    Ok(text)
}

/// A text that may be empty, at most [`TEXT_BYTES_MAX`] bytes.
pub(crate) fn text<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Invalid> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Invalid::TooLong {
            field,
            max: TEXT_BYTES_MAX,
            unit: "bytes",
        });
    }
    Ok(text)
}

/// A text that must say something.
pub(crate) fn words<'a>(field: &'static str, words: &'a str) -> Result<&'a str, Invalid> {
    if words.trim().is_empty() {
        return Err(Invalid::Empty { field });
    }
    text(field, words)
}

/// A date in its stored form.
pub(crate) fn date(text: &str) -> Result<String, Invalid> {
    Ok(when::date(text)?.to_string())
}

/// A finite number.
pub(crate) fn number(field: &'static str, number: f64) -> Result<f64, Invalid> {
    if number.is_finite() {
        Ok(number)
    } else {
        Err(Invalid::Range {
            field,
            min: f64::MIN,
            max: f64::MAX,
        })
    }
}

/// Minutes from 1 to a day.
pub(crate) fn minutes(minutes: u32) -> Result<i64, Invalid> {
    if (1..=MINUTES_MAX).contains(&minutes) {
        Ok(i64::from(minutes))
    } else {
        Err(Invalid::Range {
            field: "number of minutes",
            min: 1.0,
            max: f64::from(MINUTES_MAX),
        })
    }
}

/// A number from 1 to 5.
pub(crate) fn one_to_five(field: &'static str, value: u32) -> Result<i64, Invalid> {
    if (1..=5).contains(&value) {
        Ok(i64::from(value))
    } else {
        Err(Invalid::Range {
            field,
            min: 1.0,
            max: 5.0,
        })
    }
}

/// A link or a place of which others know where it leads: one line without white space, at most
/// [`LINK_BYTES_MAX`] bytes.
pub(crate) fn link<'a>(field: &'static str, link: &'a str) -> Result<&'a str, Invalid> {
    let link = link.trim();
    if link.is_empty() {
        return Err(Invalid::Empty { field });
    }
    if link.len() > LINK_BYTES_MAX {
        return Err(Invalid::TooLong {
            field,
            max: LINK_BYTES_MAX,
            unit: "bytes",
        });
    }
    let is_scheme = |scheme: &str| {
        let mut letters = scheme.bytes();
        letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let scheme = link.split_once(':').map(|(scheme, _)| scheme);
    let odd = link.chars().any(|c| c.is_whitespace() || c.is_control());
    if odd || !scheme.is_some_and(is_scheme) {
        return Err(Invalid::Word {
            field,
            value: quote(link),
            valid: "a whole address, as in https://example.org/page",
        });
    }
    Ok(link)
}

/// A list of people of bearable length.
pub(crate) fn people(field: &'static str, people: &[PersonRef]) -> Result<(), Invalid> {
    if people.len() > PEOPLE_MAX {
        return Err(Invalid::TooLong {
            field,
            max: PEOPLE_MAX,
            unit: "people",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn titles_are_trimmed_and_bounded_in_characters() {
        assert_eq!(title("title", "  Ein Ziel \n").unwrap(), "Ein Ziel");
        assert!(title("title", " \t\n").is_err());
        assert!(title("title", &"ß".repeat(TITLE_CHARS_MAX)).is_ok());
        assert!(title("title", &"ß".repeat(TITLE_CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn a_link_says_where_it_leads() {
        for good in ["https://a.example/x?y#z", " mailto:a@b ", "file:notes.pdf"] {
            assert_eq!(link("link", good).unwrap(), good.trim());
        }
        for bad in [
            "",
            "a.example",
            "https://a b",
            "://x",
            "1a:x",
            "x:\u{1b}[2J",
        ] {
            assert!(link("link", bad).is_err(), "{bad}");
        }
        assert!(link("link", &format!("x:{}", "y".repeat(LINK_BYTES_MAX))).is_err());
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        assert!(number("target", f64::NAN).is_err());
        assert!(number("target", f64::INFINITY).is_err());
        assert!(minutes(0).is_err());
        assert!(minutes(MINUTES_MAX + 1).is_err());
    }
}
