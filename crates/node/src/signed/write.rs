//! Writing a signed export.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use hearth_core::log::{EntryKey, RawEntry};
use hearth_core::storage::{Space, Storage};
use serde_json::{Value, json};

use super::{CONTROL, DIGEST, ENTRY, Hashing, MAGIC, SIGNATURE, STATEMENT, VERSION, check};
use crate::api::{Event, Failure, Progress};
use crate::backup::{cannot_write, whole_or_absent};
use crate::host::{Host, storage_failed};
use crate::service::{find_notebook, title_of};

/// Bytes of entries that are read at once.
const READ_BYTES_AIM: usize = 256 * 1024;

/// Writes a notebook with the signatures of all who wrote in it, and the keys that open what they wrote.
pub(crate) fn write(
    host: &mut Host,
    notebook: &str,
    path: &str,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let Host {
        engine, storage, ..
    } = &mut *host;
    engine.flush(storage, Host::now_ms(), false);
    let title = title_of(host, notebook);
    let directory = host.directory(notebook);
    let controls = host
        .storage
        .scan(notebook, Space::Control)
        .map_err(storage_failed)?;
    let keys: BTreeMap<_, _> = host
        .engine
        .replica(notebook)
        .into_iter()
        .flat_map(|replica| replica.epoch_keys())
        .map(|(epoch, key)| (epoch, key.clone()))
        .collect();
    let people: Vec<Value> = directory
        .profiles()
        .chain(directory.former())
        .map(|profile| json!({ "person": profile.person.to_string(), "name": profile.name }))
        .collect();
    let identity = host.engine.identity();
    let statement = json!({
        "notebook": notebook.to_string(),
        "title": title,
        "made_at": Host::now().to_string(),
        "exporter": { "person": host.me().to_string(), "name": identity.name,
                      "device_id": host.my_device().to_string(), "device": identity.device_label },
        "people": people,
    });
    let host: &Host = host;
    let told = whole_or_absent(Path::new(path), |file| {
        let failed = |error: io::Error| cannot_write(Path::new(path), &error);
        let mut out = Hashing {
            out: BufWriter::new(file),
            hasher: blake3::Hasher::new_derive_key(DIGEST),
        };
        out.write_all(MAGIC)
            .and_then(|()| out.write_all(&[VERSION]))
            .map_err(failed)?;
        let mut number = 0;
        let mut put = |out: &mut Hashing<_>, kind, bytes: &[u8]| {
            let written = record(out, number, kind, bytes);
            number += 1;
            written.map_err(failed)
        };
        put(&mut out, STATEMENT, statement.to_string().as_bytes())?;
        for (_, value) in &controls {
            put(&mut out, CONTROL, value)?;
        }
        let (mut entries, mut from) = (0_u64, 0);
        loop {
            let read = host
                .storage
                .entries(notebook, from, READ_BYTES_AIM)
                .map_err(storage_failed)?;
            let Some((last, _)) = read.last() else { break };
            from = last + 1;
            for (_, bytes) in read {
                let key = RawEntry::parse_any(bytes.clone())
                    .ok()
                    .and_then(|entry| Some(entry.own_key(keys.get(&entry.header().epoch)?)))
                    .map_or([0; EntryKey::BYTES], |key| key.to_bytes());
                put(&mut out, ENTRY, &[&key[..], &bytes].concat())?;
                entries += 1;
            }
            let mut progress = Progress::of("Entries written:");
            progress.done = entries;
            on_event(Event::Progress(progress));
        }
        let digest = *out.hasher.finalize().as_bytes();
        let signature = host.engine.identity().device.sign_export(&digest);
        put(&mut out, SIGNATURE, &signature)?;
        let file = out
            .out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        Ok((file, entries))
    })?;
    Ok(json!({
        "notebook": notebook.to_string(),
        "format": "signed",
        "out": path,
        "files": [path],
        "control_entries": controls.len(),
        "entries": told,
    }))
}

fn record(out: &mut impl Write, number: u64, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    out.write_all(&[kind])?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(bytes)?;
    out.write_all(&check(number, kind, bytes))
}
