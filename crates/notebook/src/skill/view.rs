//! Skills as shown.

use std::collections::BTreeMap;

use automerge::Automerge;
use serde::Serialize;

use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::ReadError;
use crate::figures::Figures;
use crate::hash::TextHash;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Named, People, Signature};
use crate::record::{Provenance, Record};
use crate::skill::endorse::{Kept, canonical, is_withdrawn};
use crate::skill::{ANCHORS, Skill, anchor_key};

/// A skill.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SkillView {
    /// The id.
    pub id: ObjectId,
    /// What it is called.
    pub title: String,
    /// What is meant by it here.
    pub about: String,
    /// Where it is described.
    pub uri: Option<String>,
    /// What the numbers from 1 to 5 mean.
    pub anchors: Vec<Anchor>,
    /// Everybody whose skill somebody has rated, shown or endorsed, in the order in which they came.
    pub people: Vec<SkillPerson>,
    /// Every rating, the earliest first.
    pub ratings: Vec<RatingView>,
    /// What shows the skill, oldest first.
    pub evidence: Vec<EvidenceView>,
    /// Who vouches for it, oldest first.
    pub endorsements: Vec<EndorsementView>,
    /// Comments on it and on its parts, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// What a number means.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Anchor {
    /// From 1 to 5.
    pub value: usize,
    /// The words.
    pub text: String,
    /// Whether somebody wrote them for this skill.
    pub own: bool,
}

/// Where a person stands.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SkillPerson {
    /// Who.
    #[serde(flatten)]
    pub person: Named,
    /// How they see it themselves; none where they have not said.
    pub own: Option<Figures>,
    /// How each of the others sees it, in the order in which they first said so.
    pub others: Vec<Figures>,
    /// Whose signed endorsements stand.
    pub endorsed_by: Vec<Named>,
}

/// A rating.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RatingView {
    /// The id.
    pub id: ObjectId,
    /// Whose skill it is.
    pub of: Named,
    /// Who rates: the person whose device wrote it, or whom an import names.
    pub by: Named,
    /// From 1 to 5.
    pub value: u32,
    /// What makes them think so.
    pub note: String,
    /// The day.
    pub at: Option<String>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Something that shows a skill.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EvidenceView {
    /// The id.
    pub id: ObjectId,
    /// Whose skill it shows.
    pub of: Named,
    /// What was done or seen.
    pub text: String,
    /// Where it is to be seen.
    pub link: Option<String>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// What an endorsement is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndorsementState {
    /// Signed by whoever wrote it, over exactly what the skill says now.
    Signed,
    /// Signed, but the skill has been called or described otherwise since: what stands here now, nobody
    /// has signed.
    Changed,
    /// No signature of whoever wrote it counts.
    Unsigned,
    /// Taken back by whoever wrote it.
    Withdrawn,
}

/// Somebody vouches for a skill of a person.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EndorsementView {
    /// The id.
    pub id: ObjectId,
    /// Whose skill it is.
    pub of: Named,
    /// Who vouches.
    pub by: Named,
    /// What they have seen.
    pub note: String,
    /// Whether the signature stands.
    pub signed: bool,
    /// What it is worth.
    pub state: EndorsementState,
    /// The exact text that the signature covers.
    pub signed_text: String,
    /// The hash of salt and text, as computed here from both.
    pub text_hash: TextHash,
    /// The control entry that is the signature.
    pub entry: Option<String>,
    /// The label of the device that signed.
    pub device: Option<String>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Lists every skill, the oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(docs: &mut dyn Documents, people: &dyn People) -> Result<Vec<SkillView>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let comments = comment::all(index, people);
    let signatures = people.signatures();
    let skills = Skill::all(index);
    let shown = |skill: &Skill<'_>| view(skill, &comments, &signatures, people);
    Ok(skills.iter().filter_map(shown).collect())
}

/// Shows the skill that answers to an id.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<SkillView, ReadError> {
    let find = |index: &Automerge| {
        let skill = Skill::find(index, id)?;
        let comments = comment::all(index, people);
        view(&skill, &comments, &people.signatures(), people)
    };
    docs.read(DocumentId::INDEX)?
        .and_then(find)
        .ok_or(ReadError::NotFound {
            kind: Kind::Skill,
            id,
        })
}

fn view(
    skill: &Skill<'_>,
    comments: &[CommentView],
    signatures: &[Signature],
    people: &dyn People,
) -> Option<SkillView> {
    let (id, first) = skill.0.first()?;
    let mut ratings: Vec<RatingView> = skill
        .children(Kind::Rating)
        .iter()
        .filter_map(|(id, record)| rating(*id, record, people))
        .collect();
    ratings.sort_by(|left, right| (&left.at, left.id).cmp(&(&right.at, right.id)));
    let evidence: Vec<EvidenceView> = skill
        .children(Kind::Evidence)
        .iter()
        .filter_map(|(id, record)| evidence(*id, record, people))
        .collect();
    let endorsements: Vec<EndorsementView> = skill
        .children(Kind::Endorsement)
        .iter()
        .filter_map(|(id, record)| endorsement(skill, *id, record, signatures, people))
        .collect();
    let uri = skill.text("uri");
    Some(SkillView {
        id: *id,
        title: skill.title(),
        about: skill.text("about"),
        uri: (!uri.trim().is_empty()).then_some(uri),
        anchors: anchors(skill),
        people: persons(&ratings, &evidence, &endorsements),
        comments: commented(skill, *id, comments),
        ratings,
        evidence,
        endorsements,
        provenance: first.provenance(people),
    })
}

fn anchors(skill: &Skill<'_>) -> Vec<Anchor> {
    let anchor = |(place, usual): (usize, &&str)| {
        let value = place + 1;
        let own = skill.text(&anchor_key(i64::try_from(value).unwrap_or_default()));
        let is_own = !own.trim().is_empty();
        Anchor {
            value,
            text: if is_own { own } else { (*usual).to_owned() },
            own: is_own,
        }
    };
    ANCHORS.iter().enumerate().map(anchor).collect()
}

/// What people say about the skill, whichever of its parts they point at.
fn commented(skill: &Skill<'_>, id: ObjectId, comments: &[CommentView]) -> Vec<CommentView> {
    let kinds = [Kind::Rating, Kind::Evidence, Kind::Endorsement];
    let parts = kinds.iter().flat_map(|kind| skill.children(*kind));
    let parts = parts.map(|(part, _)| part);
    comment::under(comments, id, parts.chain(skill.0.iter().map(|(id, _)| *id)))
}

fn rating(id: ObjectId, record: &Record<'_>, people: &dyn People) -> Option<RatingView> {
    let value = record.count("value").filter(|n| (1..=5).contains(n))?;
    let provenance = record.provenance(people);
    Some(RatingView {
        id,
        of: people.named(&record.str("of")?),
        by: provenance.author(people),
        value,
        note: record.str_or_empty("note"),
        at: record.date("at").or_else(|| provenance.day()),
        provenance,
    })
}

fn evidence(id: ObjectId, record: &Record<'_>, people: &dyn People) -> Option<EvidenceView> {
    Some(EvidenceView {
        id,
        of: people.named(&record.str("of")?),
        text: record.str_or_empty("text"),
        link: record.str("link").filter(|link| !link.is_empty()),
        provenance: record.provenance(people),
    })
}

fn endorsement(
    skill: &Skill<'_>,
    id: ObjectId,
    record: &Record<'_>,
    signatures: &[Signature],
    people: &dyn People,
) -> Option<EndorsementView> {
    let kept = Kept::read(record, people)?;
    let text_hash = kept.hash();
    // Whoever is endorsed vouches for nothing, whoever's words they may have copied.
    let own = signatures.iter().find(|signature| {
        signature.counts
            && signature.text_hash == text_hash
            && signature.person == kept.by
            && kept.by != kept.of
    });
    let state = match own {
        _ if is_withdrawn(record, people) => EndorsementState::Withdrawn,
        None => EndorsementState::Unsigned,
        Some(_) if kept.text == canonical(skill, &kept.of, &kept.note) => EndorsementState::Signed,
        Some(_) => EndorsementState::Changed,
    };
    let provenance = record.provenance(people);
    Some(EndorsementView {
        id,
        of: people.named(&kept.of),
        by: provenance.author(people),
        note: kept.note,
        signed: state == EndorsementState::Signed,
        state,
        signed_text: kept.text,
        text_hash,
        entry: own.map(|signature| signature.entry.clone()),
        device: own.map(|signature| signature.device.clone()),
        provenance,
    })
}

/// Where each person stands, from their own view, that of others, and whoever vouches for them.
fn persons(
    ratings: &[RatingView],
    evidence: &[EvidenceView],
    endorsements: &[EndorsementView],
) -> Vec<SkillPerson> {
    let mut persons: Vec<SkillPerson> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let named = ratings.iter().map(|rating| &rating.of);
    let named = named.chain(evidence.iter().map(|evidence| &evidence.of));
    for of in named.chain(endorsements.iter().map(|one| &one.of)) {
        places.entry(of.person.clone()).or_insert_with(|| {
            persons.push(SkillPerson {
                person: of.clone(),
                own: None,
                others: Vec::new(),
                endorsed_by: Vec::new(),
            });
            persons.len() - 1
        });
    }
    let at = |of: &Named| places.get(&of.person).copied();
    for rating in ratings {
        if let Some(person) = at(&rating.of).and_then(|place| persons.get_mut(place)) {
            person.rated(rating);
        }
    }
    for one in endorsements.iter().filter(|one| one.signed) {
        let person = at(&one.of).and_then(|place| persons.get_mut(place));
        if let Some(person) = person
            && !person.endorsed_by.contains(&one.by)
        {
            person.endorsed_by.push(one.by.clone());
        }
    }
    persons
}

impl SkillPerson {
    /// Takes in a rating; they come the earliest first.
    fn rated(&mut self, rating: &RatingView) {
        let at = rating.at.as_deref();
        if rating.by.person == self.person.person {
            let mut own: Vec<Figures> = self.own.take().into_iter().collect();
            Figures::gather(&mut own, &rating.by, rating.value, at);
            self.own = own.pop();
        } else {
            Figures::gather(&mut self.others, &rating.by, rating.value, at);
        }
    }
}
