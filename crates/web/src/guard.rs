//! Who may ask for anything at all: requests that this very page made, or that somebody typed.
//!
//! Another site that is open in the same browser can send requests here; the browser says so in `Origin` and
//! `Sec-Fetch-Site`. A name that another site points at this machine shows in `Host`.

use std::net::SocketAddr;

use axum::http::{HeaderMap, Method, header};

/// Why a request is refused; the page says no more than that.
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Refused {
    /// It was sent to another name than this page's.
    #[error("this page answers to its own address only")]
    Host,
    /// Another site sent it.
    #[error("another site sent this request")]
    Origin,
    /// The browser says that it comes from elsewhere.
    #[error("this request comes from elsewhere")]
    FetchSite,
    /// The browser asks ahead of the person.
    #[error("nothing is fetched ahead of time")]
    Prefetch,
    /// No cookie of a browser that was let in.
    #[error("this browser was not let in")]
    Cookie,
    /// A form without its token.
    #[error("this form is not one of this page's, or it is from before the page was started anew")]
    FormToken,
}

const FETCH_SITE: &str = "sec-fetch-site";
const FETCH_PURPOSE: &str = "sec-purpose";

/// Where the page is.
///
/// Browsers give a cookie to every port of its host. So the link names a host of this home's own, a random label below
/// `localhost`, which browsers look for on this machine alone: what else listens here never gets the cookie. The number
/// is answered as well, for a browser that does not know such names.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    bound: SocketAddr,
    name: Option<String>,
}

impl Address {
    /// Takes the address that the page listens on.
    pub(crate) const fn new(bound: SocketAddr) -> Self {
        Self { bound, name: None }
    }

    /// Gives it a name below `localhost`. Browsers look for such a name at 127.0.0.1, so where the page listens
    /// elsewhere it goes by its number.
    pub(crate) fn named(mut self, label: &str) -> Self {
        if self.bound.ip() == std::net::Ipv4Addr::LOCALHOST {
            self.name = Some(format!("{label}.localhost:{}", self.bound.port()));
        }
        self
    }

    /// Returns the origin that the printed link has.
    pub(crate) fn origin(&self) -> String {
        match &self.name {
            Some(name) => format!("http://{name}"),
            None => format!("http://{}", self.bound),
        }
    }

    /// Names the cookie, by the port: where two pages go by the same number, each has one of its own.
    pub(crate) fn cookie_name(&self) -> String {
        format!("hearth-{}", self.bound.port())
    }

    fn is_host(&self, host: &str) -> bool {
        Some(host) == self.name.as_deref()
            || host == self.bound.to_string()
            || host == format!("localhost:{}", self.bound.port())
    }
}

/// Checks where a request comes from.
///
/// # Errors
/// Which of the headers is wrong.
pub(crate) fn check_source(
    address: &Address,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Refused> {
    let host = only(headers, header::HOST.as_str()).ok_or(Refused::Host)?;
    if !address.is_host(host) {
        return Err(Refused::Host);
    }
    let reads = *method == Method::GET || *method == Method::HEAD;
    match (headers.get(header::ORIGIN), reads) {
        (None, true) => {}
        (None, false) => return Err(Refused::Origin),
        (Some(_), _) => {
            let origin = only(headers, header::ORIGIN.as_str()).ok_or(Refused::Origin)?;
            // The page's own address as the browser sees it: the one that it was sent to.
            if origin.strip_prefix("http://") != Some(host) {
                return Err(Refused::Origin);
            }
        }
    }
    match (headers.get(FETCH_SITE), reads) {
        (None, true) => {}
        (None, false) => return Err(Refused::FetchSite),
        (Some(_), _) => match (only(headers, FETCH_SITE), reads) {
            (Some("same-origin"), _) | (Some("none"), true) => {}
            _ => return Err(Refused::FetchSite),
        },
    }
    if headers.contains_key(FETCH_PURPOSE) {
        return Err(Refused::Prefetch);
    }
    Ok(())
}

/// Returns a header that is there once and is text.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

/// Returns the value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let pairs = texts.flat_map(|line| line.split(';'));
    let mut split = pairs.filter_map(|pair| pair.trim().split_once('='));
    split
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(method: Method, pairs: &[(&'static str, &'static str)]) -> Result<(), Refused> {
        let address = Address::new("127.0.0.1:4000".parse().expect("an address"));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check_source(&address, &method, &headers)
    }

    #[test]
    fn a_typed_address_is_answered() {
        assert_eq!(check(Method::GET, &[("host", "127.0.0.1:4000")]), Ok(()));
        assert_eq!(check(Method::GET, &[("host", "localhost:4000")]), Ok(()));
        let typed = [("host", "127.0.0.1:4000"), ("sec-fetch-site", "none")];
        assert_eq!(check(Method::GET, &typed), Ok(()));
    }

    #[test]
    fn a_page_answers_to_the_name_of_its_own_home_and_to_no_other() {
        let bound: SocketAddr = "127.0.0.1:4000".parse().expect("an address");
        let address = Address::new(bound).named("abc");
        assert_eq!(address.origin(), "http://abc.localhost:4000");
        let check = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append("host", HeaderValue::from_static(host));
            check_source(&address, &Method::GET, &headers)
        };
        assert_eq!(check("abc.localhost:4000"), Ok(()));
        assert_eq!(check("127.0.0.1:4000"), Ok(()));
        for other in [
            "xyz.localhost:4000",
            "abc.localhost:4001",
            "x.abc.localhost:4000",
            "abc.localhost",
        ] {
            assert_eq!(check(other), Err(Refused::Host), "{other}");
        }
        let elsewhere = Address::new("[::1]:4000".parse().expect("an address")).named("abc");
        assert_eq!(elsewhere.origin(), "http://[::1]:4000");
    }

    #[test]
    fn a_name_that_points_here_is_refused() {
        for host in [
            "evil.example:4000",
            "127.0.0.1",
            "127.0.0.1:4001",
            "127.0.0.1:4000.evil.example",
            "",
        ] {
            assert_eq!(check(Method::GET, &[("host", host)]), Err(Refused::Host));
        }
        let twice = [("host", "127.0.0.1:4000"), ("host", "evil.example")];
        assert_eq!(check(Method::GET, &twice), Err(Refused::Host));
        assert_eq!(check(Method::GET, &[]), Err(Refused::Host));
    }

    #[test]
    fn another_site_is_refused_whatever_it_asks() {
        for method in [Method::GET, Method::POST] {
            for origin in [
                "http://evil.example",
                "null",
                "http://127.0.0.1:4001",
                "https://127.0.0.1:4000",
            ] {
                let sent = [
                    ("host", "127.0.0.1:4000"),
                    ("origin", origin),
                    ("sec-fetch-site", "same-origin"),
                ];
                assert_eq!(check(method.clone(), &sent), Err(Refused::Origin));
            }
            for site in ["cross-site", "same-site", "", "unheard-of"] {
                let sent = [
                    ("host", "127.0.0.1:4000"),
                    ("origin", "http://127.0.0.1:4000"),
                    ("sec-fetch-site", site),
                ];
                assert_eq!(check(method.clone(), &sent), Err(Refused::FetchSite));
            }
        }
    }

    #[test]
    fn a_form_has_to_say_where_it_comes_from() {
        let host = ("host", "127.0.0.1:4000");
        let origin = ("origin", "http://127.0.0.1:4000");
        let site = ("sec-fetch-site", "same-origin");
        assert_eq!(check(Method::POST, &[host, site]), Err(Refused::Origin));
        assert_eq!(
            check(Method::POST, &[host, origin]),
            Err(Refused::FetchSite)
        );
        let typed = ("sec-fetch-site", "none");
        assert_eq!(
            check(Method::POST, &[host, origin, typed]),
            Err(Refused::FetchSite)
        );
        assert_eq!(check(Method::POST, &[host, origin, site]), Ok(()));
    }

    #[test]
    fn nothing_is_fetched_ahead() {
        let sent = [
            ("host", "127.0.0.1:4000"),
            ("sec-purpose", "prefetch;prerender"),
        ];
        assert_eq!(check(Method::GET, &sent), Err(Refused::Prefetch));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            "cookie",
            HeaderValue::from_static("a=1; hearth-4000=secret"),
        );
        headers.append("cookie", HeaderValue::from_static("b=2"));
        assert_eq!(cookie(&headers, "hearth-4000"), Some("secret"));
        assert_eq!(cookie(&headers, "b"), Some("2"));
        assert_eq!(cookie(&headers, "hearth-400"), None);
    }
}
