//! Which notebooks a connection with a mirror is about: those in which the device is a live member's.

use std::collections::BTreeMap;

use super::held::Held;
use crate::ids::{DeviceId, NotebookId};
use crate::sync::{Holding, Outline, Shared};

/// The notebooks in which a device is a live member's.
pub(super) struct SharedWith<'a> {
    pub(super) notebooks: &'a mut BTreeMap<NotebookId, Held>,
    pub(super) device: DeviceId,
}

impl SharedWith<'_> {
    fn shared(&self, notebook: NotebookId) -> Option<&Held> {
        let held = self.notebooks.get(&notebook)?;
        held.device(&self.device).is_some().then_some(held)
    }
}

impl Shared for SharedWith<'_> {
    fn get(&self, notebook: NotebookId) -> Option<&dyn Holding> {
        let held = self.shared(notebook)?.open()?;
        Some(held)
    }

    fn get_mut(&mut self, notebook: NotebookId) -> Option<&mut dyn Holding> {
        self.shared(notebook)?;
        let held = self.notebooks.get_mut(&notebook)?.open_mut()?;
        Some(held)
    }

    fn outline(&self, notebook: NotebookId) -> Option<&dyn Outline> {
        self.shared(notebook).map(Held::outline)
    }

    fn all(&self) -> Box<dyn Iterator<Item = &dyn Outline> + '_> {
        let held = self.notebooks.values();
        let shared = held.filter(|held| held.device(&self.device).is_some());
        Box::new(shared.map(Held::outline))
    }
}
