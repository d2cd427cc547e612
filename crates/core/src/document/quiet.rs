//! Runs code that may panic on hostile input without letting the panic out or onto the terminal.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

static HOOK: Once = Once::new();

/// Counts this thread as silent for as long as it lives.
struct Silence;

impl Silence {
    fn begin() -> Self {
        HOOK.call_once(|| {
            let loud = take_hook();
            set_hook(Box::new(move |info| {
                if DEPTH.get() == 0 {
                    loud(info);
                }
            }));
        });
        DEPTH.set(DEPTH.get().saturating_add(1));
        Self
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Runs `work` and returns what it panicked with as text, where it did.
///
/// The caller must throw away whatever `work` could change. The hook that keeps the terminal
/// silent is set once for the process and hands on the panics of every other place.
pub(super) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let silence = Silence::begin();
    let result = catch_unwind(AssertUnwindSafe(work));
    drop(silence);
    result.map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without words".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_as_text_and_the_silence_ends_with_it() {
        assert_eq!(contain(|| 7), Ok(7));
        let words: Result<(), String> = contain(|| panic!("broken {}", 1));
        assert_eq!(words, Err("broken 1".to_owned()));
        assert_eq!(DEPTH.get(), 0);
    }
}
