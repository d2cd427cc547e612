//! `hearth mirror init` and `hearth mirror up`: a process that is a mirror.

use std::net::SocketAddr;
use std::sync::Arc;

use hearth_core::enrol::RECOVER_ALPN;
use hearth_core::mirror::{MIRROR_ALPN, Mirror};
use hearth_core::sync::{ALPN, ALPN_2};
use rand_core::Rng;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use super::runtime;
use crate::api::{Event, Failure, PassphraseSource, Request};
use crate::driver::{MirrorNode, MirrorRun, run_mirror};
use crate::host::{HomeDir, InitMirror, NodeStorage, StoredMirror, random, storage_failed};
use crate::net::{Net, NetOptions, Profile};
use crate::server::Server;
use crate::service::{NodeFacts, OpenMirror, Refusals, answer_as_mirror};

/// What `mirror up` was told; what is absent stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MirrorUp {
    /// The UDP address to listen on.
    pub listen: Option<SocketAddr>,
    /// Bytes of all notebooks.
    pub total_bytes: Option<u64>,
    /// Bytes of one notebook.
    pub notebook_bytes: Option<u64>,
    /// Days for which a notebook is kept that the mirror was removed from.
    pub keep_days: Option<u32>,
}

/// Makes the home of a mirror. Answers `mirror`, `ticket`, `quota`.
///
/// # Errors
/// A [`Failure`] where the home cannot be made.
pub fn init_mirror(
    home: &HomeDir,
    init: InitMirror,
    passphrases: &mut dyn PassphraseSource,
) -> Result<Value, Failure> {
    let network = init.network.clone();
    let mirror = home.init_mirror(init, passphrases)?;
    // Where it can be reached shows once it runs; this is what the computer says of itself now.
    let addrs = runtime()?.block_on(async {
        match bind(&mirror, None).await {
            Ok(net) => {
                let place = place(&net);
                net.close().await;
                place
            }
            Err(_) => (Vec::new(), Vec::new()),
        }
    });
    let mut data = view(&mirror, addrs);
    data["network"] = json!(network.to_string());
    data["reveals"] = json!(network.reveals());
    Ok(data)
}

/// Runs a mirror until a signal stops it.
///
/// # Errors
/// A [`Failure`] where the home does not open or the endpoint cannot be bound.
pub fn mirror_up(
    home: &HomeDir,
    options: MirrorUp,
    passphrases: &mut dyn PassphraseSource,
    on_ready: &mut dyn FnMut(Value),
) -> Result<Value, Failure> {
    let (mut stored, mut storage) = home.open_mirror(passphrases)?;
    let before = stored.terms;
    let terms = &mut stored.terms;
    terms.limits.total_bytes = options.total_bytes.unwrap_or(terms.limits.total_bytes);
    terms.limits.notebook_bytes = options
        .notebook_bytes
        .unwrap_or(terms.limits.notebook_bytes);
    terms.keep_days = options.keep_days.unwrap_or(terms.keep_days);
    if stored.terms != before {
        stored.keep(&mut storage)?;
    }
    let mirror = open(&stored, &storage)?;
    let socket = home.socket()?;
    for (notebook, error) in mirror.unopened() {
        tracing::warn!(%notebook, %error, "a notebook does not open and is not given out");
    }
    runtime()?.block_on(async {
        let failed = |error: std::io::Error| {
            Failure::error(
                "signals",
                format!("The program cannot listen for signals: {error}."),
            )
        };
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let net = Arc::new(bind(&stored, options.listen).await?);
        let line = ready(&stored, &net, &mirror);
        let (node, commands) = MirrorNode::new(home.clone());
        // Whoever reads the ready line may ask at once.
        let server = Server::start(&socket, node)?;
        on_ready(line);
        let run = MirrorRun {
            mirror,
            storage,
            net,
            stored,
            home: home.clone(),
        };
        run_mirror(run, commands, async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
        drop(server);
        Ok(json!({ "stopped": true }))
    })
}

/// Answers a command in the home of a mirror that does not run.
pub(super) fn answer(
    home: &HomeDir,
    stored: &StoredMirror,
    mut storage: NodeStorage,
    request: &Request,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut mirror = open(stored, &storage)?;
    let facts = NodeFacts {
        network: stored.network.clone(),
        ..NodeFacts::default()
    };
    let open = OpenMirror {
        home,
        stored,
        mirror: &mut mirror,
        storage: &mut storage,
        refusals: &Refusals::default(),
    };
    answer_as_mirror(open, &facts, request, on_event)
}

fn open(stored: &StoredMirror, storage: &NodeStorage) -> Result<Mirror, Failure> {
    let notebooks = storage.notebooks().map_err(storage_failed)?;
    let keys = (Arc::clone(&stored.secrets), stored.pass.clone());
    let instance = random().next_u64();
    Mirror::open(keys, stored.terms.limits, instance, &notebooks, storage)
        .map_err(crate::host::replica_failed)
}

async fn bind(mirror: &StoredMirror, listen: Option<SocketAddr>) -> Result<Net, Failure> {
    let profile: Profile = mirror
        .network
        .parse()
        .map_err(|error| Failure::usage("network_invalid", format!("{error}.")))?;
    let options = NetOptions {
        secret_key: Zeroizing::new(*mirror.secrets.transport_seed().expose()),
        profile,
        listen,
        port_kept: mirror.port,
        alpns: [ALPN_2, ALPN, MIRROR_ALPN, RECOVER_ALPN]
            .map(<[u8]>::to_vec)
            .into(),
    };
    Net::bind(options).await.map_err(|error| {
        Failure::error(
            "network_unavailable",
            crate::host::sentence(&error.to_string()),
        )
    })
}

fn place(net: &Net) -> (Vec<SocketAddr>, Vec<String>) {
    let own = net.local_addrs();
    let relays = own.relays.iter().map(ToString::to_string).collect();
    (own.addrs, relays)
}

fn view(mirror: &StoredMirror, place: (Vec<SocketAddr>, Vec<String>)) -> Value {
    json!({
        "mirror": { "id": mirror.secrets.id().to_string(), "name": mirror.name },
        "ticket": mirror.ticket(place).to_string(),
        "quota": {
            "total_bytes": mirror.terms.limits.total_bytes,
            "notebook_bytes": mirror.terms.limits.notebook_bytes,
            "keep_days": mirror.terms.keep_days,
        },
    })
}

fn ready(stored: &StoredMirror, net: &Net, mirror: &Mirror) -> Value {
    let own = net.local_addrs();
    let mut data = view(stored, place(net));
    data["endpoint"] = json!(data_encoding::HEXLOWER.encode(net.id().as_bytes()));
    data["addrs"] = own.addrs.iter().map(ToString::to_string).collect();
    data["relays"] = own.relays.iter().map(ToString::to_string).collect();
    data["udp"] = json!({ "port": net.port().get() });
    data["network"] = json!(net.profile().to_string());
    data["reveals"] = json!(net.profile().reveals());
    data["notebooks"] = json!(mirror.notebooks().len());
    data["held_bytes"] = json!(mirror.quota().used_bytes);
    data["pid"] = json!(std::process::id());
    data
}
