//! Which commitments and openings count, decided from the change history.

use std::collections::BTreeMap;

use automerge::{Automerge, ChangeHash, ObjId};
use jiff::Timestamp;

use crate::hash::{Commitment, Salt};
use crate::id::{Kind, NotebookRef, ObjectId};
use crate::limits::OPENINGS_MAX;
use crate::people::{People, PersonRef};
use crate::record::{IMPORTED_FROM, Record, signed};

/// A commitment, by whoever made it.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub(super) id: ObjectId,
    pub(super) person: String,
    pub(super) digest: Commitment,
    pub(super) at: Option<Timestamp>,
    /// Whether its own author has taken it back.
    pub(super) withdrawn: bool,
}

/// An opening, by whoever made it.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) id: ObjectId,
    pub(super) person: String,
    pub(super) words: String,
    pub(super) at: Option<Timestamp>,
    pub(super) commitment: ObjectId,
    pub(super) verdict: Verdict,
}

/// What an opening is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It counts.
    Counts,
    /// Not every participant's commitment was in its past.
    TooEarly,
    /// It does not match a commitment of its author.
    NoMatch,
    /// It matches another commitment than the one against which somebody else opened theirs.
    OtherCommitment,
}

/// An exchange, judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) participants: Vec<String>,
    pub(super) commitments: Vec<Committed>,
    pub(super) openings: Vec<Opened>,
    /// The commitment of each person that somebody else's opening was made against.
    pub(super) bound: BTreeMap<String, ObjectId>,
    pub(super) imported: bool,
}

/// Judges an exchange. `None` where nothing says who takes part.
pub(super) fn judge(
    id: ObjectId,
    record: &Record<'_>,
    notebook: NotebookRef,
    people: &dyn People,
) -> Option<Judged> {
    let made = record.as_made()?;
    let named = |record: &Record<'_>| -> Vec<String> {
        let named = record.people("participant", people).into_iter();
        named.map(|named| named.person).collect()
    };
    let commitments = commitments(record, people);
    // A large import is cut into several changes, and the first may hold no more than the key.
    let imported = made.fields.contains_key(IMPORTED_FROM) || named(&made).is_empty();
    let participants = named(if imported { record } else { &made });
    let (openings, bound) = if imported {
        (Vec::new(), BTreeMap::new())
    } else {
        let judge = Judge {
            exchange: id,
            record,
            notebook,
            participants: &participants,
            commitments: &commitments,
            people,
        };
        judge.openings()
    };
    Some(Judged {
        participants,
        commitments,
        openings,
        bound,
        imported,
    })
}

/// The person whose operation made an object.
fn author(doc: &Automerge, obj: &ObjId, people: &dyn People) -> (String, Option<Timestamp>) {
    let (author, at) = signed(doc, obj, people);
    (author.person, at)
}

fn commitments(record: &Record<'_>, people: &dyn People) -> Vec<Committed> {
    let found = record.children(Kind::Commitment).into_iter();
    found
        .filter_map(|(id, now)| {
            let (person, at) = author(now.doc, &now.obj, people);
            let made = now.as_made()?;
            let withdrawn = is_withdrawn(&now, &person, people);
            Some(Committed {
                id,
                digest: Commitment(made.bytes_32("digest")?),
                person,
                at,
                withdrawn,
            })
        })
        .collect()
}

/// Says whether the person themselves took it back, in the version that was read.
pub(super) fn is_withdrawn(record: &Record<'_>, person: &str, people: &dyn People) -> bool {
    record.flag("withdrawn") && record.writer_of("withdrawn", people) == person
}

struct Judge<'a> {
    exchange: ObjectId,
    record: &'a Record<'a>,
    notebook: NotebookRef,
    participants: &'a [String],
    commitments: &'a [Committed],
    people: &'a dyn People,
}

/// An opening before it is judged.
struct Claim {
    opened: Opened,
    obj: ObjId,
    salt: Salt,
    deps: Vec<ChangeHash>,
}

/// What the version that an opening builds on says: each person's one commitment, and the openings there.
struct Past {
    standing: BTreeMap<String, Vec<ObjectId>>,
    commitments: Vec<ObjectId>,
    openings: Vec<ObjectId>,
}

/// An opening with all commitments in its past, and which those are.
struct Sound {
    id: ObjectId,
    person: String,
    chosen: BTreeMap<String, ObjectId>,
}

impl Judge<'_> {
    fn openings(&self) -> (Vec<Opened>, BTreeMap<String, ObjectId>) {
        let mut claims = self.claims();
        // In Automerge's own order an operation stands after all that its author had seen.
        claims.sort_by(|left, right| left.obj.cmp(&right.obj));
        claims.truncate(OPENINGS_MAX);
        let mut sound: Vec<Sound> = Vec::new();
        for claim in &mut claims {
            claim.opened.verdict = match self.first_look(claim, &sound) {
                Ok(chosen) => {
                    sound.push(Sound {
                        id: claim.opened.id,
                        person: claim.opened.person.clone(),
                        chosen,
                    });
                    Verdict::Counts
                }
                Err(verdict) => verdict,
            };
        }
        let mut bound = BTreeMap::new();
        for one in &sound {
            for (person, commitment) in &one.chosen {
                if *person != one.person {
                    bound.entry(person.clone()).or_insert(*commitment);
                }
            }
        }
        for claim in &mut claims {
            let opened = &mut claim.opened;
            let against = |one: &Sound| {
                one.person != opened.person
                    && one.chosen.get(&opened.person) != Some(&opened.commitment)
            };
            if opened.verdict == Verdict::Counts && sound.iter().any(against) {
                opened.verdict = Verdict::OtherCommitment;
            }
        }
        (
            claims.into_iter().map(|claim| claim.opened).collect(),
            bound,
        )
    }

    fn claims(&self) -> Vec<Claim> {
        let found = self.record.children(Kind::Opening).into_iter();
        found
            .filter_map(|(id, now)| {
                let (person, at) = author(now.doc, &now.obj, self.people);
                let made = now.as_made()?;
                let hash = now.doc.hash_for_opid(&now.obj)?;
                let deps = now.doc.get_change_meta_by_hash(&hash)?.deps;
                Some(Claim {
                    opened: Opened {
                        id,
                        person,
                        words: made.str("words")?,
                        at,
                        commitment: made.id("commitment")?,
                        verdict: Verdict::TooEarly,
                    },
                    salt: Salt(made.bytes_32("salt")?),
                    obj: now.obj,
                    deps,
                })
            })
            .filter(|claim| self.participants.contains(&claim.opened.person))
            .collect()
    }

    /// Looks at an opening with those before it: which commitment of each participant it was made against.
    fn first_look(
        &self,
        claim: &Claim,
        sound: &[Sound],
    ) -> Result<BTreeMap<String, ObjectId>, Verdict> {
        let Opened {
            person, commitment, ..
        } = &claim.opened;
        let past = self.past(&claim.deps);
        let earlier: Vec<&Sound> = sound
            .iter()
            .filter(|one| past.openings.contains(&one.id))
            .collect();
        let own = self.commitments.iter().find(|one| one.id == *commitment);
        let own = own.filter(|own| own.person == *person);
        let own = own.ok_or(Verdict::NoMatch)?;
        let known = PersonRef::new(person.as_str()).map_err(|_| Verdict::NoMatch)?;
        let words = &claim.opened.words;
        // What somebody committed to before the fork names the notebook that it was then.
        let mut notebooks = vec![self.notebook];
        notebooks.extend(self.people.earlier_notebooks());
        let is_own = |notebook: &NotebookRef| {
            let digest = Commitment::of(*notebook, self.exchange, &known, &claim.salt, words);
            digest == own.digest
        };
        if !notebooks.iter().any(is_own) {
            return Err(Verdict::NoMatch);
        }
        let mut chosen = BTreeMap::new();
        for participant in self.participants {
            let standing = past
                .standing
                .get(participant)
                .map_or(&[][..], Vec::as_slice);
            let fixed = earlier
                .iter()
                .find(|one| one.person != *participant)
                .and_then(|one| one.chosen.get(participant));
            let one = match (standing, fixed) {
                // What somebody has opened theirs against stays, even where it was taken back too late.
                (_, Some(fixed)) => *fixed,
                ([one], None) => *one,
                _ => return Err(Verdict::TooEarly),
            };
            chosen.insert(participant.clone(), one);
        }
        if !past.commitments.contains(commitment) {
            return Err(Verdict::TooEarly);
        }
        if chosen.get(person) != Some(commitment) {
            return Err(Verdict::OtherCommitment);
        }
        Ok(chosen)
    }

    fn past(&self, heads: &[ChangeHash]) -> Past {
        let doc = self.record.doc;
        let exchange = Record::read_at(doc, self.record.obj.clone(), heads);
        let mut past = Past {
            standing: BTreeMap::new(),
            commitments: Vec::new(),
            openings: Vec::new(),
        };
        let openings = exchange.children(Kind::Opening);
        past.openings.extend(openings.into_iter().map(|(id, _)| id));
        for (id, commitment) in exchange.children(Kind::Commitment) {
            let Some(known) = self.commitments.iter().find(|one| one.id == id) else {
                continue;
            };
            past.commitments.push(id);
            let then = Record::read_at(doc, commitment.obj, heads);
            if !is_withdrawn(&then, &known.person, self.people) {
                past.standing
                    .entry(known.person.clone())
                    .or_default()
                    .push(id);
            }
        }
        past
    }
}
