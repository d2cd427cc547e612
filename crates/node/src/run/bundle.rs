//! Bundles, a part at a time: through the node where one runs, else on the home that this process opens for all
//! of it.

use std::io::Read;

use data_encoding::BASE64;
use serde_json::Value;

use super::row::Row;
use super::told::{Told, garbled, number};
use crate::api::{BUNDLE_PIECE_BYTES, BundleRequest, Event, Failure, PassphraseSource, Request};
use crate::host::HomeDir;

/// What a bundle is to hold, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateBundle {
    /// The notebook's id or name.
    pub notebook: String,
    /// A member's id or name; absent for everybody.
    pub person: Option<String>,
    /// Everything, whatever they are known to have.
    pub full: bool,
}

/// Makes a bundle and hands its bytes out in order.
///
/// # Errors
/// What the request says, or `sink`; what was handed out is no bundle then.
pub fn create_bundle(
    home: &HomeDir,
    what: CreateBundle,
    passphrases: &mut dyn PassphraseSource,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut row = Row::begin(home, passphrases)?;
    let begun = call(
        &mut row,
        BundleRequest::Create {
            notebook: what.notebook,
            person: what.person,
            full: what.full,
        },
    )?;
    let id = number(&begun, "id")?;
    let mut told = Told::new("Writing the bundle: looked through");
    loop {
        let part = call(&mut row, BundleRequest::Next { id })?;
        let Some(bytes) = part.get("bytes").and_then(Value::as_str) else {
            return Ok(part);
        };
        let bytes = BASE64.decode(bytes.as_bytes()).map_err(|_| garbled())?;
        sink(&bytes)?;
        let total = part.get("total").and_then(Value::as_u64);
        told.tell(number(&part, "done")?, total, on_event);
    }
}

/// Takes a bundle in from wherever its bytes come. `total` is how many there are, where that is known.
///
/// # Errors
/// What the request says, or `source`. What was taken in before is on disk.
pub fn apply_bundle(
    home: &HomeDir,
    source: &mut dyn Read,
    total: Option<u64>,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut piece = read_piece(source)?;
    let mut row = Row::begin(home, passphrases)?;
    let id = number(&call(&mut row, BundleRequest::Open)?, "id")?;
    let mut told = Told::new("Applying the bundle: read, in KiB,");
    let mut done = 0;
    let result = loop {
        let next = match piece.len() {
            BUNDLE_PIECE_BYTES => read_piece(source)?,
            _ => Vec::new(),
        };
        let last = next.is_empty();
        let bytes = BASE64.encode(&piece);
        let answer = call(&mut row, BundleRequest::Apply { id, bytes, last });
        done += piece.len() as u64;
        if last || answer.is_err() {
            break answer;
        }
        const KIB: u64 = 1024;
        told.tell(done / KIB, total.map(|total| total.div_ceil(KIB)), on_event);
        piece = next;
    };
    row.end();
    result
}

fn read_piece(source: &mut dyn Read) -> Result<Vec<u8>, Failure> {
    let mut piece = Vec::new();
    let mut source = source.take(BUNDLE_PIECE_BYTES as u64);
    source.read_to_end(&mut piece).map_err(|error| {
        Failure::error(
            "input_failed",
            format!("The bundle cannot be read: {error}."),
        )
    })?;
    Ok(piece)
}

fn call(row: &mut Row<'_>, request: BundleRequest) -> Result<Value, Failure> {
    row.call(Request::Bundle(request))
}
