//! Keys that are in force for too long.

use hearth_core::ids::{EpochId, NotebookId};
use jiff::Timestamp;

use crate::host::Host;

/// The notebooks whose key is older than the setting allows, of those in which this person is an admin, each
/// with that key. Its age counts from when this device saw it: re-keys themselves carry no time.
pub(crate) fn keys_too_old(host: &Host, now: Timestamp) -> Vec<(NotebookId, EpochId)> {
    let Some(age_max) = host.settings.rotate_keys_after() else {
        return Vec::new();
    };
    let me = host.me();
    let mut old = Vec::new();
    for notebook in host.engine.notebooks() {
        let Some(replica) = host.engine.replica(notebook) else {
            continue;
        };
        let membership = replica.membership();
        let Some(epoch) = membership.current_epoch() else {
            continue;
        };
        if !membership.member(&me).is_some_and(|me| me.rights.admin) {
            continue;
        }
        // A record that cannot be read says nothing of an age; `verify` names it.
        let Ok(Some(seen)) = host.storage.seen(notebook, &epoch.rekey()) else {
            continue;
        };
        let age_s = now.as_second().saturating_sub(seen.as_second());
        if u64::try_from(age_s).is_ok_and(|age_s| age_s >= age_max.as_secs()) {
            old.push((notebook, epoch));
        }
    }
    old
}
