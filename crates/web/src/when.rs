//! Days and times in the reader's words.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use maud::{Markup, html};

use crate::visit::Visit;

fn month(visit: &Visit, date: Date, kind: &str) -> String {
    visit.words.of(kind, &date.month().to_string())
}

fn weekday(visit: &Visit, date: Date, kind: &str) -> String {
    let day = date.weekday().to_monday_one_offset();
    visit.words.of(kind, &day.to_string())
}

fn today(visit: &Visit) -> Date {
    visit.now.to_zoned(visit.zone.clone()).date()
}

/// Writes a day in full: Tuesday 24 November 2026.
pub(crate) fn long_day(visit: &Visit, date: Date) -> String {
    visit.words.with(
        "date-long",
        &[
            ("weekday", weekday(visit, date, "weekday").into()),
            ("day", date.day().to_string().into()),
            ("month", month(visit, date, "month").into()),
            ("year", date.year().to_string().into()),
        ],
    )
}

/// Writes a day of a year that goes without saying: 24 Nov, else 24 Nov 2027.
pub(crate) fn short_day(visit: &Visit, date: Date) -> String {
    let key = if date.year() == today(visit).year() {
        "date-short"
    } else {
        "date-short-year"
    };
    visit.words.with(
        key,
        &[
            ("day", date.day().to_string().into()),
            ("month", month(visit, date, "month-short").into()),
            ("year", date.year().to_string().into()),
        ],
    )
}

/// Writes a day near now: Today, Tomorrow, Fri 27 Nov.
pub(crate) fn near_day(visit: &Visit, date: Date) -> String {
    let today = today(visit);
    if date == today {
        return visit.say("today");
    }
    if today.tomorrow().is_ok_and(|tomorrow| tomorrow == date) {
        return visit.say("tomorrow");
    }
    let short = short_day(visit, date);
    let day = weekday(visit, date, "weekday-short");
    visit.words.with(
        "date-near",
        &[("weekday", day.into()), ("date", short.into())],
    )
}

/// Reads the day that the engine wrote, be it part of a moment.
pub(crate) fn read_day(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

/// Reads a moment.
pub(crate) fn read_moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Writes the day of a moment.
pub(crate) fn day_of(visit: &Visit, at: Timestamp) -> String {
    short_day(visit, at.to_zoned(visit.zone.clone()).date())
}

fn clock(time: &Zoned) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// Writes a moment as the engine gave it: 24 Nov, 15:04, or 15:04 of today.
pub(crate) fn moment(visit: &Visit, text: &str) -> String {
    let Some(at) = read_moment(text) else {
        return text.to_owned();
    };
    let local = at.to_zoned(visit.zone.clone());
    match local.date() == today(visit) {
        true => clock(&local),
        false => format!("{}, {}", short_day(visit, local.date()), clock(&local)),
    }
}

/// Writes the day of a moment that the engine gave.
pub(crate) fn day(visit: &Visit, text: &str) -> String {
    match (read_moment(text), read_day(text)) {
        (Some(at), _) => day_of(visit, at),
        (None, Some(date)) => short_day(visit, date),
        (None, None) => text.to_owned(),
    }
}

/// Writes how long ago something was: 2 h, 3 days.
pub(crate) fn ago(visit: &Visit, text: &str) -> String {
    let Some(at) = read_moment(text) else {
        return String::new();
    };
    // A clock that is ahead makes no peer heard in the future.
    let seconds = (visit.now.as_second() - at.as_second()).max(0);
    let (key, count) = match seconds {
        0..60 => return visit.say("a-moment-ago"),
        60..3_600 => ("minutes-ago", seconds / 60),
        3_600..86_400 => ("hours-ago", seconds / 3_600),
        _ => ("days-ago", seconds / 86_400),
    };
    visit.words.with(key, &[("count", count.into())])
}

/// Writes how long it is until a moment, where that is today: in 48 minutes.
pub(crate) fn until(visit: &Visit, text: &str) -> Option<String> {
    let seconds = read_moment(text)?.as_second() - visit.now.as_second();
    let (key, count) = match seconds {
        0..60 => return Some(visit.say("now")),
        60..3_600 => ("in-minutes", seconds / 60),
        3_600..43_200 => ("in-hours", seconds / 3_600),
        _ => return None,
    };
    Some(visit.words.with(key, &[("count", count.into())]))
}

/// Says when something is due: 4 days late, tomorrow, 1 Dec.
pub(crate) fn due(visit: &Visit, text: &str) -> Markup {
    let Some(date) = read_day(text) else {
        return html! {};
    };
    let late = today(visit).since(date).map_or(0, |span| span.get_days());
    html! {
        @if late > 0 {
            span class="late" { (visit.words.with("days-late", &[("count", i64::from(late).into())])) }
            ", "
        }
        time datetime=(date.to_string()) { (near_day(visit, date)) }
    }
}

/// Writes when a session is: the local time where it was planned, and the reader's where that differs.
pub(crate) fn session_time(visit: &Visit, at: &str, minutes: u64) -> Option<(Date, String)> {
    let planned: Timestamp = read_moment(at)?;
    let mine = planned.to_zoned(visit.zone.clone());
    let minutes = i64::try_from(minutes).unwrap_or(0);
    let end = planned
        .checked_add(jiff::Span::new().try_minutes(minutes).ok()?)
        .ok()?
        .to_zoned(visit.zone.clone());
    let span = visit.words.with(
        "time-span",
        &[("from", clock(&mine).into()), ("to", clock(&end).into())],
    );
    Some((mine.date(), span))
}

/// Writes the local time of a session in its own zone, where that is not the reader's.
pub(crate) fn there(visit: &Visit, local: &str, at: &str, zone: &str) -> Option<String> {
    let planned: DateTime = local.parse().ok()?;
    let mine = read_moment(at)?.to_zoned(visit.zone.clone()).datetime();
    if planned == mine {
        return None;
    }
    let city = zone.rsplit('/').next().unwrap_or(zone).replace('_', " ");
    let time = format!("{:02}:{:02}", planned.hour(), planned.minute());
    Some(visit.words.with(
        "time-there",
        &[("time", time.into()), ("city", city.into())],
    ))
}

/// Returns the zone that the computer is set to, by its name.
pub(crate) fn zone_name(zone: &TimeZone) -> Option<String> {
    zone.iana_name().map(str::to_owned)
}
