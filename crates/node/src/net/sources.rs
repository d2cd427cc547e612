//! How many handshakes one source may start.
//!
//! The invariant: a source that floods this node with handshakes slows down itself, and nobody else. No
//! clock in here: the time comes in as an argument.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use super::{
    ident::TransportId,
    limits::{SOURCE_BURST, SOURCE_REFILL, SOURCES_MAX},
};

/// What counts as one source of handshakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// An IPv4 address, or the first 64 bits of an IPv6 address: what one household has.
    Network(IpAddr),
    /// A key that a relay has checked.
    Relayed(TransportId),
}

impl Source {
    /// Names the source of a packet. `None` for loopback: a program on this machine can exhaust the node
    /// by other ways, and a limit would only slow down tests and demonstrations.
    pub(super) fn of_ip(ip: IpAddr) -> Option<Self> {
        match ip.to_canonical() {
            ip if ip.is_loopback() => None,
            ip @ IpAddr::V4(_) => Some(Self::Network(ip)),
            IpAddr::V6(ip) => {
                let network = ip.to_bits() & !u128::from(u64::MAX);
                Some(Self::Network(Ipv6Addr::from_bits(network).into()))
            }
        }
    }
}

/// A bucket of tokens for each source: [`SOURCE_BURST`] at first, one more every [`SOURCE_REFILL`].
#[derive(Debug, Default)]
pub(super) struct SourceLimiter {
    /// For each source, the moment at which its bucket is full again.
    full_at: HashMap<Source, Instant>,
}

impl SourceLimiter {
    /// Takes one token of a source at `now`; false where it has none left.
    pub(super) fn allow(&mut self, source: Source, now: Instant) -> bool {
        if !self.full_at.contains_key(&source) && self.full_at.len() >= SOURCES_MAX {
            self.make_room(now);
        }
        let full_at = self.full_at.entry(source).or_insert(now);
        let used_until = (*full_at).max(now) + SOURCE_REFILL;
        if used_until.duration_since(now) > burst() {
            return false;
        }
        *full_at = used_until;
        true
    }

    /// Forgets the sources whose bucket is full, and where there are none the one that will be first.
    fn make_room(&mut self, now: Instant) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() < SOURCES_MAX {
            return;
        }
        let first = self
            .full_at
            .iter()
            .min_by_key(|(_, full_at)| **full_at)
            .map(|(source, _)| *source);
        if let Some(source) = first {
            self.full_at.remove(&source);
        }
    }
}

/// Time in which an empty bucket fills.
fn burst() -> Duration {
    SOURCE_REFILL * SOURCE_BURST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::of_ip(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_one_at_each_refill() {
        let mut limiter = SourceLimiter::default();
        let mut now = Instant::now();
        let flood = source("192.0.2.1");
        assert!((0..SOURCE_BURST).all(|_| limiter.allow(flood, now)));
        assert!(!limiter.allow(flood, now));
        assert!(limiter.allow(source("192.0.2.2"), now));
        now += SOURCE_REFILL;
        assert!(limiter.allow(flood, now));
        assert!(!limiter.allow(flood, now));
        now += burst();
        assert!((0..SOURCE_BURST).all(|_| limiter.allow(flood, now)));
        assert!(!limiter.allow(flood, now));
    }

    #[test]
    fn one_household_is_one_source_and_loopback_is_none() {
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::2"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_eq!(Source::of_ip("127.0.0.1".parse().unwrap()), None);
        assert_eq!(Source::of_ip("::1".parse().unwrap()), None);
    }

    #[test]
    fn the_table_stays_bounded_and_a_flood_stays_limited() {
        let mut limiter = SourceLimiter::default();
        let now = Instant::now();
        let flood = source("192.0.2.1");
        while limiter.allow(flood, now) {}
        for number in 0..2 * u32::try_from(SOURCES_MAX).unwrap() {
            let ip = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            assert!(limiter.allow(Source::Network(ip), now));
            assert!(limiter.full_at.len() <= SOURCES_MAX);
        }
        assert!(!limiter.allow(flood, now));
    }
}
