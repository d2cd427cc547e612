//! Dates, times and durations as people type them.

use std::time::Duration;

use hearth_node::api::Failure;
use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::clock::Clock;

/// The longest duration that is taken: a year.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Reads a duration such as `30s`, `15m`, `24h`, `7d`, `2w`; at most a year, never zero.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (count, unit) = text.split_at(split);
    let seconds: u64 = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err("write a number and a unit, as in 30s, 15m, 24h, 7d, 2w".to_owned()),
    };
    let count: u64 = count
        .parse()
        .map_err(|_| "write a number and a unit, as in 24h".to_owned())?;
    match count.checked_mul(seconds).map(Duration::from_secs) {
        Some(duration) if duration.is_zero() => Err("it must be longer than nothing".to_owned()),
        Some(duration) if duration <= DURATION_MAX => Ok(duration),
        _ => Err("it must be at most a year".to_owned()),
    }
}

/// Counts the milliseconds of a duration.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Reads a finite number.
pub(crate) fn finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("write a number, as in 12 or 3.5".to_owned()),
    }
}

/// Reads a day: `2026-12-01`, `today`, `tomorrow`, `yesterday`, a weekday (the next one after
/// today), or a distance such as `+3d`, `+2w`, `+1m`. Returns it as `2026-12-01`.
pub(crate) fn date(text: &str, clock: &Clock) -> Result<String, Failure> {
    parse_date(text, clock)
        .map(|date| date.to_string())
        .ok_or_else(|| {
            Failure::usage("date_invalid", format!("`{text}` is no date."))
                .with_hint("Write 2026-12-01, today, tomorrow, fri or +2w.")
        })
}

/// Reads a day as [`date`] does, or the empty text or `none`, which clear it.
pub(crate) fn date_or_none(text: &str, clock: &Clock) -> Result<String, Failure> {
    if text.is_empty() || text.eq_ignore_ascii_case("none") {
        return Ok(String::new());
    }
    date(text, clock)
}

/// Reads a local time such as `2026-12-01 15:00`, `fri 9:30` or `+2w 15:00`. Returns it as
/// `2026-12-01T15:00`.
pub(crate) fn date_time(text: &str, clock: &Clock) -> Result<String, Failure> {
    let parsed = text
        .trim()
        .split_once(' ')
        .or_else(|| text.trim().split_once('T'))
        .and_then(|(date, time)| Some((parse_date(date, clock)?, parse_time(time.trim())?)));
    match parsed {
        Some((date, time)) => Ok(format!("{date}T{}", time.strftime("%H:%M"))),
        None => Err(
            Failure::usage("time_invalid", format!("`{text}` is no day and time."))
                .with_hint("Write \"2026-12-01 15:00\", \"tomorrow 9:30\" or \"fri 15:00\"."),
        ),
    }
}

/// Checks a zone's IANA name.
pub(crate) fn zone(name: &str) -> Result<String, Failure> {
    match TimeZone::get(name) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(name).to_owned()),
        Err(_) => Err(
            Failure::usage("zone_unknown", format!("No time zone is called `{name}`."))
                .with_hint("Write an IANA name, as in Europe/Berlin or America/New_York."),
        ),
    }
}

fn parse_date(text: &str, clock: &Clock) -> Option<Date> {
    let today = clock.today();
    let word = text.trim().to_ascii_lowercase();
    match word.as_str() {
        "today" => return Some(today),
        "tomorrow" => return today.checked_add(1.day()).ok(),
        "yesterday" => return today.checked_sub(1.day()).ok(),
        _ => {}
    }
    if let Some(distance) = word.strip_prefix('+') {
        let unit = distance.chars().next_back()?;
        let count: i32 = distance
            .strip_suffix(unit)?
            .parse()
            .ok()
            .filter(|count| *count >= 0)?;
        let span = match unit {
            'd' => jiff::Span::new().try_days(count),
            'w' => jiff::Span::new().try_weeks(count),
            'm' => jiff::Span::new().try_months(count),
            _ => return None,
        };
        return today.checked_add(span.ok()?).ok();
    }
    if let Some(weekday) = parse_weekday(&word) {
        return today.nth_weekday(1, weekday).ok();
    }
    parse_iso_date(&word)
}

/// Takes `2026-12-01` and nothing that only resembles it.
fn parse_iso_date(word: &str) -> Option<Date> {
    let date: Date = word.parse().ok()?;
    (date.to_string() == word).then_some(date)
}

fn parse_weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn parse_time(text: &str) -> Option<Time> {
    let mut parts = text.split(':');
    let hour = digits(parts.next()?)?;
    let minute = digits(parts.next()?)?;
    let second = parts.next().map_or(Some(0), digits)?;
    if parts.next().is_some() || second != 0 {
        return None;
    }
    Time::new(hour, minute, 0, 0).ok()
}

fn digits(text: &str) -> Option<i8> {
    let plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday.
    fn clock() -> Clock {
        Clock::pinned("2026-11-23T16:00:00+01:00[Europe/Berlin]")
    }

    #[test]
    fn durations_have_a_unit_and_an_end() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("24h"), Ok(86_400));
        assert_eq!(seconds("2w"), Ok(1_209_600));
        for wrong in [
            "",
            "30",
            "h",
            "-1h",
            "0s",
            "1.5h",
            "99999999999999999999h",
            "53w",
            "2 w",
            "1é",
        ] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_are_read_from_where_the_person_sits() {
        let read = |text| date(text, &clock()).ok();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("2026-12-01"), some("2026-12-01"));
        assert_eq!(read("today"), some("2026-11-23"));
        assert_eq!(read("Tomorrow"), some("2026-11-24"));
        assert_eq!(read("fri"), some("2026-11-27"));
        assert_eq!(read("monday"), some("2026-11-30"));
        assert_eq!(read("+3d"), some("2026-11-26"));
        assert_eq!(read("+2w"), some("2026-12-07"));
        assert_eq!(read("+1m"), some("2026-12-23"));
        for wrong in [
            "",
            "2026-13-01",
            "2026-02-30",
            "1.12.2026",
            "+w",
            "+-1d",
            "+99999999d",
            "+é",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_day_can_be_cleared() {
        assert_eq!(date_or_none("none", &clock()).ok(), Some(String::new()));
        assert_eq!(date_or_none("", &clock()).ok(), Some(String::new()));
        assert_eq!(
            date_or_none("today", &clock()).ok(),
            Some("2026-11-23".to_owned())
        );
    }

    #[test]
    fn times_have_a_day_and_a_minute() {
        let read = |text| date_time(text, &clock()).ok();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("2026-12-01 15:00"), some("2026-12-01T15:00"));
        assert_eq!(read("2026-12-01T15:00:00"), some("2026-12-01T15:00"));
        assert_eq!(read("fri 9:30"), some("2026-11-27T09:30"));
        assert_eq!(read("Tomorrow 09:05"), some("2026-11-24T09:05"));
        for wrong in [
            "15:00",
            "2026-12-01",
            "2026-12-01 25:00",
            "fri 9",
            "fri 9:3o",
            "fri 9:00:30",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn zones_are_iana_names() {
        assert_eq!(zone("Europe/Berlin").ok(), Some("Europe/Berlin".to_owned()));
        assert_eq!(
            zone("Middle/Earth").err().map(|failure| failure.code),
            Some("zone_unknown".into())
        );
    }

    #[test]
    fn numbers_are_finite() {
        assert_eq!(finite("-3.5"), Ok(-3.5));
        assert!(finite("inf").is_err() && finite("NaN").is_err() && finite("1,5").is_err());
    }
}
