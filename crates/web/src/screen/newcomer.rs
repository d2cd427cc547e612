//! What the form of the first screen leads to: the home is made in the way that was chosen, the node begins, and what the
//! person came for is done. All of it is one task: a window that is closed in the middle ends nothing of it.

use std::sync::Arc;
use std::time::Instant;

use hearth_node::api::{Exit, Failure, NotebookRequest, Request, Secret};
use hearth_node::host::{HomeDir, InitHome, InitProtection};
use hearth_node::net::Profile;
use hearth_node::run::{self, Given, NewDevice};
use maud::html;
use serde_json::Value;
use tokio::sync::MutexGuard;

use super::example;
use crate::app::Newcomer;
use crate::data::Data;
use crate::limits::PAIRING_TIMEOUT_MS;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::shell::plain;
use crate::visit::Visit;

/// What the form says, once it is whole.
struct Wanted {
    way: String,
    name: String,
    device: String,
    network: Profile,
    protection: InitProtection,
    passphrase: Option<Secret>,
    phrase: Secret,
    contact: String,
}

fn wanted(visit: &Visit) -> Result<Wanted, Failure> {
    let form = &visit.form;
    let way = form.text("way");
    let needs = |field: &str, word: &str| {
        form.given(field)
            .ok_or_else(|| missing(visit.words, &visit.say(word)))
    };
    let name = needs("name", "your-name")?;
    let device = needs("device", "this-device-name")?;
    let contact = match way.as_str() {
        "join" => needs("ticket", "invitation")?,
        "link" => needs("device-ticket", "device-ticket")?,
        "recover" => needs("contact", "contact-ticket")?,
        _ => String::new(),
    };
    let network = network(visit)?;
    let (protection, passphrase) = protected(visit)?;
    Ok(Wanted {
        way,
        name,
        device,
        network,
        protection,
        passphrase,
        phrase: Secret::new(form.raw("phrase").to_owned()),
        contact: contact.split_whitespace().collect(),
    })
}

/// How the device is to reach others.
pub(super) fn network(visit: &Visit) -> Result<Profile, Failure> {
    let network = match visit.form.text("network").as_str() {
        "relay" => match visit.form.given("relay") {
            Some(relay) => format!("relay={relay}"),
            None => return Err(missing(visit.words, &visit.say("relay-address"))),
        },
        other => other.to_owned(),
    };
    network
        .parse()
        .map_err(|_| Failure::usage("relay_invalid", visit.say("relay-address-wrong")))
}

/// What is to protect the home, and the passphrase where it is one.
pub(super) fn protected(visit: &Visit) -> Result<(InitProtection, Option<Secret>), Failure> {
    let form = &visit.form;
    let protection = match form.text("protect").as_str() {
        "bare" => return Ok((InitProtection::Bare, None)),
        "keyring" => InitProtection::Keyring,
        _ => InitProtection::Passphrase,
    };
    if form.raw("new").is_empty() {
        return Err(missing(visit.words, &visit.say("passphrase")));
    }
    if form.raw("new") != form.raw("again") {
        let words = visit.say("passphrases-differ");
        return Err(Failure::usage("passphrases_differ", words));
    }
    let passphrase = Secret::new(form.raw("new").to_owned());
    Ok((protection, Some(passphrase)))
}

/// A home that has an identity now.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    how: How,
    /// The words that the device that linked this one shows as well; empty where there are none.
    words: String,
}

/// How it came to have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It was made, and everything is here that was to come.
    Whole,
    /// It was made, and some of it is still on its way.
    Partly,
    /// Somebody was in it already, whom the passphrase opens that was typed.
    Found,
}

/// Tells what an attempt came to. `is_opened` says whether what was typed opens a home that was found there.
fn outcome(
    tried: Result<Value, Failure>,
    is_opened: impl FnOnce() -> bool,
) -> Result<Made, Failure> {
    let words = |answer: &Value| Data(answer).text("words").to_owned();
    match tried {
        Ok(answer) => Ok(Made {
            how: How::Whole,
            words: words(&answer),
        }),
        // This device is one of the person's: to begin once more is refused from now on, and the rest comes by itself.
        Err(failure) if failure.exit == Exit::Partial => Ok(Made {
            how: How::Partly,
            words: failure.details.as_ref().map(words).unwrap_or_default(),
        }),
        Err(failure) if failure.code == "already_initialised" && is_opened() => Ok(Made {
            how: How::Found,
            words: String::new(),
        }),
        Err(failure) => Err(failure),
    }
}

/// Makes the home in the way that was chosen.
fn make_home(home: &HomeDir, wanted: Wanted) -> Result<Made, Failure> {
    let passphrase = wanted.passphrase.clone();
    let is_opened = || match home.has_passphrase() {
        Ok(false) => true,
        _ => passphrase.is_some_and(|given| home.check_passphrase(&given).is_ok()),
    };
    outcome(try_to_make(home, wanted), is_opened)
}

fn try_to_make(home: &HomeDir, wanted: Wanted) -> Result<Value, Failure> {
    let mut given = Given(wanted.passphrase);
    let device = NewDevice {
        label: wanted.device.clone(),
        network: wanted.network.clone(),
        protection: wanted.protection,
        timeout_ms: PAIRING_TIMEOUT_MS,
    };
    match wanted.way.as_str() {
        "link" => run::accept(home, &wanted.contact, device, &mut given, &mut |_| {}),
        "recover" => {
            let recovery = run::Recovery {
                phrase: wanted.phrase,
                contacts: vec![wanted.contact],
                name: Some(wanted.name),
                revoke_others: false,
            };
            run::recover(home, recovery, device, &mut given, &mut |_| {})
        }
        _ => {
            let init = InitHome {
                name: wanted.name,
                device: wanted.device,
                network: wanted.network,
                protection: wanted.protection,
            };
            run::init_keeping_phrase(home, init, &mut given).map(|()| Value::Null)
        }
    }
}

/// `POST /welcome`
pub(crate) async fn make(visit: Arc<Visit>) -> Result<Reply, Failure> {
    // The server drops a request whose window was closed. What was begun goes on all the same.
    let task = tokio::spawn(begin(Arc::clone(&visit)));
    task.await.unwrap_or_else(|_| Err(not_made(&visit)))
}

pub(super) fn not_made(visit: &Visit) -> Failure {
    Failure::error("home_not_made", visit.say("failed"))
}

async fn begin(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    // One at a time: a second press waits, and finds that there is an identity.
    let newcomer = visit.app.newcomer.lock().await;
    if newcomer.is_none() {
        drop(newcomer);
        visit.app.engine.begun().await?;
        return Ok(visit.back_to("/"));
    }
    let wanted = wanted(visit)?;
    let (home, way) = (visit.app.home.clone(), wanted.way.clone());
    let (passphrase, ticket) = (wanted.passphrase.clone(), wanted.contact.clone());
    let made = tokio::task::spawn_blocking(move || make_home(&home, wanted)).await;
    let made = made
        .unwrap_or_else(|_| Err(not_made(visit)))
        .map_err(|failure| match failure.code.as_str() {
            "already_initialised" => {
                Failure::usage("somebody_is_here", visit.say("welcome-somebody"))
            }
            _ => failure,
        })?;
    begun(visit, newcomer, passphrase).await?;
    go_on(visit, &way, made, ticket).await
}

/// Tells the node that there is an identity, and waits until it has begun.
pub(super) async fn begun(
    visit: &Visit,
    mut newcomer: MutexGuard<'_, Option<Newcomer>>,
    passphrase: Option<Secret>,
) -> Result<(), Failure> {
    if let Some(waiting) = newcomer.take() {
        // Nobody waits any more where the node was told to stop at this very moment.
        let _stopping = waiting.send(passphrase);
    }
    drop(newcomer);
    visit
        .app
        .sessions
        .confirm(visit.standing.session, Instant::now());
    visit.app.engine.begun().await
}

/// Does what the person came for, now that the node is there. What fails here can be done again on the page.
async fn go_on(visit: &Visit, way: &str, made: Made, ticket: String) -> Result<Reply, Failure> {
    let said = match made.how {
        How::Whole => "welcome-back",
        How::Partly => "welcome-back-partly",
        How::Found => return Ok(visit.done("/", visit.say("welcome-found"))),
    };
    let done = match way {
        "link" | "recover" if made.words.is_empty() => return Ok(visit.done("/", visit.say(said))),
        "link" | "recover" => return Ok(compare(visit, &made.words, said)),
        "join" => join(visit, ticket).await,
        "example" => example::make(visit).await,
        _ => create(visit).await,
    };
    match done {
        Ok(next) => Ok(visit.back_to(&format!("/recovery?next={next}"))),
        // It stands in the form that does the same, to be tried again. The words can wait; the first screen says so.
        Err(failure) => {
            let form = match way {
                "join" => "/begin/join",
                "example" => "/begin/example",
                _ => "/begin/create",
            };
            visit.put_failure(&failure, form);
            Ok(visit.back_to("/begin"))
        }
    }
}

/// Shows the words that the other device shows as well. They are known in this answer alone.
pub(super) fn compare(visit: &Visit, words: &str, said: &str) -> Reply {
    let body = html! {
        div class="hello" {
            h1 { (visit.say("linked-title")) }
            p class="prose" { (visit.say("linked-compare")) }
        }
        section class="start" aria-label=(visit.say("your-words")) {
            ol class="words" lang="en" { @for word in words.split_whitespace() { li { (word) } } }
            p class="measure" { (visit.say("linked-differ")) }
            p class="soft measure" { (visit.say(said)) }
            p { a class="btn first" href="/" { (visit.say("linked-go-on")) } }
        }
    };
    Reply::Page(plain(visit, &visit.say("linked-title"), &body))
}

async fn create(visit: &Visit) -> Result<String, Failure> {
    let title = visit.form.given("title");
    let made = visit
        .ask(Request::Notebook(NotebookRequest::Create {
            title: title.unwrap_or_else(|| visit.say("my-notebook")),
            form: visit.form.text("form"),
            role: None,
            template: None,
        }))
        .await?;
    Ok(format!("/n/{}", Data(&made).get("notebook").text("id")))
}

async fn join(visit: &Visit, ticket: String) -> Result<String, Failure> {
    let joined = visit
        .ask(Request::Join {
            ticket,
            timeout_ms: PAIRING_TIMEOUT_MS,
        })
        .await?;
    let id = Data(&joined).get("notebook").text("id").to_owned();
    Ok(format!("/n/{id}/people"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn never() -> bool {
        panic!("nothing was found there")
    }

    #[test]
    fn a_device_counts_as_made_with_something_still_on_its_way() {
        let details = json!({ "words": "one two three", "notebooks": 2, "arrived": 1 });
        let partial = Failure::new(Exit::Partial, "notebooks_on_their_way", "Not everything.")
            .with_details(details);
        let made = outcome(Err(partial), never).expect("made");
        assert_eq!(
            (made.how, made.words.as_str()),
            (How::Partly, "one two three")
        );
        let whole = outcome(Ok(json!({ "words": "one" })), never).expect("made");
        assert_eq!((whole.how, whole.words.as_str()), (How::Whole, "one"));
        let none = outcome(Ok(Value::Null), never).expect("made");
        assert_eq!((none.how, none.words.as_str()), (How::Whole, ""));
    }

    #[test]
    fn a_home_that_was_there_is_gone_on_with_where_what_was_typed_opens_it() {
        let found = || Failure::error("already_initialised", "There is an identity.");
        let made = outcome(Err(found()), || true).expect("opened");
        assert_eq!(made.how, How::Found);
        assert_eq!(outcome(Err(found()), || false), Err(found()));
        let other = Failure::error("init_failed", "No room.");
        assert_eq!(outcome(Err(other.clone()), never), Err(other));
    }
}
