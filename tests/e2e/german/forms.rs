//! Forms that go wrong.

use super::Parts;

/// A form that goes wrong: where it stands, where it is sent, its fields.
pub(super) type WrongForm<'a> = (String, String, Vec<(&'a str, &'a str)>);

/// Forms that the node refuses or that say too little.
pub(super) fn wrong_forms<'a>(parts: &Parts) -> Vec<WrongForm<'a>> {
    let at = |part: &str| format!("/n/{}{part}", parts.notebook);
    let goal = at(&format!("/goals/{}", parts.goal));
    let session = at(&format!("/sessions/{}", parts.session));
    let here = |place: String, act: &str, fields: Vec<(&'a str, &'a str)>| {
        let action = format!("{place}{act}");
        (place, action, fields)
    };
    let mut all = vec![
        here(at("/goals"), "", vec![("title", "")]),
        here(
            at("/goals"),
            "",
            vec![("title", "Α"), ("kind", "smart"), ("baseline", "δύο")],
        ),
        here(at("/goals"), "", vec![("title", "Α"), ("due", "ποτέ")]),
        here(goal.clone(), "/status", vec![("status", "dropped")]),
        here(goal.clone(), "/progress", vec![("value", "")]),
        here(goal, "/milestones", vec![("title", "")]),
        here(at("/sessions"), "", vec![("at", "ποτέ")]),
        here(
            at("/sessions"),
            "",
            vec![("at", "2027-01-01T15:00"), ("zone", "Πού/Εδώ")],
        ),
        here(
            at("/sessions"),
            "",
            vec![("at", "2027-01-01T15:00"), ("template", "τίποτα")],
        ),
        here(
            at("/sessions"),
            "",
            vec![("at", "2027-01-01T15:00"), ("minutes", "100000")],
        ),
        here(session.clone(), "/agenda", vec![("title", "")]),
        here(session, "/wrap", vec![("all", "1"), ("mood", "9")]),
        here(
            at("/agreement"),
            "/sign",
            vec![("hash", "x"), ("sure", "yes")],
        ),
        here(at("/agreement"), "/sign", vec![("hash", "x")]),
        here(at("/questions"), "", vec![("text", "")]),
        here(at("/feedback"), "", vec![]),
        here(at("/skills"), "", vec![("title", "Τέχνη"), ("value", "3")]),
        here(at("/skills"), "", vec![("title", "Άλλη"), ("value", "9")]),
        here(at("/checkins"), "", vec![("value", "9")]),
        here(
            at("/people"),
            "/invite",
            vec![("role", "κύριος"), ("hours", "24")],
        ),
        (at("/move"), at("/import"), vec![("text", "{")]),
        (at("/move"), at("/export"), vec![("format", "html")]),
        (at("/move"), at("/rename"), vec![("title", "")]),
        (at("/move"), at("/reopen"), vec![]),
        (
            at("/move"),
            at("/bundle"),
            vec![("sure", "yes"), ("person", "κανείς")],
        ),
        (
            at("/move"),
            at("/certificate"),
            vec![("person", "κανείς"), ("words", "Λόγια")],
        ),
        (
            at("/conflicts"),
            at("/conflicts"),
            vec![("conflict", "x"), ("nth", "1")],
        ),
        (
            "/begin".to_owned(),
            "/begin/join".to_owned(),
            vec![("ticket", "hearth1")],
        ),
        (
            "/begin".to_owned(),
            "/begin/create".to_owned(),
            vec![("title", ""), ("form", "peer")],
        ),
        (
            "/sync".to_owned(),
            at("/mirrors"),
            vec![("ticket", "hearth1")],
        ),
        (
            "/settings".to_owned(),
            "/passphrase".to_owned(),
            vec![("new", "α"), ("again", "β")],
        ),
        (
            "/settings".to_owned(),
            "/backup".to_owned(),
            vec![
                ("path", "πού"),
                ("sure", "yes"),
                ("new", "α"),
                ("again", "α"),
            ],
        ),
        ("/settings".to_owned(), "/browsers".to_owned(), vec![]),
        (
            "/journal".to_owned(),
            "/journal".to_owned(),
            vec![("text", "")],
        ),
    ];
    for key in [
        "network",
        "unlock_minutes",
        "invite_hours",
        "journal_copies",
        "reminders",
        "zone",
    ] {
        all.push((
            "/settings".to_owned(),
            format!("/settings/{key}"),
            vec![("value", "άκυρο")],
        ));
    }
    let long: &'static str = Box::leak("Ω".repeat(70_000).into_boxed_str());
    all.push((at("/questions"), at("/questions"), vec![("text", long)]));
    all
}
