//! The calendar feed: one address with a secret in it, which the page of a running node serves to this machine.
//!
//! It is off until somebody asks for it. A calendar program hands on what it reads, to other devices and to whoever keeps
//! its data: titles and places stand in it only where somebody asked for that as well.

use data_encoding::BASE32_NOPAD;
use hearth_notebook::calendar::{self, Whose};
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::answer::unavailable;
use super::graduate::is_closed;
use super::resolve::{ongoing, person_ref};
use crate::api::{CalendarRequest, Failure, Secret};
use crate::host::{Host, random, storage_failed};

/// The key under which the feed is kept (JSON); nothing where it is off.
const KEPT_AS: &str = "calendar";

/// Random bytes of the address: nobody guesses 256 bits.
const TOKEN_BYTES: usize = 32;

/// The feed as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Feed {
    token: Secret,
    titles: bool,
}

impl Feed {
    fn new(titles: bool) -> Self {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        random().fill_bytes(&mut *bytes);
        let mut token = BASE32_NOPAD.encode(&*bytes);
        token.make_ascii_lowercase();
        Self {
            token: Secret::new(token),
            titles,
        }
    }
}

/// Does what a request about the calendar feed asks.
pub(super) fn execute(host: &mut Host, request: &CalendarRequest) -> Result<Value, Failure> {
    let kept = kept(host)?;
    let feed = match request {
        CalendarRequest::Feed { token } => return feed(host, kept, token),
        CalendarRequest::Show => return shown(host, kept.as_ref()),
        CalendarRequest::Off => {
            host.storage.forget_own(KEPT_AS).map_err(storage_failed)?;
            return shown(host, None);
        }
        CalendarRequest::On { titles } => Feed {
            titles: *titles,
            ..kept.unwrap_or_else(|| Feed::new(*titles))
        },
        CalendarRequest::Renew => Feed::new(kept.ok_or_else(is_off)?.titles),
    };
    let bytes = Zeroizing::new(serde_json::to_vec(&feed).unwrap_or_default());
    host.put_own(KEPT_AS, &bytes)?;
    shown(host, Some(&feed))
}

fn kept(host: &Host) -> Result<Option<Feed>, Failure> {
    let bytes = host.get_own(KEPT_AS)?.map(Zeroizing::new);
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn is_off() -> Failure {
    Failure::error("calendar_off", "The calendar feed is off.")
        .with_hint("Turn it on with `hearth calendar on`.")
}

fn shown(host: &Host, feed: Option<&Feed>) -> Result<Value, Failure> {
    let url = match feed {
        Some(feed) => {
            let address = host.home().page_address_or_new()?;
            Some(format!("http://{address}/feed/{}.ics", feed.token.expose()))
        }
        None => None,
    };
    Ok(json!({ "calendar": {
        "on": feed.is_some(),
        "titles": feed.is_some_and(|feed| feed.titles),
        "url": url,
    }}))
}

/// The sessions of all notebooks that are not over, and what this person is to have done.
fn feed(host: &mut Host, kept: Option<Feed>, token: &Secret) -> Result<Value, Failure> {
    let nothing = || Failure::not_found("feed_unknown", "There is no calendar at this address.");
    let kept = kept.ok_or_else(nothing)?;
    // Hashes are compared in constant time.
    if blake3::hash(kept.token.expose().as_bytes()) != blake3::hash(token.expose().as_bytes()) {
        return Err(nothing());
    }
    let whose = Whose::Person(person_ref(host.me())?);
    let mut all = Vec::new();
    for notebook in ongoing(host)? {
        // One that cannot be read leaves the others as they are.
        if is_closed(host, notebook).unwrap_or(true) {
            continue;
        }
        let entries = host.read(notebook, |docs, people| {
            calendar::entries(docs, people, &whose).map_err(unavailable)
        });
        all.extend(entries.map(|entries| entries.of(notebook.to_string())));
    }
    Ok(json!({ "ics": calendar::write_ics(&all, kept.titles) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_while_looking_for_faults_never_holds_the_address() {
        let feed = Feed::new(false);
        let token = feed.token.expose().to_owned();
        assert_eq!(token.len(), 52);
        let asked = CalendarRequest::Feed {
            token: feed.token.clone(),
        };
        assert!(!format!("{feed:?} {asked:?}").contains(&token));
        // It is kept and sent as the same text as ever.
        assert!(serde_json::to_string(&feed).unwrap().contains(&token));
        assert!(serde_json::to_string(&asked).unwrap().contains(&token));
    }
}
