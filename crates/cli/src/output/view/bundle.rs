//! Bundles: what one holds and for whom, and what one brought.

use serde_json::Value;

use super::{counted, device, size};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;

/// Devices that are named; of more only the number is told.
const NAMED_MAX: usize = 6;

/// `bundle create`: `bundle`, `notebook`.
pub(crate) fn created(data: &Value, page: &mut Page) {
    let bundle = data.at("bundle");
    let out = match bundle.text("out") {
        "" => String::new(),
        out => format!(" to {out}"),
    };
    if bundle.flag("nothing_new") {
        page.line(format!(
            "There is nothing to bring: by what was told, all that is here of {} is on {} too.",
            data.called("notebook"),
            devices(bundle.list("for"))
        ));
        page.quiet(format!(
            "What was written{out} ({}) only says so in its turn; nobody needs it.",
            size(bundle.count("bytes"))
        ));
        return;
    }
    page.line(format!(
        "Wrote {} of {} ({}){out}.",
        counted(bundle.count("entries"), "change", "changes"),
        data.called("notebook"),
        size(bundle.count("bytes")),
    ));
    page.line(format!(
        "Only {} can open it, whoever carries it.",
        devices(bundle.list("for"))
    ));
    let unheard = bundle.list("never_heard");
    if bundle.flag("full") {
        page.quiet("Nothing is left out, as you asked.");
    } else if !unheard.is_empty() {
        let has = if unheard.len() == 1 { "has" } else { "have" };
        page.quiet(format!(
            "Nothing is left out: {} {has} never told what is there.",
            devices(unheard)
        ));
    } else if bundle.count("left_out") > 0 {
        page.quiet(format!(
            "Left out: {} that all of these told that they have.",
            counted(bundle.count("left_out"), "change", "changes"),
        ));
    }
    page.gap();
    page.quiet("On the other side: hearth bundle apply FILE");
}

/// `bundle apply`: `bundle`, `notebook`, `waiting`, `behind`.
pub(crate) fn applied(data: &Value, page: &mut Page) {
    let bundle = data.at("bundle");
    let from = bundle.at("from");
    let made = page.clock().time(bundle.text("made"));
    let of = if made.is_empty() {
        format!("the bundle of {}", device(from))
    } else {
        format!("the bundle that {} made at {made}", device(from))
    };
    let title = data.called("notebook");
    if bundle.flag("new_notebook") {
        page.line(format!("{title} is on this device now."));
    }
    let (entries, known) = (bundle.count("entries"), bundle.count("known"));
    let controls = bundle.count("controls");
    match (entries, controls) {
        (0, 0) => page.line(format!(
            "Nothing in {of} is new here: {title} had all of it already."
        )),
        (0, _) => page.line(format!(
            "Of {of} {} about who is in {title} {} new here.",
            counted(controls, "statement", "statements"),
            if controls == 1 { "is" } else { "are" }
        )),
        _ => page.line(format!(
            "Of {of} {} in {title} {} new here{}.",
            counted(entries, "change", "changes"),
            if entries == 1 { "is" } else { "are" },
            match known {
                0 => String::new(),
                known => format!(
                    "; {known} more {} known",
                    if known == 1 { "was" } else { "were" }
                ),
            }
        )),
    }
    let waiting = data.count("waiting");
    if waiting > 0 {
        page.styled(
            format!(
                "{} cannot be shown yet: a key or something before {} is not here.",
                counted(waiting, "change", "changes"),
                if waiting == 1 { "it" } else { "them" }
            ),
            Style::Now,
        );
    }
    let behind = data.count("behind");
    if behind > 0 {
        page.line(format!(
            "{} did not have {} of what is here then.",
            device(from),
            counted(behind, "change", "changes"),
        ));
        let command = format!(
            "hearth bundle create {} --for {{}} --out FILE",
            page.short(data.at("notebook").text("id"))
        );
        page.next(&command, from.text("person"));
    } else if entries > 0 {
        page.next("hearth log {}", data.at("notebook").text("id"));
    }
}

/// Names devices, or counts them where they are many.
fn devices(rows: &[Value]) -> String {
    let mut names: Vec<String> = rows.iter().map(device).collect();
    names.sort();
    match names.as_slice() {
        many if many.len() > NAMED_MAX => format!("{} devices of members", many.len()),
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    fn laptop(name: &str) -> Value {
        json!({"person": "7e4kqmfzmvzxg2lpnzxw63tbojuxg5dfon2wk43fojuxg2lpnzxw", "name": name,
            "device": "q", "device_label": "laptop"})
    }

    #[test]
    fn a_bundle_says_for_whom_it_is_and_what_it_leaves_out() {
        let notebook = json!({"id": "mfzwizjomvzxg2lpnzxw63tbojuxg5dfon2wk43fojuxg2lpnzxw", "title": "Ada and Ben"});
        let data = json!({"notebook": notebook, "bundle": {"for": [laptop("Ben")], "bytes": 23_000,
            "out": "/media/stick/x", "entries": 14, "left_out": 320, "never_heard": []}});
        insta::assert_snapshot!(testing::page(&data, created), @r"
        Wrote 14 changes of Ada and Ben (22.4 KiB) to /media/stick/x.
        Only Ben's laptop can open it, whoever carries it.
        Left out: 320 changes that all of these told that they have.

        On the other side: hearth bundle apply FILE
        ");
        let data = json!({"notebook": notebook, "bundle": {"for": [laptop("Ben"), laptop("Cy")], "bytes": 900,
            "entries": 1, "never_heard": [laptop("Cy")]}});
        insta::assert_snapshot!(testing::page(&data, created), @r"
        Wrote 1 change of Ada and Ben (900 B).
        Only Ben's laptop and Cy's laptop can open it, whoever carries it.
        Nothing is left out: Cy's laptop has never told what is there.

        On the other side: hearth bundle apply FILE
        ");
        let data = json!({"notebook": notebook, "bundle": {"for": [laptop("Ben")], "bytes": 900, "out": "x",
            "entries": 0, "left_out": 320, "nothing_new": true}});
        insta::assert_snapshot!(testing::page(&data, created), @r"
        There is nothing to bring: by what was told, all that is here of Ada and Ben is on Ben's laptop too.
        What was written to x (900 B) only says so in its turn; nobody needs it.
        ");
    }

    #[test]
    fn a_bundle_says_what_it_brought_and_what_goes_back() {
        let notebook = json!({"id": "mfzwizjomvzxg2lpnzxw63tbojuxg5dfon2wk43fojuxg2lpnzxw", "title": "Ada and Ben"});
        let data = json!({"notebook": notebook, "behind": 2, "waiting": 0, "bundle": {"from": laptop("Ada"),
            "made": "2026-11-23T14:35:00Z", "entries": 5, "known": 3}});
        insta::assert_snapshot!(testing::page(&data, applied), @r"
        Of the bundle that Ada's laptop made at 15:35 5 changes in Ada and Ben are new here; 3 more were known.
        Ada's laptop did not have 2 changes of what is here then.

        Next: hearth bundle create mfzwizjo --for 7e4kqmfz --out FILE
        ");
        let data = json!({"notebook": notebook, "waiting": 1, "bundle": {"from": laptop("Ada"), "entries": 1,
            "made": "2026-11-22T14:35:00Z", "new_notebook": true}});
        insta::assert_snapshot!(testing::page(&data, applied), @r"
        Ada and Ben is on this device now.
        Of the bundle that Ada's laptop made at Sun 22 Nov 15:35 1 change in Ada and Ben is new here.
        1 change cannot be shown yet: a key or something before it is not here.

        Next: hearth log mfzwizjo
        ");
        let data = json!({"notebook": notebook, "bundle": {"from": laptop("Ada"), "known": 3,
            "made": "2026-11-22T14:35:00Z"}});
        insta::assert_snapshot!(testing::page(&data, applied), @"Nothing in the bundle that Ada's laptop made at Sun 22 Nov 15:35 is new here: Ada and Ben had all of it already.");
    }
}
