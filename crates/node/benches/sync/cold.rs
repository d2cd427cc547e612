//! What a command takes: from a cold process, and through a running node. The processes are started for it, so
//! their start and end count.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hearth_notebook::session;
use serde_json::json;

use crate::child;
use crate::homes::failed;
use crate::report::{Goal, Report, percentile};
use crate::written::Written;

/// Times that each command is repeated; the median counts.
const ROUNDS: usize = 9;
/// How long a command may take by itself.
const COLD_MAX_MS: f64 = 50.0;
/// How long it may take where a node runs.
const NODE_MAX_MS: f64 = 15.0;

/// Measures the commands and adds their lines.
pub(crate) async fn report(written: &Written, folder: &Path, report: &mut Report) -> Result<()> {
    let homes = written.homes.copy_to(&folder.join("cold"))?;
    let home = homes.home("first");
    let root = home.root().to_str().context("an odd folder")?;
    let search = json!({ "search": { "text": "abandon abil", "limit": 10 } });
    let commands = [
        ("today", json!({ "today": {} })),
        (
            "goal list",
            json!({ "goal": { "list": { "notebook": written.notebook.to_string() } } }),
        ),
        ("search", search.clone()),
        (
            "session show",
            json!({ "session": { "show": { "session": written.last.to_string() } } }),
        ),
    ];
    let first = once(root, &search.to_string())?;
    report.alone("open: the first search of all", first, Goal::None);
    for (name, request) in &commands {
        let time = median(root, &request.to_string())?;
        report.alone(
            &format!("open: {name}, cold"),
            time,
            Goal::Most(COLD_MAX_MS),
        );
    }
    let mut host = homes.open_one("first")?;
    host.edit(written.notebook, |docs, writer| {
        session::append_notes(
            docs,
            writer,
            written.last,
            "One more line about abandoned plans.",
        )
        .map(drop)
    })
    .map_err(failed)?;
    drop(host);
    let after = once(root, &search.to_string())?;
    report.alone(
        "open: search, cold, after an edit",
        after,
        Goal::Most(COLD_MAX_MS),
    );

    let mut node = child::start(&["up", root])?;
    let mut lines = BufReader::new(node.stdout.take().context("no output")?).lines();
    lines.next().context("the node did not start")??;
    for (name, request) in &commands {
        let first = once(root, &request.to_string())?;
        let time = median(root, &request.to_string())?;
        eprintln!("{name} through a node: {first:?} the first time, {time:?} then");
        report.alone(
            &format!("open: {name}, node"),
            time,
            Goal::Most(NODE_MAX_MS),
        );
    }
    child::finish(&["call", root, "\"shutdown\""])?;
    node.wait()?;
    Ok(())
}

fn median(home: &str, request: &str) -> Result<Duration> {
    let mut times = (0..ROUNDS)
        .map(|_| once(home, request))
        .collect::<Result<Vec<_>>>()?;
    times.sort();
    Ok(percentile(&times, 50))
}

fn once(home: &str, request: &str) -> Result<Duration> {
    let start = Instant::now();
    child::finish(&["call", home, request])?;
    Ok(start.elapsed())
}
