//! A checkpoint at a mirror, word for word: a member makes segments, forgets what they follow from and checks them, and
//! finds one of its own to be unsound.

use std::sync::Arc;

use hearth_core::checkpoint::{Segment, SegmentHead, SegmentLog};
use hearth_core::control::Role;
use hearth_core::engine::{ConnectionId, ConnectionKind, Engine, Identity};
use hearth_core::identity::{MirrorPass, MirrorSecrets};
use hearth_core::ids::NotebookId;
use hearth_core::mirror::{Mirror, MirrorConnection, MirrorLimits, MirrorTicket};
use hearth_core::storage::{Space, Storage, Write};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::mirrors::{EXPORTER, Failed, edit};
use super::{Vector, VectorFile};
use crate::clock::START_MS;
use crate::disk::MemoryDisk;
use crate::people::draw;

const LIMITS: MirrorLimits = MirrorLimits {
    total_bytes: 1 << 30,
    notebook_bytes: 1 << 30,
};
/// Entries of a segment.
const ENTRIES: u64 = 8;
/// The types of frames about checkpoints.
const TYPES: core::ops::RangeInclusive<u8> = 31..=36;

pub(super) fn make() -> VectorFile {
    // A story that breaks off leaves the file too short, which the test of it notices.
    VectorFile {
        name: "checkpoints",
        vectors: (0..2).flat_map(story).flatten().collect(),
    }
}

/// Ana's node, a mirror, and what they said.
struct Story {
    seed: u64,
    vectors: Vec<Vector>,
    random: ChaCha20Rng,
    ana: Identity,
    engine: Engine,
    disk: MemoryDisk,
    mirror: Mirror,
    held: MemoryDisk,
    ticket: MirrorTicket,
    links: u64,
    now_ms: u64,
}

impl Story {
    fn note(&mut self, name: &str, bytes: &[u8]) {
        let name = format!("checkpoint {} {} {name}", self.seed, self.vectors.len());
        let vector = Vector::bytes(name, self.seed.to_string(), bytes);
        self.vectors.push(vector);
    }

    /// Links the two anew.
    fn link(&mut self) -> ConnectionId {
        self.links += 1;
        let (link, remote) = (ConnectionId(self.links), self.ana.device.card().transport);
        let (dial, at) = (ConnectionKind::Sync2 { dialled: true }, self.now_ms);
        let of_mirror = self.ticket.card.transport;
        self.engine.connected(link, dial, of_mirror, EXPORTER, at);
        self.mirror
            .connected(link, MirrorConnection::Sync2, remote, EXPORTER, at);
        link
    }

    /// Lets both say what they have to say, and Ana's node do what it does while nothing else is to be done.
    fn run(&mut self, link: ConnectionId) -> Result<(), Failed> {
        for _ in 0..40 {
            self.now_ms += 1_000;
            let now = self.now_ms;
            self.engine.make_segment(now, &mut self.disk)?;
            self.engine.flush(&mut self.disk, now, true);
            while let Some(frame) = self.engine.next_frame(link, &self.disk) {
                if frame.first().is_some_and(|kind| TYPES.contains(kind)) {
                    self.note("frame by the member", &frame);
                }
                self.mirror.receive(link, &frame, now, &mut self.held);
            }
            self.mirror.flush(&mut self.held, now, true);
            while let Some(frame) = self.mirror.next_frame(link, &self.held) {
                if frame.first().is_some_and(|kind| TYPES.contains(kind)) {
                    self.note("frame by the mirror", &frame);
                }
                self.engine
                    .receive(link, &frame, now, &mut self.disk, &mut self.random);
            }
        }
        Ok(())
    }

    /// Opens Ana's node anew, which knows no more what the next segment follows from.
    fn forget(&mut self, notebook: NotebookId) -> Result<(), Failed> {
        let key = self.ticket.card.id().as_bytes().to_vec();
        let forget = Write::Delete {
            space: Space::Checkpoint,
            key,
        };
        self.disk.commit(notebook, &[forget])?;
        self.engine = Engine::open(self.ana.clone(), 77, &[notebook], &self.disk)?;
        self.engine.set_pack_entries(ENTRIES);
        Ok(())
    }
}

fn story(seed: u64) -> Result<Vec<Vector>, Failed> {
    let mut random = ChaCha20Rng::seed_from_u64(seed + 950);
    let ana = draw(950 + seed, "Ana");
    let secrets = Arc::new(MirrorSecrets::random(&mut random));
    let pass = MirrorPass::random(&mut random);
    let ticket = MirrorTicket {
        card: secrets.card().clone(),
        pass: pass.clone(),
        name: "the cupboard".to_owned(),
        addresses: Vec::new(),
        relays: Vec::new(),
    };
    let (mut disk, held) = (MemoryDisk::new(), MemoryDisk::new());
    let mut engine = Engine::open(ana.clone(), seed, &[], &disk)?;
    let notebook = engine.create_notebook(Role::Mentor, &mut disk, &mut random)?;
    engine.add_mirror(notebook, &ticket, &mut disk, &mut random)?;
    let mirror = Mirror::open((secrets, pass), LIMITS, seed, &[], &held)?;
    for number in 0..30 {
        edit(&mut engine, &mut disk, notebook, number, &mut random)?;
    }
    engine.set_pack_entries(ENTRIES);
    let mut story = Story {
        seed,
        vectors: Vec::new(),
        random,
        ana,
        engine,
        disk,
        mirror,
        held,
        ticket,
        links: 0,
        now_ms: START_MS,
    };
    let door = ConnectionId(100);
    let remote = story.ana.device.card().transport;
    story
        .mirror
        .connected(door, MirrorConnection::Request, remote, EXPORTER, START_MS);
    let id = story.ticket.card.id();
    let asked = story.engine.ask_mirror(notebook, id, &EXPORTER);
    for frame in asked.ok_or("no mirror to ask")? {
        story
            .mirror
            .receive(door, &frame, START_MS, &mut story.held);
    }
    story.mirror.flush(&mut story.held, START_MS, true);
    let link = story.link();
    story.run(link)?;
    for number in 1..=2 {
        let segment = story.mirror.segment(notebook, number, &story.held)?;
        let segment = segment.ok_or("no segment")?;
        story.note("head of a segment", segment.head.as_bytes());
        let hash = segment.head.hash(notebook);
        story.note("hash of a segment", hash.as_bytes());
    }
    note_records(&mut story, notebook)?;
    append_unsound(&mut story, notebook)?;
    story.forget(notebook)?;
    let link = story.link();
    story.run(link)?;
    note_records(&mut story, notebook)?;
    Ok(story.vectors)
}

/// Puts a segment at the end that Ana's device signed, and that does not open.
fn append_unsound(story: &mut Story, notebook: NotebookId) -> Result<(), Failed> {
    let standing = story.mirror.checkpoint(notebook).ok_or("not held")?;
    let last = story
        .mirror
        .segment(notebook, standing.number, &story.held)?;
    let mut pack = last.ok_or("no segment")?.pack;
    if let Some(byte) = pack.last_mut() {
        *byte ^= 1;
    }
    let frontier = story.mirror.outline(notebook).ok_or("not held")?.frontier();
    let logs = frontier.logs.iter().map(|(log, last)| SegmentLog {
        log: *log,
        first: hearth_core::ids::Seq::new(standing.entries + 1),
        last: *last,
    });
    let place = (standing.number + 1, standing.last);
    let device = &story.ana.device;
    let head = SegmentHead::sign(notebook, place, logs.collect(), &pack, device);
    let segment = Segment { head, pack };
    let from = device.id();
    story
        .mirror
        .take_segment(notebook, from, &segment, &story.held)?;
    Ok(())
}

fn note_records(story: &mut Story, notebook: NotebookId) -> Result<(), Failed> {
    for (_, record) in story.disk.scan(notebook, Space::Checkpoint)? {
        story.note("record of a member", &record);
    }
    let reached = story.held.get(notebook, Space::Checkpoint, &[])?;
    story.note("record of the mirror", &reached.ok_or("no record")?);
    for (_, checked) in story.held.scan(notebook, Space::Checked)? {
        story.note("checked", &checked);
    }
    Ok(())
}
