//! A paired peer whose node passes on what no honest program signs: the other's node stays up, the
//! notebook stays equal, and `hearth verify` names the signer.

use std::time::Duration;

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use hearth_core::document::{Change, DocumentId, scan};
use hearth_core::log::{RawEntry, actor_of};
use hearth_e2e::{Cost, Pair, Person, Ran, RunningNode, agree, heads, until};
use hearth_node::host::Host;
use hearth_testkit::adversary::{
    HostileMember, Mutator, compressed_bomb, duplicate_seq, nested_maps, orphans, raw_body,
    run_length_bomb, with_actor,
};
use serde_json::Value;

use crate::tamper::{id_of, open, plant};

/// How long a node may take to name the signer.
const NAMED_TIMEOUT: Duration = Duration::from_secs(30);
/// How long honest people may take to agree.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);
/// What one attack may cost, or one of a thousand. Unoptimised builds are given five times as long: most of it
/// is the store, and starting the sync anew.
const PROCESSOR_MAX_MS: u64 = if cfg!(debug_assertions) { 1_000 } else { 200 };
const MEMORY_MAX_KIB: u64 = 64 * 1024;
/// Lines of `verify` that anybody reads.
const PAGE_LINES_MAX: usize = 200;
/// A document that the hostile member makes up.
const OTHER: DocumentId = DocumentId::from_bytes([9; 16]);

/// Ana, whom Ben attacks, and Cleo, who is honest; Ben's node does not run.
struct Attacked {
    pair: Pair,
    cleo: Person,
    ana_node: RunningNode,
    _cleo_node: RunningNode,
}

impl Attacked {
    #[track_caller]
    fn prepare() -> Self {
        let (pair, ana_node, ben_node) = Pair::on_loopback();
        let cleo = Person::new("Cleo");
        let cleo_node = RunningNode::up(&cleo);
        cleo.ok(&["join", &pair.ana.ticket(&pair.notebook, "mentee")]);
        pair.ana.goal(&pair.notebook, "Speak at the spring meeting");
        let session = pair.ben.session(&pair.notebook);
        let append = ["session", "notes", &session, "--append", "--from", "-"];
        pair.ben.feed(&append, "What we talked about").data();
        agree(
            &[&pair.ana, &pair.ben, &cleo],
            &pair.notebook,
            AGREE_TIMEOUT,
        );
        ben_node.stop();
        Self {
            pair,
            cleo,
            ana_node,
            _cleo_node: cleo_node,
        }
    }

    /// Puts entries on Ben's disk; his own node passes them on like any others.
    fn plant(&self, make: impl FnOnce(&mut HostileMember, &Host) -> Vec<RawEntry>) {
        let mut ben = open(&self.pair.ben);
        plant(&mut ben, id_of(&self.pair.notebook), 0xee, make);
    }

    /// Starts Ben's node, and checks that Ana's takes it as it should. `inputs` bad ones were planted.
    #[track_caller]
    fn suffer(mut self, name: &str, inputs: u64, reason: &str) {
        let (ana, ben, notebook) = (&self.pair.ana, &self.pair.ben, &self.pair.notebook);
        let before = heads(ana, notebook);
        let cost_before = Cost::at_rest(self.ana_node.pid());
        let ben_node = RunningNode::up(ben);
        let cost = until("Ana's node has seen what Ben has", NAMED_TIMEOUT, || {
            let cost = Cost::at_rest(self.ana_node.pid());
            // `verify` would read everything again, each time, at the node's cost.
            let count = ana.status_of(notebook)["set_aside"].as_u64();
            (count.expect("a count") > 0).then_some(cost)
        });
        let processor_ms = cost.processor_ms - cost_before.processor_ms;
        let memory_kib = cost.memory_peak_kib.saturating_sub(cost_before.memory_kib);
        eprintln!(
            "{name:26} {processor_ms:5} ms of processor time for {inputs} inputs, {memory_kib:6} KiB"
        );
        assert!(
            processor_ms <= PROCESSOR_MAX_MS * inputs,
            "{name}: {processor_ms} ms"
        );
        assert!(memory_kib <= MEMORY_MAX_KIB, "{name}: {memory_kib} KiB");
        assert!(self.ana_node.is_running(), "{name}");
        assert_eq!(heads(ana, notebook), before, "{name}");
        is_named(name, ana, ben, reason);

        ana.goal(notebook, "Go on as before");
        self.cleo.goal(notebook, "So do I");
        agree(&[ana, &self.cleo], notebook, AGREE_TIMEOUT);
        self.ana_node.stop();
        let _again = RunningNode::up(ana);
        is_named(name, ana, ben, reason);
        ben_node.stop();
    }
}

fn set_aside(person: &Person) -> Vec<Value> {
    let verified = person.ok(&["verify"]);
    verified["set_aside"].as_array().expect("a list").clone()
}

/// Checks that `verify` exits with 0 and names the signer and why, to scripts and to people.
#[track_caller]
fn is_named(name: &str, ana: &Person, ben: &Person, reason: &str) {
    let listed = set_aside(ana);
    let (ben_id, label) = (ben.id(), ben.device());
    for entry in &listed {
        assert_eq!(entry["person"], ben_id.as_str(), "{name}: {entry}");
        assert_eq!(entry["device_label"], label.as_str(), "{name}: {entry}");
        assert!(entry["entry"].is_string(), "{name}: {entry}");
    }
    let fits = |entry: &Value| {
        entry["reason"]
            .as_str()
            .is_some_and(|why| why.contains(reason))
    };
    assert!(listed.iter().any(fits), "{name}: {listed:?}");
    let verify = ["verify"];
    let ran = Ran::new(&verify, ana.plain(&verify).output().expect("hearth runs"));
    assert_eq!(ran.exit, Some(0), "{ran:?}");
    let named = |line: &&str| {
        let mut words = line.split_whitespace();
        words.next() == Some(ben.name()) && words.next() == Some(&label) && line.contains(reason)
    };
    let count = ran.stdout.lines().filter(named).count();
    assert!(
        (1..=PAGE_LINES_MAX).contains(&count),
        "{name}: {}",
        ran.stdout
    );
}

/// A change of the member's own actor to a document of its own.
fn honest_change(member: &HostileMember) -> Change {
    let actor = automerge::ActorId::from(member.actor().as_bytes().as_slice());
    let mut document = Automerge::new().with_actor(actor);
    let mut transaction = document.transaction();
    transaction.put(ROOT, "number", 1).expect("a change");
    transaction.commit();
    let change = document.get_last_local_change().expect("the change");
    scan(change.raw_bytes()).expect("an honest change")
}

fn raw(member: &mut HostileMember, chunk: &[u8]) -> Vec<RawEntry> {
    vec![member.sign(raw_body([0; 32], &[(OTHER, chunk)]))]
}

#[test]
fn a_compressed_chunk_bomb_leaves_the_node_up_and_its_signer_named() {
    let attacked = Attacked::prepare();
    attacked.plant(|member, _| {
        let bomb = compressed_bomb(*member.actor().as_bytes(), 32 << 20);
        raw(member, &bomb)
    });
    attacked.suffer("compressed chunk bomb", 1, "not acceptable");
}

#[test]
fn a_run_length_bomb_leaves_the_node_up_and_its_signer_named() {
    let attacked = Attacked::prepare();
    attacked.plant(|member, _| {
        let bomb = run_length_bomb(*member.actor().as_bytes(), 1_000_000);
        raw(member, &bomb)
    });
    attacked.suffer("run-length bomb", 1, "not acceptable");
}

#[test]
fn nested_maps_leave_the_node_up_and_their_signer_named() {
    let attacked = Attacked::prepare();
    attacked.plant(|member, _| {
        let deep = nested_maps(*member.actor().as_bytes(), 1_500);
        vec![member.sign_changes(&[(OTHER, scan(&deep).expect("well formed"))])]
    });
    attacked.suffer("1,500 nested maps", 1, "nests");
}

#[test]
fn a_change_in_anas_name_leaves_the_node_up_and_its_signer_named() {
    let attacked = Attacked::prepare();
    let ana = id_of(&attacked.pair.notebook);
    attacked.plant(|member, ben| {
        let replica = ben.engine.replica(ana).expect("the notebook");
        let own = ben.my_device();
        let (other, _) = replica
            .tips()
            .find(|(log, _)| log.device != own)
            .expect("Ana's log");
        let theirs = *actor_of(ana, other).as_bytes();
        let forged = with_actor(&honest_change(member), theirs).expect("well formed");
        vec![member.sign_changes(&[(OTHER, scan(&forged).expect("well formed"))])]
    });
    attacked.suffer("forged actor", 1, "somebody else");
}

#[test]
fn a_number_used_twice_leaves_the_node_up_and_its_signer_named() {
    let attacked = Attacked::prepare();
    attacked.plant(|member, _| {
        let first = honest_change(member);
        let second = duplicate_seq(&first).expect("well formed");
        let second = scan(&second).expect("well formed");
        vec![
            member.sign_changes(&[(OTHER, second)]),
            member.sign_changes(&[(OTHER, first)]),
        ]
    });
    attacked.suffer("duplicate seq", 1, "twice");
}

#[test]
fn orphans_by_the_thousand_leave_the_node_up_and_their_signer_named() {
    let attacked = Attacked::prepare();
    attacked.plant(|member, _| {
        let actor = *member.actor().as_bytes();
        orphans(actor, 1, 20_000)
            .chunks(10)
            .map(|some| {
                let changes: Vec<_> = some
                    .iter()
                    .map(|orphan| (OTHER, scan(orphan).expect("well formed")))
                    .collect();
                member.sign_changes(&changes)
            })
            .collect()
    });
    attacked.suffer("20,000 orphans", 1, "too many entries");
}

/// Each stands in a log of its own, since nothing counts that follows a refused entry; a device has room
/// for so many logs in a notebook.
#[test]
fn a_thousand_mutated_changes_leave_the_node_up_and_their_signer_named() {
    const MUTATED: u64 = 1_000;
    const LOGS: u64 = 60;
    let (pair, mut ana_node, ben_node) = Pair::on_loopback();
    let notebooks: Vec<String> = (0..MUTATED.div_ceil(LOGS))
        .map(|number| {
            let notebook = pair.ana.notebook(&format!("Notebook {number}"));
            pair.ben
                .ok(&["join", &pair.ana.ticket(&notebook, "mentee")]);
            notebook
        })
        .collect();
    for notebook in &notebooks {
        pair.ana.goal(notebook, "Speak at the spring meeting");
        agree(&[&pair.ana, &pair.ben], notebook, AGREE_TIMEOUT);
    }
    ben_node.stop();
    let mut ben = open(&pair.ben);
    let mut mutator = Mutator::new(1);
    for number in 0..MUTATED {
        let notebook = &notebooks[usize::try_from(number / LOGS).expect("few")];
        let incarnation = u8::try_from(number % LOGS).expect("few");
        plant(&mut ben, id_of(notebook), incarnation, |member, _| {
            let mutated = mutator.mutate(honest_change(member).bytes());
            match scan(&mutated) {
                Ok(change) => vec![member.sign_changes(&[(document(number), change)])],
                Err(_) => vec![member.sign(raw_body([0; 32], &[(document(number), &mutated)]))],
            }
        });
    }
    drop(ben);
    let cost_before = Cost::at_rest(ana_node.pid());
    let _ben_node = RunningNode::up(&pair.ben);
    let (named, cost) = until("Ana's node has seen what Ben has", NAMED_TIMEOUT, || {
        let cost = Cost::at_rest(ana_node.pid());
        let named = set_aside(&pair.ana).len();
        (named > 500).then_some((named, cost))
    });
    let processor_ms = cost.processor_ms - cost_before.processor_ms;
    let memory_kib = cost.memory_peak_kib.saturating_sub(cost_before.memory_kib);
    eprintln!(
        "1,000 mutated changes: {named} named; {processor_ms} ms of processor time for all, {memory_kib} KiB"
    );
    assert!(processor_ms <= PROCESSOR_MAX_MS * MUTATED && memory_kib <= MEMORY_MAX_KIB);
    assert!(ana_node.is_running());
    is_named("mutated changes", &pair.ana, &pair.ben, "not acceptable");
    for notebook in &notebooks {
        assert_eq!(pair.ana.goals(notebook), ["Speak at the spring meeting"]);
    }
    pair.ana.goal(&pair.notebook, "Go on as before");
    pair.agree(AGREE_TIMEOUT);
}

fn document(number: u64) -> DocumentId {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    DocumentId::from_bytes(bytes)
}
