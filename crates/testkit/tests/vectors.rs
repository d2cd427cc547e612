//! What was once written is read and written the same for ever.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hearth_core::base::part_hash;
use hearth_core::bundle::{BundleForm, BundleFrame, BundleOpenError, BundleOpener};
use hearth_core::capsule::{Capsule, CapsuleContent, CapsuleMirror};
use hearth_core::checkpoint::{Checked, SegmentHead};
use hearth_core::codec::{Reader, Writer};
use hearth_core::control::{ControlEntry, ControlKind, ControlSet, Membership};
use hearth_core::crypto::{SIGNATURE_BYTES, Secret};
use hearth_core::enrol::{ContactTicket, EnrolMessage, LinkTicket};
use hearth_core::epoch::{EpochKeys, Wraps};
use hearth_core::file::{FileHashes, HeldFile, open_chunk};
use hearth_core::frontier::SignedFrontier;
use hearth_core::identity::{
    DeviceCard, DeviceSecrets, RecoveryPhrase, RecoverySecrets, Roster, RosterEntry,
};
use hearth_core::ids::{ControlHash, FileRoot};
use hearth_core::limits::CONTROL_BYTES_MAX;
use hearth_core::log::{
    EntryPack, EntryVersion, LogStates, RawEntry, WireDecoder, WireEncoder, notebook_tag, open_pack,
};
use hearth_core::mirror::{MirrorMessage, MirrorTicket};
use hearth_core::pairing::{InviteRecord, PairingMessage, Ticket};
use hearth_testkit::vectors::{Vector, add_new, make_all, make_readable, read, resolved};

fn stored(name: &str) -> Vec<Vector> {
    let vectors = read(name).unwrap();
    assert!(!vectors.is_empty(), "there are no vectors of {name}");
    vectors
}

/// The vectors of what entries of either version are in: those of the first are made no more.
fn stored_in_both(name: &str) -> Vec<(&'static str, Vector)> {
    ["", "_2"]
        .into_iter()
        .flat_map(|version| {
            let stored = stored(&format!("{name}{version}"));
            stored.into_iter().map(move |vector| (version, vector))
        })
        .collect()
}

#[test]
fn all_vectors_are_made_the_same_again() {
    let mut count = 0;
    for file in make_all() {
        let stored = stored(file.name);
        let names: BTreeSet<&str> = stored.iter().map(|vector| vector.name.as_str()).collect();
        assert_eq!(names.len(), stored.len(), "a name twice in {}", file.name);
        for vector in &file.vectors {
            assert!(
                names.contains(vector.name.as_str()),
                "{}: {:?} is new: write it with\n  \
                 cargo test -p hearth-testkit --test vectors -- --ignored write_new_vectors",
                file.name,
                vector.name
            );
        }
        for vector in &stored {
            let made = file.vectors.iter().find(|made| made.name == vector.name);
            assert_eq!(made, Some(vector), "{} comes out otherwise", file.name);
        }
        count += stored.len();
    }
    println!("{count} vectors");
    assert!(count >= 200, "{count}");
}

#[test]
fn checkpoints_and_what_is_said_of_them_read_as_ever() {
    let mut counts = BTreeMap::new();
    for vector in stored("checkpoints") {
        let bytes = vector.to_bytes().unwrap();
        let (_, what) = vector
            .name
            .rsplit_once(|one: char| one.is_ascii_digit())
            .unwrap();
        let what = match what.trim() {
            "frame by the member" | "frame by the mirror" => format!("frame {}", bytes[0]),
            "head of a segment" => {
                let head = SegmentHead::parse(&bytes).unwrap();
                assert_eq!(head.as_bytes(), bytes);
                assert!(
                    head.entries() > 0 && SegmentHead::parse(&bytes[..bytes.len() - 1]).is_err()
                );
                "head".to_owned()
            }
            "checked" => {
                let checked = Checked::read(&mut Reader::new(&bytes)).unwrap();
                let mut writer = Writer::new();
                checked.write(&mut writer);
                assert_eq!(writer.into_bytes(), bytes);
                "checked".to_owned()
            }
            other => other.to_owned(),
        };
        *counts.entry(what).or_insert(0) += 1;
    }
    for kind in 31..=36 {
        assert!(counts.contains_key(&format!("frame {kind}")), "{counts:?}");
    }
    assert!(counts["head"] == 4 && counts["checked"] >= 2, "{counts:?}");
    assert!(counts["record of a member"] >= 2, "{counts:?}");
    assert!(counts["record of the mirror"] == 4, "{counts:?}");
}

#[test]
#[ignore = "adds new vectors to the files; old ones never change"]
fn write_new_vectors() {
    for file in make_all().into_iter().chain(make_readable()) {
        let added = add_new(&file).unwrap();
        println!("{}: {added} new of {}", file.name, file.vectors.len());
    }
}

#[test]
fn what_a_fork_goes_on_from_reads_as_ever() {
    let stored = stored("bases");
    let forks: Vec<&Vector> = stored
        .iter()
        .filter(|it| it.name.ends_with("create"))
        .collect();
    assert_eq!(forks.len(), 3);
    for vector in forks {
        let fork = vector.name.trim_end_matches(" create");
        let bytes = vector.to_bytes().unwrap();
        let create = ControlEntry::parse(&bytes).unwrap();
        assert_eq!(create.kind.code(), 18);
        let again = ControlKind::parse(18, &create.kind.to_bytes()).unwrap();
        assert_eq!(again, create.kind);
        let ControlKind::Create { base, .. } = &create.kind else {
            panic!("{:?}", create.kind);
        };
        let parts: Vec<Vec<u8>> = stored
            .iter()
            .filter(|it| it.name.starts_with(&format!("{fork} part")))
            .map(|it| it.to_bytes().unwrap())
            .collect();
        let hashes: Vec<_> = parts.iter().map(|part| part_hash(part)).collect();
        assert_eq!(hashes, *base);
        let facts = hearth_core::base::check(&parts).unwrap();
        let depth = if fork.starts_with("fork of") { 2 } else { 1 };
        assert_eq!(facts.notebooks.len(), depth, "{fork}");
        assert_eq!(facts.written.0, 1_790_000_000);
        let changes: u64 = facts.authors.iter().map(|author| author.changes).sum();
        assert_eq!(changes, 2 + depth as u64);
        let set = ControlSet::new(create).unwrap();
        let entries = stored
            .iter()
            .filter(|it| it.name.starts_with(&format!("{fork} entry")));
        for entry in entries {
            let entry = RawEntry::parse(entry.to_bytes().unwrap()).unwrap();
            assert!(set.is_in_place(entry.header()));
            let (_, card) = set.device(&entry.header().log.device).unwrap();
            let key = card.verify_key;
            assert!(entry.verify(set.notebook(), &key).is_ok());
        }
    }
}

#[test]
fn tickets_and_messages_for_devices_read_as_ever() {
    for vector in stored("enrolling") {
        if vector.name.starts_with("link") {
            let ticket: LinkTicket = vector.output.parse().unwrap();
            assert_eq!(ticket.to_string(), vector.output);
            assert!(vector.output.parse::<Ticket>().is_err());
        } else if vector.name.starts_with("contact") {
            let ticket = ContactTicket::of_any(&vector.output).unwrap();
            assert_eq!(ticket.to_string(), vector.output);
        } else if let Some(bytes) = vector.to_bytes() {
            let message = EnrolMessage::parse(&bytes).unwrap();
            assert_eq!(message.to_bytes(), bytes);
            for end in 0..bytes.len() {
                assert!(
                    EnrolMessage::parse(&bytes[..end]).is_err(),
                    "{}",
                    vector.name
                );
            }
        }
    }
}

#[test]
fn what_mirrors_and_members_say_reads_as_ever() {
    let (mut added, mut removed, mut full) = (0, 0, 0);
    for vector in stored("mirrors") {
        let bytes = vector.to_bytes().unwrap();
        if vector.name.ends_with("ticket") {
            let text = String::from_utf8(bytes).unwrap();
            let ticket: MirrorTicket = text.parse().unwrap();
            assert_eq!(ticket.to_string(), text);
            assert!(text.parse::<Ticket>().is_err());
        } else if vector.name.contains("control entry") {
            let entry = ControlEntry::parse(&bytes).unwrap();
            assert_eq!(entry.kind.to_bytes(), {
                let again = ControlKind::parse(entry.kind.code(), &entry.kind.to_bytes());
                again.unwrap().to_bytes()
            });
            added += u32::from(entry.kind.code() == 12);
            removed += u32::from(entry.kind.code() == 13);
        } else if vector.name.contains("request") || vector.name.contains("answer") {
            let message = MirrorMessage::parse(&bytes).unwrap();
            assert_eq!(message.to_bytes(), bytes);
            for end in 0..bytes.len() {
                assert!(MirrorMessage::parse(&bytes[..end]).is_err());
            }
        } else if vector.name.contains("frame by the mirror") {
            full += u32::from(bytes.first() == Some(&17));
        }
    }
    assert_eq!((added, removed, full), (2, 2, 2));
}

#[test]
fn files_and_what_is_said_of_them_read_as_ever() {
    let stored = stored("files");
    let bytes_of = |name: &str| {
        let found = stored.iter().find(|one| one.name == name);
        found.unwrap().to_bytes().unwrap()
    };
    for bytes in [0_usize, 1, 200] {
        let of = |what: &str| bytes_of(&format!("sealed {bytes} {what}"));
        let root = FileRoot::from_bytes(of("root").try_into().unwrap());
        let length = bytes as u64;
        let hashes = FileHashes::check(of("piece 0"), root, length).unwrap();
        let sealed = of("piece 1");
        assert!(hashes.is_piece(1, &sealed));
        let plain = open_chunk(&Secret::from_bytes([7; 32]), length, 1, &sealed).unwrap();
        assert_eq!(plain.len(), bytes);
        assert_eq!(blake3::hash(&plain).as_bytes()[..], of("hash"));
    }
    let mut kinds = std::collections::BTreeSet::new();
    let mut records = 0;
    for vector in stored.iter().filter(|one| one.name.starts_with("mirror")) {
        let bytes = vector.to_bytes().unwrap();
        if vector.name.contains("frame") {
            kinds.insert(bytes[0]);
        } else if vector.name.ends_with("record of a file") {
            let held = HeldFile::decode(&bytes).unwrap();
            assert!(held.is_whole() && held.encode() == bytes);
            records += 1;
        }
    }
    assert_eq!(kinds, [25, 26, 28, 29, 30].into());
    assert_eq!(records, 1);
}

#[test]
fn bundles_open_as_ever_and_for_their_devices_only() {
    let stored = stored("bundles");
    for (kind, form) in [("one", BundleForm::Lacking), ("five", BundleForm::Whole)] {
        let named = |what: &str| {
            let name = format!("{what} {kind}");
            let found = stored.iter().find(|one| one.name == name);
            found.and_then(Vector::to_bytes)
        };
        let device = |bytes: &[u8]| {
            let seeds: Vec<Secret> = bytes
                .chunks_exact(32)
                .map(|seed| Secret::from_bytes(seed.try_into().unwrap()))
                .collect();
            Arc::new(DeviceSecrets::from_seeds(seeds.try_into().unwrap()))
        };
        let recipient = device(&named("device").unwrap());
        let bundle = named("bundle").unwrap();
        let mut opener = BundleOpener::new(recipient);
        let mut frames = Vec::new();
        opener.push(&bundle, true, &mut frames).unwrap();
        assert!(opener.has_ended());
        let mut frames = frames.into_iter();
        let Some(BundleFrame::Head(head)) = frames.next() else {
            panic!("no head")
        };
        assert_eq!((head.form, head.made_ms), (form, 1_800_000_000_000));
        let key = &head.device.verify_key;
        assert_eq!(head.frontier.verify(head.notebook, key), Ok(()));
        for place in 0..3 {
            let frame = named(&format!("frame {place}")).unwrap();
            assert_eq!(frames.next(), Some(BundleFrame::Frame(frame)));
        }
        assert_eq!(frames.next(), None);
        let stranger = device(&[7; 96]);
        let opened = BundleOpener::new(stranger).push(&bundle, true, &mut Vec::new());
        assert_eq!(opened, Err(BundleOpenError::NotForThisDevice));
    }
}

#[test]
fn capsules_open_as_ever_and_for_their_phrase_only() {
    let stored = stored("capsules");
    let named = |what: &str, seed: u64| {
        let name = format!("{what} {seed}");
        stored.iter().find(|one| one.name == name).unwrap()
    };
    for seed in 0..3 {
        let recovery = |seed| {
            let phrase = RecoveryPhrase::parse(&named("phrase", seed).output).unwrap();
            RecoverySecrets::from_phrase(&phrase)
        };
        let content = named("content", seed).to_bytes().unwrap();
        let read = CapsuleContent::parse(&content).unwrap();
        assert_eq!(read.to_bytes()[..], content);
        let bytes = named("capsule", seed).to_bytes().unwrap();
        let capsule = Capsule::parse(bytes.clone()).unwrap();
        assert_eq!(capsule.as_bytes(), bytes);
        let id = named("id", seed).to_bytes().unwrap();
        assert_eq!(capsule.head().id.as_bytes()[..], id);
        assert_eq!(capsule.open(&recovery(seed)), Ok(read));
        assert!(capsule.open(&recovery((seed + 1) % 3)).is_err());
    }
    for seed in 0..2 {
        let bytes = named("mirror", seed).to_bytes().unwrap();
        let mirror = CapsuleMirror::parse(&bytes, 4).unwrap();
        assert_eq!(mirror.to_bytes(), bytes);
    }
}

#[test]
fn phrases_and_cards_read_as_ever() {
    for vector in stored("phrases") {
        let phrase = RecoveryPhrase::parse(&vector.input).unwrap();
        assert_eq!(phrase.to_words(), vector.input);
    }
    // The published first vector of BIP-39 for 256 bits.
    let first = &stored("phrases")[0];
    assert_eq!(first.input, format!("{}art", "abandon ".repeat(23)));
    let devices = stored("devices");
    for pair in devices.chunks(2) {
        let bytes = pair[0].to_bytes().unwrap();
        let mut reader = Reader::new(&bytes);
        let card = DeviceCard::read(&mut reader).unwrap();
        reader.finish().unwrap();
        assert_eq!(card.to_bytes(), bytes);
        assert_eq!(card.id().to_string(), pair[1].output);
    }
    for vector in stored("rosters") {
        let bytes = vector.to_bytes().unwrap();
        assert_eq!(RosterEntry::parse(&bytes).unwrap().as_bytes(), bytes);
    }
}

#[test]
fn tickets_and_messages_read_as_ever() {
    for vector in stored("tickets") {
        let ticket: Ticket = vector.output.parse().unwrap();
        assert_eq!(ticket.to_string(), vector.output);
        assert_eq!(
            ticket.addresses.len(),
            ticket.invite.as_bytes()[0] as usize % 4
        );
    }
    for vector in stored("invitations") {
        let bytes = vector.to_bytes().unwrap();
        assert_eq!(InviteRecord::parse(&bytes).unwrap().to_bytes(), bytes);
    }
    let pairing = stored("pairing");
    assert!(pairing.len() >= 3 * 5 + 6, "{}", pairing.len());
    for vector in pairing {
        let bytes = vector.to_bytes().unwrap();
        assert_eq!(PairingMessage::parse(&bytes).unwrap().to_bytes(), bytes);
    }
}

/// The control entries of one stored notebook.
fn notebook(seed: &str) -> ControlSet {
    let mut entries = stored("control")
        .into_iter()
        .filter(|vector| vector.input == seed)
        .map(|vector| {
            let bytes = vector.to_bytes().unwrap();
            let entry = ControlEntry::parse(&bytes).unwrap();
            assert_eq!(entry.as_bytes(), bytes);
            entry
        });
    let mut set = ControlSet::new(entries.next().unwrap()).unwrap();
    for entry in entries {
        set.insert(entry).unwrap();
    }
    set
}

#[test]
fn control_entries_verify_and_resolve_as_ever() {
    for seed in ["0", "1", "2", "3"] {
        let set = notebook(seed);
        assert_eq!(set.waiting(), 0);
        let membership = Membership::resolve(&set);
        assert_eq!(membership.members().len(), 2, "notebook {seed}");
        assert_eq!(membership.invites().len(), 2);
        assert!(!membership.needs_rekey(&set));
    }
}

#[test]
fn wraps_entries_and_frontiers_verify_as_ever() {
    for vector in stored("wraps") {
        let set = notebook(&vector.input);
        let bytes = vector.to_bytes().unwrap();
        let wraps = Wraps::parse(&bytes).unwrap();
        assert_eq!(wraps.to_bytes(), bytes);
        let Some(hearth_core::control::ControlKind::Rekey(rekey)) =
            set.get(&wraps.epoch.rekey()).map(|entry| &entry.kind)
        else {
            panic!("{} names no re-key", vector.name);
        };
        assert!(wraps.belong_to(rekey));
    }
    for (_, vector) in stored_in_both("entries") {
        let set = notebook(&vector.input);
        let bytes = vector.to_bytes().unwrap();
        let entry = RawEntry::parse(bytes.clone()).unwrap();
        assert_eq!(entry.as_bytes(), bytes);
        let (_, card) = set.device(&entry.header().log.device).unwrap();
        let unsigned = bytes.len() - SIGNATURE_BYTES;
        let bare = RawEntry::parse_any(bytes[..unsigned].to_vec());
        match entry.header().version {
            EntryVersion::One => assert!(bare.is_err()),
            EntryVersion::Two => assert_eq!(bare.unwrap().hash(), entry.hash()),
        }
        entry.verify(set.notebook(), &card.verify_key).unwrap();
    }
    for (_, vector) in stored_in_both("frontiers") {
        let set = notebook(&vector.input);
        let bytes = vector.to_bytes().unwrap();
        let mut reader = Reader::new(&bytes);
        let signed = SignedFrontier::read(&mut reader).unwrap();
        reader.finish().unwrap();
        let (_, card) = set.device(&signed.device).unwrap();
        signed.verify(set.notebook(), &card.verify_key).unwrap();
        let mut writer = Writer::new();
        signed.write(&mut writer);
        assert_eq!(writer.as_slice(), bytes);
    }
}

#[test]
fn the_wire_form_gives_the_stored_entries_back() {
    for (version, vector) in stored_in_both("wire") {
        let entries = stored(&format!("entries{version}"));
        let bytes = vector.to_bytes().unwrap();
        let mut reader = Reader::new(&bytes);
        let (mut decoder, mut encoder) = (WireDecoder::default(), WireEncoder::default());
        let mut again = Writer::new();
        for entry in entries.iter().filter(|entry| entry.input == vector.input) {
            let read = decoder.decode(&mut reader).unwrap();
            assert_eq!(read.as_bytes(), entry.to_bytes().unwrap());
            encoder.encode(&read, &mut again);
        }
        reader.finish().unwrap();
        assert_eq!(again.as_slice(), bytes);
    }
}

#[test]
fn packs_give_the_stored_entries_back() {
    let (packs, entries) = (stored("packs"), stored("entries_2"));
    for seed in ["0", "1", "2", "3"] {
        let of_seed = |what: &'static str| {
            let of = packs.iter().filter(move |vector| vector.input == seed);
            of.filter(move |vector| vector.name.contains(what))
                .map(|vector| vector.to_bytes().unwrap())
        };
        let mut keys = EpochKeys::default();
        for both in of_seed("epoch and key") {
            let (epoch, key) = both.split_at(32);
            let epoch = ControlHash::from_bytes(epoch.try_into().unwrap()).as_epoch();
            keys.insert(epoch, Secret::from_bytes(key.try_into().unwrap()));
        }
        let notebook = notebook(seed).notebook();
        let pack = of_seed("pack").next().unwrap();
        let sealed = of_seed("sealed").next().unwrap();
        let opened = open_pack(notebook_tag(notebook), &keys, &sealed).unwrap();
        assert_eq!(opened.as_ref(), Some(&pack));
        let made = EntryPack::parse(&pack)
            .unwrap()
            .entries(notebook, &keys, &mut LogStates::default())
            .unwrap();
        let wanted: Vec<RawEntry> = entries
            .iter()
            .filter(|vector| vector.input == seed)
            .map(|vector| RawEntry::parse(vector.to_bytes().unwrap()).unwrap())
            .collect();
        let hashes = |entries: &[RawEntry]| entries.iter().map(RawEntry::hash).collect::<Vec<_>>();
        assert_eq!(hashes(&made), hashes(&wanted));
        assert_eq!(made.last(), wanted.last());
    }
}

#[test]
fn a_stored_conversation_has_every_kind_of_frame() {
    let kinds: BTreeSet<u8> = stored_in_both("frames")
        .iter()
        .map(|(_, vector)| vector.to_bytes().unwrap()[0])
        .collect();
    // Hello, summary, frontier, wraps, entries, acknowledgement, and the three about capsules. Control entries
    // came while pairing.
    for kind in [1, 2, 3, 5, 6, 7, 10, 11, 12] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

/// The rosters of people with a history, each built up from its entries.
#[test]
fn roster_entries_of_every_kind_read_and_resolve_as_ever() {
    let stored = stored("rosters");
    for seed in 0..2 {
        let input = format!("history {seed}");
        let mut entries = stored
            .iter()
            .filter(|vector| vector.input == input)
            .map(|vector| {
                let bytes = vector.to_bytes().unwrap();
                let entry = RosterEntry::parse(&bytes).unwrap();
                assert_eq!(entry.as_bytes(), bytes);
                entry
            });
        let mut roster = Roster::new(entries.next().unwrap()).unwrap();
        let mut live = vec![roster.devices().len()];
        let first_card = roster.recovery().id();
        for entry in entries {
            assert_eq!(roster.insert(entry), Ok(true));
            live.push(roster.devices().len());
        }
        // Found, two added, one revoked, one recovered, one revoked, rotated, all others revoked, one
        // recovered with the new key.
        assert_eq!(live, [1, 2, 3, 2, 3, 2, 2, 1, 2], "{input}");
        assert_ne!(roster.recovery().id(), first_card);
        let kinds: BTreeSet<&str> = stored
            .iter()
            .filter(|vector| vector.input == input)
            .filter_map(|vector| vector.name.split(": ").nth(1))
            .collect();
        assert_eq!(kinds.len(), 7, "{kinds:?}");
    }
}

/// The notebook in which everything happens to members, entry by entry, with what was resolved then.
#[test]
fn control_entries_of_every_kind_read_and_resolve_as_ever() {
    let stored = stored("members");
    for seed in 0..2 {
        let input = format!("members {seed}");
        let vectors: Vec<&Vector> = stored.iter().filter(|one| one.input == input).collect();
        let mut set: Option<ControlSet> = None;
        let mut kinds: BTreeSet<u8> = BTreeSet::new();
        for pair in vectors.chunks(2) {
            let bytes = pair[0].to_bytes().unwrap();
            let entry = ControlEntry::parse(&bytes).unwrap();
            assert_eq!(entry.as_bytes(), bytes);
            kinds.insert(entry.kind.code());
            let hash = entry.hash();
            let set = match &mut set {
                None => set.insert(ControlSet::new(entry).unwrap()),
                Some(set) => {
                    set.insert(entry).unwrap();
                    set
                }
            };
            assert_eq!(set.waiting(), 0);
            assert!(set.is_well_formed(&hash), "{} is void", pair[0].name);
            assert_eq!(resolved(set), pair[1].output, "after {}", pair[0].name);
        }
        let wanted: BTreeSet<u8> = (1..=11).chain([14, 15, 16]).collect();
        assert_eq!(kinds, wanted, "{input}");
    }
}

#[test]
fn a_notebook_that_another_device_lacks_is_handed_over_in_one_frame_as_ever() {
    let stored = stored("handing");
    assert_eq!(stored.len(), 2);
    for vector in stored {
        let bytes = vector.to_bytes().unwrap();
        // The frame's type, the notebook, and that this is all of it.
        assert_eq!((bytes[0], bytes[33]), (13, 1));
    }
}

#[test]
fn whoever_is_out_is_told_so_and_objects_as_ever() {
    let stored = stored("parting");
    // Of each conversation: the one who is out hears it, then shows the admission that followed.
    assert_eq!(stored.len(), 4);
    for pair in stored.chunks(2) {
        let [ended, objection] = [&pair[0], &pair[1]].map(|vector| vector.to_bytes().unwrap());
        // The notebook was named before on each side, so its number is 1.
        assert_eq!((ended[0], ended[1], ended.len()), (18, 1, 2 + 32));
        assert_eq!((objection[0], objection[1]), (19, 1));
        // Each has its length before it; the objection ends with the admission.
        let mut reader = Reader::new(&objection[2..]);
        let count = reader.varint("entries").unwrap();
        let entries: Vec<ControlEntry> = (0..count)
            .map(|_| reader.bytes("entry", CONTROL_BYTES_MAX).unwrap())
            .map(|bytes| ControlEntry::parse(bytes).unwrap())
            .collect();
        reader.finish().unwrap();
        let last = entries.last().map(|entry| &entry.kind);
        assert!(matches!(last, Some(ControlKind::Admit(_))), "{last:?}");
    }
}

#[test]
fn where_somebody_is_was_said_as_ever() {
    let [of_first, of_others] = ["presence", "presence_windows"].map(stored);
    assert_eq!((of_first.len(), of_others.len()), (6, 6));
    let epoch = |vector: &Vector| vector.to_bytes().unwrap()[3..35].to_vec();
    for (place, (first, other)) in of_first.iter().zip(&of_others).enumerate() {
        for vector in [first, other] {
            let bytes = vector.to_bytes().unwrap();
            // The frame's type, the notebook's number, which one it is on this connection, epoch, nonce, what is said
            // of one length whatever it says, signature.
            let counter = u8::try_from(place % 3 + 1).unwrap();
            assert_eq!((bytes[0], bytes[1], bytes[2]), (24, 1, counter));
            assert_eq!(bytes.len(), 3 + 32 + 24 + 59 + 64);
        }
        // Both are of one epoch, which windows beyond the first call by another name.
        assert_ne!(epoch(first), epoch(other));
    }
}

#[test]
fn many_notebooks_are_summed_up_in_groups_as_ever() {
    let stored = stored("briefs");
    // Two conversations in which both sides say it twice.
    assert_eq!(stored.len(), 8);
    for pair in stored.chunks(2) {
        let [first, second] = [&pair[0], &pair[1]].map(|vector| vector.to_bytes().unwrap());
        for brief in [&first, &second] {
            // The frame's type, three bits, a sum of eight bytes for each of eight groups.
            assert_eq!((brief[0], brief[1], brief.len()), (14, 3, 2 + 8 * 8));
        }
        // Each side's sums are its own, so that an echo proves nothing.
        assert_ne!(first, second);
    }
}

#[test]
fn words_of_roles_and_devices_open_as_ever() {
    let mut words = BTreeSet::new();
    let keys = stored("epoch_keys");
    for vector in stored("members") {
        if vector.name.ends_with("resolved") {
            continue;
        }
        let entry = ControlEntry::parse(&vector.to_bytes().unwrap()).unwrap();
        let Some(label) = &entry.label else { continue };
        let epoch = label.epoch(entry.hash()).rekey().to_string();
        let key = keys.iter().find(|key| key.input == epoch).unwrap();
        let key: [u8; 32] = key.to_bytes().unwrap().try_into().unwrap();
        words.insert(format!(
            "{:?}",
            label.open(&Secret::from_bytes(key)).unwrap()
        ));
    }
    for wanted in [
        "Role { role: Observer }",
        "Role { role: Mentor }",
        "Device { device: \"phone\" }",
    ] {
        assert!(words.contains(wanted), "{words:?}");
    }
}
