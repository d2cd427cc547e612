//! The end of a mentoring relationship.

use serde_json::Value;

use super::{counted, names, whose};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

mod certificate;

use certificate::facts;
pub(crate) use certificate::{certificate_page, verified};

/// `graduate`: `graduation` with `frozen`, `closed`, `topics[]`, `certificates[]`, `receipts[]`, `devices[]`;
/// `done[]` and `files[]` of this command.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let graduation = data.at("graduation");
    if graduation.flag("destroyed") {
        destroyed(graduation, page);
        written(data, page);
        return;
    }
    let only_files = |step: &Value| matches!(step.as_str(), Some("certificate" | "copied"));
    if !data.list("done").is_empty() && data.list("done").iter().all(only_files) {
        page.title(graduation.called("notebook"));
        written(data, page);
        return;
    }
    head(graduation, page);
    reopening(graduation, page);
    facts(graduation.at("facts"), page);
    said(graduation, page);
    certificates(graduation, page);
    if graduation.flag("frozen") {
        holders(graduation, page);
    }
    written(data, page);
    next(graduation, page);
}

/// What somebody reads before they walk through the end.
pub(crate) fn walk_begins(data: &Value, page: &mut Page) {
    let graduation = data.at("graduation");
    head(graduation, page);
    facts(graduation.at("facts"), page);
    let unfinished = graduation.at("facts").list("unfinished");
    if !unfinished.is_empty() && !graduation.flag("frozen") {
        page.quiet(
            "  What became of a goal, its owner says with `hearth goal status`, before the end.",
        );
    }
    said(graduation, page);
    page.gap();
    page.line("You can stop after each step and go on later.");
}

/// What somebody reads once they have walked through.
pub(crate) fn walk_ends(data: &Value, page: &mut Page) {
    if data.at("graduation").flag("frozen") {
        page.line(
            "A copy that anybody can verify, your certificate and the keys are for later, when you",
        );
        page.line("want: --copy FILE, --certificate FILE, --destroy.");
        page.gap();
    }
}

/// What somebody reads before they close a notebook.
pub(crate) fn before_closing(data: &Value, page: &mut Page) {
    let graduation = data.at("graduation");
    page.title(format!("Close “{}”", graduation.called("notebook")));
    page.line(
        "It becomes an archive: everybody reads it as before, and nobody's hearth writes in it.",
    );
    page.line(
        "What somebody wrote before they heard of it still arrives. To open it again takes a word",
    );
    page.line("of each who writes in it.");
    let unfinished = graduation.at("facts").list("unfinished").len() as u64;
    if unfinished > 0 {
        let goals = counted(unfinished, "goal is", "goals are");
        page.quiet(format!("{goals} unfinished, and will stay so."));
    }
    let silent = names(graduation.list("silent"));
    if !silent.is_empty() {
        page.quiet(format!(
            "Nothing said about the end yet: {silent}. They can say it afterwards, too."
        ));
    }
}

/// What somebody reads before they destroy keys.
pub(crate) fn before_destroying(data: &Value, page: &mut Page) {
    let graduation = data.at("graduation");
    page.title(format!(
        "Destroy the keys of “{}”",
        graduation.called("notebook")
    ));
    page.line(
        "On all your devices: those that are off do it once they hear of it. It cannot be undone.",
    );
    page.line("Take your copy and your certificate first: --copy FILE, --certificate FILE.");
    cannot_promise(graduation, page);
}

fn head(graduation: &Value, page: &mut Page) {
    page.title(graduation.called("notebook"));
    if !graduation.flag("frozen") {
        page.quiet("not closed");
        return;
    }
    let closed = graduation.at("closed");
    if closed.is_null() {
        page.line("Closed: an archive that everybody reads and nobody writes in.");
        return;
    }
    let by = closed.at("by").text("name");
    let at = page.clock().time(closed.text("at"));
    page.line(format!(
        "Closed by {by}, {at}: an archive that everybody reads and nobody writes in."
    ));
}

fn reopening(graduation: &Value, page: &mut Page) {
    let reopening = graduation.at("reopening");
    let (wanted, lacks) = (reopening.list("wanted_by"), reopening.list("lacks"));
    if wanted.is_empty() || !graduation.flag("frozen") {
        return;
    }
    page.styled(
        format!(
            "To be opened again: wanted by {}, not yet by {}.",
            names(wanted),
            names(lacks)
        ),
        Style::Now,
    );
    page.quiet("It opens once each of them says so; whoever is gone for good can be removed: hearth member remove.");
}

fn said(graduation: &Value, page: &mut Page) {
    for topic in graduation.list("topics") {
        let answers = topic.list("answers");
        if answers.is_empty() {
            continue;
        }
        page.part(topic.text("title"));
        for answer in answers {
            page.quiet(format!("  {}", answer.text("name")));
            page.prose(answer.text("text"), 4);
        }
    }
}

fn certificates(graduation: &Value, page: &mut Page) {
    let all = graduation.list("certificates");
    if all.is_empty() {
        return;
    }
    page.part("Certificates");
    for one in all {
        let at = page.clock().time(one.text("at"));
        let by = whose(one.called("by"), one.text("device"));
        if one.flag("signed") {
            page.line(format!("  for {}, signed by {by}, {at}", one.called("of")));
        } else {
            let of = one.called("of");
            let line = format!("  for {of}, without a signature that fits: it proves nothing");
            page.styled(line, Style::Now);
        }
    }
}

/// Who holds a notebook that is closed, as far as they said.
fn holders(graduation: &Value, page: &mut Page) {
    page.part("Who holds it");
    let mut table = Table::default();
    for device in graduation.list("devices") {
        let who = whose(device.text("name"), device.text("device"));
        let said = match device.text("destroyed_at") {
            "" if device.flag("this") => Cell::new("this device"),
            "" => Cell::new("holds it, as far as is known"),
            at => Cell::new(format!(
                "said that it destroys its keys, {}",
                page.clock().time(at)
            )),
        };
        table.row([Cell::new(who), said]);
    }
    page.table(&table, 2);
    mirrors(graduation, page);
}

fn mirrors(graduation: &Value, page: &mut Page) {
    let mirrors: Vec<&str> = graduation
        .list("mirrors")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if !mirrors.is_empty() {
        page.quiet(format!(
            "  mirror {}: a sealed copy that it cannot read, until an admin takes the notebook from it",
            mirrors.join(", ")
        ));
    }
}

fn destroyed(graduation: &Value, page: &mut Page) {
    let devices = graduation.list("devices");
    let own: Vec<&Value> = devices.iter().filter(|one| one.flag("me")).collect();
    // What another device said, it said before it did it.
    let (said, waiting): (Vec<&Value>, Vec<&Value>) = own
        .into_iter()
        .filter(|one| !one.flag("this"))
        .partition(|one| !one.text("destroyed_at").is_empty());
    page.title(graduation.called("notebook"));
    let others: Vec<&str> = others(devices);
    let copies = match others.as_slice() {
        [] => String::new(),
        [one] => format!(" {one}'s copy is {one}'s."),
        many => format!(" The copies of {} are theirs.", list(many)),
    };
    page.styled(
        format!("Keys destroyed on this device.{copies}"),
        Style::Good,
    );
    for device in said {
        let at = page.clock().time(device.text("destroyed_at"));
        page.line(format!(
            "{} said that it destroys them, {at}.",
            device.text("device")
        ));
    }
    for device in waiting {
        page.styled(
            format!(
                "{} does the same once it hears of it.",
                device.text("device")
            ),
            Style::Now,
        );
    }
    if !graduation.at("receipt_heard").is_null() && !graduation.flag("receipt_heard") {
        page.styled(
            "Nobody was there to hear it: whoever has a copy does not know. The receipt is here, for you to send.",
            Style::Now,
        );
    }
    page.part("Receipts");
    for receipt in graduation.list("receipts") {
        let who = whose(receipt.text("name"), receipt.text("device"));
        let at = page.clock().time(receipt.text("at"));
        let worth = match receipt.flag("signed") {
            true => "signed",
            false => "without a signature that fits",
        };
        page.line(format!("  {who}, {at}, {worth}"));
    }
    cannot_promise(graduation, page);
}

/// What no key that is destroyed here can do.
fn cannot_promise(graduation: &Value, page: &mut Page) {
    page.part("What this cannot promise");
    let others = others(graduation.list("devices"));
    if !others.is_empty() {
        page.line(format!(
            "  {} kept what they have, and can be asked, not made, to destroy it.",
            list(&others)
        ));
    }
    let mirrors: Vec<&str> = graduation
        .list("mirrors")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if !mirrors.is_empty() {
        page.line(format!(
            "  The mirror {} keeps a sealed copy, until an admin takes the notebook from it.",
            list(&mirrors)
        ));
    }
    page.line("  Your recovery phrase opens any copy that somebody still holds, sealed ones too.");
    page.line("  Backups, exports and bundles that you made are files: delete them yourself.");
    page.line("  What you wrote about it in your journal stays there.");
}

fn others(devices: &[Value]) -> Vec<&str> {
    let mut others: Vec<&str> = Vec::new();
    for device in devices.iter().filter(|one| !one.flag("me")) {
        if device.text("destroyed_at").is_empty() && !others.contains(&device.text("name")) {
            others.push(device.text("name"));
        }
    }
    others
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn written(data: &Value, page: &mut Page) {
    let files: Vec<&str> = data
        .list("files")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if files.is_empty() {
        return;
    }
    page.part("Written, and not encrypted");
    for file in files {
        page.line(format!("  {file}"));
    }
    page.quiet("  Anybody verifies a .txt or .hearthsg with `hearth verify FILE`.");
}

fn next(graduation: &Value, page: &mut Page) {
    let notebook = graduation.at("notebook").text("id");
    let me = graduation.text("me");
    let is_silent = graduation
        .list("silent")
        .iter()
        .any(|one| one.text("person") == me);
    let has_one = graduation
        .list("certificates")
        .iter()
        .any(|one| one.flag("mine") && one.flag("signed"));
    let command = match (graduation.flag("frozen"), is_silent, has_one) {
        (false, true, _) => "hearth graduate {} --form",
        (false, false, _) => "hearth graduate {} --close",
        (true, _, true) => {
            "hearth graduate {} --certificate certificate.txt --copy notebook.hearthsg"
        }
        (true, _, false) => "hearth graduate {} --copy notebook.hearthsg",
    };
    page.next(command, notebook);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn destroyed_keys_are_told_with_what_that_cannot_promise() {
        let data = json!({"graduation": {
        "destroyed": true, "receipt_heard": true, "notebook": {"id": "nb", "title": "Ana and Ben"},
        "receipts": [{"name": "Ana", "device": "laptop", "at": "2026-11-23T14:35:00Z", "signed": true}],
        "devices": [
            {"me": true, "this": true, "name": "Ana", "device": "laptop"},
            {"me": true, "name": "Ana", "device": "phone", "destroyed_at": null},
            {"me": false, "name": "Ben", "device": "desk", "destroyed_at": null},
        ]}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Ana and Ben
        Keys destroyed on this device. Ben's copy is Ben's.
        phone does the same once it hears of it.

        Receipts
          Ana's laptop, 15:35, signed

        What this cannot promise
          Ben kept what they have, and can be asked, not made, to destroy it.
          Your recovery phrase opens any copy that somebody still holds, sealed ones too.
          Backups, exports and bundles that you made are files: delete them yourself.
          What you wrote about it in your journal stays there.
        ");
    }
}
