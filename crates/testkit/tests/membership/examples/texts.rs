//! Signatures under texts, mirrors, and how much one person may sign.

use super::*;

#[test]
fn a_signature_beside_a_removal() {
    let [ana, _, chloe, ..] = five();
    let sign = || {
        ControlKind::Sign(SignedText {
            text_hash: [7; 32],
            document: DocumentId::INDEX,
            document_heads: Vec::new(),
        })
    };
    for is_known in [true, false] {
        let mut story = three(false);
        let before = story.set.heads();
        if is_known {
            story.write(chloe, sign());
            story.write(ana, remove(chloe));
        } else {
            story.write(ana, remove(chloe));
            story.on(before, chloe, sign());
        }
        let signatures = resolved(&story).text_signatures(&story.set);
        assert_eq!(signatures.len(), 1);
        assert_eq!(signatures[0].counts, is_known);
    }
}

#[test]
fn a_mirror_removed_beside_its_addition() {
    let [ana, ben, ..] = five();
    let secrets = MirrorSecrets::from_seeds([[1; 32], [2; 32]].map(Secret::from_bytes));
    let add = || ControlKind::AddMirror {
        card: Box::new(secrets.card().clone()),
    };
    let mirror = secrets.id();
    let mut story = three(false);
    story.write(ana, add());
    let heads = story.set.heads();
    story.on(heads.clone(), ben, ControlKind::RemoveMirror { mirror });
    story.on(heads, ana, add());
    assert!(resolved(&story).mirrors().is_empty());
    story.write(ana, add());
    assert_eq!(resolved(&story).mirrors().len(), 1);
}

/// What one person may sign has a bound at whoever receives it, and no say in what counts.
#[test]
fn a_flood_by_one_person() {
    let [ana, ben, ..] = five();
    let mut story = three(false);
    let (heads, standing) = (story.set.heads(), story.standing(ben, &story.set.heads()));
    let mut number = 0_u32;
    let refused = loop {
        let mut text_hash = [0; 32];
        text_hash[..4].copy_from_slice(&number.to_le_bytes());
        number += 1;
        let kind = ControlKind::Sign(SignedText {
            text_hash,
            document: DocumentId::INDEX,
            document_heads: Vec::new(),
        });
        let entry = sign(&story.set, &ben.devices[0], heads.clone(), standing, kind);
        if let Err(error) = story.set.insert(entry) {
            break error;
        }
    };
    assert_eq!(refused, ControlError::TooManyByPerson(ben.id()));
    assert_eq!(number as usize, CONTROL_ENTRIES_PER_PERSON_MAX + 1);
    // Everybody else goes on, and may remove him.
    let removal = sign(
        &story.set,
        &ana.devices[0],
        heads,
        story.set.create(),
        remove(ben),
    );
    story.set.insert(removal).unwrap();
    assert!(Membership::resolve(&story.set).member(&ben.id()).is_none());
}
