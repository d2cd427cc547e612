//! Planned times: local time plus IANA zone, so that a weekly session stays at 15:00 when the clocks
//! change. The zone rules are compiled in; the machine's own are never asked.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp, Zoned};
use serde::{Serialize, Serializer};

use crate::check::quote;
use crate::error::Invalid;
use crate::limits::EVERY_COUNT_MAX;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Years that a date may have: four digits, and no mistyped century.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// Whether the name is an IANA time zone that this program knows.
#[must_use]
pub fn zone_known(name: &str) -> bool {
    zone(name).is_some()
}

pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    // The length is checked first because the name may come from another member.
    if name.len() > crate::limits::NAME_BYTES_MAX {
        return None;
    }
    ZONES.get(name).ok()
}

/// A planned moment: local date and time in a named zone. In JSON it is RFC 3339 with offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    zoned: Zoned,
    civil: DateTime,
    zone: String,
}

impl Moment {
    /// Reads local time (`2026-12-01 15:00`, with a space or a `T`) in an IANA zone.
    ///
    /// A time that the clocks skip counts as that much later; one that occurs twice is the first.
    ///
    /// # Errors
    /// [`Invalid::Word`] for a text that is no date and time, a year outside 1900 to 2199 or a zone
    /// that is not known.
    pub fn parse(text: &str, zone_name: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::Word {
            field: "date and time",
            value: quote(text),
            valid: "YYYY-MM-DD HH:MM, as in 2026-12-01 15:00",
        };
        let civil: DateTime = text.trim().parse().map_err(|_| wrong())?;
        // A date alone parses as midnight, which nobody means.
        if !text.contains(':') || !YEARS.contains(&civil.year()) {
            return Err(wrong());
        }
        let tz = zone(zone_name).ok_or_else(|| Invalid::Word {
            field: "time zone",
            value: quote(zone_name),
            valid: "an IANA name, as in Europe/Berlin",
        })?;
        let name = tz.iana_name().unwrap_or(zone_name).to_owned();
        let zoned = civil.to_zoned(tz).map_err(|_| wrong())?;
        Ok(Self {
            zoned,
            civil,
            zone: name,
        })
    }

    /// Reads what a document holds. An unknown zone counts as UTC, so that the session still shows.
    pub(crate) fn stored(text: &str, zone_name: &str) -> Option<Self> {
        Self::parse(text, zone_name)
            .or_else(|_| Self::parse(text, "UTC"))
            .ok()
    }

    /// The local date and time as stored: `2026-12-01T15:00:00`.
    #[must_use]
    pub fn local(&self) -> String {
        self.civil.to_string()
    }

    /// The IANA name of the zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The instant.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.zoned.timestamp()
    }

    /// The local date and time as a calendar file has it: `20261201T150000`.
    pub(crate) fn compact(&self) -> String {
        self.civil.strftime("%Y%m%dT%H%M%S").to_string()
    }

    /// The local day: `2026-12-01`.
    pub(crate) fn date(&self) -> String {
        self.civil.date().to_string()
    }

    /// RFC 3339 with the offset of the zone.
    pub(crate) fn rfc3339(&self) -> String {
        self.zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The day of the month.
    pub(crate) fn day(&self) -> i8 {
        self.civil.day()
    }

    /// The same local time one recurrence later; `None` past the end of the calendar.
    #[must_use]
    pub fn after(&self, every: Every) -> Option<Self> {
        let civil = self.civil.checked_add(every.span()).ok()?;
        Self::parse(&civil.to_string(), &self.zone).ok()
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

/// A recurrence: every so many days, weeks or months. In text `1d`, `2w`, `3m`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Every {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Days,
    Weeks,
    Months,
}

impl Every {
    /// Reads a recurrence.
    ///
    /// # Errors
    /// [`Invalid::Word`] for anything but a count from 1 to 99 and one of `d`, `w`, `m`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::from_text(text.trim()).ok_or_else(|| Invalid::Word {
            field: "recurrence",
            value: quote(text),
            valid: "a count and d, w or m, as in 2w",
        })
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        let unit = match letters.next_back()? {
            'd' => Unit::Days,
            'w' => Unit::Weeks,
            'm' => Unit::Months,
            _ => return None,
        };
        let digits = letters.as_str();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let count: u32 = digits.parse().ok()?;
        (1..=EVERY_COUNT_MAX)
            .contains(&count)
            .then_some(Self { count, unit })
    }

    /// How often, as a calendar file says it: the word and the count.
    pub(crate) fn frequency(self) -> (&'static str, u32) {
        let word = match self.unit {
            Unit::Days => "DAILY",
            Unit::Weeks => "WEEKLY",
            Unit::Months => "MONTHLY",
        };
        (word, self.count)
    }

    fn span(self) -> Span {
        // The count is at most 99, far inside the range of every unit.
        let count = i64::from(self.count);
        match self.unit {
            Unit::Days => Span::new().days(count),
            Unit::Weeks => Span::new().weeks(count),
            Unit::Months => Span::new().months(count),
        }
    }

    /// The local time so many recurrences after a first one; `None` past the end of the calendar.
    ///
    /// Counted from the first, because a month after the 31st is shorter, and the next is not.
    pub(crate) fn times(self, count: i64, first: DateTime) -> Option<DateTime> {
        let count = i64::from(self.count).checked_mul(count)?;
        let span = match self.unit {
            Unit::Days => Span::new().try_days(count),
            Unit::Weeks => Span::new().try_weeks(count),
            Unit::Months => Span::new().try_months(count),
        };
        first.checked_add(span.ok()?).ok()
    }

    /// How many recurrences lie between two local times at least; one where that is not known.
    pub(crate) fn count_until(self, first: DateTime, until: DateTime) -> i64 {
        let days = first
            .date()
            .until(until.date())
            .map_or(0, |span| i64::from(span.get_days()));
        let length = match self.unit {
            Unit::Days => 1,
            Unit::Weeks => 7,
            Unit::Months => 31,
        };
        (days / (length * i64::from(self.count))).max(1)
    }
}

impl std::fmt::Display for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.unit {
            Unit::Days => 'd',
            Unit::Weeks => 'w',
            Unit::Months => 'm',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl Serialize for Every {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a date (`2026-12-01`).
pub(crate) fn date(text: &str) -> Result<Date, Invalid> {
    let parsed = if text.trim().len() == "YYYY-MM-DD".len() {
        text.trim().parse().ok()
    } else {
        None
    };
    parsed
        .filter(|date: &Date| YEARS.contains(&date.year()))
        .ok_or_else(|| Invalid::Word {
            field: "date",
            value: quote(text),
            valid: "YYYY-MM-DD, as in 2026-12-01",
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_weekly_session_stays_at_15_00_when_the_clocks_change() {
        let mut moment = Moment::parse("2027-03-20 15:00", "Europe/Berlin").unwrap();
        let week = Every::parse("1w").unwrap();
        let mut shown = Vec::new();
        for _ in 0..3 {
            shown.push(serde_json::to_value(&moment).unwrap());
            moment = moment.after(week).unwrap();
        }
        assert_eq!(
            shown,
            [
                "2027-03-20T15:00:00+01:00",
                "2027-03-27T15:00:00+01:00",
                "2027-04-03T15:00:00+02:00"
            ]
        );
    }

    #[test]
    fn a_month_later_than_the_31st_is_the_last_day() {
        let moment = Moment::parse("2027-01-31 09:00", "UTC").unwrap();
        assert_eq!(
            moment.after(Every::parse("1m").unwrap()).unwrap().local(),
            "2027-02-28T09:00:00"
        );
    }

    #[test]
    fn dates_and_recurrences_that_nobody_means_are_refused() {
        for text in [
            "",
            "2026-13-01",
            "0001-01-01",
            "9999-12-31",
            "2026-12-01T10:00",
            "tomorrow",
        ] {
            assert!(date(text).is_err(), "{text}");
        }
        for text in ["", "w", "0w", "100w", "2y", "-1w", "２w", "+1w"] {
            assert!(Every::parse(text).is_err(), "{text}");
        }
        for text in [
            "2026-12-01",
            "2026-12-01 25:00",
            "15:00",
            "3000-01-01 10:00",
        ] {
            assert!(Moment::parse(text, "UTC").is_err(), "{text}");
        }
        assert!(Moment::parse("2026-12-01 15:00", "Mars/Olympus").is_err());
    }

    #[test]
    fn a_zone_that_nobody_knows_still_shows_the_session() {
        let moment = Moment::stored("2026-12-01T15:00", "Mars/Olympus").unwrap();
        assert_eq!(moment.zone(), "UTC");
    }
}
