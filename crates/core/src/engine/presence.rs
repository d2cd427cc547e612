//! Who is where in a notebook, as far as linked devices say so. Nothing of it is kept.

use super::connections::Connection;
use super::{Effect, Engine};
use crate::crypto::{NONCE_BYTES, Nonce};
use crate::ids::{DeviceId, NotebookId};
use crate::limits::PRESENCE_LASTS_MS;
use crate::presence::{Presence, PresenceState};

/// What a device said last, and when it was heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    presence: Presence,
    at_ms: u64,
}

impl Engine {
    /// Says to the linked devices of a notebook's members where this person is. Whoever is not linked does not hear it.
    pub fn say_presence(
        &mut self,
        notebook: NotebookId,
        presence: &Presence,
        rng: &mut dyn rand_core::CryptoRng,
    ) {
        let mut nonce: Nonce = [0; NONCE_BYTES];
        rng.fill_bytes(&mut nonce);
        let sealed = self
            .replicas
            .get(&notebook)
            .and_then(|replica| replica.seal_presence(presence, nonce));
        let Some(sealed) = sealed else {
            return;
        };
        for connection in self.connections.values_mut() {
            if let Connection::Sync { session, .. } = connection {
                session.say_presence(notebook, presence.window, &sealed);
            }
        }
    }

    /// Returns who is where in a notebook, each window by itself: what linked devices said within [`PRESENCE_LASTS_MS`].
    pub fn presences(
        &self,
        notebook: NotebookId,
        now_ms: u64,
    ) -> impl Iterator<Item = (DeviceId, &Presence)> {
        let of_notebook = self
            .presences
            .iter()
            .filter(move |((of, device, _), heard)| {
                *of == notebook
                    && now_ms.saturating_sub(heard.at_ms) <= PRESENCE_LASTS_MS
                    && self
                        .sessions()
                        .any(|(_, session)| session.peer() == *device && session.is_of(notebook))
            });
        of_notebook.map(|((_, device, _), heard)| (*device, &heard.presence))
    }

    pub(super) fn hear_presences(
        &mut self,
        device: DeviceId,
        news: Vec<(NotebookId, Presence)>,
        now_ms: u64,
    ) {
        for (notebook, presence) in news {
            self.presences
                .retain(|_, heard| now_ms.saturating_sub(heard.at_ms) <= PRESENCE_LASTS_MS);
            let place = (notebook, device, presence.window);
            if presence.state == PresenceState::Away {
                self.presences.remove(&place);
            } else {
                let heard = Heard {
                    presence,
                    at_ms: now_ms,
                };
                self.presences.insert(place, heard);
            }
            self.effects.push_back(Effect::PresenceHeard(notebook));
        }
    }
}
