//! Phrases, cards, rosters, tickets and words.

use hearth_core::control::Role;
use hearth_core::enrol::{ContactTicket, EnrolMessage, EnrolRefusal, LinkTicket, link_words};
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets, words_of};
use hearth_core::ids::{ControlHash, DeviceId, NotebookId, PersonId, TransportId};
use hearth_core::log::padded_len;
use hearth_core::pairing::{InviteRecord, Ticket, TicketSecret, verification_words};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Vector, VectorFile};

pub(super) fn make() -> Vec<VectorFile> {
    vec![
        VectorFile {
            name: "phrases",
            vectors: phrases(),
        },
        VectorFile {
            name: "devices",
            vectors: devices(),
        },
        VectorFile {
            name: "rosters",
            vectors: [rosters(), super::members::rosters()].concat(),
        },
        VectorFile {
            name: "tickets",
            vectors: tickets(),
        },
        VectorFile {
            name: "invitations",
            vectors: invitations(),
        },
        VectorFile {
            name: "words",
            vectors: words(),
        },
        VectorFile {
            name: "enrolling",
            vectors: enrolling(),
        },
        VectorFile {
            name: "padding",
            vectors: padding(),
        },
    ]
}

fn random(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// 256 bits, in words, and the person that they make.
fn phrases() -> Vec<Vector> {
    (0..20_u8)
        .filter_map(|number| {
            // Patterns first, as the published vectors of BIP-39 have them, then anything.
            let bits = match number {
                0 => [0x00; 32],
                1 => [0x7f; 32],
                2 => [0x80; 32],
                3 => [0xff; 32],
                _ => core::array::from_fn(|at| {
                    number
                        .wrapping_mul(37)
                        .wrapping_add((at as u8).wrapping_mul(number))
                }),
            };
            let words = words_of(&bits, 24);
            let phrase = RecoveryPhrase::parse(&words).ok()?;
            let person = RecoverySecrets::from_phrase(&phrase).person();
            Some(Vector::text(
                format!("person {number}"),
                words,
                person.to_string(),
            ))
        })
        .collect()
}

/// Device cards by the seed that draws their keys.
fn devices() -> Vec<Vector> {
    (0..8)
        .flat_map(|seed| {
            let secrets = DeviceSecrets::random(&mut random(seed));
            let card = secrets.card();
            [
                Vector::bytes(format!("card {seed}"), seed.to_string(), &card.to_bytes()),
                Vector::text(
                    format!("id {seed}"),
                    seed.to_string(),
                    card.id().to_string(),
                ),
            ]
        })
        .collect()
}

/// Founding entries, by the seed that draws phrase and device.
fn rosters() -> Vec<Vector> {
    (0..8)
        .map(|seed| {
            let mut random = random(seed);
            let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut random));
            let entry = recovery.found_roster(&DeviceSecrets::random(&mut random));
            Vector::bytes(
                format!("founding {seed}"),
                seed.to_string(),
                entry.as_bytes(),
            )
        })
        .collect()
}

fn ticket(number: u8) -> Ticket {
    let addresses = ["192.0.2.7:4433", "[2001:db8::7]:4433", "198.51.100.1:1"];
    let relays = [
        "https://relay.example",
        "https://relay.example:8443/with/a/path",
    ];
    Ticket {
        invite: ControlHash::from_bytes([number; 32]),
        notebook: NotebookId::from_bytes([number.wrapping_add(1); 32]),
        person: PersonId::from_bytes([number.wrapping_add(2); 32]),
        device: DeviceId::from_bytes([number.wrapping_add(3); 32]),
        transport: TransportId::from_bytes([number.wrapping_add(4); 32]),
        nonce_hash: Ticket::pin_nonce(&[number; 32]),
        secret: TicketSecret::from_bytes([number; 16]),
        expires_ms: 1_795_392_000_000 + u64::from(number),
        addresses: addresses
            .iter()
            .take(usize::from(number % 4))
            .filter_map(|address| address.parse().ok())
            .collect(),
        relays: relays
            .iter()
            .take(usize::from(number / 4))
            .map(|relay| (*relay).to_owned())
            .collect(),
    }
}

fn tickets() -> Vec<Vector> {
    (0..12)
        .map(|number| {
            Vector::text(
                format!("ticket {number}"),
                number.to_string(),
                ticket(number).to_string(),
            )
        })
        .collect()
}

fn invitations() -> Vec<Vector> {
    (0_u64..)
        .zip(Role::ALL)
        .map(|(seed, role)| {
            let mut record = InviteRecord::random(role, 1_795_392_000_000, &mut random(seed));
            record.attempts = u32::try_from(seed).unwrap_or_default();
            if seed % 2 == 1 {
                record.redeemed_by = TransportId::from_bytes([9; 32]);
            }
            Vector::bytes(
                format!("record of a {role}"),
                seed.to_string(),
                &record.to_bytes(),
            )
        })
        .collect()
}

fn words() -> Vec<Vector> {
    (0..12_u8)
        .map(|number| {
            let id = |add: u8| [number.wrapping_mul(5).wrapping_add(add); 32];
            let words = verification_words(
                ControlHash::from_bytes(id(0)),
                (PersonId::from_bytes(id(1)), DeviceId::from_bytes(id(2))),
                (PersonId::from_bytes(id(3)), DeviceId::from_bytes(id(4))),
                (&id(5), &id(6)),
            );
            Vector::text(format!("pairing {number}"), number.to_string(), words)
        })
        .collect()
}

/// Tickets for one's own devices, the words of linking, and one message of each kind.
fn enrolling() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for number in 0..6_u8 {
        let like = ticket(number);
        let link = LinkTicket {
            person: like.person,
            device: like.device,
            transport: like.transport,
            nonce_hash: LinkTicket::pin(&[number; 32]),
            secret: like.secret.clone(),
            expires_ms: like.expires_ms,
            addresses: like.addresses.clone(),
            relays: like.relays.clone(),
        };
        let contact = ContactTicket {
            device: like.device,
            transport: like.transport,
            addresses: like.addresses,
            relays: like.relays,
        };
        let words = link_words(
            like.person,
            like.device,
            DeviceId::from_bytes([number; 32]),
            (&[number; 32], &[number.wrapping_add(1); 32]),
        );
        let input = number.to_string();
        vectors.extend([
            Vector::text(format!("link {number}"), &input, link.to_string()),
            Vector::text(format!("contact {number}"), &input, contact.to_string()),
            Vector::text(format!("words {number}"), &input, words),
        ]);
    }
    for (number, message) in (0..).zip(enrol_messages()) {
        let name = format!("message {}", message.to_bytes().first().unwrap_or(&0));
        let name = format!("{name}, {number}");
        vectors.push(Vector::bytes(
            name,
            "fields of repeated bytes",
            &message.to_bytes(),
        ));
    }
    vectors
}

fn enrol_messages() -> Vec<EnrolMessage> {
    let notebook = NotebookId::from_bytes([4; 32]);
    let entries = vec![vec![1, 2, 3], vec![4]];
    vec![
        EnrolMessage::Hello {
            commitment: [1; 32],
            proof: [2; 32],
        },
        EnrolMessage::Offer {
            nonce: [3; 32],
            roster: vec![1, 2, 3],
            name: "Ana".to_owned(),
        },
        EnrolMessage::Reveal {
            nonce: [4; 32],
            claim: vec![5; 7],
            label: "phone".to_owned(),
        },
        EnrolMessage::Ask {
            card: vec![6; 9],
            proof: [7; 64],
        },
        EnrolMessage::Person {
            roster: vec![8; 5],
            name: String::new(),
        },
        EnrolMessage::Controls {
            notebook,
            entries: entries.clone(),
        },
        EnrolMessage::Wraps {
            notebook,
            wraps: vec![9; 4],
        },
        EnrolMessage::Frontier {
            notebook,
            frontier: vec![10; 6],
        },
        EnrolMessage::Done,
        EnrolMessage::Refused(EnrolRefusal::Unknown),
        EnrolMessage::Refused(EnrolRefusal::Unavailable),
        EnrolMessage::Present { notebook, entries },
        EnrolMessage::Capsule {
            is_last: false,
            bytes: vec![11; 8],
        },
        EnrolMessage::Capsule {
            is_last: true,
            bytes: vec![12; 3],
        },
        EnrolMessage::Enter {
            roster: vec![13; 5],
        },
    ]
}

fn padding() -> Vec<Vector> {
    [
        0, 1, 62, 63, 64, 65, 100, 127, 128, 129, 200, 255, 256, 300, 511, 512, 700, 1_000, 1_023,
        1_024, 1_500, 2_047, 4_000, 4_096, 10_000, 65_535, 65_536, 100_000, 262_144, 700_000,
    ]
    .into_iter()
    .map(|len| {
        Vector::text(
            format!("{len} bytes"),
            len.to_string(),
            padded_len(len).to_string(),
        )
    })
    .collect()
}
