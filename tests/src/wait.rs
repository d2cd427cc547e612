//! Waiting for a condition, with a limit.

use std::time::{Duration, Instant};

/// How long one command may take; far above what any needs on a busy machine.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a node may take to say that it is ready.
pub const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until `look` finds something; panics with `what` once `timeout` is over.
#[track_caller]
pub fn until<T>(what: &str, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            began.elapsed() < timeout,
            "waited {} s in vain for this: {what}",
            timeout.as_secs()
        );
        std::thread::sleep(PAUSE);
    }
}
