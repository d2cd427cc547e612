//! `hearth device link`: makes a ticket, and waits until the device that comes with it has everything.

use std::time::Duration;

use hearth_core::engine::LinkOfferId;
use hearth_core::ids::DeviceId;
use hearth_core::limits::LINK_TICKET_MS;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::engine::{Engine, own_addresses};
use super::{Command, EventSink, Node, deadline_after, stopping};
use crate::api::{Event, Exit, Failure};
use crate::host::{Host, random};
use crate::service;

/// How long a device that was linked has for fetching everything, counted anew whenever it is connected.
const FETCH_WAIT: Duration = Duration::from_secs(60);

/// How long a device that has everything is left to go by itself: it may wait for the confirmation of what it wrote last.
const LINGER: Duration = Duration::from_secs(1);

/// A caller who waits for a device.
pub(super) struct Linking {
    offer: LinkOfferId,
    pub(super) deadline: Instant,
    /// Whether the device has everything, and is left to go.
    is_complete: bool,
    /// The device that came, with its label and words.
    came: Option<(DeviceId, String, String)>,
    done: oneshot::Sender<Result<Value, Failure>>,
}

impl Node {
    pub(super) async fn link_device(
        &self,
        timeout_ms: u64,
        events: EventSink,
    ) -> Result<Value, Failure> {
        let (done, answer) = oneshot::channel();
        self.send(Command::OfferLink {
            deadline: deadline_after(timeout_ms.min(LINK_TICKET_MS)),
            events,
            done,
        })
        .await?;
        answer.await.map_err(|_| stopping())?
    }
}

impl Engine {
    pub(super) fn offer_link(
        &mut self,
        deadline: Instant,
        events: &EventSink,
        done: oneshot::Sender<Result<Value, Failure>>,
    ) {
        let own = own_addresses(&self.net);
        let wait = deadline.saturating_duration_since(Instant::now());
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(LINK_TICKET_MS);
        let expires_ms = Host::now_ms().saturating_add(wait_ms);
        let offered =
            self.host
                .engine
                .offer_link(expires_ms, (own.addrs, own.relays), &mut random());
        let Some((offer, ticket)) = offered else {
            let failure = if self.host.engine.is_own_device() {
                Failure::error("too_many_links", "Too many tickets for devices are open.")
                    .with_hint("Wait until one is used or over.")
            } else {
                Failure::new(
                    Exit::NotAllowed,
                    "device_revoked",
                    "This device was taken off your devices, so it can link none.",
                )
                .with_hint("Run `hearth device link` on another of your devices.")
            };
            let _caller_left = done.send(Err(failure));
            return;
        };
        let told = json!({
            "ticket": ticket.to_string(),
            "expires": service::time(expires_ms),
        });
        if events.try_send(Event::Item(told)).is_err() {
            self.host.engine.withdraw_link(offer);
            return;
        }
        self.linkings.push(Linking {
            offer,
            deadline,
            is_complete: false,
            came: None,
            done,
        });
    }

    /// Notes that a device came with a ticket.
    pub(super) fn device_linked(
        &mut self,
        offer: LinkOfferId,
        device: DeviceId,
        label: String,
        words: String,
    ) {
        if let Err(failure) = service::keep_label(&mut self.host, device, &label) {
            tracing::warn!(failure = %failure.message, "a device's label could not be kept");
        }
        self.membership_changed = true;
        for linking in &mut self.linkings {
            if linking.offer == offer {
                linking.deadline = Instant::now() + FETCH_WAIT;
                linking.came = Some((device, label.clone(), words.clone()));
            }
        }
    }

    pub(super) fn settle_linkings(&mut self) {
        if self.linkings.is_empty() {
            return;
        }
        let now = Instant::now();
        for mut linking in std::mem::take(&mut self.linkings) {
            if linking.done.is_closed() {
                self.host.engine.withdraw_link(linking.offer);
                continue;
            }
            let Some((device, label, words)) = &linking.came else {
                if now < linking.deadline {
                    self.linkings.push(linking);
                } else {
                    self.host.engine.withdraw_link(linking.offer);
                    let _caller_left = linking.done.send(Err(nobody_came()));
                }
                continue;
            };
            let (connected, complete) = self.progress_of(*device);
            if complete && !linking.is_complete {
                linking.is_complete = true;
                linking.deadline = now + LINGER;
            } else if connected && !linking.is_complete {
                linking.deadline = now + FETCH_WAIT;
            }
            let is_over = linking.is_complete && !connected;
            if !is_over && now < linking.deadline {
                self.linkings.push(linking);
                continue;
            }
            let complete = linking.is_complete;
            let data = json!({
                "device": { "id": device.to_string(), "label": label },
                "words": words,
                "notebooks": self.host.engine.notebooks().count(),
                "complete": complete,
            });
            self.host.engine.withdraw_link(linking.offer);
            let _caller_left = linking.done.send(Ok(data));
        }
    }

    /// Says whether a device of this person's own is connected, and whether each of the two has all that the other said
    /// that it has.
    fn progress_of(&mut self, device: DeviceId) -> (bool, bool) {
        let engine = &mut self.host.engine;
        let connected = engine
            .sessions()
            .any(|(_, session)| session.peer() == device);
        let notebooks: Vec<_> = engine
            .notebooks()
            .filter(|notebook| {
                let replica = engine.replica(*notebook);
                replica.is_some_and(|replica| replica.membership().person_of(&device).is_some())
            })
            .collect();
        let mut complete = true;
        for notebook in notebooks {
            let Some(mine) = engine
                .replica_mut(notebook)
                .map(|replica| replica.frontier().clone())
            else {
                continue;
            };
            let theirs = engine.peer(notebook, device).map(|record| &record.frontier);
            complete &= theirs.is_some_and(|theirs| {
                theirs.control_digest == mine.control_digest
                    && mine.beyond(theirs) == 0
                    && theirs.beyond(&mine) == 0
            });
        }
        (connected, complete)
    }
}

fn nobody_came() -> Failure {
    Failure::new(
        Exit::Unreachable,
        "no_device_came",
        "No device came with the ticket in time, so it is void.",
    )
    .with_hint(
        "Run `hearth device link` again, then on the new device `hearth device accept TICKET`.",
    )
}
