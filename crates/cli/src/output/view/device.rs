//! A person's own devices, and their recovery phrase.

use serde_json::Value;

use super::counted;
use super::status::phrase_table;
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// The first line of `device link`: `ticket`, `expires`.
pub(crate) fn ticket(data: &Value, page: &mut Page) {
    page.line(data.text("ticket"));
    page.gap();
    page.quiet(format!(
        "Good for one device of yours, until {}. Waiting for it.",
        page.clock().time(data.text("expires"))
    ));
    page.quiet("On the new device: hearth device accept TICKET --label LABEL");
}

/// The end of `device link`: `device`, `words`, `notebooks`, `complete`.
pub(crate) fn linked(data: &Value, page: &mut Page) {
    page.title(format!(
        "{} is one of your devices now.",
        data.called("device")
    ));
    words(data, page);
    if !data.flag("complete") {
        page.line("It has not fetched everything yet; that goes on while both run `hearth up`.");
    }
}

/// `device accept`: `person`, `device`, `words`, `notebooks`, `arrived`.
pub(crate) fn accepted(data: &Value, page: &mut Page) {
    page.title(format!(
        "{} is a device of {} now.",
        data.called("device"),
        data.called("person")
    ));
    page.line(format!(
        "{} here.",
        counted(data.count("arrived"), "notebook is", "notebooks are")
    ));
    words(data, page);
    page.next("hearth up", "");
}

fn words(data: &Value, page: &mut Page) {
    page.gap();
    page.line("Both devices must show these words:");
    page.styled(format!("  {}", data.text("words")), Style::Now);
    page.quiet("If they differ, somebody stood between: take the new device off with `hearth device revoke`.");
}

/// `recover`: `person`, `device`, `notebooks`, `arrived`, `refused[]`, `revoked_others`, `from_backup`, and otherwise `recovered` with
/// `capsules[]`, `unusable[]`, `without[]`, `silent[]`, `awaited[]`, `lost[]` and `journal`.
pub(crate) fn recovered(data: &Value, page: &mut Page) {
    page.title(format!(
        "Welcome back, {}. This device is called {}.",
        data.called("person"),
        data.called("device")
    ));
    let (here, all) = (data.count("arrived"), data.count("notebooks"));
    page.line(format!(
        "{} here.",
        counted(here, "notebook is", "notebooks are")
    ));
    if here < all {
        let on_their_way = counted(all - here, "notebook is", "notebooks are");
        page.line(format!("{on_their_way} still on the way."));
    }
    for refused in data.list("refused") {
        let reason = refused.text("reason");
        let id = page.short(refused.text("id")).to_owned();
        page.styled(format!("Notebook {id} was not taken: {reason}"), Style::Now);
    }
    if data.flag("from_backup") {
        page.line("All of it came out of the backup; nobody had to be asked. What was written since comes while hearth up runs.");
        page.quiet(
            "A notebook that you began or joined after the backup was made is not in it: whoever shares it can invite you \
             anew.",
        );
    } else {
        found(data.at("recovered"), page);
    }
    if data.flag("revoked_others") {
        page.line("Your other devices are taken off, and every notebook here has a new key.");
    } else {
        page.line(
            "Your other devices are still yours; take lost ones off with `hearth device revoke`.",
        );
    }
    page.next("hearth up", "");
}

/// What was found beyond the notebooks that are here.
fn found(recovered: &Value, page: &mut Page) {
    match recovered.text("journal") {
        "restored" => page.line("Your journal is here, from a copy that only your phrase opens."),
        "handed-over" => page.line(
            "Your journal is here, from a mirror that held it sealed or another device of yours.",
        ),
        "not-copied" => page.line("Your journal was on your own devices only, as you had set it."),
        "too-large" => page.line("Your journal had become too large to be kept by others."),
        "damaged" => page.line("The copy of your journal is damaged."),
        _ => {}
    }
    for awaited_one in recovered.list("awaited") {
        page.styled(awaited(awaited_one), Style::Now);
    }
    for lost in recovered.list("lost") {
        let why = match lost.text("reason") {
            "not-copied" | "only-there" => "only a device that is gone had it",
            "too-large" => "it was too large for a copy, and only a device that is gone had it",
            _ => "its copy is damaged, and only a device that is gone had it",
        };
        page.line(format!("Not to be had: {} ({why})", title_of(lost)));
    }
    page.gap();
    for capsule in recovered.list("capsules") {
        page.quiet(format!(
            "The list that {} made {}: {}. What came later is not on it.",
            match capsule.text("label") {
                "" => page.short(capsule.text("device")),
                label => label,
            },
            page.clock().ago(capsule.text("made")),
            counted(capsule.count("notebooks"), "notebook", "notebooks"),
        ));
    }
    if recovered.list("capsules").is_empty() {
        page.quiet("Nobody who answered gave a list of your notebooks: what others share with you may be missing.");
    }
    for unusable in recovered.list("unusable") {
        page.styled(
            format!(
                "A list from {}: {}",
                name_of(unusable, page),
                unusable.text("reason")
            ),
            Style::Now,
        );
    }
    for silent in recovered.list("silent") {
        page.quiet(format!("No answer from {}", name_of(silent, page)));
    }
}

/// A notebook that is awaited: `title`, `from[]`.
pub(super) fn awaited(data: &Value) -> String {
    let from = data.list("from").iter().filter_map(Value::as_str);
    let from: Vec<&str> = from.collect();
    format!(
        "Still awaited: {}, from {}",
        title_of(data),
        from.join(" or ")
    )
}

fn title_of(notebook: &Value) -> &str {
    match notebook.text("title") {
        "" => "a notebook without a title",
        title => title,
    }
}

fn name_of<'a>(contact: &'a Value, page: &Page) -> &'a str {
    match contact.text("name") {
        "" => page.short(contact.text("device")),
        name => name,
    }
}

/// `device list`: `devices[]` with `id`, `label`, `this`, `revoked`, `last_seen`, `connected`.
pub(crate) fn devices(data: &Value, page: &mut Page) {
    let mut table = Table::default();
    for device in data.list("devices") {
        let state = if device.flag("revoked") {
            Cell::quiet("taken off")
        } else if device.flag("this") {
            Cell::styled("this device", Style::Good)
        } else if device.flag("connected") {
            Cell::styled("connected", Style::Good)
        } else if device.text("last_seen").is_empty() {
            Cell::quiet("not heard from yet")
        } else {
            Cell::quiet(format!(
                "last heard {}",
                page.clock().ago(device.text("last_seen"))
            ))
        };
        table.row([
            Cell::new(device.text("label")),
            state,
            Cell::quiet(page.short(device.text("id"))),
        ]);
    }
    page.table(&table, 0);
}

/// What `device revoke` shows before it asks: `device`, `reads[]` with `title` and `since`.
pub(crate) fn reach(data: &Value, page: &mut Page) {
    let called = data.at("device").text("label").to_owned();
    let reads = data.list("reads");
    if reads.is_empty() {
        page.line(format!("{called} holds no key of any notebook here."));
        return;
    }
    page.line(format!("{called} can read:"));
    read_table(reads, page, |_| Cell::new(""));
}

/// `device revoke`: `device`, and `reads[]` with `title`, `since`, `revoked`, `new_key`.
pub(crate) fn revoked(data: &Value, page: &mut Page) {
    page.title(format!("{} is taken off.", data.at("device").text("label")));
    let reads = data.list("reads");
    if reads.is_empty() {
        return;
    }
    page.line("It could read until now, and keeps what it has:");
    read_table(reads, page, |read| {
        if read.flag("new_key") {
            Cell::styled("new key, closed to it", Style::Good)
        } else {
            Cell::styled("no new key yet: whoever may write makes it", Style::Danger)
        }
    });
    page.quiet("The others learn of it when they sync.");
}

fn read_table(reads: &[Value], page: &mut Page, state: impl Fn(&Value) -> Cell) {
    let mut table = Table::default();
    for read in reads {
        let since = match read.text("since") {
            "" => "since it joined, and all before".to_owned(),
            since => format!("since {}, and all before", page.clock().time(since)),
        };
        table.row([
            Cell::new(read.text("title")),
            Cell::quiet(since),
            state(read),
        ]);
    }
    page.table(&table, 2);
}

/// `device contact`: `ticket`.
pub(crate) fn contact(data: &Value, page: &mut Page) {
    page.line(data.text("ticket"));
    page.gap();
    page.quiet(
        "It says where this device is and holds no secret. Somebody who shares a notebook with",
    );
    page.quiet("you and lost every device runs: hearth recover --contact TICKET --label LABEL");
}

/// The new phrase, before the present one is void.
pub(crate) fn new_phrase(data: &Value, page: &mut Page) {
    page.line(
        "Your new recovery phrase, shown this once. Write it down and keep it off this device:",
    );
    page.gap();
    phrase_table(data.text("recovery_phrase"), page);
    page.gap();
}

/// `recovery show`: `recovery_phrase`.
pub(crate) fn kept_phrase(data: &Value, page: &mut Page) {
    page.line("Your recovery phrase. Write it down and keep it off this device:");
    page.gap();
    phrase_table(data.text("recovery_phrase"), page);
    page.next("hearth recovery confirm", "once you have it");
}

/// `recovery confirm`: `confirmed`, and `erased` where the phrase was kept here until now.
pub(crate) fn confirmed(data: &Value, page: &mut Page) {
    if data.flag("erased") {
        page.line("You have the phrase, and it is erased here. Nobody can make it again.");
    } else {
        page.line("These are the words that bring you back. None of them is kept here.");
    }
}

/// `recovery rotate`: `notebooks`, `rekeyed`, `warning`, and `recovery_phrase` or `recovery_out`.
pub(crate) fn rotated(data: &Value, page: &mut Page) {
    if data.text("recovery_out").is_empty() {
        new_phrase(data, page);
    } else {
        page.line(format!(
            "The new phrase is in {}.",
            data.text("recovery_out")
        ));
    }
    let warning = data.text("warning");
    if !warning.is_empty() {
        page.styled(warning, Style::Danger);
    }
    // How many notebooks have a new key is not known where the answer was lost.
    if data.at("rekeyed").is_null() {
        page.line("Keep it, whatever else is said here; the one before opens nothing that is written from now on.");
        return;
    }
    let (all, rekeyed) = (data.count("notebooks"), data.count("rekeyed"));
    page.line(format!(
        "It is in force. {} of {} a new key that the old phrase does not open.",
        rekeyed,
        counted(all, "notebook has", "notebooks have")
    ));
    if rekeyed < all {
        page.line("The others get one when somebody who may write there writes next.");
    }
}

/// Says what became of a home that was a copy of another: `at`, `old_device`, `label`.
pub(crate) fn anew(data: &Value, clock: &crate::clock::Clock) -> String {
    format!(
        "This home was a copy of another, so it became a device of its own ({}), which is called “{}”.",
        clock.time(data.text("at")),
        data.text("label")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::testing;
    use serde_json::json;

    #[test]
    fn a_home_out_of_a_backup_does_not_speak_of_lists_that_nobody_was_asked_for() {
        let data = json!({"person": {"name": "Ana"}, "device": {"label": "phoenix"}, "notebooks": 2, "arrived": 2,
            "refused": [], "revoked_others": true, "from_backup": true});
        insta::assert_snapshot!(testing::page(&data, recovered), @r"
        Welcome back, Ana. This device is called phoenix.
        2 notebooks are here.
        All of it came out of the backup; nobody had to be asked. What was written since comes while hearth up runs.
        A notebook that you began or joined after the backup was made is not in it: whoever shares it can invite you anew.
        Your other devices are taken off, and every notebook here has a new key.

        Next: hearth up
        ");
    }

    #[test]
    fn a_rotation_whose_answer_was_lost_still_shows_the_phrase() {
        let data = json!({"recovery_phrase": "one two three", "warning": "The new phrase is in force, although this went wrong: The node is gone."});
        insta::assert_snapshot!(testing::page(&data, rotated), @r"
        Your new recovery phrase, shown this once. Write it down and keep it off this device:

          1  one  2  two  3  three

        The new phrase is in force, although this went wrong: The node is gone.
        Keep it, whatever else is said here; the one before opens nothing that is written from now on.
        ");
    }
}
