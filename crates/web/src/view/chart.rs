//! Charts in percentages, so that text and lines keep their size at any width; a table beside each says the same.

use maud::{Markup, html};

use crate::data::plain_number;

/// A measured value.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// When, in days since some day.
    pub(crate) day: f64,
    /// How much.
    pub(crate) value: f64,
    /// The day in words.
    pub(crate) label: String,
}

/// A line over time towards a target.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// A name for the ids in it.
    pub(crate) id: String,
    /// What is measured.
    pub(crate) title: String,
    /// What it shows, in a sentence.
    pub(crate) description: String,
    /// The unit.
    pub(crate) unit: String,
    /// The values, in the order of time.
    pub(crate) points: Vec<Point>,
    /// What is to be reached, with the word for it.
    pub(crate) target: Option<(f64, String)>,
    /// The last day of the axis, such as when it is due.
    pub(crate) until: Option<(f64, String)>,
}

/// Values beyond are drawn at the edge: nobody reads a chart of them.
const VALUE_MAX: f64 = 1e12;
const LEFT: f64 = 9.0;
const RIGHT: f64 = 97.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 88.0;

/// The ends of an axis and the step between its marks.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// Rounds outwards to steps of 1, 2 or 5 times a power of ten, at most six of them.
    fn around(low: f64, high: f64) -> Self {
        let span = (high - low).max(1e-9);
        let rough = span / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        let factors = [1.0, 2.0, 5.0, 10.0];
        let fits = factors.into_iter().find(|factor| factor * power >= rough);
        let step = fits.unwrap_or(10.0) * power;
        Self {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
        }
    }

    fn marks(self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step)
            .round()
            .clamp(0.0, 12.0);
        let mut marks = Vec::new();
        let mut at = 0.0;
        while at <= count {
            marks.push(self.low + at * self.step);
            at += 1.0;
        }
        marks
    }

    fn share(self, value: f64) -> f64 {
        let span = self.high - self.low;
        if span <= 0.0 {
            0.5
        } else {
            (value - self.low) / span
        }
    }
}

fn percent(value: f64) -> String {
    format!("{:.2}%", value)
}

impl Chart {
    /// Draws it; nothing where nothing was measured.
    pub(crate) fn draw(&self) -> Markup {
        let Some(first) = self.points.first() else {
            return html! {};
        };
        let values = self.points.iter().map(|point| point.value);
        let all: Vec<f64> = values
            .chain(self.target.iter().map(|(value, _)| *value))
            .collect();
        let bounded = || all.iter().map(|value| value.clamp(-VALUE_MAX, VALUE_MAX));
        let low = bounded().fold(0.0, f64::min);
        let high = bounded().fold(-VALUE_MAX, f64::max);
        let axis = Axis::around(low, high.max(low + 1.0));
        let last_day = self.points.last().map_or(first.day, |point| point.day);
        let end = self
            .until
            .as_ref()
            .map_or(last_day, |(day, _)| day.max(last_day));
        let days = (end - first.day).max(1.0);
        let x = |day: f64| LEFT + (RIGHT - LEFT) * ((day - first.day) / days).clamp(0.0, 1.0);
        let y = |value: f64| BOTTOM - (BOTTOM - TOP) * axis.share(value).clamp(0.0, 1.0);
        html! {
            svg class="chart" role="img" aria-labelledby={ (self.id) "-t " (self.id) "-d" } {
                title id={ (self.id) "-t" } { (self.title) }
                desc id={ (self.id) "-d" } { (self.description) }
                @for mark in axis.marks() {
                    line class=(if mark == axis.low { "axis" } else { "grid" })
                        x1=(percent(LEFT)) x2=(percent(RIGHT)) y1=(percent(y(mark))) y2=(percent(y(mark))) {}
                    text x=(percent(LEFT - 2.0)) y=(percent(y(mark))) dy="4" text-anchor="end" { (plain_number(mark)) }
                }
                (self.days(first, last_day, end, &x))
                @if let Some((value, word)) = &self.target {
                    line class="target" x1=(percent(LEFT)) x2=(percent(RIGHT)) y1=(percent(y(*value))) y2=(percent(y(*value))) {}
                    text class="target-label" x=(percent(RIGHT)) y=(percent(y(*value))) dy="16" text-anchor="end" { (word) }
                }
                @for pair in self.points.windows(2) {
                    @if let [from, to] = pair {
                        line class="data" x1=(percent(x(from.day))) y1=(percent(y(from.value)))
                            x2=(percent(x(to.day))) y2=(percent(y(to.value))) {}
                    }
                }
                @for (at, point) in self.points.iter().enumerate() {
                    @let is_last = at + 1 == self.points.len();
                    circle class=(if is_last { "point last" } else { "point" }) r="5"
                        cx=(percent(x(point.day))) cy=(percent(y(point.value))) {}
                }
                (self.end_labels(&x, &y))
            }
        }
    }

    fn days(&self, first: &Point, last_day: f64, end: f64, x: &impl Fn(f64) -> f64) -> Markup {
        let last = self.points.last();
        let is_apart = |day: f64, from: f64| x(day) - x(from) > 22.0;
        html! {
            text x=(percent(LEFT)) y="96%" text-anchor="start" { (first.label) }
            @if let Some(last) = last {
                @if is_apart(last_day, first.day) && (self.until.is_none() || is_apart(end, last_day)) {
                    text x=(percent(x(last_day))) y="96%" text-anchor=(if x(last_day) > 90.0 { "end" } else { "middle" }) { (last.label) }
                }
            }
            @if let Some((day, label)) = &self.until {
                @if is_apart(*day, first.day) {
                    text x=(percent(RIGHT)) y="96%" text-anchor="end" { (label) }
                }
            }
        }
    }

    /// The first and the last value, where they are read first.
    fn end_labels(&self, x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) -> Markup {
        let label = |point: &Point| match self.unit.is_empty() {
            true => plain_number(point.value),
            false => format!("{} {}", plain_number(point.value), self.unit),
        };
        html! {
            @if let (Some(first), Some(last)) = (self.points.first(), self.points.last()) {
                @if self.points.len() > 1 {
                    text class="strong" x=(percent(x(first.day))) y=(percent(y(first.value))) dx="10" dy="-8" { (label(first)) }
                }
                @let is_right = x(last.day) > 80.0;
                text class="strong" x=(percent(x(last.day))) y=(percent(y(last.value)))
                    dx=(if is_right { "-12" } else { "12" }) dy=(if is_right { "-10" } else { "4" })
                    text-anchor=(if is_right { "end" } else { "start" }) { (label(last)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_round_numbers() {
        assert_eq!(
            Axis::around(0.0, 22.0),
            Axis {
                low: 0.0,
                high: 30.0,
                step: 10.0
            }
        );
        assert_eq!(Axis::around(0.0, 5.0).marks(), [0.0, 2.0, 4.0, 6.0]);
        assert!(Axis::around(0.0, 1e12).marks().len() <= 13);
        assert!(Axis::around(5.0, 5.0).marks().len() <= 13);
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let point = |day: f64, value: f64| Point {
            day,
            value,
            label: "x".into(),
        };
        let chart = Chart {
            id: "c".into(),
            title: "t".into(),
            description: "d".into(),
            unit: String::new(),
            points: vec![point(0.0, 1e300), point(1.0, -1e300), point(0.5, 0.0)],
            target: Some((f64::MAX, "t".into())),
            until: Some((-5.0, "u".into())),
        };
        let drawn = chart.draw().into_string();
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }
}
