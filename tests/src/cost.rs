//! What a process has cost so far, as the system counts it.

use std::time::Duration;

use crate::wait::until;

/// How long a process may take to come to rest.
const REST_TIMEOUT: Duration = Duration::from_secs(60);
/// A process that used no processor for this long is at rest.
const REST: Duration = Duration::from_millis(200);
/// The system counts processor time in hundredths of a second.
const TICK_MS: u64 = 10;

/// Processor time and memory of a process.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Processor time of all threads so far, in steps of ten milliseconds.
    pub processor_ms: u64,
    /// Memory that it has now.
    pub memory_kib: u64,
    /// The most memory that it had at any time.
    pub memory_peak_kib: u64,
}

impl Cost {
    /// Reads what a running process has cost.
    #[track_caller]
    pub fn of(pid: u32) -> Self {
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{pid}/{file}")).expect("a running process")
        };
        let stat = read("stat");
        // The name of the program comes second, in brackets, and may hold anything.
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().expect("a number of ticks"))
            .sum();
        let status = read("status");
        let kib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            number
                .and_then(|number| number.parse().ok())
                .expect("a size")
        };
        Self {
            processor_ms: ticks * TICK_MS,
            memory_kib: kib("VmRSS:"),
            memory_peak_kib: kib("VmHWM:"),
        }
    }

    /// Waits until a process has nothing to do any more, and reads what it has cost.
    #[track_caller]
    pub fn at_rest(pid: u32) -> Self {
        until(
            "the process has nothing to do any more",
            REST_TIMEOUT,
            || {
                let before = Self::of(pid);
                std::thread::sleep(REST);
                let after = Self::of(pid);
                // Keep-alives and housekeeping may fall into the time.
                (after.processor_ms <= before.processor_ms + TICK_MS).then_some(after)
            },
        )
    }
}
