//! The way in: the link that `hearth up` prints, the lock, the files of the page.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hearth_node::api::{Failure, Secret};
use maud::html;

use crate::app::App;
use crate::assets;
use crate::form::Form;
use crate::guard::cookie;
use crate::reply::{Reply, own_address};
use crate::serve::{language, plain as plain_text};
use crate::view::form::{Field, FormView};
use crate::view::shell::plain;
use crate::visit::Visit;
use crate::words::Words;

/// How long a chosen language is kept by the browser: a year.
const LANGUAGE_KEPT_SECONDS: u32 = 365 * 24 * 60 * 60;

/// Swaps a launch token for a cookie.
pub(crate) fn launch(app: &App, request: &Request) -> Response {
    let query = Form::parse(request.uri().query().unwrap_or_default().as_bytes());
    let now = Instant::now();
    match app.sessions.enter(query.raw("token"), now) {
        Ok(Some(fresh)) => {
            let mut response = Reply::To("/".to_owned()).into_response();
            let name = app.address.cookie_name();
            set_cookie(
                &mut response,
                &format!("{name}={fresh}; Path=/; HttpOnly; SameSite=Strict"),
            );
            response
        }
        // Somebody who is let in already may open an old link again.
        Ok(None) => match cookie(request.headers(), &app.address.cookie_name())
            .and_then(|cookie| app.sessions.find(cookie, now, app.locks(), false))
        {
            Some(_) => Reply::To("/".to_owned()).into_response(),
            None => not_let_in(language(app, request.headers())),
        },
        Err(error) => plain_text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Answers a browser that was not let in: it learns nothing but how to be.
pub(crate) fn not_let_in(words: &Words) -> Response {
    plain_text(StatusCode::FORBIDDEN, &words.say("not-let-in"))
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Stands in the table for `/launch`, which is answered before anybody is looked for.
pub(crate) async fn never(_visit: Arc<Visit>) -> Result<Reply, Failure> {
    Ok(Reply::To("/".to_owned()))
}

/// `GET /assets/…`
pub(crate) async fn asset(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let found = assets::response(&visit.param("name"));
    Ok(Reply::Whole(found.unwrap_or_else(|| {
        plain_text(StatusCode::NOT_FOUND, "There is no such file.")
    })))
}

/// `GET /unlock`: asks for the passphrase.
pub(crate) async fn unlock_form(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let next = own_address(visit.query.raw("next"));
    if !visit.standing.is_locked {
        return Ok(Reply::To(next));
    }
    let wrong = visit.query.has("wrong");
    let form = FormView::new(&visit, "/unlock");
    let body = html! {
        div class="hello measure" {
            h1 { (visit.say("locked-title")) }
            p class="prose" { (visit.say("locked-why")) }
        }
        div class="start measure" {
            (form.wrap("stack", &html! {
                (FormView::hidden("next", &next))
                @if wrong {
                    p class="error" role="alert" { (crate::view::icon::icon("warn")) span { (visit.say("passphrase-wrong")) } }
                }
                (form.secret(&Field { name: "passphrase", label: &visit.say("passphrase"), is_required: true, ..Field::default() }, "current-password"))
                p { button class="btn first" type="submit" { (visit.say("unlock")) } }
            }))
        }
    };
    Ok(Reply::Page(plain(
        &visit,
        &visit.say("locked-title"),
        &body,
    )))
}

/// `POST /unlock`
pub(crate) async fn unlock(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let next = own_address(visit.form.raw("next"));
    let given = Secret::new(visit.form.raw("passphrase").to_owned());
    match visit.app.check_passphrase(given).await {
        Ok(()) => {
            let sessions = &visit.app.sessions;
            sessions.confirm(visit.standing.session, Instant::now());
            Ok(Reply::To(next))
        }
        Err(failure) if failure.code != "wrong_passphrase" => Err(failure),
        Err(_) => {
            let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            Ok(Reply::To(format!("/unlock?wrong=1&next={next}")))
        }
    }
}

/// `POST /lock`
pub(crate) async fn lock(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.app.sessions.lock(visit.standing.session);
    Ok(Reply::To("/unlock".to_owned()))
}

/// Names the cookie of the chosen language.
pub(crate) fn language_cookie(app: &App) -> String {
    format!("{}-language", app.address.cookie_name())
}

/// `POST /language`
pub(crate) async fn choose_language(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let wanted = visit.form.text("language");
    let known = Words::languages().find(|(tag, _)| *tag == wanted);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let back = own_address(visit.form.raw("back"));
    if let Ok(place) = HeaderValue::from_str(&back) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    let name = language_cookie(&visit.app);
    let attributes = "Path=/; HttpOnly; SameSite=Strict";
    let cookie = match known {
        Some((tag, _)) => format!("{name}={tag}; {attributes}; Max-Age={LANGUAGE_KEPT_SECONDS}"),
        None => format!("{name}=; {attributes}; Max-Age=0"),
    };
    set_cookie(&mut response, &cookie);
    Ok(Reply::Whole(response))
}
