//! Mirrors: what one is, and what a notebook's mirrors hold.

use serde_json::Value;

use super::peers::{confirmed, heard};
use super::{addresses, counted, size};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// Characters of an id or a key in full.
const ID_CHARS: usize = 52;

/// Files named that are not at a mirror; of more the number is told.
const FILES_SHOWN_MAX: usize = 5;

/// `mirror init`: `mirror`, `ticket`, `quota`.
pub(crate) fn init(data: &Value, page: &mut Page) {
    page.title(format!("The mirror {} is made.", data.called("mirror")));
    page.line(data.text("ticket"));
    page.gap();
    page.quiet(
        "The ticket is good for any number of notebooks. Whoever has it can have theirs held here.",
    );
    page.quiet("Nothing in this folder opens what it holds.");
    page.next("hearth mirror up", "");
    page.quiet("  An admin of a notebook then runs: hearth mirror add NOTEBOOK TICKET");
}

/// The ready line of `mirror up`: `mirror`, `addrs[]`, `ticket`, `notebooks`.
pub(crate) fn ready(data: &Value, page: &mut Page) {
    page.line(format!(
        "The mirror {} is ready on {} with {}. Stop with Ctrl-C.",
        data.called("mirror"),
        addresses(data),
        counted(data.count("notebooks"), "notebook", "notebooks")
    ));
    page.line(data.text("ticket"));
}

/// `mirror add`: `mirror`, `notebook`, `notebooks[]`.
pub(crate) fn added(data: &Value, page: &mut Page) {
    page.line(format!(
        "The mirror {} holds {} as soon as a node of a member reaches it.",
        data.called("mirror"),
        data.called("notebook")
    ));
    several(data, page);
    page.next("hearth sync", "");
}

/// `mirror remove`: `mirror`, `notebook`, `notebooks[]`.
pub(crate) fn removed(data: &Value, page: &mut Page) {
    page.line(format!(
        "The mirror {} gets nothing more of {}. What it has, it may keep; it cannot read it.",
        data.called("mirror"),
        data.called("notebook")
    ));
    several(data, page);
}

/// Says that there is more than one journal, where there is.
fn several(data: &Value, page: &mut Page) {
    let count = data.list("notebooks").len();
    if count > 1 {
        page.quiet(format!(
            "That is so of {count} journals, which your devices made apart and which are read as one."
        ));
    }
}

/// `mirror list`: `mirrors[]`, each with the id of its `notebook`, and `notebooks[]`.
pub(crate) fn mirrors(data: &Value, page: &mut Page) {
    let notebooks = data.list("notebooks");
    if notebooks.len() > 1 && !data.list("mirrors").is_empty() {
        return each(notebooks, data.list("mirrors"), page);
    }
    if data.list("mirrors").is_empty() {
        page.line("This notebook has no mirror.");
        page.quiet("  hearth mirror add NOTEBOOK TICKET");
        return;
    }
    rows(data.list("mirrors"), 0, page);
    packs(data.list("mirrors"), 0, page);
}

/// The mirrors of several journals, each under its own.
fn each(notebooks: &[Value], mirrors: &[Value], page: &mut Page) {
    let mut lacks = false;
    for notebook in notebooks {
        let id = notebook.text("id");
        let own: Vec<Value> = mirrors
            .iter()
            .filter(|mirror| mirror.text("notebook") == id)
            .cloned()
            .collect();
        page.line(format!("{} {}", notebook.text("title"), page.short(id)));
        if own.is_empty() {
            lacks = true;
            page.quiet("  has no mirror");
        }
        rows(&own, 2, page);
        packs(&own, 2, page);
    }
    if lacks {
        page.quiet("  All of them at once: hearth mirror add journal TICKET");
    }
}

/// One line for each mirror, with what it was caught at.
pub(super) fn rows(mirrors: &[Value], indent: usize, page: &mut Page) {
    let mut table = Table::default();
    for mirror in mirrors {
        table.row([
            Cell::new(format!("mirror {}", name(mirror, page))),
            heard(mirror, page),
            Cell::new(confirmed(mirror, page)),
        ]);
    }
    page.table(&table, indent);
    for mirror in mirrors {
        let warning = mirror.text("warning");
        if !warning.is_empty() {
            let line = format!(
                "{:indent$}The mirror {}: {warning}.",
                "",
                name(mirror, page)
            );
            page.styled(line, Style::Danger);
        }
        files(mirror, indent, page);
        let unsound = mirror.at("unsound");
        if !unsound.text("device").is_empty() {
            let line = format!(
                "{:indent$}Packs for the mirror {} were set aside, made by {}, device {}: {}.",
                "",
                name(mirror, page),
                unsound.at("by").text("name"),
                page.short(unsound.text("device")),
                unsound.text("reason")
            );
            page.styled(line, Style::Danger);
        }
    }
}

/// What mirrors hold in packs: for whoever asks about mirrors, since nothing is to be done about it.
fn packs(mirrors: &[Value], indent: usize, page: &mut Page) {
    for mirror in mirrors {
        let line = checkpoint(mirror.at("checkpoint"), page);
        if !line.is_empty() {
            page.quiet(format!(
                "{:indent$}At the mirror {}: {line}.",
                "",
                name(mirror, page)
            ));
        }
    }
}

/// Says how many entries a mirror holds in packs, how much that freed, and whose check is missing for more.
fn checkpoint(checkpoint: &Value, page: &Page) -> String {
    if checkpoint.count("segments") == 0 {
        return String::new();
    }
    let entries = counted(checkpoint.count("entries"), "entry", "entries");
    let mut said = vec![format!(
        "{entries} in packs, {}",
        size(checkpoint.count("bytes"))
    )];
    if checkpoint.count("freed_bytes") > 0 {
        said.push(format!("{} freed", size(checkpoint.count("freed_bytes"))));
    }
    if checkpoint.flag("full") {
        said.push("no room for more of them".to_owned());
    }
    let missing = checkpoint.list("unchecked_by").iter();
    let missing: Vec<&str> = missing
        .map(|person| match person.as_str() {
            // A mirror knows no names.
            Some(id) => page.short(id),
            None => person.text("name"),
        })
        .collect();
    if !missing.is_empty() {
        said.push(format!("not checked yet by {}", missing.join(", ")));
    }
    said.join("; ")
}

/// Names the files that are here and not at a mirror: whoever is never online together with this device lacks them.
fn files(mirror: &Value, indent: usize, page: &mut Page) {
    let missing = mirror.at("files").list("missing");
    for file in missing.iter().take(FILES_SHOWN_MAX) {
        let bytes = size(file.count("bytes"));
        let (why, style) = match file.text("why") {
            "no_room" => (
                format!(
                    "it has no room for it; it holds {}, and files may fill it up to {}",
                    size(file.count("held_bytes")),
                    size(file.count("most_bytes")),
                ),
                Style::Danger,
            ),
            "refused" => (
                "it does not take it from this device".to_owned(),
                Style::Danger,
            ),
            _ => ("it was not sent yet".to_owned(), Style::Now),
        };
        let line = format!(
            "{:indent$}The file {} ({bytes}) is not at the mirror {}: {why}.",
            "",
            file.text("name"),
            name(mirror, page)
        );
        page.styled(line, style);
    }
    let more = missing.len().saturating_sub(FILES_SHOWN_MAX);
    if more > 0 {
        let more = counted(more as u64, "more file", "more files");
        page.quiet(format!("{:indent$}{more} not at this mirror.", ""));
    }
}

/// `status` in the home of a mirror: `mirror`, `ticket`, `node`, `quota`, `capsules`, `notebooks[]`, `damaged[]`,
/// `refused[]`.
pub(crate) fn status(data: &Value, page: &mut Page) {
    page.title(format!("The mirror {}", data.called("mirror")));
    let node = data.at("node");
    if node.flag("running") {
        page.line(format!(
            "It runs, network {}, on {}; {} connected",
            node.text("network"),
            addresses(node),
            counted(data.count("connected"), "device is", "devices are"),
        ));
        page.quiet(data.text("ticket"));
    } else {
        page.line(format!("It does not run, network {}", node.text("network")));
    }
    let quota = data.at("quota");
    page.line(format!(
        "It holds {} of at most {}, of one notebook at most {}",
        size(quota.count("used_bytes")),
        size(quota.count("total_bytes")),
        size(quota.count("notebook_bytes")),
    ));
    let capsules = data.at("capsules");
    page.quiet(format!(
        "Of that {} that recovery phrases need: {}",
        size(capsules.count("bytes")),
        counted(capsules.count("count"), "sealed list", "sealed lists"),
    ));
    held(data.list("notebooks"), page);
    for damaged in data.list("damaged") {
        let line = format!(
            "Damaged, and given to nobody: notebook {} ({})",
            page.short(damaged.text("id")),
            damaged.text("why")
        );
        page.styled(line, Style::Danger);
    }
    refused(data.list("refused"), page);
    if !node.flag("running") {
        page.next("hearth mirror up", "");
    } else if !data.list("damaged").is_empty() {
        page.next("hearth verify", "");
    }
}

/// One line for each notebook that a mirror holds.
fn held(notebooks: &[Value], page: &mut Page) {
    page.gap();
    if notebooks.is_empty() {
        page.line("It holds no notebook yet.");
        page.quiet("  An admin of one runs: hearth mirror add NOTEBOOK TICKET");
        return;
    }
    let mut table = Table::default();
    for notebook in notebooks {
        let kept = match notebook.text("last_kept") {
            "" => "nothing kept yet".to_owned(),
            at => format!("last kept {}", page.clock().ago(at)),
        };
        table.row([
            Cell::new(format!("notebook {}", page.short(notebook.text("id")))),
            Cell::right(size(notebook.count("bytes"))),
            Cell::new(counted(notebook.count("entries"), "entry", "entries")),
            Cell::new(counted(notebook.count("files"), "file", "files")),
            Cell::new(counted(notebook.count("people"), "person", "people")),
            Cell::new(format!("{} connected", notebook.count("connected"))),
            Cell::quiet(kept),
        ]);
    }
    page.table(&table, 0);
    for notebook in notebooks {
        let id = page.short(notebook.text("id")).to_owned();
        let line = checkpoint(notebook.at("checkpoint"), page);
        if !line.is_empty() {
            page.quiet(format!("notebook {id}: {line}"));
        }
        if notebook.flag("full") {
            let line = format!("notebook {id} has no room for all that was sent");
            page.styled(line, Style::Danger);
        }
        if notebook.flag("removed") {
            let line = match notebook.text("dropped_after") {
                "" => format!("notebook {id} was taken away from this mirror"),
                at => format!(
                    "notebook {id} was taken away from this mirror; it is dropped after {}",
                    page.clock().time(at)
                ),
            };
            page.styled(line, Style::Now);
        }
    }
}

/// Who was refused what since a mirror was started, the last first.
fn refused(refusals: &[Value], page: &mut Page) {
    if refusals.is_empty() {
        return;
    }
    page.gap();
    page.line("Refused since it was started:");
    let mut table = Table::default();
    for refusal in refusals {
        let times = match refusal.count("times") {
            0 | 1 => String::new(),
            times => format!("{times} times"),
        };
        let about = match refusal.text("notebook") {
            "" => String::new(),
            id => format!("notebook {}", page.short(id)),
        };
        table.row([
            Cell::quiet(page.clock().ago(refusal.text("at"))),
            Cell::new(match refusal.text("who") {
                who if who.len() == ID_CHARS => page.short(who),
                who => who,
            }),
            Cell::new(about),
            Cell::new(refusal.text("why")),
            Cell::quiet(times),
        ]);
    }
    page.table(&table, 2);
}

fn name(mirror: &Value, page: &Page) -> String {
    match mirror.text("name") {
        "" => page.short(mirror.text("id")).to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn the_status_of_a_mirror_says_what_it_holds_and_whom_it_refused() {
        let data = json!({
            "mirror": {"id": "aa".repeat(32), "name": "cupboard"},
            "ticket": null,
            "node": {"running": false, "network": "direct"},
            "quota": {"used_bytes": 2048, "total_bytes": 1 << 30, "notebook_bytes": 1 << 20},
            "capsules": {"count": 1, "bytes": 1024},
            "notebooks": [{
                "id": "bb".repeat(32), "bytes": 1024, "entries": 3, "files": 2, "people": 2, "connected": 0,
                "last_kept": null, "full": true, "removed": true, "dropped_after": null,
            }],
            "damaged": [{"id": "cc".repeat(32), "why": "a record is damaged"}],
            "refused": [{"who": "dd".repeat(32), "why": "a stranger", "times": 3, "at": ""}],
        });
        let page = testing::page(&data, status);
        for said in [
            "The mirror cupboard",
            "It does not run, network direct",
            "It holds 2 KiB of at most 1 GiB, of one notebook at most 1 MiB",
            "1 sealed list",
            "3 entries",
            "2 files",
            "2 people",
            "nothing kept yet",
            "has no room for all that was sent",
            "was taken away from this mirror",
            "Damaged, and given to nobody",
            "a stranger",
            "3 times",
            "hearth mirror up",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }

    #[test]
    fn each_journal_shows_with_the_mirrors_that_it_has() {
        let (one, other) = ("aa".repeat(26), "bb".repeat(26));
        let notebooks = json!([{"id": one, "title": "Journal"}, {"id": other, "title": "Journal"}]);
        let mirror =
            json!({"id": "cc".repeat(26), "name": "cupboard", "state": "never", "notebook": one});
        let page = testing::page(
            &json!({"mirrors": [mirror], "notebooks": notebooks}),
            mirrors,
        );
        assert_eq!(page.matches("Journal ").count(), 2, "{page}");
        let lacks = page.find("has no mirror").unwrap();
        assert!(page.find("mirror cupboard").unwrap() < lacks, "{page}");
        assert!(page.contains("hearth mirror add journal TICKET"), "{page}");
        let data = json!({"mirror": mirror, "notebook": notebooks[0], "notebooks": notebooks});
        let page = testing::page(&data, added);
        assert!(page.contains("2 journals"), "{page}");
    }

    #[test]
    fn files_that_are_not_at_a_mirror_are_named_with_the_reason() {
        let mirror = json!({
            "id": "cc".repeat(26), "name": "cupboard", "state": "never",
            "files": {"here": 9, "kept": 1, "missing": [
                {"name": "talk.pdf", "bytes": 2048, "why": "no_room", "held_bytes": 1024, "most_bytes": 3072},
                {"name": "a.txt", "bytes": 1, "why": "not_yet"},
                {"name": "b.txt", "bytes": 1, "why": "not_yet"}, {"name": "c.txt", "bytes": 1, "why": "not_yet"},
                {"name": "d.txt", "bytes": 1, "why": "refused"}, {"name": "e.txt", "bytes": 1, "why": "not_yet"},
            ]},
        });
        let data = json!({"mirrors": [mirror], "notebooks": [{"id": "aa", "title": "N"}]});
        let page = testing::page(&data, mirrors);
        for said in [
            "The file talk.pdf (2 KiB) is not at the mirror cupboard: it has no room for it; it holds 1 KiB, and files may \
             fill it up to 3 KiB.",
            "The file a.txt (1 B) is not at the mirror cupboard: it was not sent yet.",
            "The file d.txt (1 B) is not at the mirror cupboard: it does not take it from this device.",
            "1 more file not at this mirror.",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }

    #[test]
    fn what_is_in_packs_shows_with_what_it_freed_and_whose_check_is_missing() {
        let checkpoint = json!({
            "segments": 3, "entries": 1500, "bytes": 2048, "full": false, "checked": 2, "pruned": 2,
            "freed_bytes": 1024, "unchecked_by": [{"person": "aa", "name": "Ben"}],
        });
        let mirror = json!({
            "id": "cc".repeat(26), "name": "cupboard", "state": "never", "checkpoint": checkpoint,
            "unsound": {"device": "dd".repeat(26), "by": {"name": "Eve"}, "segment": 3, "reason": "it lies"},
        });
        let data = json!({"mirrors": [mirror], "notebooks": [{"id": "aa", "title": "N"}]});
        let page = testing::page(&data, mirrors);
        for said in [
            "At the mirror cupboard: 1500 entries in packs, 2 KiB; 1 KiB freed; not checked yet by Ben",
            "Packs for the mirror cupboard were set aside, made by Eve, device ",
            "it lies",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }

    #[test]
    fn an_empty_mirror_says_how_it_gets_something_to_hold() {
        let page = testing::page(&json!({}), status);
        assert!(page.contains("hearth mirror add NOTEBOOK TICKET"), "{page}");
    }
}
