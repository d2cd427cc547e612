//! Real bytes that were altered, for trying decoders: what passes the first checks reaches further than any
//! bytes would.

use proptest::prelude::*;
use proptest::sample::Index;

/// Bytes that are changed in one sample at most.
const PLACES_MAX: usize = 5;
/// Cases of each trial; `PROPTEST_CASES` asks for more.
const CASES_MIN: u32 = 4_096;

/// As many cases as are wanted. A failure prints the bytes, as few as show it.
pub(crate) fn cases() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: asked.cases.max(CASES_MIN),
        failure_persistence: None,
        ..asked
    }
}

/// Takes the bytes that a file of vectors names.
pub(crate) fn of_vectors(json: &str) -> Vec<Vec<u8>> {
    let outputs = json.split("\"output\": \"").skip(1);
    let hex = outputs.filter_map(|rest| rest.split('"').next());
    hex.filter_map(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes()).ok())
        .filter(|bytes| !bytes.is_empty())
        .collect()
}

/// Gives samples of which some bytes are flipped, replaced, repeated, taken out or cut off.
pub(crate) fn altered(samples: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let place = (any::<Index>(), any::<u8>(), 0..10_u8);
    let places = proptest::collection::vec(place, 1..=PLACES_MAX);
    (proptest::sample::select(samples), places).prop_map(|(mut bytes, places)| {
        for (at, value, kind) in places {
            if bytes.is_empty() {
                break;
            }
            // The front holds what decides how the rest is read.
            let limit = if kind % 2 == 0 {
                bytes.len()
            } else {
                bytes.len().min(48)
            };
            let at = at.index(limit);
            match kind {
                0..=3 => bytes[at] ^= 1 << (value & 7),
                4 | 5 => bytes[at] = value,
                6 => bytes.insert(at, value),
                7 => bytes.insert(at, bytes[at]),
                8 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}
