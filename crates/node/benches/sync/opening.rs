//! W1: how long a notebook takes to open, and how much memory a node takes with it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use automerge::{Automerge, ReadDoc};
use hearth_core::ids::NotebookId;
use hearth_node::api::{Failure, Request};
use hearth_node::host::HomeDir;
use hearth_node::service::{self, NodeFacts};
use hearth_notebook::{DocumentId, ObjectId, session};
use serde_json::{Value, json};

use crate::child;
use crate::homes::{Homes, NoPassphrase, Running, failed};
use crate::peer_script;
use crate::report::{Goal, Report, median_by, percentile};
use crate::workload::Size;
use crate::written::Written;

/// Times that each is repeated; the median counts.
const ROUNDS: usize = 5;
/// How long a node is watched from its ready line on.
const WATCH: Duration = Duration::from_secs(3);
/// Changes that are timed, and those before them.
const CHANGES: usize = 200;
const WARM_UP: usize = 20;
/// How long one may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much memory it may take meanwhile.
const MEMORY_MAX_MIB: f64 = 150.0;
/// How long a notebook of ten years may take to open.
const OPEN_MAX_MS: f64 = 100.0;

/// What opening came to.
#[derive(Debug, Clone, Copy)]
struct Opened {
    home: Duration,
    index: Duration,
    today: Duration,
    session: Duration,
    peak_mib: f64,
}

impl Opened {
    fn parse(answer: &Value) -> Result<Self> {
        let time = |name: &str| -> Result<Duration> {
            let millis = answer[name].as_f64().context("a time is missing")?;
            Ok(Duration::from_secs_f64(millis / 1e3))
        };
        Ok(Self {
            home: time("home")?,
            index: time("index")?,
            today: time("today")?,
            session: time("session")?,
            peak_mib: answer["peak_mib"].as_f64().context("no memory")?,
        })
    }
}

/// Measures a notebook and adds its lines.
pub(crate) async fn report(
    written: &Written,
    folder: &Path,
    report: &mut Report,
    name: &str,
) -> Result<()> {
    let opened = opened(written)?;
    let peer = peer(written)?;
    let goal = if name == "W1" {
        Goal::None
    } else {
        Goal::Most(OPEN_MAX_MS)
    };
    report.alone(&format!("{name} open: home"), opened.home, Goal::None);
    report.alone(&format!("{name} open: index"), opened.index, Goal::None);
    report.alone(&format!("{name} open: today"), opened.today, Goal::None);
    report.time(
        &format!("{name} open: last session"),
        opened.session,
        peer.session,
        Goal::None,
    );
    report.alone(&format!("{name} open: all four"), opened.session, goal);
    report.memory(
        &format!("{name} open: peak memory"),
        opened.peak_mib,
        Some(peer.peak_mib),
        Goal::None,
    );
    let copy = written.homes.copy_to(&folder.join(format!("{name}-up")))?;
    let (start, peak) = up(&copy.home("first"))?;
    report.alone(
        &format!("{name} up: until its ready line"),
        start,
        Goal::None,
    );
    report.memory(
        &format!("{name} up: peak memory from then on"),
        peak,
        None,
        Goal::Most(MEMORY_MAX_MIB),
    );
    Ok(())
}

/// The tenfold notebook beside the plain one.
pub(crate) async fn tenfold(folder: &Path, scale: f64, into: &mut Report) -> Result<()> {
    let mut change = Vec::new();
    for (scale, name) in [(scale, "W1"), (scale * 10.0, "W1x10")] {
        let size = Size::scaled(scale);
        let written = Written::take(folder, scale, &size).await?;
        report(&written, folder, into, name).await?;
        let homes = written
            .homes
            .copy_to(&folder.join(format!("{name}-live")))?;
        change.push(one_change(&homes, &written).await?);
    }
    if let [plain, tenfold] = change.as_slice() {
        into.time(
            "W1x10 one change, beside W1",
            *tenfold,
            *plain,
            Goal::Ratio(1.2),
        );
    }
    Ok(())
}

/// From before a character is written until the other side can read it: the median of many.
async fn one_change(homes: &Homes, written: &Written) -> Result<Duration> {
    let first = Running::start(homes.open_one("first")?).await?;
    let second = Running::start(homes.open_one("second")?).await?;
    let writer = first
        .node
        .work(|host| host.my_device())
        .await
        .map_err(failed)?;
    let mut applied = second.node.subscribe().await.map_err(failed)?;
    let (notebook, session) = (written.notebook, written.last);
    let mut times = Vec::with_capacity(CHANGES);
    for number in 0..WARM_UP + CHANGES {
        let start = Instant::now();
        let edit = first.node.work(move |host| {
            host.edit(notebook, |docs, writer| {
                session::splice_notes(docs, writer, session, number, 0, "x")
            })
        });
        edit.await.and_then(|edit| edit).map_err(failed)?;
        loop {
            let (_, change) = tokio::time::timeout(PATIENCE, applied.recv())
                .await?
                .context("the node stopped")?;
            if change.log.device == writer {
                break;
            }
        }
        if number >= WARM_UP {
            times.push(start.elapsed());
        }
    }
    first.stop().await?;
    second.stop().await?;
    times.sort();
    Ok(percentile(&times, 50))
}

fn opened(written: &Written) -> Result<Opened> {
    let home = written.homes.home("first");
    let home = home.root().to_str().context("an odd folder")?;
    let (notebook, last) = (written.notebook.to_string(), written.last.to_string());
    let rounds = (0..ROUNDS)
        .map(|_| Opened::parse(&child::finish(&["open", home, &notebook, &last])?))
        .collect::<Result<Vec<_>>>()?;
    Ok(median_by(rounds, |round| round.session))
}

fn peer(written: &Written) -> Result<Opened> {
    let path = written.peer_document();
    let path = path.to_str().context("an odd folder")?;
    let session = written.last_number.to_string();
    let rounds = (0..ROUNDS)
        .map(|_| Opened::parse(&child::finish(&["load", path, &session])?))
        .collect::<Result<Vec<_>>>()?;
    Ok(median_by(rounds, |round| round.session))
}

/// In a process of its own: opens a home, and reads as somebody does who begins their day. The times are
/// from the beginning.
pub(crate) fn child(arguments: &[&str]) -> Result<Value> {
    let [home, notebook, last] = arguments else {
        anyhow::bail!("open HOME NOTEBOOK SESSION");
    };
    let notebook: NotebookId = notebook.parse()?;
    let last: ObjectId = last.parse().map_err(|_| anyhow::anyhow!("no id"))?;
    let start = Instant::now();
    let millis = || start.elapsed().as_secs_f64() * 1e3;
    let home = HomeDir::new(*home, None);
    let mut host = home.open(&mut NoPassphrase).map_err(failed)?;
    let at_home = millis();
    host.read(notebook, |docs, _| {
        docs.read(DocumentId::INDEX)
            .map(drop)
            .map_err(|error| Failure::error("index", error.to_string()))
    })
    .map_err(failed)?;
    let at_index = millis();
    let facts = NodeFacts::default();
    let today = Request::Today { zone: None };
    service::execute(&mut host, &facts, &today, &mut |_| {}).map_err(failed)?;
    let at_today = millis();
    host.read(notebook, |docs, _| {
        session::notes(docs, last)
            .map(drop)
            .map_err(|error| Failure::error("session", error.to_string()))
    })
    .map_err(failed)?;
    let at_session = millis();
    Ok(json!({
        "home": at_home, "index": at_index, "today": at_today, "session": at_session,
        "peak_mib": child::peak_mib("self")?,
    }))
}

/// In a process of its own: opens the peer's document.
pub(crate) fn peer_child(arguments: &[&str]) -> Result<Value> {
    let [path, session] = arguments else {
        anyhow::bail!("load FILE SESSION");
    };
    let start = Instant::now();
    let document = Automerge::load(&std::fs::read(path)?)?;
    let notes = peer_script::notes(&document, session.parse()?)?;
    document.text(&notes)?;
    let millis = start.elapsed().as_secs_f64() * 1e3;
    Ok(json!({
        "home": 0.0, "index": millis, "today": millis, "session": millis,
        "peak_mib": child::peak_mib("self")?,
    }))
}

/// Starts a node, has it do what a day brings, and returns when it was ready and the most memory from then on.
fn up(home: &HomeDir) -> Result<(Duration, f64)> {
    let root = home.root().to_str().context("an odd folder")?;
    let start = Instant::now();
    let mut node = child::start(&["up", root])?;
    let mut lines = BufReader::new(node.stdout.take().context("no output")?).lines();
    lines.next().context("the node did not start")??;
    let ready = start.elapsed();
    let process = node.id().to_string();
    child::forget_peak(&process)?;
    let held = child::held_mib(&process)?;
    child::finish(&["call", root, &json!({ "today": {} }).to_string()])?;
    std::thread::sleep(WATCH);
    let peak = child::peak_mib(&process)?;
    eprintln!(
        "up: {held:.1} MiB at the ready line, {peak:.1} MiB at most in the {WATCH:?} after it"
    );
    let search = json!({ "search": { "text": "word", "limit": 5 } });
    child::finish(&["call", root, &search.to_string()])?;
    eprintln!(
        "up: {:.1} MiB at most with a search",
        child::peak_mib(&process)?
    );
    child::finish(&["call", root, "\"shutdown\""])?;
    node.wait()?;
    Ok((ready, peak))
}
