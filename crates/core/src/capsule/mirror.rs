//! A mirror as a capsule names it: `version u8 ‖ mirror 32 ‖ transport key 32 ‖ name text ‖ addresses ‖ relays ‖
//! notebooks: list of varint, places among the notebooks of the capsule, ascending`.

use core::net::SocketAddr;

use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::{MirrorId, TransportId};
use crate::limits::{NAME_BYTES_MAX, SHARED_NOTEBOOKS_MAX};
use crate::place::{read_place, write_place};

const VERSION: u8 = 1;

/// A mirror that may be asked for notebooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapsuleMirror {
    /// The mirror.
    pub mirror: MirrorId,
    /// The key that it proves on connections.
    pub transport: TransportId,
    /// What its owner calls it; empty where no key was at hand to read that.
    pub name: String,
    /// Where it was.
    pub addresses: Vec<SocketAddr>,
    /// Relays that it used.
    pub relays: Vec<String>,
    /// The notebooks that name it, as places among those of the capsule, ascending.
    pub notebooks: Vec<usize>,
}

impl CapsuleMirror {
    /// Returns the record's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .raw(self.mirror.as_bytes())
            .raw(self.transport.as_bytes())
            .bytes(self.name.as_bytes());
        write_place(&self.addresses, &self.relays, &mut writer);
        writer.varint(self.notebooks.len() as u64);
        for place in &self.notebooks {
            writer.varint(*place as u64);
        }
        writer.into_bytes()
    }

    /// Reads a record of a capsule that names so many notebooks.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout, or one of a newer version.
    pub fn parse(bytes: &[u8], notebooks: usize) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("mirror of a capsule", VERSION)?;
        let mirror = MirrorId::from_bytes(reader.array("mirror")?);
        let transport = TransportId::from_bytes(reader.array("transport key")?);
        let name = reader.text("mirror name", NAME_BYTES_MAX)?.to_owned();
        let (addresses, relays) = read_place(&mut reader)?;
        let mut named = Vec::new();
        for _ in 0..reader.count("notebooks of a mirror", SHARED_NOTEBOOKS_MAX)? {
            named.push(reader.count("notebook of a mirror", SHARED_NOTEBOOKS_MAX)?);
        }
        reader.finish()?;
        let is_in_order = named.is_sorted_by(|one, next| one < next);
        if !is_in_order || named.last().is_some_and(|last| *last >= notebooks) {
            return Err(DecodeError::Invalid("notebooks of a mirror"));
        }
        Ok(Self {
            mirror,
            transport,
            name,
            addresses,
            relays,
            notebooks: named,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> CapsuleMirror {
        CapsuleMirror {
            mirror: MirrorId::from_bytes([1; 32]),
            transport: TransportId::from_bytes([2; 32]),
            name: "the cupboard".to_owned(),
            addresses: vec!["192.0.2.1:4242".parse().unwrap()],
            relays: vec!["https://relay.example".to_owned()],
            notebooks: vec![0, 3],
        }
    }

    #[test]
    fn a_record_reads_back_and_names_only_notebooks_of_its_capsule() {
        let bytes = sample().to_bytes();
        assert_eq!(CapsuleMirror::parse(&bytes, 4), Ok(sample()));
        assert!(CapsuleMirror::parse(&bytes, 3).is_err());
        for end in 0..bytes.len() {
            assert!(CapsuleMirror::parse(&bytes[..end], 4).is_err());
        }
        let twice = CapsuleMirror {
            notebooks: vec![3, 3],
            ..sample()
        };
        assert!(CapsuleMirror::parse(&twice.to_bytes(), 4).is_err());
    }
}
