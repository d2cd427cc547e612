//! Making a home out of a backup.

use std::path::Path;
use std::sync::Arc;

use hearth_core::engine::Identity;
use hearth_core::file::HeldFile;
use hearth_core::identity::DeviceSecrets;
use hearth_core::ids::NotebookId;
use hearth_core::storage::{Space, Storage, Write};
use serde_json::{Value, json};
use zeroize::Zeroize as _;

use super::check::{Read, read, refuse_damage, told};
use super::envelope::OpenWith;
use super::part::{Kept, Part};
use crate::api::{Event, Failure, PassphraseSource};
use crate::host::{HomeDir, Host, InitProtection, NodeStorage, random, storage_failed};
use crate::net::Profile;

/// How a home is made out of a backup.
#[derive(Debug)]
pub struct Restoring {
    /// What opens the backup.
    pub with: OpenWith,
    /// What the device is called; as before when absent.
    pub label: Option<String>,
    /// How it reaches others; as before when absent.
    pub network: Option<Profile>,
    /// What protects the home.
    pub protection: InitProtection,
}

/// Makes a home out of a backup. It is a device of its own, which reads, and writes once it was taken in.
///
/// # Errors
/// A [`Failure`] where there is a home already, or the backup does not open or is damaged. Nothing is left then.
pub fn restore(
    home: &HomeDir,
    path: &Path,
    restoring: Restoring,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    // What is damaged is found before a home is begun, and before a passphrase is thought up for it.
    let first = read(path, &restoring.with, on_event, &mut |_| Ok(()))?;
    refuse_damage(&first.damaged)?;
    let Some(whose) = first.whose else {
        return Err(Failure::error(
            "internal",
            "The backup says nothing of its person.",
        ));
    };
    let label = restoring
        .label
        .unwrap_or_else(|| whose.device_label.clone());
    let network = match restoring.network {
        Some(network) => network,
        None => whose.network.parse().unwrap_or(Profile::Direct),
    };
    let backup = told(&whose);
    let new = home.begin(&label, restoring.protection, passphrases)?;
    let new = new.filled(|storage| {
        let mut put = |part: Part| keep(storage, part);
        let second: Read = read(path, &restoring.with, on_event, &mut put)?;
        // It may have been exchanged meanwhile.
        refuse_damage(&second.damaged)?;
        for (word, value) in &second.home {
            storage.put_own(word, value).map_err(storage_failed)?;
        }
        storage.note_restored(home, &backup)
    })?;
    let identity = Identity {
        device: Arc::new(DeviceSecrets::random(&mut random())),
        roster: whose.roster.clone(),
        name: whose.name.clone(),
        device_label: label,
    };
    let mut host = new.finish(identity, &network)?;
    let Host {
        engine, storage, ..
    } = &mut host;
    if let Err(error) = engine.snapshot(storage) {
        // The first command reads more, and no less.
        tracing::warn!(%error, "the saved state is not up to date");
    }
    let unopened = host.engine.unopened().len();
    Ok(json!({
        "person": { "id": host.me().to_string(), "name": whose.name },
        "device": { "id": host.my_device().to_string(),
                    "label": host.engine.identity().device_label },
        "backup": backup,
        "notebooks": host.engine.notebooks().count(),
        "unopened": unopened,
        "entries": first.totals.entries,
        "files": first.totals.files,
        "settings": host.settings.count(),
        "writes": false,
    }))
}

/// Keeps a part of a backup.
fn keep(storage: &mut NodeStorage, part: Part) -> Result<(), Failure> {
    let (notebook, mut writes): (NotebookId, Vec<Write>) = match part {
        Part::Records(notebook, records) => {
            let put = |mut kept: Kept| Write::Put {
                space: kept.space,
                key: kept.key,
                value: std::mem::take(&mut *kept.value),
            };
            (notebook, records.into_iter().map(put).collect())
        }
        Part::Entries {
            notebook, entries, ..
        } => (notebook, entries.into_iter().map(Write::Append).collect()),
        // A restored home keeps a file where one that was fetched lies, and learns with each piece that it is there.
        Part::File(notebook, root, held) => {
            let awaited = HeldFile::awaited(root, held.bytes(), held.since_ms());
            (notebook, vec![awaited.put_record(root)])
        }
        Part::Piece(notebook, root, piece, bytes) => {
            let held = HeldFile::load(storage, notebook, root).map_err(storage_failed)?;
            let Some(mut held) = held else {
                return Ok(());
            };
            held.note(piece, true);
            let writes = vec![held.put(piece, bytes), held.put_record(root)];
            (notebook, writes)
        }
        Part::Whose(_) | Part::Home(_) | Part::End(_) => return Ok(()),
    };
    let kept = storage.commit(notebook, &writes).map_err(storage_failed);
    for write in &mut writes {
        if let Write::Put {
            space: Space::Key,
            value,
            ..
        } = write
        {
            value.zeroize();
        }
    }
    kept
}
