//! Homes that are copied, and what makes a copy a device of its own again.

use std::sync::Arc;

use hearth_core::identity::DeviceSecrets;

use super::{Checked, Device, World, violation};
use crate::network::NodeId;

/// Time after which a peer takes a new link of a device for the one that lives.
const RELINK_MS: u64 = 6_000;

impl World {
    /// Copies a device's home to a machine of its own, keys and all, and starts it there.
    ///
    /// # Errors
    /// [`super::Violation`] where what the disk holds does not open.
    pub fn copy_home(&mut self, node: NodeId) -> Checked<NodeId> {
        let original = self.device(node)?;
        let copy = Device {
            identity: original.identity.clone(),
            disk: original.disk.clone(),
            engine: None,
            offset_ms: original.offset_ms,
            closed: std::collections::BTreeMap::new(),
            stopped: std::collections::BTreeMap::new(),
            slowest: std::time::Duration::ZERO,
            said_stale: false,
            is_unsettled: false,
        };
        let place = self.devices.len();
        self.note(|| format!("the home of {node} is copied: {place}"));
        self.devices.push(copy);
        self.start(place)?;
        Ok(place)
    }

    /// Gives a device new keys, which its old ones add to its person's roster and to every notebook. They
    /// reach a peer under the old keys, which it knows, and then the device starts again with the new ones.
    ///
    /// # Errors
    /// [`super::Violation`] where a notebook does not take the new keys, or the peer cannot be met.
    pub fn enrol_anew(&mut self, node: NodeId, peer: NodeId) -> Checked<()> {
        self.note(|| format!("{node} takes new keys"));
        let new = DeviceSecrets::random(&mut self.random);
        let device = self
            .devices
            .get_mut(node)
            .ok_or_else(|| violation("no such device"))?;
        let person = device.identity.person();
        let roster = &mut device.identity.roster;
        let entry = roster.add_device(&device.identity.device, &new.claim(person));
        roster
            .insert(entry.clone())
            .map_err(|error| violation(error.to_string()))?;
        let engine = device
            .engine
            .as_mut()
            .ok_or_else(|| violation("the node is down"))?;
        let notebooks: Vec<_> = engine.notebooks().collect();
        for notebook in notebooks {
            let replica = engine
                .replica_mut(notebook)
                .ok_or_else(|| violation("a notebook is gone"))?;
            replica
                .carry(
                    &entry,
                    Some("the same one, with new keys"),
                    &mut self.random,
                )
                .map_err(|error| violation(error.to_string()))?;
        }
        self.settle(node)?;
        // One of two with the same keys loses its link to the other.
        self.run_for(RELINK_MS)?;
        self.meet(node, peer)?;
        self.run_until_quiet()?;
        let device = self.device_mut(node)?;
        device.identity.device = Arc::new(new);
        self.crash(node);
        self.start(node)
    }
}
