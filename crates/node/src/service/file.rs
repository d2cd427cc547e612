//! Files of resources: added and read a part at a time, fetched from whoever has them, and dropped once nothing names them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use data_encoding::BASE64;
use hearth_core::crypto::Secret;
use hearth_core::engine::{FileAdding, FileError, FileProgress, FileRef, NamedFile};
use hearth_core::file::{LIST, chunks_of};
use hearth_core::ids::{DeviceId, FileRoot, NotebookId};
use hearth_core::replica::EditFailed;
use hearth_core::storage::{Space, Storage as _};
use hearth_notebook::file::AttachedFile;
use hearth_notebook::resource::{self, NewResource, ResourceView};
use hearth_notebook::{Kind, closure};
use serde_json::{Value, json};

use super::answer::{data, person, read_failed, unavailable, with};
use super::carry::carry_file;
use super::resolve::{find_notebook, find_object, listed};
use crate::api::{Exit, FILE_PART_BYTES, Failure, FileRequest};
use crate::host::{Host, edit_failed, invalid, no_notebook, random, sentence, storage_failed};

/// How long files that are dropped may keep the engine at a time, in milliseconds.
const DROP_MS_MAX: u128 = 100;

/// How long a file is taken over at a time that another notebook of this device has: somebody waits for it.
const CARRY_MAX: Duration = Duration::from_millis(100);

/// Does what a request about files asks.
pub(super) fn execute(host: &mut Host, request: &FileRequest) -> Result<Value, Failure> {
    match request {
        FileRequest::Begin { notebook, bytes } => begin(host, notebook, *bytes),
        FileRequest::Add { id, bytes } => add(host, *id, bytes),
        FileRequest::Finish {
            id,
            name,
            title,
            why,
            tags,
        } => {
            let new = NewResource {
                title: title.clone(),
                why: why.clone(),
                tags: tags.clone(),
                ..NewResource::default()
            };
            finish(host, *id, name, new)
        }
        FileRequest::Drop { id } => {
            host.files.take(*id);
            drop_leftovers(host);
            Ok(json!({ "dropped": true }))
        }
        FileRequest::Want { resource } => want(host, resource),
        FileRequest::Read { resource, chunk } => read(host, resource, *chunk),
    }
}

fn begin(host: &mut Host, notebook: &str, bytes: Option<u64>) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    super::journal::refuse(host, notebook)?;
    host.reopen_if_wanted(notebook)?;
    // What cannot be named in the end is not read to its end first.
    host.read(notebook, |docs, _| {
        closure::refuse_if_closed(docs).map_err(|error| invalid(&error))
    })?;
    let device = host.my_device();
    let replica = host.engine.replica(notebook).ok_or_else(no_notebook)?;
    if !replica.membership().may_write(&device) {
        return Err(edit_failed(EditFailed::NotAllowed));
    }
    let Host {
        engine, storage, ..
    } = &mut *host;
    let begun = engine.begin_file(notebook, bytes, Host::now_ms(), storage, &mut random());
    let adding = begun.map_err(file_failed)?;
    Ok(json!({ "id": host.files.add(adding) }))
}

fn add(host: &mut Host, id: u64, bytes: &str) -> Result<Value, Failure> {
    let mut adding = host.files.take(id).ok_or_else(gone)?;
    let bytes = BASE64
        .decode(bytes.as_bytes())
        .map_err(|_| Failure::usage("bytes_invalid", "The part of the file is no base64."))?;
    if let Err(error) = adding.push(&bytes, &mut host.storage) {
        drop(adding);
        drop_leftovers(host);
        return Err(file_failed(error));
    }
    let taken = adding.bytes();
    host.files.put_back(id, adding);
    Ok(json!({ "bytes": taken }))
}

fn finish(host: &mut Host, id: u64, name: &str, new: NewResource) -> Result<Value, Failure> {
    let adding: FileAdding = host.files.take(id).ok_or_else(gone)?;
    let notebook = adding.notebook();
    let finished = adding.finish(Host::now_ms(), &mut host.storage);
    let (file, hash) = finished.map_err(file_failed)?;
    let told = (*file.root.as_bytes(), *file.key.expose());
    let new = NewResource {
        file: Some(AttachedFile::new(name, file.bytes, &hash, told)),
        ..new
    };
    let id = host.edit(notebook, |docs, writer| resource::add(docs, writer, &new))?;
    let view = host.read(notebook, |docs, people| {
        resource::show(docs, people, id).map_err(read_failed)
    })?;
    let shown = shown(host, notebook, &view)?;
    Ok(listed(host, notebook, json!({ "resource": shown })))
}

fn want(host: &mut Host, text: &str) -> Result<Value, Failure> {
    let (notebook, view, file) = find(host, text)?;
    let progress = if carry_file(host, notebook, file.root, CARRY_MAX) {
        // The rest is on this device: nobody is asked for it.
        carried(host, notebook, &file)?
    } else {
        let Host {
            engine, storage, ..
        } = &mut *host;
        let wanted = engine.want_file(notebook, &file, Host::now_ms(), storage);
        wanted.map_err(file_failed)?
    };
    let directory = host.directory(notebook);
    let mirrors = host.engine.mirror_statuses(notebook);
    let devices = |devices: &[DeviceId]| -> Vec<Value> {
        let of = |device: &DeviceId| {
            let mut mirrors = mirrors.iter();
            if let Some(mirror) = mirrors.find(|mirror| mirror.mirror.as_peer() == *device) {
                let name = mirror.ticket.as_ref().map(|ticket| &ticket.name);
                return json!({
                    "device": device.to_string(),
                    "mirror": mirror.mirror.to_string(),
                    "device_label": name,
                });
            }
            let owner = host
                .engine
                .replica(notebook)
                .and_then(|replica| replica.membership().person_of(device));
            let about = json!({
                "device": device.to_string(),
                "device_label": directory.device_label(device),
            });
            match owner {
                Some(owner) => with(person(&directory, &owner), about),
                None => about,
            }
        };
        devices.iter().map(of).collect()
    };
    let said = json!({
        "asked": devices(&progress.asked),
        "lacking": devices(&progress.lacking),
        "wrong": devices(&progress.wrong),
    });
    let mut resource = to_value(&view)?;
    resource["file"] = with(
        resource["file"].take(),
        json!({
            "here": progress.is_whole(),
            "parts_here": progress.here,
            "parts": progress.pieces,
        }),
    );
    let answer = with(json!({ "resource": resource }), said);
    Ok(listed(host, notebook, answer))
}

/// How far a file is that is taken over from the notebook that this one goes on from.
fn carried(host: &Host, notebook: NotebookId, file: &FileRef) -> Result<FileProgress, Failure> {
    let held = host.engine.held_file(notebook, file.root, &host.storage);
    let held = held.map_err(storage_failed)?;
    Ok(
        held.map_or_else(FileProgress::default, |held| FileProgress {
            here: held.here(),
            pieces: held.pieces(),
            ..FileProgress::default()
        }),
    )
}

fn read(host: &mut Host, text: &str, first: u32) -> Result<Value, Failure> {
    let (notebook, _, file) = find(host, text)?;
    let chunks = chunks_of(file.bytes).ok_or_else(|| file_failed(FileError::NoFile))?;
    let Host {
        engine, storage, ..
    } = &mut *host;
    let mut bytes = Vec::new();
    let mut chunk = first;
    while chunk < chunks && bytes.len() < FILE_PART_BYTES {
        match engine.read_chunk(notebook, &file, chunk, storage) {
            Ok(read) => bytes.extend(read),
            // What comes before it is sound; whoever asks for the next stretch is told.
            Err(_) if chunk > first => break,
            Err(error) => return Err(file_failed(error)),
        }
        chunk += 1;
    }
    Ok(json!({
        "bytes": BASE64.encode(&bytes),
        "chunks": chunk.saturating_sub(first),
        "last": chunk >= chunks,
    }))
}

/// Finds a resource that is a file.
fn find(host: &mut Host, text: &str) -> Result<(NotebookId, ResourceView, FileRef), Failure> {
    let (notebook, entry) = find_object(host, text, &[Kind::Resource])?;
    let view = host.read(notebook, |docs, people| {
        resource::show(docs, people, entry.id).map_err(read_failed)
    })?;
    let Some(file) = view.file.as_ref().map(reference) else {
        return Err(Failure::not_found(
            "no_file",
            "This resource has no file, only a title and a link.",
        )
        .with_hint(format!("Read it with `hearth resource show {}`.", view.id)));
    };
    Ok((notebook, view, file))
}

fn reference(file: &AttachedFile) -> FileRef {
    FileRef {
        root: FileRoot::from_bytes(file.root),
        bytes: file.bytes,
        key: Secret::from_bytes(file.key),
    }
}

fn to_value(view: &ResourceView) -> Result<Value, Failure> {
    Ok(data("resource", view)?["resource"].take())
}

/// Shows a resource, and of its file whether it is here.
pub(super) fn shown(
    host: &Host,
    notebook: NotebookId,
    view: &ResourceView,
) -> Result<Value, Failure> {
    let mut value = to_value(view)?;
    if let Some(file) = &view.file {
        let root = FileRoot::from_bytes(file.root);
        // One whose record is damaged is fetched anew.
        let held = host.engine.held_file(notebook, root, &host.storage);
        let held = held
            .ok()
            .flatten()
            .filter(|held| held.bytes() == file.bytes);
        let (here, parts) = held
            .map_or((0, chunks_of(file.bytes).map_or(0, |it| it + 1)), |held| {
                (held.here(), held.pieces())
            });
        value["file"] = with(
            value["file"].take(),
            json!({ "here": here == parts, "parts_here": here, "parts": parts }),
        );
    }
    Ok(value)
}

/// Returns the names among devices of all files that a notebook's resources name, with what they are called.
pub(super) fn named_in(
    host: &mut Host,
    notebook: NotebookId,
) -> Result<Vec<(FileRoot, String)>, Failure> {
    let all = host.read(notebook, |docs, people| {
        resource::list(docs, people).map_err(unavailable)
    })?;
    let files = all.into_iter().filter_map(|one| one.file);
    Ok(files
        .map(|file| (FileRoot::from_bytes(file.root), file.name))
        .collect())
}

/// Returns the files of a notebook that resources name which are not put away, as far as all of each is here.
pub(super) fn whole_here(
    host: &mut Host,
    notebook: NotebookId,
) -> Result<Vec<(FileRoot, AttachedFile)>, Failure> {
    let all = host.read(notebook, |docs, people| {
        resource::list(docs, people).map_err(unavailable)
    })?;
    let mut found = BTreeMap::new();
    for file in all
        .into_iter()
        .filter(|one| !one.removed)
        .filter_map(|one| one.file)
    {
        let root = FileRoot::from_bytes(file.root);
        let held = host.engine.held_file(notebook, root, &host.storage);
        let held = held.ok().flatten();
        if held.is_some_and(|held| held.is_whole() && held.bytes() == file.bytes) {
            found.insert(root, file);
        }
    }
    Ok(found.into_iter().collect())
}

/// Says whether a mirror holds a notebook.
pub(crate) fn has_mirror(host: &Host, notebook: NotebookId) -> bool {
    let replica = host.engine.replica(notebook);
    replica.is_some_and(|replica| !replica.membership().mirrors().is_empty())
}

/// Tells the engine which files a notebook names, so that mirrors are offered them.
pub(crate) fn name_files(host: &mut Host, notebook: NotebookId) {
    let read = host.read(notebook, |docs, people| {
        resource::list(docs, people).map_err(unavailable)
    });
    // One that cannot be read now is looked at with its next change.
    let Ok(all) = read else {
        return;
    };
    let mut named: BTreeMap<FileRoot, NamedFile> = BTreeMap::new();
    for one in all {
        if let Some(file) = one.file {
            let bytes = file.bytes;
            let known = named.entry(FileRoot::from_bytes(file.root));
            let known = known.or_insert(NamedFile {
                bytes,
                is_wanted: false,
            });
            known.is_wanted |= !one.removed;
        }
    }
    host.engine.name_files(notebook, named);
}

/// Drops what additions left that were cut off, and files that no resource names any more; some of it each time.
pub(crate) fn drop_unnamed(host: &mut Host) {
    let began = std::time::Instant::now();
    let notebooks: Vec<NotebookId> = host.engine.notebooks().collect();
    for notebook in notebooks {
        match host.storage.scan(notebook, Space::File) {
            Ok(kept) if kept.is_empty() => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "could not look for files that nothing names");
                continue;
            }
        }
        // What is ahead of its entries may lack what names a file.
        if host.is_ahead(notebook) {
            continue;
        }
        let Ok(named) = named_in(host, notebook) else {
            continue;
        };
        let named: BTreeSet<FileRoot> = named.into_iter().map(|(root, _)| root).collect();
        while began.elapsed().as_millis() < DROP_MS_MAX {
            let Host {
                engine,
                storage,
                files,
                ..
            } = &mut *host;
            let is_added = |place: &[u8]| files.is_at(place);
            let now_ms = Host::now_ms();
            match engine.drop_unnamed_files(notebook, &named, &is_added, now_ms, storage) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not drop files that nothing names");
                    break;
                }
            }
        }
    }
}

/// Gives back at once what an addition took that failed, such as on a full disk.
fn drop_leftovers(host: &mut Host) {
    drop_unnamed(host);
}

/// The failure for a file that could not be added, fetched or read.
fn file_failed(error: FileError) -> Failure {
    match error {
        FileError::Open(error) => Failure::usage("file_too_large", sentence(&error.to_string()))
            .with_hint("Put it elsewhere, and give its address: `hearth resource add NB TITLE --link URL`."),
        FileError::NoFile => Failure::new(Exit::Damaged, "file_made_up", sentence(&error.to_string()))
            .with_hint("Ask whoever added it to add it again."),
        FileError::TooMany => Failure::error("too_many_files", sentence(&error.to_string())),
        FileError::NotHere => Failure::new(Exit::Unreachable, "file_not_here", sentence(&error.to_string()))
            .with_hint("Run `hearth resource get` again: it goes on from there."),
        FileError::Damaged(piece) => Failure::new(
            Exit::Damaged,
            "file_damaged",
            match piece {
                LIST => "The list of the file's parts is damaged on this disk.".to_owned(),
                piece => format!("Part {piece} of the file is damaged on this disk."),
            },
        )
        .with_hint("Run `hearth resource get` again: it fetches that part anew from whoever has it."),
        FileError::Storage(error) => storage_failed(error),
        other => Failure::error("file_failed", sentence(&other.to_string())),
    }
}

fn gone() -> Failure {
    Failure::error(
        "file_gone",
        "The node has lost track of the file that was being added.",
    )
    .with_hint("Run the command again.")
}
