//! What a person may set with `hearth config`.

use std::collections::BTreeMap;
use std::time::Duration;

use hearth_notebook::reminder;
use jiff::civil::Time;

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
        about: "Who keeps copies of your journal: own-devices, or members, who then also keep one that only your recovery phrase opens, and so do mirrors of your notebooks. It is so on all of your devices.",
        check: check_journal_copies,
    },
    Setting {
        key: "reminders",
        default: REMINDERS_NEUTRAL,
        about: "Whether a running node reminds you of sessions and due actions: neutral says neither names nor titles, full says them, off reminds of nothing.",
        check: check_reminders,
    },
    Setting {
        key: "reminders.session_minutes",
        default: "15",
        about: "How many minutes before a session you are reminded; several, as in 1440,15.",
        check: check_session_minutes,
    },
    Setting {
        key: "reminders.action_days",
        default: "0",
        about: "How many days before an action is due you are reminded of it; several, as in 2,0.",
        check: check_action_days,
    },
    Setting {
        key: "reminders.hour",
        default: "09:00",
        about: "The time of day at which you are reminded of actions.",
        check: check_time,
    },
    Setting {
        key: "reminders.quiet",
        default: "22:00-07:00",
        about: "Hours in which nothing is shown, as in 22:00-07:00; off has none. What is still to come is shown after them.",
        check: check_quiet,
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

/// The value of `reminders` with which they hold nothing of a notebook.
const REMINDERS_NEUTRAL: &str = "neutral";
/// The value of `reminders` with which they hold titles.
const REMINDERS_FULL: &str = "full";
/// The value with which there are none, of reminders and of quiet hours.
const OFF: &str = "off";

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

    /// The settings but for the network profile.
    pub(crate) fn without_network(&self) -> Self {
        let mut rest = self.clone();
        rest.values.remove("network");
        rest
    }

    /// How many were set.
    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    /// The network profile, where the person set one after `init`.
    pub fn network(&self) -> Option<String> {
        self.values.get("network").cloned()
    }

    /// When the person wants to be reminded; nothing where they do not.
    pub fn reminder_rules(&self) -> Option<reminder::Rules> {
        if self.word("reminders") == OFF {
            return None;
        }
        Some(reminder::Rules {
            session_minutes: numbers(&self.word("reminders.session_minutes")),
            action_days: numbers(&self.word("reminders.action_days")),
            day_begins: time(&self.word("reminders.hour")).unwrap_or(Time::midnight()),
            zone: self.zone(),
        })
    }

    /// Whether reminders say names and titles.
    pub fn reminds_in_full(&self) -> bool {
        self.word("reminders") == REMINDERS_FULL
    }

    /// The hours in which nothing is shown.
    pub fn quiet(&self) -> Option<reminder::Quiet> {
        quiet(&self.word("reminders.quiet"))
    }

    fn word(&self, key: &str) -> String {
        Self::find(key)
            .map(|setting| self.get(setting))
            .unwrap_or_default()
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

fn check_reminders(value: &str) -> Result<String, String> {
    match value {
        OFF | REMINDERS_NEUTRAL | REMINDERS_FULL => Ok(value.to_owned()),
        _ => Err("give neutral, full or off".to_owned()),
    }
}

fn check_session_minutes(value: &str) -> Result<String, String> {
    const WEEK_MINUTES: u32 = 7 * 24 * 60;
    check_numbers(value, WEEK_MINUTES, "minutes")
}

fn check_action_days(value: &str) -> Result<String, String> {
    const MONTH_DAYS: u32 = 31;
    check_numbers(value, MONTH_DAYS, "days")
}

/// Most reminders of one thing; more is pestering.
const LEADS_MAX: usize = 5;

fn check_numbers(value: &str, most: u32, unit: &str) -> Result<String, String> {
    let parts: Vec<&str> = value.split(',').map(str::trim).collect();
    let mut read = numbers(value);
    if read.len() != parts.len() || read.len() > LEADS_MAX || read.iter().any(|one| *one > most) {
        return Err(format!(
            "give {unit} from 0 to {most}, at most {LEADS_MAX} with commas between"
        ));
    }
    read.sort_unstable_by(|left, right| right.cmp(left));
    read.dedup();
    let read: Vec<String> = read.iter().map(u32::to_string).collect();
    Ok(read.join(","))
}

fn numbers(value: &str) -> Vec<u32> {
    let parts = value.split(',').map(str::trim);
    parts.filter_map(|part| part.parse().ok()).collect()
}

fn check_time(value: &str) -> Result<String, String> {
    match time(value) {
        Some(time) => Ok(time.strftime("%H:%M").to_string()),
        None => Err("give a time of day, as in 09:00".to_owned()),
    }
}

fn time(value: &str) -> Option<Time> {
    let (hour, minute) = value.trim().split_once(':')?;
    let is_short =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !is_short(hour) || minute.len() != 2 || !is_short(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn check_quiet(value: &str) -> Result<String, String> {
    match quiet(value) {
        Some(hours) => {
            let told = |time: Time| time.strftime("%H:%M").to_string();
            Ok(format!("{}-{}", told(hours.from), told(hours.until)))
        }
        None if value == OFF => Ok(value.to_owned()),
        None => Err("give hours, as in 22:00-07:00, or off".to_owned()),
    }
}

fn quiet(value: &str) -> Option<reminder::Quiet> {
    let (from, until) = value.split_once('-')?;
    Some(reminder::Quiet {
        from: time(from)?,
        until: time(until)?,
    })
}

fn check_zone(value: &str) -> Result<String, String> {
    if value == "system" || hearth_notebook::zone_known(value) {
        Ok(value.to_owned())
    } else {
        Err("give a zone as in Europe/Berlin, or system".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_about_reminders_is_read_as_it_was_meant() {
        let mut settings = Settings::default();
        let rules = settings.reminder_rules().expect("they are on");
        assert_eq!(
            (rules.session_minutes, rules.action_days),
            (vec![15], vec![0])
        );
        assert!(!settings.reminds_in_full() && settings.quiet().is_some());
        let mut set = |key: &str, value: &str| {
            let setting = Settings::find(key)?;
            settings.set(setting, value)?;
            Ok::<_, Failure>(settings.get(setting))
        };
        for (key, value, kept) in [
            ("reminders.session_minutes", " 15, 1440,15", "1440,15"),
            ("reminders.action_days", "0,2", "2,0"),
            ("reminders.hour", "7:05", "07:05"),
            ("reminders.quiet", "9:00-08:30", "09:00-08:30"),
            ("reminders.quiet", "off", "off"),
            ("reminders", "full", "full"),
        ] {
            assert_eq!(set(key, value).expect("it serves"), kept);
        }
        for (key, value) in [
            ("reminders", "loud"),
            ("reminders.session_minutes", ""),
            ("reminders.session_minutes", "-1"),
            ("reminders.session_minutes", "1,2,3,4,5,6"),
            ("reminders.action_days", "400"),
            ("reminders.hour", "24:00"),
            ("reminders.hour", "9"),
            ("reminders.hour", "+9:00"),
            ("reminders.quiet", "22:00"),
        ] {
            assert!(set(key, value).is_err(), "{key} {value}");
        }
        assert!(settings.quiet().is_none() && settings.reminds_in_full());
    }
}
