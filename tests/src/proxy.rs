//! A UDP proxy that spoils what passes through it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::random::Random;

/// The longest packet that UDP can carry.
const PACKET_BYTES_MAX: usize = 65_536;
/// How long a thread sleeps at most before it looks whether it is to end.
const POLL: Duration = Duration::from_millis(2);
/// How far a packet that is put out of order falls behind the others.
const OVERTAKEN_BY: Duration = Duration::from_millis(15);
/// Packets that may wait for their time; more than two nodes can have in flight.
const WAITING_MAX: usize = 65_536;

/// What happens to the packets, in both directions alike but for the cuts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// Of 100 packets, how many are lost.
    pub loss_percent: u64,
    /// Of 100 packets, how many come twice.
    pub duplicate_percent: u64,
    /// Of 100 packets, how many are overtaken by others.
    pub reorder_percent: u64,
    /// How long each packet is under way.
    pub delay: Duration,
    /// Up to how much longer a packet may be under way.
    pub jitter: Duration,
    /// Whether packets from the left are thrown away.
    pub cut_from_left: bool,
    /// Whether packets from the right are thrown away.
    pub cut_from_right: bool,
}

impl Trouble {
    /// Nothing passes.
    pub fn cut() -> Self {
        Self {
            cut_from_left: true,
            cut_from_right: true,
            ..Self::default()
        }
    }
}

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToRight,
    ToLeft,
}

#[derive(Debug)]
struct Ends {
    left: SocketAddr,
    right: SocketAddr,
}

/// Packets by the time at which they are due; the number tells those of one moment apart.
type Waiting = BTreeMap<(Instant, u64), (Way, Vec<u8>)>;

#[derive(Debug)]
struct Shared {
    /// The socket that the left node sees as its peer; IPv4.
    facing_left: Mutex<Arc<UdpSocket>>,
    /// The socket that the right node sees as its peer; IPv6.
    facing_right: Arc<UdpSocket>,
    ends: Mutex<Ends>,
    trouble: Mutex<Trouble>,
    random: Mutex<Random>,
    waiting: Mutex<Waiting>,
    number: AtomicU64,
    passed: AtomicU64,
    stop: AtomicBool,
}

/// Stands between a node on the IPv4 loopback address (left) and one on the IPv6 one (right), which
/// cannot reach each other past it.
#[derive(Debug)]
pub struct UdpProxy {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl UdpProxy {
    /// Starts to carry packets between two ports. Equal seeds draw equal chances.
    pub fn between(left: u16, right: u16, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            facing_left: Mutex::new(socket(Ipv4Addr::LOCALHOST.into())),
            facing_right: socket(Ipv6Addr::LOCALHOST.into()),
            ends: Mutex::new(Ends {
                left: (Ipv4Addr::LOCALHOST, left).into(),
                right: (Ipv6Addr::LOCALHOST, right).into(),
            }),
            trouble: Mutex::new(Trouble::default()),
            random: Mutex::new(Random::new(seed)),
            waiting: Mutex::new(BTreeMap::new()),
            number: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let run = |work: fn(&Shared)| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || work(&shared))
        };
        let threads = vec![
            run(|shared| shared.receive(Way::ToRight)),
            run(|shared| shared.receive(Way::ToLeft)),
            run(Shared::deliver),
        ];
        Self { shared, threads }
    }

    /// Returns the address at which the right node finds the left one.
    pub fn for_right(&self) -> SocketAddr {
        self.shared.facing_right.local_addr().expect("an address")
    }

    /// Changes what happens to the packets from now on.
    pub fn spoil(&self, trouble: Trouble) {
        *lock(&self.shared.trouble) = trouble;
        if trouble.cut_from_left && trouble.cut_from_right {
            lock(&self.shared.waiting).clear();
        }
    }

    /// Lets every packet pass from now on, at once and unharmed.
    pub fn heal(&self) {
        self.spoil(Trouble::default());
    }

    /// Lets nothing pass from now on.
    pub fn cut(&self) {
        self.spoil(Trouble::cut());
    }

    /// Carries packets to another port of the left node from now on.
    pub fn left_moved_to(&self, port: u16) {
        lock(&self.shared.ends).left.set_port(port);
    }

    /// Carries packets to another port of the right node from now on.
    pub fn right_moved_to(&self, port: u16) {
        lock(&self.shared.ends).right.set_port(port);
    }

    /// Shows the right node to the left one at another port from now on, as a router does that forgot
    /// which port was whose. What is sent to the old one is lost.
    pub fn renumber_right(&self) {
        *lock(&self.shared.facing_left) = socket(Ipv4Addr::LOCALHOST.into());
    }

    /// Returns how many packets were delivered.
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::Relaxed)
    }
}

impl Drop for UdpProxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // What it panicked with was printed already.
            let _ended = thread.join();
        }
    }
}

impl Shared {
    /// Takes packets that go one way and decides when they arrive, and how often.
    fn receive(&self, way: Way) {
        let mut buffer = vec![0; PACKET_BYTES_MAX];
        while !self.stop.load(Ordering::Relaxed) {
            let socket = match way {
                Way::ToRight => self.facing_left(),
                Way::ToLeft => Arc::clone(&self.facing_right),
            };
            let packet = match socket.recv_from(&mut buffer) {
                Ok((size, _)) => buffer.get(..size).unwrap_or_default(),
                // A node that is down answers by ICMP, which shows up here.
                Err(error) if passes(&error) => continue,
                Err(error) => panic!("the proxy cannot receive: {error}"),
            };
            let trouble = *lock(&self.trouble);
            let cut = match way {
                Way::ToRight => trouble.cut_from_left,
                Way::ToLeft => trouble.cut_from_right,
            };
            let mut random = lock(&self.random);
            if cut || random.chance(trouble.loss_percent) {
                continue;
            }
            let copies = 1 + u64::from(random.chance(trouble.duplicate_percent));
            for _ in 0..copies {
                let mut due = Instant::now() + trouble.delay;
                let jitter_us = u64::try_from(trouble.jitter.as_micros()).unwrap_or(u64::MAX);
                due += Duration::from_micros(random.below(jitter_us.saturating_add(1)));
                if random.chance(trouble.reorder_percent) {
                    due += OVERTAKEN_BY;
                }
                let number = self.number.fetch_add(1, Ordering::Relaxed);
                let mut waiting = lock(&self.waiting);
                if waiting.len() < WAITING_MAX {
                    waiting.insert((due, number), (way, packet.to_vec()));
                }
            }
        }
    }

    fn facing_left(&self) -> Arc<UdpSocket> {
        Arc::clone(&lock(&self.facing_left))
    }

    /// Sends each packet once its time has come.
    fn deliver(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            let next = {
                let mut waiting = lock(&self.waiting);
                let due = waiting.first_key_value().map(|((due, _), _)| *due);
                match due {
                    Some(due) if due <= now => Ok(waiting.pop_first()),
                    Some(due) => Err(POLL.min(due - now)),
                    None => Err(Duration::from_micros(200)),
                }
            };
            match next {
                Ok(Some((_, (way, packet)))) => self.send(way, &packet),
                Ok(None) => {}
                Err(pause) => std::thread::sleep(pause),
            }
        }
    }

    fn send(&self, way: Way, packet: &[u8]) {
        let (socket, to) = {
            let ends = lock(&self.ends);
            match way {
                Way::ToRight => (Arc::clone(&self.facing_right), ends.right),
                Way::ToLeft => (self.facing_left(), ends.left),
            }
        };
        match socket.send_to(packet, to) {
            Ok(_) => {
                self.passed.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) if passes(&error) => {}
            Err(error) => panic!("the proxy cannot send: {error}"),
        }
    }
}

fn socket(address: IpAddr) -> Arc<UdpSocket> {
    let socket = match UdpSocket::bind((address, 0)) {
        Ok(socket) => socket,
        Err(error) => panic!("these tests need the loopback address {address}: {error}"),
    };
    socket.set_read_timeout(Some(POLL)).expect("a read timeout");
    Arc::new(socket)
}

/// Says whether an error is one that a real network would show as a lost packet.
fn passes(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock
            | io::ErrorKind::TimedOut
            | io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
