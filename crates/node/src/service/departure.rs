//! What became of this device's place in a notebook, where it has none any more.

use hearth_core::control::ControlKind;
use hearth_core::ids::{ControlHash, DeviceId, NotebookId, PersonId};
use hearth_core::replica::Standing;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::answer::{person, with};
use super::resolve::title;
use crate::api::{Exit, Failure};
use crate::host::{Directory, Host, no_notebook, storage_failed};

/// How this device stopped being a member's: `kind` (`left`, `removed`, `revoked`, `voided`), `by`, `at`
/// (when this device heard of it), `why` (of an admission that does not count, as [`Void`] has it) and `message`; null
/// while it is one.
pub(crate) fn departed(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
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
    let author = replica.controls().author(&ending);
    let directory = host.directory(notebook);
    let at = host
        .storage
        .seen(notebook, &ending)
        .map_err(storage_failed)?;
    let (by, who) = match author {
        Some((author, device)) => {
            let label = directory.device_label(&device);
            let who = device_of(&directory, (author, device));
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
    let mut void = None;
    let message = match kind {
        "left" => format!("You left {title}{on}."),
        "revoked" => format!("{who} took this device off{on}, so it is out of {title}."),
        "voided" => {
            void = voided(host, notebook, (host.me(), &ending));
            let why = void.as_ref().map(|void| void.told("you"));
            let why = why.unwrap_or_else(|| format!("{who} speaks against it"));
            format!(
                "Your admission to {title} does not count: {why}. You were told{on}. Ask a member for a new invitation, \
                 and join with it: what you wrote is kept on this device, and shows again then, here and there."
            )
        }
        _ => format!("{who} removed you from {title}{on}."),
    };
    let why = void.map(|void| void.view());
    Ok(json!({ "kind": kind, "by": by, "at": at, "why": why, "message": message }))
}

/// Why an admission does not count.
pub(super) struct Void {
    /// What speaks against it, in a word.
    word: &'static str,
    /// The device that says so, with its person.
    who: String,
    /// The device that let somebody in, with its person.
    let_in: String,
    /// Whom they had put out, or taken the right to admit from.
    admin: String,
}

impl Void {
    /// Says it of somebody who is called `whom` here: half a sentence.
    pub(super) fn told(&self, whom: &str) -> String {
        let Self {
            word,
            who,
            let_in,
            admin,
        } = self;
        match *word {
            "revoked" => format!(
                "{let_in} let {whom} in, and {who} had taken it off before anybody heard of that"
            ),
            "taken-back" => {
                format!("{who} had taken the invitation back before anybody there heard of {whom}")
            }
            "used" => format!("somebody else was let in with the same ticket by {who}"),
            word => {
                let done = match word {
                    "removed" => "had removed",
                    _ => "had taken the right to admit from",
                };
                format!(
                    "{let_in} let {whom} in, and {who} {done} {admin} before anybody heard of that"
                )
            }
        }
    }

    /// Gives the parts of it, for whoever says it in another language: `cause`, `who`, `let_in`, `admin`.
    pub(super) fn view(&self) -> Value {
        json!({ "cause": self.word, "who": self.who, "let_in": self.let_in, "admin": self.admin })
    }
}

/// Names a device with its person.
fn device_of(directory: &Directory, (person, device): (PersonId, DeviceId)) -> String {
    let label = directory.device_label(&device);
    let name = directory.person_name(&person);
    if label.contains(&name) {
        label
    } else {
        format!("{name}'s {label}")
    }
}

/// Finds out why the admission of a person does not count against which `cause` speaks.
pub(super) fn voided(
    host: &Host,
    notebook: NotebookId,
    (person, cause): (PersonId, &ControlHash),
) -> Option<Void> {
    let replica = host.engine.replica(notebook)?;
    let (admission, _) = replica.membership().voided_of(replica.controls(), person)?;
    let by = replica.controls().author(&admission)?;
    why_void(host, notebook, (by, cause))
}

/// Finds out why an admission by a device does not count.
pub(super) fn why_void(
    host: &Host,
    notebook: NotebookId,
    (by, cause): ((PersonId, DeviceId), &ControlHash),
) -> Option<Void> {
    let replica = host.engine.replica(notebook)?;
    let directory = host.directory(notebook);
    let cause = replica.controls().get(cause)?;
    let who = device_of(&directory, replica.controls().author(&cause.hash())?);
    let let_in = device_of(&directory, by);
    let mut admin = String::new();
    let word = match &cause.kind {
        ControlKind::RevokeDevice { .. } => "revoked",
        ControlKind::RevokeInvite { .. } => "taken-back",
        ControlKind::Remove { person, .. } => {
            admin = directory.person_name(person);
            "removed"
        }
        ControlKind::Demote { person } => {
            admin = directory.person_name(person);
            "demoted"
        }
        ControlKind::Admit(_) => "used",
        _ => return None,
    };
    Some(Void {
        word,
        who,
        let_in,
        admin,
    })
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
    let is_void = host
        .engine
        .replica(notebook)
        .is_some_and(|replica| matches!(replica.standing(), Standing::Voided(_)));
    let hint = if is_void {
        "With a new ticket: `hearth join TICKET`. Until then your own part shows nowhere, and is kept here.".to_owned()
    } else {
        format!(
            "What is here stays readable. Go on in a notebook of your own: `hearth notebook fork {notebook}`."
        )
    };
    Failure::new(
        Exit::NotAllowed,
        "not_a_member",
        message.unwrap_or_else(|| format!("You are no member of notebook {notebook}.")),
    )
    .with_hint(hint)
}
