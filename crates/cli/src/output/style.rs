//! The few ways in which text is set apart on a terminal.

/// What a piece of text is, rather than how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Style {
    /// Words as they are.
    #[default]
    Plain,
    /// A title.
    Strong,
    /// A fact beside the words: ids, dates, authors.
    Quiet,
    /// Due or running now.
    Now,
    /// Wrong or dangerous.
    Danger,
    /// Reached, confirmed, done.
    Good,
}

impl Style {
    /// Wraps text that is already clean in this style's escape sequences, where colour is wanted.
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Strong => "1",
            Self::Quiet => "2",
            Self::Now => "33",
            Self::Danger => "31",
            Self::Good => "32",
        };
        if colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
