//! Runs commands against canned answers.

use std::collections::VecDeque;
use std::path::Path;

use clap::Parser;
use hearth_node::api::{Event, Failure, Request, Secret};
use serde_json::{Value, json};

use crate::backend::{
    AddFileOptions, Backend, BundleOptions, InitOptions, MirrorInitOptions, MirrorTermsOptions,
    NewDeviceOptions, RecoverOptions, RestoreOptions, UpOptions,
};
use crate::cli::{self, Cli};
use crate::clock::Clock;
use crate::context::Context;
use crate::environment::Environment;
use crate::output::{Answer, Output};

/// A backend that answers with what it was given and keeps what it was asked.
#[derive(Default)]
pub(crate) struct Canned {
    answers: VecDeque<Result<Value, Failure>>,
    pub(crate) requests: Vec<Request>,
    pub(crate) inits: Vec<InitOptions>,
    pub(crate) bundles: Vec<BundleOptions>,
    pub(crate) applied: Vec<Vec<u8>>,
    pub(crate) files: Vec<(AddFileOptions, Vec<u8>)>,
    pub(crate) environment: Environment,
}

impl Canned {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Value>) -> Self {
        Self {
            answers: answers.into_iter().map(Ok).collect(),
            ..Self::default()
        }
    }

    /// As [`Self::answering`], where something goes wrong.
    pub(crate) fn telling(answers: impl IntoIterator<Item = Result<Value, Failure>>) -> Self {
        Self {
            answers: answers.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Runs a command as if typed at a pinned time in Berlin, a Monday.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Result<Answer, Failure> {
        let cli = Cli::try_parse_from(std::iter::once(&"hearth").chain(arguments))
            .map_err(|error| cli::usage_failure(&error))?;
        let command = cli.command;
        self.within(&cli.options, |context| command.run(context))
    }

    /// Does something with all that a command has at hand.
    pub(crate) fn within<T>(
        &mut self,
        options: &cli::GlobalOptions,
        work: impl FnOnce(&mut Context<'_>) -> T,
    ) -> T {
        let environment = self.environment.clone();
        let output = Output {
            clock: Clock::pinned("2026-11-23T16:00:00+01:00[Europe/Berlin]"),
            ..options.output(&environment)
        };
        let mut context = Context {
            backend: self,
            output,
            environment,
            yes: options.yes,
            no_input: options.no_input,
        };
        work(&mut context)
    }

    fn next(&mut self) -> Result<Value, Failure> {
        self.answers
            .pop_front()
            .unwrap_or_else(|| Err(Failure::error("no_answer", "Nothing was canned.")))
    }
}

impl Backend for Canned {
    fn call(&mut self, request: Request, _: &mut dyn FnMut(Event)) -> Result<Value, Failure> {
        self.requests.push(request);
        self.next()
    }

    fn init(&mut self, options: InitOptions) -> Result<Value, Failure> {
        self.inits.push(options);
        self.next()
    }

    fn accept(
        &mut self,
        _: &str,
        _: NewDeviceOptions,
        _: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        self.next()
    }

    fn init_mirror(&mut self, _: MirrorInitOptions) -> Result<Value, Failure> {
        self.next()
    }

    fn mirror_up(
        &mut self,
        _: Option<std::net::SocketAddr>,
        _: MirrorTermsOptions,
        on_ready: &mut dyn FnMut(Value),
    ) -> Result<Value, Failure> {
        on_ready(self.next()?);
        Ok(json!({}))
    }

    fn recover(&mut self, _: RecoverOptions, _: &mut dyn FnMut(Event)) -> Result<Value, Failure> {
        self.next()
    }

    fn new_phrase(&mut self) -> Secret {
        Secret::new("new words".to_owned())
    }

    fn up(&mut self, _: UpOptions, on_ready: &mut dyn FnMut(Value)) -> Result<Value, Failure> {
        let ready = self.next()?;
        on_ready(ready);
        Ok(json!({}))
    }

    fn demo(&mut self, _: bool, _: &mut dyn FnMut(Value)) -> Result<Value, Failure> {
        self.next()
    }

    fn create_bundle(
        &mut self,
        options: BundleOptions,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
        _: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        self.bundles.push(options);
        sink(b"canned ")?;
        sink(b"bundle")?;
        self.next()
    }

    fn apply_bundle(
        &mut self,
        source: &mut dyn std::io::Read,
        _: Option<u64>,
        _: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).expect("reads");
        self.applied.push(bytes);
        self.next()
    }

    fn add_file(
        &mut self,
        options: AddFileOptions,
        source: &mut dyn std::io::Read,
        _: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).expect("reads");
        self.files.push((options, bytes));
        self.next()
    }

    fn get_file(
        &mut self,
        _: &str,
        _: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
        _: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        sink(b"canned ")?;
        sink(b"file")?;
        self.next()
    }

    fn backup(&mut self, _: &Path, _: bool, _: &mut dyn FnMut(Event)) -> Result<Value, Failure> {
        self.next()
    }

    fn check_backup(
        &mut self,
        _: &Path,
        _: Option<Secret>,
        _: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        self.next()
    }

    fn restore_backup(
        &mut self,
        _: RestoreOptions,
        _: &mut dyn FnMut(Event),
    ) -> Result<Value, Failure> {
        self.next()
    }

    fn change_passphrase(&mut self) -> Result<Value, Failure> {
        self.next()
    }
}

/// What a command asks the backend for first.
pub(crate) fn requested(arguments: &[&str]) -> Request {
    let mut canned = Canned::answering([json!({})]);
    canned.run(arguments).expect("runs");
    canned.requests.swap_remove(0)
}

/// Why a command fails before it asks the backend for anything.
pub(crate) fn failing(arguments: &[&str]) -> Failure {
    let mut canned = Canned::answering([json!({})]);
    let failure = canned.run(arguments).expect_err("fails");
    assert!(canned.bundles.is_empty() && canned.applied.is_empty());
    assert!(
        canned.requests.is_empty(),
        "asked for {:?}",
        canned.requests
    );
    failure
}
