//! The tally of a scope: what must be there, so that what is missing is noticed.
//!
//! Sealing shows that a row was changed, but not that it is gone or that an older version of it was
//! put back. So each scope has one sealed row with the length of its stream and a digest of its
//! records, changed in the same transaction as they are. The digest is the exclusive or of a keyed
//! hash of every record's place and nonce; it does not depend on their order and follows a change
//! in constant time. Without the key nobody can choose rows that cancel out.

use crate::scope::Scope;

const STATE_LIVE: u8 = 1;
const STATE_DESTROYING: u8 = 2;

/// A digest of a set, by exclusive or of keyed hashes of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SetDigest(pub(crate) [u8; 32]);

impl SetDigest {
    /// Puts a member in, or takes it out again: both are the same operation.
    pub(crate) fn toggle(&mut self, member: &blake3::Hash) {
        self.0
            .iter_mut()
            .zip(member.as_bytes())
            .for_each(|(digest, byte)| *digest ^= byte);
    }
}

/// Whether a scope is in use or half destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeState {
    Live,
    Destroying,
}

/// What a scope holds, as its own sealed row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) scope: Scope,
    pub(crate) state: ScopeState,
    /// Entries in the stream, which is also the position of the next one.
    pub(crate) appended: u64,
    /// The scope's records.
    pub(crate) records: SetDigest,
    /// In the node's own tally: the scopes that exist. Zero in the others.
    pub(crate) scopes: SetDigest,
}

impl Tally {
    pub(crate) fn empty(scope: Scope) -> Self {
        Self {
            scope,
            state: ScopeState::Live,
            appended: 0,
            records: SetDigest::default(),
            scopes: SetDigest::default(),
        }
    }

    /// Writes `scope (32) ‖ state (1) ‖ appended (8, big-endian) ‖ records (32) ‖ scopes (32)`.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let state = match self.state {
            ScopeState::Live => STATE_LIVE,
            ScopeState::Destroying => STATE_DESTROYING,
        };
        let appended = self.appended.to_be_bytes();
        [
            &self.scope.0[..],
            &[state],
            &appended,
            &self.records.0,
            &self.scopes.0,
        ]
        .concat()
    }

    /// Reads what [`Tally::encode`] wrote, and nothing else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (scope, rest) = bytes.split_first_chunk()?;
        let (state, rest) = rest.split_first()?;
        let (appended, rest) = rest.split_first_chunk()?;
        let (records, rest) = rest.split_first_chunk()?;
        let scopes = rest.try_into().ok()?;
        let state = match *state {
            STATE_LIVE => ScopeState::Live,
            STATE_DESTROYING => ScopeState::Destroying,
            _ => return None,
        };
        Some(Self {
            scope: Scope(*scope),
            state,
            appended: u64::from_be_bytes(*appended),
            records: SetDigest(*records),
            scopes: SetDigest(scopes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_survives_encoding_and_nothing_else_is_decoded() {
        let mut tally = Tally::empty(Scope([3; 32]));
        tally.appended = 77;
        tally.records.toggle(&blake3::hash(b"record"));
        let bytes = tally.encode();
        assert_eq!(Tally::decode(&bytes), Some(tally));
        for length in 0..bytes.len() {
            assert_eq!(Tally::decode(&bytes[..length]), None);
        }
        assert_eq!(Tally::decode(&[&bytes[..], &[0]].concat()), None);
    }

    #[test]
    fn a_set_digest_forgets_the_order_and_what_was_taken_out() {
        let (a, b) = (blake3::hash(b"a"), blake3::hash(b"b"));
        let digest = |members: &[&blake3::Hash]| {
            let mut digest = SetDigest::default();
            members.iter().for_each(|member| digest.toggle(member));
            digest
        };
        assert_eq!(digest(&[&a, &b]), digest(&[&b, &a]));
        assert_eq!(digest(&[&a, &b, &a]), digest(&[&b]));
        assert_ne!(digest(&[&a]), digest(&[&b]));
    }
}
