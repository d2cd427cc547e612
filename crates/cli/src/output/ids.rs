//! Short forms of ids that still name one thing.

use std::collections::BTreeSet;

use serde_json::Value;

/// The shortest form shown. Forty random bits tell apart whatever one notebook holds.
const SHORT_CHARS_MIN: usize = 8;

/// How deep ids are looked for; answers are shallower than this.
const DEPTH_MAX: usize = 16;

/// All ids of one answer, which its short forms must tell apart.
#[derive(Debug, Default)]
pub(crate) struct ShortIds {
    known: BTreeSet<String>,
}

impl ShortIds {
    /// Gathers the ids of an answer.
    pub(crate) fn of(data: &Value) -> Self {
        let mut ids = Self::default();
        ids.gather(data, 0);
        ids
    }

    fn gather(&mut self, value: &Value, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match member.as_str() {
                        Some(id) if is_id_key(key) => {
                            self.known.insert(id.to_owned());
                        }
                        _ => self.gather(member, depth + 1),
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.gather(item, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Shortens an id to the shortest form of at least eight characters that no other id of the
    /// answer shares: the end of a ULID, whose beginning is only the time, and the beginning of
    /// any other id. What is no plain word is returned whole, for the caller to clean.
    pub(crate) fn short<'a>(&self, id: &'a str) -> &'a str {
        if !is_plain(id) {
            return id;
        }
        let from_end = is_ulid(id);
        for length in SHORT_CHARS_MIN..id.len() {
            let part = |text: &'a str| -> Option<&'a str> {
                if from_end {
                    text.get(text.len() - length..)
                } else {
                    text.get(..length)
                }
            };
            let Some(short) = part(id) else { return id };
            let shared = self
                .known
                .iter()
                .any(|other| other != id && (other.starts_with(short) || other.ends_with(short)));
            if !shared {
                return short;
            }
        }
        id
    }
}

/// Tells whether a text can stand in a command to paste without quoting.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Shortens the full ids in a sentence, as pages do with theirs. A command in it can be pasted all the same.
pub(crate) fn shorten_within(text: &str) -> String {
    let mut known = ShortIds::default();
    let words = || text.split(|letter: char| !letter.is_ascii_alphanumeric());
    known.known = words()
        .filter(|word| is_hash(word) || is_ulid(word))
        .map(str::to_owned)
        .collect();
    let mut shortened = text.to_owned();
    for id in &known.known {
        shortened = shortened.replace(id, known.short(id));
    }
    shortened
}

/// A hash is 52 characters of lower-case base32.
pub(crate) fn is_hash(id: &str) -> bool {
    id.len() == 52
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte))
}

fn is_id_key(key: &str) -> bool {
    matches!(
        key,
        "id" | "person" | "device" | "notebook" | "object" | "goal" | "session" | "change"
    )
}

/// A ULID is 26 characters of Crockford's base32, in capitals, the first of them at most 7.
fn is_ulid(id: &str) -> bool {
    id.len() == 26
        && id
            .bytes()
            .next()
            .is_some_and(|byte| (b'0'..=b'7').contains(&byte))
        && id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ulids_keep_their_end_and_hashes_their_beginning() {
        let ids = ShortIds::default();
        assert_eq!(ids.short("01JD8GNSQ4W5T3V7PXRK2QF7MZ"), "RK2QF7MZ");
        assert_eq!(ids.short("mfzwizjomvzxg2lpnzqw4zdfmq"), "mfzwizjo");
        assert_eq!(ids.short("abc"), "abc");
    }

    #[test]
    fn a_form_that_two_ids_share_grows_until_it_names_one() {
        let data = json!({"goals": [
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ"},
            {"id": "01JD8GNSQ4W5T3V7PARK2QF7MZ"},
        ]});
        let ids = ShortIds::of(&data);
        assert_eq!(ids.short("01JD8GNSQ4W5T3V7PXRK2QF7MZ"), "XRK2QF7MZ");
        assert_eq!(ids.short("01JD8GNSQ4W5T3V7PARK2QF7MZ"), "ARK2QF7MZ");
    }

    #[test]
    fn full_ids_in_a_sentence_are_shortened_and_nothing_else_is() {
        let id = "abcdefgh".to_owned() + &"2".repeat(44);
        let other = "abcdefgh".to_owned() + &"3".repeat(44);
        let one = format!("Run `hearth sync {id}`, then invite.");
        assert_eq!(
            shorten_within(&one),
            "Run `hearth sync abcdefgh`, then invite."
        );
        let two = format!("{id} or {other}");
        assert_eq!(shorten_within(&two), "abcdefgh2 or abcdefgh3");
        let whole = format!("hearth1{id} is a ticket");
        assert_eq!(shorten_within(&whole), whole);
    }

    #[test]
    fn what_is_no_id_is_left_whole() {
        let odd = "é; rm -rf ~ 01JD8GNSQ4W5T3";
        assert_eq!(ShortIds::default().short(odd), odd);
        assert!(!is_plain(odd));
    }
}
