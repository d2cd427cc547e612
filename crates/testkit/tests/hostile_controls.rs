//! A member who signs control entries that no honest program writes: nobody is locked out, nobody is
//! voided, and every home still opens.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use hearth_core::control::{
    Admit, ControlAuthor, ControlEntry, ControlKind, Invite, Rekey, Rights, Role, SupersededKey,
};
use hearth_core::crypto::{Secret, SigningSecret};
use hearth_core::ids::{ControlHash, NotebookId};
use hearth_core::replica::Replica;
use hearth_core::storage::Storage;
use hearth_testkit::disk::MemoryDisk;
use hearth_testkit::world::World;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const ANA: usize = 0;
const BEN: usize = 1;
const MALLORY: usize = 2;

/// Ana founded the notebook; Ben writes in it, and Mallory only reads.
fn world() -> (World, NotebookId) {
    let mut world = World::new(47, 4).unwrap();
    let notebook = world.create(ANA, Role::Mentor).unwrap();
    world.start_note(ANA, notebook).unwrap();
    for node in [BEN, MALLORY] {
        world.pair(ANA, node, notebook).unwrap();
        world.meet(ANA, node).unwrap();
    }
    world.run_until_quiet().unwrap();
    (world, notebook)
}

fn replica(world: &World, node: usize, notebook: NotebookId) -> &Replica {
    world.device(node).unwrap().replica(notebook).unwrap()
}

/// Signs a control entry of Mallory's at some heads, whatever it may say.
fn signed(
    world: &World,
    notebook: NotebookId,
    standing: ControlHash,
    heads: Vec<ControlHash>,
    kind: ControlKind,
) -> ControlEntry {
    let device = Arc::clone(&world.device(MALLORY).unwrap().identity.device);
    let author = ControlAuthor {
        device: &device,
        notebook,
        heads,
        standing,
    };
    author.sign(kind, None)
}

fn offer() -> ControlKind {
    let key = SigningSecret::from_secret(&Secret::from_bytes([7; 32]));
    let rights = Rights {
        admin: false,
        may_write: true,
    };
    ControlKind::Invite(Invite {
        ticket_key: key.verify_key(),
        rights,
    })
}

/// Opens Ana's notebook from a disk that holds all that she has.
fn reopened(replica: &Replica, world: &World) -> Replica {
    let mut disk = MemoryDisk::default();
    let writes: Vec<_> = replica
        .controls()
        .iter()
        .map(|entry| hearth_core::storage::Write::Put {
            space: hearth_core::storage::Space::Control,
            key: entry.hash().as_bytes().to_vec(),
            value: entry.as_bytes().to_vec(),
        })
        .collect();
    disk.commit(replica.notebook(), &writes).unwrap();
    let device = Arc::clone(&world.device(ANA).unwrap().identity.device);
    Replica::open(replica.notebook(), device, &disk).unwrap()
}

#[test]
fn a_notebook_with_a_long_chain_of_control_entries_opens_again() {
    let (world, notebook) = world();
    let mut ana = reopened(replica(&world, ANA, notebook), &world);
    let standing = ana
        .membership()
        .member(&world.device(MALLORY).unwrap().identity.person())
        .unwrap()
        .admission;
    for _ in 0..1_000 {
        let heads = ana.controls().heads();
        ana.ingest_control(signed(&world, notebook, standing, heads, offer()))
            .unwrap();
    }
    let again = reopened(&ana, &world);
    assert_eq!(again.controls().digest(), ana.controls().digest());
    assert_eq!(again.membership(), ana.membership());
}

#[test]
fn a_made_up_standing_voids_nobodys_admission() {
    let (world, notebook) = world();
    let mut ana = reopened(replica(&world, ANA, notebook), &world);
    let ben = world.device(BEN).unwrap().identity.person();
    let mallory = world.device(MALLORY).unwrap().identity.clone();
    let invite = match &ana
        .controls()
        .get(&ana.membership().member(&ben).unwrap().admission)
        .unwrap()
        .kind
    {
        ControlKind::Admit(admit) => admit.invite,
        _ => panic!("Ben was admitted"),
    };
    let own = ana
        .membership()
        .member(&mallory.person())
        .unwrap()
        .admission;
    let made_up = signed(
        &world,
        notebook,
        own,
        vec![own],
        ControlKind::Admit(Admit {
            invite,
            rights: Rights {
                admin: true,
                may_write: true,
            },
            roster: Box::new(mallory.roster.clone()),
            proof: [0; 64],
        }),
    );
    let standing = made_up.hash();
    ana.ingest_control(made_up).unwrap();
    let revocation = signed(
        &world,
        notebook,
        standing,
        vec![standing],
        ControlKind::RevokeInvite { invite },
    );
    ana.ingest_control(revocation).unwrap();
    assert!(
        ana.membership().member(&ben).is_some(),
        "Ben was voided by somebody who is no admin"
    );
}

#[test]
fn a_key_that_nobody_can_open_stops_neither_writing_nor_admissions() {
    let (world, notebook) = world();
    // Ben may write, so his re-key counts; its wraps are never sent.
    let device = Arc::clone(&world.device(BEN).unwrap().identity.device);
    let ben = replica(&world, BEN, notebook);
    let standing = ben.membership().member_of(&device.id()).unwrap().admission;
    let garbage = ben
        .membership()
        .epoch_heads()
        .iter()
        .map(|epoch| SupersededKey {
            epoch: *epoch,
            sealed: [3; 72],
        })
        .collect();
    let rekey = Rekey {
        supersedes: garbage,
        commitment: [1; 32],
        recipients: ben.membership().recipients().to_vec(),
        wraps_root: [2; 32],
    };
    let heads = ben.controls().heads();
    let author = ControlAuthor {
        device: &device,
        notebook,
        heads,
        standing,
    };
    let entry = author.sign(ControlKind::Rekey(rekey), None);
    let mut ana = reopened(replica(&world, ANA, notebook), &world);
    for wraps in replica(&world, ANA, notebook).wraps().values() {
        ana.ingest_wraps(wraps.clone());
    }
    ana.ingest_control(entry).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let key = SigningSecret::from_secret(&Secret::from_bytes([9; 32])).verify_key();
    ana.invite(key, Role::Mentee, false, u64::MAX, &mut rng)
        .expect("an invitation can be written");
    let disk = MemoryDisk::default();
    ana.edit(&disk, &mut rng, |_| Ok::<_, std::convert::Infallible>(()))
        .expect("an edit can be made");
    let current = ana.membership().current_epoch().unwrap();
    assert!(
        ana.keys().get(&current).is_some(),
        "the epoch in force is one that can be opened"
    );
}
