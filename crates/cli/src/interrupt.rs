//! What an interrupt (Ctrl-C) does: the command ends with 130, unless something in the foreground
//! takes the key for itself.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use hearth_node::api::Exit;

/// How many holders keep interrupts from ending the process.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// Files that are removed where an interrupt ends the process.
static LEFT_OVER: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Ends the process with 130 on SIGINT from now on.
///
/// Commands that stop in order by themselves (`up`) do not call this. Where no handler can be set
/// up, the signal's own effect stays, which ends the process as well.
pub(crate) fn exit_on_interrupt() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
    else {
        return;
    };
    let (ready, wait) = std::sync::mpsc::channel();
    thread::spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut interrupts) = signal(SignalKind::interrupt()) else {
                return;
            };
            // The receiver is gone only where the process is ending anyway.
            let _ = ready.send(());
            while interrupts.recv().await.is_some() {
                if HELD.load(Ordering::SeqCst) == 0 {
                    for path in left_over().iter() {
                        // It may be in its place by now.
                        let _gone = std::fs::remove_file(path);
                    }
                    std::process::exit(i32::from(Exit::Interrupted.code()));
                }
            }
        });
    });
    // Either the handler stands or it could not be set up; both let the command go on.
    let _ = wait.recv();
}

fn left_over() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    LEFT_OVER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is removed where an interrupt ends the process while this lives.
#[derive(Debug)]
pub(crate) struct LeftOver(PathBuf);

impl LeftOver {
    /// Begins to watch over a file.
    pub(crate) fn new(path: &Path) -> Self {
        left_over().push(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for LeftOver {
    fn drop(&mut self) {
        left_over().retain(|path| *path != self.0);
    }
}

/// Keeps interrupts from ending the process while it lives: an editor, or a prompt that has the
/// terminal in another mode, gets the key itself.
#[derive(Debug)]
pub(crate) struct HeldInterrupts(());

impl HeldInterrupts {
    /// Begins to hold.
    pub(crate) fn new() -> Self {
        HELD.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for HeldInterrupts {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::SeqCst);
    }
}
