//! What a device said last about its copy of a notebook, and how that is kept.

use std::sync::Arc;

use super::set_back::{SetBack, ends_sooner};
use crate::codec::{DecodeError, Reader, Writer};
use crate::frontier::{Frontier, SignedFrontier};

const VERSION: u8 = 1;

/// Of a record that also says that a bundle told of the device.
const VERSION_BUNDLE: u8 = 2;

/// Of a record that also says that the device was set back.
const VERSION_SET_BACK: u8 = 3;

/// A bundle that told what the device which made it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleWord {
    /// When it was made by the clock of that device, in milliseconds since 1970 UTC.
    pub made_ms: u64,
    /// When it was taken in by this device's clock.
    pub taken_ms: u64,
}

/// What a device said last about its copy of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRecord {
    /// When it was last heard on a connection, in milliseconds since 1970 UTC by this device's clock; 0: never.
    pub heard_ms: u64,
    /// The bundle that told what is known, where that is newer than what was heard on a connection.
    pub bundle: Option<BundleWord>,
    /// What it has: what it said, and what it sent since.
    pub frontier: Arc<Frontier>,
    /// What it signed for last.
    pub signed: Option<SignedFrontier>,
    /// How many connections of this run had begun when that was heard.
    pub(super) signed_after: u64,
    /// What proves that it was set back to an older copy, where it was, the last time.
    pub set_back: Option<Box<SetBack>>,
}

impl PeerRecord {
    /// Takes over from what was known `before` what this one does not say, and compares what was signed. This one was
    /// said on the `begun`th connection of this run, of as many as there were so far.
    pub(super) fn follow(&mut self, before: Self, begun: u64) {
        self.set_back = before.set_back;
        let Some(known) = before.signed else { return };
        let is_late = begun <= before.signed_after;
        match &self.signed {
            // Of two connections the older one may say last what was signed first.
            Some(after) if is_late && after.counter < known.counter => {}
            Some(after) => {
                if ends_sooner(&known.frontier, &after.frontier) {
                    self.set_back = Some(Box::new(SetBack {
                        at_ms: self.heard_ms,
                        before: known,
                        after: after.clone(),
                    }));
                }
                return;
            }
            // On a new connection an equal digest says enough; it takes nothing back that was signed.
            None => {}
        }
        self.signed = Some(known);
        self.signed_after = before.signed_after;
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        let version = match (&self.bundle, &self.set_back) {
            (None, None) => VERSION,
            (Some(_), None) => VERSION_BUNDLE,
            (_, Some(_)) => VERSION_SET_BACK,
        };
        writer.u8(version).u64(self.heard_ms);
        if let Some(set_back) = &self.set_back {
            set_back.write(&mut writer);
            writer.u8(self.bundle.is_some().into());
        }
        if let Some(bundle) = &self.bundle {
            writer.u64(bundle.made_ms).u64(bundle.taken_ms);
        }
        match &self.signed {
            None => self.frontier.write(writer.u8(0)),
            Some(signed) if signed.frontier == *self.frontier => signed.write(writer.u8(1)),
            Some(signed) => {
                signed.write(writer.u8(2));
                self.frontier.write(&mut writer);
            }
        }
        writer.into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8("peer record")?;
        if ![VERSION, VERSION_BUNDLE, VERSION_SET_BACK].contains(&version) {
            return Err(DecodeError::Unknown {
                what: "peer record",
                value: version.into(),
            });
        }
        let heard_ms = reader.u64("time")?;
        let (set_back, is_told) = match version {
            VERSION_SET_BACK => {
                let set_back = SetBack::read(&mut reader)?;
                (Some(Box::new(set_back)), reader.u8("bundle")? != 0)
            }
            version => (None, version == VERSION_BUNDLE),
        };
        let bundle = if is_told {
            Some(BundleWord {
                made_ms: reader.u64("time of a bundle")?,
                taken_ms: reader.u64("time")?,
            })
        } else {
            None
        };
        let (frontier, signed) = match reader.u8("signed")? {
            0 => (Arc::new(Frontier::read(&mut reader)?), None),
            1 => {
                let signed = SignedFrontier::read(&mut reader)?;
                (Arc::new(signed.frontier.clone()), Some(signed))
            }
            2 => {
                let signed = Some(SignedFrontier::read(&mut reader)?);
                (Arc::new(Frontier::read(&mut reader)?), signed)
            }
            other => {
                return Err(DecodeError::Unknown {
                    what: "signed",
                    value: other.into(),
                });
            }
        };
        let record = Self {
            heard_ms,
            bundle,
            frontier,
            signed,
            signed_after: 0,
            set_back,
        };
        reader.finish()?;
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::altered::{altered, cases, of_vectors};

    /// A record of version 1 of which the frontier is that of a vector, and one without anything.
    fn samples() -> Vec<Vec<u8>> {
        let record = PeerRecord {
            heard_ms: 5,
            bundle: None,
            frontier: Arc::default(),
            signed: None,
            signed_after: 0,
            set_back: None,
        };
        let head = record.to_bytes();
        let mut samples: Vec<Vec<u8>> =
            of_vectors(include_str!("../../../testkit/vectors/frontiers.json"))
                .iter()
                .map(|frontier| [&head[..10], frontier].concat())
                .collect();
        // One that a bundle told, of which the frontier follows in the same way.
        let told = PeerRecord {
            bundle: Some(BundleWord {
                made_ms: 6,
                taken_ms: 7,
            }),
            ..record
        };
        let told = told.to_bytes();
        assert_eq!(told[..2], [2, 5]);
        let with_frontier: Vec<Vec<u8>> = (samples.iter())
            .map(|sample| [&told[..26], &sample[10..]].concat())
            .collect();
        samples.extend(with_frontier);
        samples.push(told);
        samples.push(head);
        samples
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn an_altered_record_of_a_peer_is_refused_or_comes_back(bytes in altered(samples())) {
            if let Ok(record) = PeerRecord::parse(&bytes) {
                let again = PeerRecord::parse(&record.to_bytes());
                prop_assert_eq!(again.map(|it| it.heard_ms), Ok(record.heard_ms));
            }
        }
    }
}
