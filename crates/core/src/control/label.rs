//! Labels: the words of a control entry, sealed under an epoch key, since mirrors read the rest.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, AeadError, Nonce, Secret};
use crate::identity::MirrorPass;
use crate::ids::{ControlHash, EpochId};
use crate::limits::{LABEL_BYTES_MAX, MIRROR_ADDRESSES_MAX, MIRROR_RELAYS_MAX, NAME_BYTES_MAX};
use crate::place::{read_place, write_place};

/// What a member is called in the relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Advises and supports.
    Mentor,
    /// Learns and brings questions.
    Mentee,
    /// One among equals.
    Peer,
    /// Reads only.
    Observer,
}

impl Role {
    /// All roles, in the order in which help names them.
    pub const ALL: [Self; 4] = [Self::Mentor, Self::Mentee, Self::Peer, Self::Observer];

    /// Says whether the role may write content.
    pub const fn may_write(self) -> bool {
        !matches!(self, Self::Observer)
    }

    /// Returns the word for the role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mentor => "mentor",
            Self::Mentee => "mentee",
            Self::Peer => "peer",
            Self::Observer => "observer",
        }
    }

    /// Returns the code of the role in formats.
    pub const fn code(self) -> u8 {
        match self {
            Self::Mentor => 0,
            Self::Mentee => 1,
            Self::Peer => 2,
            Self::Observer => 3,
        }
    }

    /// Reads the code of a role.
    ///
    /// # Errors
    /// [`DecodeError::Unknown`] for a code that stands for none.
    pub const fn from_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            0 => Ok(Self::Mentor),
            1 => Ok(Self::Mentee),
            2 => Ok(Self::Peer),
            3 => Ok(Self::Observer),
            other => Err(DecodeError::Unknown {
                what: "role",
                value: other as u64,
            }),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role \"{0}\": use mentor, mentee, peer or observer")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let wanted = text.to_lowercase();
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == wanted)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// The words of a control entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Label {
    /// Of an admission, or of the creator in the first re-key.
    Member {
        /// The person's name as they gave it.
        name: String,
        /// The label of the device that they came with.
        device: String,
        /// What they are called here.
        role: Role,
    },
    /// Of an invitation.
    Invite {
        /// What the invited person will be called.
        role: Role,
        /// When the issuer stops redeeming it, in milliseconds since 1970 UTC.
        expires_ms: u64,
    },
    /// Of a change of role.
    Role {
        /// What the member is called from now on.
        role: Role,
    },
    /// Of an added device.
    Device {
        /// The device's label.
        device: String,
    },
    /// Of an added mirror: the mirror itself, which reads the rest of the entry, cannot read this.
    Mirror {
        /// What the mirror's owner calls it.
        name: String,
        /// What it takes notebooks for.
        pass: MirrorPass,
        /// Where it is.
        addresses: Vec<SocketAddr>,
        /// Relays that it uses.
        relays: Vec<String>,
    },
}

impl Label {
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Member { name, device, role } => {
                writer
                    .u8(0)
                    .u8(role.code())
                    .bytes(name.as_bytes())
                    .bytes(device.as_bytes());
            }
            Self::Invite { role, expires_ms } => {
                writer.u8(1).u8(role.code()).u64(*expires_ms);
            }
            Self::Role { role } => {
                writer.u8(2).u8(role.code());
            }
            Self::Device { device } => {
                writer.u8(3).bytes(device.as_bytes());
            }
            Self::Mirror {
                name,
                pass,
                addresses,
                relays,
            } => {
                writer.u8(4).bytes(name.as_bytes()).raw(pass.expose());
                let addresses = addresses.get(..addresses.len().min(MIRROR_ADDRESSES_MAX));
                let relays = relays.get(..relays.len().min(MIRROR_RELAYS_MAX));
                write_place(
                    addresses.unwrap_or_default(),
                    relays.unwrap_or_default(),
                    &mut writer,
                );
            }
        }
        writer.into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let label = match reader.u8("label")? {
            0 => Self::Member {
                role: Role::from_code(reader.u8("role")?)?,
                name: reader.text("name", NAME_BYTES_MAX)?.to_owned(),
                device: reader.text("device label", NAME_BYTES_MAX)?.to_owned(),
            },
            1 => Self::Invite {
                role: Role::from_code(reader.u8("role")?)?,
                expires_ms: reader.u64("expiry")?,
            },
            2 => Self::Role {
                role: Role::from_code(reader.u8("role")?)?,
            },
            3 => Self::Device {
                device: reader.text("device label", NAME_BYTES_MAX)?.to_owned(),
            },
            4 => {
                let name = reader.text("mirror name", NAME_BYTES_MAX)?.to_owned();
                let pass = MirrorPass::from_bytes(reader.array("mirror pass")?);
                let (addresses, relays) = read_place(&mut reader)?;
                Self::Mirror {
                    name,
                    pass,
                    addresses,
                    relays,
                }
            }
            other => {
                return Err(DecodeError::Unknown {
                    what: "label",
                    value: other.into(),
                });
            }
        };
        reader.finish()?;
        Ok(label)
    }
}

/// A label under an epoch key: `epoch 32 ‖ nonce 24 ‖ ciphertext`.
///
/// In a re-key the epoch is all zeros and stands for the epoch that this very entry starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLabel {
    epoch: ControlHash,
    nonce: Nonce,
    ciphertext: Vec<u8>,
}

impl SealedLabel {
    /// Seals `label` under the key of `epoch`; `None` means the epoch that the entry starts.
    ///
    /// # Errors
    /// [`AeadError`] only for absurd lengths.
    pub fn seal(
        label: &Label,
        epoch: Option<EpochId>,
        key: &Secret,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Self, AeadError> {
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce);
        let epoch = epoch.map_or(ControlHash::ZERO, EpochId::rekey);
        let ciphertext =
            crypto::seal(&label_key(key), &nonce, epoch.as_bytes(), &label.to_bytes())?;
        Ok(Self {
            epoch,
            nonce,
            ciphertext,
        })
    }

    /// Returns the epoch whose key opens it; `own` is the hash of the entry that holds it.
    pub fn epoch(&self, own: ControlHash) -> EpochId {
        if self.epoch.is_zero() {
            own.as_epoch()
        } else {
            self.epoch.as_epoch()
        }
    }

    /// Opens the label.
    ///
    /// # Errors
    /// [`DecodeError`] where the key does not open it or the words are malformed.
    pub fn open(&self, key: &Secret) -> Result<Label, DecodeError> {
        let bytes = crypto::open(
            &label_key(key),
            &self.nonce,
            self.epoch.as_bytes(),
            &self.ciphertext,
        )
        .map_err(|AeadError| DecodeError::Invalid("sealed label"))?;
        Label::parse(&bytes)
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let epoch = ControlHash::from_bytes(reader.array("label epoch")?);
        let nonce = reader.array("label nonce")?;
        let ciphertext = reader
            .take("label", reader.remaining().min(LABEL_BYTES_MAX))?
            .to_vec();
        reader.finish()?;
        Ok(Self {
            epoch,
            nonce,
            ciphertext,
        })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .raw(self.epoch.as_bytes())
            .raw(&self.nonce)
            .raw(&self.ciphertext);
        writer.into_bytes()
    }
}

fn label_key(epoch_key: &Secret) -> Secret {
    crypto::derive(epoch_key, "control label", &[])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::altered::{altered, cases};

    fn samples() -> Vec<Vec<u8>> {
        let member = Label::Member {
            name: "Ana".to_owned(),
            device: "laptop".to_owned(),
            role: Role::Mentor,
        };
        let invite = Label::Invite {
            role: Role::Mentee,
            expires_ms: 1_700_000_000_000,
        };
        let mirror = Label::Mirror {
            name: "attic".to_owned(),
            pass: MirrorPass::from_bytes([1; 16]),
            addresses: vec![
                "127.0.0.1:4433".parse().unwrap(),
                "[::1]:9".parse().unwrap(),
            ],
            relays: vec!["https://relay.example".to_owned()],
        };
        [member, invite, mirror]
            .iter()
            .map(Label::to_bytes)
            .collect()
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn an_altered_label_is_refused_or_is_what_it_would_be_written_as(bytes in altered(samples())) {
            if let Ok(label) = Label::parse(&bytes) {
                prop_assert_eq!(label.to_bytes(), bytes);
            }
        }
    }
}
