//! Who does what in a circle: roles that go round by themselves.

use serde::{Deserialize, Serialize};

/// Who has which role in one meeting, as person ids.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Roles {
    /// Whose question it is.
    pub presenter: String,
    /// Who keeps the time and the rules.
    pub facilitator: String,
    /// Who writes down what is agreed on.
    pub note_taker: String,
}

/// Hands out the roles among those who are there. Of each role whoever had it least often gets it, then
/// whoever had it longest ago, then whoever had the fewest roles at all. Nobody has two roles as long as there
/// are enough people; of two, whoever does not present does the rest.
///
/// `past` are the roles of earlier meetings, the latest last. `presenter` was chosen by hand.
#[must_use]
pub fn rotate(present: &[String], past: &[Roles], presenter: Option<&str>) -> Roles {
    let roles: [fn(&Roles) -> &str; 3] = [
        |roles| &roles.presenter,
        |roles| &roles.facilitator,
        |roles| &roles.note_taker,
    ];
    let mut chosen: Vec<String> = Vec::new();
    for (place, role) in roles.iter().enumerate() {
        if let Some(presenter) = presenter.filter(|_| place == 0) {
            chosen.push(presenter.to_owned());
            continue;
        }
        let free = present.iter().filter(|one| !chosen.contains(one));
        let next = free.min_by_key(|one| {
            let had = |roles: &&Roles| role(roles) == one.as_str();
            let times = past.iter().filter(had).count();
            let last = past.iter().rposition(|roles| role(roles) == one.as_str());
            let all = roles.iter().map(|role| {
                past.iter()
                    .filter(|roles| role(roles) == one.as_str())
                    .count()
            });
            (times, last, all.sum::<usize>())
        });
        // Where nobody is free, the one who was chosen last does this too.
        let next = next.cloned().or_else(|| chosen.last().cloned());
        chosen.extend(next);
    }
    let mut chosen = chosen.into_iter();
    let mut take = || chosen.next().unwrap_or_default();
    Roles {
        presenter: take(),
        facilitator: take(),
        note_taker: take(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("p{n}")).collect()
    }

    #[test]
    fn over_time_everybody_has_each_role_equally_often() {
        for count in [3, 4, 5, 8] {
            let present = people(count);
            let mut past: Vec<Roles> = Vec::new();
            for _ in 0..count * 4 {
                past.push(rotate(&present, &past, None));
            }
            for one in &present {
                let times = |role: fn(&Roles) -> &String| {
                    past.iter().filter(|roles| role(roles) == one).count()
                };
                assert_eq!(times(|roles| &roles.presenter), 4, "{count} {one}");
                let others = [times(|r| &r.facilitator), times(|r| &r.note_taker)];
                assert!(
                    others.iter().all(|n| (3..=5).contains(n)),
                    "{count} {one} {others:?}"
                );
            }
            for roles in &past {
                assert_ne!(roles.presenter, roles.facilitator);
                assert_ne!(roles.presenter, roles.note_taker);
                assert_ne!(roles.facilitator, roles.note_taker);
            }
        }
    }

    #[test]
    fn whoever_was_away_comes_first_when_they_are_back() {
        let all = people(4);
        let mut past = Vec::new();
        for _ in 0..3 {
            past.push(rotate(&all[..3], &past, None));
        }
        assert_eq!(rotate(&all, &past, None).presenter, "p3");
        let by_hand = rotate(&all, &past, Some("p0"));
        assert_eq!(by_hand.presenter, "p0");
        assert_ne!(by_hand.facilitator, "p0");
    }

    #[test]
    fn two_share_the_roles_and_one_has_them_all() {
        let two = rotate(&people(2), &[], None);
        assert_eq!(
            (two.facilitator.as_str(), two.note_taker.as_str()),
            ("p1", "p1")
        );
        let one = rotate(&people(1), &[], None);
        assert_eq!(
            (one.presenter.as_str(), one.note_taker.as_str()),
            ("p0", "p0")
        );
        assert_eq!(rotate(&[], &[], None), Roles::default());
    }
}
