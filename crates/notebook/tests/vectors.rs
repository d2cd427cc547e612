//! Hashes that signatures and commitments name, and the text that is signed: once written, the same for
//! ever. What is added here never changes.
#![allow(clippy::unwrap_used)]

use automerge::ActorId;
use hearth_notebook::agreement::{self, TopicEdit};
use hearth_notebook::skill::{self, NewEndorsement, NewSkill};
use hearth_notebook::{
    Commitment, MemoryDocuments, NotebookRef, PersonRef, Salt, StaticPeople, TextHash, Topic,
    Writer,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

const TEXT: &str = include_str!("vectors/agreement.txt");
const ENDORSEMENT: &str = include_str!("vectors/endorsement.txt");

#[test]
fn the_text_of_an_agreement_and_its_hash_stay_what_they_are() {
    let mut docs = MemoryDocuments::new(ActorId::from([1; 16]));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    let mut writer = Writer::new(now, &mut rng, PersonRef::new("ada").unwrap());
    let edits: Vec<TopicEdit> = Topic::ALL
        .iter()
        .map(|topic| TopicEdit {
            topic: *topic,
            mine: None,
            consensus: Some(format!(" About {}.\r\n\r\nGrüße \n", topic.word())),
        })
        .collect();
    agreement::edit(&mut docs, &mut writer, &edits, &[]).unwrap();
    let signed = agreement::to_sign(&mut docs).unwrap().unwrap();
    assert_eq!(signed.text, TEXT);
    assert_eq!(
        TextHash::of(&Salt([7; 32]), TEXT).to_string(),
        "f05bcd5ddccb1b52d9dbfe70880eeefa184e07e0cda8f97ce423b5d44e51a3e2"
    );
}

#[test]
fn the_text_of_an_endorsement_and_its_hash_stay_what_they_are() {
    let mut docs = MemoryDocuments::new(ActorId::from([1; 16]));
    let people = StaticPeople::default();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    let mut writer = Writer::new(now, &mut rng, PersonRef::new("ada").unwrap());
    let new = NewSkill {
        title: "Reading  aloud".to_owned(),
        uri: Some("http://data.europa.eu/esco/skill/1".to_owned()),
        ..NewSkill::default()
    };
    let id = skill::add(&mut docs, &mut writer, &new).unwrap();
    let new = NewEndorsement {
        of: PersonRef::new("mfwzizjomvzxg2lp").unwrap(),
        note: Some(" In front of\r\nforty people. Grüße \n".to_owned()),
    };
    let signed = skill::record_endorsement(&mut docs, &people, &mut writer, id, &new).unwrap();
    assert_eq!(signed.text, ENDORSEMENT);
    assert_eq!(
        TextHash::of_endorsement(&Salt([7; 32]), ENDORSEMENT).to_string(),
        "84a0d85d4d621e342165bd5cfcfad49cfb96a9fe88b7a4a3e5255ca4424b4c50"
    );
}

#[test]
fn the_commitment_to_a_text_stays_what_it_is() {
    let commitment = Commitment::of(
        NotebookRef([1; 32]),
        "01KAS3W0QJ2Z8E5XNB4T7VYG9M".parse().unwrap(),
        &PersonRef::new("mfzwizjomvzxg2lp").unwrap(),
        &Salt([2; 32]),
        "4\nGrüße",
    );
    assert_eq!(
        commitment.to_string(),
        "0eb3a5d1aa0036209903cfd1b3011ec53c392584dc14468fa76415e44b0eeff4"
    );
}
