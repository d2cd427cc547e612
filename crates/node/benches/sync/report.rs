//! The table: what was measured, the ratio to the peer, the goal, and whether it holds.

use std::time::Duration;

use crate::reconnect::Reconnection;

/// What a line says.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Milliseconds,
    Microseconds,
    Bytes,
    Mebibytes,
}

/// The goal of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// At most this part of the peer's figure.
    Ratio(f64),
    /// At most this figure.
    Micros(f64),
    /// At most this many milliseconds, or mebibytes.
    Most(f64),
    /// None: the line is there to compare with.
    None,
}

/// Collects lines and prints them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<[String; 6]>,
}

impl Report {
    /// Adds a line of times.
    pub(crate) fn time(&mut self, name: &str, ours: Duration, peer: Duration, goal: Goal) {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        self.row(
            name,
            Unit::Milliseconds,
            millis(ours),
            Some(millis(peer)),
            goal,
        );
    }

    /// Adds a line of bytes.
    pub(crate) fn bytes(&mut self, name: &str, ours: f64, peer: f64, goal: Goal) {
        self.row(name, Unit::Bytes, ours, Some(peer), goal);
    }

    /// Adds what a reconnection came to beside a peer that remembers where both parted.
    pub(crate) fn beside(&mut self, name: &str, ours: &Reconnection, peer: &Reconnection) {
        let time = format!("{name} time, remembering peer");
        self.time(&time, ours.time, peer.time, Goal::None);
        let payload = format!("{name} bytes, remembering peer");
        self.bytes(&payload, bytes(ours), bytes(peer), Goal::None);
    }

    /// Adds a line of bytes that has no goal.
    pub(crate) fn bytes_alone(&mut self, name: &str, ours: f64, peer: f64) {
        self.row(name, Unit::Bytes, ours, Some(peer), Goal::None);
    }

    /// Adds a line of times that has no peer.
    pub(crate) fn alone(&mut self, name: &str, ours: Duration, goal: Goal) {
        self.row(
            name,
            Unit::Milliseconds,
            ours.as_secs_f64() * 1e3,
            None,
            goal,
        );
    }

    /// Adds a line about memory.
    pub(crate) fn memory(&mut self, name: &str, ours: f64, peer: Option<f64>, goal: Goal) {
        self.row(name, Unit::Mebibytes, ours, peer, goal);
    }

    /// Adds a line about the disk.
    pub(crate) fn disk(&mut self, name: &str, ours: Duration, goal: Goal) {
        self.row(
            name,
            Unit::Microseconds,
            ours.as_secs_f64() * 1e6,
            None,
            goal,
        );
    }

    fn row(&mut self, name: &str, unit: Unit, ours: f64, peer: Option<f64>, goal: Goal) {
        let figure = |value: f64| match unit {
            Unit::Milliseconds => format!("{value:.2} ms"),
            Unit::Microseconds => format!("{value:.0} µs"),
            Unit::Mebibytes => format!("{value:.1} MiB"),
            Unit::Bytes if value >= 10_000.0 => format!("{:.1} kB", value / 1e3),
            Unit::Bytes => format!("{value:.0} B"),
        };
        let ratio = peer.map(|peer| ours / peer);
        let (words, holds) = match goal {
            Goal::Ratio(most) => (format!("≤ {most}"), ratio.map(|ratio| ratio <= most)),
            Goal::Micros(most) => (format!("≤ {most} µs"), Some(ours <= most)),
            Goal::Most(most) => {
                let unit = match unit {
                    Unit::Mebibytes => "MiB",
                    _ => "ms",
                };
                (format!("≤ {most} {unit}"), Some(ours <= most))
            }
            Goal::None => (String::new(), None),
        };
        self.rows.push([
            name.to_owned(),
            figure(ours),
            peer.map(figure).unwrap_or_default(),
            ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            words,
            holds
                .map_or("", |holds| if holds { "yes" } else { "NO" })
                .to_owned(),
        ]);
    }

    /// Prints the table in Markdown.
    pub(crate) fn print(&self) {
        let head = ["", "Hearthside", "peer", "ratio", "goal", "holds"].map(str::to_owned);
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = self.rows.iter().chain([&head]);
                cells
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let line = |row: &[String; 6]| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            println!("| {} |", cells.join(" | "));
        };
        line(&head);
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        println!("| {} |", rules.join(" | "));
        for row in &self.rows {
            line(row);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred kilobytes")]
pub(crate) const fn bytes(round: &Reconnection) -> f64 {
    round.bytes as f64
}

/// Returns the time that this many in a hundred do not pass. `sorted` is in ascending order.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

/// Returns the middle one by a key.
///
/// # Panics
/// Where there is none.
pub(crate) fn median_by<T: Copy, K: Ord>(mut all: Vec<T>, key: impl Fn(&T) -> K) -> T {
    all.sort_by_key(|one| key(one));
    all[all.len() / 2]
}
