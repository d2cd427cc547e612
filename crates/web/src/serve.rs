//! From a connection to a screen and back: every request is checked here before any screen hears of it.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use hearth_node::api::{Exit, Failure};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::App;
use crate::form::Form;
use crate::guard::{Refused, check_source, cookie};
use crate::limits::FORM_BYTES_MAX;
use crate::reply::{Reply, status_of};
use crate::screen::{Access, Handler, ROUTES, Route, entry};
use crate::sessions::{Flash, Standing, is_form_token};
use crate::visit::Visit;
use crate::words::Words;

/// Marks a request that the page made by itself, which is nobody's use of it.
const OWN_LOOK: &str = "x-hearth-look";
/// The field of every form that shows that it is the page's own.
pub(crate) const FORM_TOKEN: &str = "token";

/// Everything may come from this page alone, and no text of a page is ever run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const HEADERS: [(HeaderName, &str); 9] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // With `no-referrer` browsers would send forms with the origin `null`.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
    (HeaderName::from_static("x-dns-prefetch-control"), "off"),
];

/// Makes the router of all routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    // An address may be both read and written; the router joins the two.
    for route in ROUTES {
        router = router.route(route.path, method_router(route));
    }
    router
        .route(crate::feed::PATH, axum::routing::get(crate::feed::answer))
        .fallback(nothing_there)
        .method_not_allowed_fallback(nothing_there)
        .layer(axum::middleware::from_fn(with_headers))
        .with_state(app)
}

fn method_router(route: &'static Route) -> MethodRouter<Arc<App>> {
    let filter = match route.writes {
        true => MethodFilter::POST,
        false => MethodFilter::GET,
    };
    on(
        filter,
        move |State(app): State<Arc<App>>,
              Path(params): Path<Vec<(String, String)>>,
              request: Request| async move { answer(app, route, params, request).await },
    )
}

async fn with_headers(request: Request, next: axum::middleware::Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Nothing of a notebook stays on the disk of the browser. What carries no words may, for the time of a visit.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn nothing_there(State(app): State<Arc<App>>, request: Request) -> Response {
    match let_in(&app, &request) {
        Err(refused) => refuse(refused, language(&app, request.headers())),
        Ok(_) => {
            let words = language(&app, request.headers());
            plain(StatusCode::NOT_FOUND, &words.say("nothing-at-address"))
        }
    }
}

async fn answer(
    app: Arc<App>,
    route: &'static Route,
    params: Vec<(String, String)>,
    request: Request,
) -> Response {
    let words = language(&app, request.headers());
    if let Err(refused) = check_source(&app.address, request.method(), request.headers()) {
        return refuse(refused, words);
    }
    let standing = match route.access {
        // A look ahead at the headers does not use the link up.
        Access::Launch if request.method() == Method::GET => return entry::launch(&app, &request),
        Access::Launch => return entry::not_let_in(words),
        _ => match let_in(&app, &request) {
            Ok(standing) => standing,
            Err(refused) => return refuse(refused, words),
        },
    };
    let (parts, body) = request.into_parts();
    let address = parts
        .uri
        .path_and_query()
        .map_or("/", |whole| whole.as_str())
        .to_owned();
    let form = match read_form(route, &standing, body).await {
        Ok(form) => form,
        Err(FormError::Refused(refused)) => return refuse(refused, words),
        Err(FormError::TooLarge) => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, &words.say("more-than-taken"));
        }
    };
    if let Some(elsewhere) = before_or_after(&app, route) {
        return Reply::To(elsewhere.to_owned()).into_response();
    }
    let is_open = matches!(route.access, Access::Open | Access::First);
    let is_shut = standing.is_locked && route.access == Access::Open;
    let is_look = parts.headers.contains_key(OWN_LOOK);
    let takes_flash = !route.writes && !is_shut && is_open && !is_look && !route.is_data;
    let flash: Option<Flash> = match takes_flash {
        true => app.sessions.take_flash(standing.session),
        false => None,
    };
    let visit = Visit {
        words,
        query: Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        now: Timestamp::now(),
        zone: TimeZone::system(),
        seen: app.windows.stamp(),
        app,
        standing,
        params,
        address,
        form,
        flash,
    };
    if is_shut {
        return locked(route, &visit);
    }
    run(route.handler, route, visit).await
}

/// Where a request belongs instead, as long as there is no identity here, and once there is one.
fn before_or_after(app: &App, route: &Route) -> Option<&'static str> {
    match (app.is_new(), route.access) {
        (true, Access::Open) => Some("/welcome"),
        (false, Access::First) => Some("/"),
        _ => None,
    }
}

async fn run(handler: Handler, route: &'static Route, visit: Visit) -> Response {
    let visit = Arc::new(visit);
    match handler(Arc::clone(&visit)).await {
        Ok(reply) => reply.into_response(),
        Err(failure) if route.is_data => plain(status_of(&failure), &failure.message),
        Err(failure) if route.writes => visit.failed(&failure).into_response(),
        Err(failure) => {
            let page = crate::screen::failed::page(&visit, &failure).await;
            Reply::PageWith(status_of(&failure), page).into_response()
        }
    }
}

/// Finds the browser that a request comes from.
fn let_in(app: &App, request: &Request) -> Result<Standing, Refused> {
    check_source(&app.address, request.method(), request.headers())?;
    let headers = request.headers();
    let cookie = cookie(headers, &app.address.cookie_name()).ok_or(Refused::Cookie)?;
    let is_use = !headers.contains_key(OWN_LOOK) && !is_stream(headers);
    app.sessions
        .find(cookie, Instant::now(), app.locks(), is_use)
        .ok_or(Refused::Cookie)
}

fn is_stream(headers: &HeaderMap) -> bool {
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accepts == Some("text/event-stream")
}

enum FormError {
    Refused(Refused),
    TooLarge,
}

async fn read_form(route: &Route, standing: &Standing, body: Body) -> Result<Form, FormError> {
    if !route.writes {
        return Ok(Form::default());
    }
    let bytes = to_bytes(body, FORM_BYTES_MAX)
        .await
        .map_err(|_| FormError::TooLarge)?;
    let form = Form::parse(&bytes).touched();
    match is_form_token(&standing.form_token, form.raw(FORM_TOKEN)) {
        true => Ok(form),
        false => Err(FormError::Refused(Refused::FormToken)),
    }
}

/// Leads to the lock, and from there to where somebody was. What they had typed stands in its form again then.
fn locked(route: &Route, visit: &Visit) -> Response {
    if route.is_data {
        return plain(StatusCode::FORBIDDEN, "The page is locked.");
    }
    let back = match route.writes {
        true => match visit.failed(&Failure::usage("page_locked", visit.say("locked-kept"))) {
            Reply::To(back) => back,
            _ => "/".to_owned(),
        },
        false => visit.address.clone(),
    };
    let next: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
    Reply::To(format!("/unlock?next={next}")).into_response()
}

pub(crate) fn language(app: &App, headers: &HeaderMap) -> &'static Words {
    let name = entry::language_cookie(app);
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Words::choose(cookie(headers, &name), accepted)
}

/// Answers what is refused: nothing of the notebook, and nothing of the request.
pub(crate) fn refuse(refused: Refused, words: &Words) -> Response {
    tracing::debug!(%refused, "a request to the page was refused");
    if refused == Refused::Cookie {
        return entry::not_let_in(words);
    }
    plain(StatusCode::FORBIDDEN, &format!("Refused: {refused}."))
}

pub(crate) fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Makes the failure that a form is refused with where a field is missing.
pub(crate) fn missing(words: &Words, field: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        "field_missing",
        words.with("field-missing", &[("field", field.into())]),
    )
}
