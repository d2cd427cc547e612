//! Where somebody is in a document and whether they write: said over a link, and kept by nobody.
//!
//! What is said is 43 bytes, so that its length tells nothing:
//! `version u8 = 1 ‖ state u8 (0 away, 1 here, 2 writing) + 4 × window ‖ document 16 ‖ caret u8 (0 nowhere, 1 end,
//! 2 before) ‖ actor 16 ‖ counter u64`. It is sealed with XChaCha20-Poly1305 under a key of its own,
//! `HKDF(epoch key, "presence key")`, with a random nonce; the notebook, the epoch as it is named and the device are the
//! associated data. The signature is the link's to make, since it counts on one connection: see `sync::presence`.
//!
//! Windows have numbers from 0. What the first says names the epoch itself, as it always did. What the others say names it
//! by a hash, `H("presence window"; epoch)`: a program from before there were windows takes that for an epoch whose key is
//! not here yet, and goes on with what the first says, while a window's number would end its connection.

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, Nonce, Secret, TAG_BYTES};
use crate::document::DocumentId;
use crate::epoch::EpochKeys;
use crate::ids::{ActorId, ControlHash, DeviceId, EpochId, NotebookId};
use crate::limits::PRESENCE_WINDOWS_MAX;

/// Bytes of what is said.
const SAID_BYTES: usize = 1 + 1 + 16 + 1 + ActorId::LEN + 8;
/// Bytes of what is said, sealed.
pub const SEALED_BYTES: usize = SAID_BYTES + TAG_BYTES;
/// The layout.
const VERSION: u8 = 1;
/// Bits of the byte of the state that tell it; the others are the window's.
const STATE_BITS: u32 = 2;

/// One of the windows in which a person has notes open on one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PresenceWindow(u8);

impl PresenceWindow {
    /// The first, which every program knows.
    pub const FIRST: Self = Self(0);

    /// Returns the window of a number; `None` from [`PRESENCE_WINDOWS_MAX`] on.
    pub const fn new(number: u8) -> Option<Self> {
        if number < PRESENCE_WINDOWS_MAX {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Returns every window there can be, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..PRESENCE_WINDOWS_MAX).map(Self)
    }

    /// Returns its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// The window that they look through.
    pub window: PresenceWindow,
    /// The document that they look at.
    pub document: DocumentId,
    /// What they do there.
    pub state: PresenceState,
    /// Where in its text they are.
    pub caret: Caret,
}

/// What somebody does in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceState {
    /// They left it.
    Away,
    /// They look at it.
    Here,
    /// They write in it.
    Writing,
}

/// A place in a text that holds while others write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caret {
    /// In none.
    Nowhere,
    /// Behind everything.
    End,
    /// Before the letter that an operation wrote.
    Before {
        /// Whose operation it is.
        actor: ActorId,
        /// The operation's counter.
        counter: u64,
    },
}

impl Presence {
    fn encode(&self) -> Vec<u8> {
        let (kind, actor, counter) = match self.caret {
            Caret::Nowhere => (0, ActorId::ZERO, 0),
            Caret::End => (1, ActorId::ZERO, 0),
            Caret::Before { actor, counter } => (2, actor, counter),
        };
        let state = match self.state {
            PresenceState::Away => 0,
            PresenceState::Here => 1,
            PresenceState::Writing => 2,
        };
        let state = state | (self.window.number() << STATE_BITS);
        let mut writer = Writer::new();
        writer.u8(VERSION).u8(state).raw(self.document.as_bytes());
        writer.u8(kind).raw(actor.as_bytes()).u64(counter);
        writer.into_bytes()
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let unknown = |what, value: u8| DecodeError::Unknown {
            what,
            value: value.into(),
        };
        let mut reader = Reader::new(bytes);
        match reader.u8("version of a presence")? {
            VERSION => {}
            other => return Err(unknown("version of a presence", other)),
        }
        let state = reader.u8("state")?;
        // Six bits are left for the window, and there are no more windows than that.
        let window = PresenceWindow(state >> STATE_BITS);
        let state = match state & ((1 << STATE_BITS) - 1) {
            0 => PresenceState::Away,
            1 => PresenceState::Here,
            2 => PresenceState::Writing,
            other => return Err(unknown("state", other)),
        };
        let document = DocumentId::from_bytes(reader.array("document")?);
        let kind = reader.u8("caret")?;
        let actor = ActorId::from_bytes(reader.array("actor")?);
        let counter = reader.u64("counter")?;
        let caret = match kind {
            0 => Caret::Nowhere,
            1 => Caret::End,
            2 => Caret::Before { actor, counter },
            other => return Err(unknown("caret", other)),
        };
        if kind != 2 && (!actor.is_zero() || counter != 0) {
            return Err(DecodeError::Invalid("caret"));
        }
        reader.finish()?;
        Ok(Self {
            window,
            document,
            state,
            caret,
        })
    }
}

/// A presence as it leaves: sealed once, and signed anew for every connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPresence {
    /// The epoch whose key it is sealed under, as it is named: see the module.
    pub epoch: EpochId,
    /// The nonce.
    pub nonce: Nonce,
    /// The ciphertext and its tag.
    pub sealed: [u8; SEALED_BYTES],
}

impl SealedPresence {
    /// Seals what a device says under the key of an epoch; `None` never happens with bytes of this length.
    pub fn seal(
        (notebook, device): (NotebookId, DeviceId),
        (epoch, key): (EpochId, &Secret),
        presence: &Presence,
        nonce: Nonce,
    ) -> Option<Self> {
        let epoch = match presence.window {
            PresenceWindow::FIRST => epoch,
            _ => of_other_windows(&epoch),
        };
        let named = named(notebook, device, &epoch);
        let sealed = crypto::seal(&key_of(key), &nonce, &named, &presence.encode()).ok()?;
        Some(Self {
            epoch,
            nonce,
            sealed: sealed.try_into().ok()?,
        })
    }

    /// Opens what a device said; `None` where the key is not here.
    ///
    /// # Errors
    /// [`DecodeError`] where it does not open under the key, or is no presence.
    pub fn open(
        &self,
        notebook: NotebookId,
        device: DeviceId,
        keys: &EpochKeys,
    ) -> Result<Option<Presence>, DecodeError> {
        let of_window = || {
            let mut epochs = keys.epochs();
            keys.get(&epochs.find(|epoch| of_other_windows(epoch) == self.epoch)?)
        };
        let of_first = keys.get(&self.epoch);
        let Some(key) = of_first.or_else(of_window) else {
            return Ok(None);
        };
        let named = named(notebook, device, &self.epoch);
        let said = crypto::open(&key_of(key), &self.nonce, &named, &self.sealed)
            .map_err(|_| DecodeError::Invalid("seal of a presence"))?;
        let presence = Presence::decode(&said)?;
        // One way only to say a thing.
        if of_first.is_some() != (presence.window == PresenceWindow::FIRST) {
            return Err(DecodeError::Invalid("window of a presence"));
        }
        Ok(Some(presence))
    }
}

/// What the windows beyond the first call an epoch.
fn of_other_windows(epoch: &EpochId) -> EpochId {
    let name = crypto::digest("hearthside 2026-11 presence window", &[epoch.as_bytes()]);
    ControlHash::from_bytes(name).as_epoch()
}

fn key_of(epoch_key: &Secret) -> Secret {
    crypto::derive(epoch_key, "presence key", &[])
}

fn named(notebook: NotebookId, device: DeviceId, epoch: &EpochId) -> Vec<u8> {
    [
        &notebook.as_bytes()[..],
        &device.as_bytes()[..],
        &epoch.as_bytes()[..],
    ]
    .concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn some() -> Presence {
        Presence {
            window: PresenceWindow::FIRST,
            document: DocumentId::from_bytes([7; 16]),
            state: PresenceState::Writing,
            caret: Caret::Before {
                actor: ActorId::from_bytes([3; ActorId::LEN]),
                counter: 99,
            },
        }
    }

    #[test]
    fn what_is_said_comes_back_and_is_of_one_length_whatever_it_says() {
        for state in [
            PresenceState::Away,
            PresenceState::Here,
            PresenceState::Writing,
        ] {
            for caret in [Caret::Nowhere, Caret::End, some().caret] {
                for window in PresenceWindow::all() {
                    let said = Presence {
                        window,
                        state,
                        caret,
                        ..some()
                    };
                    let bytes = said.encode();
                    assert_eq!(bytes.len(), SAID_BYTES);
                    assert_eq!(Presence::decode(&bytes), Ok(said));
                }
            }
        }
        assert_eq!(PresenceWindow::all().count(), 64);
        assert_eq!(PresenceWindow::new(64), None);
    }

    #[test]
    fn a_program_that_knows_one_window_finds_no_key_for_what_others_say() {
        let epoch = ControlHash::from_bytes([1; 32]).as_epoch();
        let key = Secret::from_bytes([2; 32]);
        let of = (
            NotebookId::from_bytes([4; 32]),
            DeviceId::from_bytes([5; 32]),
        );
        let mut keys = EpochKeys::default();
        keys.insert(epoch, key.clone());
        let sealed = |window: u8| {
            let window = PresenceWindow::new(window).unwrap();
            let said = Presence { window, ..some() };
            SealedPresence::seal(of, (epoch, &key), &said, [6; 24]).unwrap()
        };
        assert_eq!(sealed(0).epoch, epoch);
        for window in [1, 63] {
            let said = sealed(window);
            // That is how it looked for the key.
            assert!(keys.get(&said.epoch).is_none());
            let opened = said.open(of.0, of.1, &keys).unwrap().unwrap();
            assert_eq!(opened.window.number(), window);
        }
        // Neither says what the other does.
        for (window, named) in [(0, of_other_windows(&epoch)), (1, epoch)] {
            let window = PresenceWindow::new(window).unwrap();
            let said = Presence { window, ..some() }.encode();
            let words = super::named(of.0, of.1, &named);
            let sealed = crypto::seal(&key_of(&key), &[6; 24], &words, &said).unwrap();
            let wrong = SealedPresence {
                epoch: named,
                nonce: [6; 24],
                sealed: sealed.try_into().unwrap(),
            };
            assert!(wrong.open(of.0, of.1, &keys).is_err());
        }
    }

    #[test]
    fn another_layout_is_refused() {
        let bytes = some().encode();
        for (place, value) in [(0, 2), (1, 3), (18, 3), (18, 0), (18, 1)] {
            let mut altered = bytes.clone();
            *altered.get_mut(place).unwrap() = value;
            assert!(Presence::decode(&altered).is_err(), "{place} {value}");
        }
        assert!(Presence::decode(&bytes[..bytes.len() - 1]).is_err());
        assert!(Presence::decode(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn only_who_has_the_key_reads_it_and_only_as_the_device_that_said_it() {
        let epoch = ControlHash::from_bytes([1; 32]).as_epoch();
        let key = Secret::from_bytes([2; 32]);
        let notebook = NotebookId::from_bytes([4; 32]);
        let device = DeviceId::from_bytes([5; 32]);
        let nonce = [6; 24];
        let sealed =
            SealedPresence::seal((notebook, device), (epoch, &key), &some(), nonce).unwrap();
        let mut keys = EpochKeys::default();
        assert_eq!(sealed.open(notebook, device, &keys), Ok(None));
        keys.insert(epoch, key);
        assert_eq!(sealed.open(notebook, device, &keys), Ok(Some(some())));
        let other = DeviceId::from_bytes([9; 32]);
        assert!(sealed.open(notebook, other, &keys).is_err());
        let elsewhere = NotebookId::from_bytes([9; 32]);
        assert!(sealed.open(elsewhere, device, &keys).is_err());
        let mut altered = sealed.clone();
        altered.sealed[0] ^= 1;
        assert!(altered.open(notebook, device, &keys).is_err());
    }
}
