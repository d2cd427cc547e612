//! The calendar feed: the one address beside the launch link that answers without a cookie, since calendar programs have
//! none. The secret is in the address; what it answers with is the same calendar that `hearth export` writes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hearth_node::api::{CalendarRequest, Exit, Request as Asked, Secret};

use crate::app::App;
use crate::guard::check_source;
use crate::limits::{FEED_ANSWERS_MAX, FEED_TOKEN_BYTES_MAX, FEED_WINDOW};
use crate::serve::{language, plain, refuse};

/// Where it is.
pub(crate) const PATH: &str = "/feed/{name}";

/// How often the feed was asked for since a moment, by whomever.
#[derive(Debug, Default)]
pub(crate) struct Asks(Mutex<Option<(Instant, u32)>>);

impl Asks {
    /// Counts one; says whether there is room for it.
    fn count(&self, now: Instant) -> bool {
        let mut asks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = match *asks {
            Some((since, count)) if now.duration_since(since) < FEED_WINDOW => (since, count),
            _ => (now, 0),
        };
        *asks = Some((since, count.saturating_add(1)));
        count < FEED_ANSWERS_MAX
    }
}

/// `GET /feed/TOKEN.ics`
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    if let Err(refused) = check_source(&app.address, request.method(), request.headers()) {
        return refuse(refused, language(&app, request.headers()));
    }
    if !app.feed.count(Instant::now()) {
        let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "Ask again in a minute.");
        let after = HeaderValue::from(FEED_WINDOW.as_secs());
        response.headers_mut().insert(header::RETRY_AFTER, after);
        return response;
    }
    let nothing = || {
        plain(
            StatusCode::NOT_FOUND,
            "There is no calendar at this address.",
        )
    };
    let token = name
        .strip_suffix(".ics")
        .filter(|token| !token.is_empty() && token.len() <= FEED_TOKEN_BYTES_MAX);
    // Before there is an identity nobody answers, and nobody is waited for.
    let Some(token) = token.filter(|_| !app.is_new()) else {
        return nothing();
    };
    let token = Secret::new(token.to_owned());
    let asked = app
        .engine
        .ask(Asked::Calendar(CalendarRequest::Feed { token }))
        .await;
    match asked {
        Ok(mut answer) => {
            let text = match answer.get_mut("ics").map(serde_json::Value::take) {
                Some(serde_json::Value::String(text)) => text,
                _ => String::new(),
            };
            let mut response = Response::new(Body::from(text));
            let kind = HeaderValue::from_static("text/calendar; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(failure) if failure.exit == Exit::NotFound => nothing(),
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "The node does not answer."),
    }
}
