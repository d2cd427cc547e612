//! What became of this device's place in a notebook, where it has none any more.

use hearth_core::control::ControlKind;
use hearth_core::ids::NotebookId;
use hearth_core::replica::Standing;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::answer::{person, with};
use super::resolve::title;
use crate::api::{Exit, Failure};
use crate::host::{Host, no_notebook, storage_failed};

/// How this device stopped being a member's: `kind` (`left`, `removed`, `revoked`, `voided`), `by`, `at`
/// (when this device heard of it) and `message`; null while it is one.
pub(super) fn departed(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let replica = host.engine.replica(notebook).ok_or_else(no_notebook)?;
    let standing = replica.standing();
    let Some(ending) = standing.ending() else {
        return Ok(Value::Null);
    };
    let kind = match standing {
        Standing::Left(_) => "left",
        Standing::Revoked(_) => "revoked",
        Standing::Voided(_) => "voided",
        _ => "removed",
    };
    let takes_back = replica
        .controls()
        .get(&ending)
        .is_some_and(|entry| matches!(entry.kind, ControlKind::RevokeInvite { .. }));
    let author = replica.controls().author(&ending);
    let directory = host.directory(notebook);
    let at = host
        .storage
        .seen(notebook, &ending)
        .map_err(storage_failed)?;
    let (by, who) = match author {
        Some((author, device)) => {
            let label = directory.device_label(&device);
            let name = directory.person_name(&author);
            let who = if label.contains(&name) {
                label.clone()
            } else {
                format!("{name}'s {label}")
            };
            let facts = json!({ "device": label, "device_id": device.to_string() });
            (with(person(&directory, &author), facts), who)
        }
        None => (Value::Null, "Somebody".to_owned()),
    };
    let title = match title(host, notebook) {
        title if title.is_empty() => format!("notebook {notebook}"),
        title => format!("“{title}”"),
    };
    let on = at.map(day).unwrap_or_default();
    let message = match kind {
        "left" => format!("You left {title}{on}."),
        "revoked" => format!("{who} revoked this device, so it is out of {title}{on}."),
        "voided" if takes_back => format!(
            "{who} had taken the invitation to {title} back before you joined was known there, so \
             you are no member{on}."
        ),
        "voided" => format!("Whoever let you into {title} could no longer do so: see {who}{on}."),
        _ => format!("{who} removed you from {title}{on}."),
    };
    Ok(json!({ "kind": kind, "by": by, "at": at, "message": message }))
}

fn day(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::system());
    format!(" on {}", at.strftime("%-d %B %Y, %H:%M"))
}

/// The line of `watch` that tells of it.
pub fn describe_departure(host: &mut Host, notebook: NotebookId) -> Option<Value> {
    let departed = departed(host, notebook).ok().filter(Value::is_object)?;
    let title = title(host, notebook);
    Some(json!({
        "notebook": { "id": notebook.to_string(), "title": title },
        "at": departed["at"],
        "by": departed["by"],
        "object": null,
        "object_id": null,
        "kind": "notebook",
        "title": title,
        "what": departed["message"],
        "departed": departed,
    }))
}

/// How a home that came out of a backup comes to write.
pub(crate) const TAKE_IN: &str = "Run `hearth recover --label LABEL` with your recovery phrase, or \
     `hearth device link` on another device of yours and `hearth device accept TICKET --label LABEL` here.";

/// The failure for something that only a member may do.
pub(crate) fn not_a_member(host: &mut Host, notebook: NotebookId) -> Failure {
    if host.restored().is_ok_and(|restored| !restored.is_null()) {
        return Failure::new(
            Exit::NotAllowed,
            "not_taken_in",
            "This home came out of a backup: it reads, and writes once it was taken in.",
        )
        .with_hint(TAKE_IN);
    }
    let message = match departed(host, notebook) {
        Ok(departed) if departed.is_object() => departed["message"].as_str().map(str::to_owned),
        _ => None,
    };
    Failure::new(
        Exit::NotAllowed,
        "not_a_member",
        message.unwrap_or_else(|| format!("You are no member of notebook {notebook}.")),
    )
    .with_hint(format!(
        "What is here stays readable. Go on in a notebook of your own: `hearth notebook fork {notebook}`."
    ))
}
