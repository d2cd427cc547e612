//! The keyboard: whole keys, one after the other, to whatever has the focus.

use serde_json::{Value, json};

use super::Browser;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter.
    Letter(char),
    /// A letter with Ctrl held.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Enter with Ctrl held.
    CtrlEnter,
    /// Backspace.
    Backspace,
    /// Escape.
    Escape,
    /// Tab.
    Tab,
    /// Tab with Shift held.
    BackTab,
    /// The space bar.
    Space,
    /// Arrow down.
    Down,
    /// Arrow up.
    Up,
}

impl Key {
    /// The code of WebDriver, and of what is held meanwhile.
    const fn codes(self) -> (Option<char>, char) {
        const CTRL: char = '\u{E009}';
        const SHIFT: char = '\u{E008}';
        match self {
            Self::Letter(letter) => (None, letter),
            Self::Ctrl(letter) => (Some(CTRL), letter),
            Self::Enter => (None, '\u{E007}'),
            Self::CtrlEnter => (Some(CTRL), '\u{E007}'),
            Self::Backspace => (None, '\u{E003}'),
            Self::Escape => (None, '\u{E00C}'),
            Self::Tab => (None, '\u{E004}'),
            Self::BackTab => (Some(SHIFT), '\u{E004}'),
            Self::Space => (None, ' '),
            Self::Down => (None, '\u{E015}'),
            Self::Up => (None, '\u{E013}'),
        }
    }
}

impl Browser {
    /// Presses keys one after the other.
    #[track_caller]
    pub fn keys(&self, keys: &[Key]) {
        let mut actions: Vec<Value> = Vec::new();
        let mut act = |kind: &str, code: char| {
            actions.push(json!({ "type": kind, "value": code.to_string() }));
        };
        for key in keys {
            let (held, code) = key.codes();
            if let Some(held) = held {
                act("keyDown", held);
            }
            act("keyDown", code);
            act("keyUp", code);
            if let Some(held) = held {
                act("keyUp", held);
            }
        }
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.call("POST", "/actions", &body);
    }

    /// Types a text to whatever has the focus.
    #[track_caller]
    pub fn write(&self, text: &str) {
        let keys: Vec<Key> = text.chars().map(Key::Letter).collect();
        self.keys(&keys);
    }
}
