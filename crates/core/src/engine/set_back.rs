//! Devices and mirrors that hold less than they signed for.

use crate::codec::{DecodeError, Reader, Writer};
use crate::frontier::{Frontier, LogTip, SignedFrontier};
use crate::ids::LogId;

/// What proves that a copy was set back to an older one: both were signed by the same device, the one that says less
/// after the one that says more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetBack {
    /// When the lesser one was heard, in milliseconds since 1970 UTC by this device's clock.
    pub at_ms: u64,
    /// What it had signed for.
    pub before: SignedFrontier,
    /// What it signed for then.
    pub after: SignedFrontier,
}

impl SetBack {
    /// Returns how many entries were gone.
    pub fn lost_entries(&self) -> u64 {
        self.before.frontier.beyond(&self.after.frontier)
    }

    /// Says whether whoever has this has again what was gone.
    pub fn is_made_good_by(&self, frontier: &Frontier) -> bool {
        self.before.frontier.beyond(frontier) == 0
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.before.write(writer.u64(self.at_ms));
        self.after.write(writer);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            at_ms: reader.u64("time")?,
            before: SignedFrontier::read(reader)?,
            after: SignedFrontier::read(reader)?,
        })
    }
}

/// Says whether a later frontier ends a log sooner than an earlier one of the same device did. Of a forked log
/// branches are given up by rule, so that it says nothing.
pub(super) fn ends_sooner(before: &Frontier, after: &Frontier) -> bool {
    let mut logs = unforked(before, after);
    logs.any(|(log, (seq, _))| after.seq(log) < *seq)
}

/// Says the same of what cannot be forked by two who use one home, and so has each place of a log once.
pub(super) fn lacks_entries(before: &Frontier, after: &Frontier) -> bool {
    let mut logs = unforked(before, after);
    logs.any(|(log, (seq, hash))| match after.logs.get(log) {
        None => true,
        Some((later, other)) => later < seq || (later == seq && other != hash),
    })
}

fn unforked<'a>(
    before: &'a Frontier,
    after: &'a Frontier,
) -> impl Iterator<Item = (&'a LogId, &'a LogTip)> {
    let is_forked =
        |log: &LogId| before.branches.contains_key(log) || after.branches.contains_key(log);
    let logs = before.logs.iter();
    logs.filter(move |(log, _)| !is_forked(log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DeviceId, EntryHash, Incarnation, Seq};

    fn log(number: u8) -> LogId {
        LogId {
            device: DeviceId::from_bytes([number; 32]),
            incarnation: Incarnation::from_bytes([number; 16]),
        }
    }

    fn frontier(tips: &[(u8, u64, u8)]) -> Frontier {
        let mut frontier = Frontier::default();
        for (number, seq, hash) in tips {
            let tip = (Seq::new(*seq), EntryHash::from_bytes([*hash; 32]));
            frontier.logs.insert(log(*number), tip);
        }
        frontier
    }

    #[test]
    fn what_ends_sooner_or_otherwise_or_is_gone_lacks_something() {
        let before = frontier(&[(1, 5, 1), (2, 3, 1)]);
        assert!(lacks_entries(&before, &frontier(&[(1, 4, 9), (2, 3, 1)])));
        assert!(lacks_entries(&before, &frontier(&[(1, 5, 2), (2, 3, 1)])));
        assert!(lacks_entries(&before, &frontier(&[(1, 5, 1)])));
        assert!(!lacks_entries(&before, &before));
        // Two who use one home have different entries at one place: that is a fork, and goes back to nothing.
        assert!(!ends_sooner(&before, &frontier(&[(1, 5, 2), (2, 3, 1)])));
        assert!(ends_sooner(&before, &frontier(&[(1, 4, 9), (2, 3, 1)])));
        assert!(ends_sooner(&before, &frontier(&[(1, 5, 1)])));
        assert!(!lacks_entries(
            &before,
            &frontier(&[(1, 6, 7), (2, 3, 1), (3, 1, 1)])
        ));
    }

    #[test]
    fn a_forked_log_says_nothing() {
        let before = frontier(&[(1, 5, 1)]);
        let mut after = frontier(&[]);
        let tip = |hash| (Seq::new(4), EntryHash::from_bytes([hash; 32]));
        after.set_tips(log(1), vec![tip(1), tip(2)]);
        assert!(!lacks_entries(&before, &after));
    }
}
