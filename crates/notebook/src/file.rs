//! A file that hangs on an object, as the document tells of it, and a name for it that is safe to write.
//!
//! It is told in fields of the object: `file_name`, `file_bytes`, `file_hash` (BLAKE3 of what is in it, in hexadecimal), and
//! 32 bytes each `file_root` (its name among devices) and `file_key` (what opens it). The file itself is in no document.

use std::fmt::Write as _;

use automerge::ScalarValue;
use serde::Serialize;

use crate::error::Invalid;
use crate::limits::{FILE_BYTES_MAX, FILE_NAME_BYTES_MAX};
use crate::plan::{Plan, Slot};
use crate::record::Record;

/// Names that some systems keep for devices, whatever stands behind a dot.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// What a document says of a file.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AttachedFile {
    /// What it is called: a plain name that leads nowhere.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of what is in it, in hexadecimal.
    pub hash: String,
    /// Its name among devices.
    #[serde(skip)]
    pub root: [u8; 32],
    /// What opens it.
    #[serde(skip)]
    pub key: [u8; 32],
}

impl std::fmt::Debug for AttachedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachedFile")
            .field("name", &self.name)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl AttachedFile {
    /// Reads what an object says of its file; nothing where it does not say all of it.
    pub(crate) fn read(record: &Record<'_>) -> Option<Self> {
        let bytes = record.number("file_bytes")?;
        #[expect(clippy::cast_precision_loss, reason = "the limit is far below 2^53")]
        let fits = bytes.fract() == 0.0 && (0.0..=FILE_BYTES_MAX as f64).contains(&bytes);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole and within the limit"
        )]
        let bytes = fits.then_some(bytes as u64)?;
        let hash = record.str("file_hash")?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        Some(Self {
            name: safe_name(&record.str_or_empty("file_name")),
            bytes,
            hash: is_hash.then(|| hash.to_ascii_lowercase())?,
            root: record.bytes_32("file_root")?,
            key: record.bytes_32("file_key")?,
        })
    }

    /// Makes what a document is to say of a file.
    #[must_use]
    pub fn new(name: &str, bytes: u64, hash: &[u8; 32], (root, key): ([u8; 32], [u8; 32])) -> Self {
        let mut hex = String::new();
        for byte in hash {
            // A String takes all that is written into it.
            let _infallible = write!(hex, "{byte:02x}");
        }
        Self {
            name: safe_name(name),
            bytes,
            hash: hex,
            root,
            key,
        }
    }

    pub(crate) fn put(&self, plan: &mut Plan, slot: Slot) -> Result<(), Invalid> {
        if self.bytes > FILE_BYTES_MAX {
            return Err(Invalid::TooLong {
                field: "file",
                max: usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX),
                unit: "bytes",
            });
        }
        plan.put(slot, "file_name", self.name.as_str());
        plan.put(slot, "file_bytes", ScalarValue::Uint(self.bytes));
        plan.put(slot, "file_hash", self.hash.as_str());
        plan.put(slot, "file_root", ScalarValue::Bytes(self.root.to_vec()));
        plan.put(slot, "file_key", ScalarValue::Bytes(self.key.to_vec()));
        Ok(())
    }
}

/// Makes a name that is only a name of whatever somebody called a file: it leads into no other folder, is no option, no
/// device and no hidden file, and reads in the direction in which it is written.
#[must_use]
pub fn safe_name(text: &str) -> String {
    let letters = text.chars().filter_map(|letter| match letter {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => Some('_'),
        // What is not seen, or turns around what is.
        '\u{061c}'
        | '\u{00ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => None,
        letter if letter.is_control() => None,
        letter if letter.is_whitespace() => Some(' '),
        letter => Some(letter),
    });
    let name: String = letters.collect();
    let name = name.trim_matches([' ', '.']);
    let mut name = shortened(name);
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is_reserved = RESERVED.contains(&stem.to_lowercase().as_str());
    if is_reserved || name.starts_with(['-', '~']) {
        name.insert(0, '_');
        name = shortened(&name);
    }
    if name.is_empty() {
        name.push_str("file");
    }
    name
}

/// Shortens a name in front of its ending.
fn shortened(name: &str) -> String {
    const ENDING_BYTES_MAX: usize = 16;
    if name.len() <= FILE_NAME_BYTES_MAX {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= ENDING_BYTES_MAX {
        ending
    } else {
        ""
    };
    let room = FILE_NAME_BYTES_MAX - ending.len();
    let end = (0..=room).rev().find(|end| name.is_char_boundary(*end));
    let stem = name[..end.unwrap_or(0)].trim_end_matches([' ', '.']);
    format!("{stem}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_looks_like_what_it_is() {
        for (text, expected) in [
            ("slides.pdf", "slides.pdf"),
            ("Übung 1 — naïve.md", "Übung 1 — naïve.md"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("/etc/passwd", "_etc_passwd"),
            ("C:\\Windows\\x.exe", "C__Windows_x.exe"),
            ("..", "file"),
            ("", "file"),
            (" . ", "file"),
            (".bashrc", "bashrc"),
            ("-rf", "_-rf"),
            ("~root", "_~root"),
            ("nul", "_nul"),
            ("CON.txt", "_CON.txt"),
            ("console.txt", "console.txt"),
            ("a\0b\nc", "abc"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("zero\u{200b}width", "zerowidth"),
            ("trailing. . ", "trailing"),
            ("a\u{3000}b", "a b"),
        ] {
            assert_eq!(safe_name(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = format!("{}.tar.gz", "ä".repeat(400));
        let name = safe_name(&long);
        assert!(
            name.len() <= FILE_NAME_BYTES_MAX && name.ends_with("ä.gz"),
            "{name}"
        );
        let name = safe_name(&"x".repeat(1_000));
        assert_eq!(name.len(), FILE_NAME_BYTES_MAX);
        let odd = safe_name(&format!("a.{}", "b".repeat(1_000)));
        assert!(odd.len() <= FILE_NAME_BYTES_MAX);
    }

    proptest::proptest! {
        #[test]
        fn no_name_is_more_than_a_name(text in "\\PC{0,300}|[./\\\\\u{0}-\u{40}~]{0,40}") {
            let name = safe_name(&text);
            assert!(!name.is_empty() && name.len() <= FILE_NAME_BYTES_MAX + 1);
            assert!(!name.contains(['/', '\\', '\0']) && name != "." && name != "..");
            assert_eq!(safe_name(&name), name, "it stays as it is");
        }
    }
}
