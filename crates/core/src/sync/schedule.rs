//! When a peer is told what was kept: once it knows all that it waits for, or now and then.

use crate::limits::ACK_INTERVAL_MS;

/// When the next acknowledgement of one notebook falls due.
///
/// Times are in milliseconds by the driver's clock.
#[derive(Debug, Default)]
pub(super) struct AckSchedule {
    /// Since when something is kept that the peer was not told of.
    since_ms: Option<u64>,
    /// When the peer was told last.
    told_ms: Option<u64>,
    /// Whether the peer said that it has entries which are still on their way.
    is_behind: bool,
}

impl AckSchedule {
    /// Begins anew with a peer that has entries which are not here, or has none.
    pub(super) const fn begin(&mut self, is_behind: bool) {
        self.is_behind = is_behind;
    }

    /// Says whether entries that the peer said it has are still on their way.
    pub(super) const fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Notes that all that the peer said it has is here: it waits to hear that.
    pub(super) const fn caught_up(&mut self) {
        self.is_behind = false;
        self.told_ms = None;
    }

    /// Notes that something is kept that the peer is to be told of.
    pub(super) fn kept(&mut self, now_ms: u64) {
        self.since_ms.get_or_insert(now_ms);
    }

    /// Notes that the peer is told everything.
    pub(super) const fn told(&mut self, now_ms: u64) {
        self.since_ms = None;
        self.told_ms = Some(now_ms);
    }

    /// Notes that there is nothing to tell any more.
    pub(super) const fn clear(&mut self) {
        self.since_ms = None;
    }

    /// Returns when the peer is to be told. The first of several things it hears at once; while much
    /// is on its way, and after that, it hears of all that came in an interval together.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let since_ms = self.since_ms?;
        let after = |ms: u64| ms.saturating_add(ACK_INTERVAL_MS);
        Some(if self.is_behind {
            after(since_ms)
        } else {
            self.told_ms
                .map_or(since_ms, |told_ms| since_ms.max(after(told_ms)))
        })
    }

    /// Notes the time. Where the clock went back, what was noted by the old time counts from now.
    pub(super) fn set_clock(&mut self, now_ms: u64) {
        for noted in [&mut self.since_ms, &mut self.told_ms] {
            *noted = noted.map(|ms| ms.min(now_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_is_told_at_once_and_the_others_together() {
        let mut schedule = AckSchedule::default();
        assert_eq!(schedule.due_ms(), None);
        schedule.kept(1_000);
        assert_eq!(schedule.due_ms(), Some(1_000));
        schedule.told(1_000);
        assert_eq!(schedule.due_ms(), None);
        for now_ms in [1_010, 1_020, 1_030] {
            schedule.kept(now_ms);
            assert_eq!(schedule.due_ms(), Some(1_000 + ACK_INTERVAL_MS));
        }
        let quiet_ms = 1_000 + 2 * ACK_INTERVAL_MS;
        schedule.told(1_000 + ACK_INTERVAL_MS);
        schedule.kept(quiet_ms + 1);
        assert_eq!(schedule.due_ms(), Some(quiet_ms + 1));
    }

    #[test]
    fn a_peer_that_waits_for_all_it_has_to_arrive_is_told_when_it_has() {
        let mut schedule = AckSchedule::default();
        schedule.begin(true);
        schedule.kept(1_000);
        assert_eq!(schedule.due_ms(), Some(1_000 + ACK_INTERVAL_MS));
        schedule.told(1_000 + ACK_INTERVAL_MS);
        schedule.kept(1_001 + ACK_INTERVAL_MS);
        schedule.caught_up();
        assert_eq!(schedule.due_ms(), Some(1_001 + ACK_INTERVAL_MS));
    }

    #[test]
    fn a_clock_that_goes_back_puts_nothing_off() {
        let mut schedule = AckSchedule::default();
        schedule.told(1_000_000);
        schedule.kept(1_000_001);
        schedule.set_clock(500);
        assert_eq!(schedule.due_ms(), Some(500 + ACK_INTERVAL_MS));
    }
}
