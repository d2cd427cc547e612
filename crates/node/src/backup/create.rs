//! Writing a backup of an open home.

use std::fs::File;
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hearth_core::file::HeldFile;
use hearth_core::ids::{FileRoot, NotebookId};
use hearth_core::storage::{Space, Storage, StorageError};
use hearth_store::Passphrase;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::envelope::{EnvelopeError, Sealer};
use super::part::{Kept, Part, SPACES, Totals, WORDS, Whose};
use super::unreadable;
use crate::api::{Event, Failure, Progress, Secret};
use crate::host::{Host, SEE_DAMAGE, Settings, kdf_cost, storage_failed};

/// Bytes of entries and records that one part is to hold.
const PART_BYTES_AIM: usize = 256 * 1024;

/// Writes a backup. Everything is read between two changes of the home, so it is consistent whatever else
/// the node does; the file is whole or absent.
pub(crate) fn create(
    host: &mut Host,
    path: &str,
    passphrase: Option<&Secret>,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    if passphrase.is_none() && host.kept_phrase()?.is_some() {
        // The only copy of the words is in this home, and the file is for when the home is gone.
        return Err(Failure::usage(
            "recovery_unconfirmed",
            "Your recovery phrase is not written down yet, and without a passphrase nothing else would open this backup.",
        )
        .with_hint("Give the file a passphrase, or write the words down first. `hearth recovery show` shows them."));
    }
    let Host {
        engine, storage, ..
    } = &mut *host;
    engine.flush(storage, Host::now_ms(), false);
    if let Some((notebook, error)) = host.engine.unopened().iter().next() {
        return Err(Failure::new(
            crate::api::Exit::Damaged,
            "damaged",
            format!("Notebook {notebook} cannot be backed up: {error}."),
        )
        .with_hint(SEE_DAMAGE));
    }
    let path = Path::new(path);
    let (totals, bytes) =
        whole_or_absent(path, |file| write(host, path, file, passphrase, on_event))?;
    Ok(json!({
        "out": path.to_string_lossy(),
        "bytes": bytes,
        "notebooks": totals.notebooks,
        "records": totals.records,
        "entries": totals.entries,
        "files": totals.files,
        "settings": host.settings.without_network().count(),
        "opened_by": match passphrase {
            Some(_) => json!(["passphrase", "recovery-phrase"]),
            None => json!(["recovery-phrase"]),
        },
    }))
}

/// Writes a file that is whole or absent, and that only its owner reads.
pub(crate) fn whole_or_absent<T>(
    path: &Path,
    write: impl FnOnce(File) -> Result<(File, T), Failure>,
) -> Result<T, Failure> {
    if !path.is_absolute() {
        return Err(
            Failure::usage("path_invalid", "The path of the file is not absolute.")
                .with_hint("Name the file by its whole path."),
        );
    }
    let partial = partial_of(path);
    let failed = |error: std::io::Error| cannot_write(path, &error);
    let written = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .map_err(failed)
        .and_then(write)
        .and_then(|(file, told)| {
            file.sync_all().map_err(failed)?;
            std::fs::rename(&partial, path).map_err(failed)?;
            sync_folder(path);
            Ok(told)
        });
    if written.is_err() {
        let _left_behind = std::fs::remove_file(&partial);
    }
    written
}

/// The name of the file while it is being written.
fn partial_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

fn sync_folder(path: &Path) {
    // A file system that cannot do this has nothing to be flushed.
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        let _unsupported = folder.sync_all();
    }
}

pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::error(
        "write_failed",
        format!("{} could not be written: {error}.", path.display()),
    )
    .with_hint("Choose a folder that is there, with room, and that you may write to.")
}

fn write(
    host: &Host,
    path: &Path,
    file: File,
    passphrase: Option<&Secret>,
    on_event: &mut dyn FnMut(Event),
) -> Result<(File, (Totals, u64)), Failure> {
    let failed = |error: EnvelopeError| match error {
        EnvelopeError::File(error) => cannot_write(path, &error),
        other => unreadable(other),
    };
    let identity = host.engine.identity();
    let passphrase = passphrase.map(|typed| Passphrase::new(typed.expose().to_owned()));
    let guard = passphrase
        .as_ref()
        .map(|passphrase| (passphrase, kdf_cost()));
    let mut sealer =
        Sealer::begin(BufWriter::new(file), identity.roster.recovery(), guard).map_err(failed)?;
    let whose = Part::Whose(Box::new(Whose {
        made_at_ms: Host::now_ms(),
        roster: identity.roster.clone(),
        name: identity.name.clone(),
        device: host.my_device(),
        device_label: identity.device_label.clone(),
        network: host
            .settings
            .network()
            .unwrap_or_else(|| host.identity.profile.network.clone()),
    }));
    sealer.part(&whose.to_bytes(), false).map_err(failed)?;
    let home = Part::Home(of_the_home(host)?);
    sealer.part(&home.to_bytes(), false).map_err(failed)?;
    let notebooks: Vec<NotebookId> = host.engine.notebooks().collect();
    let mut totals = Totals::default();
    for notebook in &notebooks {
        totals.notebooks += 1;
        on_event(Event::Progress(Progress {
            message: "Backing up notebook".to_owned(),
            done: totals.notebooks,
            total: Some(notebooks.len() as u64),
        }));
        let mut put = |part: Part| sealer.part(&part.to_bytes(), false).map_err(failed);
        records(host, *notebook, &mut totals, &mut put)?;
        entries(host, *notebook, &mut totals, &mut put)?;
        files(host, *notebook, &mut totals, &mut put)?;
    }
    sealer
        .part(&Part::End(totals).to_bytes(), true)
        .map_err(failed)?;
    let (file, bytes) = sealer.finish().map_err(failed)?;
    let file = file
        .into_inner()
        .map_err(|error| cannot_write(path, error.error()))?;
    Ok((file, (totals, bytes)))
}

/// The records of the home itself.
fn of_the_home(host: &Host) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    let mut kept = Vec::new();
    for word in WORDS {
        let value = match word {
            // The network stands beside the person already, where restoring may be given another.
            Settings::KEPT_AS => Some(host.settings.without_network().to_bytes()),
            word => host.get_own(word)?,
        };
        kept.extend(value.map(|value| (word, value)));
    }
    Ok(kept)
}

fn records(
    host: &Host,
    notebook: NotebookId,
    totals: &mut Totals,
    put: &mut dyn FnMut(Part) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for space in SPACES {
        let found = match space {
            // Those that this device's wraps open as well: it is by them that a restored one reads.
            Space::Key => host
                .engine
                .replica(notebook)
                .into_iter()
                .flat_map(|replica| replica.epoch_keys())
                .map(|(epoch, key)| (epoch.as_bytes().to_vec(), key.expose().to_vec()))
                .collect(),
            space => host.storage.scan(notebook, space).map_err(storage_failed)?,
        };
        let mut batch = Vec::new();
        let mut bytes = 0;
        for (key, value) in found {
            totals.records += 1;
            bytes += key.len() + value.len();
            let value = Zeroizing::new(value);
            batch.push(Kept { space, key, value });
            if bytes >= PART_BYTES_AIM {
                put(Part::Records(notebook, std::mem::take(&mut batch)))?;
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            put(Part::Records(notebook, batch))?;
        }
    }
    Ok(())
}

fn entries(
    host: &Host,
    notebook: NotebookId,
    totals: &mut Totals,
    put: &mut dyn FnMut(Part) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut from = 0;
    loop {
        let read = host
            .storage
            .entries(notebook, from, PART_BYTES_AIM)
            .map_err(storage_failed)?;
        let Some((last, _)) = read.last() else {
            return Ok(());
        };
        let first = from;
        from = last + 1;
        totals.entries += read.len() as u64;
        put(Part::Entries {
            notebook,
            first,
            entries: read.into_iter().map(|(_, bytes)| bytes).collect(),
        })?;
    }
}

/// The files of a notebook, as far as they are here.
fn files(
    host: &Host,
    notebook: NotebookId,
    totals: &mut Totals,
    put: &mut dyn FnMut(Part) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let records = host.storage.scan(notebook, Space::File);
    for (key, value) in records.map_err(storage_failed)? {
        // One that is being added stands under another key, and nothing names it yet.
        let Some(root) = key.try_into().ok().map(FileRoot::from_bytes) else {
            continue;
        };
        let held = HeldFile::decode(&value)
            .map_err(|error| storage_failed(StorageError::Damaged(error.to_string())))?;
        totals.files += 1;
        put(Part::File(notebook, root, held.clone()))?;
        for piece in 0..held.pieces() {
            let bytes = match held.piece(&host.storage, notebook, piece) {
                Ok(Some(bytes)) => bytes,
                // What is damaged comes back from others, there as here.
                Ok(None) | Err(StorageError::Damaged(_)) => continue,
                Err(error) => return Err(storage_failed(error)),
            };
            totals.pieces += 1;
            put(Part::Piece(notebook, root, piece, bytes))?;
        }
    }
    Ok(())
}
