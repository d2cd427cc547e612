//! Published vectors, through the very functions that the protocol calls.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use data_encoding::HEXLOWER;
use hearth_core::crypto::{
    NONCE_BYTES, SealingSecret, Secret, SigningSecret, VerifyKey, derive, derive_pair, digest,
    open, open_from, seal, seal_to,
};
use sha2::{Digest, Sha256};

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

/// RFC 8032, section 7.1, tests 1 to 3: secret key, public key, message, signature.
const ED25519: [[&str; 4]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn ed25519_signs_and_verifies_as_rfc_8032_says() {
    for [secret, public, message, signature] in ED25519 {
        let signing = SigningSecret::from_secret(&Secret::from_bytes(array(secret)));
        let key = VerifyKey::from_bytes(&array(public)).unwrap();
        assert_eq!(signing.verify_key().to_bytes(), key.to_bytes());
        assert_eq!(signing.sign(&hex(message)), array::<64>(signature));
        key.verify(&hex(message), &array(signature)).unwrap();
        let mut altered = hex(message);
        altered.push(0);
        assert!(key.verify(&altered, &array(signature)).is_err());
    }
}

#[test]
fn ed25519_refuses_weak_keys_and_second_forms_of_a_signature() {
    // The neutral point, and a point of order two.
    for weak in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        assert!(VerifyKey::from_bytes(&array(weak)).is_err());
    }
    // The order of the group added to S gives another S for the same equation (RFC 8032, 5.1.7).
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    for [_, public, message, signature] in ED25519 {
        let mut malleable = array::<64>(signature);
        let mut carry = 0;
        for (byte, add) in malleable[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert_ne!(malleable, array::<64>(signature));
        let key = VerifyKey::from_bytes(&array(public)).unwrap();
        assert!(key.verify(&hex(message), &malleable).is_err());
    }
}

#[test]
fn xchacha20_poly1305_seals_as_its_draft_says() {
    // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
                  the future, sunscreen would be it.";
    let key = Secret::from_bytes(core::array::from_fn(|at| 0x80 + at as u8));
    let nonce: [u8; NONCE_BYTES] = core::array::from_fn(|at| 0x40 + at as u8);
    let associated = hex("50515253c0c1c2c3c4c5c6c7");
    let sealed = hex(concat!(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
        "21f9664c97637da9768812f615c68b13b52e",
        "c0875924c1c7987947deafd8780acf49",
    ));
    assert_eq!(seal(&key, &nonce, &associated, plain).unwrap(), sealed);
    assert_eq!(open(&key, &nonce, &associated, &sealed).unwrap(), plain);
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(open(&key, &nonce, &associated, &altered).is_err());
    }
}

/// HMAC-SHA256, RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner: Vec<u8> = block
        .iter()
        .map(|byte| byte ^ 0x36)
        .chain(message.iter().copied())
        .collect();
    let inner: [u8; 32] = Sha256::digest(inner).into();
    let outer: Vec<u8> = block.iter().map(|byte| byte ^ 0x5c).chain(inner).collect();
    Sha256::digest(outer).into()
}

/// HKDF-SHA256, written out from RFC 5869, section 2.
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> Vec<u8> {
    let key = hmac(salt, secret);
    let (mut out, mut last) = (Vec::new(), Vec::new());
    for number in 1_u8.. {
        if out.len() >= len {
            break;
        }
        last = hmac(&key, &[&last[..], info, &[number]].concat()).to_vec();
        out.extend_from_slice(&last);
    }
    out.truncate(len);
    out
}

#[test]
fn keys_derive_as_rfc_5869_says() {
    // Appendix A.1 and A.3 show that what is compared with is HKDF.
    let secret = [0x0b; 22];
    let salt: Vec<u8> = (0..0x0d).collect();
    let info: Vec<u8> = (0xf0..0xfa).collect();
    assert_eq!(
        hkdf(&salt, &secret, &info, 42),
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    );
    assert_eq!(
        hkdf(&[], &secret, &[], 42),
        hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    );

    // The protocol's info is a digest of label and parts; salt there is none.
    for (number, parts) in [&[][..], &[&b"one"[..]], &[b"one", b"", b"two"]]
        .iter()
        .enumerate()
    {
        let secret = [number as u8; 32];
        let all: Vec<&[u8]> = core::iter::once(&b"a label"[..])
            .chain(parts.iter().copied())
            .collect();
        let info = digest("hearthside 2026-11 key derivation info", &all);
        let wanted = hkdf(&[], &secret, &info, 48);
        let secret = Secret::from_bytes(secret);
        assert_eq!(derive(&secret, "a label", parts).expose()[..], wanted[..32]);
        let (key, check) = derive_pair(&secret, "a label", parts);
        assert_eq!((&key.expose()[..], &check[..]), wanted.split_at(32));
    }
}

#[test]
fn digests_are_blake3_in_its_derive_key_mode() {
    // The published vector for an empty input; the test vectors' context is the label.
    assert_eq!(
        digest("BLAKE3 2019-12-27 16:29:52 test vectors context", &[]),
        array::<32>("2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d")
    );
    // Parts are prefixed with their length, eight bytes, little-endian.
    let prefixed = |parts: &[&[u8]]| -> Vec<u8> {
        parts
            .iter()
            .flat_map(|part| [&(part.len() as u64).to_le_bytes()[..], part].concat())
            .collect()
    };
    let parts: [&[u8]; 3] = [b"a", b"", b"bcd"];
    assert_eq!(
        digest("label", &parts),
        blake3::derive_key("label", &prefixed(&parts))
    );
}

#[test]
fn wraps_are_as_long_as_x_wing_says_and_open_once_sealed() {
    use rand_core::SeedableRng;
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let secret = SealingSecret::from_secret(Secret::random(&mut random));
    assert_eq!(secret.sealing_key().as_bytes().len(), 1184 + 32);
    let wrap = seal_to(secret.sealing_key(), b"info", &[7; 32], &mut random).unwrap();
    assert_eq!(wrap.len(), 1088 + 32 + 32 + 16);
    assert_eq!(open_from(&secret, b"info", &wrap).unwrap(), [7; 32]);
    for at in (0..wrap.len()).step_by(13) {
        let mut altered = wrap.clone();
        altered[at] ^= 1;
        assert!(open_from(&secret, b"info", &altered).is_err(), "byte {at}");
    }
}
