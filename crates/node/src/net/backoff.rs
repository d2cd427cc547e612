//! When to dial a peer again.
//!
//! The invariant: a peer that was heard of a moment ago is dialled often, one that has been away for long
//! seldom, and two nodes that lost each other at the same moment do not dial in step. No clock and no
//! randomness in here: both come in as arguments.

use std::time::{Duration, Instant};

/// Delay after the first dial that failed.
pub const DELAY_FIRST: Duration = Duration::from_millis(250);

/// Longest delay between two dials while the peer is [`RECENT`]: a healed link is found again within this
/// and one handshake.
pub const DELAY_MAX_RECENT: Duration = Duration::from_millis(500);

/// Longest delay between two dials of a peer that has been away for long.
pub const DELAY_MAX: Duration = Duration::from_secs(30);

/// How long a peer counts as recently seen after it was lost, or after a wake-up.
pub const RECENT: Duration = Duration::from_secs(120);

/// A link that lived longer than this was a good one; the schedule starts afresh.
///
/// One that ended sooner (a peer that accepts and closes at once) counts as one more failure, so that two
/// nodes do not connect and close in a tight loop.
pub const LIVED_LONG: Duration = Duration::from_secs(10);

/// The schedule of redials to one peer.
///
/// ```
/// use std::time::{Duration, Instant};
/// use hearth_node::net::Backoff;
///
/// let now = Instant::now();
/// let mut backoff = Backoff::new();
/// assert_eq!(backoff.next_delay(now, 0), Duration::ZERO); // first dial at once
/// let wait = backoff.next_delay(now, u64::MAX); // it failed
/// assert!(wait <= Duration::from_millis(250));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    /// True once a dial was started since the schedule began.
    started: bool,
    /// Doublings of [`DELAY_FIRST`] that the next delay has.
    doublings: u32,
    /// Until when the peer counts as recently seen.
    recent_until: Option<Instant>,
}

impl Backoff {
    /// Begins a schedule for a peer that has not been seen: first dial at once, then 250 ms … 30 s.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a link which had lived for `lived` was lost at `now`.
    pub fn lost(&mut self, now: Instant, lived: Duration) {
        if lived > LIVED_LONG {
            *self = Self {
                recent_until: now.checked_add(RECENT),
                ..Self::default()
            };
        }
    }

    /// Notes that the network changed, the machine woke, or a peer's new address came in at `now`: dial at
    /// once, and often for a while.
    pub fn wake(&mut self, now: Instant) {
        *self = Self {
            recent_until: now.checked_add(RECENT),
            ..Self::default()
        };
    }

    /// Returns how long to wait from `now` before the next dial, and counts that dial.
    ///
    /// `random` is any uniformly distributed number: the delay lies between half of the schedule's value
    /// and the whole of it.
    pub fn next_delay(&mut self, now: Instant, random: u64) -> Duration {
        if !self.started {
            self.started = true;
            return Duration::ZERO;
        }
        let recent = self.recent_until.is_some_and(|until| now < until);
        let ceiling = if recent { DELAY_MAX_RECENT } else { DELAY_MAX };
        let factor = 1_u32.checked_shl(self.doublings).unwrap_or(u32::MAX);
        let whole = DELAY_FIRST.saturating_mul(factor);
        // The doublings stand still at the ceiling, so that the delay grows from there once it is lifted
        // instead of jumping to the longest.
        if whole < ceiling {
            self.doublings += 1;
        }
        jitter(whole.min(ceiling), random)
    }
}

/// Spreads a delay over its upper half.
fn jitter(whole: Duration, random: u64) -> Duration {
    let half = whole / 2;
    // The upper 32 bits of the random number, as a fraction of the half.
    let fraction = u128::from(random >> 32);
    let spread_nanos = (half.as_nanos() * fraction) >> 32;
    half + Duration::from_nanos(u64::try_from(spread_nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays_ms(backoff: &mut Backoff, now: Instant, random: u64, count: usize) -> Vec<u128> {
        (0..count)
            .map(|_| backoff.next_delay(now, random).as_millis())
            .collect()
    }

    #[test]
    fn an_unseen_peer_is_dialled_at_once_and_then_ever_more_seldom() {
        let now = Instant::now();
        let mut backoff = Backoff::new();
        assert_eq!(
            delays_ms(&mut backoff, now, 0, 10),
            [0, 125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000],
        );
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        let now = Instant::now();
        let mut low = Backoff::new();
        let mut high = Backoff::new();
        for _ in 0..40 {
            let (low, high) = (low.next_delay(now, 0), high.next_delay(now, u64::MAX));
            assert!(low <= high && high <= low * 2, "{low:?} {high:?}");
            assert!(high <= DELAY_MAX);
        }
    }

    #[test]
    fn a_peer_that_was_just_lost_is_dialled_twice_a_second_for_two_minutes_and_then_less() {
        let start = Instant::now();
        let mut now = start;
        let mut backoff = Backoff::new();
        delays_ms(&mut backoff, now, 0, 20);
        backoff.lost(now, LIVED_LONG + Duration::from_secs(1));
        assert_eq!(backoff.next_delay(now, u64::MAX), Duration::ZERO);
        while now < start + RECENT {
            let delay = backoff.next_delay(now, u64::MAX);
            assert!(
                delay > Duration::ZERO && delay <= DELAY_MAX_RECENT,
                "{delay:?}"
            );
            now += delay;
        }
        let later = delays_ms(&mut backoff, now, 0, 8);
        assert_eq!(
            later,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]
        );
    }

    #[test]
    fn a_peer_that_closes_at_once_does_not_reset_the_schedule() {
        let now = Instant::now();
        let mut backoff = Backoff::new();
        delays_ms(&mut backoff, now, 0, 5);
        backoff.lost(now, Duration::from_millis(20));
        assert_eq!(backoff.next_delay(now, 0).as_millis(), 2_000);
    }

    #[test]
    fn a_wake_up_dials_at_once() {
        let now = Instant::now();
        let mut backoff = Backoff::new();
        delays_ms(&mut backoff, now, 0, 20);
        backoff.wake(now);
        assert_eq!(delays_ms(&mut backoff, now, 0, 4), [0, 125, 250, 250]);
    }
}
