//! Runs seeds side by side, and says how to run one again that failed.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::world::{Checked, World};

/// How many seeds a test runs unless `HEARTH_SEEDS` says otherwise.
pub const SEEDS: u64 = 200;

/// Lines of what happened that are shown of a seed that failed, unless `HEARTH_LINES` says otherwise.
const LINES: u64 = 200;

fn read(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.trim().parse().ok()
}

/// Which seeds to run: `HEARTH_SEED` names one, `HEARTH_SEEDS` how many, `HEARTH_FIRST_SEED` from which on.
pub fn chosen(default: u64) -> std::ops::RangeInclusive<u64> {
    let first = read("HEARTH_FIRST_SEED").map_or(1, |first| first.max(1));
    match read("HEARTH_SEED") {
        Some(seed) => seed..=seed,
        None => first..=(first - 1).saturating_add(read("HEARTH_SEEDS").unwrap_or(default)),
    }
}

/// A script in a world of its own.
pub trait Run {
    /// What a run came to.
    type Tally: core::ops::AddAssign + Default + Send;

    /// Lends the world.
    fn world(&mut self) -> &mut World;

    /// Runs it all.
    ///
    /// # Errors
    /// [`crate::world::Violation`] for the first promise that was broken.
    fn run(&mut self) -> Checked<Self::Tally>;
}

/// What a series of runs came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Series<T> {
    /// How many seeds were run.
    pub seeds: u64,
    /// How long that took.
    pub seconds: f64,
    /// What happened in all of them.
    pub tally: T,
}

/// Runs the script of each seed, on as many threads as there are cores. `test` names the file of the test and
/// the test.
///
/// # Errors
/// The lowest seed that failed, with what was broken, the end of what happened in it, and the command
/// that runs it again; then what was broken in all others.
pub fn run<R: Run>(
    seeds: std::ops::RangeInclusive<u64>,
    test: (&str, &str),
    make: impl Fn(u64) -> Checked<R> + Sync,
) -> Result<Series<R::Tally>, String> {
    let start = Instant::now();
    let next = AtomicU64::new(*seeds.start());
    let results: Mutex<(u64, R::Tally, BTreeMap<u64, String>)> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let outcome = guarded(|| make(seed)?.run());
                    let Ok(mut results) = results.lock() else {
                        return;
                    };
                    results.0 += 1;
                    match outcome {
                        Ok(tally) => results.1 += tally,
                        Err(error) => {
                            results.2.insert(seed, error);
                        }
                    }
                }
            });
        }
    });
    let (count, tally, mut failed) = results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some((seed, error)) = failed.pop_first() else {
        return Ok(Series {
            seeds: count,
            seconds: start.elapsed().as_secs_f64(),
            tally,
        });
    };
    let mut explained = explain(seed, test, &error, &make);
    for (seed, error) in &failed {
        // A line each: the first is what is looked at, and the others may have the same cause.
        let line = error.lines().next().unwrap_or_default();
        explained.push_str(&format!("seed {seed} failed as well: {line}\n"));
    }
    explained.push_str(&format!("{} of {count} seeds failed\n", failed.len() + 1));
    Err(explained)
}

/// Runs the seed again with a trace, which by construction goes the same way.
fn explain<R: Run>(
    seed: u64,
    (file, test): (&str, &str),
    error: &str,
    make: &impl Fn(u64) -> Checked<R>,
) -> String {
    let lines = usize::try_from(read("HEARTH_LINES").unwrap_or(LINES)).unwrap_or(usize::MAX);
    let mut trace = Vec::new();
    let again = guarded(|| {
        let mut script = make(seed)?;
        script.world().keep_trace();
        let result = catch_unwind(AssertUnwindSafe(|| script.run()));
        trace = script.world().trace().to_vec();
        match result {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    let same = if again.as_ref().err().map(String::as_str) == Some(error) {
        ""
    } else {
        "\nIT DOES NOT REPLAY: something depends on more than the seed"
    };
    let skipped = trace.len().saturating_sub(lines);
    let lines = trace.get(skipped..).unwrap_or_default().join("\n");
    format!(
        "seed {seed}: {error}{same}\n\nthe last of {} lines of what happened:\n{lines}\n\nreplay with\n  \
         HEARTH_SEED={seed} cargo test -p hearth-testkit --test {file} {test} -- --nocapture\n",
        trace.len()
    )
}

fn guarded<T>(work: impl FnOnce() -> Checked<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|violation| violation.to_string()),
        Err(panic) => Err(format!(
            "panicked: {}",
            panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("without words")
        )),
    }
}
