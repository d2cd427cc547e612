//! What answers the commands.

use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hearth_node::api::{Event, Failure, Request, Secret};
use serde_json::Value;

/// Answers commands: the node behind its socket, or the home opened in this process.
pub(crate) trait Backend {
    /// Has a request done. Events arrive before it returns.
    fn call(&mut self, request: Request, on_event: &mut dyn FnMut(Event))
    -> Result<Value, Failure>;

    /// Makes a person and their first device. Answers `person`, `device` and, unless it went to a
    /// file, `recovery_phrase`.
    fn init(&mut self, options: InitOptions) -> Result<Value, Failure>;

    /// Makes the folder a device of the person whose device made the ticket. Answers `person`, `device`,
    /// `words`, `notebooks`, `arrived`.
    fn accept(
        &mut self,
        ticket: &str,
        device: NewDeviceOptions,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Brings somebody back by their phrase. Answers as [`Backend::accept`], and `revoked_others`.
    fn recover(
        &mut self,
        options: RecoverOptions,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Draws a recovery phrase.
    fn new_phrase(&mut self) -> Secret;

    /// Runs the node until it is told to stop. `on_ready` gets the ready line's data.
    fn up(&mut self, options: UpOptions, on_ready: &mut dyn FnMut(Value))
    -> Result<Value, Failure>;

    /// Makes the home of a mirror. Answers `mirror`, `ticket`, `quota`.
    fn init_mirror(&mut self, options: MirrorInitOptions) -> Result<Value, Failure>;

    /// Runs a mirror until it is told to stop. `on_ready` gets the ready line's data.
    fn mirror_up(
        &mut self,
        listen: Option<SocketAddr>,
        terms: MirrorTermsOptions,
        on_ready: &mut dyn FnMut(Value),
    ) -> Result<Value, Failure>;

    /// Runs two nodes of its own and shows that they agree. Answers `converged` and `steps[]`.
    fn demo(&mut self, keep: bool, on_step: &mut dyn FnMut(Value)) -> Result<Value, Failure>;

    /// Makes a bundle; its bytes go to `sink`, in order. Answers `bundle` and `notebook`.
    fn create_bundle(
        &mut self,
        options: BundleOptions,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Takes a bundle in; `total` is how many bytes it has, where that is known. Answers `bundle`, `notebook`,
    /// `waiting`, `behind`.
    fn apply_bundle(
        &mut self,
        source: &mut dyn Read,
        total: Option<u64>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Adds a resource that is a file. Answers `resource`, `notebook`.
    fn add_file(
        &mut self,
        options: AddFileOptions,
        source: &mut dyn Read,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Hands out the file of a resource; nothing of it may come for `timeout_ms`. Answers `resource`, `parts_fetched`.
    fn get_file(
        &mut self,
        resource: &str,
        timeout_ms: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Writes a backup. Answers `out`, `bytes`, `notebooks`, `entries`.
    fn backup(
        &mut self,
        out: &Path,
        phrase_only: bool,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Opens every record of a backup; the phrase opens it where one is given, else the passphrase.
    fn check_backup(
        &mut self,
        file: &Path,
        phrase: Option<Secret>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Makes the home out of a backup. Answers `person`, `device`, `backup`, `notebooks`.
    fn restore_backup(
        &mut self,
        options: RestoreOptions,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure>;

    /// Protects the home with another passphrase.
    fn change_passphrase(&mut self) -> Result<Value, Failure>;
}

/// What `bundle create` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BundleOptions {
    /// The notebook's id or name.
    pub(crate) notebook: String,
    /// A member's id or name; absent for everybody.
    pub(crate) person: Option<String>,
    /// Everything, whatever they are known to have.
    pub(crate) full: bool,
}

/// What `resource add --file` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddFileOptions {
    /// The notebook's id or name.
    pub(crate) notebook: String,
    /// What the file is called.
    pub(crate) name: String,
    /// How long it is, where that is known.
    pub(crate) bytes: Option<u64>,
    /// What the resource is called.
    pub(crate) title: String,
    /// Why it matters.
    pub(crate) why: Option<String>,
    /// Words to find it by.
    pub(crate) tags: Vec<String>,
}

/// What `init` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InitOptions {
    /// What the person is called.
    pub(crate) name: String,
    /// What this device is called; the computer's name when absent.
    pub(crate) device: Option<String>,
    /// `direct`, `lan`, `public` or `relay=URL`, each as typed.
    pub(crate) network: Vec<String>,
    /// What protects the home.
    pub(crate) protection: Protection,
    /// Where the recovery phrase goes instead of the screen; absolute.
    pub(crate) recovery_out: Option<PathBuf>,
}

/// How a device is made that was not there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewDeviceOptions {
    /// What it is called.
    pub(crate) label: String,
    /// `direct`, `lan`, `public` or `relay=URL`, each as typed.
    pub(crate) network: Vec<String>,
    /// What protects the home.
    pub(crate) protection: Protection,
    /// How long to wait, in milliseconds.
    pub(crate) timeout_ms: u64,
}

/// What `recover` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecoverOptions {
    /// The phrase.
    pub(crate) phrase: Secret,
    /// Tickets that say where members are.
    pub(crate) contacts: Vec<String>,
    /// The person's name, where no member can tell.
    pub(crate) name: Option<String>,
    /// Whether all other devices are taken off.
    pub(crate) revoke_others: bool,
    /// How this device is made.
    pub(crate) device: NewDeviceOptions,
}

/// What `backup restore` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RestoreOptions {
    /// The backup; absolute.
    pub(crate) file: PathBuf,
    /// The recovery phrase, where that is to open it.
    pub(crate) phrase: Option<Secret>,
    /// What this device is called; as in the backup when absent.
    pub(crate) label: Option<String>,
    /// `direct`, `lan`, `public` or `relay=URL`, each as typed; as in the backup when empty.
    pub(crate) network: Vec<String>,
    /// What protects the home.
    pub(crate) protection: Protection,
}

/// What protects the home while it is locked.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// A passphrase
    Passphrase,
    /// The operating system's keyring
    Keyring,
    /// Nothing: anyone who can read the folder can read the notes
    Bare,
}

/// What `mirror init` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MirrorInitOptions {
    /// What the mirror is called.
    pub(crate) name: String,
    /// `direct`, `lan`, `public` or `relay=URL`, each as typed.
    pub(crate) network: Vec<String>,
    /// What protects the home.
    pub(crate) protection: Protection,
    /// How much it takes.
    pub(crate) terms: MirrorTermsOptions,
}

/// How much a mirror takes; what is absent stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MirrorTermsOptions {
    /// Bytes of all notebooks.
    pub(crate) total_bytes: Option<u64>,
    /// Bytes of one notebook.
    pub(crate) notebook_bytes: Option<u64>,
    /// Days for which a notebook is kept that the mirror was removed from.
    pub(crate) keep_days: Option<u32>,
}

/// What `up` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpOptions {
    /// The UDP address to listen on; port 0 means the home's own.
    pub(crate) listen: Option<SocketAddr>,
    /// Where the local page is served; nowhere when absent.
    pub(crate) web: Option<SocketAddr>,
    /// Whether the page welcomes whoever has no identity yet.
    pub(crate) welcomes: bool,
}
