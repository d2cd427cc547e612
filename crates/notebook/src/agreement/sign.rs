//! What is about to be signed.

use serde::Serialize;

use crate::Writer;
use crate::agreement::Agreements;
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, Invalid};
use crate::hash::TextHash;
use crate::id::{DocumentId, Kind};
use crate::limits::AGREEMENT_BYTES_MAX;
use crate::plan::{Plan, commit};

/// A text and the hash that a signature under it names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ToSign {
    /// The exact text.
    pub text: String,
    /// Its hash.
    pub hash: TextHash,
}

/// The text that a signature would be under now; `None` where nothing is agreed on.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn to_sign(docs: &mut dyn Documents) -> Result<Option<ToSign>, Unavailable> {
    Ok(docs
        .read(DocumentId::INDEX)?
        .and_then(|index| current(&Agreements::read(index))))
}

fn current(agreements: &Agreements<'_>) -> Option<ToSign> {
    let text = agreements.text();
    let salt = agreements.salt().filter(|_| !text.is_empty())?;
    let hash = TextHash::of(&salt, &text);
    Some(ToSign { text, hash })
}

/// Keeps the text of now as a version, unless the last one kept is this very text. What is signed then is
/// there for good, whatever is written afterwards.
///
/// # Errors
/// [`EditError::Invalid`] where nothing is agreed on, or the text is longer than [`AGREEMENT_BYTES_MAX`].
pub fn record_version(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
) -> Result<ToSign, EditError> {
    let empty = Invalid::Empty { field: "agreement" };
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Err(empty.into());
    };
    let agreements = Agreements::read(index);
    let (Some(signed), Some((_, first)), Some(salt)) =
        (current(&agreements), agreements.first(), agreements.salt())
    else {
        return Err(empty.into());
    };
    if signed.text.len() > AGREEMENT_BYTES_MAX {
        return Err(too_long().into());
    }
    let versions = agreements.versions();
    if versions
        .last()
        .is_some_and(|last| last.hash() == signed.hash)
    {
        return Ok(signed);
    }
    let mut plan = Plan::default();
    let agreement = plan.at(first.obj.clone());
    let version = plan.map(agreement, Kind::Version.key(writer.new_id()));
    plan.put(version, "salt", salt.0.to_vec());
    plan.put(version, "text", signed.text.as_str());
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(signed)
}

pub(super) fn too_long() -> Invalid {
    Invalid::TooLong {
        field: "agreement",
        max: AGREEMENT_BYTES_MAX,
        unit: "bytes",
    }
}
