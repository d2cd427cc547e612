//! The notebooks of one connection, as whoever holds them hands them out.

use std::collections::BTreeMap;

use super::channel::Channel;
use super::frame::WireTag;
use super::holding::{Holding, Outline};
use crate::ids::NotebookId;

/// The notebooks that this device shares with one peer at the moment.
pub trait Shared {
    /// Returns a notebook to look at, `None` where it is not shared, or not open.
    fn get(&self, notebook: NotebookId) -> Option<&dyn Holding>;

    /// Returns what is known of a notebook even where it is not open, `None` where it is not shared.
    fn outline(&self, notebook: NotebookId) -> Option<&dyn Outline> {
        self.get(notebook).map(|holding| holding as &dyn Outline)
    }

    /// Hands a notebook out to be changed, `None` where it is not shared, or not open.
    fn get_mut(&mut self, notebook: NotebookId) -> Option<&mut dyn Holding>;

    /// Returns all of them, each once.
    fn all(&self) -> Box<dyn Iterator<Item = &dyn Outline> + '_>;
}

/// Finds a notebook that is synced, and its replica.
pub(super) fn find<'a>(
    channels: &'a mut BTreeMap<WireTag, Channel>,
    shared: &'a dyn Shared,
    tag: &WireTag,
) -> Option<(&'a mut Channel, &'a dyn Holding)> {
    let channel = synced(channels, tag)?;
    let replica = shared.get(channel.notebook)?;
    Some((channel, replica))
}

/// Finds a notebook that is synced, and what is known of it, open or not.
pub(super) fn find_outline<'a>(
    channels: &'a mut BTreeMap<WireTag, Channel>,
    shared: &'a dyn Shared,
    tag: &WireTag,
) -> Option<(&'a mut Channel, &'a dyn Outline)> {
    let channel = synced(channels, tag)?;
    let outline = shared.outline(channel.notebook)?;
    Some((channel, outline))
}

/// Finds a notebook that is synced, and its replica to be changed.
pub(super) fn find_mut<'a>(
    channels: &'a mut BTreeMap<WireTag, Channel>,
    shared: &'a mut dyn Shared,
    tag: &WireTag,
) -> Option<(&'a mut Channel, &'a mut dyn Holding)> {
    let channel = synced(channels, tag)?;
    let replica = shared.get_mut(channel.notebook)?;
    Some((channel, replica))
}

fn synced<'a>(
    channels: &'a mut BTreeMap<WireTag, Channel>,
    tag: &WireTag,
) -> Option<&'a mut Channel> {
    let channel = channels.get_mut(tag)?;
    channel.stopped.is_none().then_some(channel)
}
