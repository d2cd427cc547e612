//! Files of resources, a part at a time: through the node where one runs, else on the home that this process opens for all
//! of it, with a node of its own where the file is elsewhere.

use std::io::Read;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use hearth_core::limits::FILE_CHUNK_BYTES;
use serde_json::{Value, json};

use super::row::Row;
use super::told::{Told, garbled, number};
use crate::api::{Event, Exit, FILE_PART_BYTES, Failure, FileRequest, PassphraseSource, Request};
use crate::host::HomeDir;

/// How often it is asked how far a file is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Bytes of a mebibyte, in which progress is told.
const MIB: u64 = 1024 * 1024;

/// A resource to add that is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddFile {
    /// The notebook's id or name.
    pub notebook: String,
    /// What the file is called.
    pub name: String,
    /// How long it is, where that is known.
    pub bytes: Option<u64>,
    /// What the resource is called.
    pub title: String,
    /// Why it matters.
    pub why: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// Adds a file to a notebook from wherever its bytes come.
///
/// # Errors
/// What the request says, or `source`. Nothing names what was kept then, and it is dropped.
pub fn add_file(
    home: &HomeDir,
    what: AddFile,
    source: &mut dyn Read,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut row = Row::begin(home, passphrases)?;
    let added = add(&mut row, what, source, on_event);
    row.end();
    added
}

fn add(
    row: &mut Row<'_>,
    what: AddFile,
    source: &mut dyn Read,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut call = |request| row.call(Request::File(request));
    let begun = call(FileRequest::Begin {
        notebook: what.notebook,
        bytes: what.bytes,
    })?;
    let id = number(&begun, "id")?;
    let mut told = Told::new("Adding the file, in MiB:");
    let mut done = 0;
    let mut put = || {
        loop {
            let part = read_part(source)?;
            if part.is_empty() {
                return Ok(());
            }
            done += part.len() as u64;
            let bytes = BASE64.encode(&part);
            call(FileRequest::Add { id, bytes })?;
            tell(&mut told, done, what.bytes, on_event);
        }
    };
    if let Err(failure) = put() {
        // Where this fails as well, the next node drops it.
        let _dropped_later = call(FileRequest::Drop { id });
        return Err(failure);
    }
    call(FileRequest::Finish {
        id,
        name: what.name,
        title: what.title,
        why: what.why,
        tags: what.tags,
    })
}

fn read_part(source: &mut dyn Read) -> Result<Vec<u8>, Failure> {
    let mut part = Vec::new();
    let mut source = source.take(FILE_PART_BYTES as u64);
    source.read_to_end(&mut part).map_err(|error| {
        Failure::error("input_failed", format!("The file cannot be read: {error}."))
    })?;
    Ok(part)
}

/// Hands out the file of a resource, once all of it is here: what is not comes from whoever has it. `patience` is how long
/// nothing of it may come.
///
/// # Errors
/// Exit code 13 where nobody who has it answers; what came stays, and the next call goes on from there. What `sink` got is
/// no file then.
pub fn get_file(
    home: &HomeDir,
    resource: &str,
    patience: Duration,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut row = Row::begin(home, passphrases)?;
    let begun = row.call(want(resource));
    let got = begun.and_then(|answer| get(&mut row, answer, patience, sink, on_event));
    row.end();
    got
}

fn get(
    row: &mut Row<'_>,
    first: Value,
    patience: Duration,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let id = first["resource"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let was_here = number(&first["resource"]["file"], "parts_here")?;
    let mut answer = fetched(row, first, &id, patience, on_event)?;
    let bytes = number(&answer["resource"]["file"], "bytes")?;
    let hash = answer["resource"]["file"]["hash"].clone();
    let mut hasher = blake3::Hasher::new();
    let mut told = Told::new("Writing the file, in MiB:");
    let (mut chunk, mut done) = (0_u64, 0);
    loop {
        let resource = id.clone();
        let next = u32::try_from(chunk).map_err(|_| garbled())?;
        let read = row.call(Request::File(FileRequest::Read {
            resource,
            chunk: next,
        }));
        let part = match read {
            // It counts as missing now, and comes again from somebody else.
            Err(failure) if ["file_damaged", "file_not_here"].contains(&failure.code.as_str()) => {
                let asked = row.call(want(&id))?;
                answer = fetched(row, asked, &id, patience, on_event)?;
                continue;
            }
            part => part?,
        };
        let text = part["bytes"].as_str().ok_or_else(garbled)?;
        let part_bytes = BASE64.decode(text.as_bytes()).map_err(|_| garbled())?;
        hasher.update(&part_bytes);
        sink(&part_bytes)?;
        done += part_bytes.len() as u64;
        tell(&mut told, done, Some(bytes), on_event);
        chunk += number(&part, "chunks")?;
        if part["last"] == true {
            break;
        }
    }
    if hash.as_str() != Some(hasher.finalize().to_hex().as_str()) {
        return Err(Failure::new(
            Exit::Damaged,
            "file_made_up",
            "What is in the file is not what the notebook says: it was made up.",
        )
        .with_hint("Ask whoever added it to add it again."));
    }
    let parts = number(&answer["resource"]["file"], "parts")?;
    answer["parts_fetched"] = json!(parts.saturating_sub(was_here));
    Ok(answer)
}

/// Waits until all of a file is here.
fn fetched(
    row: &mut Row<'_>,
    first: Value,
    id: &str,
    patience: Duration,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let mut answer = first;
    if is_here(&answer) {
        return Ok(answer);
    }
    row.link()?;
    let mut told = Told::new("Fetching the file, in MiB:");
    let mut last = (parts_here(&answer)?, Instant::now());
    let mut wrong = Value::Null;
    loop {
        answer = row.call(want(id))?;
        if answer["wrong"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
        {
            wrong = answer["wrong"].clone();
        }
        let here = parts_here(&answer)?;
        if is_here(&answer) {
            answer["wrong"] = if wrong.is_null() { json!([]) } else { wrong };
            return Ok(answer);
        }
        if here != last.0 {
            last = (here, Instant::now());
        } else if last.1.elapsed() >= patience {
            return Err(out_of_reach(&answer));
        }
        const CHUNK: u64 = FILE_CHUNK_BYTES as u64;
        let bytes = number(&answer["resource"]["file"], "bytes")?;
        tell(&mut told, (here * CHUNK).min(bytes), Some(bytes), on_event);
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The failure for a file that did not come.
fn out_of_reach(answer: &Value) -> Failure {
    let names = |key: &str| -> Vec<String> {
        let devices = answer[key].as_array().into_iter().flatten();
        devices.map(whose).collect()
    };
    let file = &answer["resource"]["file"];
    let name = file["name"].as_str().unwrap_or_default();
    let parts = |key: &str| file[key].as_u64().unwrap_or_default();
    let message = match parts("parts_here") {
        0 => format!("Nobody who has the file {name} answers."),
        here => format!(
            "Nobody who has the rest of the file {name} answers; {here} of its {} parts are here and stay.",
            parts("parts")
        ),
    };
    let by = answer["resource"]["created_by"]["name"].as_str();
    let mut hints = Vec::new();
    if let Some(by) = by.filter(|by| !by.is_empty()) {
        hints.push(format!(
            "{by} added it: it comes once a device of theirs is online with `hearth up`, or somebody else who has fetched it, or \
             a mirror that was given it."
        ));
    }
    let (lacking, wrong) = (names("lacking"), names("wrong"));
    if !lacking.is_empty() {
        hints.push(format!("Asked, and without it: {}.", lacking.join(", ")));
    }
    if !wrong.is_empty() {
        hints.push(format!(
            "Sent something else, which was not taken: {}.",
            wrong.join(", ")
        ));
    }
    hints.push("Run the command again then: it goes on from there.".to_owned());
    Failure::new(Exit::Unreachable, "file_out_of_reach", message)
        .with_hint(hints.join(" "))
        .with_details(answer.clone())
}

fn whose(device: &Value) -> String {
    let text = |key: &str| device[key].as_str().unwrap_or_default().to_owned();
    if device["mirror"].is_string() {
        return format!("the mirror {}", text("device_label"));
    }
    let (name, label) = (text("name"), text("device_label"));
    if name.is_empty() || label.contains(&name) {
        label
    } else {
        format!("{name}'s {label}")
    }
}

fn want(resource: &str) -> Request {
    Request::File(FileRequest::Want {
        resource: resource.to_owned(),
    })
}

fn is_here(answer: &Value) -> bool {
    answer["resource"]["file"]["here"] == true
}

fn parts_here(answer: &Value) -> Result<u64, Failure> {
    number(&answer["resource"]["file"], "parts_here")
}

/// Says how far it is in mebibytes.
fn tell(told: &mut Told, done: u64, total: Option<u64>, on_event: &mut dyn FnMut(Event)) {
    told.tell(done / MIB, total.map(|total| total.div_ceil(MIB)), on_event);
}
