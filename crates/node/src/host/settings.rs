//! What a person may set with `hearth config`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::Failure;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub key: &'static str,
    /// Its value where the person set none.
    pub default: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    check: fn(&str) -> Result<String, String>,
}

/// All settings, in the order in which they are listed.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "network",
        default: "direct",
        about: "How this device reaches others: direct, lan, relay=URL or public. Takes effect when the node starts.",
        check: check_network,
    },
    Setting {
        key: "unlock.minutes",
        default: "15",
        about: "How long an unlocked home stays open for commands while no node runs; 0 asks every time.",
        check: check_minutes,
    },
    Setting {
        key: "invite.hours",
        default: "24",
        about: "How long a new ticket is good for where --expires is not given.",
        check: check_hours,
    },
    Setting {
        key: "rotate_keys_after_days",
        default: "90",
        about: "After how many days an admin's node starts a new key for what is written from then on; 0 never does.",
        check: check_days,
    },
    Setting {
        key: "journal_copies",
        default: COPIES_OWN,
        about: "Who keeps copies of your journal: own-devices, or members, who then also keep one that only your recovery phrase opens. It is so on all of your devices.",
        check: check_journal_copies,
    },
    Setting {
        key: "zone",
        default: "system",
        about: "The time zone for planned sessions, as in Europe/Berlin; system takes this computer's.",
        check: check_zone,
    },
];

/// The value of `journal_copies` with which no member keeps any.
const COPIES_OWN: &str = "own-devices";
/// The value of `journal_copies` that lets members keep sealed copies.
const COPIES_BY_MEMBERS: &str = "members";

/// The settings of a home.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Settings {
    /// The key under which they are kept.
    pub(crate) const KEPT_AS: &'static str = "settings";

    /// Reads kept settings. What an older or newer version kept and this one does not know stays.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let values = serde_json::from_slice(bytes).unwrap_or_default();
        Self { values }
    }

    /// Returns the bytes to keep.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.values).unwrap_or_default()
    }

    /// Finds a setting by its name.
    ///
    /// # Errors
    /// `setting_unknown`, listing the names that there are.
    pub fn find(key: &str) -> Result<&'static Setting, Failure> {
        SETTINGS
            .iter()
            .find(|setting| setting.key == key)
            .ok_or_else(|| {
                let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
                Failure::not_found(
                    "setting_unknown",
                    format!("There is no setting \u{201c}{key}\u{201d}."),
                )
                .with_hint(format!("There are: {}.", names.join(", ")))
            })
    }

    /// Returns a setting's value.
    pub fn get(&self, setting: &Setting) -> String {
        self.values
            .get(setting.key)
            .cloned()
            .unwrap_or_else(|| setting.default.to_owned())
    }

    /// Says whether nobody set it.
    pub fn is_default(&self, setting: &Setting) -> bool {
        !self.values.contains_key(setting.key)
    }

    /// Sets a value.
    ///
    /// # Errors
    /// `setting_invalid` with what would serve.
    pub fn set(&mut self, setting: &Setting, value: &str) -> Result<(), Failure> {
        let value = (setting.check)(value.trim())
            .map_err(|why| Failure::usage("setting_invalid", format!("{}: {why}.", setting.key)))?;
        self.values.insert(setting.key.to_owned(), value);
        Ok(())
    }

    fn number(&self, key: &str, fallback: u64) -> u64 {
        Self::find(key)
            .ok()
            .and_then(|setting| self.get(setting).parse().ok())
            .unwrap_or(fallback)
    }

    /// How long an unlocked home stays open for commands.
    pub fn unlock_for(&self) -> Duration {
        Duration::from_secs(60 * self.number("unlock.minutes", 15))
    }

    /// How long a new ticket is good for.
    pub fn invite_for(&self) -> Duration {
        Duration::from_secs(3600 * self.number("invite.hours", 24))
    }

    /// After how long a key is replaced for its age; `None`: never.
    pub fn rotate_keys_after(&self) -> Option<Duration> {
        match self.number("rotate_keys_after_days", 90) {
            0 => None,
            days => Some(Duration::from_secs(days * 24 * 3600)),
        }
    }

    /// The value of `journal_copies` by whether members keep sealed copies.
    pub(crate) const fn journal_copies_word(by_members: bool) -> &'static str {
        if by_members {
            COPIES_BY_MEMBERS
        } else {
            COPIES_OWN
        }
    }

    /// Whether members keep sealed copies of the journal, as it was set on this device.
    pub fn copies_journal(&self) -> bool {
        self.values.get("journal_copies").map(String::as_str) == Some(COPIES_BY_MEMBERS)
    }

    /// The network profile, where the person set one after `init`.
    pub fn network(&self) -> Option<String> {
        self.values.get("network").cloned()
    }

    /// The time zone for planned sessions.
    pub fn zone(&self) -> String {
        match self.values.get("zone").map(String::as_str) {
            None | Some("system") => jiff::tz::TimeZone::system()
                .iana_name()
                .unwrap_or("UTC")
                .to_owned(),
            Some(zone) => zone.to_owned(),
        }
    }
}

fn check_network(value: &str) -> Result<String, String> {
    value
        .parse::<crate::net::Profile>()
        .map(|_| value.to_owned())
        .map_err(|error| error.to_string())
}

fn check_minutes(value: &str) -> Result<String, String> {
    const DAY_MINUTES: u64 = 24 * 60;
    match value.parse::<u64>() {
        Ok(minutes) if minutes <= DAY_MINUTES => Ok(minutes.to_string()),
        _ => Err(format!("give minutes from 0 to {DAY_MINUTES}")),
    }
}

fn check_hours(value: &str) -> Result<String, String> {
    const YEAR_HOURS: u64 = 365 * 24;
    match value.parse::<u64>() {
        Ok(hours) if (1..=YEAR_HOURS).contains(&hours) => Ok(hours.to_string()),
        _ => Err(format!("give hours from 1 to {YEAR_HOURS}")),
    }
}

fn check_days(value: &str) -> Result<String, String> {
    const DAYS_MAX: u64 = 10 * 366;
    match value.parse::<u64>() {
        Ok(days) if days <= DAYS_MAX => Ok(days.to_string()),
        _ => Err(format!("give days from 0 to {DAYS_MAX}")),
    }
}

fn check_journal_copies(value: &str) -> Result<String, String> {
    if value == COPIES_OWN || value == COPIES_BY_MEMBERS {
        Ok(value.to_owned())
    } else {
        Err("give own-devices or members".to_owned())
    }
}

fn check_zone(value: &str) -> Result<String, String> {
    if value == "system" || hearth_notebook::zone_known(value) {
        Ok(value.to_owned())
    } else {
        Err("give a zone as in Europe/Berlin, or system".to_owned())
    }
}
