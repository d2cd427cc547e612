//! Notebooks whose keys this person destroys: what another device of theirs ordered is begun here, and what was
//! begun is carried out once somebody has the receipt.

use super::Stay;
use super::engine::Engine;
use crate::api::Failure;
use crate::service;

impl Engine {
    /// Begins with what was ordered since, and carries out what waits no longer. `is_end` where the node is about to
    /// stop: what came last is begun then, and the next opening goes on with it.
    pub(super) fn keep_orders(&mut self, is_end: bool) {
        let is_new = std::mem::take(&mut self.orders_changed);
        if let Err(failure) = self.try_keep_orders(is_new, is_end) {
            self.orders_changed |= is_new;
            tracing::warn!(failure = %failure.message, "a notebook that is to be destroyed is still here");
        }
    }

    fn try_keep_orders(&mut self, is_new: bool, is_end: bool) -> Result<(), Failure> {
        if is_new && self.host.engine.is_own_device() {
            // What a journal only shows yet is looked at again.
            self.orders_changed |= service::begin_ordered(&mut self.host)?;
            self.waits_for_orders = !service::unfinished_orders(&self.host)?.is_empty();
        }
        // Who runs a node for one command finishes by themselves.
        if is_end || !self.waits_for_orders || self.stay != Stay::Running {
            return Ok(());
        }
        if service::finish_due(&mut self.host)? {
            self.membership_changed = true;
            self.capsule.press();
        }
        self.waits_for_orders = !service::unfinished_orders(&self.host)?.is_empty();
        Ok(())
    }
}
