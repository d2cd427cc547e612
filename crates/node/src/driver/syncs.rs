//! The engine's side of `hearth sync`: which devices are waited for, and what became of each.

use std::collections::BTreeMap;

use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::mirror::Quota;
use hearth_core::replica::{Replica, Standing};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant};

use super::engine::Engine;
use super::sync::{Outcome, PeerOutcome};
use crate::api::Failure;
use crate::host::Host;
use crate::service;

/// How long devices that say nothing are waited for once all that answered have everything: three attempts to reach
/// one, and a little. Whoever is there answers within; a dial to one that is off takes far longer to fail.
const FAIR_WAIT: Duration = Duration::from_secs(2);

/// A caller who waits for peers.
pub(super) struct Syncing {
    /// First the one that somebody lacked something of when that was last looked at.
    notebooks: Vec<NotebookId>,
    outcome: Outcome,
    deadline: Instant,
    /// Until when devices that say nothing are waited for in any case; none once that is over.
    fair_until: Option<Instant>,
    done: oneshot::Sender<Result<Outcome, Failure>>,
}

impl Syncing {
    /// Returns the devices that have not answered yet.
    pub(super) fn pending(&self) -> impl Iterator<Item = DeviceId> {
        self.outcome
            .peers
            .iter()
            .filter(|(_, (_, state))| *state == PeerOutcome::Pending)
            .map(|(device, _)| *device)
    }

    /// Returns when it is to be looked at again, whatever happens.
    pub(super) fn due_at(&self) -> Instant {
        let fair = self.fair_until.unwrap_or(self.deadline);
        fair.min(self.deadline)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.done.is_closed() || self.due_at() <= now
    }

    /// Says whether it is still waited for somebody. Where all that answered have everything, those that say nothing
    /// had a fair time.
    fn is_open(&self) -> bool {
        let count = |wanted: fn(&PeerOutcome) -> bool| {
            let states = self.outcome.peers.values();
            states.filter(|(_, state)| wanted(state)).count()
        };
        let answered = count(|state| *state == PeerOutcome::Answered);
        let pending = count(|state| *state == PeerOutcome::Pending);
        let whole = count(|state| matches!(state, PeerOutcome::Confirmed | PeerOutcome::Full(_)));
        answered > 0 || (pending > 0 && (whole == 0 || self.fair_until.is_some()))
    }
}

impl Engine {
    pub(super) fn sync(
        &mut self,
        notebook: Option<&str>,
        deadline: Instant,
        done: oneshot::Sender<Result<Outcome, Failure>>,
    ) {
        let only = match notebook
            .map(|name| service::find_notebook(&mut self.host, name))
            .transpose()
        {
            Ok(only) => only,
            Err(failure) => {
                let _caller_left = done.send(Err(failure));
                return;
            }
        };
        if let Some(notebook) = only.filter(|only| !self.host.engine.looks_for_peers(*only)) {
            let _caller_left = done.send(Err(service::not_a_member(&mut self.host, notebook)));
            return;
        }
        let notebooks: Vec<NotebookId> = self
            .host
            .engine
            .notebooks()
            .filter(|id| only.is_none_or(|only| only == *id))
            .filter(|id| self.host.engine.looks_for_peers(*id))
            .collect();
        let outcome = self.outcome_of(&notebooks);
        for device in outcome.peers.keys() {
            if let Some(dialer) = self.dialers.get(device) {
                dialer.nudge();
            }
        }
        // Devices that are not dialled otherwise are, for as long as somebody waits for them.
        self.membership_changed = true;
        self.renew_capsule(true);
        let Host {
            engine, storage, ..
        } = &mut self.host;
        engine.flush(storage, Host::now_ms(), true);
        self.syncs_changed = true;
        self.syncs.push(Syncing {
            notebooks,
            outcome,
            deadline,
            fair_until: Some(Instant::now() + FAIR_WAIT),
            done,
        });
    }

    /// Lists the devices of some notebooks, none of them heard yet.
    fn outcome_of(&mut self, notebooks: &[NotebookId]) -> Outcome {
        let mut outcome = Outcome::default();
        for notebook in notebooks {
            // A device's names are the same in all notebooks, and finding them out opens labels.
            let mut directory = None;
            for status in self.host.engine.peer_statuses(*notebook) {
                let state = if self.host.engine.is_distrusted(*notebook, status.person) {
                    PeerOutcome::Unreachable(
                        "its person's words differed, so nothing is exchanged with it".to_owned(),
                    )
                } else {
                    PeerOutcome::Pending
                };
                let (_, known) = outcome.peers.entry(status.device).or_insert_with(|| {
                    let directory = directory.get_or_insert_with(|| self.host.directory(*notebook));
                    let about = json!({
                        "person": status.person.to_string(),
                        "name": directory.person_name(&status.person),
                        "device": status.device.to_string(),
                        "device_label": directory.device_label(&status.device),
                    });
                    (about, state.clone())
                });
                if state == PeerOutcome::Pending {
                    *known = state;
                }
            }
            for status in self.host.engine.mirror_statuses(*notebook) {
                let peer = status.mirror.as_peer();
                outcome.peers.entry(peer).or_insert_with(|| {
                    let name = status.ticket.map(|ticket| ticket.name);
                    let about = json!({
                        "mirror": status.mirror.to_string(),
                        "device": status.mirror.to_string(),
                        "name": name,
                        "device_label": name,
                    });
                    (about, PeerOutcome::Pending)
                });
            }
        }
        outcome
    }

    pub(super) fn settle_syncs(&mut self) {
        if self.syncs.is_empty() {
            return;
        }
        let now = Instant::now();
        let sessions = self.host.engine.sessions();
        let greeted = sessions.filter(|(_, session)| session.is_greeted());
        let answered: Vec<DeviceId> = greeted.map(|(_, session)| session.peer()).collect();
        let is_changed = std::mem::take(&mut self.syncs_changed) || answered != self.answered;
        if !is_changed && !self.syncs.iter().any(|sync| sync.is_due(now)) {
            return;
        }
        for mut sync in std::mem::take(&mut self.syncs) {
            let (confirmed, open) = self.confirmed(&sync);
            if let Some(open) = open {
                sync.notebooks.swap(0, open);
            }
            let full = self.full(&sync);
            sync.fair_until = sync.fair_until.filter(|until| now < *until);
            for (device, (_, state)) in &mut sync.outcome.peers {
                if !self.is_sought(&sync.notebooks, device) {
                    out_meanwhile(state, self.was_put_out(&sync.notebooks));
                    continue;
                }
                if confirmed.get(device) == Some(&true) {
                    *state = PeerOutcome::Confirmed;
                } else if let Some(quota) = full.get(device) {
                    *state = PeerOutcome::Full(*quota);
                } else if answered.contains(device) {
                    *state = PeerOutcome::Answered;
                }
            }
            if sync.done.is_closed() {
                // Nobody waits any more.
                self.membership_changed = true;
            } else if sync.is_open() && now < sync.deadline {
                self.syncs.push(sync);
            } else {
                self.membership_changed = true;
                sync.outcome.departed = self.departed_of(&sync.notebooks);
                let _caller_left = sync.done.send(Ok(sync.outcome));
            }
        }
        self.answered = answered;
    }

    /// Says whether this device is out of one of some notebooks, and not since its person left.
    fn was_put_out(&self, notebooks: &[NotebookId]) -> bool {
        let standings = notebooks
            .iter()
            .filter_map(|notebook| self.host.engine.replica(*notebook))
            .map(Replica::standing);
        let mut endings = standings.filter(|standing| standing.ending().is_some());
        endings.any(|standing| !matches!(standing, Standing::Left(_)))
    }

    /// Says of some notebooks, none of which others had put this device out of, which ones it is out of now, and how that
    /// came.
    fn departed_of(&mut self, notebooks: &[NotebookId]) -> Vec<serde_json::Value> {
        let notebooks = notebooks.iter().copied();
        notebooks
            .filter(|notebook| self.was_put_out(&[*notebook]))
            .collect::<Vec<_>>()
            .into_iter()
            .filter_map(|notebook| service::describe_departure(&mut self.host, notebook))
            .collect()
    }

    /// Notes that a device answered, by what speaks against this one's admission.
    pub(super) fn heard_at_the_door(&mut self, device: DeviceId) {
        self.syncs_changed = true;
        for sync in &mut self.syncs {
            if let Some((_, state)) = sync.outcome.peers.get_mut(&device)
                && *state == PeerOutcome::Pending
            {
                *state = PeerOutcome::Answered;
            }
        }
    }

    /// Says whether some notebook is shared still with a device: this person may have left, or it.
    fn is_sought(&self, notebooks: &[NotebookId], device: &DeviceId) -> bool {
        let engine = &self.host.engine;
        let mut notebooks = notebooks.iter().copied();
        notebooks.any(|notebook| {
            engine.looks_for_peers(notebook)
                && engine.replica(notebook).is_some_and(|replica| {
                    let membership = replica.membership();
                    let mut mirrors = membership.mirrors().keys();
                    membership.devices().contains_key(device)
                        || mirrors.any(|mirror| mirror.as_peer() == *device)
                })
        })
    }

    /// Returns the mirrors that said on their connection that they have no room for the rest of a notebook.
    fn full(&self, sync: &Syncing) -> BTreeMap<DeviceId, Quota> {
        let sessions = self.host.engine.sessions();
        let full = sessions.filter_map(|(_, session)| {
            let mut notebooks = sync.notebooks.iter();
            let quota = notebooks.find_map(|notebook| session.peer_full(*notebook))?;
            Some((session.peer(), quota))
        });
        full.collect()
    }

    /// Says of each device whether it has all that is here of some notebooks, and the reverse; and the place of
    /// the notebook at which it was found that nobody has everything.
    fn confirmed(&self, sync: &Syncing) -> (BTreeMap<DeviceId, bool>, Option<usize>) {
        let mut confirmed = BTreeMap::new();
        for (place, notebook) in sync.notebooks.iter().enumerate() {
            for (device, is_whole) in self.host.engine.confirmations(*notebook) {
                *confirmed.entry(device).or_insert(true) &= is_whole;
            }
            let mut devices = sync.outcome.peers.keys();
            if devices.all(|device| confirmed.get(device) == Some(&false)) {
                // Whatever there is of the others.
                return (confirmed, Some(place));
            }
        }
        (confirmed, None)
    }

    pub(super) fn dial_failed(&mut self, device: DeviceId, why: &str) {
        tracing::debug!(%device, %why, "a dial failed");
        self.syncs_changed = true;
        for sync in &mut self.syncs {
            if let Some((_, state)) = sync.outcome.peers.get_mut(&device)
                && *state == PeerOutcome::Pending
            {
                *state = PeerOutcome::Unreachable(why.to_owned());
            }
        }
    }
}

/// Ends the wait for a device with which nothing is shared any more, since one of the two left or `was_put_out`.
fn out_meanwhile(state: &mut PeerOutcome, was_put_out: bool) {
    match state {
        PeerOutcome::Answered if was_put_out => *state = PeerOutcome::Out,
        // It answered, and heard that it is so or said it.
        PeerOutcome::Answered => *state = PeerOutcome::Confirmed,
        PeerOutcome::Pending => {
            *state = PeerOutcome::Unreachable("nothing is shared with it any more".to_owned());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// A wait for devices that stand like this, of which a fair time is over or not.
    fn is_open(states: &[PeerOutcome], is_fair_time_over: bool) -> bool {
        let mut outcome = Outcome::default();
        for (number, state) in (0..).zip(states) {
            let device = DeviceId::from_bytes([number; 32]);
            outcome.peers.insert(device, (Value::Null, state.clone()));
        }
        let (done, _caller) = oneshot::channel();
        let now = Instant::now();
        let sync = Syncing {
            notebooks: Vec::new(),
            outcome,
            deadline: now + FAIR_WAIT * 10,
            fair_until: (!is_fair_time_over).then_some(now + FAIR_WAIT),
            done,
        };
        sync.is_open()
    }

    #[tokio::test]
    async fn devices_that_say_nothing_are_waited_for_a_fair_time_where_others_have_everything() {
        use PeerOutcome::{Answered, Confirmed, Full, Pending};
        let full = Full(Quota {
            used_bytes: 1,
            max_bytes: 1,
        });
        assert!(is_open(&[Confirmed, Pending], false));
        assert!(!is_open(&[Confirmed, Pending], true));
        assert!(!is_open(&[full.clone(), Pending], true));
        assert!(!is_open(&[Confirmed, full], false), "nobody is left");
        // Who answered is waited for until it has everything.
        assert!(is_open(&[Confirmed, Answered, Pending], true));
        // Where nobody answered, somebody may still come.
        let off = PeerOutcome::Unreachable("off".to_owned());
        assert!(is_open(&[off, Pending], true));
    }
}
