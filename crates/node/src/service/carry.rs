//! Files of a fork: taken over from the notebook that it goes on from, where that is on this device and has them.

use std::time::{Duration, Instant};

use hearth_core::base::BaseStanding;
use hearth_core::ids::{FileRoot, NotebookId};

use super::file::named_in;
use crate::host::Host;

/// Takes over files of all forks for so long; returns whether there is more.
pub(crate) fn carry_files(host: &mut Host, budget: Duration) -> bool {
    let began = Instant::now();
    let notebooks: Vec<NotebookId> = host.engine.notebooks().collect();
    for notebook in notebooks {
        let left = budget.saturating_sub(began.elapsed());
        if carry_into(host, notebook, left) {
            return true;
        }
    }
    false
}

/// Takes over files of one notebook; returns whether there is more.
pub(super) fn carry_into(host: &mut Host, notebook: NotebookId, budget: Duration) -> bool {
    let sources = sources_of(host, notebook);
    if sources.is_empty() {
        return false;
    }
    let began = Instant::now();
    // Where the documents cannot be read, it is looked at again later.
    let named = named_in(host, notebook).unwrap_or_default();
    for (root, _) in named {
        if carry_one(
            host,
            notebook,
            &sources,
            root,
            budget.saturating_sub(began.elapsed()),
        ) {
            return true;
        }
    }
    false
}

/// Takes over one file; returns whether there is more of it.
pub(super) fn carry_file(
    host: &mut Host,
    notebook: NotebookId,
    root: FileRoot,
    budget: Duration,
) -> bool {
    let sources = sources_of(host, notebook);
    carry_one(host, notebook, &sources, root, budget)
}

/// The notebooks of this device that a notebook goes on from.
fn sources_of(host: &Host, notebook: NotebookId) -> Vec<NotebookId> {
    let Some(replica) = host.engine.replica(notebook) else {
        return Vec::new();
    };
    let BaseStanding::Sound(base) = replica.base() else {
        return Vec::new();
    };
    let known = base.notebooks.iter().copied();
    known
        .filter(|old| host.engine.replica(*old).is_some())
        .collect()
}

fn carry_one(
    host: &mut Host,
    notebook: NotebookId,
    sources: &[NotebookId],
    root: FileRoot,
    budget: Duration,
) -> bool {
    let began = Instant::now();
    for source in sources {
        loop {
            let Host {
                engine, storage, ..
            } = &mut *host;
            let places = (*source, notebook);
            match engine.carry_file(places, root, Host::now_ms(), storage) {
                Ok(true) if began.elapsed() >= budget => return true,
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%notebook, %error, "a file could not be taken over");
                    break;
                }
            }
        }
    }
    false
}
