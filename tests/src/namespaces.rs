//! Two machines with a cable between them: network namespaces and a veth pair.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::node::{end, signal};
use crate::person::Person;
use crate::wait::until;

/// How long tcpdump may take to begin, and to end.
const CAPTURE_TIMEOUT: Duration = Duration::from_secs(10);

/// Two network namespaces joined by a veth pair, removed when dropped. Needs root and `ip`.
#[derive(Debug)]
pub struct Namespaces {
    /// The name of the first.
    pub left: String,
    /// The name of the second.
    pub right: String,
}

impl Namespaces {
    /// The first one's address on the cable.
    pub const LEFT_ADDRESS: &str = "10.77.0.1";
    /// The second one's address on the cable.
    pub const RIGHT_ADDRESS: &str = "10.77.0.2";

    /// Makes both and brings the cable up.
    pub fn make() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let unique = format!(
            "{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let made = Self {
            left: format!("hearth-l-{unique}"),
            right: format!("hearth-r-{unique}"),
        };
        let (left, right) = (made.left.as_str(), made.right.as_str());
        ip(&["netns", "add", left]);
        ip(&["netns", "add", right]);
        ip(&[
            "link", "add", "cable", "netns", left, "type", "veth", "peer", "name", "cable",
            "netns", right,
        ]);
        for (name, address) in [(left, Self::LEFT_ADDRESS), (right, Self::RIGHT_ADDRESS)] {
            let address = format!("{address}/24");
            ip(&["-n", name, "addr", "add", &address, "dev", "cable"]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
            ip(&["-n", name, "link", "set", "cable", "up"]);
        }
        made
    }

    /// Has each machine send what it knows no way for to the other, so that it would be seen there.
    pub fn route_everything(&self) {
        ip(&[
            "-n",
            &self.left,
            "route",
            "add",
            "default",
            "via",
            Self::RIGHT_ADDRESS,
        ]);
        ip(&[
            "-n",
            &self.right,
            "route",
            "add",
            "default",
            "via",
            Self::LEFT_ADDRESS,
        ]);
    }

    /// Pulls the cable out.
    pub fn cut(&self) {
        ip(&["-n", &self.left, "link", "set", "cable", "down"]);
    }

    /// Plugs the cable in again.
    pub fn heal(&self) {
        ip(&["-n", &self.left, "link", "set", "cable", "up"]);
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in [&self.left, &self.right] {
            // The cable goes with the namespaces; what cannot be removed was never made.
            let _gone = Command::new("ip")
                .args(["netns", "del", name])
                .stderr(Stdio::null())
                .status();
        }
    }
}

pub(crate) fn ip(arguments: &[&str]) {
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .expect("ip runs");
    assert!(
        output.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A running tcpdump; ended by its own id when dropped.
#[derive(Debug)]
pub struct Capture {
    child: Child,
    file: PathBuf,
}

impl Capture {
    /// Starts to write every packet that passes a person's end of the cable.
    #[track_caller]
    pub fn start(person: &Person) -> Self {
        let file = person.folder().join("cable.pcap");
        let log = person.folder().join("tcpdump.stderr");
        let child = person
            .program("tcpdump".as_ref())
            .args(["-i", "cable", "-s", "0", "-U", "-Z", "root", "-w"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a file"))
            .spawn()
            .expect("tcpdump runs");
        let capture = Self { child, file };
        until("tcpdump listens", CAPTURE_TIMEOUT, || {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            said.contains("listening on").then_some(())
        });
        capture
    }

    /// Waits until `text` was captured, ends the capture and returns all its bytes.
    #[track_caller]
    pub fn bytes_after(mut self, text: &str) -> Vec<u8> {
        until(
            "tcpdump has written the last packet",
            CAPTURE_TIMEOUT,
            || {
                let bytes = std::fs::read(&self.file).unwrap_or_default();
                let found = bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes());
                found.then_some(())
            },
        );
        signal("INT", self.child.id());
        until("tcpdump ends", CAPTURE_TIMEOUT, || {
            self.child.try_wait().expect("the process can be asked")
        });
        std::fs::read(&self.file).expect("the capture")
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Returns whom the IPv4 packets of a capture (pcap, Ethernet) were sent to.
pub fn ipv4_destinations(capture: &[u8]) -> BTreeSet<Ipv4Addr> {
    /// The file's header; then each packet has one of its own, with its size at 8.
    const FILE_HEADER_BYTES: usize = 24;
    const PACKET_HEADER_BYTES: usize = 16;
    /// Where an Ethernet frame says what it carries, and an IPv4 packet in it for whom.
    const KIND_AT: usize = 12;
    const DESTINATION_AT: usize = 30;
    let four = |at: usize| -> Option<[u8; 4]> { capture.get(at..at + 4)?.try_into().ok() };
    let mut found = BTreeSet::new();
    let mut at = FILE_HEADER_BYTES;
    while let Some(size) = four(at + 8) {
        let frame = at + PACKET_HEADER_BYTES;
        if capture.get(frame + KIND_AT..frame + KIND_AT + 2) == Some(&[0x08, 0x00]) {
            found.extend(four(frame + DESTINATION_AT).map(Ipv4Addr::from));
        }
        at = frame + u32::from_le_bytes(size) as usize;
    }
    found
}
