//! Makes other people's text harmless to a terminal.
//!
//! Invariant: no text that came from a notebook, a peer or a file reaches a terminal except
//! through this module. A terminal obeys control characters (they move the cursor, retitle the
//! window, write the clipboard), and bidirectional overrides make text read as what it is not.
//! Both are shown instead of obeyed.

/// How far apart tab stops are; as terminals have it.
const TAB: &str = "    ";

/// Makes text fit for a single line: line breaks become visible as well.
pub(crate) fn line(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut clean, c| {
            match c {
                '\n' => clean.push('␊'),
                '\t' => clean.push(' '),
                c => push(&mut clean, c),
            }
            clean
        })
}

/// Makes text of several lines fit for a terminal: line feeds stay, tabs become spaces.
pub(crate) fn text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => clean.push('\n'),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\t' => clean.push_str(TAB),
            c => push(&mut clean, c),
        }
    }
    clean
}

/// Escapes what JSON allows raw and a terminal obeys. The document keeps its meaning, since such
/// characters stand only inside strings.
pub(crate) fn json(document: &str) -> String {
    let mut clean = String::with_capacity(document.len());
    for c in document.chars() {
        if obeyed(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                clean.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            clean.push(c);
        }
    }
    clean
}

fn push(clean: &mut String, c: char) {
    match c {
        // The control pictures stand in the same order as the characters that they depict.
        '\u{0}'..='\u{1f}' => {
            clean
                .push(char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        '\u{7f}' => clean.push('␡'),
        c if obeyed(c) => clean.push_str(&format!("<U+{:04X}>", u32::from(c))),
        c => clean.push(c),
    }
}

/// Tells whether a terminal or its text layout acts on the character rather than showing it.
///
/// Joiners and the plain left-to-right and right-to-left marks are left alone: emoji, Persian and
/// mixed text need them, and they reorder nothing by themselves.
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{202a}'..='\u{202e}'      // embeddings and overrides
            | '\u{2066}'..='\u{2069}'    // isolates
            | '\u{2028}' | '\u{2029}'    // line and paragraph separators
            | '\u{fff9}'..='\u{fffb}'    // interlinear annotation
            | '\u{206a}'..='\u{206f}'    // deprecated formatting
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_not_obeyed() {
        assert_eq!(line("a\u{1b}]0;owned\u{7}b"), "a␛]0;owned␇b");
        assert_eq!(line("\u{9b}2J"), "<U+009B>2J");
        assert_eq!(line("\u{7f}\u{8}\u{0}"), "␡␈␀");
    }

    #[test]
    fn overrides_that_turn_text_around_are_visible() {
        assert_eq!(line("invoice\u{202e}fdp.exe"), "invoice<U+202E>fdp.exe");
        assert_eq!(line("\u{2066}a\u{2069}"), "<U+2066>a<U+2069>");
    }

    #[test]
    fn every_script_and_emoji_stays() {
        let words = "Ça va · 안녕 · שלום · می‌خواهم · 👩‍👩‍👧 · e\u{301}";
        assert_eq!(line(words), words);
        assert_eq!(text(words), words);
    }

    #[test]
    fn only_text_of_several_lines_keeps_them() {
        assert_eq!(line("a\r\nb\tc"), "a␍␊b c");
        assert_eq!(text("a\r\nb\n\tc\rd"), "a\nb\n    c␍d");
    }

    #[test]
    fn nothing_obeyed_survives_whatever_comes_in() {
        let all: String = (0..=0x2100).filter_map(char::from_u32).collect();
        assert!(!line(&all).chars().any(obeyed));
        assert!(!text(&all).chars().any(|c| c != '\n' && obeyed(c)));
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"title": "a\u{9b}b\u{202e}c\u{7f}\n\"\\ 🔥"});
        let printed = json(&value.to_string());
        assert!(!printed.chars().any(obeyed));
        let read: serde_json::Value = serde_json::from_str(&printed).expect("is JSON");
        assert_eq!(read, value);
    }
}
