//! A person with a home of their own, who runs commands.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::hearth;

/// Somebody at a computer: a folder that is both `$HOME` and the working directory, and in it a home.
#[derive(Debug)]
pub struct Person {
    name: String,
    folder: TempDir,
    home: PathBuf,
    environment: Vec<(String, String)>,
    namespace: Option<String>,
}

impl Person {
    /// Makes a person whose home nothing protects.
    pub fn new(name: &str) -> Self {
        Self::stranger(name).init()
    }

    /// Makes the home, which nothing protects, with a new identity.
    #[must_use]
    #[track_caller]
    pub fn init(self) -> Self {
        let (name, device) = (self.name(), self.device());
        self.ok(&[
            "init", "--name", name, "--device", &device, "--unlock", "bare", "--yes",
        ]);
        self
    }

    /// Makes a person without a home yet.
    pub fn stranger(name: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("hearth-e2e-")
            .tempdir()
            .expect("a temporary folder");
        let home = folder.path().join("home");
        Self {
            name: name.to_owned(),
            folder,
            home,
            environment: Vec::new(),
            namespace: None,
        }
    }

    /// Has the home stand elsewhere.
    pub fn at(mut self, home: &Path) -> Self {
        home.clone_into(&mut self.home);
        self
    }

    /// Runs every process in a network namespace.
    pub fn inside(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Sets an environment variable for every process.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Removes an environment variable again.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the device is called.
    pub fn device(&self) -> String {
        format!("{}-laptop", self.name.to_lowercase())
    }

    /// Returns the home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the working directory, which holds the home unless that was put elsewhere.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the command, ready to run: JSON, no questions, nothing of this machine's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.plain(&["--json", "--no-input"]);
        command.args(arguments);
        command
    }

    /// Returns the command as somebody at a terminal types it.
    pub fn plain(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(hearth());
        command.arg("--home").arg(&self.home).args(arguments);
        command
    }

    /// Returns any program, to be run where this person runs theirs.
    pub fn program(&self, program: &Path) -> Command {
        let mut command = match &self.namespace {
            None => Command::new(program),
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(program);
                command
            }
        };
        command
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("hearth runs");
        Ran::new(arguments, output)
    }

    /// Runs a command that reads `input`.
    pub fn feed(&self, arguments: &[&str], input: &str) -> Ran {
        Self::fed(self.command(arguments), arguments, input)
    }

    /// Runs a command that reads `input` and answers in words.
    pub fn feed_plain(&self, arguments: &[&str], input: &str) -> Ran {
        Self::fed(self.plain(arguments), arguments, input)
    }

    fn fed(mut command: Command, arguments: &[&str], input: &str) -> Ran {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("hearth runs");
        let mut stdin = child.stdin.take().expect("its standard input");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        Ran::new(arguments, child.wait_with_output().expect("it ends"))
    }

    /// Runs a command that must succeed; returns `data`.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> Value {
        self.run(arguments).data()
    }

    /// Runs a command that must fail in one way; returns `error`.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str], exit: i32, code: &str) -> Value {
        self.run(arguments).error(exit, code)
    }

    /// Makes a notebook of two; returns its id.
    #[track_caller]
    pub fn notebook(&self, title: &str) -> String {
        let data = self.ok(&["notebook", "create", title, "--form", "one-on-one"]);
        text(&data, "/notebook/id")
    }

    /// Adds a goal; returns its id.
    #[track_caller]
    pub fn goal(&self, notebook: &str, title: &str) -> String {
        text(&self.ok(&["goal", "add", notebook, title]), "/goal/id")
    }

    /// Returns the titles of all goals.
    #[track_caller]
    pub fn goals(&self, notebook: &str) -> Vec<String> {
        let data = self.ok(&["goal", "list", notebook]);
        let goals = data["goals"].as_array().expect("goals");
        goals.iter().map(|goal| text(goal, "/title")).collect()
    }

    /// Plans a session; returns its id.
    #[track_caller]
    pub fn session(&self, notebook: &str) -> String {
        let data = self.ok(&[
            "session",
            "plan",
            notebook,
            "--at",
            "2027-01-12 15:00",
            "--zone",
            "Europe/Berlin",
        ]);
        text(&data, "/session/id")
    }

    /// Makes a ticket.
    #[track_caller]
    pub fn ticket(&self, notebook: &str, role: &str) -> String {
        let data = self.ok(&["invite", "create", notebook, "--as", role]);
        text(&data, "/ticket")
    }

    /// Returns this person's id.
    #[track_caller]
    pub fn id(&self) -> String {
        text(&self.ok(&["status"]), "/person/id")
    }

    /// Returns what `status` says of a notebook.
    #[track_caller]
    pub fn status_of(&self, notebook: &str) -> Value {
        let status = self.ok(&["status"]);
        let notebooks = status["notebooks"].as_array().expect("notebooks");
        let found = notebooks.iter().find(|entry| entry["id"] == notebook);
        found.expect("the notebook in status").clone()
    }
}

/// Reads a text at a JSON pointer.
#[track_caller]
pub fn text(data: &Value, pointer: &str) -> String {
    match data.pointer(pointer).and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => panic!("no text at {pointer} in {data}"),
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    /// The command, for messages.
    pub command: String,
    /// The exit code; `None` where a signal ended it.
    pub exit: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl Ran {
    /// Takes over what a process left.
    pub fn new(arguments: &[&str], output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self {
            command: arguments.join(" "),
            exit: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Returns the one JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.stdout.lines().count(),
            1,
            "one document on one line: {self:?}"
        );
        match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(error) => panic!("no JSON ({error}): {self:?}"),
        }
    }

    /// Checks that it succeeded and returns `data`.
    #[track_caller]
    pub fn data(&self) -> Value {
        assert_eq!(self.exit, Some(0), "{self:?}");
        let document = self.json();
        assert_eq!(document["ok"], Value::Bool(true), "{self:?}");
        assert!(document.get("error").is_none(), "{self:?}");
        document["data"].clone()
    }

    /// Checks how it failed and returns `error`.
    #[track_caller]
    pub fn error(&self, exit: i32, code: &str) -> Value {
        assert_eq!(self.exit, Some(exit), "{self:?}");
        let document = self.json();
        assert_eq!(document["ok"], Value::Bool(false), "{self:?}");
        assert!(document.get("data").is_none(), "{self:?}");
        let error = &document["error"];
        assert_eq!(error["code"], code, "{self:?}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "a message is missing: {self:?}");
        assert!(error["hint"].is_string(), "a hint is missing: {self:?}");
        error.clone()
    }
}
