//! Columns that line up, whatever script the words are in.

use unicode_width::UnicodeWidthStr;

use super::clean;
use super::style::Style;

/// What separates two columns.
const GAP: &str = "  ";

/// One field of a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    /// Words as they are.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self {
            text: clean::line(text.as_ref()),
            ..Self::default()
        }
    }

    /// Words in a style.
    pub(crate) fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            style,
            ..Self::new(text)
        }
    }

    /// A fact beside the words.
    pub(crate) fn quiet(text: impl AsRef<str>) -> Self {
        Self::styled(text, Style::Quiet)
    }

    /// A figure, which lines up on the right.
    pub(crate) fn right(text: impl AsRef<str>) -> Self {
        Self {
            right: true,
            ..Self::new(text)
        }
    }
}

/// Rows of cells; a row may have fewer cells than others.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes the rows, each with `indent` spaces before it. Columns that are empty in every row
    /// are left out, and no line ends in spaces.
    pub(crate) fn write(&self, page: &mut String, indent: usize, colour: bool) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.text.width())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            let mut pending = String::new();
            for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                let padding = " ".repeat(width - cell.text.width().min(*width));
                if cell.text.is_empty() {
                    pending.push_str(&padding);
                } else {
                    line.push_str(&pending);
                    pending.clear();
                    let painted = cell.style.paint(&cell.text, colour);
                    if cell.right {
                        line.push_str(&padding);
                        line.push_str(&painted);
                    } else {
                        line.push_str(&painted);
                        pending.push_str(&padding);
                    }
                }
                pending.push_str(GAP);
            }
            page.push_str(line.trim_end_matches(' '));
            page.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_across_scripts_and_empty_ones_vanish() {
        let mut table = Table::default();
        table.row([
            Cell::new("안녕"),
            Cell::new(""),
            Cell::right("7"),
            Cell::new("x"),
        ]);
        table.row([
            Cell::new("Ada Lovelace"),
            Cell::new(""),
            Cell::right("120"),
            Cell::new(""),
        ]);
        table.row([
            Cell::new("Ben"),
            Cell::new(""),
            Cell::new(""),
            Cell::new("y"),
        ]);
        let mut page = String::new();
        table.write(&mut page, 2, false);
        insta::assert_snapshot!(page, @r"
        안녕            7  x
        Ada Lovelace  120
        Ben                y
        ");
    }

    #[test]
    fn colour_does_not_move_columns() {
        let mut table = Table::default();
        table.row([Cell::styled("a", Style::Good), Cell::new("b")]);
        table.row([Cell::new("long"), Cell::new("c")]);
        let mut page = String::new();
        table.write(&mut page, 0, true);
        assert_eq!(page, "\u{1b}[32ma\u{1b}[0m     b\nlong  c\n");
    }
}
