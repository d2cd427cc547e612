//! What a capsule holds, before it is sealed.
//!
//! `version u8 ‖ roster bytes ‖ name text ‖ contacts: list of (person 32 ‖ name text ‖ device 32 ‖ transport
//! key 32 ‖ addresses ‖ relays) ‖ notebooks: list of (notebook 32 ‖ state u8 ‖ title text ‖ holders: list of
//! varint, places among the contacts, ascending) ‖ mirrors: list of bytes ‖ keys: list of (notebook 32 ‖ epoch
//! 32 ‖ key 32) ‖ journals: list of (notebook 32 ‖ packed bytes)`.

use core::net::SocketAddr;

use super::{CapsuleError, CapsuleMirror, JournalCopy};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::Secret;
use crate::identity::Roster;
use crate::ids::{ControlHash, DeviceId, EpochId, NotebookId, PersonId, TransportId};
use crate::limits::{
    CAPSULE_CONTACTS_MAX, CAPSULE_HOLDERS_MAX, CAPSULE_KEYS_MAX, CAPSULE_MIRROR_BYTES_MAX,
    CAPSULE_MIRRORS_MAX, CAPSULE_TITLE_BYTES_MAX, FRAME_BYTES_MAX, JOURNAL_COPIES_MAX,
    NAME_BYTES_MAX, SHARED_NOTEBOOKS_MAX,
};
use crate::place::{read_place, write_place};

const VERSION: u8 = 1;

/// Who holds a notebook, as far as the device knew that made the capsule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NotebookState {
    /// Other people's devices hold it.
    Shared,
    /// Only devices of the person's own hold it.
    Alone,
    /// It is the journal, of which the person wanted no copy in the capsule.
    Journal,
    /// It is the journal, and a copy is in the capsule.
    JournalCopied,
    /// It is the journal, and was too large to be copied.
    JournalTooLarge,
}

impl NotebookState {
    const ALL: [Self; 5] = [
        Self::Shared,
        Self::Alone,
        Self::Journal,
        Self::JournalCopied,
        Self::JournalTooLarge,
    ];

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Shared => 1,
            Self::Alone => 2,
            Self::Journal => 3,
            Self::JournalCopied => 4,
            Self::JournalTooLarge => 5,
        }
    }

    pub(crate) fn from_code(code: u8) -> Result<Self, DecodeError> {
        Self::ALL
            .into_iter()
            .find(|state| state.code() == code)
            .ok_or(DecodeError::Unknown {
                what: "state of a notebook",
                value: code.into(),
            })
    }

    /// Says whether it is a journal.
    pub const fn is_journal(self) -> bool {
        matches!(
            self,
            Self::Journal | Self::JournalCopied | Self::JournalTooLarge
        )
    }
}

/// A device that may be asked for notebooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapsuleContact {
    /// Whose it is.
    pub person: PersonId,
    /// What they are called.
    pub name: String,
    /// The device.
    pub device: DeviceId,
    /// The key that it proves on connections.
    pub transport: TransportId,
    /// Where it was.
    pub addresses: Vec<SocketAddr>,
    /// Relays that it used.
    pub relays: Vec<String>,
}

/// A notebook that the person is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapsuleNotebook {
    /// The notebook.
    pub notebook: NotebookId,
    /// Who holds it.
    pub state: NotebookState,
    /// What it is called.
    pub title: String,
    /// Devices that hold it, as places among the contacts, ascending.
    pub holders: Vec<usize>,
}

/// The key of an epoch that nothing superseded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapsuleKey {
    /// The notebook.
    pub notebook: NotebookId,
    /// The epoch.
    pub epoch: EpochId,
    /// Its key.
    pub key: Secret,
}

impl CapsuleKey {
    /// Returns a list of keys as bytes, for the sealed store: each as in a capsule.
    pub fn list_to_bytes(keys: &[Self]) -> zeroize::Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        write_keys(keys, &mut writer);
        zeroize::Zeroizing::new(writer.into_bytes())
    }

    /// Reads what [`CapsuleKey::list_to_bytes`] made.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn list_from_bytes(bytes: &[u8]) -> Result<Vec<Self>, DecodeError> {
        let mut reader = Reader::new(bytes);
        let keys = read_list(&mut reader, "keys", CAPSULE_KEYS_MAX, read_key)?;
        reader.finish()?;
        Ok(keys)
    }
}

/// What a capsule holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapsuleContent {
    /// The person's roster.
    pub roster: Roster,
    /// Their name.
    pub name: String,
    /// Devices that may be asked.
    pub contacts: Vec<CapsuleContact>,
    /// The notebooks.
    pub notebooks: Vec<CapsuleNotebook>,
    /// Mirrors that hold notebooks, each a record of its own that a newer version may lay out in another way:
    /// see [`CapsuleContent::known_mirrors`].
    pub mirrors: Vec<Vec<u8>>,
    /// The keys in force.
    pub keys: Vec<CapsuleKey>,
    /// Copies of journals.
    pub journals: Vec<JournalCopy>,
}

impl CapsuleContent {
    /// Returns the bytes that are sealed; they hold secrets.
    pub fn to_bytes(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .bytes(&self.roster.to_bytes())
            .bytes(self.name.as_bytes())
            .varint(self.contacts.len() as u64);
        for contact in &self.contacts {
            writer
                .raw(contact.person.as_bytes())
                .bytes(contact.name.as_bytes())
                .raw(contact.device.as_bytes())
                .raw(contact.transport.as_bytes());
            write_place(&contact.addresses, &contact.relays, &mut writer);
        }
        writer.varint(self.notebooks.len() as u64);
        for notebook in &self.notebooks {
            writer
                .raw(notebook.notebook.as_bytes())
                .u8(notebook.state.code())
                .bytes(notebook.title.as_bytes())
                .varint(notebook.holders.len() as u64);
            for holder in &notebook.holders {
                writer.varint(*holder as u64);
            }
        }
        writer.varint(self.mirrors.len() as u64);
        for mirror in &self.mirrors {
            writer.bytes(mirror);
        }
        write_keys(&self.keys, &mut writer);
        writer.varint(self.journals.len() as u64);
        for journal in &self.journals {
            journal.write(&mut writer);
        }
        zeroize::Zeroizing::new(writer.into_bytes())
    }

    /// Says whether it names nobody who could keep it.
    pub const fn is_for_nobody(&self) -> bool {
        self.contacts.is_empty() && self.mirrors.is_empty()
    }

    /// Returns the mirrors whose records this version can read.
    pub fn known_mirrors(&self) -> impl Iterator<Item = CapsuleMirror> {
        let records = self.mirrors.iter();
        records.filter_map(|record| CapsuleMirror::parse(record, self.notebooks.len()).ok())
    }

    /// Reads what [`CapsuleContent::to_bytes`] made.
    ///
    /// # Errors
    /// [`CapsuleError`] for another layout, or a roster that does not check.
    pub fn parse(bytes: &[u8]) -> Result<Self, CapsuleError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8("content of a capsule")?;
        if version != VERSION {
            return Err(DecodeError::Unknown {
                what: "content of a capsule",
                value: version.into(),
            }
            .into());
        }
        let mut roster = Reader::new(reader.bytes("roster", FRAME_BYTES_MAX)?);
        let content = Self {
            roster: {
                let read = Roster::read(&mut roster)?;
                roster.finish()?;
                read
            },
            name: reader.text("name", NAME_BYTES_MAX)?.to_owned(),
            contacts: read_list(&mut reader, "contacts", CAPSULE_CONTACTS_MAX, read_contact)?,
            notebooks: read_list(
                &mut reader,
                "notebooks",
                SHARED_NOTEBOOKS_MAX,
                read_notebook,
            )?,
            mirrors: read_list(&mut reader, "mirrors", CAPSULE_MIRRORS_MAX, |reader| {
                Ok(reader.bytes("mirror", CAPSULE_MIRROR_BYTES_MAX)?.to_vec())
            })?,
            keys: read_list(&mut reader, "keys", CAPSULE_KEYS_MAX, read_key)?,
            journals: read_list(
                &mut reader,
                "journals",
                JOURNAL_COPIES_MAX,
                JournalCopy::read,
            )?,
        };
        reader.finish()?;
        let is_contact = |holder: &usize| *holder < content.contacts.len();
        if !content
            .notebooks
            .iter()
            .all(|notebook| notebook.holders.iter().all(is_contact))
        {
            return Err(DecodeError::Invalid("holder of a notebook").into());
        }
        Ok(content)
    }
}

fn write_keys(keys: &[CapsuleKey], writer: &mut Writer) {
    writer.varint(keys.len() as u64);
    for key in keys {
        writer
            .raw(key.notebook.as_bytes())
            .raw(key.epoch.as_bytes())
            .raw(key.key.expose());
    }
}

fn read_list<T>(
    reader: &mut Reader<'_>,
    what: &'static str,
    limit: usize,
    mut read: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut list = Vec::new();
    for _ in 0..reader.count(what, limit)? {
        list.push(read(reader)?);
    }
    Ok(list)
}

fn read_contact(reader: &mut Reader<'_>) -> Result<CapsuleContact, DecodeError> {
    let person = PersonId::from_bytes(reader.array("person")?);
    let name = reader.text("name", NAME_BYTES_MAX)?.to_owned();
    let device = DeviceId::from_bytes(reader.array("device")?);
    let transport = TransportId::from_bytes(reader.array("transport key")?);
    let (addresses, relays) = read_place(reader)?;
    Ok(CapsuleContact {
        person,
        name,
        device,
        transport,
        addresses,
        relays,
    })
}

fn read_notebook(reader: &mut Reader<'_>) -> Result<CapsuleNotebook, DecodeError> {
    let notebook = NotebookId::from_bytes(reader.array("notebook")?);
    let state = NotebookState::from_code(reader.u8("state of a notebook")?)?;
    let title = reader.text("title", CAPSULE_TITLE_BYTES_MAX)?.to_owned();
    let holders = read_list(reader, "holders", CAPSULE_HOLDERS_MAX, |reader| {
        reader.count("holder", CAPSULE_CONTACTS_MAX)
    })?;
    if !holders.is_sorted_by(|one, next| one < next) {
        return Err(DecodeError::Invalid("holders of a notebook"));
    }
    Ok(CapsuleNotebook {
        notebook,
        state,
        title,
        holders,
    })
}

fn read_key(reader: &mut Reader<'_>) -> Result<CapsuleKey, DecodeError> {
    Ok(CapsuleKey {
        notebook: NotebookId::from_bytes(reader.array("notebook")?),
        epoch: ControlHash::from_bytes(reader.array("epoch")?).as_epoch(),
        key: Secret::from_bytes(reader.array("key")?),
    })
}
