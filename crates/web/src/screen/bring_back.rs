//! Bringing a backup back, before there is an identity: the file is sent, opened and checked, and shown for what it is;
//! then a home is made of it, and where the person can, it is taken in at once, so that it writes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use data_encoding::BASE64;
use hearth_node::api::{Failure, Secret};
use hearth_node::backup;
use hearth_node::host::HomeDir;
use hearth_node::net::Profile;
use hearth_node::run::{self, Given, NewDevice, Recovery};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::newcomer::{begun, compare, network, not_made, protected};
use super::welcome::{choice, networks, protections};
use crate::app::App;
use crate::arriving::{Arriving, Key, NotTaken, Opened};
use crate::data::Data;
use crate::limits::{BACKUP_LIES_FOR, PAIRING_TIMEOUT_MS};
use crate::reply::{Reply, json_response};
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::shell::plain;
use crate::visit::Visit;
use crate::when;

const HERE: &str = "/welcome/backup";
const FILE: &str = "/welcome/backup/file";
const CHECK: &str = "/welcome/backup/check";
const RESTORE: &str = "/welcome/backup/restore";
/// What takes the new device in, in the order in which it is offered.
const WAYS: [&str; 3] = ["words", "device", "later"];

/// `GET /welcome/backup`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let mut arriving = visit.app.arriving.lock().await;
    let here = arriving
        .as_mut()
        .filter(|one| one.session == visit.standing.session && one.whole().is_some());
    let step = match here {
        None => choose(visit),
        Some(one) => {
            one.touch();
            match &one.opened {
                None => open_it(visit, one.bytes()),
                Some(opened) => restore_it(visit, opened),
            }
        }
    };
    drop(arriving);
    let body = html! {
        div class="hello" {
            h1 { (visit.say("bring-back")) }
            p class="prose" { (visit.say("bring-back-how")) }
        }
        (step)
    };
    Ok(Reply::Page(plain(visit, &visit.say("bring-back"), &body)))
}

/// First the file: a script sends it in pieces, so that nobody holds all of it.
fn choose(visit: &Visit) -> Markup {
    let form = FormView::new(visit, FILE);
    html! {
        section class="start" aria-labelledby="file-title" {
            h2 id="file-title" { (visit.say("bring-back-file")) }
            noscript { p class="soft measure" { (visit.say("bundle-needs-script")) } }
            (form.wrap("stack measure", &html! {
                div class="field" {
                    label for=(form.id("file")) { (visit.say("bundle-file")) }
                    span class="hint" id={ (form.id("file")) "-hint" } { (visit.say("bring-back-file-hint")) }
                    input type="file" id=(form.id("file")) required data-carry=(visit.say("bring-back-part"))
                        aria-describedby={ (form.id("file")) "-hint" } disabled;
                }
                p role="status" class="small soft" {}
                p class="row" {
                    button class="btn first" type="submit" disabled { (visit.say("bring-back-send")) }
                    a class="btn quiet" href="/welcome" { (visit.say("bring-back-not")) }
                }
            }))
        }
    }
}

/// Then what opens it.
fn open_it(visit: &Visit, bytes: u64) -> Markup {
    let form = FormView::new(visit, CHECK);
    let size = [("size", size(bytes).into())];
    html! {
        section class="start" aria-labelledby="open-title" {
            h2 id="open-title" { (visit.say("bring-back-open")) }
            p class="soft measure" { (visit.words.with("bring-back-here", &size)) }
            (form.wrap("stack measure", &html! {
                (form.secret(&Field { name: "passphrase", label: &visit.say("backup-passphrase"), hint: Some(visit.say("bring-back-passphrase-hint")), ..Field::default() }, "off"))
                (form.secret(&Field { name: "phrase", label: &visit.say("bring-back-phrase"), hint: Some(visit.say("bring-back-phrase-hint")), ..Field::default() }, "off"))
                p { button class="btn first" type="submit" { (visit.say("bring-back-check")) } }
            }))
            (another(visit))
        }
    }
}

/// How long a file is, as people say it.
fn size(bytes: u64) -> String {
    match bytes.div_ceil(1024) {
        kibibytes @ 0..=9_999 => format!("{kibibytes} KiB"),
        kibibytes => format!("{} MiB", kibibytes / 1024),
    }
}

fn another(visit: &Visit) -> Markup {
    FormView::new(visit, "/welcome/backup/other")
        .button("btn quiet small", &visit.say("bring-back-other"))
}

/// Then what is in it, and what becomes of it here.
fn restore_it(visit: &Visit, opened: &Opened) -> Markup {
    let facts = Data(&opened.facts);
    let made = facts.get("backup");
    let form = FormView::new(visit, RESTORE);
    let label = made.get("device").text("label");
    let has_phrase = matches!(opened.with, Key::Phrase(_));
    html! {
        section class="start" aria-labelledby="in-it-title" {
            h2 id="in-it-title" { (icon("done")) " " (visit.say("bring-back-is-whole")) }
            dl class="facts measure" {
                dt { (visit.say("bring-back-of")) } dd { bdi { (made.get("person").text("name")) } ", " bdi { (label) } }
                dt { (visit.say("bring-back-made")) } dd { (when::day(visit, made.text("made_at"))) }
                @for (key, name) in [("notebooks", "bring-back-notebooks"), ("entries", "bring-back-entries"), ("files", "bring-back-files")] {
                    dt { (visit.say(name)) } dd { (facts.count(key)) }
                }
            }
            p class="soft measure" { (visit.say("bring-back-since")) }
            (another(visit))
        }
        (form.wrap("welcome", &html! {
            section class="start" aria-labelledby="name-title" {
                h2 id="name-title" { (visit.say("bring-back-device")) }
                div class="measure" { (form.text(&Field { name: "device", label: &visit.say("this-device-name"), hint: Some(visit.say("bring-back-device-hint")), value: label, is_required: true })) }
            }
            (networks(visit, &form, made.text("network")))
            (protections(visit, &form))
            (take_in(visit, &form, has_phrase))
            div class="row spread finish" {
                p class="small soft measure" { (visit.say("bring-back-then")) }
                button class="btn first" type="submit" { (visit.say("bring-back-do")) " " (icon("arrow")) }
            }
        }))
    }
}

/// How the new device comes to write. Whoever opened the backup with their words has said enough.
fn take_in(visit: &Visit, form: &FormView<'_>, has_phrase: bool) -> Markup {
    html! {
        section class="start" aria-labelledby="take-in-title" {
            h2 id="take-in-title" { (visit.say("take-in")) }
            p class="soft measure" { (visit.say("take-in-why")) }
            @if has_phrase {
                (FormView::hidden("take-in", "words"))
                p class="measure" { (icon("done")) " " (visit.say("take-in-by-these-words")) }
            } @else {
                fieldset class="forms measure" {
                    legend class="sr" { (visit.say("take-in")) }
                    @for way in WAYS {
                        (choice(visit, form, "take-in", way, "words", &html! { span class="hint" { (visit.words.of("take-in-why", way)) } }))
                    }
                }
                div class="two" {
                    (form.secret(&Field { name: "phrase", label: &visit.say("all-words"), ..Field::default() }, "off"))
                    (form.area_of(&Field { name: "device-ticket", label: &visit.say("device-ticket"), hint: Some(visit.say("device-ticket-hint")), ..Field::default() }, 3))
                }
            }
        }
    }
}

/// `POST /welcome/backup/file`: begins to take one, for the page's script; answers its number.
pub(crate) async fn open(visit: Arc<Visit>) -> Result<Reply, Failure> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut arriving = visit.app.arriving.lock().await;
    // One at a time: what was begun before is gone first, since it lies at the same place.
    arriving.take();
    let session = visit.standing.session;
    *arriving = Some(Arriving::begin(&visit.app.home, number, session)?);
    drop(arriving);
    tokio::spawn(drop_when_left(Arc::clone(&visit.app), number));
    Ok(Reply::Whole(json_response(
        StatusCode::OK,
        &json!({ "id": number }),
    )))
}

/// Has a backup go that nobody goes on with.
async fn drop_when_left(app: Arc<App>, number: u64) {
    loop {
        tokio::time::sleep(BACKUP_LIES_FOR / 4).await;
        let mut arriving = app.arriving.lock().await;
        match arriving.as_ref() {
            Some(one) if one.number == number && one.is_left() => {
                arriving.take();
                return;
            }
            Some(one) if one.number == number => {}
            _ => return,
        }
    }
}

/// `POST /welcome/backup/file/…`: the next piece. Answers where to go on, once all of it is here or none of it is wanted.
pub(crate) async fn take(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let number: u64 = visit.param("file").parse().unwrap_or_default();
    let bytes = BASE64
        .decode(visit.form.raw("bytes").as_bytes())
        .map_err(|_| Failure::usage("bytes_invalid", "The part of the file is no base64."))?;
    let is_last = visit.form.has("last");
    let mut arriving = visit.app.arriving.lock().await;
    let mine = arriving
        .as_mut()
        .filter(|one| one.number == number && one.session == visit.standing.session);
    let pushed = match mine {
        Some(one) => one.push(&bytes, is_last),
        None => Err(NotTaken::Failed(gone(&visit))),
    };
    let over = match pushed {
        Ok(()) => is_last,
        Err(not_taken) => {
            arriving.take();
            let failure = match not_taken {
                NotTaken::Foreign => foreign(&visit),
                NotTaken::TooLarge => {
                    Failure::usage("backup_too_long", visit.say("bring-back-too-large"))
                }
                NotTaken::Failed(failure) => failure,
            };
            visit.put_failure(&failure, FILE);
            true
        }
    };
    let told = match over {
        true => json!({ "to": HERE }),
        false => json!({}),
    };
    Ok(Reply::Whole(json_response(StatusCode::OK, &told)))
}

fn gone(visit: &Visit) -> Failure {
    Failure::not_found("backup_not_here", visit.say("bring-back-gone"))
}

fn foreign(visit: &Visit) -> Failure {
    Failure::usage("backup_foreign", visit.say("bring-back-foreign"))
}

/// `POST /welcome/backup/other`: another file; this one goes.
pub(crate) async fn other(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.app.arriving.lock().await.take();
    Ok(visit.back_to(HERE))
}

/// `POST /welcome/backup/check`: opens every record of it, and checks every signature.
pub(crate) async fn check(visit: Arc<Visit>) -> Result<Reply, Failure> {
    // It goes on where the window is closed in the middle: nothing stays behind locked or half-read.
    let task = tokio::spawn(check_it(Arc::clone(&visit)));
    task.await.unwrap_or_else(|_| Err(not_made(&visit)))
}

fn key(visit: &Visit) -> Result<Key, Failure> {
    let (passphrase, phrase) = (visit.form.raw("passphrase"), visit.form.raw("phrase"));
    if !phrase.trim().is_empty() {
        return Ok(Key::Phrase(Secret::new(phrase.to_owned())));
    }
    match passphrase.is_empty() {
        true => Err(missing(visit.words, &visit.say("backup-passphrase"))),
        false => Ok(Key::Passphrase(Secret::new(passphrase.to_owned()))),
    }
}

fn open_with(key: &Key) -> Result<backup::OpenWith, Failure> {
    match key {
        Key::Phrase(phrase) => run::open_with(Some(phrase), &mut Given(None)),
        Key::Passphrase(passphrase) => run::open_with(None, &mut Given(Some(passphrase.clone()))),
    }
}

async fn check_it(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let with = key(&visit)?;
    let mut arriving = visit.app.arriving.lock().await;
    let Some(one) = arriving
        .as_mut()
        .filter(|one| one.session == visit.standing.session)
    else {
        return Err(gone(&visit));
    };
    one.touch();
    let path = one.whole().ok_or_else(|| gone(&visit))?.to_path_buf();
    let key = with.clone();
    let checked =
        tokio::task::spawn_blocking(move || backup::check(&path, &open_with(&key)?, &mut |_| {}));
    let checked = checked.await.unwrap_or_else(|_| Err(not_made(&visit)));
    match checked {
        Ok(facts) => {
            one.touch();
            one.opened = Some(Opened { facts, with });
            Ok(visit.back_to(HERE))
        }
        Err(failure) => {
            let told = in_words(&visit, failure);
            if matches!(told.code.as_str(), "backup_damaged" | "backup_foreign") {
                arriving.take();
                visit.put_failure(&told, FILE);
                return Ok(visit.back_to(HERE));
            }
            Err(told)
        }
    }
}

/// What went wrong with a backup, for whoever is at it in a browser.
fn in_words(visit: &Visit, failure: Failure) -> Failure {
    match failure.code.as_str() {
        "wrong_passphrase" => {
            Failure::usage("backup_wrong_passphrase", visit.say("bring-back-wrong"))
        }
        "phrase_not_in_force" => {
            Failure::usage("backup_other_phrase", visit.say("bring-back-other-phrase"))
        }
        "damaged" => Failure::error("backup_damaged", visit.say("bring-back-damaged")),
        "no_backup" => foreign(visit),
        _ => failure,
    }
}

/// What becomes of the backup.
struct Wanted {
    device: String,
    network: Profile,
    protection: hearth_node::host::InitProtection,
    passphrase: Option<Secret>,
    way: Way,
}

/// How the device is taken in.
enum Way {
    Words(Secret),
    Device(String),
    Later,
}

fn wanted(visit: &Visit, opened: &Opened) -> Result<Wanted, Failure> {
    let form = &visit.form;
    let device = form
        .given("device")
        .ok_or_else(|| missing(visit.words, &visit.say("this-device-name")))?;
    let (protection, passphrase) = protected(visit)?;
    let way = match (&opened.with, form.text("take-in").as_str()) {
        (Key::Phrase(phrase), _) => Way::Words(phrase.clone()),
        (_, "device") => {
            let ticket: String = form.raw("device-ticket").split_whitespace().collect();
            match ticket.is_empty() {
                true => return Err(missing(visit.words, &visit.say("device-ticket"))),
                false => Way::Device(ticket),
            }
        }
        (_, "later") => Way::Later,
        _ if form.raw("phrase").trim().is_empty() => {
            return Err(missing(visit.words, &visit.say("all-words")));
        }
        _ => Way::Words(Secret::new(form.raw("phrase").to_owned())),
    };
    Ok(Wanted {
        device,
        network: network(visit)?,
        protection,
        passphrase,
        way,
    })
}

/// `POST /welcome/backup/restore`
pub(crate) async fn restore(visit: Arc<Visit>) -> Result<Reply, Failure> {
    // As with beginning anew: a window that is closed in the middle ends nothing of it.
    let task = tokio::spawn(restore_now(Arc::clone(&visit)));
    task.await.unwrap_or_else(|_| Err(not_made(&visit)))
}

async fn restore_now(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let newcomer = visit.app.newcomer.lock().await;
    if newcomer.is_none() {
        drop(newcomer);
        visit.app.engine.begun().await?;
        return Ok(visit.back_to("/"));
    }
    let mut arriving = visit.app.arriving.lock().await;
    let found = arriving
        .as_mut()
        .filter(|one| one.session == visit.standing.session);
    let Some((one, opened)) = found.and_then(|one| {
        let opened = one.opened.clone()?;
        Some((one, opened))
    }) else {
        return Err(gone(visit));
    };
    one.touch();
    let path = one.whole().ok_or_else(|| gone(visit))?.to_path_buf();
    let wanted = wanted(visit, &opened)?;
    let (home, passphrase) = (visit.app.home.clone(), wanted.passphrase.clone());
    let made = tokio::task::spawn_blocking(move || make(&home, path, &opened, wanted));
    let made = made.await.unwrap_or_else(|_| Err(not_made(visit)));
    let came = made.map_err(|failure| in_words(visit, failure))?;
    // It is in the home now.
    arriving.take();
    drop(arriving);
    begun(visit, newcomer, passphrase).await?;
    Ok(match came {
        Came::TakenIn(words) if words.is_empty() => visit.done("/", visit.say("bring-back-done")),
        Came::TakenIn(words) => compare(visit, &words, "bring-back-done"),
        Came::Reads(None) => visit.done("/sync", visit.say("bring-back-reads")),
        // The home is there and reads; only its taking in is to be tried again.
        Came::Reads(Some(failure)) => {
            let (message, _) = visit.words.failure(&failure);
            let told = [("reason", message.into())];
            visit.done("/sync", visit.words.with("bring-back-not-taken-in", &told))
        }
    })
}

/// What a restored home came to.
enum Came {
    /// It writes; with words to compare where another device took it in.
    TakenIn(String),
    /// It reads, and why it was not taken in.
    Reads(Option<Failure>),
}

/// Makes the home, and has it taken in.
fn make(home: &HomeDir, path: PathBuf, opened: &Opened, wanted: Wanted) -> Result<Came, Failure> {
    let mut given = Given(wanted.passphrase);
    let restoring = backup::Restoring {
        with: open_with(&opened.with)?,
        label: Some(wanted.device.clone()),
        network: Some(wanted.network.clone()),
        protection: wanted.protection,
    };
    backup::restore(home, &path, restoring, &mut given, &mut |_| {})?;
    let device = NewDevice {
        label: wanted.device,
        network: wanted.network,
        protection: wanted.protection,
        timeout_ms: PAIRING_TIMEOUT_MS,
    };
    let taken_in: Result<Value, Failure> = match wanted.way {
        Way::Later => return Ok(Came::Reads(None)),
        Way::Device(ticket) => run::accept(home, &ticket, device, &mut given, &mut |_| {}),
        Way::Words(phrase) => {
            let recovery = Recovery {
                phrase,
                contacts: Vec::new(),
                name: None,
                revoke_others: false,
            };
            run::recover(home, recovery, device, &mut given, &mut |_| {})
        }
    };
    Ok(match taken_in {
        Ok(answer) => Came::TakenIn(Data(&answer).text("words").to_owned()),
        // Not everything came at once; the rest comes by itself.
        Err(failure) if failure.exit == hearth_node::api::Exit::Partial => {
            let words = failure
                .details
                .as_ref()
                .map(|details| Data(details).text("words"));
            Came::TakenIn(words.unwrap_or_default().to_owned())
        }
        Err(failure) => Came::Reads(Some(failure)),
    })
}
