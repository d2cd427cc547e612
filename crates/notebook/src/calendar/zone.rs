//! The rules of a time zone, as far as a calendar needs them.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::text::push;

/// Seconds of a year, roughly: rules are told from a year before the first session.
const YEAR_SECONDS: i64 = 366 * 24 * 3600;
/// Years after the last session for which rules are told: those of a series that goes on.
const YEARS_AFTER: i64 = 10;
/// Changes of the clocks that are told; twice a year for as long as there may be sessions.
const CHANGES_MAX: usize = 600;

/// Adds the VTIMEZONE of a zone for a span of time: one component for each change of the clocks.
pub(super) fn push_zone(
    out: &mut String,
    zone: &TimeZone,
    name: &str,
    first: Timestamp,
    last: Timestamp,
) {
    let from = Timestamp::from_second(first.as_second() - YEAR_SECONDS).unwrap_or(first);
    let to = Timestamp::from_second(last.as_second() + YEARS_AFTER * YEAR_SECONDS).unwrap_or(last);
    push(out, "BEGIN:VTIMEZONE");
    push(out, &format!("TZID:{name}"));
    push(out, &format!("X-LIC-LOCATION:{name}"));
    let mut before = zone.to_offset_info(from);
    let mut offset = before.offset();
    component(
        out,
        from,
        (offset, offset),
        before.dst().is_dst(),
        before.abbreviation(),
    );
    for change in zone.following(from).take(CHANGES_MAX) {
        if change.timestamp() > to {
            break;
        }
        let offsets = (offset, change.offset());
        component(
            out,
            change.timestamp(),
            offsets,
            change.dst().is_dst(),
            change.abbreviation(),
        );
        offset = change.offset();
        before = zone.to_offset_info(change.timestamp());
    }
    drop(before);
    push(out, "END:VTIMEZONE");
}

fn component(
    out: &mut String,
    at: Timestamp,
    (from, to): (Offset, Offset),
    is_summer: bool,
    name: &str,
) {
    let kind = if is_summer { "DAYLIGHT" } else { "STANDARD" };
    // The local time at which the clocks change is told by the clocks as they were.
    let local = from.to_datetime(at);
    push(out, &format!("BEGIN:{kind}"));
    push(out, &format!("DTSTART:{}", local.strftime("%Y%m%dT%H%M%S")));
    push(out, &format!("TZOFFSETFROM:{}", told(from)));
    push(out, &format!("TZOFFSETTO:{}", told(to)));
    push(out, &format!("TZNAME:{name}"));
    push(out, &format!("END:{kind}"));
}

fn told(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.unsigned_abs();
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    match rest {
        0 => format!("{sign}{hours:02}{minutes:02}"),
        rest => format!("{sign}{hours:02}{minutes:02}{rest:02}"),
    }
}
