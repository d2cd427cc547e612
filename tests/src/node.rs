//! A node: a process of `hearth up`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::person::Person;
use crate::wait::{READY_TIMEOUT, until};

/// How long a node may take to end after SIGTERM.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Where a node's warnings go, in the person's folder.
const LOG_NAME: &str = "node.stderr";

/// A running node; killed by its own id when dropped.
#[derive(Debug)]
pub struct RunningNode {
    child: Child,
    ready: Value,
}

impl RunningNode {
    /// Starts a node on the IPv4 loopback address, at the port that it keeps.
    #[track_caller]
    pub fn up(person: &Person) -> Self {
        Self::listening(person, "127.0.0.1:0")
    }

    /// Starts a node that listens on `address` and waits until it is ready.
    #[track_caller]
    pub fn listening(person: &Person, address: &str) -> Self {
        Self::spawned(person.command(&["up", "--listen", address]), person)
    }

    /// Starts a node as the command says; it must print the ready line on its stdout.
    #[track_caller]
    pub fn spawned(mut command: Command, person: &Person) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(person.folder().join(LOG_NAME))
            .expect("a file for the warnings");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("hearth runs");
        let stdout = child.stdout.take().expect("its standard output");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // Nobody listens any more where the wait was over.
            let _late = sender.send(read.map(|_| line));
        });
        let mut node = Self {
            child,
            ready: Value::Null,
        };
        let line = lines.recv_timeout(READY_TIMEOUT);
        let ready = match &line {
            Ok(Ok(line)) => serde_json::from_str::<Value>(line).unwrap_or_default(),
            _ => Value::Null,
        };
        let warnings = Self::log_of(person);
        assert_eq!(
            ready["ok"],
            Value::Bool(true),
            "{}'s node is not ready: {line:?}\n{warnings}",
            person.name()
        );
        node.ready = ready["data"].clone();
        node
    }

    /// What this person's nodes have warned of so far.
    pub fn log_of(person: &Person) -> String {
        std::fs::read_to_string(person.folder().join(LOG_NAME)).unwrap_or_default()
    }

    /// Returns `data` of the ready line.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Returns the UDP port.
    #[track_caller]
    pub fn port(&self) -> u16 {
        let port = self.ready.pointer("/udp/port").and_then(Value::as_u64);
        let port = port.and_then(|port| u16::try_from(port).ok());
        port.expect("the port in the ready line")
    }

    /// Returns the id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Says whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Has the process stand still, as a laptop does whose lid is closed.
    #[track_caller]
    pub fn freeze(&self) {
        signal("STOP", self.pid());
    }

    /// Lets the process go on.
    #[track_caller]
    pub fn thaw(&self) {
        signal("CONT", self.pid());
    }

    /// Ends the process as a power cut would: it gets no chance to do anything.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }

    /// Asks the process to end (SIGTERM) and checks that it does so cleanly.
    #[track_caller]
    pub fn stop(mut self) {
        signal("TERM", self.pid());
        let status = until("the node ends after SIGTERM", STOP_TIMEOUT, || {
            self.child.try_wait().expect("the process can be asked")
        });
        assert_eq!(status.code(), Some(0), "the node did not end cleanly");
    }
}

impl Drop for RunningNode {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Sends a signal to one process. The shell has `kill` built in; the program may be missing.
#[track_caller]
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status()
        .expect("sh runs");
    assert!(sent.success(), "signal {name} did not reach process {pid}");
}

/// Kills a process that still runs.
pub(crate) fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        // It may end by itself at this moment, which is as good.
        let _gone = child.kill();
        let _gone = child.wait();
    }
}
