//! What the unit tests share: a notebook of Mia with Ben as the other member, and a pinned clock.

use automerge::ActorId;
use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::Writer;
use crate::documents::MemoryDocuments;
use crate::people::{PersonRef, StaticPeople};

/// Everything that a test of one noun needs.
pub(crate) struct Bench {
    pub(crate) docs: MemoryDocuments,
    pub(crate) people: StaticPeople,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) now: Timestamp,
}

pub(crate) fn mia() -> ActorId {
    ActorId::from([1_u8; 16])
}

pub(crate) fn ben() -> ActorId {
    ActorId::from([2_u8; 16])
}

pub(crate) fn bench() -> Bench {
    Bench {
        docs: MemoryDocuments::new(mia()),
        people: StaticPeople::default()
            .with(&mia(), "person-mia", "Mia", "Mia's laptop")
            .with(&ben(), "person-ben", "Ben", "Ben's laptop"),
        rng: ChaCha8Rng::seed_from_u64(7),
        now: "2026-11-23T09:00:00Z".parse().unwrap_or_default(),
    }
}

impl Bench {
    pub(crate) fn writer(rng: &mut ChaCha8Rng, now: Timestamp) -> Writer<'_> {
        #[allow(clippy::expect_used)]
        let me = PersonRef::new("person-mia").expect("a valid id");
        Writer::new(now, rng, me)
    }
}
