//! Two homes that share notebooks: made, paired over the network, filled, copied, started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hearth_core::control::Role;
use hearth_core::engine::{ConnectionId, ConnectionKind};
use hearth_core::ids::{NotebookId, TransportId};
use hearth_node::api::{Failure, PassphraseSource, Request, Secret};
use hearth_node::driver::{EngineTask, Node, Stay};
use hearth_node::host::{HomeDir, Host, InitHome, InitProtection, random};
use hearth_node::net::Profile;
use hearth_notebook::{DocumentId, meta};
use tokio::sync::mpsc;

use crate::workload::Person;

/// How long pairing and syncing may take before something is wrong.
const PATIENCE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;

/// The homes of the two people, in one folder.
///
/// The second person's device has the lower id: where both sides find each other at the same
/// moment, it is the one that dials, so that every measurement begins with the same dial.
#[derive(Debug, Clone)]
pub(crate) struct Homes {
    folder: PathBuf,
}

/// Two open homes.
pub(crate) struct Hosts {
    pub(crate) first: Host,
    pub(crate) second: Host,
}

/// A node with the end of its engine.
pub(crate) struct Running {
    pub(crate) node: Node,
    ended: EngineTask,
}

impl Homes {
    /// Names the homes in a folder.
    pub(crate) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    /// Makes both homes and pairs them over `count` new notebooks, each by a ticket of its own.
    pub(crate) async fn paired(folder: &Path, count: usize) -> Result<(Self, Vec<NotebookId>)> {
        let homes = Self::at(folder);
        homes.init()?;
        let mut hosts = homes.open()?;
        let notebooks = (0..count)
            .map(|number| hosts.create(number))
            .collect::<Result<Vec<_>>>()?;
        let first = Running::start(hosts.first).await?;
        let second = Running::start(hosts.second).await?;
        for notebook in &notebooks {
            join(&first.node, &second.node, *notebook).await?;
        }
        in_sync(&first.node, &second.node).await?;
        // Each keeps the other's capsule, which goes once.
        tokio::time::sleep(Duration::from_millis(200)).await;
        in_sync(&first.node, &second.node).await?;
        first.stop().await?;
        second.stop().await?;
        Ok((homes, notebooks))
    }

    fn init(&self) -> Result<()> {
        loop {
            let first = init(&self.home("first"), "Mia")?;
            let second = init(&self.home("second"), "Ben")?;
            if second < first {
                return Ok(());
            }
            std::fs::remove_dir_all(&self.folder)?;
        }
    }

    pub(crate) fn home(&self, name: &str) -> HomeDir {
        HomeDir::new(self.folder.join(name), None)
    }

    /// Opens both homes in this process.
    pub(crate) fn open(&self) -> Result<Hosts> {
        Ok(Hosts {
            first: self.open_one("first")?,
            second: self.open_one("second")?,
        })
    }

    /// Opens one home in this process.
    pub(crate) fn open_one(&self, name: &str) -> Result<Host> {
        self.home(name).open(&mut NoPassphrase).map_err(failed)
    }

    /// Copies the closed homes. Each copy is the same device at the same moment, and at most one of
    /// them writes.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<Self> {
        for name in ["first", "second"] {
            self.copy_home(name, folder)?;
        }
        Ok(Self::at(folder))
    }

    /// Copies one closed home.
    pub(crate) fn copy_home(&self, name: &str, folder: &Path) -> Result<()> {
        copy_folder(&self.folder.join(name), &folder.join(name))
            .with_context(|| format!("copying the home {name}"))
    }
}

impl Hosts {
    /// Returns a person's home.
    pub(crate) const fn of(&mut self, person: Person) -> &mut Host {
        match person {
            Person::First => &mut self.first,
            Person::Second => &mut self.second,
        }
    }

    fn create(&mut self, number: usize) -> Result<NotebookId> {
        let host = &mut self.first;
        let notebook =
            host.engine
                .create_notebook(Role::Mentor, &mut host.storage, &mut random())?;
        let title = format!("Notebook {number}");
        host.edit(notebook, |docs, writer| {
            meta::create(docs, writer, &title, "one-on-one")
        })
        .map_err(failed)?;
        Ok(notebook)
    }

    /// Opens the index of each notebook on both sides, as a node that has run for a while has done.
    pub(crate) fn warm(&mut self, notebooks: &[NotebookId]) -> Result<()> {
        for host in [&mut self.first, &mut self.second] {
            for notebook in notebooks {
                host.read(*notebook, |docs, _| {
                    docs.read(DocumentId::INDEX)
                        .map(drop)
                        .map_err(|error| Failure::error("unavailable", error.to_string()))
                })
                .map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Puts everything on disk, ready for a quick start, with the packs that a node makes while it rests.
    pub(crate) fn close(mut self) -> Result<()> {
        for host in [&mut self.first, &mut self.second] {
            host.engine.snapshot(&mut host.storage)?;
            while host.engine.make_pack(&mut host.storage)? {}
            host.engine.make_ahead(&mut host.storage, true)?;
        }
        Ok(())
    }
}

/// A connection between two open homes within this process, for filling them: the protocol without
/// the network.
pub(crate) struct Wire {
    id: ConnectionId,
}

impl Wire {
    pub(crate) fn connect(hosts: &mut Hosts) -> Self {
        let id = ConnectionId(1);
        let key = |host: &Host| -> TransportId { host.engine.identity().device.card().transport };
        let (first, second) = (key(&hosts.first), key(&hosts.second));
        let exporter = [7; 32];
        let now = Host::now_ms();
        let kind = |dialled| ConnectionKind::Sync { dialled };
        hosts
            .first
            .engine
            .connected(id, kind(false), second, exporter, now);
        hosts
            .second
            .engine
            .connected(id, kind(true), first, exporter, now);
        Self { id }
    }

    /// Exchanges frames until neither side has one.
    pub(crate) fn exchange(&self, hosts: &mut Hosts) {
        loop {
            let there = self.carry(&mut hosts.first, &mut hosts.second);
            let back = self.carry(&mut hosts.second, &mut hosts.first);
            if !there && !back {
                return;
            }
        }
    }

    fn carry(&self, from: &mut Host, to: &mut Host) -> bool {
        from.engine.flush(&mut from.storage, Host::now_ms(), true);
        let mut carried = false;
        while let Some(frame) = from.engine.next_frame(self.id, &from.storage) {
            to.engine.receive(
                self.id,
                &frame,
                Host::now_ms(),
                &mut to.storage,
                &mut random(),
            );
            carried = true;
        }
        // Nobody in this process wants to hear of what was applied.
        from.engine.take_effects().clear();
        to.engine.take_effects().clear();
        carried
    }

    pub(crate) fn disconnect(self, hosts: &mut Hosts) {
        for host in [&mut hosts.first, &mut hosts.second] {
            host.engine.disconnected(self.id, Host::now_ms());
        }
    }
}

impl Running {
    /// Starts a node on loopback, at the port that the home keeps.
    pub(crate) async fn start(host: Host) -> Result<Self> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (node, ended) = Node::start(host, Some(listen), Stay::Running)
            .await
            .map_err(failed)?;
        Ok(Self { node, ended })
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        self.node.shutdown().await;
        self.ended.ended().await.map(drop).map_err(failed)
    }
}

pub(crate) async fn join(first: &Node, second: &Node, notebook: NotebookId) -> Result<()> {
    let reachable = (first.net().local_addrs().addrs, Vec::new());
    let expires_ms = Host::now_ms() + HOUR_MS;
    let issued = first
        .work(move |host| {
            let (engine, storage) = (&mut host.engine, &mut host.storage);
            engine.invite(
                notebook,
                Role::Mentee,
                true,
                expires_ms,
                reachable,
                storage,
                &mut random(),
            )
        })
        .await
        .map_err(failed)??;
    let join = Request::Join {
        ticket: issued.ticket.to_string(),
        timeout_ms: PATIENCE_MS,
    };
    second
        .call(join, mpsc::channel(1).0)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Waits until both sides know that both have everything.
pub(crate) async fn in_sync(first: &Node, second: &Node) -> Result<()> {
    tokio::try_join!(one_in_sync(first), one_in_sync(second))?;
    Ok(())
}

/// Waits until a node knows that it and its peer have everything.
pub(crate) async fn one_in_sync(node: &Node) -> Result<()> {
    let sync = Request::Sync {
        notebook: None,
        timeout_ms: PATIENCE_MS,
    };
    let answer = node.call(sync, mpsc::channel(1).0).await.map_err(failed)?;
    let all_confirmed = answer["peers"]
        .as_array()
        .is_some_and(|peers| peers.iter().all(|peer| peer["result"] == "acknowledged"));
    anyhow::ensure!(all_confirmed, "the nodes did not get in sync: {answer}");
    Ok(())
}

pub(crate) fn init(home: &HomeDir, name: &str) -> Result<hearth_core::ids::DeviceId> {
    let made = home
        .init(
            InitHome {
                name: name.to_owned(),
                device: "laptop".to_owned(),
                network: Profile::Direct,
                protection: InitProtection::Bare,
            },
            &mut NoPassphrase,
        )
        .map_err(failed)?;
    Ok(made.identity.device.id())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Makes an error of a failure.
pub(crate) fn failed(failure: Failure) -> anyhow::Error {
    anyhow!("{failure:?}")
}

/// The homes have no passphrase, so nobody is asked.
pub(crate) struct NoPassphrase;

impl PassphraseSource for NoPassphrase {
    fn existing(&mut self) -> Result<Secret, Failure> {
        Err(Failure::error("no_passphrase", "There is none."))
    }

    fn fresh(&mut self) -> Result<Secret, Failure> {
        self.existing()
    }
}
