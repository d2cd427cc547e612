//! Settings.

use serde_json::{Value, json};

use super::journal;
use crate::api::{ConfigRequest, Failure};
use crate::host::{Host, SETTINGS, Setting, Settings};
use crate::net::Profile;

/// The setting that a home is made with, so that its default differs from home to home.
const NETWORK: &str = "network";

/// The setting that is the person's and not the device's: it stands in their journal where they have one.
const JOURNAL_COPIES: &str = "journal_copies";

/// Does what a request about settings asks.
pub(super) fn execute(host: &mut Host, request: &ConfigRequest) -> Result<Value, Failure> {
    match request {
        ConfigRequest::Get { key } => Ok(view(host, Settings::find(key)?)),
        ConfigRequest::Set { key, value } => {
            let setting = Settings::find(key)?;
            let mut changed = host.settings.clone();
            changed.set(setting, value)?;
            if setting.key == JOURNAL_COPIES {
                journal::say_about_copies(host, changed.copies_journal())?;
            }
            host.put_own(Settings::KEPT_AS, &changed.to_bytes())?;
            host.settings = changed;
            Ok(view(host, setting))
        }
        ConfigRequest::List => {
            let settings: Vec<Value> = SETTINGS.iter().map(|setting| view(host, setting)).collect();
            Ok(json!({ "settings": settings }))
        }
    }
}

fn view(host: &mut Host, setting: &Setting) -> Value {
    let said = (setting.key == JOURNAL_COPIES).then(|| journal::said_about_copies(host));
    let is_said = matches!(said, Some(Some(_)));
    let value = match (host.settings.network(), said.flatten()) {
        (None, _) if setting.key == NETWORK => host.identity.profile.network.clone(),
        (_, Some(by_members)) => Settings::journal_copies_word(by_members).to_owned(),
        _ => host.settings.get(setting),
    };
    let mut view = json!({
        "key": setting.key,
        "value": value,
        "default": !is_said && host.settings.is_default(setting),
        "about": setting.about,
    });
    if setting.key == NETWORK
        && let Ok(profile) = value.parse::<Profile>()
    {
        view["reveals"] = json!(profile.reveals());
    }
    view
}
