//! Signed statements: words that one device signs and that anybody verifies without an identity, such as a
//! certificate or a receipt.
//!
//! ```text
//! Hearthside certificate           the kind, the first line
//!                                  an empty line
//! …                                the words
//! -- signed --                     a line
//! base64 of the block, in lines of 76
//! ```
//!
//! The block is `version u8 = 1 ‖ device 32 ‖ signature 64 ‖ roster`. The digest is BLAKE3 in `derive_key` mode,
//! `"hearthside 2026-11 signed statement"`, over everything before the line `-- signed --`; the signature covers
//! `"hearthside signed statement 1" ‖ digest`. The roster proves whose device it is: the person is the hash of the
//! recovery card in its first entry. Names are what the signer states.
//!
//! Invariant: the words of a file that verifies are those that were signed. The roster is not covered by the
//! signature: it proves itself, so another valid one of that person verifies as well.

use std::path::Path;

use data_encoding::BASE64;
use hearth_core::codec::{Reader, Writer};
use hearth_core::crypto::SIGNATURE_BYTES;
use hearth_core::identity::Roster;
use hearth_core::ids::{DeviceId, PersonId};
use serde_json::{Value, json};

use crate::api::{Exit, Failure};
use crate::host::{Host, sentence};

const VERSION: u8 = 1;
const DIGEST: &str = "hearthside 2026-11 signed statement";
/// What the first line begins with.
const HEADING: &str = "Hearthside ";
/// The line before the block.
const MARK: &str = "-- signed --\n";
const COLUMNS: usize = 76;
/// Longest statement that is read: a certificate of everything a notebook can hold, with a long roster.
const BYTES_MAX: u64 = 1024 * 1024;

/// What is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementKind {
    /// What somebody achieved.
    Certificate,
    /// That a device destroyed its keys of a notebook.
    Receipt,
}

impl StatementKind {
    const ALL: [Self; 2] = [Self::Certificate, Self::Receipt];

    const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Receipt => "receipt",
        }
    }
}

/// A statement that was signed as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) kind: StatementKind,
    /// The words, without the heading.
    pub(crate) words: String,
    /// Who signed, as the roster proves.
    pub(crate) person: PersonId,
    /// On which device.
    pub(crate) device: DeviceId,
}

/// Signs words with this device.
pub(crate) fn sign(host: &Host, kind: StatementKind, words: &str) -> String {
    let identity = host.engine.identity();
    let head = format!("{HEADING}{}\n\n{}\n", kind.word(), words.trim_end());
    let signature = identity.device.sign_statement(&digest(&head));
    let mut writer = Writer::new();
    writer
        .u8(VERSION)
        .raw(identity.device.id().as_bytes())
        .raw(&signature);
    identity.roster.write(&mut writer);
    format!("{head}{MARK}{}", block_text(&writer.into_bytes()))
}

/// Reads a statement and checks every byte of it. The error says what was changed.
pub(crate) fn check(file: &str) -> Result<Statement, String> {
    let (head, block) = file
        .rfind(&format!("\n{MARK}"))
        .map(|at| file.split_at(at + 1))
        .ok_or("its signature is missing")?;
    let encoded = block.strip_prefix(MARK).unwrap_or_default();
    let changed = |what: &str| {
        format!(
            "{what} (bytes {} to {}) was changed, or is cut off",
            head.len() + MARK.len(),
            file.len()
        )
    };
    let joined: String = encoded.split('\n').collect();
    let block = BASE64
        .decode(joined.as_bytes())
        .map_err(|_| changed("the signature"))?;
    // There is one way to write these bytes, so that none of the text can be changed without a word.
    if block_text(&block) != encoded {
        return Err(changed("the signature"));
    }
    let mut reader = Reader::new(&block);
    if reader.u8("version").map_err(|_| changed("the signature"))? != VERSION {
        return Err("it is of a newer program, or was changed".to_owned());
    }
    let device = reader.array("device").map(DeviceId::from_bytes);
    let device = device.map_err(|_| changed("the signature"))?;
    let signature: [u8; SIGNATURE_BYTES] = reader
        .array("signature")
        .map_err(|_| changed("the signature"))?;
    let roster = Roster::read(&mut reader).map_err(|_| changed("who the signer is"))?;
    reader.finish().map_err(|_| changed("the signature"))?;
    let card = roster
        .devices()
        .get(&device)
        .ok_or("the device that signed is none of the signer's")?;
    if !card.has_signed_statement(&digest(head), &signature) {
        return Err(format!(
            "the words (bytes 0 to {}) or the signature under them were changed",
            head.len()
        ));
    }
    let (kind, words) = kind_of(head).ok_or("nothing says what it is")?;
    Ok(Statement {
        kind,
        words: words.to_owned(),
        person: roster.person(),
        device,
    })
}

/// Says whether a file begins as a statement does.
pub(crate) fn is_one(beginning: &[u8]) -> bool {
    std::str::from_utf8(beginning)
        .map_or_else(
            |error| beginning.get(..error.valid_up_to()),
            |_| Some(beginning),
        )
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .is_some_and(|text| kind_of(text).is_some())
}

/// Checks a file without an identity, and says what it states and who signed it.
///
/// # Errors
/// Exit code 14 where anything was changed.
pub(crate) fn verify(path: &Path) -> Result<Value, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::error(
            "file_unreadable",
            sentence(&format!("{} cannot be read: {error}", path.display())),
        )
    };
    let length = path.metadata().map_err(unreadable)?.len();
    let bytes = if length <= BYTES_MAX {
        std::fs::read(path).map_err(unreadable)?
    } else {
        Vec::new()
    };
    let checked = String::from_utf8(bytes)
        .map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("byte {at} was changed: it is no text any more")
        })
        .and_then(|text| check(&text));
    match checked {
        Ok(statement) => Ok(json!({
            "file": path.to_string_lossy(),
            "statement": {
                "kind": statement.kind.word(),
                "words": statement.words,
                "signed_by": { "person": statement.person.to_string(),
                               "device_id": statement.device.to_string() },
            },
        })),
        Err(fault) => Err(Failure::new(
            Exit::Damaged,
            "damaged",
            sentence(&format!("This is not what was signed: {fault}")),
        )
        .with_hint(
            "Ask for the file again, as a file: a mail or an editor may change a line's end.",
        )
        .with_details(json!({
            "file": path.to_string_lossy(),
            "damage": [{ "place": "the file", "what": fault }],
        }))),
    }
}

fn kind_of(text: &str) -> Option<(StatementKind, &str)> {
    let rest = text.strip_prefix(HEADING)?;
    StatementKind::ALL.into_iter().find_map(|kind| {
        let words = rest.strip_prefix(kind.word())?.strip_prefix("\n\n")?;
        Some((kind, words))
    })
}

fn digest(head: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(DIGEST);
    hasher.update(head.as_bytes());
    *hasher.finalize().as_bytes()
}

fn block_text(block: &[u8]) -> String {
    let encoded = BASE64.encode(block);
    let mut text = String::with_capacity(encoded.len() + encoded.len() / COLUMNS + 1);
    for (place, letter) in encoded.chars().enumerate() {
        if place > 0 && place % COLUMNS == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push('\n');
    text
}
