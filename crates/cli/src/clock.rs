//! What time it is, where the person sits.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// An instant and a zone; tests pin both.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    now: Zoned,
}

impl Clock {
    /// The computer's clock and zone.
    pub(crate) fn system() -> Self {
        Self { now: Zoned::now() }
    }

    /// A clock that stands still.
    #[cfg(test)]
    pub(crate) fn pinned(now: &str) -> Self {
        Self {
            now: now.parse().expect("a time with a zone"),
        }
    }

    /// The day it is.
    pub(crate) fn today(&self) -> Date {
        self.now.date()
    }

    /// The zone's IANA name, where it has one.
    pub(crate) fn zone_name(&self) -> Option<String> {
        self.zone().iana_name().map(str::to_owned)
    }

    /// The minute it is, in local time: `2026-11-23T16:00`.
    pub(crate) fn minute(&self) -> String {
        self.now.strftime("%Y-%m-%dT%H:%M").to_string()
    }

    /// Counts the seconds until a time; negative where it is past.
    pub(crate) fn seconds_until(&self, text: &str) -> Option<i64> {
        let timestamp: Timestamp = text.parse().ok()?;
        Some(timestamp.duration_since(self.now.timestamp()).as_secs())
    }

    fn zone(&self) -> &TimeZone {
        self.now.time_zone()
    }

    /// Tells a time as people here do: `15:35` today, `Sat 21 Nov 15:35` this year, else with the
    /// year. What is no time is returned as it is.
    pub(crate) fn time(&self, text: &str) -> String {
        let Ok(timestamp) = text.parse::<Timestamp>() else {
            return text.to_owned();
        };
        let local = timestamp.to_zoned(self.zone().clone());
        let form = if local.date() == self.today() {
            "%H:%M"
        } else if local.year() == self.now.year() {
            "%a %-d %b %H:%M"
        } else {
            "%a %-d %b %Y %H:%M"
        };
        local.strftime(form).to_string()
    }

    /// Tells how long ago a time was: `just now`, `5 min ago`, `2 h ago`, `3 days ago`. A time in
    /// the future, which another's wrong clock can make, is told as it is.
    pub(crate) fn ago(&self, text: &str) -> String {
        let Ok(timestamp) = text.parse::<Timestamp>() else {
            return text.to_owned();
        };
        let seconds = self.now.timestamp().duration_since(timestamp).as_secs();
        match seconds {
            ..-59 => self.time(text),
            -59..60 => "just now".to_owned(),
            60..3_600 => format!("{} min ago", seconds / 60),
            3_600..86_400 => format!("{} h ago", seconds / 3_600),
            86_400..172_800 => "1 day ago".to_owned(),
            _ => format!("{} days ago", seconds / 86_400),
        }
    }

    /// Tells a day with its distance: `2026-12-01 (in 8 days)`. What is no date is returned as it
    /// is.
    pub(crate) fn day(&self, text: &str) -> String {
        let Some(days) = self.days_until(text) else {
            return text.to_owned();
        };
        match days {
            0 => format!("{text} (today)"),
            1 => format!("{text} (tomorrow)"),
            -1 => format!("{text} (yesterday)"),
            2.. => format!("{text} (in {days} days)"),
            _ => format!("{text} ({} days ago)", -days),
        }
    }

    /// Counts the days from today to a date; negative where it is past.
    pub(crate) fn days_until(&self, text: &str) -> Option<i32> {
        let date: Date = text.parse().ok()?;
        self.today().until(date).ok().map(|span| span.get_days())
    }

    /// Tells a planned local start with its weekday: `Tue 1 Dec 2026 15:00`. The planned time is
    /// civil, so the zone never moves it. What is no time is returned as it is.
    pub(crate) fn planned(&self, text: &str) -> String {
        let civil = text
            .parse::<Zoned>()
            .map(|zoned| zoned.datetime())
            .or_else(|_| text.parse());
        let Ok(start): Result<jiff::civil::DateTime, _> = civil else {
            return text.to_owned();
        };
        start.strftime("%a %-d %b %Y %H:%M").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::pinned("2026-11-23T16:00:00+01:00[Europe/Berlin]")
    }

    #[test]
    fn times_are_told_where_the_person_sits() {
        let told = [
            "2026-11-23T14:35:00Z",
            "2026-11-21T14:35:00Z",
            "2025-07-01T14:35:00Z",
            "soon",
        ]
        .map(|text| clock().time(text));
        assert_eq!(
            told,
            ["15:35", "Sat 21 Nov 15:35", "Tue 1 Jul 2025 16:35", "soon"]
        );
    }

    #[test]
    fn ages_are_told_in_the_largest_whole_unit() {
        let told = [
            "2026-11-23T14:59:30Z",
            "2026-11-23T14:55:00Z",
            "2026-11-23T12:30:00Z",
            "2026-11-22T12:00:00Z",
            "2026-11-01T12:00:00Z",
            "2026-11-23T18:00:00Z",
            "9999-99-99",
        ]
        .map(|text| clock().ago(text));
        assert_eq!(
            told,
            [
                "just now",
                "5 min ago",
                "2 h ago",
                "1 day ago",
                "22 days ago",
                "19:00",
                "9999-99-99"
            ]
        );
    }

    #[test]
    fn days_are_told_with_their_distance() {
        let told = [
            "2026-11-23",
            "2026-11-24",
            "2026-12-01",
            "2026-11-20",
            "whenever",
        ]
        .map(|text| clock().day(text));
        assert_eq!(
            told,
            [
                "2026-11-23 (today)",
                "2026-11-24 (tomorrow)",
                "2026-12-01 (in 8 days)",
                "2026-11-20 (3 days ago)",
                "whenever"
            ]
        );
    }

    #[test]
    fn a_planned_time_stays_at_its_hour() {
        let told = [
            "2026-12-01T15:00",
            "2026-12-01T15:00:00-05:00[America/New_York]",
            "x",
        ]
        .map(|text| clock().planned(text));
        assert_eq!(told, ["Tue 1 Dec 2026 15:00", "Tue 1 Dec 2026 15:00", "x"]);
    }
}
