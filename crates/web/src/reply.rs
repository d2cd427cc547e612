//! What a screen answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hearth_node::api::{Exit, Failure};
use maud::Markup;

/// An answer.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A page.
    Page(Markup),
    /// A page with another status than 200.
    PageWith(StatusCode, Markup),
    /// Another address, to be read with GET.
    To(String),
    /// A file to keep.
    File {
        /// What it is called.
        name: String,
        /// What kind it is.
        kind: &'static str,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// A file to keep, as it is made.
    Stream {
        /// What it is called.
        name: String,
        /// What kind it is.
        kind: &'static str,
        /// What is in it.
        body: Body,
    },
    /// Somebody's file to keep, as it is read: never shown, whatever it is.
    Attached {
        /// What it is called: a plain name that leads nowhere, in any script.
        name: String,
        /// How long it is.
        bytes: u64,
        /// What is in it.
        body: Body,
    },
    /// Anything else.
    Whole(Response),
}

impl Reply {
    /// Makes the response.
    pub(crate) fn into_response(self) -> Response {
        match self {
            Self::Page(markup) => html(StatusCode::OK, markup),
            Self::PageWith(status, markup) => html(status, markup),
            Self::To(address) => see_other(&address),
            Self::File { name, kind, bytes } => file(&name, kind, Body::from(bytes)),
            Self::Stream { name, kind, body } => file(&name, kind, body),
            Self::Attached { name, bytes, body } => attached(&name, bytes, body),
            Self::Whole(response) => response,
        }
    }
}

/// Returns the status that says what a failure is.
pub(crate) const fn status_of(failure: &Failure) -> StatusCode {
    match failure.exit {
        Exit::NotFound => StatusCode::NOT_FOUND,
        Exit::Usage => StatusCode::UNPROCESSABLE_ENTITY,
        Exit::NotAllowed => StatusCode::FORBIDDEN,
        Exit::Unreachable => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Makes a response for the page's scripts.
pub(crate) fn json_response(status: StatusCode, value: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn html(status: StatusCode, markup: Markup) -> Response {
    let mut response = Response::new(Body::from(markup.into_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn see_other(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    // A notebook's name never stands in an address; what does not fit a header leads home.
    let place = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, place);
    response
}

fn file(name: &str, kind: &'static str, body: Body) -> Response {
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => letter,
            _ => '-',
        })
        .collect();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Makes a response that a browser keeps under its own name (RFC 6266), and of no kind that it would open.
fn attached(name: &str, bytes: u64, body: Body) -> Response {
    let mut response = file(name, "application/octet-stream", body);
    let headers = response.headers_mut();
    let mut spelt = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                spelt.push(char::from(byte))
            }
            byte => spelt.push_str(&format!("%{byte:02X}")),
        }
    }
    let plain = headers.get(header::CONTENT_DISPOSITION);
    let plain = plain
        .and_then(|value| value.to_str().ok())
        .unwrap_or("attachment");
    if let Ok(value) = HeaderValue::from_str(&format!("{plain}; filename*=UTF-8''{spelt}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    response
}

/// Returns an address of this page, or the first screen: what a form names as the way back is never trusted.
pub(crate) fn own_address(given: &str) -> String {
    let is_own = given.starts_with('/')
        && !given.starts_with("//")
        && given
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own {
        given.to_owned()
    } else {
        "/".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leads_elsewhere() {
        for own in ["/", "/n/ABC?x=1#goal"] {
            assert_eq!(own_address(own), own);
        }
        for foreign in [
            "//evil.example",
            "https://evil.example",
            "/\\evil",
            "/a\r\nb",
            "",
            "a",
        ] {
            assert_eq!(own_address(foreign), "/");
        }
    }

    #[test]
    fn a_file_is_kept_under_its_name_and_is_of_no_kind_that_a_browser_opens() {
        let reply = Reply::Attached {
            name: "Übung \"1\"\r\n.html".into(),
            bytes: 3,
            body: Body::from("<b>"),
        };
        let response = reply.into_response();
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "application/octet-stream");
        assert_eq!(headers[header::CONTENT_LENGTH], "3");
        assert_eq!(
            headers[header::CONTENT_DISPOSITION],
            "attachment; filename=\"-bung--1---.html\"; filename*=UTF-8''%C3%9Cbung%20%221%22%0D%0A.html"
        );
    }

    #[test]
    fn the_name_of_a_file_is_plain() {
        let reply = Reply::File {
            name: "Ana & \"Ben\"\r\n.json".into(),
            kind: "application/json",
            bytes: Vec::new(),
        };
        let response = reply.into_response();
        let value = response.headers()[header::CONTENT_DISPOSITION]
            .to_str()
            .expect("text");
        assert_eq!(value, "attachment; filename=\"Ana----Ben---.json\"");
    }
}
