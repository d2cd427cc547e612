//! The mirrors of a notebook: adding and removing them, and what is known of each.

use hearth_core::checkpoint::CheckpointStanding;
use hearth_core::engine::{DecideError, MirrorFault, MirrorStatus};
use hearth_core::ids::{FileRoot, MirrorId, NotebookId, PersonId};
use hearth_core::mirror::{MirrorAnswer, MirrorTicket};
use hearth_core::replica::MemberError;
use hearth_core::sync::FileAnswer;
use hearth_notebook::file::AttachedFile;
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::{not_admin, person, time};
use super::departure::not_a_member;
use super::file::{has_mirror, named_in, whole_here};
use super::journal::{journals, own_journal};
use super::resolve::{brief, find_notebook, light_title};
use crate::api::{Exit, Failure, MirrorRequest};
use crate::driver::{mirror_refusal, no_ticket};
use crate::host::{Host, no_notebook, random, sentence, storage_failed};

/// What is typed for one's own journal.
const JOURNAL: &str = "journal";
/// The code of the failure where a notebook has no such mirror.
const NO_MIRROR: &str = "not_found";
/// Characters of an id that stand for it.
const ID_CHARS_MIN: usize = 4;

/// Does what a request about mirrors asks.
pub(super) fn execute(
    host: &mut Host,
    node: &NodeFacts,
    request: &MirrorRequest,
) -> Result<Value, Failure> {
    match request {
        MirrorRequest::Add { notebook, ticket } => add(host, node, notebook, ticket),
        MirrorRequest::List { notebook } => {
            let notebooks = find(host, notebook)?;
            Ok(list(host, node, &notebooks))
        }
        MirrorRequest::Remove { notebook, mirror } => remove(host, node, notebook, mirror),
    }
}

/// Finds the notebook that is meant; the word `journal` means the person's own, which no other request names. That may
/// be several, which their devices made apart and which are read as one.
fn find(host: &mut Host, typed: &str) -> Result<Vec<NotebookId>, Failure> {
    if typed.trim() != JOURNAL {
        return Ok(vec![find_notebook(host, typed)?]);
    }
    let own = journals(host);
    if own.is_empty() {
        return Err(
            Failure::not_found("not_found", "You have no journal yet.").with_hint(
                "Write into it with `hearth journal add`, or let a mirror hold it from its first entry on: `hearth \
                 mirror add journal TICKET`.",
            ),
        );
    }
    Ok(own)
}

fn list(host: &mut Host, node: &NodeFacts, notebooks: &[NotebookId]) -> Value {
    let mut all = Vec::new();
    for notebook in notebooks {
        for mut mirror in mirrors(host, node, *notebook) {
            mirror["notebook"] = json!(notebook.to_string());
            all.push(mirror);
        }
    }
    json!({ "mirrors": all, "notebooks": briefs(host, notebooks) })
}

fn briefs(host: &mut Host, notebooks: &[NotebookId]) -> Vec<Value> {
    let notebooks = notebooks.iter();
    notebooks.map(|notebook| brief(host, *notebook)).collect()
}

/// Lets a mirror hold a notebook, or all journals of this person. Where one of them fails, those before it are held, and the
/// same command goes on.
fn add(host: &mut Host, node: &NodeFacts, notebook: &str, ticket: &str) -> Result<Value, Failure> {
    let ticket: MirrorTicket = ticket.parse().map_err(|error| no_ticket(&error))?;
    if notebook.trim() == JOURNAL {
        // One is made where there is none yet, so that its first entry is held already.
        own_journal(host)?;
    }
    let notebooks = find(host, notebook)?;
    for notebook in &notebooks {
        add_one(host, *notebook, &ticket)?;
    }
    let added = ticket.card.id().to_string();
    let first = notebooks.first().copied();
    let of_first = first.map(|first| mirrors(host, node, first));
    let mirror = of_first.and_then(|mirrors| {
        mirrors
            .into_iter()
            .find(|mirror| mirror["id"] == added.as_str())
    });
    Ok(done(host, mirror, &notebooks))
}

fn add_one(host: &mut Host, notebook: NotebookId, ticket: &MirrorTicket) -> Result<(), Failure> {
    let Host {
        engine, storage, ..
    } = &mut *host;
    match engine.add_mirror(notebook, ticket, storage, &mut random()) {
        Ok(_) => Ok(()),
        // It is there as the ticket says already: done is done.
        Err(DecideError::Member(MemberError::Unchanged)) => Ok(()),
        Err(error) => Err(failed(host, notebook, error)),
    }
}

/// Takes a notebook away from a mirror, or all journals of this person that it holds.
fn remove(
    host: &mut Host,
    node: &NodeFacts,
    notebook: &str,
    mirror: &str,
) -> Result<Value, Failure> {
    let mut was = None;
    let mut missing = None;
    let mut held = Vec::new();
    for notebook in find(host, notebook)? {
        match find_mirror(host, notebook, mirror) {
            Ok(found) => held.push((notebook, found)),
            Err(failure) if failure.code == NO_MIRROR => missing = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    if let (true, Some(missing)) = (held.is_empty(), missing) {
        return Err(missing);
    }
    for (notebook, found) in &held {
        let mut mirrors = mirrors(host, node, *notebook).into_iter();
        was = was.or_else(|| mirrors.find(|mirror| mirror["id"] == found.to_string()));
        let Host {
            engine, storage, ..
        } = &mut *host;
        let removed = engine.remove_mirror(*notebook, *found, storage);
        removed.map_err(|error| failed(host, *notebook, error))?;
    }
    let notebooks: Vec<NotebookId> = held.into_iter().map(|(notebook, _)| notebook).collect();
    Ok(done(host, was, &notebooks))
}

/// What adding and removing answer: the mirror, the notebook, and how many journals that is.
fn done(host: &mut Host, mirror: Option<Value>, notebooks: &[NotebookId]) -> Value {
    let notebooks = briefs(host, notebooks);
    json!({ "mirror": mirror, "notebook": notebooks.first(), "notebooks": notebooks })
}

fn find_mirror(host: &Host, notebook: NotebookId, typed: &str) -> Result<MirrorId, Failure> {
    let statuses = host.engine.mirror_statuses(notebook);
    let wanted = typed.trim().to_lowercase();
    let is_meant = |status: &&MirrorStatus| {
        let id = status.mirror.to_string();
        let by_id =
            wanted.len() >= ID_CHARS_MIN && (id.starts_with(&wanted) || id.ends_with(&wanted));
        let name = status
            .ticket
            .as_ref()
            .map(|ticket| ticket.name.to_lowercase());
        by_id || name.as_ref() == Some(&wanted)
    };
    let mut found = statuses.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.mirror),
        (Some(_), Some(_)) => Err(Failure::not_found(
            "ambiguous",
            format!("Several mirrors of this notebook are meant by {typed:?}."),
        )
        .with_hint("Give more of the id: `hearth mirror list NOTEBOOK --json`.")),
        (None, _) => Err(Failure::not_found(
            NO_MIRROR,
            format!("This notebook has no mirror {typed:?}."),
        )
        .with_hint("See `hearth mirror list NOTEBOOK`.")),
    }
}

fn failed(host: &mut Host, notebook: NotebookId, error: DecideError) -> Failure {
    match error {
        DecideError::NoNotebook => no_notebook(),
        DecideError::Storage(error) => storage_failed(error),
        DecideError::Member(MemberError::NotAdmin) => not_admin(host, notebook),
        DecideError::Member(MemberError::NotMember) => not_a_member(host, notebook),
        other => Failure::new(
            Exit::NotAllowed,
            "mirror_refused",
            sentence(&other.to_string()),
        ),
    }
}

/// The mirrors of a notebook, with what each has signed for and what it was caught at.
pub(super) fn mirrors(host: &mut Host, node: &NodeFacts, notebook: NotebookId) -> Vec<Value> {
    if !has_mirror(host, notebook) {
        return Vec::new();
    }
    // Where the documents cannot be read, that is said elsewhere.
    let files = whole_here(host, notebook).unwrap_or_default();
    let directory = host.directory(notebook);
    let statuses = host.engine.mirror_statuses(notebook);
    statuses
        .iter()
        .map(|status| {
            let mut view = view(node, status);
            view["files"] = files_view(status, &files);
            let checkpoint = status.checkpoint.as_ref();
            view["checkpoint"] = checkpoint.map_or(Value::Null, |standing| {
                checkpoint_view(standing, |checker| person(&directory, checker))
            });
            view["unsound"] = status.unsound.as_ref().map_or(Value::Null, |unsound| {
                let replica = host.engine.replica(notebook);
                let maker = replica.and_then(|it| it.controls().device(&unsound.device));
                json!({
                    "device": unsound.device.to_string(),
                    "by": maker.map(|(by, _)| person(&directory, &by)),
                    "segment": unsound.number,
                    "reason": unsound.reason,
                })
            });
            view["added_by"] = match &status.added_by {
                Some((by, _)) => person(&directory, by),
                None => Value::Null,
            };
            view
        })
        .collect()
}

/// What a notebook's mirrors are called.
pub(super) fn mirror_names(host: &Host, notebook: NotebookId) -> Vec<String> {
    let statuses = host.engine.mirror_statuses(notebook);
    let name = |status: &MirrorStatus| match &status.ticket {
        Some(ticket) => ticket.name.clone(),
        None => status.mirror.to_string().chars().take(8).collect(),
    };
    statuses.iter().map(name).collect()
}

fn view(node: &NodeFacts, status: &MirrorStatus) -> Value {
    let state = match (status.connected, status.heard_ms) {
        (true, _) => "connected",
        (false, Some(_)) => "seen",
        (false, None) => "never",
    };
    let path = node.paths.get(&status.mirror.as_peer());
    let path = path.filter(|_| status.connected);
    let ticket = status.ticket.as_ref();
    let addrs = ticket.map(|ticket| &ticket.addresses);
    let record = &status.record;
    json!({
        "id": status.mirror.to_string(),
        "name": ticket.map(|ticket| ticket.name.as_str()),
        "title": ticket.map(|ticket| ticket.name.as_str()),
        "addrs": addrs.map(|addrs| addrs.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "state": state,
        "last_contact": status.heard_ms.and_then(time),
        "path": path.map_or("none", String::as_str),
        "behind": status.behind,
        "ahead": status.ahead,
        "holds_all": status.holds_all,
        // On whose word: the mirror's own, as of its last receipt.
        "receipt": record.receipt.as_ref().map(|receipt| json!({
            "counter": receipt.counter,
            "entries": receipt.frontier.logs.values().map(|(seq, _)| seq.get()).sum::<u64>(),
        })),
        "rolled_back": record.rolled_back.as_ref().map(|set_back| json!({
            "at": time(set_back.at_ms),
            "lost_entries": set_back.lost_entries(),
            "counter_before": set_back.before.counter,
            "counter_after": set_back.after.counter,
            "made_good": status.has_made_good,
        })),
        "forged": record.forged.as_ref().map(|(at_ms, what)| json!({
            "at": time(*at_ms),
            "what": what,
        })),
        "full": record.full.map(|(at_ms, quota)| json!({
            "at": time(at_ms),
            "held_bytes": quota.used_bytes,
            "most_bytes": quota.max_bytes,
        })),
        "refused": record.refused.map(|(at_ms, answer)| json!({
            "at": time(at_ms),
            "code": answer_code(answer),
            "reason": mirror_refusal(answer),
        })),
        "warning": warning(status),
    })
}

/// How a checkpoint stands at a mirror, and whose check is missing so that more of it could be pruned.
pub(super) fn checkpoint_view(
    standing: &CheckpointStanding,
    name: impl Fn(&PersonId) -> Value,
) -> Value {
    let lacking = standing.checked.iter();
    let lacking = lacking.filter(|(_, number)| *number < standing.number);
    json!({
        "segments": standing.number,
        "entries": standing.entries,
        "bytes": standing.bytes,
        "full": standing.is_full,
        "checked": standing.checked_by_all(),
        "pruned": standing.pruned,
        "freed_bytes": standing.freed_bytes,
        "unchecked_by": lacking.map(|(person, _)| name(person)).collect::<Vec<_>>(),
    })
}

/// Which of the files that are here whole a mirror has, by its own word, and why not the others.
fn files_view(status: &MirrorStatus, files: &[(FileRoot, AttachedFile)]) -> Value {
    let answer = |root: &FileRoot| status.files.get(root).map(|said| (said.answer, said.at_ms));
    let is_kept = |root: &FileRoot| matches!(answer(root), Some((FileAnswer::Kept, _)));
    let missing = files.iter().filter(|(root, _)| !is_kept(root));
    let missing: Vec<Value> = missing
        .map(|(root, file)| {
            let said = answer(root);
            let why = match said {
                Some((FileAnswer::Full(_), _)) => "no_room",
                Some((FileAnswer::Refused, _)) => "refused",
                _ => "not_yet",
            };
            let quota = match said {
                Some((FileAnswer::Full(quota), _)) => Some(quota),
                _ => None,
            };
            json!({
                "name": file.name,
                "bytes": file.bytes,
                "why": why,
                "at": said.and_then(|(_, at_ms)| time(at_ms)),
                "held_bytes": quota.map(|quota| quota.used_bytes),
                "most_bytes": quota.map(|quota| quota.max_bytes),
            })
        })
        .collect();
    json!({ "here": files.len(), "kept": files.len() - missing.len(), "missing": missing })
}

/// What a person should know about a mirror before anything else.
fn warning(status: &MirrorStatus) -> Option<String> {
    let record = &status.record;
    if let Some(set_back) = record
        .rolled_back
        .as_ref()
        .filter(|_| !status.has_made_good)
    {
        let lost = set_back.lost_entries();
        return Some(format!(
            "it went back to an older copy: {lost} entries that it had signed for are gone there"
        ));
    }
    if let Some((_, what)) = &record.forged {
        return Some(format!("it passed on what nobody signed: {what}"));
    }
    if let Some((_, answer)) = record.refused {
        return Some(mirror_refusal(answer).to_owned());
    }
    if let Some((_, quota)) = record.full {
        return Some(format!(
            "it has no room for the rest: it holds {} of at most {} bytes of this notebook",
            quota.used_bytes, quota.max_bytes
        ));
    }
    record
        .rolled_back
        .as_ref()
        .map(|_| "it went back to an older copy once, and was sent again what it lacked".to_owned())
}

const fn answer_code(answer: MirrorAnswer) -> &'static str {
    match answer {
        MirrorAnswer::Taken => "taken",
        MirrorAnswer::WrongPass => "wrong_pass",
        MirrorAnswer::NotNamed => "not_named",
        MirrorAnswer::Invalid => "invalid",
        MirrorAnswer::Full => "full",
        MirrorAnswer::Unavailable => "unavailable",
        _ => "other",
    }
}

/// The line of `watch` that tells of a mirror.
pub fn describe_mirror_fault(
    host: &mut Host,
    notebook: NotebookId,
    mirror: MirrorId,
    fault: &MirrorFault,
) -> Value {
    let title = light_title(host, notebook);
    let statuses = host.engine.mirror_statuses(notebook);
    let status = statuses.iter().find(|status| status.mirror == mirror);
    let name = status
        .and_then(|status| status.ticket.as_ref())
        .map_or_else(|| mirror.to_string(), |ticket| ticket.name.clone());
    let what = match fault {
        MirrorFault::RolledBack => {
            "it went back to an older copy of what it had signed for".to_owned()
        }
        MirrorFault::Forged(what) => format!("it passed on what nobody signed: {what}"),
        MirrorFault::Full(quota) => format!(
            "it has no room for the rest: it holds {} of at most {} bytes",
            quota.used_bytes, quota.max_bytes
        ),
        MirrorFault::Refused(answer) => mirror_refusal(*answer).to_owned(),
        MirrorFault::Unsound(device, why) => format!(
            "the checkpoint at it holds a segment, made by device {device}, that was set aside: {why}"
        ),
        MirrorFault::FileFull(root, quota) => {
            let named = named_in(host, notebook).unwrap_or_default();
            let mut named = named.into_iter().filter(|(known, _)| known == root);
            let file = named
                .next()
                .map_or_else(|| "a file".to_owned(), |(_, name)| name);
            format!(
                "it has no room for {file}: it holds {} bytes, and files may fill it up to {}",
                quota.used_bytes, quota.max_bytes
            )
        }
        _ => "something is wrong with it".to_owned(),
    };
    json!({
        "notebook": { "id": notebook.to_string(), "title": title },
        "at": time(Host::now_ms()),
        "by": null,
        "object": null,
        "object_id": null,
        "kind": "mirror",
        "title": name,
        "mirror": mirror.to_string(),
        "what": format!("The mirror {name} of {title}: {what}."),
    })
}
