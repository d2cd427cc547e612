//! Other processes of this same program, where what is measured is a process: its start, its memory.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use hearth_node::api::Request;
use hearth_node::host::HomeDir;
use hearth_node::run;
use serde_json::{Value, json};

use crate::homes::{NoPassphrase, failed};
use crate::{bootstrap, opening};

const ASKED: &str = "HEARTH_BENCH_CHILD";

/// Says whether this process is such a one.
pub(crate) fn is_asked() -> bool {
    std::env::var_os(ASKED).is_some()
}

/// Does what this process is for, and prints what came of it as one line of JSON.
pub(crate) async fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match arguments.as_slice() {
        ["call", home, request] => tokio::task::block_in_place(|| call(home, request))?,
        ["up", home] => tokio::task::block_in_place(|| up(home))?,
        ["open", rest @ ..] => opening::child(rest)?,
        ["load", rest @ ..] => opening::peer_child(rest)?,
        ["bootstrap", rest @ ..] => bootstrap::child(rest).await?,
        ["peer", rest @ ..] => bootstrap::peer_child(rest).await?,
        other => bail!("nothing is called {other:?}"),
    };
    println!("{answer}");
    Ok(())
}

/// Starts such a process.
pub(crate) fn start(arguments: &[&str]) -> Result<Child> {
    Ok(Command::new(std::env::current_exe()?)
        .args(arguments)
        .env(ASKED, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?)
}

/// Runs such a process to its end and returns what it printed.
pub(crate) fn finish(arguments: &[&str]) -> Result<Value> {
    let output = start(arguments)?.wait_with_output()?;
    ensure!(output.status.success(), "{arguments:?} failed");
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().last().context("it printed nothing")?;
    Ok(serde_json::from_str(line)?)
}

/// One command, as the program does it.
fn call(home: &str, request: &str) -> Result<Value> {
    let request: Request = serde_json::from_str(request)?;
    let home = HomeDir::new(home, None);
    let answer = run::call(&home, request, &mut NoPassphrase, &mut |_| {}).map_err(failed)?;
    Ok(answer)
}

/// `hearth up`.
fn up(home: &str) -> Result<Value> {
    let home = HomeDir::new(home, None);
    let listen = "127.0.0.1:0".parse()?;
    let mut ready = |line: Value| println!("{line}");
    run::up(
        &home,
        run::UpOptions {
            listen: Some(listen),
            welcomes: false,
        },
        None,
        &mut NoPassphrase,
        None,
        &mut ready,
    )
    .map_err(failed)?;
    Ok(json!({ "peak_mib": peak_mib("self")? }))
}

/// Returns the most memory that a process held at once, in mebibytes.
pub(crate) fn peak_mib(process: &str) -> Result<f64> {
    field_mib(process, "VmHWM:")
}

/// Returns the memory that a process holds now, in mebibytes.
pub(crate) fn held_mib(process: &str) -> Result<f64> {
    field_mib(process, "VmRSS:")
}

fn field_mib(process: &str, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(process).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: f64 = kibibytes.context("no such field")?.parse()?;
    Ok(kibibytes / 1_024.0)
}

/// Has the most memory of a process counted anew from here on.
pub(crate) fn forget_peak(process: &str) -> Result<()> {
    let path = Path::new("/proc").join(process).join("clear_refs");
    Ok(std::fs::write(path, "5")?)
}
