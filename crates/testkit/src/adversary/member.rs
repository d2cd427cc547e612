//! A member who signs whatever they like: entries that no honest program writes.
//!
//! They hold what every member holds, the keys of their own device and of the epoch, so signature
//! and seal of what they write are good. Only what is inside, or where it claims to stand, is not.

use hearth_core::codec::Writer;
use hearth_core::crypto::{self, Nonce, Secret};
use hearth_core::document::{Change, DocumentId};
use hearth_core::engine::Identity;
use hearth_core::ids::{
    ActorId, ControlHash, EntryHash, EpochId, Incarnation, LogId, NotebookId, Seq,
};
use hearth_core::log::{
    Body, DocumentTips, EntryKind, EntryVersion, Header, RawEntry, actor_of, notebook_tag, pad,
};
use hearth_core::replica::Replica;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// A member with a log of their own making.
#[derive(Debug, Clone)]
pub struct HostileMember {
    identity: Identity,
    notebook: NotebookId,
    /// The log that is written.
    pub log: LogId,
    /// The place and hash of its last entry.
    pub tip: (Seq, EntryHash),
    /// The document tips after its last entry.
    pub tips: DocumentTips,
    /// The epoch that its entries name.
    pub epoch: EpochId,
    /// The key that seals them.
    pub key: Secret,
    /// The control heads that its entries name.
    pub heads: Vec<ControlHash>,
    random: ChaCha20Rng,
}

impl HostileMember {
    /// Takes a member's keys; their hostile log starts afresh. `None` where the key in force is not
    /// in the replica.
    pub fn new(identity: &Identity, replica: &Replica, incarnation: u8) -> Option<Self> {
        let epoch = replica.membership().current_epoch()?;
        Some(Self {
            identity: identity.clone(),
            notebook: replica.notebook(),
            log: LogId {
                device: identity.device.id(),
                incarnation: Incarnation::from_bytes([incarnation; Incarnation::LEN]),
            },
            tip: (Seq::NONE, EntryHash::ZERO),
            tips: DocumentTips::default(),
            epoch,
            key: replica.keys().get(&epoch)?.clone(),
            heads: replica.controls().heads_to_name(),
            random: ChaCha20Rng::seed_from_u64(u64::from(incarnation)),
        })
    }

    /// Returns the only actor whose changes the log may carry.
    pub fn actor(&self) -> ActorId {
        actor_of(self.notebook, self.log)
    }

    /// Signs an entry with honest changes, or with any that pass the scan, under an honest root.
    pub fn sign_changes(&mut self, changes: &[(DocumentId, Change)]) -> RawEntry {
        let (plain, after) = Body::encode(self.actor(), &self.tips, changes);
        self.tips = after;
        self.sign(plain)
    }

    /// Signs an entry of the first version, whose body is compressed.
    pub fn sign_compressed(&mut self, changes: &[(DocumentId, Change)]) -> RawEntry {
        let (plain, after) = Body::encode(self.actor(), &self.tips, changes);
        self.tips = after;
        let entry = self.sign_as(compressed_body(&plain), |header| {
            header.version = EntryVersion::One;
        });
        self.tip = (entry.header().seq, entry.hash());
        entry
    }

    /// Signs an entry with any plaintext.
    pub fn sign(&mut self, plain: Vec<u8>) -> RawEntry {
        let entry = self.sign_as(plain, |_| {});
        self.tip = (entry.header().seq, entry.hash());
        entry
    }

    /// Signs an entry whose header says something else; the log does not move on.
    ///
    /// # Panics
    /// Where the header is one that no program can read.
    pub fn sign_as(&mut self, mut plain: Vec<u8>, change: impl FnOnce(&mut Header)) -> RawEntry {
        const CHECK_BYTES: usize = 16;
        pad(&mut plain);
        let mut nonce = Nonce::default();
        self.random.fill_bytes(&mut nonce);
        let mut header = Header {
            version: EntryVersion::NEWEST,
            kind: EntryKind::Changes,
            tag: notebook_tag(self.notebook),
            log: self.log,
            seq: self.tip.0.next(),
            previous: self.tip.1,
            epoch: self.epoch,
            heads: self.heads.clone(),
            nonce,
            ciphertext_len: CHECK_BYTES + plain.len() + crypto::TAG_BYTES,
        };
        change(&mut header);
        let mut writer = Writer::new();
        header.write(&mut writer);
        let (key, check) = crypto::derive_pair(
            &self.key,
            "entry key",
            &[
                header.tag.as_bytes(),
                header.log.device.as_bytes(),
                header.log.incarnation.as_bytes(),
                &header.seq.get().to_le_bytes(),
                &header.nonce,
            ],
        );
        let sealed = crypto::seal(&key, &header.nonce, writer.as_slice(), &plain);
        writer.raw(&check).raw(&sealed.unwrap_or_default());
        let signature = self.identity.device.signing().sign(writer.as_slice());
        writer.raw(&signature);
        match RawEntry::parse(writer.into_bytes()) {
            Ok(entry) => entry,
            Err(error) => panic!("not even a hostile entry: {error}"),
        }
    }
}

/// Compresses the content of a body.
fn compressed_body(plain: &[u8]) -> Vec<u8> {
    const COMPRESSED: u8 = 1;
    const HEAD_BYTES: usize = 1 + 32;
    let (head, content) = plain.split_at(HEAD_BYTES.min(plain.len()));
    let packed = zstd::bulk::compress(content, 3).unwrap_or_default();
    let mut writer = Writer::new();
    writer
        .u8(COMPRESSED)
        .raw(head.get(1..).unwrap_or_default())
        .varint(content.len() as u64)
        .raw(&packed);
    writer.into_bytes()
}

/// Writes a body that holds change chunks as they are, under the given root.
pub fn raw_body(root: [u8; 32], chunks: &[(DocumentId, &[u8])]) -> Vec<u8> {
    const PLAIN: u8 = 0;
    const WHOLE: u8 = 0;
    let mut writer = Writer::new();
    writer.u8(PLAIN).raw(&root).varint(chunks.len() as u64);
    for (document, chunk) in chunks {
        writer
            .u8(1)
            .raw(document.as_bytes())
            .bytes(&[&[WHOLE], *chunk].concat());
    }
    writer.into_bytes()
}
