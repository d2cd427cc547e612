//! One request, as a screen sees it: who asks, for what, in which language.

use std::sync::Arc;
use std::time::Instant;

use hearth_node::api::{Failure, Request};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::app::App;
use crate::form::Form;
use crate::reply::{Reply, own_address};
use crate::serve::FORM_TOKEN;
use crate::sessions::{Flash, Standing};
use crate::words::Words;

/// A request that was let through.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The page.
    pub(crate) app: Arc<App>,
    /// The browser.
    pub(crate) standing: Standing,
    /// The parts of the address that the route leaves open.
    pub(crate) params: Vec<(String, String)>,
    /// The address as asked for, with its query.
    pub(crate) address: String,
    /// What stands behind the question mark.
    pub(crate) query: Form,
    /// What was sent.
    pub(crate) form: Form,
    /// The reader's language.
    pub(crate) words: &'static Words,
    /// What the last form led to.
    pub(crate) flash: Option<Flash>,
    /// The time by this computer's clock.
    pub(crate) now: Timestamp,
    /// The reader's time zone.
    pub(crate) zone: TimeZone,
    /// How much windows had been told when this was asked for.
    pub(crate) seen: String,
}

impl Visit {
    /// Has a request done.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn ask(&self, request: Request) -> Result<Value, Failure> {
        self.app.engine.ask(request).await
    }

    /// Returns an open part of the address.
    pub(crate) fn param(&self, name: &str) -> String {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Tells whether this answers a form: its address is nothing that can be read again.
    pub(crate) fn is_sent(&self) -> bool {
        self.form.has(FORM_TOKEN)
    }

    /// Returns where the reader is: what leads back here later, from a form that stands on this screen.
    pub(crate) fn here(&self) -> String {
        match self.is_sent() {
            true => own_address(self.form.raw("back")),
            false => self.address.clone(),
        }
    }

    /// Says in the reader's language.
    pub(crate) fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    /// Answers a form: says what happened on the screen that follows.
    pub(crate) fn done(&self, address: &str, message: impl Into<String>) -> Reply {
        let flash = Flash {
            message: message.into(),
            ..Flash::default()
        };
        self.app.sessions.put_flash(self.standing.session, flash);
        Reply::To(address.to_owned())
    }

    /// Answers a form that nothing is to be said about: the screen shows it.
    pub(crate) fn back_to(&self, address: &str) -> Reply {
        Reply::To(address.to_owned())
    }

    /// Answers a form that could not be done: back to where it stands, with what had been typed.
    pub(crate) fn failed(&self, failure: &Failure) -> Reply {
        let action = self.address.split('?').next().unwrap_or("/").to_owned();
        let back = match self.form.given("back") {
            Some(back) => own_address(&back),
            None => "/".to_owned(),
        };
        self.put_failure(failure, &action);
        Reply::To(back)
    }

    /// Has the next screen say what failed, in the form that is sent to `action`, with what had been typed.
    pub(crate) fn put_failure(&self, failure: &Failure, action: &str) {
        let secrets = [
            "token",
            "passphrase",
            "phrase",
            "new",
            "again",
            "ticket",
            "device-ticket",
            "contact",
        ];
        let (message, hint) = self.words.failure(failure);
        let flash = Flash {
            is_error: true,
            message,
            hint,
            action: action.to_owned(),
            typed: self.form.clone().without(&secrets),
        };
        self.app.sessions.put_flash(self.standing.session, flash);
    }

    /// Returns what had been typed into a field of a form that went wrong, else what stands there.
    pub(crate) fn typed(&self, action: &str, name: &str, stands: &str) -> String {
        match &self.flash {
            Some(flash) if flash.is_error && flash.action == action && flash.typed.has(name) => {
                flash.typed.text(name)
            }
            _ => stands.to_owned(),
        }
    }

    /// Makes sure that it is the owner who asks for something that cannot be taken back or leaves the house: by the
    /// passphrase where there is one, else by a box that was ticked on purpose.
    ///
    /// # Errors
    /// A [`Failure`] where the passphrase is wrong, or the box was not ticked.
    pub(crate) async fn confirm(&self) -> Result<(), Failure> {
        if self.app.locks() {
            if self.standing.is_confirmed {
                return Ok(());
            }
            let given = hearth_node::api::Secret::new(self.form.raw("passphrase").to_owned());
            self.app.check_passphrase(given).await?;
            self.app
                .sessions
                .confirm(self.standing.session, Instant::now());
            return Ok(());
        }
        match self.form.has("sure") {
            true => Ok(()),
            false => Err(Failure::usage("not_confirmed", self.say("confirm-missing"))),
        }
    }
}
