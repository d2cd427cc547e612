//! Which notebooks a connection with a mirror is about: those in which the device is a live member's.

use std::collections::BTreeMap;

use super::notebook::MirroredNotebook;
use crate::ids::{DeviceId, NotebookId};
use crate::sync::{Holding, Shared};

/// The notebooks in which a device is a live member's.
pub(super) struct SharedWith<'a> {
    pub(super) notebooks: &'a mut BTreeMap<NotebookId, MirroredNotebook>,
    pub(super) device: DeviceId,
}

impl SharedWith<'_> {
    fn is_shared(&self, held: &MirroredNotebook) -> bool {
        held.membership().person_of(&self.device).is_some()
    }
}

impl Shared for SharedWith<'_> {
    fn get(&self, notebook: NotebookId) -> Option<&dyn Holding> {
        let held = self.notebooks.get(&notebook)?;
        self.is_shared(held).then_some(held)
    }

    fn get_mut(&mut self, notebook: NotebookId) -> Option<&mut dyn Holding> {
        self.get(notebook)?;
        let held = self.notebooks.get_mut(&notebook)?;
        Some(held)
    }

    fn all(&self) -> Box<dyn Iterator<Item = &dyn Holding> + '_> {
        let held = self.notebooks.values();
        let shared = held.filter(|held| self.is_shared(held));
        Box::new(shared.map(|held| held as &dyn Holding))
    }
}
