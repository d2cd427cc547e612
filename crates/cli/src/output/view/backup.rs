//! Backups.

use serde_json::Value;

use super::counted;
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;

/// `backup create`: `out`, `bytes`, `notebooks`, `entries`, `opened_by[]`.
pub(crate) fn created(data: &Value, page: &mut Page) {
    page.line(format!(
        "Wrote {} with {} to {}.",
        counted(data.count("notebooks"), "notebook", "notebooks"),
        counted(data.count("entries"), "entry", "entries"),
        data.text("out")
    ));
    page.quiet(match data.list("opened_by") {
        [_] => "Your recovery phrase opens it, and nothing else does.",
        _ => "The passphrase that you gave opens it, or your recovery phrase.",
    });
    page.quiet("It holds no key of this device: what is restored from it is a device of its own.");
    page.quiet("Your settings are in it, but for the address of the calendar, which each device has for itself.");
    page.next_with("hearth backup check", data.text("out"));
}

/// `backup check`: `backup`, `records`, `entries`, `notebooks`.
pub(crate) fn checked(data: &Value, page: &mut Page) {
    page.styled(
        format!(
            "Opened {} and checked {}: no damage found.",
            counted(data.count("records"), "record", "records"),
            counted(data.count("entries"), "entry", "entries")
        ),
        Style::Good,
    );
    let backup = data.at("backup");
    let made = page.clock().time(backup.text("made_at"));
    page.quiet(format!(
        "A backup of {} of {}, made on {} {made}",
        counted(data.count("notebooks"), "notebook", "notebooks"),
        backup.called("person"),
        backup.called("device"),
    ));
}

/// `backup restore`: `person`, `device`, `backup`, `notebooks`.
pub(crate) fn restored(data: &Value, page: &mut Page) {
    let made = page.clock().time(data.at("backup").text("made_at"));
    page.title(format!(
        "Welcome back, {}. This device is called {}.",
        data.called("person"),
        data.called("device")
    ));
    page.line(format!(
        "{} here as of {made}, and can be read.",
        counted(data.count("notebooks"), "notebook is", "notebooks are")
    ));
    if data.count("settings") > 0 {
        page.line("Your settings are as they were.");
    }
    page.line(
        "To write, this device has to be taken in: by your recovery phrase, or by another device",
    );
    page.line("of yours that runs `hearth device link`; then run `hearth device accept TICKET --label LABEL`.");
    page.next("hearth recover --label LABEL", "");
}

/// `verify FILE`: `notebook`, `exported_by`, `people[]`, `from`, `to`, `entries`, `changes`.
pub(crate) fn verified(data: &Value, page: &mut Page) {
    page.styled("Every byte is as it was signed.", Style::Good);
    let exporter = data.at("exported_by");
    let notebook = data.at("notebook");
    page.facts([
        (
            "notebook",
            format!("{} {}", notebook.text("title"), notebook.text("id")),
        ),
        (
            "exported by",
            format!("{}, {}", exporter.text("name"), exporter.text("device")),
        ),
        ("from", page.clock().time(data.text("from"))),
        ("to", page.clock().time(data.text("to"))),
        ("entries", data.count("entries").to_string()),
        ("changes", data.count("changes").to_string()),
    ]);
    page.part("Who wrote, by their signatures");
    for person in data.list("people") {
        page.line(format!(
            "  {}, {} {}",
            person.text("name"),
            counted(person.count("changes"), "change", "changes"),
            page.short(person.text("person"))
        ));
    }
    super::overview::bases(data, page);
    page.gap();
    page.quiet(
        "Names and the title are as the exporter states them; ids and signatures are proven.",
    );
    if !data.flag("exporter_is_member") {
        page.styled("Whoever exported it is no member any more.", Style::Now);
    }
    let left = data.count("unopened") + data.count("uncounted");
    if left > 0 {
        page.quiet(format!(
            "{left} entries count for nothing or cannot be opened."
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn what_was_written_says_what_opens_it() {
        let data = json!({"out": "/tmp/x", "notebooks": 2, "entries": 1, "opened_by": ["recovery-phrase"]});
        insta::assert_snapshot!(testing::page(&data, created), @r"
        Wrote 2 notebooks with 1 entry to /tmp/x.
        Your recovery phrase opens it, and nothing else does.
        It holds no key of this device: what is restored from it is a device of its own.
        Your settings are in it, but for the address of the calendar, which each device has for itself.

        Next: hearth backup check /tmp/x
        ");
    }

    #[test]
    fn what_was_restored_says_how_it_comes_to_write() {
        let data = json!({"person": {"name": "Ana"}, "device": {"label": "laptop"}, "notebooks": 1,
            "settings": 2, "backup": {"made_at": "2026-11-23T14:35:00Z"}});
        insta::assert_snapshot!(testing::page(&data, restored), @r"
        Welcome back, Ana. This device is called laptop.
        1 notebook is here as of 15:35, and can be read.
        Your settings are as they were.
        To write, this device has to be taken in: by your recovery phrase, or by another device
        of yours that runs `hearth device link`; then run `hearth device accept TICKET --label LABEL`.

        Next: hearth recover --label LABEL
        ");
    }
}
