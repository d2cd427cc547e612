//! The notebook that is attacked, and the copies of it that have to stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hearth_core::control::{ControlEntry, CutLog, Member, Role};
use hearth_core::document::{ChangeHash, DocumentId};
use hearth_core::epoch::Wraps;
use hearth_core::identity::DeviceSecrets;
use hearth_core::ids::{DeviceId, EntryHash, EpochId, NotebookId, PersonId};
use hearth_core::log::RawEntry;
use hearth_core::replica::Replica;
use hearth_core::storage::Storage;
use hearth_testkit::dice::Dice;
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::people::{Person, crowd};
use hearth_testkit::world::{GOALS, NOTES, World, identity_of};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::attack::{Attack, Batch, Item};

/// Who created the notebook.
pub(crate) const CREATOR: usize = 0;
/// The admin who is removed.
pub(crate) const REMOVED: usize = 1;
/// Those whom they let in before: one as an admin, one who only writes. Both are removed as well.
pub(crate) const PUPPETS: [usize; 2] = [2, 3];
/// Honest members: an admin and one who only writes.
const HONEST: [usize; 2] = [4, 5];
/// Somebody who never was a member.
pub(crate) const OUTSIDER: usize = 6;

/// What the attacks came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Batches of entries.
    pub(crate) attacks: u64,
    /// Copies that were attacked, each time anew.
    pub(crate) copies: u64,
    /// Control entries that were kept on some copy.
    pub(crate) controls_kept: u64,
    /// Control entries that were refused.
    pub(crate) controls_refused: u64,
    /// Content entries that were kept.
    pub(crate) entries_kept: u64,
    /// Content entries that were refused.
    pub(crate) entries_refused: u64,
    /// Attacks that do change a copy which never hears of the removal: they are real.
    pub(crate) would_have: u64,
    /// Entries that are named as not counting afterwards.
    pub(crate) held: u64,
    /// How often each kind came up.
    pub(crate) kinds: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn drawn(&mut self, attack: &Attack<'_>) {
        for (kind, count) in &attack.drawn {
            *self.kinds.entry(kind).or_default() += count;
        }
    }
}

/// What no attack may change.
#[derive(Debug, PartialEq)]
pub(crate) struct Essence {
    members: BTreeMap<PersonId, Member>,
    devices: BTreeMap<DeviceId, PersonId>,
    current: Option<EpochId>,
    heads: BTreeSet<EpochId>,
    keys: BTreeSet<EpochId>,
    documents: BTreeMap<DocumentId, Vec<ChangeHash>>,
}

/// A copy of the notebook on the disk of an honest device.
pub(crate) struct Victim {
    device: Arc<DeviceSecrets>,
    disk: MemoryDisk,
    /// What it lacks of the truth, which comes while it is attacked.
    truth: Vec<Item>,
}

/// The notebook after the removal.
pub(crate) struct Victims {
    pub(crate) notebook: NotebookId,
    pub(crate) copies: Vec<Victim>,
    /// All that the attackers know of: all of it.
    pub(crate) known: Replica,
    /// What the attackers and their puppets wrote while they did not hear of the removal, by who did.
    pub(crate) offline: Vec<(usize, Item)>,
    /// Entries that count, to name in cuts.
    pub(crate) tips: Vec<CutLog>,
    essence: Essence,
    essence_before: Essence,
}

fn person(place: usize) -> &'static Person {
    &crowd()[place]
}

/// Lets somebody in on the device of another.
fn admit(world: &mut World, notebook: NotebookId, (by, joiner): (usize, usize), admin: bool) {
    let expires_ms = world.time_of(by) + 86_400_000;
    let ticket = world
        .invite_until(by, notebook, Role::Peer, admin, expires_ms)
        .unwrap();
    world.join_and_wait(joiner, &ticket).unwrap();
    world.meet(by, joiner).unwrap();
}

fn write(world: &mut World, notebook: NotebookId, nodes: &[usize]) {
    for node in nodes {
        let mut written = 0;
        while written < 3 {
            written += u32::from(world.edit(*node, notebook).unwrap());
        }
        world.run_until_quiet().unwrap();
    }
}

impl Victims {
    pub(crate) fn new() -> Self {
        let identities: Vec<_> = (0..OUTSIDER)
            .map(|place| identity_of(person(place), 0, &person(place).founded()).unwrap())
            .collect();
        let mut world = World::of(23, &identities).unwrap();
        let notebook = world.create(CREATOR, Role::Peer).unwrap();
        world.start_note(CREATOR, notebook).unwrap();
        admit(&mut world, notebook, (CREATOR, REMOVED), true);
        admit(&mut world, notebook, (REMOVED, PUPPETS[0]), true);
        admit(&mut world, notebook, (REMOVED, PUPPETS[1]), false);
        admit(&mut world, notebook, (CREATOR, HONEST[0]), true);
        admit(&mut world, notebook, (CREATOR, HONEST[1]), false);
        let honest = [CREATOR, HONEST[0], HONEST[1]];
        let hostile = [REMOVED, PUPPETS[0], PUPPETS[1]];
        for node in 1..OUTSIDER {
            for other in 0..node {
                world.meet(node, other).unwrap();
            }
        }
        let everybody: Vec<usize> = (0..OUTSIDER).collect();
        write(&mut world, notebook, &everybody);
        world.check_converged().unwrap();
        let before: Vec<MemoryDisk> = honest
            .iter()
            .map(|node| world.device(*node).unwrap().disk.clone())
            .collect();
        let offline = offline_work(&mut world, notebook, &honest, &hostile);
        for out in hostile {
            let out = person(out).id();
            let done = world.decide(CREATOR, notebook, "remove", |replica, random| {
                replica.remove(out, random)
            });
            assert!(done.is_some());
        }
        write(&mut world, notebook, &honest);
        let after: Vec<MemoryDisk> = honest
            .iter()
            .map(|node| world.device(*node).unwrap().disk.clone())
            .collect();
        let secrets = |node: usize| Arc::clone(&identities[node].device);
        let mut known = open(notebook, &secrets(CREATOR), &after[0]);
        let essence = Essence::of(&mut known, &after[0]);
        let mut then = open(notebook, &secrets(CREATOR), &before[0]);
        let essence_before = Essence::of(&mut then, &before[0]);
        let (then, _) = items(notebook, &before[0]);
        let truth = items(notebook, &after[0]).1;
        // What others wrote may be kept without its signature; whoever wrote it has that.
        let own: Vec<Item> = after
            .iter()
            .flat_map(|disk| items(notebook, disk).1)
            .collect();
        let whole = |item: Item| {
            let is_whole = |other: &&Item| match other {
                Item::Entry(entry) => !entry.is_bare() && other.id() == item.id(),
                _ => false,
            };
            own.iter().find(is_whole).cloned().unwrap_or(item)
        };
        let truth: Vec<Item> = truth.into_iter().map(whole).collect();
        let tips = truth.iter().filter_map(|item| match item {
            Item::Entry(entry) => Some(CutLog {
                log: entry.header().log,
                seq: entry.header().seq,
                hash: entry.hash(),
            }),
            _ => None,
        });
        let tips = tips.collect();
        let truth: Vec<Item> = truth
            .into_iter()
            .filter(|item| !then.contains(&item.id()))
            .collect();
        let late = honest.iter().zip(before).map(|(node, disk)| Victim {
            device: secrets(*node),
            disk,
            truth: truth.clone(),
        });
        let settled = honest.iter().zip(after).map(|(node, disk)| Victim {
            device: secrets(*node),
            disk,
            truth: Vec::new(),
        });
        Self {
            notebook,
            copies: settled.chain(late).collect(),
            known,
            offline,
            tips,
            essence,
            essence_before,
        }
    }
}

/// Has the hostile devices write on, and copies of them as well, apart from the honest ones.
fn offline_work(
    world: &mut World,
    notebook: NotebookId,
    honest: &[usize],
    hostile: &[usize],
) -> Vec<(usize, Item)> {
    let known = items(notebook, &world.device(CREATOR).unwrap().disk).0;
    let mut written = Vec::new();
    for node in hostile {
        let copy = world.copy_home(*node).unwrap();
        let now = world.clock.now_ms();
        for apart in [*node, copy] {
            for other in (0..world.devices.len()).filter(|other| *other != apart) {
                world.network.part(apart, other, now);
            }
        }
        for apart in [*node, copy] {
            // One that notices that it is a copy stops, which is as well here.
            for _ in 0..6 {
                let _ = world.edit(apart, notebook).unwrap();
            }
            let (_, all) = items(notebook, &world.device(apart).unwrap().disk);
            let new = all.into_iter().filter(|item| !known.contains(&item.id()));
            written.extend(new.map(|item| (*node, item)));
        }
    }
    assert!(honest.iter().all(|node| world.is_up(*node)));
    written
}

fn open(notebook: NotebookId, device: &Arc<DeviceSecrets>, disk: &MemoryDisk) -> Replica {
    Replica::open(notebook, Arc::clone(device), disk).unwrap()
}

/// Returns all that a disk holds, in the order in which it may be sent, with what names it.
fn items(notebook: NotebookId, disk: &MemoryDisk) -> (BTreeSet<[u8; 32]>, Vec<Item>) {
    use hearth_core::storage::Space;
    let device = &person(CREATOR).devices[0];
    let replica = open(notebook, device, disk);
    let controls = replica.controls().iter().cloned().map(Item::Control);
    let wraps = disk.scan(notebook, Space::Wraps).unwrap();
    let wraps = wraps
        .into_iter()
        .map(|(_, bytes)| Item::Wraps(Wraps::parse(&bytes).unwrap()));
    let entries = disk.entries(notebook, 0, usize::MAX).unwrap();
    let entries = entries
        .into_iter()
        .map(|(_, bytes)| Item::Entry(RawEntry::parse_any(bytes).unwrap()));
    let all: Vec<Item> = controls.chain(wraps).chain(entries).collect();
    (all.iter().map(Item::id).collect(), all)
}

impl Item {
    fn id(&self) -> [u8; 32] {
        match self {
            Self::Control(entry) => *entry.hash().as_bytes(),
            Self::Wraps(wraps) => wraps.epoch.as_bytes().map(|byte| byte ^ 0xff),
            Self::Entry(entry) => *entry.hash().as_bytes(),
        }
    }
}

impl Essence {
    fn of(replica: &mut Replica, disk: &MemoryDisk) -> Self {
        let mut documents = BTreeMap::new();
        for id in [GOALS, NOTES, crate::attack::DOCUMENT] {
            replica.load_document(id, disk).unwrap();
            if let Some(document) = replica.documents().get(&id) {
                let mut heads = document.get_heads();
                heads.sort_unstable();
                documents.insert(id, heads);
            }
        }
        documents.retain(|_, heads| !heads.is_empty());
        let membership = replica.membership();
        let heads = membership.epoch_heads().clone();
        let held = heads
            .iter()
            .filter(|epoch| replica.keys().get(epoch).is_some());
        Self {
            members: membership.members().clone(),
            devices: membership.devices().clone(),
            current: membership.current_epoch(),
            keys: held.copied().collect(),
            heads,
            documents,
        }
    }
}

impl Victim {
    /// Says whether the attack changes this copy if it hears of nothing else.
    fn would_change(&self, batch: &Batch, victims: &Victims) -> bool {
        let mut replica = open(victims.notebook, &self.device, &self.disk);
        for item in batch {
            take(&mut replica, &self.disk, item);
        }
        replica.advance(&self.disk).unwrap();
        Essence::of(&mut replica, &self.disk) != victims.essence_before
    }

    /// Takes an attack in, mixed with what it lacks of the truth, and checks that it shows what it is to show.
    pub(crate) fn suffer(&self, batch: &Batch, victims: &Victims, seed: u64, tally: &mut Tally) {
        if !self.truth.is_empty() {
            tally.would_have += u64::from(self.would_change(batch, victims));
        }
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut replica = open(victims.notebook, &self.device, &self.disk);
        // Both come in their own order, as from two peers.
        let (mut lies, mut truth) = (batch.iter(), self.truth.iter());
        let lies_first = random.chance(3);
        loop {
            let next = if lies_first || random.chance(2) {
                lies.next()
                    .map(|item| (item, true))
                    .or_else(|| truth.next().map(|item| (item, false)))
            } else {
                truth
                    .next()
                    .map(|item| (item, false))
                    .or_else(|| lies.next().map(|item| (item, true)))
            };
            let Some((item, is_lie)) = next else { break };
            let is_kept = take(&mut replica, &self.disk, item);
            if is_lie {
                let count = match item {
                    Item::Control(_) if is_kept => &mut tally.controls_kept,
                    Item::Control(_) => &mut tally.controls_refused,
                    Item::Wraps(_) | Item::Entry(_) if is_kept => &mut tally.entries_kept,
                    Item::Wraps(_) | Item::Entry(_) => &mut tally.entries_refused,
                };
                *count += 1;
            } else {
                assert!(is_kept, "seed {seed}: the truth was refused");
            }
            if random.chance(3) {
                replica.advance(&self.disk).unwrap();
            }
        }
        replica.advance(&self.disk).unwrap();
        let lies: BTreeSet<EntryHash> = batch
            .iter()
            .filter_map(|item| match item {
                Item::Entry(entry) => Some(entry.hash()),
                _ => None,
            })
            .collect();
        let aside = replica.set_aside().keys();
        tally.held += aside.filter(|hash| lies.contains(hash)).count() as u64;
        tally.copies += 1;
        let essence = Essence::of(&mut replica, &self.disk);
        assert_eq!(essence, victims.essence, "seed {seed} changed something");
    }
}

fn take(replica: &mut Replica, disk: &MemoryDisk, item: &Item) -> bool {
    match item {
        Item::Control(entry) => replica.ingest_control(ControlEntry::clone(entry)).is_ok(),
        Item::Wraps(wraps) => {
            replica.ingest_wraps(wraps.clone());
            true
        }
        Item::Entry(entry) => replica.receive_entry(entry.clone(), true, disk).is_ok(),
    }
}
