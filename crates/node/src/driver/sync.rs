//! `hearth sync`: tries all known devices now and waits for those that answer.

use std::collections::BTreeMap;

use hearth_core::ids::DeviceId;
use hearth_core::mirror::Quota;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Command, Node, deadline_after, stopping};
use crate::api::{Exit, Failure};

/// What became of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PeerOutcome {
    /// Nothing is known yet.
    Pending,
    /// It answered, and has not confirmed everything yet.
    Answered,
    /// It confirmed everything that was here, and everything that it had is here.
    Confirmed,
    /// It is a mirror that has no room for the rest.
    Full(Quota),
    /// It answered that this device is out of what was shared.
    Out,
    /// It could not be reached.
    Unreachable(String),
}

/// What became of all devices, with the words for showing them.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(super) peers: BTreeMap<DeviceId, (Value, PeerOutcome)>,
    /// The notebooks that this device was told meanwhile that it is out of, with how that came.
    pub(super) departed: Vec<Value>,
}

impl Outcome {
    fn to_json(&self) -> Value {
        let peers: Vec<Value> = self
            .peers
            .values()
            .map(|(about, outcome)| {
                let (result, reason) = match outcome {
                    PeerOutcome::Confirmed => ("acknowledged", None),
                    PeerOutcome::Answered => (
                        "answered",
                        Some("it has not confirmed everything yet".to_owned()),
                    ),
                    PeerOutcome::Out => (
                        "answered",
                        Some("nothing is shared with it any more".to_owned()),
                    ),
                    PeerOutcome::Full(quota) => (
                        "full",
                        Some(format!(
                            "it holds {} of at most {} bytes of a notebook, and takes no more",
                            quota.used_bytes, quota.max_bytes
                        )),
                    ),
                    PeerOutcome::Pending => {
                        ("unreachable", Some("it did not answer in time".to_owned()))
                    }
                    PeerOutcome::Unreachable(why) => ("unreachable", Some(why.clone())),
                };
                let mut peer = about.clone();
                peer["result"] = json!(result);
                peer["reason"] = json!(reason);
                peer
            })
            .collect();
        json!({ "peers": peers, "departed": self.departed })
    }
}

impl Node {
    /// Says whether some device confirmed everything within a time.
    pub(crate) async fn confirmed(&self, timeout_ms: u64) -> bool {
        let synced = self.sync(None, timeout_ms).await;
        synced.is_ok_and(|data| {
            let peers = data["peers"].as_array();
            peers
                .into_iter()
                .flatten()
                .any(|peer| peer["result"] == "acknowledged")
        })
    }

    pub(super) async fn sync(
        &self,
        notebook: Option<String>,
        timeout_ms: u64,
    ) -> Result<Value, Failure> {
        let (done, answer) = oneshot::channel();
        self.send(Command::Sync {
            notebook,
            deadline: deadline_after(timeout_ms),
            done,
        })
        .await?;
        let outcome = answer.await.map_err(|_| stopping())??;
        let answered = |outcome: &PeerOutcome| {
            use PeerOutcome::{Answered, Confirmed, Full, Out};
            matches!(outcome, Answered | Confirmed | Full(_) | Out)
        };
        let mut outcomes = outcome.peers.values();
        let reached = outcomes.any(|(_, outcome)| answered(outcome));
        if outcome.peers.is_empty() {
            return Err(Failure::new(
                Exit::Unreachable,
                "no_peers",
                "There is nobody to sync with yet.",
            )
            .with_hint(
                "Invite somebody with `hearth invite create`; `hearth notebook list` names your \
                 notebooks.",
            ));
        }
        if !reached {
            return Err(Failure::new(Exit::Unreachable, "peer_unreachable", "No device answered.")
                .with_details(outcome.to_json())
                .with_hint(
                    "Is `hearth up` running there? If both of you are behind routers, both need the same \
                     relay: `hearth config set network relay=URL`.",
                ));
        }
        Ok(outcome.to_json())
    }
}
