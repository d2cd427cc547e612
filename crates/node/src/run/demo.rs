//! `hearth demo`: two real nodes, each its own process and home.
//!
//! Everything goes through the command itself, as two people would use it. The end is not claimed: it
//! compares what both nodes say that they have, and both exports byte for byte.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::Failure;

/// How long both sides may take to agree after they meet again.
const AGREE_WITHIN: Duration = Duration::from_secs(30);
/// How long a node may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a node may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Runs the demonstration with the program `hearth`.
///
/// # Errors
/// A [`Failure`] that names the step where one fails, or where both sides differ at the end.
pub fn demo(hearth: &Path, keep: bool, on_step: &mut dyn FnMut(Value)) -> Result<Value, Failure> {
    let folder = Folder::make(keep)?;
    let mut stage = Stage {
        on_step,
        steps: Vec::new(),
        since: Instant::now(),
    };
    let ana = Person::new(hearth, &folder.path, "Ana", "Ana's laptop");
    let ben = Person::new(hearth, &folder.path, "Ben", "Ben's laptop");
    let (converged, compared) = play(&ana, &ben, &mut stage)?;
    let steps = stage.steps;
    let mut data = json!({ "converged": converged, "steps": steps, "compared": compared });
    if keep {
        data["home"] = json!(folder.path);
    }
    if converged {
        Ok(data)
    } else {
        Err(
            Failure::error("demo_diverged", "The two copies differ after the sync.")
                .with_details(data),
        )
    }
}

fn play(ana: &Person, ben: &Person, stage: &mut Stage<'_>) -> Result<(bool, Value), Failure> {
    for person in [ana, ben] {
        person.run(&[
            "init",
            "--name",
            person.name,
            "--device",
            person.device,
            "--unlock",
            "bare",
            "--yes",
        ])?;
    }
    stage.did("Ana and Ben each make an identity in a home of their own");

    let ana_node = ana.up()?;
    let ben_node = ben.up()?;
    stage.did("both start their node: two processes that know nothing of each other");

    let created = ana.run(&["notebook", "create", "Ana and Ben", "--form", "one-on-one"])?;
    let notebook = text(&created, "/notebook/id")?;
    ana.run(&[
        "goal",
        "add",
        &notebook,
        "Speak at the spring meeting",
        "--why",
        "To be heard beyond the team",
    ])?;
    let planned = ana.run(&[
        "session",
        "plan",
        &notebook,
        "--at",
        "2027-01-12 15:00",
        "--zone",
        "Europe/Berlin",
    ])?;
    let session = text(&planned, "/session/id")?;
    ana.feed(
        &["session", "notes", &session, "--from", "-"],
        "# First meeting\n\nWhat we hope for.\n",
    )?;
    stage.did("Ana makes a notebook, a goal and a first session");

    let invite = ana.run(&["invite", "create", &notebook, "--as", "mentee"])?;
    let joined = ben.run(&["join", &text(&invite, "/ticket")?])?;
    let words = text(&joined, "/words")?;
    let ben_id = person_named(&ana.run(&["member", "list", &notebook])?, "Ben")?;
    let at_ana = text(
        &ana.run(&["member", "verify", &notebook, &ben_id])?,
        "/words",
    )?;
    if at_ana != words {
        return Err(Failure::error(
            "demo_words_differ",
            "The verification words differ.",
        ));
    }
    stage.did(format!(
        "Ben joins with one ticket; both see the words \u{201c}{words}\u{201d}"
    ));

    ana_node.stop()?;
    ben_node.stop()?;
    stage.did("both nodes stop: from here on each writes alone");

    ana.feed(
        &["session", "notes", &session, "--append", "--from", "-"],
        "\nAna, on the train: start with the abstract.\n",
    )?;
    ana.run(&[
        "action",
        "add",
        &notebook,
        "Send the call for talks",
        "--due",
        "2027-01-20",
    ])?;
    ben.feed(
        &["session", "notes", &session, "--append", "--from", "-"],
        "\nBen, at home: three talks that I admired.\n",
    )?;
    ben.run(&["ask", &notebook, "How long should the first draft be?"])?;
    stage.did("offline, both write into the same notes; Ana adds an action, Ben asks a question");

    let ana_node = ana.up()?;
    let ben_node = ben.up()?;
    let met = Instant::now();
    let mut same = compare(ana, ben, &notebook)?;
    while !same.0 && met.elapsed() < AGREE_WITHIN {
        std::thread::sleep(Duration::from_millis(50));
        same = compare(ana, ben, &notebook)?;
    }
    if same.0 {
        stage.did(format!(
            "both nodes are back, find each other and agree after {} ms",
            met.elapsed().as_millis()
        ));
    } else {
        stage.did("both nodes are back, and their copies differ");
    }
    ana_node.stop()?;
    ben_node.stop()?;
    Ok(same)
}

/// Compares what both nodes say that they have, and both exports byte for byte.
fn compare(ana: &Person, ben: &Person, notebook: &str) -> Result<(bool, Value), Failure> {
    let both = [ana, ben].map(|person| {
        let shown = person.run(&["notebook", "show", notebook])?;
        let heads = shown
            .pointer("/notebook/heads")
            .cloned()
            .unwrap_or_default();
        let out = person.home.with_extension("export.json");
        let out_text = out.to_string_lossy().into_owned();
        person.run(&[
            "export", notebook, "--format", "json", "--out", &out_text, "--yes",
        ])?;
        let export = std::fs::read(&out).map_err(|error| failed("export", &error))?;
        Ok::<_, Failure>((heads, export))
    });
    let [first, second] = both;
    let ((ana_heads, ana_export), (ben_heads, ben_export)) = (first?, second?);
    // What neither side says is not the same.
    let is_told = ana_heads.as_array().is_some_and(|heads| !heads.is_empty());
    let heads_equal = is_told && ana_heads == ben_heads;
    let exports_equal = ana_export == ben_export;
    let digest = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    let compared = json!({
        "heads_equal": heads_equal,
        "heads": [ana_heads, ben_heads],
        "exports_equal": exports_equal,
        "export_bytes": [ana_export.len(), ben_export.len()],
        "export_blake3": [digest(&ana_export), digest(&ben_export)],
    });
    Ok((heads_equal && exports_equal, compared))
}

/// Tells the steps as they are done, with what each took.
struct Stage<'a> {
    on_step: &'a mut dyn FnMut(Value),
    steps: Vec<Value>,
    since: Instant,
}

impl Stage<'_> {
    fn did(&mut self, what: impl Into<String>) {
        let took = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let step = json!({ "what": what.into(), "took_ms": took });
        (self.on_step)(step.clone());
        self.steps.push(step);
        self.since = Instant::now();
    }
}

/// A folder of the demonstration's own, removed at the end unless it is to be kept.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn make(keep: bool) -> Result<Self, Failure> {
        let name = format!(
            "hearth-demo-{}-{:08x}",
            std::process::id(),
            rand_core::Rng::next_u32(&mut crate::host::random())
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|error| failed("making a temporary folder", &error))?;
        Ok(Self { path, keep })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What is left in the system's temporary folder goes with it some day.
            let _left_behind = std::fs::remove_dir_all(&self.path);
        }
    }
}

struct Person<'a> {
    hearth: &'a Path,
    home: PathBuf,
    name: &'a str,
    device: &'a str,
}

impl<'a> Person<'a> {
    fn new(hearth: &'a Path, folder: &Path, name: &'a str, device: &'a str) -> Self {
        Self {
            hearth,
            home: folder.join(name.to_lowercase()),
            name,
            device,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.hearth);
        command
            .arg("--home")
            .arg(&self.home)
            .args(["--json", "--no-input"])
            .args(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let output = self
            .command(arguments)
            .output()
            .map_err(|error| failed(self.name, &error))?;
        self.data(arguments, &output.stdout, &output.stderr)
    }

    fn feed(&self, arguments: &[&str], input: &str) -> Result<Value, Failure> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| failed(self.name, &error))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin
                .write_all(input.as_bytes())
                .map_err(|error| failed(self.name, &error))?;
        }
        let output = child
            .wait_with_output()
            .map_err(|error| failed(self.name, &error))?;
        self.data(arguments, &output.stdout, &output.stderr)
    }

    fn data(&self, arguments: &[&str], stdout: &[u8], stderr: &[u8]) -> Result<Value, Failure> {
        let answer: Value = serde_json::from_slice(stdout).unwrap_or_default();
        if answer["ok"] == json!(true) {
            return Ok(answer["data"].clone());
        }
        let what = arguments
            .iter()
            .take(2)
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        let why = answer["error"]["message"].as_str().map_or_else(
            || String::from_utf8_lossy(stderr).into_owned(),
            ToOwned::to_owned,
        );
        Err(Failure::error(
            "demo_failed",
            format!("{}: `hearth {what}` failed: {}", self.name, why.trim()),
        ))
    }

    /// Starts this person's node on loopback and waits until it is ready.
    fn up(&self) -> Result<RunningNode, Failure> {
        let mut child = self
            .command(&["up", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(self.name, &error))?;
        let stdout = child.stdout.take();
        let node = RunningNode {
            child,
            hearth: self.hearth.to_owned(),
            home: self.home.clone(),
        };
        let line = stdout.and_then(first_line).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        if ready["ok"] == json!(true) {
            Ok(node)
        } else {
            let why = ready["error"]["message"]
                .as_str()
                .unwrap_or("it ended before it was ready, or took too long");
            Err(Failure::error(
                "demo_failed",
                format!("{}'s node did not start: {why}", self.name),
            ))
        }
    }
}

/// A node's process; ended by its own id when dropped.
struct RunningNode {
    child: Child,
    hearth: PathBuf,
    home: PathBuf,
}

impl RunningNode {
    /// Has the node stop by itself.
    fn stop(mut self) -> Result<(), Failure> {
        let told = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .is_some_and(|pid| {
                rustix::process::kill_process(pid, rustix::process::Signal::TERM).is_ok()
            });
        if !told {
            return Err(Failure::error(
                "demo_failed",
                format!("{} could not be told to stop", self.home.display()),
            ));
        }
        let since = Instant::now();
        while since.elapsed() < STOP_WITHIN {
            match self.child.try_wait() {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(failed("a node", &error)),
            }
        }
        Err(Failure::error(
            "demo_failed",
            format!("a node of {} did not stop", self.hearth.display()),
        ))
    }
}

impl Drop for RunningNode {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _gone = self.child.kill();
            let _gone = self.child.wait();
        }
    }
}

/// Reads the first line, for as long as a node may take to write it.
fn first_line(output: impl std::io::Read + Send + 'static) -> Option<String> {
    let (sender, line) = std::sync::mpsc::channel();
    // The thread ends with the line, or with the process that was to write it.
    std::thread::spawn(move || {
        let mut line = String::new();
        if BufReader::new(output).read_line(&mut line).is_ok() {
            let _nobody_waits = sender.send(line);
        }
    });
    line.recv_timeout(READY_WITHIN).ok()
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    Failure::error("demo_failed", format!("{what}: {error}"))
}

fn text(data: &Value, pointer: &str) -> Result<String, Failure> {
    data.pointer(pointer)
        .and_then(Value::as_str)
        .map(ToOwned::to_owned)
        .ok_or_else(|| Failure::error("demo_failed", format!("an answer lacks {pointer}")))
}

fn person_named(data: &Value, name: &str) -> Result<String, Failure> {
    data["members"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|member| member["name"] == json!(name))
        .map(|member| text(member, "/person"))
        .unwrap_or_else(|| {
            Err(Failure::error(
                "demo_failed",
                format!("{name} is no member"),
            ))
        })
}
