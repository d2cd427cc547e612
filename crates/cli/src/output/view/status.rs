//! Identity, the node, and what each peer has confirmed.

use serde_json::Value;

use super::peers::{peers, set_aside};
use super::{addresses, joined};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// How many words of the recovery phrase stand in a row.
const PHRASE_COLUMNS: usize = 4;

/// `init`: `person`, `device`, and `recovery_phrase` unless it went to `recovery_out`.
pub(crate) fn init(data: &Value, page: &mut Page) {
    page.title(format!(
        "{} is on {}.",
        data.called("person"),
        data.called("device")
    ));
    let phrase = data.text("recovery_phrase");
    if phrase.is_empty() {
        page.line(format!(
            "The recovery phrase is in {}.",
            data.text("recovery_out")
        ));
    } else {
        page.gap();
        page.line(
            "Your recovery phrase, shown this once. Write it down and keep it off this device:",
        );
        page.gap();
        phrase_table(phrase, page);
        page.gap();
        page.line(
            "It is the only key to who you are once every device is lost. Nobody can make it again.",
        );
    }
    page.line("Only your own devices have your journal. When none is left, it is lost, even with the phrase.");
    page.quiet(
        "  To let those who share a notebook with you keep a copy that only the phrase opens:",
    );
    page.quiet("  hearth config set journal_copies members");
    page.next("hearth notebook create TITLE --form one-on-one", "");
    page.quiet("  or: hearth join TICKET");
}

/// Puts the words of a phrase in numbered columns.
pub(super) fn phrase_table(phrase: &str, page: &mut Page) {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let mut table = Table::default();
    for (row, words) in words.chunks(PHRASE_COLUMNS).enumerate() {
        table.row(words.iter().enumerate().flat_map(|(column, word)| {
            let number = row * PHRASE_COLUMNS + column + 1;
            [Cell::right(number.to_string()), Cell::new(word)]
        }));
    }
    page.table(&table, 2);
}

/// One step of `demo`: `what` and `took_ms`.
pub(crate) fn step(data: &Value, page: &mut Page) {
    let took = data
        .number("took_ms")
        .map(|ms| format!("{:>8.0} ms  ", ms))
        .unwrap_or_default();
    page.line(format!("{took}{}", step_name(data)));
}

/// What a step of `demo` does, in a few words.
pub(crate) fn step_name(data: &Value) -> &str {
    [data.text("what"), data.text("name")]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// The end of `demo`: `converged`, and `home` where it was kept.
pub(crate) fn demo(data: &Value, page: &mut Page) {
    page.gap();
    page.styled(
        "Both copies are equal: the same heads, and the same exported JSON.",
        Style::Good,
    );
    if !data.text("home").is_empty() {
        page.line(format!("Both homes are in {}.", data.text("home")));
    }
    page.next("hearth init --name NAME", "");
}

/// The ready line of `up`: `addrs[]`, `network`, `pid`; of a home without an identity `first_run` and `web_url`.
pub(crate) fn ready(data: &Value, page: &mut Page) {
    if data.flag("first_run") {
        page.line(
            "There is no identity here yet. Open this in a browser of this machine to begin:",
        );
        page.line(data.text("web_url"));
        page.quiet("Or stop with Ctrl-C and run: hearth init --name NAME");
        return;
    }
    page.line(format!("Ready on {}. Stop with Ctrl-C.", addresses(data)));
    let link = data.text("web_url");
    if !link.is_empty() {
        page.line(format!(
            "Your notebooks, in one browser of this machine: {link}"
        ));
    }
}

/// `status`: beyond the contract, a peer may have `confirmed_at`, the time up to which it has
/// confirmed everything. `behind` counts our changes that the peer has not confirmed, `ahead`
/// those it has that are not here.
pub(crate) fn status(data: &Value, page: &mut Page) {
    let person = data.called("person");
    page.title(joined([person, data.called("device")]));
    let node = data.at("node");
    if node.flag("running") {
        page.line(format!(
            "The node runs, network {}, on {}",
            network(node),
            addresses(node)
        ));
    } else {
        page.line(format!(
            "The node does not run here, network {}",
            network(node)
        ));
    }
    if !node.text("reveals").is_empty() {
        page.quiet(node.text("reveals"));
    }
    if data.flag("recovery_kept") {
        page.styled(
            "Your recovery phrase is still kept here. Write it down: hearth recovery show",
            Style::Now,
        );
    }
    own_devices(data, page);
    let notebooks = data.list("notebooks");
    for notebook in notebooks {
        page.gap();
        page.title(notebook.text("title"));
        let warning = notebook.text("warning");
        if !warning.is_empty() {
            page.styled(format!("  {warning}"), Style::Now);
        }
        if notebook.at("departed").is_null() {
            peers(notebook, page);
        }
        for newcomer in notebook.list("turned_away") {
            page.styled(format!("  {}", newcomer.text("message")), Style::Now);
        }
        set_aside(notebook, page);
    }
    // Whether one's own other devices have the journal too; with one device there is nothing to tell.
    let journals = data.list("journals").iter();
    for journal in journals.filter(|journal| has_others(journal)) {
        page.gap();
        page.title(journal.text("title"));
        super::peers::own(journal, page);
    }
    if notebooks.is_empty() {
        page.next("hearth notebook create TITLE --form one-on-one", "");
    } else if !node.flag("running") {
        page.next("hearth up", "");
    } else {
        page.next("hearth today", "");
    }
}

/// Says whether anything but this device has a journal, sealed or not.
fn has_others(journal: &Value) -> bool {
    !journal.list("peers").is_empty() || !journal.list("mirrors").is_empty()
}

/// What stands about this person's own devices: a warning, what became of a copied home, the others.
fn own_devices(data: &Value, page: &mut Page) {
    if !data.text("warning").is_empty() {
        page.styled(data.text("warning"), Style::Danger);
    }
    let anew = data.at("enrolled_anew");
    if !anew.is_null() {
        page.styled(super::device::anew(anew, page.clock()), Style::Now);
    }
    let others: Vec<&str> = data
        .list("devices")
        .iter()
        .filter(|device| !device.flag("this") && !device.flag("revoked"))
        .map(|device| device.text("label"))
        .collect();
    if !others.is_empty() {
        page.quiet(format!("Your other devices: {}", others.join(", ")));
    }
    capsule(data.at("capsule"), page);
    for awaited in data.list("awaited") {
        page.styled(super::device::awaited(awaited), Style::Now);
    }
}

/// What a recovery would find: `made`, `keepers` of `devices`, `mirrors[]`, `journal`.
fn capsule(capsule: &Value, page: &mut Page) {
    if capsule.is_null() {
        return;
    }
    let mirrors = capsule.list("mirrors");
    let devices = match capsule.count("devices") {
        0 if mirrors.is_empty() => {
            page.styled(
                "Nobody keeps what your recovery phrase needs: no other device has a notebook of yours.",
                Style::Now,
            );
            return;
        }
        0 => None,
        1 => Some("1 other device".to_owned()),
        devices => Some(format!("{devices} other devices")),
    };
    let devices = devices.map(|of| format!("{} of {of}", capsule.count("keepers")));
    let keeping = mirrors.iter().filter(|mirror| mirror.flag("keeps"));
    let by_mirrors = match mirrors.len() {
        0 => None,
        1 => Some(format!("{} of 1 mirror", keeping.count())),
        all => Some(format!("{} of {all} mirrors", keeping.count())),
    };
    let by: Vec<String> = devices.into_iter().chain(by_mirrors).collect();
    page.quiet(format!(
        "What your recovery phrase needs is kept by {}, as of {}",
        by.join(" and "),
        page.clock().ago(capsule.text("made"))
    ));
    for full in mirrors.iter().filter(|mirror| mirror.flag("had_no_room")) {
        let line = format!("  the mirror {} has no room for it", full.text("name"));
        page.styled(line, Style::Now);
    }
    match capsule.text("journal") {
        "copied" => page.quiet("  with a copy of your journal, which only the phrase opens"),
        "too-large" => page.styled(
            "  without your journal, which has become too large for it: only your own devices have it",
            Style::Now,
        ),
        _ => {}
    }
}

fn network(node: &Value) -> String {
    match node.at("network") {
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        one => crate::output::fields::name(one).to_owned(),
    }
}

/// `doctor`: `checks[]`, each with `name`, `ok` and `detail`; other keys are facts.
pub(crate) fn doctor(data: &Value, page: &mut Page) {
    let mut table = Table::default();
    for check in data.list("checks") {
        let verdict = if check.flag("ok") {
            Cell::styled("ok", Style::Good)
        } else {
            Cell::styled("look", Style::Danger)
        };
        table.row([
            verdict,
            Cell::new(check.called("name")),
            Cell::quiet(check.text("detail")),
        ]);
    }
    for (key, value) in data.as_object().into_iter().flatten() {
        if let Some(text) = value.as_str() {
            table.row([Cell::default(), Cell::new(key), Cell::quiet(text)]);
        } else if value.is_number() || value.is_boolean() {
            table.row([
                Cell::default(),
                Cell::new(key),
                Cell::quiet(value.to_string()),
            ]);
        }
    }
    page.table(&table, 0);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn a_peer_is_told_by_when_it_was_heard_and_what_it_confirmed() {
        let data = json!({
            "person": {"id": "mfzwizjomvzxg2lp", "name": "Ada"},
            "device": {"id": "nzqw4zdfmqmfzwiz", "label": "laptop"},
            "node": {"running": true, "addrs": ["192.168.1.20:4711"], "network": "direct",
                "reveals": "Your peers learn this device's addresses."},
            "notebooks": [
                {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Ada and Ben", "pending_out": 5, "peers": [
                    {"person": "Ben", "device": "laptop", "state": "connected", "path": "direct",
                     "last_contact": "2026-11-23T14:35:00Z", "behind": 0, "ahead": 0, "verified": true},
                    {"person": "Ben", "device": "desk PC", "state": "seen", "path": "none",
                     "last_contact": "2026-11-23T13:00:00Z", "behind": 5, "ahead": 1, "verified": true},
                    {"person": "Ada", "device": "desk PC", "state": "seen", "path": "none",
                     "last_contact": "2026-11-23T13:00:00Z", "behind": 0, "ahead": 0, "verified": true,
                     "has_enough_links": true},
                    {"person": "Cy", "device": "phone", "state": "never", "path": "none",
                     "last_contact": null, "behind": 9, "ahead": 0, "verified": false, "verification": "open"},
                    {"person": "Di", "device": "phone", "state": "seen", "path": "none",
                     "last_contact": "2026-11-23T13:00:00Z", "behind": 0, "verified": false, "verification": "none"},
                    {"person": "Eve", "device": "phone", "state": "seen", "path": "none",
                     "last_contact": "2026-11-23T13:00:00Z", "behind": 9, "verified": false, "verification": "differ"},
                ]},
                {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "title": "Circle", "pending_out": 0, "peers": [
                    {"person": "Cy", "device": "phone", "state": "connected", "path": "direct",
                     "last_contact": "2026-11-23T14:35:00Z", "behind": 0, "ahead": 0, "verified": true,
                     "stopped": "the signature of the entry is wrong"},
                    {"person": "Di", "device": "phone", "state": "connected", "path": "direct",
                     "last_contact": "2026-11-23T14:35:00Z", "behind": 3, "ahead": 0, "verified": true,
                     "set_back": {"at": "2026-11-23T14:34:00Z", "lost_entries": 3, "made_good": false}},
                    {"person": "Di", "device": "desk PC", "state": "connected", "path": "direct",
                     "last_contact": "2026-11-23T14:35:00Z", "behind": 0, "ahead": 0, "verified": true,
                     "set_back": {"at": "2026-11-23T13:00:00Z", "lost_entries": 1, "made_good": true}},
                ], "set_aside_by": [
                    {"name": "Cy", "device": "q", "device_label": "phone", "entries": 2,
                     "reason": "its author may not write here: an observer only reads"},
                ]},
                {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AC", "title": "Empty", "pending_out": 0, "peers": []},
            ],
        });
        insta::assert_snapshot!(testing::page(&data, status), @r"
        Ada · laptop
        The node runs, network direct, on 192.168.1.20:4711
        Your peers learn this device's addresses.

        Ada and Ben
          Ben's laptop   connected (direct)                             has confirmed everything up to 15:35
          Ben's desk PC  last heard 2 h ago                             has confirmed all but your last 5 changes, has 1 change that is not here yet
          Ada's desk PC  last heard 2 h ago, linked with enough others  has confirmed everything up to 14:00
          Cy's phone     not heard from yet                                                                                                           words not compared yet
          Di's phone     last heard 2 h ago                             has confirmed everything up to 14:00
          Eve's phone    last heard 2 h ago                             has confirmed all but your last 9 changes                                     your words differ, so nothing is exchanged with them
          Kept on this device; 5 changes wait for somebody to confirm.

        Circle
          Cy's phone    connected (direct)  has confirmed everything up to 15:35
          Di's phone    connected (direct)  has confirmed all but your last 3 changes
          Di's desk PC  connected (direct)  has confirmed everything up to 15:35
          Nothing more is taken from Cy's phone now: the signature of the entry is wrong.
          Di's phone was set back to an older copy, seen 15:34: 3 entries that it had confirmed were gone there; what it lacks is sent again.
          Di's desk PC was set back to an older copy, seen 14:00: 1 entry that it had confirmed was gone there. It has all of it again.
          Set aside, since it does not count:
            Cy  phone  its author may not write here: an observer only reads  2 entries
            hearth verify lists each of them

        Empty
          Nobody else has this notebook yet.
          hearth invite create RK2QF8AC --as ROLE

        Next: hearth today
        ");
    }

    #[test]
    fn status_never_claims_what_nobody_confirmed() {
        let data = json!({"notebooks": [{"title": "T", "peers": [{"state": "surely"}, {}]}]});
        let page = testing::page(&data, status);
        assert!(page.contains("not heard from yet") && !page.contains("confirmed everything"));
    }

    #[test]
    fn the_recovery_phrase_is_numbered() {
        let phrase = (1..=24)
            .map(|n| format!("word{n}"))
            .collect::<Vec<_>>()
            .join(" ");
        let data = json!({"person": {"name": "Ada"}, "device": {"label": "laptop"}, "recovery_phrase": phrase});
        insta::assert_snapshot!(testing::page(&data, init), @r"
        Ada is on laptop.

        Your recovery phrase, shown this once. Write it down and keep it off this device:

           1  word1    2  word2    3  word3    4  word4
           5  word5    6  word6    7  word7    8  word8
           9  word9   10  word10  11  word11  12  word12
          13  word13  14  word14  15  word15  16  word16
          17  word17  18  word18  19  word19  20  word20
          21  word21  22  word22  23  word23  24  word24

        It is the only key to who you are once every device is lost. Nobody can make it again.
        Only your own devices have your journal. When none is left, it is lost, even with the phrase.
          To let those who share a notebook with you keep a copy that only the phrase opens:
          hearth config set journal_copies members

        Next: hearth notebook create TITLE --form one-on-one
          or: hearth join TICKET
        ");
    }

    #[test]
    fn the_demo_tells_each_step_and_what_it_took() {
        insta::assert_snapshot!(testing::page(&json!({"what": "Ben joins by ticket", "took_ms": 812}), step), @"     812 ms  Ben joins by ticket");
        insta::assert_snapshot!(testing::page(&json!({"converged": true, "home": "/tmp/demo"}), demo), @r"
        Both copies are equal: the same heads, and the same exported JSON.
        Both homes are in /tmp/demo.

        Next: hearth init --name NAME
        ");
    }

    #[test]
    fn the_ready_line_is_one_line() {
        let data =
            json!({"endpoint": "x", "addrs": ["192.168.1.20:4711"], "web_url": null, "pid": 7});
        insta::assert_snapshot!(testing::page(&data, ready), @"Ready on 192.168.1.20:4711. Stop with Ctrl-C.");
    }

    #[test]
    fn checks_say_what_to_look_at() {
        let data = json!({"checks": [
            {"name": "home", "ok": true, "detail": "0700"},
            {"name": "clock", "ok": false, "detail": "3 min behind"},
        ], "version": "0.1.0"});
        insta::assert_snapshot!(testing::page(&data, doctor), @r"
        ok    home     0700
        look  clock    3 min behind
              version  0.1.0
        ");
    }
}
