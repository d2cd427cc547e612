//! Two machines of their own with a cable between them: what is on the wire, and who is contacted.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use hearth_e2e::{
    Capture, Namespaces, Pair, Person, RunningNode, Watch, agree, agreed, canaries, hearth,
    ipv4_destinations, until,
};

use crate::offline::write_on_both_sides;

/// How long both may take to agree once the cable is back, without a command.
const HEAL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long they may take at first.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);
/// Canaries that are searched on the wire.
const CANARIES: usize = 20;
/// The last packet of a capture.
const IN_THE_CLEAR: &str = "a text in the clear on the wire";
/// Where iroh connects a UDP socket to, to ask the system which interface leads outside. That sends
/// nothing, as the capture shows.
const ROUTE_PROBES: [&str; 2] = ["10.254.254.254", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"];

/// A person at a machine of their own; commands run there too.
fn at(namespace: &str, name: &str) -> Person {
    Person::stranger(name).inside(namespace).init()
}

fn pair(machines: &Namespaces) -> (Pair, RunningNode, RunningNode) {
    let (ana, ben) = (at(&machines.left, "Ana"), at(&machines.right, "Ben"));
    let listen = |address: &str| format!("{address}:0");
    let ana_node = RunningNode::listening(&ana, &listen(Namespaces::LEFT_ADDRESS));
    let ben_node = RunningNode::listening(&ben, &listen(Namespaces::RIGHT_ADDRESS));
    (Pair::join(ana, ben), ana_node, ben_node)
}

#[test]
#[ignore = "needs root and network namespaces"]
fn two_machines_pair_lose_their_cable_and_agree_when_it_is_back() {
    let machines = Namespaces::make();
    let (pair, _ana_node, _ben_node) = pair(&machines);
    let session = pair.ana.session(&pair.notebook);
    pair.agree(AGREE_TIMEOUT);
    let watch = Watch::start(&pair.ben, &pair.notebook);
    pair.ana.goal(&pair.notebook, "Over the cable");
    let (_, took) = watch.titled("Over the cable", AGREE_TIMEOUT);
    eprintln!(
        "a goal was in the other machine's watch {} ms later",
        took.as_millis()
    );
    for round in 0..2 {
        machines.cut();
        write_on_both_sides(&pair, &session, round);
        assert!(!agreed(&[&pair.ana, &pair.ben], &pair.notebook));
        pair.await_no_link();
        let healed = Instant::now();
        machines.heal();
        pair.agree(HEAL_TIMEOUT);
        eprintln!(
            "cable back to equal copies: {} ms",
            healed.elapsed().as_millis()
        );
    }
}

#[test]
#[ignore = "needs root and network namespaces"]
fn nothing_that_was_written_is_on_the_wire() {
    let words = canaries(CANARIES);
    let machines = Namespaces::make();
    let probe = at(&machines.left, "Probe");
    let capture = Capture::start(&probe);
    let ana = at(&machines.left, &words[0]);
    let ben = at(&machines.right, &words[1]);
    let ana_node = RunningNode::listening(&ana, &format!("{}:0", Namespaces::LEFT_ADDRESS));
    let _ben_node = RunningNode::listening(&ben, &format!("{}:0", Namespaces::RIGHT_ADDRESS));
    let notebook = ana.notebook(&words[2]);
    let session = ana.session(&notebook);
    let ticket = ana.ticket(&notebook, "mentee");
    ben.ok(&["join", &ticket]);
    for (number, word) in words.iter().enumerate().skip(3) {
        match number % 3 {
            0 => drop(ana.goal(&notebook, word)),
            1 => drop(ben.ok(&["ask", &notebook, word])),
            _ => {
                let append = ["session", "notes", &session, "--append", "--from", "-"];
                ana.feed(&append, word).data();
            }
        }
    }
    agree(&[&ana, &ben], &notebook, AGREE_TIMEOUT);
    ana_node.stop();
    say_in_the_clear(&ana, Namespaces::RIGHT_ADDRESS);
    let captured = capture.bytes_after(IN_THE_CLEAR);
    let holds = |text: &str| {
        captured
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    eprintln!("{} bytes were captured", captured.len());
    assert!(
        captured.len() > 20_000,
        "a pairing and a sync were captured"
    );
    let found: Vec<_> = words.iter().filter(|word| holds(word)).collect();
    assert!(found.is_empty(), "{found:?}");
    let secret = &ticket["hearth1".len()..];
    assert!(!holds(secret) && !holds(&notebook));
}

#[test]
#[ignore = "needs root and network namespaces"]
fn a_direct_node_contacts_its_peer_and_nobody_else() {
    let machines = Namespaces::make();
    machines.route_everything();
    let (ana, ben) = (at(&machines.left, "Ana"), at(&machines.right, "Ben"));
    let capture = Capture::start(&ana);
    let trace = ben.folder().join("trace");
    let ana_node = RunningNode::listening(&ana, &format!("{}:0", Namespaces::LEFT_ADDRESS));
    let notebook = ana.notebook("Ana and Ben");
    let mut command = ben.program(Path::new("strace"));
    command
        .args(["-f", "-q", "-s", "0", "-e", "trace=network", "-o"])
        .arg(&trace)
        .arg(hearth())
        .arg("--home")
        .arg(ben.home())
        .args(["--json", "--no-input", "up"]);
    let ben_node = RunningNode::spawned(command, &ben);
    let traced = Traced(ben_node.ready()["pid"].as_u64().expect("its id"));
    ben.ok(&["join", &ana.ticket(&notebook, "mentee")]);
    ben.goal(&notebook, "Contact nobody else");
    agree(&[&ana, &ben], &notebook, AGREE_TIMEOUT);
    drop(traced);
    let seen = until("strace has written everything", AGREE_TIMEOUT, || {
        let seen = std::fs::read_to_string(&trace).unwrap_or_default();
        seen.contains("+++ exited with 0 +++").then_some(seen)
    });
    let mut sent = 0;
    for line in seen.lines() {
        let probes = line.contains("connect(");
        if !probes
            && !["sendto(", "sendmsg(", "sendmmsg("]
                .iter()
                .any(|call| line.contains(call))
        {
            continue;
        }
        for address in quoted_after(line, "sin_addr=inet_addr(") {
            let known = [Namespaces::LEFT_ADDRESS, Namespaces::RIGHT_ADDRESS].contains(&address);
            assert!(
                known || (probes && ROUTE_PROBES.contains(&address)),
                "{line}"
            );
            sent += usize::from(address == Namespaces::LEFT_ADDRESS);
        }
        for address in quoted_after(line, "inet_pton(AF_INET6, ") {
            let known = is_own_ipv6(address);
            assert!(
                known || (probes && ROUTE_PROBES.contains(&address)),
                "{line}"
            );
        }
    }
    eprintln!("{sent} calls to the peer's address, none to another");
    assert!(sent > 10, "the trace saw the traffic");
    drop(ana_node);
    say_in_the_clear(&ben, Namespaces::LEFT_ADDRESS);
    let captured = capture.bytes_after(IN_THE_CLEAR);
    let contacted: Vec<_> = ipv4_destinations(&captured)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        contacted,
        [Namespaces::LEFT_ADDRESS, Namespaces::RIGHT_ADDRESS]
    );
}

/// Sends a text that a capture must show, or what it does not show would prove nothing.
fn say_in_the_clear(person: &Person, to: &str) {
    let script = format!("echo '{IN_THE_CLEAR}' > /dev/udp/{to}/9");
    let sent = person
        .program(Path::new("bash"))
        .args(["-c", &script])
        .status();
    assert!(sent.expect("bash runs").success());
}

/// A process below another one; asked to end when dropped, since it would outlive the one above.
struct Traced(u64);

impl Drop for Traced {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.0)])
            .status();
    }
}

/// The text in quotes after each place where `mark` stands in a line.
fn quoted_after<'a>(line: &'a str, mark: &str) -> Vec<&'a str> {
    let texts = line.split(mark).skip(1);
    texts.filter_map(|rest| rest.split('"').nth(1)).collect()
}

/// Says whether an address is loopback, local to the cable, or the peer's IPv4 address as IPv6 writes it.
fn is_own_ipv6(address: &str) -> bool {
    address == "::1"
        || address == "::"
        || address.starts_with("fe80:")
        || address == format!("::ffff:{}", Namespaces::LEFT_ADDRESS)
        || address == format!("::ffff:{}", Namespaces::RIGHT_ADDRESS)
}
