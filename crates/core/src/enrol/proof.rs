//! What somebody at the door shows, read and checked: a phrase's key, or a roster with the key at the other end.

use super::EnrolRefusal;
use crate::codec::Reader;
use crate::crypto::Signature;
use crate::identity::{RecoveryCard, Roster};
use crate::ids::TransportId;

/// Reads a recovery card and checks that its key was proven on the connection with this exporter.
pub(crate) fn proven_card(
    card: &[u8],
    proof: &Signature,
    exporter: &[u8; 32],
) -> Result<RecoveryCard, EnrolRefusal> {
    let mut reader = Reader::new(card);
    let card = RecoveryCard::read(&mut reader).map_err(|_| EnrolRefusal::Protocol)?;
    reader.finish().map_err(|_| EnrolRefusal::Protocol)?;
    card.check_proof(exporter, proof)
        .map_err(|_| EnrolRefusal::Unknown)?;
    Ok(card)
}

/// Reads a roster that is shown, which proves itself.
pub(crate) fn shown_roster(shown: &[u8]) -> Result<Roster, EnrolRefusal> {
    let mut reader = Reader::new(shown);
    let roster = Roster::read(&mut reader).map_err(|_| EnrolRefusal::Protocol)?;
    reader.finish().map_err(|_| EnrolRefusal::Protocol)?;
    Ok(roster)
}

/// Puts together what is known of a person with the roster that is shown, where that has the key at the other end
/// as one of theirs. What is known may take the device off that is shown.
pub(crate) fn entering(
    mut known: Roster,
    shown: &Roster,
    remote: TransportId,
) -> Result<Roster, EnrolRefusal> {
    known.merge(shown).map_err(|_| EnrolRefusal::Unknown)?;
    let mut live = known.devices().values();
    if live.any(|card| card.transport == remote) {
        Ok(known)
    } else {
        Err(EnrolRefusal::Unknown)
    }
}
