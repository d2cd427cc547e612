//! The style sheet, the scripts and the mark: part of the program, loaded from this page alone.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// What it is called.
    pub(crate) name: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset {
            name: $name,
            kind: $kind,
            text: include_str!(concat!("../assets/", $name)),
        }
    };
}

/// All of them.
pub(crate) static ASSETS: &[Asset] = &[
    asset!("hearthside.css", "text/css; charset=utf-8"),
    asset!("mark.svg", "image/svg+xml"),
    asset!("page.js", "text/javascript; charset=utf-8"),
    asset!("live.js", "text/javascript; charset=utf-8"),
    asset!("clock.js", "text/javascript; charset=utf-8"),
    asset!("notes.js", "text/javascript; charset=utf-8"),
    asset!("carets.js", "text/javascript; charset=utf-8"),
    asset!("text.js", "text/javascript; charset=utf-8"),
    asset!("keys.js", "text/javascript; charset=utf-8"),
    asset!("carry.js", "text/javascript; charset=utf-8"),
    asset!("files.js", "text/javascript; charset=utf-8"),
];

/// Returns the address of a file. It changes with every version of the program, and the file may be kept for it.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", version())
}

/// A word that stands for all of their content.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        // It tells versions apart and authenticates nothing.
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        for byte in ASSETS.iter().flat_map(|asset| asset.text.bytes()) {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        format!("{sum:016x}")
    })
}

/// Returns a file, where there is one of that name.
pub(crate) fn response(name: &str) -> Option<Response> {
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    let mut response = Response::new(Body::from(asset.text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let kept = HeaderValue::from_static("private, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, kept);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_together_are_small() {
        let total: usize = ASSETS.iter().map(|asset| asset.text.len()).sum();
        assert!(total <= 150_000, "{total} bytes");
    }

    #[test]
    fn no_file_names_another_place() {
        for asset in ASSETS {
            for scheme in ["https://", "//cdn", "@import", "url("] {
                assert!(!asset.text.contains(scheme), "{} has {scheme}", asset.name);
            }
        }
    }
}
