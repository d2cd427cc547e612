//! The home's node, as the backend of commands.

use std::path::{Path, PathBuf};

use hearth_node::api::client::{Client, ConnectError};
use hearth_node::api::socket::socket_path;
use hearth_node::api::{Event, Failure, PassphraseSource, Request};
use serde_json::Value;

use crate::backend::{Backend, InitOptions, UpOptions};
use crate::environment::Environment;
use crate::passphrase::Passphrases;

/// The node of one home.
pub(crate) struct Node {
    home: Result<PathBuf, Failure>,
    runtime_dir: Option<PathBuf>,
    passphrases: Passphrases,
}

impl Node {
    /// Prepares to reach the node of `home`. A home that cannot be named is an error only for
    /// commands that need one.
    pub(crate) fn new(
        home: Result<PathBuf, Failure>,
        environment: &Environment,
        passphrases: Passphrases,
    ) -> Self {
        Self {
            home,
            runtime_dir: environment.directory("XDG_RUNTIME_DIR"),
            passphrases,
        }
    }

    fn home(&self) -> Result<&Path, Failure> {
        self.home.as_deref().map_err(Clone::clone)
    }

    /// Connects to the running node.
    fn connect(&self) -> Result<Client, Failure> {
        let home = self.home()?;
        let path = socket_path(home, self.runtime_dir.as_deref())
            .map_err(|error| Failure::usage("socket_path", format!("{error}.")))?;
        Client::connect(&path).map_err(|error| match error {
            ConnectError::NotRunning => not_running(home),
            error => Failure::error("node_connection", format!("{error}: {}.", path.display())),
        })
    }
}

fn not_running(home: &Path) -> Failure {
    Failure::error(
        "node_not_running",
        format!("No node runs in {}.", home.display()),
    )
    .with_hint("Start one with `hearth up`.")
}

impl Backend for Node {
    fn call(
        &mut self,
        mut request: Request,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let client = self.connect()?;
        if let Request::Unlock {
            passphrase: passphrase @ None,
        } = &mut request
        {
            *passphrase = Some(self.passphrases.existing()?);
        }
        Ok(client.call(request, on_event)?)
    }

    fn init(&mut self, _: InitOptions) -> Result<Value, Failure> {
        Err(not_running(self.home()?))
    }

    fn up(&mut self, _: UpOptions, _: &mut dyn FnMut(Value)) -> Result<Value, Failure> {
        Err(not_running(self.home()?))
    }

    fn demo(&mut self, _: bool, _: &mut dyn FnMut(Value)) -> Result<Value, Failure> {
        Err(not_running(self.home()?))
    }

    fn change_passphrase(&mut self) -> Result<Value, Failure> {
        Err(not_running(self.home()?))
    }
}
