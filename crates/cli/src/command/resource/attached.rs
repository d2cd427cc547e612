//! The files of resources: read from where they are, and written where they are wanted.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use hearth_node::api::{Failure, Request, ResourceRequest};
use serde_json::json;

use crate::backend::AddFileOptions;
use crate::context::{Context, absolute};
use crate::file::{self, GrowingFile};
use crate::output::{Answer, view};

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What a file is called where it is.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().filter(|_| !is_dash(path));
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn here() -> String {
    std::env::current_dir().map_or_else(
        |_| "which is gone".to_owned(),
        |here| here.display().to_string(),
    )
}

/// Adds a resource that is a file.
pub(super) fn add(
    context: &mut Context<'_>,
    options: AddFileOptions,
    path: &Path,
) -> Result<Answer, Failure> {
    let data = if is_dash(path) {
        if context.environment.terminal_stdin {
            return Err(
                Failure::usage("input_missing", "There is no file on standard input.").with_hint(
                    "Give --file PATH, or send one in: `hearth resource add NB TITLE --file - < PATH`.",
                ),
            );
        }
        send(context, options, &mut io::stdin().lock())?
    } else {
        let unreadable = |error: io::Error| {
            let message = format!("{} cannot be read: {error}.", path.display());
            match error.kind() {
                io::ErrorKind::NotFound => {
                    let from = match path.parent() {
                        Some(folder) if path.is_absolute() && folder.is_dir() => {
                            format!("Look into {}", folder.display())
                        }
                        _ if path.is_absolute() => "Look where it is".to_owned(),
                        _ => format!(
                            "A path counts from the folder that you are in, {}. Correct it",
                            here()
                        ),
                    };
                    Failure::not_found("file_not_found", message).with_hint(format!(
                        "{from}, and give --file PATH again; a path with spaces stands in quotes."
                    ))
                }
                io::ErrorKind::PermissionDenied => Failure::error("input_failed", message)
                    .with_hint(
                        "Give yourself the right to read it, or copy it to where you have that.",
                    ),
                _ => Failure::error("input_failed", message)
                    .with_hint("Copy it to another disk, and give --file with that path."),
            }
        };
        let mut opened = File::open(path).map_err(unreadable)?;
        let facts = opened.metadata().map_err(unreadable)?;
        if facts.is_dir() {
            let message = format!("{} is a folder.", path.display());
            return Err(Failure::usage("input_failed", message)
                .with_hint("Give a file in it, or pack the folder into one."));
        }
        let bytes = facts.is_file().then_some(facts.len());
        send(context, AddFileOptions { bytes, ..options }, &mut opened)?
    };
    Ok(Answer::page(data, view::resource::show))
}

fn send(
    context: &mut Context<'_>,
    options: AddFileOptions,
    source: &mut dyn Read,
) -> Result<serde_json::Value, Failure> {
    context.with_progress(|backend, on_event| backend.add_file(options, source, on_event))
}

/// Gets the file of a resource.
pub(super) fn get(
    context: &mut Context<'_>,
    resource: String,
    out: Option<&Path>,
    timeout_ms: u64,
) -> Result<Answer, Failure> {
    if let Some(out) = out
        && is_dash(out)
    {
        return to_stdout(context, &resource, timeout_ms);
    }
    let (path, resource) = match out {
        Some(out) if !out.is_dir() => (absolute(out)?, resource),
        folder => {
            let show = Request::Resource(ResourceRequest::Show { resource });
            let shown = context.call(show)?;
            let id = shown["resource"]["id"].as_str().unwrap_or_default();
            let Some(name) = shown["resource"]["file"]["name"].as_str() else {
                return Err(Failure::not_found(
                    "no_file",
                    "This resource has no file, only a title and a link.",
                )
                .with_hint(format!("Read it with `hearth resource show {id}`.")));
            };
            let folder = folder.unwrap_or(Path::new("."));
            (absolute(&folder.join(plain(name)?))?, id.to_owned())
        }
    };
    let overwrite = context.may_overwrite(&path)?;
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(file::exists(&path));
    }
    let mut growing = GrowingFile::beside(&path)?;
    let mut data = context.with_progress(|backend, on_event| {
        let mut sink = |bytes: &[u8]| growing.append(bytes);
        backend.get_file(&resource, timeout_ms, &mut sink, on_event)
    })?;
    data["out"] = json!(path.to_string_lossy());
    growing.keep(overwrite)?;
    Ok(Answer::page(data, view::resource::got))
}

/// Takes a name for a file as one that leads nowhere.
fn plain(name: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(name);
    if path
        .file_name()
        .is_some_and(|only| only == path.as_os_str())
    {
        return Ok(path.to_owned());
    }
    Err(Failure::error(
        "name_unsafe",
        format!("The file has the unsafe name `{name}`."),
    )
    .with_hint("Give --out PATH."))
}

fn to_stdout(
    context: &mut Context<'_>,
    resource: &str,
    timeout_ms: u64,
) -> Result<Answer, Failure> {
    if context.output.json {
        return Err(Failure::usage(
            "out_invalid",
            "With --json standard output is taken, so the file cannot go there.",
        )
        .with_hint("Give --out PATH."));
    }
    if context.environment.terminal_stdout {
        return Err(Failure::usage(
            "out_invalid",
            "A file may be anything, and what it holds is not printed on a terminal.",
        )
        .with_hint("Give --out PATH, or send it on: `… --out - | less`."));
    }
    let failed = |error: io::Error| {
        Failure::error(
            "write_failed",
            format!("The file could not be written: {error}."),
        )
    };
    let mut stdout = io::stdout().lock();
    let data = context.with_progress(|backend, on_event| {
        let mut sink = |bytes: &[u8]| stdout.write_all(bytes).map_err(failed);
        backend.get_file(resource, timeout_ms, &mut sink, on_event)
    })?;
    stdout.flush().map_err(failed)?;
    context.explain(&data, view::resource::got)?;
    Ok(Answer::streamed())
}
