//! Making packs shorter, for a peer that has the beginning.

use super::read::{EntryPack, Item, UnpackEntriesError};
use super::write::Table;
use crate::codec::DecodeError;
use crate::document::pack::UnpackError;
use crate::ids::{LogId, Seq};

/// Leaves out of a pack the entries up to a place of each log: what a peer that has those lacks of it. `None`
/// where that is nothing.
///
/// # Errors
/// [`UnpackEntriesError`] where the pack is not one of [`pack_entries`](super::pack_entries).
pub fn trim_pack(
    bytes: &[u8],
    had: impl Fn(&LogId) -> Seq,
) -> Result<Option<Vec<u8>>, UnpackEntriesError> {
    let pack = EntryPack::parse(bytes)?;
    let mut changes = pack.changes()?;
    let mut next = pack.logs;
    let mut table = Table::default();
    for (place, item) in pack.items {
        let (log, seq) = next
            .get_mut(place)
            .ok_or(DecodeError::Invalid("number of a log"))?;
        let (log, at) = (*log, std::mem::replace(seq, seq.next()));
        let is_had = at <= had(&log);
        match item {
            Item::Whole(entry) if !is_had => table.whole((log, at), entry.as_bytes().to_vec()),
            Item::Whole(_) => {}
            Item::Made {
                setting,
                documents,
                signature,
            } => {
                let changes = changes.of_entry(&documents)?;
                if is_had {
                    continue;
                }
                let setting = pack
                    .settings
                    .get(setting)
                    .ok_or(DecodeError::Invalid("number of a setting"))?;
                let signature = signature.map(|signature| signature.to_vec());
                table.made((log, at), setting, &changes, signature);
            }
        }
    }
    if table.is_empty() {
        return Ok(None);
    }
    Ok(Some(table.finish().map_err(UnpackError::from)?))
}
