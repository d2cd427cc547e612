//! The people, their devices, and what happens to devices in the course of a day.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use hearth_e2e::{Bridge, Person, Random, RunningNode, accept, agreed, text, until};

use super::NAMES;

/// How long everything may take to arrive everywhere once all devices are up.
const SOON: Duration = Duration::from_secs(90);
/// The first of a person's devices.
pub(super) const LAPTOP: usize = 0;
/// The second one.
pub(super) const PHONE: usize = 1;

/// One device: a home, and mostly a node.
pub(super) struct Device {
    pub(super) home: Person,
    pub(super) node: Option<RunningNode>,
    pub(super) frozen: bool,
    label: String,
}

impl Device {
    pub(super) fn label(&self) -> String {
        self.label.clone()
    }

    /// Waits until `look` says yes of this device.
    #[track_caller]
    pub(super) fn eventually(&self, what: &str, mut look: impl FnMut(&Person) -> bool) {
        let what = format!("{what}, on {}", self.label);
        until(&what, SOON, || look(&self.home).then_some(()));
    }
}

/// Where the devices stand. Both devices of a person share a machine's cable.
pub(super) enum Ground {
    Loopback,
    Switch(Bridge),
}

/// All devices, and what was said so far.
pub(super) struct Cast {
    // The nodes end before the machines do.
    devices: Vec<Device>,
    ground: Ground,
    unplugged: BTreeSet<usize>,
    out: BTreeSet<(usize, usize)>,
    began: Instant,
    pub(super) observers: BTreeSet<usize>,
    pub(super) random: Random,
    pub(super) circle: String,
    pub(super) session: String,
    pub(super) exchange: String,
    /// What commands said is on disk; each must be everywhere in the evening.
    pub(super) said: Vec<String>,
    pub(super) happened: [usize; 5],
}

impl Cast {
    pub(super) fn new(ground: Ground, seed: u64) -> Self {
        let mut devices = Vec::new();
        for (person, name) in NAMES.iter().enumerate() {
            let placed = || match &ground {
                Ground::Loopback => Person::stranger(name),
                Ground::Switch(bridge) => Person::stranger(name).inside(bridge.machine(person)),
            };
            let lower = name.to_lowercase();
            for (home, kind) in [(placed().init(), "laptop"), (placed(), "phone")] {
                devices.push(Device {
                    home,
                    node: None,
                    frozen: false,
                    label: format!("{lower}-{kind}"),
                });
            }
        }
        Self {
            devices,
            ground,
            unplugged: BTreeSet::new(),
            out: BTreeSet::new(),
            began: Instant::now(),
            observers: BTreeSet::new(),
            random: Random::new(seed),
            circle: String::new(),
            session: String::new(),
            exchange: String::new(),
            said: Vec::new(),
            happened: [0; 5],
        }
    }

    /// Says how far the day is.
    pub(super) fn say(&self, what: &str) {
        eprintln!("{:6.1} s  {what}", self.began.elapsed().as_secs_f64());
    }

    pub(super) fn device(&self, person: usize, kind: usize) -> &Device {
        &self.devices[2 * person + kind]
    }

    fn device_mut(&mut self, person: usize, kind: usize) -> &mut Device {
        &mut self.devices[2 * person + kind]
    }

    /// Notes that a device belongs to the circle no more.
    pub(super) fn out(&mut self, person: usize, kind: usize) {
        self.out.insert((person, kind));
    }

    pub(super) fn is_out(&self, person: usize, kind: usize) -> bool {
        self.out.contains(&(person, kind))
    }

    /// Every device that belongs to the circle.
    pub(super) fn circle_devices(&self) -> Vec<(usize, usize)> {
        let all = (0..NAMES.len()).flat_map(|person| [(person, LAPTOP), (person, PHONE)]);
        all.filter(|device| !self.out.contains(device)).collect()
    }

    pub(super) fn homes(&self) -> Vec<&Person> {
        let devices = self.circle_devices();
        devices
            .iter()
            .map(|(person, kind)| &self.device(*person, *kind).home)
            .collect()
    }

    pub(super) fn start(&mut self, person: usize, kind: usize) {
        let address = match &self.ground {
            Ground::Loopback => "127.0.0.1:0".to_owned(),
            Ground::Switch(_) => format!("{}:0", Bridge::address(person)),
        };
        let device = self.device_mut(person, kind);
        match &device.node {
            None => device.node = Some(RunningNode::listening(&device.home, &address)),
            Some(node) if device.frozen => {
                node.thaw();
                device.frozen = false;
            }
            Some(_) => {}
        }
    }

    pub(super) fn stop(&mut self, person: usize, kind: usize) {
        self.start(person, kind);
        self.device_mut(person, kind)
            .node
            .take()
            .expect("a node")
            .stop();
    }

    pub(super) fn kill(&mut self, person: usize, kind: usize) {
        self.start(person, kind);
        self.device_mut(person, kind)
            .node
            .take()
            .expect("a node")
            .kill();
    }

    pub(super) fn join(&mut self, person: usize, (inviter, kind): (usize, usize)) {
        let ticket = self.device(inviter, kind).home.ticket(&self.circle, "peer");
        let joined = self.device(person, LAPTOP).home.ok(&["join", &ticket]);
        assert_eq!(text(&joined, "/notebook/id"), self.circle);
    }

    pub(super) fn link_phone(&mut self, person: usize) {
        let (laptop, phone) = (self.device(person, LAPTOP), self.device(person, PHONE));
        accept(&laptop.home, &phone.home, &phone.label);
        self.start(person, PHONE);
    }

    /// Starts, thaws and plugs in every device of the circle.
    pub(super) fn everybody_up(&mut self) {
        for person in 0..NAMES.len() {
            self.plug_in(person);
        }
        for (person, kind) in self.circle_devices() {
            self.start(person, kind);
        }
    }

    pub(super) fn plug_in(&mut self, person: usize) {
        if self.unplugged.remove(&person)
            && let Ground::Switch(bridge) = &self.ground
        {
            bridge.heal(person);
        }
    }

    /// Something happens to one device, or nothing: it is stopped, killed, frozen, unplugged or back.
    pub(super) fn anything_happens(&mut self, spared: &[(usize, usize)]) {
        let person = usize::try_from(self.random.below(5)).expect("few");
        let kind = usize::try_from(self.random.below(2)).expect("few");
        if spared.contains(&(person, kind)) || self.is_out(person, kind) {
            return;
        }
        let device = self.device(person, kind);
        if device.node.is_none() || device.frozen || self.unplugged.contains(&person) {
            self.plug_in(person);
            self.start(person, kind);
            return;
        }
        let what = usize::try_from(self.random.below(12)).expect("few");
        match what {
            0 => self.stop(person, kind),
            1 | 2 => self.kill(person, kind),
            3 => {
                let device = self.device_mut(person, kind);
                device.node.as_ref().expect("a node").freeze();
                device.frozen = true;
            }
            4 => {
                let Ground::Switch(bridge) = &self.ground else {
                    return;
                };
                bridge.cut(person);
                self.unplugged.insert(person);
            }
            _ => return,
        }
        self.happened[what] += 1;
    }

    /// Starts everything that belongs to the circle, and waits until all copies are equal.
    #[track_caller]
    pub(super) fn agree(&mut self, when: &str) {
        self.everybody_up();
        let began = Instant::now();
        while !agreed(&self.homes(), &self.circle) {
            assert!(began.elapsed() < SOON, "{when}: {}", self.differences());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What each device says of itself, for a test that fails.
    pub(super) fn differences(&mut self) -> String {
        let mut told = String::from("the copies are not equal\n");
        let circle = self.circle.clone();
        for (person, kind) in self.circle_devices() {
            let device = self.device_mut(person, kind);
            if !device.node.as_mut().is_some_and(RunningNode::is_running) {
                let log = RunningNode::log_of(&device.home);
                told.push_str(&format!("{} does not run:\n{log}\n", device.label));
            }
            let status = device.home.status_of(&circle);
            let heads = hearth_e2e::heads(&device.home, &circle).to_string();
            told.push_str(&format!(
                "{}: heads {}, waiting {}, set aside {}, peers",
                device.label, heads, status["waiting"], status["set_aside"]
            ));
            for peer in status["peers"].as_array().expect("peers") {
                told.push_str(&format!(
                    " {} {} -{} +{}{},",
                    peer["device_label"],
                    peer["state"],
                    peer["behind"],
                    peer["ahead"],
                    if peer["stopped"].is_null() {
                        ""
                    } else {
                        " stopped"
                    },
                ));
            }
            told.push('\n');
        }
        told
    }
}
