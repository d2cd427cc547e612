//! Simulated time: one true time, and for every device a clock that may be wrong by decades.
//!
//! Time only moves when the simulation says so. A device's clock is the true time and an offset,
//! which can jump in both directions; nothing but the wording of status lines and the expiry of a
//! ticket may depend on it.

/// The true time at which every simulation begins: 2026-11-23, in milliseconds since 1970 UTC.
pub const START_MS: u64 = 1_795_392_000_000;

/// Fifty years in milliseconds: how far a device's clock can be off, in both directions.
pub const FIFTY_YEARS_MS: i64 = 50 * 365 * 24 * 60 * 60 * 1000;

/// The true time of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    now_ms: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { now_ms: START_MS }
    }
}

impl Clock {
    /// Returns the true time in milliseconds since 1970 UTC.
    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Lets `ms` milliseconds pass.
    pub const fn advance(&mut self, ms: u64) {
        self.now_ms = self.now_ms.saturating_add(ms);
    }

    /// Returns what a device reads whose clock is off by `offset_ms`.
    pub const fn read(&self, offset_ms: i64) -> u64 {
        self.now_ms.saturating_add_signed(offset_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_off_by_as_much_at_any_time() {
        let mut clock = Clock::default();
        let early = clock.read(-FIFTY_YEARS_MS);
        clock.advance(250);
        assert_eq!(clock.read(-FIFTY_YEARS_MS), early + 250);
        assert!(clock.read(FIFTY_YEARS_MS) > clock.now_ms());
    }
}
