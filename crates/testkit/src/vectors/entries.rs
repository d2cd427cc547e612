//! Control entries, wraps, content entries, their wire form, and signed frontiers: the whole of a
//! small notebook, by the seed that it is drawn from.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ObjType, ROOT, ReadDoc};
use hearth_core::codec::Writer;
use hearth_core::control::{Admit, Label, Role};
use hearth_core::document::DocumentId;
use hearth_core::frontier::{Frontier, SignedFrontier};
use hearth_core::ids::{EntryHash, Incarnation, LogId, Seq};
use hearth_core::log::{LogStates, RawEntry, WireEncoder, actor_of, pack_entries, seal_pack};
use hearth_core::pairing::TicketSecret;
use hearth_core::replica::{EditSession, Replica};
use hearth_core::storage::Write;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};
use crate::disk::MemoryDisk;
use crate::people::draw;

/// Seeds of the notebooks.
const SEEDS: std::ops::Range<u64> = 0..4;

/// A time in seconds, so that changes come out the same.
const TIME: i64 = 1_790_000_000;

/// A notebook of two, as its creator has it.
struct Fixture {
    seed: u64,
    replica: Replica,
    entries: Vec<RawEntry>,
}

pub(super) fn make() -> Vec<VectorFile> {
    let mut fixtures: Vec<Fixture> = SEEDS.filter_map(|seed| fixture(seed).ok()).collect();
    let mut files = vec![
        VectorFile {
            name: "control",
            vectors: fixtures.iter().flat_map(controls).collect(),
        },
        VectorFile {
            name: "wraps",
            vectors: fixtures.iter().take(2).flat_map(wraps).collect(),
        },
        VectorFile {
            name: "entries_2",
            vectors: fixtures.iter().flat_map(entries).collect(),
        },
        VectorFile {
            name: "wire_2",
            vectors: fixtures.iter().map(wire).collect(),
        },
    ];
    files.push(VectorFile {
        name: "frontiers_2",
        vectors: fixtures.iter_mut().flat_map(frontiers).collect(),
    });
    files.push(VectorFile {
        name: "actors",
        vectors: fixtures.iter().flat_map(actors).collect(),
    });
    files
}

/// Packs of the same entries, each with the keys that it takes to read it.
pub(super) fn make_packs() -> VectorFile {
    let fixtures = SEEDS.filter_map(|seed| fixture(seed).ok());
    VectorFile {
        name: "packs",
        vectors: fixtures.flat_map(|fixture| packs(&fixture)).collect(),
    }
}

fn packs(fixture: &Fixture) -> Vec<Vector> {
    let (replica, seed) = (&fixture.replica, fixture.seed.to_string());
    let (notebook, keys) = (replica.notebook(), replica.keys());
    let mut states = LogStates::default();
    let Ok(pack) = pack_entries(notebook, &fixture.entries, keys, &mut states) else {
        return Vec::new();
    };
    let name = |what: &str| format!("notebook {seed} {what}");
    let mut vectors = vec![Vector::bytes(name("pack"), seed.clone(), &pack)];
    let current = replica.membership().current_epoch();
    if let Some((epoch, key)) = current.and_then(|epoch| Some((epoch, keys.get(&epoch)?))) {
        let sealed = seal_pack(replica.tag(), (epoch, key), &pack);
        vectors.push(Vector::bytes(name("sealed"), seed.clone(), &sealed));
    }
    for (number, epoch) in keys.epochs().enumerate() {
        if let Some(key) = keys.get(&epoch) {
            let both = [&epoch.as_bytes()[..], key.expose()].concat();
            let name = name(&format!("epoch and key {number}"));
            vectors.push(Vector::bytes(name, seed.clone(), &both));
        }
    }
    vectors
}

type Failed = Box<dyn core::error::Error>;

fn member(name: &str, role: Role) -> Label {
    Label::Member {
        name: name.to_owned(),
        device: "laptop".to_owned(),
        role,
    }
}

fn fixture(seed: u64) -> Result<Fixture, Failed> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let (ana, ben) = (draw(2 * seed + 100, "Ana"), draw(2 * seed + 101, "Ben"));
    let role = if seed.is_multiple_of(2) {
        Role::Mentee
    } else {
        Role::Observer
    };
    let creator = member("Ana", Role::Mentor);
    let mut replica = Replica::create(ana.device, &ana.roster, &creator, &mut random)?;
    let mut invites = Vec::new();
    for _ in 0..2 {
        let secret = TicketSecret::random(&mut random);
        let key = secret.signing().verify_key();
        let expires_ms = 1_795_392_000_000;
        let invite = replica.invite(key, role, seed == 2, expires_ms, &mut random)?;
        invites.push((invite.id, secret));
    }
    if let [(first, secret), (second, _)] = invites.as_slice() {
        let signed = Admit::proof_bytes(replica.notebook(), *first, &ben.roster);
        let proof = secret.signing().sign(&signed);
        let label = member("Ben", role);
        replica.admit(*first, ben.roster, proof, &label, &mut random)?;
        replica.revoke_invite(*second)?;
    }
    let disk = MemoryDisk::new();
    for number in 0..6 {
        replica
            .edit(&disk, &mut random, |session| edit(session, number))
            .map_err(|error| error.to_string())?;
    }
    let entries = replica
        .unsaved()
        .iter()
        .filter_map(|write| match write {
            Write::Append(bytes) => Some(RawEntry::parse(bytes.clone())),
            _ => None,
        })
        .collect::<Result<_, _>>()?;
    replica.saved();
    Ok(Fixture {
        seed,
        replica,
        entries,
    })
}

fn edit(session: &mut EditSession<'_>, number: i64) -> Result<(), String> {
    let id = DocumentId::from_bytes([u8::try_from(number % 2).unwrap_or_default(); 16]);
    let document = session.write(id).map_err(|error| error.to_string())?;
    let known = document
        .get(ROOT, "note")
        .ok()
        .flatten()
        .map(|(_, note)| note);
    let mut transaction = document.transaction();
    let written = match known {
        None => transaction
            .put_object(ROOT, "note", ObjType::Text)
            .and_then(|note| transaction.splice_text(&note, 0, 0, "What we talked about")),
        Some(note) => transaction.splice_text(&note, 4, 0, "x"),
    };
    written.map_err(|error| error.to_string())?;
    transaction.commit_with(CommitOptions::default().with_time(TIME + number));
    Ok(())
}

fn controls(fixture: &Fixture) -> Vec<Vector> {
    (0..)
        .zip(fixture.replica.controls().iter())
        .map(|(at, entry)| {
            Vector::bytes(
                format!(
                    "notebook {} entry {at} of kind {}",
                    fixture.seed,
                    entry.kind.code()
                ),
                fixture.seed.to_string(),
                entry.as_bytes(),
            )
        })
        .collect()
}

fn wraps(fixture: &Fixture) -> Vec<Vector> {
    let mut all: Vec<_> = fixture.replica.wraps().values().collect();
    all.sort_by_key(|wraps| fixture.replica.controls().level(&wraps.epoch.rekey()));
    (0..)
        .zip(all)
        .map(|(at, wraps)| {
            let name = format!("notebook {} epoch {at}", fixture.seed);
            Vector::bytes(name, fixture.seed.to_string(), &wraps.to_bytes())
        })
        .collect()
}

fn entries(fixture: &Fixture) -> Vec<Vector> {
    fixture
        .entries
        .iter()
        .map(|entry| {
            let name = format!(
                "notebook {} entry {}",
                fixture.seed,
                entry.header().seq.get()
            );
            Vector::bytes(name, fixture.seed.to_string(), entry.as_bytes())
        })
        .collect()
}

fn wire(fixture: &Fixture) -> Vector {
    let (mut encoder, mut writer) = (WireEncoder::default(), Writer::new());
    for entry in &fixture.entries {
        encoder.encode(entry, &mut writer);
    }
    let name = format!("notebook {} on one connection", fixture.seed);
    Vector::bytes(name, fixture.seed.to_string(), writer.as_slice())
}

fn frontiers(fixture: &mut Fixture) -> Vec<Vector> {
    let seed = fixture.seed;
    let identity = draw(2 * seed + 100, "Ana");
    let frontier = fixture.replica.frontier().clone();
    let notebook = fixture.replica.notebook();
    let vector = |counter: u64, frontier: Frontier, name: String| {
        let signed = SignedFrontier::sign(notebook, counter, frontier, &identity.device);
        let mut writer = Writer::new();
        signed.write(&mut writer);
        Vector::bytes(name, seed.to_string(), writer.as_slice())
    };
    let mut forked = frontier.clone();
    for log in frontier.logs.keys() {
        let other = |seq: u64, byte: u8| (Seq::new(seq), EntryHash::from_bytes([byte; 32]));
        let tips = frontier
            .tips(log)
            .chain([other(9, 2), other(7, 3), other(9, 1)]);
        forked.set_tips(*log, tips.collect());
    }
    let mut vectors: Vec<Vector> = [1, 127, 128]
        .map(|counter| {
            let name = format!("notebook {seed} counter {counter}");
            vector(counter, frontier.clone(), name)
        })
        .into();
    vectors.push(vector(
        2,
        forked,
        format!("notebook {seed} with forked logs"),
    ));
    vectors
}

fn actors(fixture: &Fixture) -> Vec<Vector> {
    let notebook = fixture.replica.notebook();
    (0..4_u8)
        .map(|number| {
            let log = LogId {
                device: fixture.replica.own_device(),
                incarnation: Incarnation::from_bytes([number; 16]),
            };
            Vector::text(
                format!("notebook {} incarnation {number}", fixture.seed),
                fixture.seed.to_string(),
                actor_of(notebook, log).to_string(),
            )
        })
        .collect()
}
