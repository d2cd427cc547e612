//! A series of numbers as a line of bars.

/// The bars, from the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The most bars of a line: it stands beside words.
const BARS_MAX: usize = 24;

/// Draws numbers as bars between two bounds; nothing where there are fewer than two of them. Of a series
/// that is longer than the line, every so many share a bar, and the last of them is shown.
pub(crate) fn line(values: &[f64], low: f64, high: f64) -> String {
    let count = values.len();
    if count < 2 {
        return String::new();
    }
    let bars = count.min(BARS_MAX);
    let shown = (1..=bars).filter_map(|bar| values.get(bar * count / bars - 1));
    shown.map(|value| bar(*value, low, high)).collect()
}

/// Draws numbers between the least and the greatest of them and of `bounds`.
pub(crate) fn fitted(values: &[f64], bounds: impl IntoIterator<Item = f64>) -> String {
    let all: Vec<f64> = values.iter().copied().chain(bounds).collect();
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    line(values, low, high)
}

fn bar(value: f64, low: f64, high: f64) -> char {
    let share = (value - low) / (high - low);
    // All are equal, or out of every bound: neither high nor low.
    if !share.is_finite() {
        return BARS[BARS.len() / 2];
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and 7"
    )]
    let place = (share.clamp(0.0, 1.0) * 7.0).round() as usize;
    BARS.get(place).copied().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_with_the_numbers_and_odd_ones_draw_all_the_same() {
        assert_eq!(line(&[1.0, 2.0, 3.0, 4.0, 5.0], 1.0, 5.0), "▁▃▅▆█");
        assert_eq!(line(&[3.0], 1.0, 5.0), "");
        assert_eq!(fitted(&[2.0, 2.0], []), "▅▅");
        assert_eq!(fitted(&[3.0, 7.5], [3.0, 10.0]), "▁▆");
        assert_eq!(line(&[f64::NAN, 99.0, -99.0], 1.0, 5.0), "▅█▁");
    }

    #[test]
    fn a_long_series_fits_the_line_and_ends_with_its_last() {
        let mut values = vec![0.0; 999];
        values.push(1.0);
        let drawn = line(&values, 0.0, 1.0);
        assert_eq!(drawn.chars().count(), BARS_MAX);
        assert!(drawn.ends_with('█'));
    }
}
