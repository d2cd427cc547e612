//! How others stand: when each was last heard, and what of a notebook it has confirmed.

use serde_json::Value;

use super::{counted, device, or_id};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// Signers and reasons that `status` tells of a notebook; somebody hostile can give it many.
const SET_ASIDE_ROWS_MAX: usize = 6;

/// How each device and each mirror of a notebook stands: `peers[]`, `mirrors[]`, `pending_out`.
pub(super) fn peers(notebook: &Value, page: &mut Page) {
    let (peers, mirrors) = (notebook.list("peers"), notebook.list("mirrors"));
    if peers.is_empty() {
        page.line(if mirrors.is_empty() {
            "  Nobody else has this notebook yet."
        } else {
            "  Nobody else can read this notebook yet."
        });
        page.quiet(format!(
            "  hearth invite create {} --as ROLE",
            page.short(notebook.text("id"))
        ));
    } else {
        devices(peers, page);
    }
    confirmations(notebook, page);
}

/// How one's own devices and mirrors stand with a journal, into which nobody is invited: as of [`peers`].
pub(super) fn own(journal: &Value, page: &mut Page) {
    devices(journal.list("peers"), page);
    confirmations(journal, page);
}

fn confirmations(notebook: &Value, page: &mut Page) {
    let (peers, mirrors) = (notebook.list("peers"), notebook.list("mirrors"));
    super::mirror::rows(mirrors, 2, page);
    let pending = notebook.count("pending_out");
    if pending > 0 && !(peers.is_empty() && mirrors.is_empty()) {
        let wait = if pending == 1 { "waits" } else { "wait" };
        page.line(format!(
            "  Kept on this device; {} {wait} for somebody to confirm.",
            counted(pending, "change", "changes")
        ));
    }
}

/// One line for each device, and one for each from which nothing more is taken.
fn devices(peers: &[Value], page: &mut Page) {
    let mut table = Table::default();
    for peer in peers {
        let verified = match (peer.at("verified"), peer.text("verification")) {
            (Value::Bool(false), "differ") => Cell::styled(
                "your words differ, so nothing is exchanged with them",
                Style::Danger,
            ),
            // Whoever paired with somebody else has no words to compare with this device.
            (Value::Bool(true), _) | (_, "none") | (Value::Null, _) => Cell::default(),
            _ => Cell::styled("words not compared yet", Style::Now),
        };
        table.row([
            Cell::new(device(peer)),
            heard(peer, page),
            Cell::new(confirmed(peer, page)),
            verified,
        ]);
    }
    page.table(&table, 2);
    for peer in peers.iter().filter(|peer| !peer.text("stopped").is_empty()) {
        let line = format!(
            "  Nothing more is taken from {} now: {}.",
            device(peer),
            peer.text("stopped")
        );
        page.styled(line, Style::Danger);
    }
    for peer in peers.iter().filter(|peer| peer.at("set_back").is_object()) {
        set_back(peer, page);
    }
}

/// That a device was put back to an older copy of itself: `set_back` with `at`, `lost_entries`, `made_good`.
fn set_back(peer: &Value, page: &mut Page) {
    let told = peer.at("set_back");
    let at = page.clock().time(told.text("at"));
    let lost = told.count("lost_entries");
    let gone = if lost == 1 { "was" } else { "were" };
    let had = format!(
        "  {} was set back to an older copy, seen {at}: {} that it had confirmed {gone} gone there",
        device(peer),
        counted(lost, "entry", "entries")
    );
    if told.flag("made_good") {
        page.quiet(format!("{had}. It has all of it again."));
    } else {
        page.styled(format!("{had}; what it lacks is sent again."), Style::Now);
    }
}

/// What somebody signed and does not count: `set_aside_by[]` with who, on which device, why and how often.
pub(super) fn set_aside(notebook: &Value, page: &mut Page) {
    let signers = notebook.list("set_aside_by");
    if signers.is_empty() {
        return;
    }
    page.styled("  Set aside, since it does not count:", Style::Now);
    let mut table = Table::default();
    for signer in signers.iter().take(SET_ASIDE_ROWS_MAX) {
        table.row([
            Cell::new(or_id(signer, "name", "person")),
            Cell::new(or_id(signer, "device_label", "device")),
            Cell::new(signer.text("reason")),
            Cell::quiet(counted(signer.count("entries"), "entry", "entries")),
        ]);
    }
    page.table(&table, 4);
    let more = signers.len().saturating_sub(SET_ASIDE_ROWS_MAX);
    page.quiet(match more {
        0 => "    hearth verify lists each of them".to_owned(),
        more => format!("    and {more} more, which hearth verify lists"),
    });
}

/// When somebody was last heard, and by which way.
pub(super) fn heard(peer: &Value, page: &Page) -> Cell {
    let path = match peer.text("path") {
        "" | "none" => String::new(),
        path => format!(" ({path})"),
    };
    match peer.text("state") {
        "connected" => Cell::styled(format!("connected{path}"), Style::Good),
        "seen" => {
            let ago = page.clock().ago(peer.text("last_contact"));
            let why = if peer.flag("has_enough_links") {
                ", linked with enough others"
            } else {
                ""
            };
            Cell::quiet(format!("last heard {ago}{why}"))
        }
        _ => Cell::quiet("not heard from yet"),
    }
}

/// When somebody made the bundle that what it has is known from, where that is newer than what was heard.
fn told_by_bundle(peer: &Value, page: &Page) -> Option<String> {
    let made = peer.at("bundle").text("made");
    (!made.is_empty()).then(|| page.clock().time(made))
}

/// What somebody has confirmed of what is here.
pub(super) fn confirmed(peer: &Value, page: &Page) -> String {
    let bundle = told_by_bundle(peer, page);
    if !matches!(peer.text("state"), "connected" | "seen") && bundle.is_none() {
        return String::new();
    }
    let (behind, ahead) = (peer.count("behind"), peer.count("ahead"));
    let at = match peer.text("confirmed_at") {
        "" => peer.text("last_contact"),
        at => at,
    };
    let ours = match behind {
        0 if at.is_empty() => "has confirmed everything".to_owned(),
        0 => format!("has confirmed everything up to {}", page.clock().time(at)),
        1 => "has confirmed all but your last change".to_owned(),
        behind => format!("has confirmed all but your last {behind} changes"),
    };
    let ours = match (bundle, behind) {
        (Some(made), 0) => format!("has confirmed everything, by its bundle of {made}"),
        (Some(made), _) => format!("{ours}, by its bundle of {made}"),
        (None, _) => ours,
    };
    if ahead == 0 {
        return ours;
    }
    format!(
        "{ours}, has {} that {} not here yet",
        counted(ahead, "change", "changes"),
        if ahead == 1 { "is" } else { "are" }
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn a_mirror_of_a_notebook_that_nobody_else_can_read_is_shown_with_what_is_wrong() {
        let mirror = json!({"id": "m", "name": "Cellar", "state": "connected", "behind": 2,
            "warning": "it has no room for the rest"});
        let data = json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF8AC", "peers": [], "mirrors": [mirror],
            "pending_out": 2});
        insta::assert_snapshot!(testing::page(&data, peers), @r"
        Nobody else can read this notebook yet.
        hearth invite create RK2QF8AC --as ROLE
        mirror Cellar  connected  has confirmed all but your last 2 changes
        The mirror Cellar: it has no room for the rest.
        Kept on this device; 2 changes wait for somebody to confirm.
        ");
    }
}
