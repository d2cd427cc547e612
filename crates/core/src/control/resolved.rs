//! Memberships that were resolved lately.
//!
//! Who is a member follows from few of the entries of a set; keys, grants of keys, freezes and signatures
//! say nothing about it. So what was resolved is kept by which of those few were looked at, and holds for
//! all heads with the same ones in their past, whatever else the set comes to hold.

use std::sync::{Arc, Mutex, PoisonError};

use super::Membership;
use super::scope::Places;

/// Memberships that are kept. A stretch of history is looked at from a few heads at a time; one of thirty
/// people takes some fifty kilobytes.
const RESOLVED_MAX: usize = 16;

#[derive(Debug, Clone, Default)]
struct Kept {
    /// What was resolved, by the places that it follows from, the one looked at last at the end.
    memberships: Vec<(Places, Arc<Membership>)>,
    /// How often something was resolved that was not kept.
    resolutions: u64,
}

/// Memberships by the places, of those of the entries that say who is a member, that were looked at.
#[derive(Debug, Default)]
pub(super) struct Resolved(Mutex<Kept>);

impl Clone for Resolved {
    /// A copy goes on alone: the next entry of each of the two sets takes the same place.
    fn clone(&self) -> Self {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Mutex::new(kept.clone()))
    }
}

impl Resolved {
    /// Returns what follows from some places, or resolves it.
    pub(super) fn get(
        &self,
        places: Places,
        resolve: impl FnOnce() -> Membership,
    ) -> Arc<Membership> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut kept.memberships;
        if let Some(at) = known.iter().rposition(|(of, _)| *of == places) {
            let found = known.remove(at);
            let membership = Arc::clone(&found.1);
            known.push(found);
            return membership;
        }
        let membership = Arc::new(resolve());
        if known.len() >= RESOLVED_MAX {
            known.remove(0);
        }
        known.push((places, Arc::clone(&membership)));
        kept.resolutions += 1;
        membership
    }

    /// Forgets all but what was looked at last.
    pub(super) fn shrink(&self, kept_max: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = kept.memberships.len().saturating_sub(kept_max);
        kept.memberships.drain(..surplus);
        kept.memberships.shrink_to_fit();
    }

    /// Returns how often something was resolved that was not kept.
    pub(super) fn resolutions(&self) -> u64 {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.resolutions
    }
}
