//! Settings, locks and pages.

use serde_json::Value;

use super::counted;
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::table::{Cell, Table};

/// `lock`.
/// `node_stopped`: the node had to stop for it.
pub(crate) fn locked(data: &Value, page: &mut Page) {
    page.line("Locked: the keys are gone from memory.");
    if data.flag("node_stopped") {
        page.line("The node was stopped for it; `hearth up` starts it again.");
    }
    page.next("hearth unlock", "");
}

/// `unlock`: `until` where the keys are kept for a while, `node` where a process that runs holds them, and for a mirror
/// its `protection`.
pub(crate) fn unlocked(data: &Value, page: &mut Page) {
    match (data.text("until"), data.text("protection")) {
        (until, _) if !until.is_empty() => {
            page.line(format!("Unlocked until {}.", page.clock().time(until)));
        }
        (_, "bare") => return page.line("No passphrase protects this home: it is never locked."),
        (_, "keyring") => page.line("Unlocked until this computer restarts."),
        _ if data.flag("node") => {
            page.line("Unlocked for as long as the process runs that has this home open.");
            page.quiet("`hearth lock` stops it.");
            return;
        }
        _ => page.line("Unlocked."),
    }
    page.next("hearth lock", "");
}

/// `passphrase change`.
pub(crate) fn passphrase_changed(_: &Value, page: &mut Page) {
    page.line("The passphrase is changed. The old one no longer opens this home.");
    page.quiet("A copy of the home that was made before still opens with the old one.");
}

/// `calendar`: `on`, `titles`, `url`.
pub(crate) fn calendar(data: &Value, page: &mut Page) {
    let calendar = data.at("calendar");
    if !calendar.flag("on") {
        page.line("The calendar is off.");
        page.next("hearth calendar on", "");
        return;
    }
    page.line(calendar.text("url"));
    page.quiet(match calendar.flag("titles") {
        true => "Served to this machine while hearth up runs, with titles and places.",
        false => "Served to this machine while hearth up runs, without titles and places.",
    });
    page.quiet(
        "Whoever knows the address can read it; `hearth calendar renew` gives it another one.",
    );
}

/// `config get`: `key` and `value`; nothing else, for whoever takes it into a script.
pub(crate) fn one(data: &Value, page: &mut Page) {
    page.line(value(data.at("value")));
}

/// `config set`: the same, and what a network profile `reveals`.
pub(crate) fn set(data: &Value, page: &mut Page) {
    one(data, page);
    if !data.text("reveals").is_empty() {
        page.quiet(data.text("reveals"));
    }
}

/// `config list`: `settings[]` with `key`, `value`, `about`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let mut table = Table::default();
    for setting in data.list("settings") {
        table.row([
            Cell::new(setting.text("key")),
            Cell::new(value(setting.at("value"))),
            Cell::quiet(setting.text("about")),
        ]);
    }
    page.table(&table, 0);
}

/// `man`: `out` and `files[]`.
pub(crate) fn man(data: &Value, page: &mut Page) {
    let files = data.list("files").len() as u64;
    page.line(format!(
        "Wrote {} to {}.",
        counted(files, "page", "pages"),
        data.text("out")
    ));
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn settings_line_up() {
        let data = json!({"settings": [
            {"key": "unlock-minutes", "value": 15, "about": "how long one unlocking serves"},
            {"key": "network", "value": "direct", "about": "how devices find each other"},
        ]});
        insta::assert_snapshot!(testing::page(&data, list), @r"
        unlock-minutes  15      how long one unlocking serves
        network         direct  how devices find each other
        ");
        assert_eq!(
            testing::page(&json!({"key": "network", "value": "lan"}), one),
            "lan\n"
        );
        let lan =
            json!({"key": "network", "value": "lan", "reveals": "The local network sees it."});
        assert_eq!(testing::page(&lan, one), "lan\n");
        assert_eq!(
            testing::page(&lan, set),
            "lan\nThe local network sees it.\n"
        );
    }

    #[test]
    fn unlocking_says_until_when() {
        insta::assert_snapshot!(testing::page(&json!({"until": "2026-11-23T15:15:00Z"}), unlocked), @r"
        Unlocked until 16:15.

        Next: hearth lock
        ");
        insta::assert_snapshot!(testing::page(&json!({"unlocked": true, "node": true}), unlocked), @r"
        Unlocked for as long as the process runs that has this home open.
        `hearth lock` stops it.
        ");
        let bare = json!({"unlocked": true, "until": null, "protection": "bare"});
        insta::assert_snapshot!(testing::page(&bare, unlocked), @"No passphrase protects this home: it is never locked.");
    }
}
