//! The home's node, as the backend of commands.

use std::io::{IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hearth_node::api::{BackupRequest, Event, Failure, PassphraseSource, Request, Secret};
use hearth_node::backup;
use hearth_node::host::{HomeDir, InitHome, InitMirror, InitProtection, MirrorLimits, MirrorTerms};
use hearth_node::net::Profile;
use hearth_node::run;
use hearth_node::service::Told;
use serde_json::Value;

use crate::backend::{
    AddFileOptions, Backend, BundleOptions, InitOptions, MirrorInitOptions, MirrorTermsOptions,
    NewDeviceOptions, Protection, RecoverOptions, RestoreOptions, UpOptions,
};
use crate::environment::Environment;
use crate::output::clean;
use crate::passphrase::Passphrases;

/// The node of one home.
pub(crate) struct Node {
    home: Result<HomeDir, Failure>,
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
        let runtime = environment.directory("XDG_RUNTIME_DIR");
        Self {
            home: home.map(|home| HomeDir::new(home, runtime)),
            passphrases,
        }
    }

    fn home(&self) -> Result<HomeDir, Failure> {
        self.home.clone()
    }
}

impl Backend for Node {
    fn call(
        &mut self,
        request: Request,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        run::call(&self.home()?, request, &mut self.passphrases, on_event)
    }

    fn init(&mut self, options: InitOptions) -> Result<Value, Failure> {
        let home = self.home()?;
        let network = network(&options.network)?;
        let device = options.device.unwrap_or_else(computer_name);
        let protection = protection(options.protection);
        let init = InitHome {
            name: options.name,
            device,
            network,
            protection,
        };
        run::init(
            &home,
            init,
            options.recovery_out.as_deref(),
            &mut self.passphrases,
        )
    }

    fn accept(
        &mut self,
        ticket: &str,
        device: NewDeviceOptions,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let device = new_device(device)?;
        run::accept(
            &self.home()?,
            ticket,
            device,
            &mut self.passphrases,
            on_event,
        )
    }

    fn recover(
        &mut self,
        options: RecoverOptions,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let device = new_device(options.device)?;
        let recovery = run::Recovery {
            phrase: options.phrase,
            contacts: options.contacts,
            name: options.name,
            revoke_others: options.revoke_others,
        };
        run::recover(
            &self.home()?,
            recovery,
            device,
            &mut self.passphrases,
            on_event,
        )
    }

    fn new_phrase(&mut self) -> Secret {
        run::new_phrase()
    }

    fn up(
        &mut self,
        options: UpOptions,
        on_ready: &mut dyn FnMut(Value),
    ) -> Result<Value, Failure> {
        let home = self.home()?;
        let mut page = match options.web {
            Some(address) => Some(hearth_web::Page::bind(home.clone(), address)?),
            None => None,
        };
        let front = page.as_mut().map(|page| page as &mut dyn run::Front);
        run::up(
            &home,
            run::UpOptions {
                listen: options.listen,
                welcomes: options.welcomes,
            },
            front,
            &mut self.passphrases,
            Some(Arc::new(show_reminder)),
            on_ready,
        )
    }

    fn init_mirror(&mut self, options: MirrorInitOptions) -> Result<Value, Failure> {
        let usual = MirrorTerms::default();
        let limits = MirrorLimits {
            total_bytes: options
                .terms
                .total_bytes
                .unwrap_or(usual.limits.total_bytes),
            notebook_bytes: options
                .terms
                .notebook_bytes
                .unwrap_or(usual.limits.notebook_bytes),
        };
        let init = InitMirror {
            name: options.name,
            network: network(&options.network)?,
            protection: protection(options.protection),
            terms: MirrorTerms {
                limits,
                keep_days: options.terms.keep_days.unwrap_or(usual.keep_days),
            },
        };
        run::init_mirror(&self.home()?, init, &mut self.passphrases)
    }

    fn mirror_up(
        &mut self,
        listen: Option<SocketAddr>,
        terms: MirrorTermsOptions,
        on_ready: &mut dyn FnMut(Value),
    ) -> Result<Value, Failure> {
        let options = run::MirrorUp {
            listen,
            total_bytes: terms.total_bytes,
            notebook_bytes: terms.notebook_bytes,
            keep_days: terms.keep_days,
        };
        run::mirror_up(&self.home()?, options, &mut self.passphrases, on_ready)
    }

    fn demo(&mut self, keep: bool, on_step: &mut dyn FnMut(Value)) -> Result<Value, Failure> {
        let hearth = std::env::current_exe().map_err(|error| {
            Failure::error(
                "demo_failed",
                format!("This program cannot find itself: {error}."),
            )
        })?;
        run::demo(&hearth, keep, on_step)
    }

    fn create_bundle(
        &mut self,
        options: BundleOptions,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let what = run::CreateBundle {
            notebook: options.notebook,
            person: options.person,
            full: options.full,
        };
        run::create_bundle(&self.home()?, what, &mut self.passphrases, sink, on_event)
    }

    fn apply_bundle(
        &mut self,
        source: &mut dyn Read,
        total: Option<u64>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let home = self.home()?;
        run::apply_bundle(&home, source, total, &mut self.passphrases, on_event)
    }

    fn add_file(
        &mut self,
        options: AddFileOptions,
        source: &mut dyn Read,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let AddFileOptions {
            notebook,
            name,
            bytes,
            title,
            why,
            tags,
        } = options;
        let what = run::AddFile {
            notebook,
            name,
            bytes,
            title,
            why,
            tags,
        };
        run::add_file(&self.home()?, what, source, &mut self.passphrases, on_event)
    }

    fn get_file(
        &mut self,
        resource: &str,
        timeout_ms: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let home = self.home()?;
        let patience = std::time::Duration::from_millis(timeout_ms);
        run::get_file(
            &home,
            resource,
            patience,
            sink,
            &mut self.passphrases,
            on_event,
        )
    }

    fn backup(
        &mut self,
        out: &Path,
        phrase_only: bool,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let passphrase = match phrase_only {
            true => None,
            false => Some(self.passphrases.fresh()?),
        };
        let path = out.to_str().ok_or_else(|| {
            Failure::usage("path_invalid", "The path is not in UTF-8.")
                .with_hint("Name another file.")
        })?;
        let request = Request::Backup(BackupRequest::Create {
            path: path.to_owned(),
            passphrase,
        });
        run::call(&self.home()?, request, &mut self.passphrases, on_event)
    }

    fn check_backup(
        &mut self,
        file: &Path,
        phrase: Option<Secret>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let with = run::open_with(phrase.as_ref(), &mut self.passphrases)?;
        backup::check(file, &with, on_event)
    }

    fn restore_backup(
        &mut self,
        options: RestoreOptions,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let with = run::open_with(options.phrase.as_ref(), &mut self.passphrases)?;
        let restoring = backup::Restoring {
            with,
            label: options.label,
            network: match options.network.as_slice() {
                [] => None,
                given => Some(network(given)?),
            },
            protection: protection(options.protection),
        };
        backup::restore(
            &self.home()?,
            &options.file,
            restoring,
            &mut self.passphrases,
            on_event,
        )
    }

    fn change_passphrase(&mut self) -> Result<Value, Failure> {
        run::change_passphrase(&self.home()?, &mut self.passphrases)
    }
}

/// Shows a reminder as a line on stderr. What is not a terminal may be a log that others read: it gets no names.
fn show_reminder(told: &Told) {
    let mut stderr = std::io::stderr().lock();
    let words = match stderr.is_terminal() {
        true => &told.words,
        false => &told.neutral,
    };
    // A terminal that was closed is told nothing; the node goes on.
    let _closed = writeln!(stderr, "Reminder: {}", clean::line(words));
}

fn new_device(options: NewDeviceOptions) -> Result<run::NewDevice, Failure> {
    Ok(run::NewDevice {
        label: options.label,
        network: network(&options.network)?,
        protection: protection(options.protection),
        timeout_ms: options.timeout_ms,
    })
}

const fn protection(chosen: Protection) -> InitProtection {
    match chosen {
        Protection::Passphrase => InitProtection::Passphrase,
        Protection::Keyring => InitProtection::Keyring,
        Protection::Bare => InitProtection::Bare,
    }
}

/// Reads what was given for the network; several relays are one profile.
fn network(given: &[String]) -> Result<Profile, Failure> {
    if given.is_empty() {
        return Ok(Profile::Direct);
    }
    given.join(",").parse().map_err(|error| {
        Failure::usage("network_invalid", format!("{error}."))
            .with_hint("Choose direct, lan, relay=URL or public.")
    })
}

/// Returns the computer's name, or a plain word where it has none.
fn computer_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this computer".to_owned())
}
