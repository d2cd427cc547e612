//! Vectors: bytes that were once written and have to be read, and written, the same for ever.
//!
//! Each file under `vectors/` holds one kind. An entry has a name, what it was made from, and its
//! bytes in hex. Old entries never change; a new format adds entries, or a file.

mod bases;
mod bundles;
mod capsules;
mod checkpoints;
mod entries;
mod files;
mod frames;
mod handing;
mod members;
mod mirrors;
mod parting;
mod people;
mod presence;

use std::path::PathBuf;

pub use members::resolved;
use serde::{Deserialize, Serialize};

/// One vector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector {
    /// Names it within its file.
    pub name: String,
    /// What it follows from: a seed, words, hex.
    pub input: String,
    /// What came out, in hex where it is bytes.
    pub output: String,
}

impl Vector {
    /// Makes a vector of bytes.
    pub fn bytes(name: impl Into<String>, input: impl Into<String>, output: &[u8]) -> Self {
        Self::text(name, input, data_encoding::HEXLOWER.encode(output))
    }

    /// Makes a vector of text.
    pub fn text(
        name: impl Into<String>,
        input: impl Into<String>,
        output: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            input: input.into(),
            output: output.into(),
        }
    }

    /// Returns the bytes of a vector of bytes.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        data_encoding::HEXLOWER.decode(self.output.as_bytes()).ok()
    }
}

/// The vectors of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorFile {
    /// The name of the file, without its ending.
    pub name: &'static str,
    /// The vectors.
    pub vectors: Vec<Vector>,
}

/// Makes all vectors anew from what they follow from.
pub fn make_all() -> Vec<VectorFile> {
    let mut all = people::make();
    all.extend(entries::make());
    all.extend(frames::make());
    all.extend(handing::make());
    all.push(parting::make());
    all.push(presence::make());
    all.push(presence::make_of_windows());
    all.extend(members::make());
    all.push(capsules::make());
    all.push(mirrors::make());
    all.push(bundles::make());
    all.push(files::make());
    all
}

/// Makes the vectors that are read as ever and not made the same again: a newer version of the compressor
/// may write them shorter.
pub fn make_readable() -> Vec<VectorFile> {
    vec![entries::make_packs(), bases::make(), checkpoints::make()]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("vectors")
        .join(format!("{name}.json"))
}

/// Reads a file of vectors; one that is not there is empty.
///
/// # Errors
/// The reason where it is no file of vectors.
pub fn read(name: &str) -> Result<Vec<Vector>, String> {
    let path = path(name);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Adds the vectors that a file does not name yet, behind those that it has.
///
/// # Errors
/// The reason where the file cannot be read or written.
pub fn add_new(file: &VectorFile) -> Result<usize, String> {
    let mut vectors = read(file.name)?;
    let known = vectors.len();
    for vector in &file.vectors {
        if !vectors.iter().any(|old| old.name == vector.name) {
            vectors.push(vector.clone());
        }
    }
    let added = vectors.len() - known;
    if added > 0 {
        let mut text = serde_json::to_string_pretty(&vectors).map_err(|error| error.to_string())?;
        text.push('\n');
        std::fs::write(path(file.name), text).map_err(|error| error.to_string())?;
    }
    Ok(added)
}
