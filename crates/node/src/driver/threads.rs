//! The threads of a running node: one that carries its sockets, its links and its engine, and others while
//! that one is busy.
//!
//! A keystroke comes off the socket, through its link and into the engine on one thread, and goes out
//! the same way: each time that it changed threads, a sleeping one had to wake first, which takes
//! longer than to sign it. What may take long runs in [`tokio::task::block_in_place`]: another thread
//! goes on with the links meanwhile.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::api::Failure;

/// Of two, each would wake the other for every frame, to see whether something is left to do.
const THREADS: usize = 1;
/// The engine applies other people's changes; the documents' library recurses with their nesting.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// The engine has ended: everything is on disk and the store is closed.
#[derive(Debug)]
pub(super) struct EngineEnded {
    /// Whether the home was found to be a copy, so that it is to be opened again.
    pub(super) is_copy: bool,
}

/// The threads; what runs on them ends when this is dropped.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    /// Starts them.
    pub(super) fn start() -> Result<Self, Failure> {
        Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_stack_size(STACK_BYTES)
            .thread_name("node")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
            .map_err(|error| not_started(&error))
    }

    /// Starts a task on them.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, Failure> {
        match &self.0 {
            Some(runtime) => Ok(runtime.spawn(task)),
            None => Err(not_started(&"its threads have ended")),
        }
    }

    /// Runs the engine until it ends; the threads end with it.
    pub(super) fn run(
        self,
        engine: impl Future<Output = EngineEnded> + Send + 'static,
    ) -> Result<oneshot::Receiver<EngineEnded>, Failure> {
        let (ended, hears) = oneshot::channel();
        let engine = self.spawn(engine)?;
        // A thread of its own waits, since this one belongs to another runtime.
        std::thread::Builder::new()
            .name("node-end".to_owned())
            .spawn(move || {
                if let Some(runtime) = &self.0
                    && let Ok(end) = runtime.block_on(engine)
                {
                    let _nobody_waits = ended.send(end);
                }
            })
            .map_err(|error| not_started(&error))?;
        Ok(hears)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting for tasks to end is not allowed within another runtime.
            runtime.shutdown_background();
        }
    }
}

fn not_started(error: &dyn std::fmt::Display) -> Failure {
    Failure::error(
        "engine_not_started",
        format!("The node's engine could not start: {error}."),
    )
}
