//! Long Markdown documents, as people write them and as nobody should have to.

use std::fmt::Write as _;

/// Letters that a block of 16 code points gives to [`every_script`].
const LETTERS_OF_A_BLOCK: usize = 2;

/// The product's own pages, one after the other: headings, tables, lists, code, links.
pub fn own_pages() -> String {
    [
        include_str!("../../README.md"),
        include_str!("../../docs/ARCHITECTURE.md"),
        include_str!("../../docs/BENCHMARKS.md"),
        include_str!("../../docs/FORMAT.md"),
        include_str!("../../docs/PROTOCOL.md"),
        include_str!("../../docs/TESTING.md"),
        include_str!("../../docs/THREATS.md"),
    ]
    .concat()
}

/// Letters of every script that Unicode has, every single emoji and those that are made of several, in every
/// kind of Markdown block, with all ends of lines and what editors tend to trim.
pub fn every_script() -> String {
    let mut document = String::from("\u{feff}---\ntitle: \"Every script\"\n---\n\n");
    for (place, letters) in blocks().iter().enumerate() {
        let end = ["\n", "\r\n", "\n\n", "  \n", "\r", "\u{2028}"][place % 6];
        let reversed: String = letters.chars().rev().collect();
        let _always = match place % 7 {
            0 => write!(document, "# {letters}{end}"),
            1 => write!(document, "- [x] {letters} *{reversed}*{end}"),
            2 => write!(document, "| {letters} | `{reversed}` |{end}|---|---|{end}"),
            3 => write!(document, "> {letters}\t{reversed}{end}"),
            4 => write!(document, "```\n{letters}\n```{end}"),
            5 => write!(
                document,
                "1. [{letters}](https://example.org/#{reversed}){end}"
            ),
            _ => write!(
                document,
                "{letters}e\u{301} \u{202b}{reversed}\u{202c}\u{200b}{end}"
            ),
        };
    }
    document.push_str("\n## Emoji\n\n");
    for (place, emoji) in emoji().iter().enumerate() {
        document.push_str(emoji);
        document.push(if place % 24 == 23 { '\n' } else { ' ' });
    }
    document.push_str("   \n\n\n");
    document
}

/// Some letters of every block of 16 code points that has any.
fn blocks() -> Vec<String> {
    (0..=0x10_ffff_u32)
        .step_by(16)
        .map(|first| {
            (first..first + 16)
                .filter_map(char::from_u32)
                .filter(|letter| letter.is_alphabetic())
                .take(LETTERS_OF_A_BLOCK)
                .collect()
        })
        .filter(|letters: &String| !letters.is_empty())
        .collect()
}

/// Pictographs, with every skin, as families and professions, flags of countries, keys.
fn emoji() -> Vec<String> {
    let single = [
        0x2600..=0x27bf,
        0x1f300..=0x1f64f,
        0x1f680..=0x1f6ff,
        0x1f900..=0x1faff,
    ];
    let mut all: Vec<String> = single
        .into_iter()
        .flatten()
        .filter_map(char::from_u32)
        .map(String::from)
        .collect();
    for skin in '\u{1f3fb}'..='\u{1f3ff}' {
        all.push(format!("👋{skin}"));
        all.push(format!("🧑{skin}\u{200d}🚀"));
        all.push(format!("🧑{skin}\u{200d}🤝\u{200d}🧑{skin}"));
    }
    all.extend(["👨‍👩‍👧‍👦", "🏳️‍🌈", "❤️‍🔥", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"].map(String::from));
    let regional = || '\u{1f1e6}'..='\u{1f1ff}';
    all.extend(
        regional().flat_map(|first| regional().map(move |second| format!("{first}{second}"))),
    );
    all.extend(
        "0123456789#*"
            .chars()
            .map(|key| format!("{key}\u{fe0f}\u{20e3}")),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_documents_are_long_and_the_scripts_are_all_there() {
        assert!(own_pages().len() >= 100_000);
        let document = every_script();
        assert!(document.len() >= 100_000, "{} bytes", document.len());
        for (script, letters) in [
            ("Latin", 'a'..='z'),
            ("Greek", 'Α'..='ω'),
            ("Cyrillic", 'А'..='я'),
            ("Armenian", 'Ա'..='և'),
            ("Hebrew", 'א'..='ת'),
            ("Arabic", 'ا'..='ي'),
            ("Devanagari", 'अ'..='ह'),
            ("Thai", 'ก'..='ฮ'),
            ("Georgian", 'ა'..='ჰ'),
            ("Ethiopic", 'ሀ'..='ፚ'),
            ("Cherokee", 'Ꭰ'..='Ᏼ'),
            ("Han", '一'..='龥'),
            ("Hangul", '가'..='힣'),
            ("Hiragana", 'ぁ'..='ゖ'),
            ("Egyptian hieroglyphs", '𓀀'..='𓐮'),
            ("Adlam", '𞤀'..='𞥃'),
        ] {
            assert!(
                document.contains(|letter| letters.contains(&letter)),
                "{script}"
            );
        }
    }
}
