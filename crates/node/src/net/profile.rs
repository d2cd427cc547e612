//! The network profile: whom a node contacts, and what each of them learns.
//!
//! The invariant: a node contacts its peers' addresses and, beyond them, only what its profile names.

use std::{fmt, str::FromStr};

use iroh::RelayUrl;
use thiserror::Error;

use super::limits::{RELAY_URL_BYTES_MAX, RELAYS_MAX};

/// Whom a node contacts. Chosen when a home is made, shown in its status.
///
/// Written `direct`, `lan`, `relay=URL[,URL…]` or `public`; [`FromStr`] and [`Display`](fmt::Display) agree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Profile {
    /// Peers' addresses, as they stand in tickets and in the notebook; nobody else.
    #[default]
    Direct,
    /// As `direct`, and peers are found by multicast DNS on the local network.
    Lan,
    /// As `direct`, and these relays forward packets where no direct path is found.
    Relay(Vec<RelayUrl>),
    /// As `direct`, and n0's public relays and address lookup.
    Public,
}

impl Profile {
    /// Says in plain words who learns what.
    pub fn reveals(&self) -> String {
        const PEERS: &str = "The people you share a notebook with, and its mirrors if it has any, learn this \
                             device's network addresses. Whoever carries the traffic sees both addresses, \
                             times and sizes, never content.";
        match self {
            Self::Direct => format!("{PEERS} Nobody else is contacted."),
            Self::Lan => format!(
                "{PEERS} Everyone on the local network can see that this device runs Hearthside, under \
                 which key, and at which addresses."
            ),
            Self::Relay(relays) => format!(
                "{PEERS} Whoever runs {} learns this device's key and address, when it is online, and \
                 with which keys it talks through the relay, when and how much, never content; the \
                 name service of this network learns the relay's name.",
                comma_separated(relays)
            ),
            Self::Public => format!(
                "{PEERS} The company n0, which runs the public relays and the address lookup at \
                 iroh.link, learns this device's key and address, when it is online, and with which \
                 keys it talks, when and how much, never content; anyone who knows the key can look up \
                 the relay that it uses."
            ),
        }
    }

    /// True where a relay may carry packets.
    pub fn uses_relay(&self) -> bool {
        matches!(self, Self::Relay(_) | Self::Public)
    }
}

/// Error of reading a [`Profile`] from text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The text is none of the four profiles.
    #[error("there is no network profile {0:?}: choose direct, lan, relay=URL or public")]
    Unknown(String),
    /// `relay=` names no relay.
    #[error("relay= needs the address of a relay: relay=https://relay.example.org")]
    NoRelay,
    /// More relays than [`RELAYS_MAX`].
    #[error("{0} relays are too many: name at most {RELAYS_MAX}")]
    TooManyRelays(usize),
    /// A relay's address is not an `https://` or `http://` URL with a host, or is longer than
    /// [`RELAY_URL_BYTES_MAX`].
    #[error("{0:?} is no relay's address: write it as https://relay.example.org")]
    BadRelay(String),
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        match text {
            "direct" => Ok(Self::Direct),
            "lan" => Ok(Self::Lan),
            "public" => Ok(Self::Public),
            _ => {
                let relays = text
                    .strip_prefix("relay=")
                    .ok_or_else(|| ProfileError::Unknown(shortened(text)))?;
                parse_relays(relays).map(Self::Relay)
            }
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Lan => f.write_str("lan"),
            Self::Relay(relays) => write!(f, "relay={}", comma_separated(relays)),
            Self::Public => f.write_str("public"),
        }
    }
}

/// Reads the address of a relay, as it stands in a profile or a ticket.
///
/// # Errors
/// [`ProfileError::BadRelay`] where it is not an `https://` or `http://` URL with a host.
pub(super) fn parse_relay(text: &str) -> Result<RelayUrl, ProfileError> {
    let bad = || ProfileError::BadRelay(shortened(text));
    if text.len() > RELAY_URL_BYTES_MAX {
        return Err(bad());
    }
    let url: RelayUrl = text.parse().map_err(|_| bad())?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err(bad());
    }
    Ok(url)
}

fn parse_relays(text: &str) -> Result<Vec<RelayUrl>, ProfileError> {
    let parts: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    match parts.len() {
        0 => Err(ProfileError::NoRelay),
        count if count > RELAYS_MAX => Err(ProfileError::TooManyRelays(count)),
        _ => parts.into_iter().map(parse_relay).collect(),
    }
}

fn comma_separated(relays: &[RelayUrl]) -> String {
    relays
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

/// Keeps an error message readable whatever was typed.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    text.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_written_as_it_is_read() {
        for text in [
            "direct",
            "lan",
            "public",
            "relay=https://relay.example.org/",
            "relay=https://a.example.org/,http://127.0.0.1:3340/",
        ] {
            let profile: Profile = text.parse().unwrap();
            assert_eq!(profile.to_string(), text);
        }
        let spaced: Profile = "relay=https://a.example.org , https://b.example.org,"
            .parse()
            .unwrap();
        assert_eq!(
            spaced.to_string(),
            "relay=https://a.example.org/,https://b.example.org/"
        );
    }

    #[test]
    fn what_is_no_profile_is_refused_with_its_reason() {
        let unknown = "wifi".parse::<Profile>();
        assert_eq!(unknown, Err(ProfileError::Unknown("wifi".to_owned())));
        assert_eq!("relay=".parse::<Profile>(), Err(ProfileError::NoRelay));
        assert_eq!("relay=,,".parse::<Profile>(), Err(ProfileError::NoRelay));
        for bad in [
            "relay.example.org",
            "file:///etc/passwd",
            "https://",
            "mailto:a@b",
        ] {
            let text = format!("relay={bad}");
            assert_eq!(
                text.parse::<Profile>(),
                Err(ProfileError::BadRelay(bad.to_owned()))
            );
        }
        let many = format!("relay={}", ["https://a.example"; RELAYS_MAX + 1].join(","));
        assert_eq!(
            many.parse::<Profile>(),
            Err(ProfileError::TooManyRelays(RELAYS_MAX + 1))
        );
        let long = format!("relay=https://{}", "a".repeat(RELAY_URL_BYTES_MAX));
        assert!(matches!(
            long.parse::<Profile>(),
            Err(ProfileError::BadRelay(_))
        ));
    }

    #[test]
    fn each_profile_says_whom_it_contacts() {
        let relay: Profile = "relay=https://relay.example.org".parse().unwrap();
        assert!(
            Profile::Direct
                .reveals()
                .ends_with("Nobody else is contacted.")
        );
        assert!(Profile::Lan.reveals().contains("local network"));
        assert!(relay.reveals().contains("https://relay.example.org/"));
        assert!(Profile::Public.reveals().contains("n0"));
        for profile in [Profile::Lan, relay, Profile::Public] {
            assert!(!profile.reveals().contains("Nobody else"));
        }
    }
}
