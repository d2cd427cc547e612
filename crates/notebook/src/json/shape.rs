//! Which fields an object has in JSON, and of which type.

use serde_json::Value as Json;

use crate::id::Kind;

/// Keys of an object that are not its fields.
pub(super) const RESERVED: [&str; 9] = [
    "id",
    "created_by",
    "created_at",
    "updated_by",
    "updated_at",
    "conflicts",
    "signatures",
    "extra",
    "document_extra",
];

/// The keys of an object that come from the signed history, the signatures under a text among them.
pub(crate) const SIGNED: [&str; 5] = [
    "created_by",
    "created_at",
    "updated_by",
    "updated_at",
    "signatures",
];

/// Sets of people, and of tags: the word in the keys `word/PERSON`, and the name of the list in JSON.
pub(super) const PEOPLE: [(&str, &str); 5] = [
    ("owner", "owners"),
    ("attendee", "attendees"),
    ("attend", "attended"),
    ("participant", "participants"),
    ("tag", "tags"),
];

/// The lists at the top, in the order in which an import works through them. Only a journal has entries.
pub(super) const TOP: [Kind; 16] = [
    Kind::Goal,
    Kind::Session,
    Kind::Action,
    Kind::Question,
    Kind::Agreement,
    Kind::Exchange,
    Kind::Feedback,
    Kind::Skill,
    Kind::Resource,
    Kind::CheckIn,
    Kind::Note,
    Kind::Entry,
    Kind::Closing,
    Kind::Certificate,
    Kind::Receipt,
    Kind::Comment,
];

/// The kinds whose objects lie within one of this kind.
pub(super) fn parts(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::Goal => &[Kind::KeyResult, Kind::Milestone, Kind::Progress],
        Kind::Question => &[Kind::Answer],
        Kind::Agreement => &[Kind::Version],
        Kind::Exchange => &[Kind::Commitment, Kind::Opening],
        Kind::Skill => &[Kind::Rating, Kind::Evidence, Kind::Endorsement],
        _ => &[],
    }
}

/// The kinds at the root of a session's document.
pub(super) const CONTENT: [Kind; 6] = [
    Kind::Agenda,
    Kind::Decision,
    Kind::Insight,
    Kind::Learned,
    Kind::Mood,
    Kind::Run,
];

/// The names of the lists within objects.
pub(crate) fn lists_within() -> &'static [&'static str] {
    static NAMES: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
        let within = TOP.into_iter().flat_map(|kind| parts(kind).iter().copied());
        within.chain(CONTENT).map(Kind::plural).collect()
    });
    &NAMES
}

/// Whether a name serves as a field of an object of this kind in JSON, beside its other keys.
pub(super) fn is_field(kind: Kind, key: &str) -> bool {
    let mut letters = key.bytes();
    let plain = letters.next().is_some_and(|b| b.is_ascii_lowercase())
        && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    plain && !RESERVED.contains(&key) && !is_list(kind, key)
}

/// Whether a name is one of the lists of an object of this kind.
pub(super) fn is_list(kind: Kind, key: &str) -> bool {
    let of_session = kind == Kind::Session
        && (key == "notes" || CONTENT.into_iter().any(|part| part.plural() == key));
    of_session
        || parts(kind).iter().any(|part| part.plural() == key)
        || PEOPLE.iter().any(|(_, list)| *list == key)
}

/// What a field that we know must be; `None` where the value is fine or the field is not ours.
pub(crate) fn mismatch(key: &str, value: &Json) -> Option<&'static str> {
    let (fits, expected) = match key {
        "title" | "why" | "kind" | "status" | "reason" | "unit" | "due" | "note" | "at"
        | "zone" | "place" | "every" | "template" | "text" | "owner" | "goal" | "session"
        | "on" | "person" | "brought_by" | "done_in" | "next" | "form" | "phase" | "wish"
        | "outcome" | "obstacle" | "plan" | "situation" | "behaviour" | "impact" | "request"
        | "to" | "about" | "shared_from" | "exchange" | "commitment" | "words" | "uri" | "link"
        | "of" | "signed_text" | "prompts" | "sharing" | "series" | "slot" | "circle"
        | "stages" | "ended" | "statement" | "anchor_1" | "anchor_2" | "anchor_3" | "anchor_4"
        | "anchor_5" | "file_name" | "file_hash" => (value.is_string(), "a text"),
        "done" | "resolved" | "withdrawn" | "removed" | "series_ended" | "standing" | "closed"
        | "reopened" => (value.is_boolean(), "true or false"),
        "baseline" | "target" | "start" | "current" | "value" | "minutes" | "file_bytes" => {
            (value.is_number(), "a number")
        }
        _ => return None,
    };
    // A field that was cleared is null, whatever its type.
    (!fits && !value.is_null()).then_some(expected)
}
