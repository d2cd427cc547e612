//! Invitations, members, and who can read.

use serde_json::Value;

use super::{author, counted, joined, names};
use crate::output::fields::{Fields, name};
use crate::output::ids::is_plain;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `invite create`: `ticket`, `expires`, `role`; `out` and `qr` where they were asked for.
pub(crate) fn invite(data: &Value, page: &mut Page) {
    if data.text("out").is_empty() {
        page.line(data.text("ticket"));
    } else {
        page.line(format!("The ticket is in {}.", data.text("out")));
    }
    if !data.text("qr").is_empty() {
        page.gap();
        page.prose(data.text("qr"), 0);
    }
    page.gap();
    page.quiet(format!(
        "Good for one person, until {}.",
        page.clock().time(data.text("expires"))
    ));
    page.quiet("Send it over a channel that you trust, and keep `hearth up` running meanwhile.");
    page.gap();
    page.quiet("They run: hearth join TICKET");
}

/// `invite list`: `invites[]` with `id`, `role`, `state`, `expires`, `used_by`.
pub(crate) fn invites(data: &Value, page: &mut Page) {
    let invites = data.list("invites");
    if invites.is_empty() {
        page.line("There is no invitation.");
        return;
    }
    let mut table = Table::default();
    for invite in invites {
        let when = match invite.text("state") {
            "expired" => format!("expired {}", page.clock().time(invite.text("expires"))),
            "used" if !invite.called("used_by").is_empty() => {
                format!("used by {}", invite.called("used_by"))
            }
            "" | "open" => format!("open until {}", page.clock().time(invite.text("expires"))),
            state => state.to_owned(),
        };
        table.row([
            Cell::new(invite.text("role")),
            Cell::new(when),
            Cell::quiet(page.short(invite.text("id"))),
        ]);
    }
    page.table(&table, 0);
}

/// `invite revoke`: `invite`.
pub(crate) fn revoked(data: &Value, page: &mut Page) {
    let id = page.short(data.at("invite").text("id")).to_owned();
    page.line(format!(
        "The invitation {id} is revoked. Whoever tries it will be told so."
    ));
}

/// `join`: `notebook` and `words`.
pub(crate) fn joined_notebook(data: &Value, page: &mut Page) {
    let notebook = data.at("notebook");
    page.title(format!("{} is on this device.", notebook.text("title")));
    page.gap();
    page.line("Compare these words with whoever invited you, by voice or face to face:");
    verification_words(data.text("words"), page);
    match notebook.list("members").iter().find(|member| {
        member.at("me") == &Value::Bool(false) && member.text("verification") == "open"
    }) {
        Some(inviter) if is_plain(inviter.text("id")) => page.next(
            &format!(
                "hearth member verify {{}} {} --match",
                page.short(inviter.text("id"))
            ),
            notebook.text("id"),
        ),
        _ => page.next("hearth member list {}", notebook.text("id")),
    }
}

/// `member list`: `members[]`, and `turned_away[]` with a `message` each.
pub(crate) fn members(data: &Value, page: &mut Page) {
    member_rows(data.list("members"), page);
    if !data.list("turned_away").is_empty() {
        page.gap();
        for newcomer in data.list("turned_away") {
            page.styled(newcomer.text("message"), Style::Now);
        }
        page.next(
            "hearth invite create {} --as ROLE",
            data.at("notebook").text("id"),
        );
    }
}

/// Writes members, one a line.
pub(super) fn member_rows(members: &[Value], page: &mut Page) {
    let mut table = Table::default();
    for member in members {
        let verified = match (member.at("verified"), member.text("verification")) {
            (Value::Bool(true), _) => Cell::styled("words compared", Style::Good),
            (Value::Bool(false), "differ") => Cell::styled("words differ", Style::Danger),
            // Only who was paired has words to compare; the word of whoever let them in stands for the others.
            (Value::Bool(false), "none") => match member.at("added_by").text("name") {
                "" => Cell::default(),
                by => Cell::quiet(format!("let in by {by}")),
            },
            (Value::Bool(false), _) => Cell::styled("words not compared", Style::Now),
            _ => Cell::default(),
        };
        let devices = names(member.list("devices"));
        table.row([
            Cell::new(member_name(member)),
            Cell::new(joined([
                member.text("role"),
                if member.flag("admin") { "admin" } else { "" },
            ])),
            Cell::quiet(devices),
            verified,
            Cell::quiet(page.short(member_id(member))),
        ]);
    }
    page.table(&table, 2);
}

/// `member verify`: `member` and `words`.
pub(crate) fn words(data: &Value, page: &mut Page) {
    let member = data.at("member");
    page.line(format!("You and {} should both see:", member_name(member)));
    verification_words(data.text("words"), page);
    page.gap();
    page.line("Compare them by voice or face to face, then run the same command with --match or --differ.");
}

/// `member verify --match`: `member`.
pub(crate) fn matched(data: &Value, page: &mut Page) {
    let name = member_name(data.at("member"));
    if data.flag("out") {
        page.line(format!(
            "Taken back: {name} may join again with a new ticket, and you compare the words that it gives."
        ));
        page.next(
            "hearth invite create {} --as ROLE",
            data.at("notebook").text("id"),
        );
        return;
    }
    page.styled(
        format!("Recorded: you and {name} saw the same words."),
        Style::Good,
    );
}

/// `member verify --differ`: `member`, `removed`; where not, `who_can[]`.
pub(crate) fn differed(data: &Value, page: &mut Page) {
    let name = member_name(data.at("member"));
    page.styled(
        format!("Recorded: your words and {name}'s differ."),
        Style::Danger,
    );
    page.line(
        "Somebody may stand in between, or the ticket went to somebody else: whoever joined as this \
         person may not be the one you meant.",
    );
    if data.flag("removed") {
        page.line(
            "They are removed for everybody, the ticket is void, and what is written from now on has a \
             new key. What they received before they keep.",
        );
        page.line("Invite again, over another channel.");
        page.quiet(
            "If you misread them: the same command with --match lets the same keys in again.",
        );
    } else {
        page.line(
            "From now on this device exchanges nothing of this notebook with theirs. They stay a member \
             for the others.",
        );
        let who = names(data.list("who_can"));
        if !who.is_empty() {
            page.line(format!("Who can remove them for everybody: {who}."));
        }
        page.line(
            "What they received before they keep. You can leave, or go on in a fork without them.",
        );
    }
}

/// `member remove`: `member` as it was, `notebook`.
pub(crate) fn removed(data: &Value, page: &mut Page) {
    let name = member_name(data.at("member"));
    page.line(format!(
        "{name} is removed from {}.",
        data.called("notebook")
    ));
    page.line(
        "What they could read until now they keep. What is written from now on has a new key.",
    );
    page.next("hearth readers {}", data.at("notebook").text("id"));
}

/// `member leave`: `notebook`.
pub(crate) fn left(data: &Value, page: &mut Page) {
    page.line(format!("You have left {}.", data.called("notebook")));
    page.line(
        "This copy stays readable. The others hear of it as soon as one of your devices reaches one of theirs.",
    );
    page.next("hearth status", "");
}

/// `member role` and `member admin`: `member`, `notebook`.
pub(crate) fn changed(data: &Value, page: &mut Page) {
    let member = data.at("member");
    let admin = if member.flag("admin") {
        "an admin"
    } else {
        "no admin"
    };
    page.line(format!(
        "{} is {} now, and {admin}.",
        member_name(member),
        member.text("role")
    ));
    if member.text("role") == "observer" {
        page.line("An observer reads everything and writes nothing.");
    }
    page.next("hearth member list {}", data.at("notebook").text("id"));
}

/// `readers`: `readers[]`, each with `name`, `devices[]` and `since`.
pub(crate) fn readers(data: &Value, page: &mut Page) {
    let departed = data.at("departed").text("message");
    if !departed.is_empty() {
        page.styled(
            format!(
                "{departed} This is as it was known here then; the others go on under other keys."
            ),
            Style::Now,
        );
    }
    let readers = data.list("readers");
    let devices: usize = readers
        .iter()
        .map(|reader| reader.list("devices").len())
        .sum();
    page.title(format!(
        "{}, {} can read",
        counted(readers.len() as u64, "person", "people"),
        counted(devices as u64, "device", "devices")
    ));
    let mut table = Table::default();
    for reader in readers {
        for device in reader.list("devices") {
            let since = match device.text("since") {
                "" => reader.text("since"),
                since => since,
            };
            let since = if since.is_empty() {
                String::new()
            } else {
                format!("since {}", page.clock().time(since))
            };
            table.row([
                Cell::new(member_name(reader)),
                Cell::new(name(device)),
                Cell::quiet(since),
            ]);
        }
    }
    page.table(&table, 2);
    let past = names(data.list("past_readers"));
    if !past.is_empty() {
        page.line(format!("Only what was written before: {past}"));
    }
}

fn verification_words(words: &str, page: &mut Page) {
    page.gap();
    page.styled(format!("  {words}"), Style::Strong);
}

fn member_name(member: &Value) -> String {
    match member.text("name") {
        "" => author(member.at("person")),
        name => name.to_owned(),
    }
}

fn member_id(member: &Value) -> &str {
    match member.at("person") {
        Value::String(id) => id,
        person => person.text("id"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn an_invitation_is_one_token_and_how_to_use_it() {
        let data = json!({"id": "abcdefghijkl", "ticket": "hearth1abcdef", "expires": "2026-11-24T15:00:00Z"});
        insta::assert_snapshot!(testing::page(&data, invite), @r"
        hearth1abcdef

        Good for one person, until Tue 24 Nov 16:00.
        Send it over a channel that you trust, and keep `hearth up` running meanwhile.

        They run: hearth join TICKET
        ");
    }

    #[test]
    fn invitations_say_what_became_of_them() {
        let data = json!({"invites": [
            {"id": "abcdefghijkl", "role": "mentee", "state": "open", "expires": "2026-11-24T15:00:00Z"},
            {"id": "bcdefghijklm", "role": "mentee", "state": "used", "used_by": {"name": "Ben"}},
            {"id": "cdefghijklmn", "role": "peer", "state": "expired", "expires": "2026-11-20T15:00:00Z"},
            {"id": "defghijklmno", "role": "peer", "state": "revoked"},
        ]});
        insta::assert_snapshot!(testing::page(&data, invites), @r"
        mentee  open until Tue 24 Nov 16:00  abcdefgh
        mentee  used by Ben                  bcdefghi
        peer    expired Fri 20 Nov 16:00     cdefghij
        peer    revoked                      defghijk
        ");
    }

    #[test]
    fn joining_ends_with_the_words_to_compare() {
        let data = json!({"notebook": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Ada and Ben"},
            "words": "harbor ladder violet stone kettle orbit"});
        insta::assert_snapshot!(testing::page(&data, joined_notebook), @r"
        Ada and Ben is on this device.

        Compare these words with whoever invited you, by voice or face to face:

          harbor ladder violet stone kettle orbit

        Next: hearth member list RK2QF7MZ
        ");
    }

    #[test]
    fn matching_and_differing_words_are_both_recorded() {
        let data = json!({"member": {"name": "Ben"}, "words": "harbor ladder violet"});
        insta::assert_snapshot!(testing::page(&data, words), @r"
        You and Ben should both see:

          harbor ladder violet

        Compare them by voice or face to face, then run the same command with --match or --differ.
        ");
        insta::assert_snapshot!(testing::page(&data, matched), @"Recorded: you and Ben saw the same words.");
        insta::assert_snapshot!(testing::page(&data, differed), @r"
        Recorded: your words and Ben's differ.
        Somebody may stand in between, or the ticket went to somebody else: whoever joined as this person may not be the one you meant.
        From now on this device exchanges nothing of this notebook with theirs. They stay a member for the others.
        What they received before they keep. You can leave, or go on in a fork without them.
        ");
        let removed = json!({"member": {"name": "Ben"}, "removed": true});
        insta::assert_snapshot!(testing::page(&removed, differed), @r"
        Recorded: your words and Ben's differ.
        Somebody may stand in between, or the ticket went to somebody else: whoever joined as this person may not be the one you meant.
        They are removed for everybody, the ticket is void, and what is written from now on has a new key. What they received before they keep.
        Invite again, over another channel.
        If you misread them: the same command with --match lets the same keys in again.
        ");
        let out = json!({"member": {"name": "Ben"}, "out": true, "notebook": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ"}});
        insta::assert_snapshot!(testing::page(&out, matched), @r"
        Taken back: Ben may join again with a new ticket, and you compare the words that it gives.

        Next: hearth invite create RK2QF7MZ --as ROLE
        ");
    }

    #[test]
    fn removing_leaving_and_roles_say_what_stays_and_what_is_next() {
        let data = json!({"member": {"name": "Ben", "role": "observer", "admin": false},
            "notebook": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Ada and Ben"}});
        insta::assert_snapshot!(testing::page(&data, super::removed), @r"
        Ben is removed from Ada and Ben.
        What they could read until now they keep. What is written from now on has a new key.

        Next: hearth readers RK2QF7MZ
        ");
        insta::assert_snapshot!(testing::page(&data, left), @r"
        You have left Ada and Ben.
        This copy stays readable. The others hear of it as soon as one of your devices reaches one of theirs.

        Next: hearth status
        ");
        insta::assert_snapshot!(testing::page(&data, changed), @r"
        Ben is observer now, and no admin.
        An observer reads everything and writes nothing.

        Next: hearth member list RK2QF7MZ
        ");
    }

    #[test]
    fn readers_are_counted_by_person_and_device() {
        let data = json!({"readers": [
            {"person": "x", "name": "Ada", "since": "2026-11-23T08:00:00Z", "devices": [{"label": "laptop"}]},
            {"person": "y", "name": "Ben", "devices": [
                {"label": "laptop", "since": "2026-11-23T09:00:00Z"}, {"label": "desk PC"}]},
        ]});
        insta::assert_snapshot!(testing::page(&data, readers), @r"
        2 people, 3 devices can read
          Ada  laptop   since 09:00
          Ben  laptop   since 10:00
          Ben  desk PC
        ");
    }
}
