//! Frontiers: what a device has of a notebook, signed by it.
//!
//! A frontier covers every signature-valid entry that is kept, counted or not: the tips of each log
//! (several where it is forked) and the heads and digest of the control set. A signed one binds notebook, device and a counter
//! that only grows, so that a device which rolls back is caught.

use std::collections::BTreeMap;

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SIGNATURE_BYTES, Signature, SignatureError, SigningSecret, VerifyKey};
use crate::identity::DeviceSecrets;
use crate::ids::{ControlHash, DeviceId, EntryHash, Incarnation, LogId, NotebookId, Seq};
use crate::limits::{CONTROL_HEADS_MAX, LOG_BRANCHES_KEPT_MAX, LOGS_MAX};

/// Most tips of all logs: a notebook in which many logs are forked is not one that works.
const TIPS_MAX: usize = LOGS_MAX + 64 * LOG_BRANCHES_KEPT_MAX;

/// The last entry of a log, or of one branch of it.
pub type LogTip = (Seq, EntryHash);

/// What a device has of a notebook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    /// The last entry of each log; of a forked one, the highest.
    pub logs: BTreeMap<LogId, LogTip>,
    /// The last entries of the other branches of forked logs, sorted.
    pub branches: BTreeMap<LogId, Vec<LogTip>>,
    /// The heads of the control entries, sorted.
    pub control_heads: Vec<ControlHash>,
    /// The digest over all control entries and the epochs whose wraps are held.
    pub control_digest: [u8; 32],
}

impl Frontier {
    /// Returns a digest: equal where the frontiers are.
    pub fn digest(&self) -> [u8; 32] {
        let mut writer = Writer::new();
        self.write(&mut writer);
        crypto::digest("hearthside 2026-11 frontier", &[writer.as_slice()])
    }

    /// Returns the last seq that is had of a log.
    pub fn seq(&self, log: &LogId) -> Seq {
        self.logs.get(log).map_or(Seq::NONE, |(seq, _)| *seq)
    }

    /// Returns the tips of a log, sorted.
    pub fn tips(&self, log: &LogId) -> impl Iterator<Item = LogTip> {
        let branches = self.branches.get(log).into_iter().flatten();
        branches.chain(self.logs.get(log)).copied()
    }

    /// Replaces the tips of a log.
    pub fn set_tips(&mut self, log: LogId, mut tips: Vec<LogTip>) {
        tips.sort_unstable();
        tips.dedup();
        self.branches.remove(&log);
        if let Some(highest) = tips.pop() {
            self.logs.insert(log, highest);
            if !tips.is_empty() {
                self.branches.insert(log, tips);
            }
        }
    }

    /// Returns this frontier with the logs of both, each as far as either names it.
    #[must_use]
    pub fn joined_with(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        for (log, tip) in &other.logs {
            let known = joined.logs.entry(*log).or_insert(*tip);
            if known.0 < tip.0 {
                *known = *tip;
            }
        }
        joined
    }

    /// Returns how many entries `self` has that `other` lacks: of each further branch, one at least.
    pub fn beyond(&self, other: &Self) -> u64 {
        let longer = self
            .logs
            .iter()
            .map(|(log, (seq, _))| seq.get().saturating_sub(other.seq(log).get()));
        let count = |frontier: &Self, log| frontier.branches.get(log).map_or(0, Vec::len) as u64;
        let branches = self
            .branches
            .keys()
            .map(|log| count(self, log).saturating_sub(count(other, log)));
        // Others say what they like, up to the largest number.
        longer.chain(branches).fold(0, u64::saturating_add)
    }

    /// Reads a frontier: control digest 32, heads (count, 32 each), logs (count; device 32,
    /// incarnation 16, seq varint, hash 32 each, sorted; a forked log once for each branch).
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let control_digest = reader.array("control digest")?;
        let count = reader.count("control heads", CONTROL_HEADS_MAX)?;
        let mut control_heads = Vec::with_capacity(count);
        for _ in 0..count {
            control_heads.push(ControlHash::from_bytes(reader.array("control head")?));
        }
        let mut frontier = Self {
            control_heads,
            control_digest,
            ..Self::default()
        };
        for (log, tips) in read_tips(reader)? {
            frontier.set_tips(log, tips);
        }
        Ok(frontier)
    }

    /// Appends the frontier in the form that [`Frontier::read`] takes.
    pub fn write(&self, writer: &mut Writer) {
        writer
            .raw(&self.control_digest)
            .varint(self.control_heads.len() as u64);
        for head in &self.control_heads {
            writer.raw(head.as_bytes());
        }
        let logs = self.logs.keys();
        write_tips(logs.map(|log| (log, self.tips(log).collect())), writer);
    }
}

/// Reads the tips of logs: count, then device 32, incarnation 16, seq varint, hash 32 each.
///
/// # Errors
/// [`DecodeError`] for another layout, or for more branches than a log may have.
pub(crate) fn read_tips(
    reader: &mut Reader<'_>,
) -> Result<BTreeMap<LogId, Vec<LogTip>>, DecodeError> {
    let count = reader.count("logs", TIPS_MAX)?;
    let mut logs: BTreeMap<LogId, Vec<LogTip>> = BTreeMap::new();
    for _ in 0..count {
        let log = LogId {
            device: DeviceId::from_bytes(reader.array("device")?),
            incarnation: Incarnation::from_bytes(reader.array("incarnation")?),
        };
        let seq = Seq::new(reader.varint("seq")?);
        let tips = logs.entry(log).or_default();
        if tips.len() >= LOG_BRANCHES_KEPT_MAX {
            return Err(DecodeError::Invalid("branches of a log"));
        }
        tips.push((seq, EntryHash::from_bytes(reader.array("entry")?)));
    }
    Ok(logs)
}

/// Writes the tips of logs in the form that [`read_tips`] takes.
pub(crate) fn write_tips<'a>(
    logs: impl Iterator<Item = (&'a LogId, Vec<LogTip>)>,
    writer: &mut Writer,
) {
    let logs: Vec<(&LogId, Vec<LogTip>)> = logs.collect();
    let count: usize = logs.iter().map(|(_, tips)| tips.len()).sum();
    writer.varint(count as u64);
    for (log, tips) in logs {
        for (seq, hash) in tips {
            writer
                .raw(log.device.as_bytes())
                .raw(log.incarnation.as_bytes())
                .varint(seq.get())
                .raw(hash.as_bytes());
        }
    }
}

/// A frontier with the signature of the device that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFrontier {
    /// The device.
    pub device: DeviceId,
    /// Grows with everything that the device keeps.
    pub counter: u64,
    /// What it has.
    pub frontier: Frontier,
    signature: Signature,
}

impl SignedFrontier {
    /// Signs a frontier.
    pub fn sign(
        notebook: NotebookId,
        counter: u64,
        frontier: Frontier,
        device: &DeviceSecrets,
    ) -> Self {
        Self::sign_as(notebook, counter, frontier, (device.id(), device.signing()))
    }

    /// Signs a frontier as whoever stands under an id.
    pub(crate) fn sign_as(
        notebook: NotebookId,
        counter: u64,
        frontier: Frontier,
        (device, key): (DeviceId, &SigningSecret),
    ) -> Self {
        let signature = key.sign(&signed_bytes(notebook, device, counter, &frontier));
        Self {
            device,
            counter,
            frontier,
            signature,
        }
    }

    /// Puts a frontier together with a signature that came apart from it.
    pub const fn assemble(
        device: DeviceId,
        counter: u64,
        frontier: Frontier,
        signature: Signature,
    ) -> Self {
        Self {
            device,
            counter,
            frontier,
            signature,
        }
    }

    /// Returns the signature.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`SignatureError`] where it does not fit.
    pub fn verify(&self, notebook: NotebookId, key: &VerifyKey) -> Result<(), SignatureError> {
        key.verify(
            &signed_bytes(notebook, self.device, self.counter, &self.frontier),
            &self.signature,
        )
    }

    /// Reads a signed frontier: device 32, counter varint, frontier, signature 64.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let device = DeviceId::from_bytes(reader.array("device")?);
        let counter = reader.varint("counter")?;
        let frontier = Frontier::read(reader)?;
        let signature = reader.array::<SIGNATURE_BYTES>("signature")?;
        Ok(Self {
            device,
            counter,
            frontier,
            signature,
        })
    }

    /// Appends the frontier in the form that [`SignedFrontier::read`] takes.
    pub fn write(&self, writer: &mut Writer) {
        writer.raw(self.device.as_bytes()).varint(self.counter);
        self.frontier.write(writer);
        writer.raw(&self.signature);
    }
}

fn signed_bytes(
    notebook: NotebookId,
    device: DeviceId,
    counter: u64,
    frontier: &Frontier,
) -> [u8; 32] {
    crypto::digest(
        "hearthside 2026-11 signed frontier",
        &[
            notebook.as_bytes(),
            device.as_bytes(),
            &counter.to_le_bytes(),
            &frontier.digest(),
        ],
    )
}
