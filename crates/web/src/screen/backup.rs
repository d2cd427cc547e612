//! A backup: one sealed file of everything, written by the node, and how it is brought back.

use std::sync::Arc;

use hearth_node::api::{BackupRequest, Failure, Request, Secret};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::visit::Visit;

/// Draws the section of the settings. While the recovery words `wait` to be written down they open nothing, and the file
/// needs a passphrase.
pub(super) fn section(visit: &Visit, wait: bool) -> Markup {
    let form = FormView::new(visit, "/backup");
    let day = visit.now.to_zoned(visit.zone.clone()).date();
    let home = std::env::var("HOME").unwrap_or_default();
    let path = match home.starts_with('/') {
        true => format!("{home}/hearthside-{day}.backup"),
        false => String::new(),
    };
    let hint = match wait {
        true => "backup-passphrase-needed",
        false => "backup-passphrase-hint",
    };
    part::section(
        "backup",
        &visit.say("backup"),
        &html! {
            p class="soft measure" { (visit.say("backup-why")) }
            (form.wrap("stack measure", &html! {
                (form.text(&Field { name: "path", label: &visit.say("backup-path"), hint: Some(visit.say("backup-path-hint")), value: &path, is_required: true }))
                (form.secret(&Field { name: "new", label: &visit.say("backup-passphrase"), hint: Some(visit.say(hint)), is_required: wait, ..Field::default() }, "new-password"))
                (form.secret(&Field { name: "again", label: &visit.say("passphrase-same-again"), is_required: wait, ..Field::default() }, "new-password"))
                (form.confirmation(&visit.say("backup-sure")))
                p { button class="btn" type="submit" { (visit.say("backup-write")) } }
            }))
            p class="fine measure" { (visit.say("backup-restore")) }
        },
    )
}

/// `POST /backup`
pub(crate) async fn create(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let form = &visit.form;
    let path = form
        .given("path")
        .ok_or_else(|| missing(visit.words, &visit.say("backup-path")))?;
    if !path.starts_with('/') {
        return Err(Failure::usage(
            "path_invalid",
            visit.say("backup-path-hint"),
        ));
    }
    if std::path::Path::new(&path).symlink_metadata().is_ok() {
        return Err(Failure::usage("file_exists", visit.say("backup-exists")));
    }
    if form.raw("new") != form.raw("again") {
        return Err(Failure::usage(
            "passphrases_differ",
            visit.say("passphrases-differ"),
        ));
    }
    let passphrase = Some(form.raw("new"))
        .filter(|typed| !typed.is_empty())
        .map(|typed| Secret::new(typed.to_owned()));
    let request = BackupRequest::Create {
        path: path.clone(),
        passphrase,
    };
    let written = visit.ask(Request::Backup(request)).await?;
    let count = Data(&written).count("notebooks");
    let told = [("path", path.into()), ("count", count.into())];
    Ok(visit.done(
        "/settings#backup",
        visit.words.with("backup-written", &told),
    ))
}
