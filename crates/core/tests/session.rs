//! What one connection does with a peer that is no longer shared with, or that lies.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use hearth_core::codec::Writer;
use hearth_core::frontier::{Frontier, SignedFrontier};
use hearth_core::ids::{DeviceId, Incarnation, LogId, NotebookId, Seq};
use hearth_core::limits::LOGS_PER_DEVICE_MAX;
use hearth_core::replica::Replica;
use hearth_core::sync::{Holding, Outline, Session, SessionError, Shared, Stopped};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use support::{NoDisk, Pair, Person, pair, write};

const NOW_MS: u64 = 1_000_000;

/// The notebooks that are shared.
struct These<'a>(Vec<&'a mut Replica>);

impl Shared for These<'_> {
    fn get(&self, notebook: NotebookId) -> Option<&dyn Holding> {
        let mut all = self.0.iter().map(|replica| &**replica as &dyn Holding);
        all.find(|replica| replica.notebook() == notebook)
    }

    fn get_mut(&mut self, notebook: NotebookId) -> Option<&mut dyn Holding> {
        let mut all = self.0.iter_mut();
        let found = all.find(|replica| replica.notebook() == notebook)?;
        Some(&mut **found)
    }

    fn all(&self) -> Box<dyn Iterator<Item = &dyn Outline> + '_> {
        Box::new(self.0.iter().map(|replica| &**replica as &dyn Outline))
    }
}

fn only(replica: &mut Replica) -> These<'_> {
    These(vec![replica])
}

fn none<'a>() -> These<'a> {
    These(Vec::new())
}

/// Has a session take a frame.
fn take(session: &mut Session, frame: &[u8], shared: &mut dyn Shared) -> Result<(), SessionError> {
    let incoming = session.read(frame, NOW_MS)?;
    session.receive(incoming, shared, &NoDisk, NOW_MS)
}

/// The two ends of one connection.
struct Ends {
    pair: Pair,
    writers: Session,
    readers: Session,
}

impl Ends {
    fn new() -> Self {
        let mut pair = pair(3);
        pair.writer.saved();
        pair.reader.saved();
        let (ana, ben) = (Person::draw(1), Person::draw(2));
        let session = |peer: &Person, dialled: bool, replica: &mut Replica| {
            let card = peer.device.card();
            let (id, key): (DeviceId, _) = (card.id(), card.verify_key);
            Session::new((id, key), dialled, [7; 32], 1, &only(replica), NOW_MS)
        };
        let writers = session(&ben, true, &mut pair.writer);
        let readers = session(&ana, false, &mut pair.reader);
        Self {
            pair,
            writers,
            readers,
        }
    }

    /// Hands the writer a frontier of the reader's that it signed and that is not true.
    fn lie(&mut self, counter: u64, claimed: Frontier) -> Result<(), SessionError> {
        let notebook = self.pair.writer.notebook();
        let liar = Person::draw(2).device;
        let signed = SignedFrontier::sign(notebook, counter, claimed, &liar);
        let mut frame = Writer::new();
        // The number that the notebook got when it was first named on this connection.
        signed.write(frame.u8(3).varint(1));
        take(
            &mut self.writers,
            frame.as_slice(),
            &mut only(&mut self.pair.writer),
        )
    }

    /// Lets both say what they have to say, and returns how many frames that took.
    fn talk(&mut self) -> usize {
        let mut frames = 0;
        loop {
            let (writer, reader) = (&mut self.pair.writer, &mut self.pair.reader);
            let to_reader = self.writers.next_frame(&only(writer), &NoDisk).unwrap();
            let to_writer = self.readers.next_frame(&only(reader), &NoDisk).unwrap();
            if to_reader.is_none() && to_writer.is_none() {
                return frames;
            }
            if let Some(frame) = to_reader {
                frames += 1;
                take(&mut self.readers, &frame, &mut only(reader)).unwrap();
                reader.saved();
            }
            if let Some(frame) = to_writer {
                frames += 1;
                take(&mut self.writers, &frame, &mut only(writer)).unwrap();
                writer.saved();
            }
        }
    }
}

#[test]
fn a_notebook_that_is_no_longer_shared_leaves_nothing_due() {
    let mut ends = Ends::new();
    assert!(ends.talk() > 0);
    assert!(
        ends.readers.deadline_ms() < NOW_MS + 1_000,
        "an acknowledgement is due"
    );
    // The membership changed meanwhile: the replica is not among the shared ones any more.
    let later = NOW_MS + 1_000;
    ends.readers.acknowledge(&none(), later, false);
    assert!(ends.readers.deadline_ms() > later);
    assert!(!ends.readers.retain(&BTreeSet::new()), "nothing is left");
    assert_eq!(ends.readers.notebooks().count(), 0);
}

#[test]
fn nobody_elses_word_makes_a_device_an_older_copy() {
    let mut ends = Ends::new();
    ends.talk();
    let mut claimed = ends.pair.writer.frontier().clone();
    for (log, (seq, _)) in &mut claimed.logs {
        assert_eq!(log.device, ends.pair.writer.own_device());
        *seq = Seq::new(seq.get() + 7);
    }
    ends.lie(u64::MAX, claimed).unwrap();
    assert!(!ends.pair.writer.is_stale_copy());
    let mut random = ChaCha20Rng::seed_from_u64(4);
    write(&mut ends.pair.writer, 4, &mut random);
}

#[test]
fn an_echo_proves_nothing() {
    let mut ends = Ends::new();
    let shared = &mut only(&mut ends.pair.writer);
    let hello = ends.writers.next_frame(&none(), &NoDisk).unwrap().unwrap();
    take(&mut ends.writers, &hello, shared).unwrap();
    let notebook = shared.0[0].notebook();
    assert!(!ends.writers.is_live(notebook));
    // Nor does the list that follows.
    let list = ends.writers.next_frame(&none(), &NoDisk).unwrap().unwrap();
    take(&mut ends.writers, &list, shared).unwrap();
    assert!(!ends.writers.is_live(notebook));
    assert!(ends.writers.view(notebook).is_none());
    // Each is said once.
    for again in [list, hello] {
        let result = take(&mut ends.writers, &again, shared);
        assert!(matches!(result, Err(SessionError::Repeated)));
    }
}

#[test]
fn logs_of_made_up_devices_are_not_remembered() {
    let mut ends = Ends::new();
    ends.talk();
    let notebook = ends.pair.writer.notebook();
    let mut claimed = ends.pair.writer.frontier().clone();
    let own = claimed.clone();
    let tip = *claimed.logs.values().next().unwrap();
    for number in 0..100 {
        let device = DeviceId::from_bytes([number; 32]);
        let incarnation = Incarnation::from_bytes([number; 16]);
        let made_up = LogId {
            device,
            incarnation,
        };
        claimed.logs.insert(made_up, tip);
        let mine = LogId {
            device: Person::draw(2).device.id(),
            incarnation,
        };
        claimed.logs.insert(mine, tip);
    }
    ends.lie(u64::MAX, claimed).unwrap();
    let view = ends.writers.view(notebook).unwrap();
    assert_eq!(
        view.frontier.logs.len(),
        own.logs.len() + LOGS_PER_DEVICE_MAX
    );
    assert!(view.signed.is_none());
}

#[test]
fn a_peer_may_not_begin_anew_for_ever() {
    let mut ends = Ends::new();
    ends.talk();
    let notebook = ends.pair.writer.notebook();
    for counter in 0..100 {
        ends.lie(u64::MAX - 100 + counter, Frontier::default())
            .unwrap();
    }
    assert_eq!(ends.writers.stopped(notebook), Some(&Stopped::Restarts));
    assert!(!ends.writers.is_live(notebook));
    let shared = &only(&mut ends.pair.writer);
    let mut rest = 0;
    while ends.writers.next_frame(shared, &NoDisk).unwrap().is_some() {
        rest += 1;
    }
    assert!(rest < 5, "{rest} frames");
}
