//! The engine's loop.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::ConnectionId;
use hearth_core::ids::{DeviceId, NotebookId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::capsules::CapsuleWork;
use super::departures::Departures;
use super::dialer::Dialer;
use super::dialling::Rotation;
use super::entering::Entering;
use super::followers::Followers;
use super::introduce::Introductions;
use super::linking::Linking;
use super::links::OpenLink;
use super::mirrors::Asked;
use super::naming::Naming;
use super::queues::{Happening, Queues};
use super::requests::Waiting;
use super::room::{Resting, Turns};
use super::syncs::Syncing;
use super::threads::EngineEnded;
use super::watchers::Watchers;
use super::{Answer, Command, PeerAddrs, Stay, Traffic, jitter};
use crate::host::{Host, random};
use crate::net::{CloseCode, Net};
use crate::service;

/// Events that are handled before what they brought is put on disk: one commit serves all of them.
const BURST_EVENTS_MAX: usize = 64;
/// Writes of one notebook that end a burst: a tenth of what the store takes in one commit, since one
/// more frame may bring some thousands.
const BURST_WRITES_MAX: usize = 10_000;
/// A frame that is larger brings more than somebody's typing, and what it brings may take a while.
const QUICK_FRAME_BYTES_MAX: usize = 4 * 1024;
/// Bytes of entries that a burst has to bring to be more than somebody's typing: a pack makes ten times as many.
const BULK_BYTES_MIN: usize = 16 * 1024;
/// How long no pack may have come before what packs brought is placed, once all that peers said they have is here:
/// somebody may have more.
const PLACE_AFTER: Duration = Duration::from_millis(10);
/// How long it waits after the last pack while peers have more, or much else happens: to take the next one in and
/// acknowledge it costs a tenth of placing it.
const PLACE_WITHIN: Duration = Duration::from_millis(500);
/// How often what peers said is kept for a restart, and dialling looked at.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(5);
/// How long packs are made at a time: each takes some milliseconds, in which a keystroke would wait.
const PACKING_MAX: Duration = Duration::from_millis(20);
/// How often a record of this device's addresses that somebody overwrote is written again: seldom,
/// so that a member who does that makes no flood of entries.
const REPUBLISH_EVERY: Duration = Duration::from_secs(10 * 60);

/// How often the ages of keys are looked at: they are counted in days.
const KEYS_EVERY: Duration = Duration::from_secs(10 * 60);

/// How often files are looked for that nothing names: they are kept for days.
const FILES_EVERY: Duration = Duration::from_secs(60);

/// How long files of a fork are taken over at a time, in which a keystroke would wait.
const CARRYING_MAX: Duration = Duration::from_millis(100);

/// What the engine owns.
pub(super) struct Engine {
    pub(super) host: Host,
    pub(super) net: Arc<Net>,
    pub(super) stay: Stay,
    /// Where links and dialling tasks report.
    pub(super) traffic: mpsc::Sender<Traffic>,
    pub(super) links: BTreeMap<ConnectionId, OpenLink>,
    pub(super) next_link: u64,
    pub(super) dialers: BTreeMap<DeviceId, Dialer>,
    pub(super) rotation: Rotation,
    pub(super) resting: Resting,
    pub(super) turns: Turns,
    pub(super) waiting: Vec<Waiting>,
    pub(super) watchers: Watchers,
    /// Windows that show notes as they are written.
    pub(super) followers: Followers,
    pub(super) syncs: Vec<Syncing>,
    /// Whether something happened since the waits for peers were looked at that may end one.
    pub(super) syncs_changed: bool,
    /// The linked devices that had greeted when that was done.
    pub(super) answered: Vec<DeviceId>,
    pub(super) linkings: Vec<Linking>,
    pub(super) introductions: Introductions,
    /// When mirrors were asked to hold notebooks.
    pub(super) asked_mirrors: Asked,
    /// Whether this home was found to be a copy of another.
    pub(super) is_copy: bool,
    pub(super) peers_changed: bool,
    /// Whether dialling is to be looked at: members, links or addresses changed.
    pub(super) membership_changed: bool,
    /// Whether dialling is to be looked at for nothing but the time.
    pub(super) dialling_changed: bool,
    /// Whether a document that also holds addresses changed.
    pub(super) index_changed: bool,
    /// Whether something came that may order a notebook to be destroyed.
    pub(super) orders_changed: bool,
    /// Whether one is about to be destroyed.
    pub(super) waits_for_orders: bool,
    /// The notebooks that this device is out of, as far as that was told.
    pub(super) departures: Departures,
    /// Who is asked for notebooks that are awaited.
    pub(super) entering: Entering,
    /// What is to be done about this device's capsule.
    pub(super) capsule: CapsuleWork,
    /// Whom to answer once what a command wrote has gone out: to wake them takes as long as to send it.
    pub(super) answers: Vec<Answer>,
    /// When the last pack came, while what packs brought is to be placed.
    packs_since: Option<Instant>,
    /// Bytes that were put off when that was last looked at.
    put_off: usize,
    /// Whether there may be more history for a link that has just been handed some.
    pub(super) has_more_to_send: bool,
    /// Notebooks in which the next session of a series may be due: one was planned, wrapped up or called off, or
    /// time went by.
    pub(super) series_changed: BTreeSet<NotebookId>,
    /// Notebooks of which it is to be said which files they name.
    pub(super) naming: Naming,
    housekeeping_at: Instant,
    published_at: Instant,
    /// When the ages of keys are looked at.
    keys_at: Instant,
    /// When files are looked for that nothing names.
    files_at: Instant,
}

impl Engine {
    pub(super) fn new(
        host: Host,
        net: Arc<Net>,
        stay: Stay,
        traffic: mpsc::Sender<Traffic>,
    ) -> Self {
        let mut engine = Self {
            host,
            net,
            stay,
            traffic,
            links: BTreeMap::new(),
            next_link: 0,
            dialers: BTreeMap::new(),
            rotation: Rotation::default(),
            resting: Resting::default(),
            turns: Turns::default(),
            waiting: Vec::new(),
            watchers: Watchers::default(),
            followers: Followers::default(),
            syncs: Vec::new(),
            syncs_changed: false,
            answered: Vec::new(),
            linkings: Vec::new(),
            introductions: Introductions::default(),
            asked_mirrors: Asked::default(),
            is_copy: false,
            peers_changed: false,
            membership_changed: true,
            dialling_changed: false,
            index_changed: false,
            orders_changed: true,
            waits_for_orders: true,
            departures: Departures::default(),
            entering: Entering::new(),
            capsule: CapsuleWork::new(),
            answers: Vec::new(),
            packs_since: None,
            has_more_to_send: false,
            series_changed: BTreeSet::new(),
            put_off: 0,
            naming: Naming::default(),
            housekeeping_at: Instant::now() + HOUSEKEEPING_EVERY,
            published_at: Instant::now(),
            keys_at: Instant::now(),
            files_at: Instant::now(),
        };
        engine.note_departures();
        engine.note_all_files();
        engine
    }

    /// Runs until the node is told to stop. The store closes with the engine.
    pub(super) async fn run(mut self, mut queues: Queues) -> EngineEnded {
        self.publish_addresses();
        self.settle();
        let mut alarm = pin!(tokio::time::sleep_until(self.due_at()));
        loop {
            // What the last burst woke on this thread gets its turn: frames leave first.
            tokio::task::yield_now().await;
            self.answer();
            let mut next = queues.try_next();
            if next.is_none() && !self.has_more_to_send {
                self.rest();
                // Setting it costs a wake-up, so it rings early rather than being put off each time.
                let due_at = self.due_at();
                if alarm.is_elapsed() || due_at < alarm.deadline() {
                    alarm.as_mut().reset(due_at);
                }
                tokio::select! {
                    biased;
                    happening = queues.next() => match happening {
                        None => break,
                        happening => next = happening,
                    },
                    () = &mut alarm => {}
                }
            }
            let is_idle = next.is_none() && !self.has_more_to_send;
            if let Some(happening) = next {
                if !self.handle_burst(happening, &mut queues) {
                    break;
                }
                self.put_placing_off();
            }
            self.place_some(is_idle);
            // What came is shown before anything else.
            self.effects();
            self.tick();
            self.settle();
            if self.is_copy && self.stay == Stay::Running {
                // A device of its own has keys of its own, and so another endpoint.
                break;
            }
        }
        self.answer();
        self.end().await;
        EngineEnded {
            is_copy: self.is_copy,
        }
    }

    /// Does ahead what the next keystroke would wait for. A node that runs for one command has none.
    fn rest(&mut self) {
        if self.stay != Stay::Running {
            return;
        }
        let Host {
            engine, storage, ..
        } = &mut self.host;
        engine.prepare();
        if engine.wants_segment() {
            let began = Instant::now();
            tokio::task::block_in_place(|| {
                while self.host.engine.wants_segment() && began.elapsed() < PACKING_MAX {
                    self.make_segment();
                }
            });
            self.settle();
            return;
        }
        if !engine.wants_rest() && !storage.wants_rest() {
            return;
        }
        tokio::task::block_in_place(|| {
            engine.rest(storage);
            if let Err(error) = storage.rest() {
                tracing::warn!(%error, "could not get the disk ready for the next commits");
            }
        });
    }

    /// Waits with placing what packs brought while more of them come.
    fn put_placing_off(&mut self) {
        let put_off = self.host.engine.put_off_bytes();
        let before = std::mem::replace(&mut self.put_off, put_off);
        // How long a frame is says nothing of that: packed, some hundred entries are as short as one long one.
        let is_bulk = put_off.saturating_sub(before) >= BULK_BYTES_MIN;
        if !self.host.engine.is_behind() {
            self.packs_since = None;
        } else if is_bulk || self.packs_since.is_none() {
            self.packs_since = Some(Instant::now());
        }
    }

    /// Returns when what packs brought is placed, if nothing else is to be done then or not.
    fn place_at(&self, is_idle: bool) -> Option<Instant> {
        let is_over = is_idle && !self.host.engine.is_awaiting();
        let wait = if is_over { PLACE_AFTER } else { PLACE_WITHIN };
        self.packs_since.map(|since| since + wait)
    }

    /// Places some of what packs brought, once it is time and nothing else is to be done, or it is late.
    fn place_some(&mut self, is_idle: bool) {
        let place_at = self.place_at(is_idle);
        if place_at.is_none_or(|at| Instant::now() < at) {
            return;
        }
        let Host {
            engine, storage, ..
        } = &mut self.host;
        tokio::task::block_in_place(|| engine.catch_up_some(storage));
        if !engine.is_behind() {
            self.packs_since = None;
        }
    }

    /// Returns when there is something to do even if nothing happens.
    fn due_at(&self) -> Instant {
        let protocol = self.host.engine.deadline_ms().map(|at_ms| {
            Instant::now() + Duration::from_millis(at_ms.saturating_sub(Host::now_ms()))
        });
        let syncs = self.syncs.iter().map(Syncing::due_at);
        let linkings = self.linkings.iter().map(|linking| linking.deadline);
        syncs
            .chain(linkings)
            .chain([self.entering.next_at()])
            .chain(self.capsule.due_at())
            .chain(self.place_at(true))
            .chain(self.naming.due_at())
            .chain(protocol)
            .fold(self.housekeeping_at, Instant::min)
    }

    /// Does what is due by the clock, however much else happens.
    fn tick(&mut self) {
        let now_ms = Host::now_ms();
        let Host {
            engine, storage, ..
        } = &mut self.host;
        if engine.deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            engine.tick(now_ms, storage, &mut random());
        }
        let now = Instant::now();
        if now < self.housekeeping_at {
            return;
        }
        self.housekeeping_at = now + HOUSEKEEPING_EVERY;
        tokio::task::block_in_place(|| self.keep_house(now, now_ms));
    }

    fn keep_house(&mut self, now: Instant, now_ms: u64) {
        self.save_peers();
        self.ask_mirrors();
        self.keep_orders(false);
        self.write_again();
        self.make_packs();
        self.make_segment();
        self.make_ahead(false);
        if now >= self.keys_at {
            self.keys_at = now + KEYS_EVERY;
            self.replace_old_keys();
            self.series_changed.extend(self.host.engine.notebooks());
        }
        self.keep_series();
        if now >= self.files_at && self.stay == Stay::Running {
            self.files_at = now + FILES_EVERY;
            if service::carry_files(&mut self.host, CARRYING_MAX) {
                self.files_at = now;
            }
            service::drop_unnamed_files(&mut self.host);
        }
        if self.index_changed && now.duration_since(self.published_at) >= REPUBLISH_EVERY {
            self.publish_addresses();
        }
        self.membership_changed |= std::mem::take(&mut self.index_changed);
        self.end_visit();
        self.close_surplus();
        self.dialling_changed |= self.rotation.is_over(now_ms) || self.turns.are_over(now_ms);
    }

    /// Makes packs of what came, for peers that lack much of it.
    fn make_packs(&mut self) {
        let began = Instant::now();
        let Host {
            engine, storage, ..
        } = &mut self.host;
        while began.elapsed() < PACKING_MAX {
            match engine.make_pack(storage) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not pack older entries");
                    break;
                }
            }
        }
    }

    /// Goes on with checkpoints at mirrors: a segment at a time, since the mirror answers each.
    fn make_segment(&mut self) {
        let Host {
            engine, storage, ..
        } = &mut self.host;
        if let Err(error) = engine.make_segment(Host::now_ms(), storage) {
            tracing::warn!(%error, "could not go on with a checkpoint at a mirror");
        }
    }

    /// Makes ready what somebody who lacks years of a notebook is shown first.
    fn make_ahead(&mut self, at_once: bool) {
        let Host {
            engine, storage, ..
        } = &mut self.host;
        if self.stay == Stay::Running
            && let Err(error) = engine.make_ahead(storage, at_once)
        {
            tracing::warn!(%error, "could not make ready what a new device is shown first");
        }
    }

    /// Writes again what this person wrote on top of something that does not count any more.
    fn write_again(&mut self) {
        let Host {
            engine, storage, ..
        } = &mut self.host;
        match engine.write_again(storage, &mut random()) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "wrote again what stood on something that is out"),
            Err(error) => tracing::warn!(%error, "could not write again what is out"),
        }
    }

    fn answer(&mut self) {
        for answer in self.answers.drain(..) {
            answer();
        }
    }

    /// Handles what is there; false once the node is to end.
    fn handle_burst(&mut self, first: Happening, queues: &mut Queues) -> bool {
        let mut next = Some(first);
        for _ in 0..BURST_EVENTS_MAX {
            match next.take().or_else(|| queues.try_next()) {
                None => break,
                Some(Happening::Command(Command::Shutdown)) => return false,
                Some(happening) if happening.is_quick() => self.handle(happening),
                // Another thread goes on with the links meanwhile.
                Some(happening) => tokio::task::block_in_place(|| self.handle(happening)),
            }
            // Who gave a command does not wait for what comes after it.
            if self.is_burst_full() || !self.answers.is_empty() {
                break;
            }
        }
        true
    }

    fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::Command(command) => self.command(command),
            Happening::Traffic(traffic) => self.traffic(traffic),
        }
    }

    fn is_burst_full(&self) -> bool {
        self.host.engine.unsaved_writes_max() > BURST_WRITES_MAX
    }

    fn traffic(&mut self, traffic: Traffic) {
        match traffic {
            Traffic::Connected { link, kind } => self.connected(link, kind),
            Traffic::Frame {
                id,
                bytes,
                room: _until_handled,
            } => {
                let Host {
                    engine, storage, ..
                } = &mut self.host;
                engine.receive(id, &bytes, Host::now_ms(), storage, &mut random());
            }
            Traffic::Disconnected { id } => self.disconnected(id),
            Traffic::Writable => {}
            Traffic::DialFailed { device, why } => self.dial_failed(device, &why),
            Traffic::MirrorAnswered {
                notebook,
                mirror,
                answer,
            } => self.mirror_answered(notebook, mirror, answer),
            Traffic::Entered { device, answer } => self.entered(device, answer.map(|one| *one)),
            Traffic::Introduced { device, told } => self.introduced(device, told),
        }
    }

    fn disconnected(&mut self, id: ConnectionId) {
        let peer = self
            .host
            .engine
            .sessions()
            .find(|(link, _)| *link == id)
            .map(|(_, session)| session.peer());
        let link = self.links.remove(&id);
        self.host.engine.disconnected(id, Host::now_ms());
        self.note_presences_gone();
        self.membership_changed = true;
        self.syncs_changed = true;
        let code = link.and_then(|link| link.handle.close_reason()?.peer_code());
        match (peer, code) {
            (Some(device), Some(CloseCode::NOT_A_MEMBER))
                if self.host.engine.is_mirror(&device) =>
            {
                self.host.engine.mirror_knows_nobody(device);
                self.ask_strange_mirror(device);
            }
            (Some(device), Some(CloseCode::NOT_A_MEMBER)) => self.introduce(device),
            (Some(device), Some(CloseCode::ENOUGH)) => {
                self.resting.note(device, Host::now_ms(), jitter());
            }
            _ => {}
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Request {
                request,
                events,
                done,
            } => self.request(*request, events, done),
            Command::Adopt {
                joined,
                addrs,
                done,
            } => {
                let _caller_left = done.send(self.adopt(*joined, &addrs));
            }
            Command::AwaitNotebook {
                notebook,
                frontier,
                done,
            } => self.waiting.push(Waiting {
                notebook,
                frontier,
                done,
            }),
            Command::Joined {
                notebook,
                words,
                done,
            } => {
                let _caller_left = done.send(self.describe_joined(notebook, &words));
            }
            Command::Work(work) => {
                let answer = work(&mut self.host);
                self.answers.push(answer);
            }
            Command::Subscribe(sender) => self.watchers.subscribe(sender),
            Command::LinkStats(done) => {
                let stats = self.links.values().map(|link| link.handle.stats());
                let _caller_left = done.send(stats.collect());
            }
            Command::Sync {
                notebook,
                deadline,
                done,
            } => self.sync(notebook.as_deref(), deadline, done),
            Command::OfferLink {
                deadline,
                events,
                done,
            } => self.offer_link(deadline, &events, done),
            Command::NetworkChanged => {
                self.publish_addresses();
                for dialer in self.dialers.values() {
                    dialer.nudge();
                }
            }
            // The loop ends before it comes here.
            Command::Shutdown => {}
        }
    }

    /// After a burst: shows what came, puts it on disk, sends what is due, and adjusts who is dialled.
    fn settle(&mut self) {
        self.effects();
        self.name_files();
        let now_ms = Host::now_ms();
        let Host {
            engine, storage, ..
        } = &mut self.host;
        engine.keep_devices(now_ms, storage, &mut random());
        engine.flush(storage, now_ms, false);
        self.effects();
        // Peers wait for frames; all that follows, some of which writes to the disk, can wait for them.
        self.pump();
        if self.host.engine.take_met_somebody() {
            self.peers_changed = true;
            self.save_peers();
        }
        self.tell_departures();
        let is_changed = std::mem::take(&mut self.membership_changed);
        if is_changed {
            self.capsule.note_change();
        }
        if std::mem::take(&mut self.dialling_changed) || is_changed {
            self.adjust_dialers();
        }
        self.settle_capsule();
        self.enter_awaited();
        if !self.has_more_to_send {
            self.pump();
        }
        self.effects();
        self.settle_waiting();
        if !self.syncs.is_empty() {
            self.ask_mirrors();
        }
        self.settle_syncs();
        self.settle_linkings();
    }

    pub(super) fn publish_addresses(&mut self) {
        self.host.publish_addresses(&own_addresses(&self.net));
        self.published_at = Instant::now();
    }

    /// Has keys replaced that are in force for too long. A node that runs for one command leaves that alone.
    fn replace_old_keys(&mut self) {
        if self.stay != Stay::Running {
            return;
        }
        for (notebook, epoch) in service::keys_too_old(&self.host, Host::now()) {
            self.host
                .engine
                .replace_key(notebook, epoch, Host::now_ms());
        }
    }

    /// Makes the next sessions of series whose last one is over.
    fn keep_series(&mut self) {
        // What is to be written builds on what is placed, and is decided by the same.
        let (later, changed) = std::mem::take(&mut self.series_changed)
            .into_iter()
            .partition(|notebook| self.host.is_ahead(*notebook));
        self.series_changed = later;
        if self.stay == Stay::Running {
            service::keep_series(&mut self.host, changed);
        }
    }

    fn save_peers(&mut self) {
        if !std::mem::take(&mut self.peers_changed) {
            return;
        }
        let Host {
            engine, storage, ..
        } = &mut self.host;
        match engine.save_news_of_peers(storage) {
            Ok(is_more) => self.peers_changed |= is_more,
            Err(error) => tracing::warn!(%error, "what peers said could not be kept"),
        }
    }

    async fn end(&mut self) {
        self.dialers.clear();
        self.keep_orders(true);
        let Host {
            engine, storage, ..
        } = &mut self.host;
        engine.flush(storage, Host::now_ms(), true);
        self.has_more_to_send = false;
        self.pump();
        // The acknowledgements that were just queued reach whoever listens.
        const LAST_FRAMES: Duration = Duration::from_millis(20);
        tokio::time::sleep(LAST_FRAMES).await;
        let Host {
            engine, storage, ..
        } = &mut self.host;
        for kept in [engine.save_peers(storage), engine.snapshot(storage)] {
            if let Err(error) = kept {
                tracing::warn!(%error, "the next start will read more, since the disk failed");
            }
        }
        self.make_ahead(true);
        if let Err(failure) = service::keep_search_index(&mut self.host) {
            tracing::warn!(failure = %failure.message, "the next search will read everything again");
        }
        if let Err(failure) = service::keep_document_facts(&mut self.host) {
            tracing::warn!(failure = %failure.message, "the next history will read everything again");
        }
        if let Err(failure) = self.host.keep_registers(true) {
            tracing::warn!(failure = %failure.message, "the next start will read every session again");
        }
        self.net.close().await;
    }
}

/// Returns where this device can be reached, as far as it knows.
pub(super) fn own_addresses(net: &Net) -> PeerAddrs {
    let own = net.local_addrs();
    PeerAddrs {
        addrs: own.addrs,
        relays: own.relays.iter().map(ToString::to_string).collect(),
    }
}

impl Happening {
    /// Says whether it takes no longer to handle than links can wait: it is somebody's typing.
    fn is_quick(&self) -> bool {
        match self {
            Self::Command(command) => matches!(command, Command::Work(_)),
            Self::Traffic(Traffic::Frame { bytes, .. }) => bytes.len() <= QUICK_FRAME_BYTES_MAX,
            // Each control entry that a member told has a signature to check.
            Self::Traffic(Traffic::Introduced { told, .. }) => {
                told.as_ref().is_none_or(Vec::is_empty)
            }
            Self::Traffic(_) => true,
        }
    }
}
