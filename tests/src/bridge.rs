//! Several machines at one switch: network namespaces around a bridge.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::namespaces::ip;

/// Machines that all reach each other, each by a cable of its own; removed when dropped. Needs root and `ip`.
#[derive(Debug)]
pub struct Bridge {
    hub: String,
    machines: Vec<String>,
}

impl Bridge {
    /// Makes so many machines, at most 200, and brings their cables up.
    pub fn make(count: usize) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let unique = format!(
            "{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let mut made = Self {
            hub: format!("hearth-hub-{unique}"),
            machines: Vec::new(),
        };
        ip(&["netns", "add", &made.hub]);
        ip(&["-n", &made.hub, "link", "add", "hub", "type", "bridge"]);
        ip(&["-n", &made.hub, "link", "set", "hub", "up"]);
        for machine in 0..count {
            let name = format!("hearth-m{machine}-{unique}");
            ip(&["netns", "add", &name]);
            made.machines.push(name);
            made.connect(machine);
        }
        made
    }

    fn connect(&self, machine: usize) {
        let (hub, name) = (self.hub.as_str(), self.machine(machine));
        let (port, address) = (port(machine), format!("{}/24", Self::address(machine)));
        ip(&[
            "link", "add", "cable", "netns", name, "type", "veth", "peer", "name", &port, "netns",
            hub,
        ]);
        ip(&["-n", hub, "link", "set", &port, "master", "hub"]);
        ip(&["-n", hub, "link", "set", &port, "up"]);
        ip(&["-n", name, "addr", "add", &address, "dev", "cable"]);
        ip(&["-n", name, "link", "set", "lo", "up"]);
        ip(&["-n", name, "link", "set", "cable", "up"]);
    }

    /// Returns the namespace of a machine.
    pub fn machine(&self, machine: usize) -> &str {
        self.machines.get(machine).expect("such a machine")
    }

    /// Returns the address of a machine.
    pub fn address(machine: usize) -> String {
        format!("10.78.0.{}", machine + 1)
    }

    /// Pulls a machine's cable out of the switch.
    pub fn cut(&self, machine: usize) {
        ip(&["-n", &self.hub, "link", "set", &port(machine), "down"]);
    }

    /// Plugs it in again.
    pub fn heal(&self, machine: usize) {
        ip(&["-n", &self.hub, "link", "set", &port(machine), "up"]);
    }
}

fn port(machine: usize) -> String {
    format!("port{machine}")
}

impl Drop for Bridge {
    fn drop(&mut self) {
        for name in self.machines.iter().chain([&self.hub]) {
            // The cables go with the namespaces; what cannot be removed was never made.
            let _gone = Command::new("ip")
                .args(["netns", "del", name])
                .stderr(Stdio::null())
                .status();
        }
    }
}
