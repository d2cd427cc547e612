//! What the forms of sessions do.

use std::sync::Arc;

use hearth_node::api::{
    Failure, JournalRequest, NotebookRequest, Request, SessionFields, SessionRequest, WrapFields,
};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::screen::goals::add_action;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::visit::Visit;

fn own(visit: &Visit) -> String {
    format!(
        "/n/{}/sessions/{}",
        visit.param("notebook"),
        visit.param("session")
    )
}

fn minutes(visit: &Visit) -> Result<Option<u32>, Failure> {
    let Some(text) = visit.form.given("minutes") else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        Failure::usage(
            "number_invalid",
            visit.words.with("number-invalid", &[("text", text.into())]),
        )
    })
}

/// `POST /n/…/sessions`
pub(crate) async fn plan(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let form = &visit.form;
    let at = form
        .given("at")
        .ok_or_else(|| missing(visit.words, &visit.say("starts")))?;
    let notebook = visit.param("notebook");
    let template = form.given("template");
    let title = match form.given("title") {
        None if template.is_none() => plain_title(&visit, &notebook).await?,
        title => title,
    };
    let planned = visit
        .ask(Request::Session(SessionRequest::Plan {
            notebook: notebook.clone(),
            title,
            at,
            zone: form.given("zone"),
            minutes: minutes(&visit)?,
            place: form.given("place"),
            every: form.given("every"),
            template,
            attendees: Vec::new(),
        }))
        .await?;
    let id = Data(&planned).get("session").text("id").to_owned();
    Ok(visit.done(
        &format!("/n/{notebook}/sessions/{id}?stage=prepare"),
        visit.say("session-planned"),
    ))
}

/// What a session is called that has neither a title nor a template; the notebook may have one of its own.
async fn plain_title(visit: &Visit, notebook: &str) -> Result<Option<String>, Failure> {
    let shown = visit
        .ask(Request::Notebook(NotebookRequest::Show {
            notebook: notebook.to_owned(),
        }))
        .await?;
    let template = Data(&shown).get("notebook").get("template");
    Ok(template
        .is_null()
        .then(|| visit.words.of("object", "session")))
}

async fn act(
    visit: &Visit,
    request: SessionRequest,
    fragment: &str,
    said: &str,
) -> Result<Reply, Failure> {
    visit.ask(Request::Session(request)).await?;
    Ok(visit.done(
        &format!("{}{fragment}", own(visit)),
        visit.words.of("session-act", said),
    ))
}

/// `POST /n/…/sessions/…/agenda`
pub(crate) async fn agenda_add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let title = visit
        .form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("item")))?;
    let request = SessionRequest::AgendaAdd {
        session: visit.param("session"),
        title,
        minutes: minutes(&visit)?,
        by: visit.form.given("by"),
    };
    act(&visit, request, "#agenda", "item").await
}

/// `POST /n/…/sessions/…/agenda/…/done`
pub(crate) async fn agenda_done(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = SessionRequest::AgendaDone {
        session: visit.param("session"),
        item: visit.param("item"),
    };
    act(&visit, request, "?stage=live#agenda", "item-done").await
}

/// `POST /n/…/sessions/…/sharing`
pub(crate) async fn mark(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = SessionRequest::Mark {
        session: visit.param("session"),
        sharing: visit.form.text("sharing"),
    };
    act(&visit, request, "#notes", "saved").await
}

/// `POST /n/…/sessions/…/attend`
pub(crate) async fn attend(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = SessionRequest::Attend {
        session: visit.param("session"),
    };
    act(&visit, request, "", "attended").await
}

/// `POST /n/…/sessions/…/edit`
pub(crate) async fn edit(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let form = &visit.form;
    let fields = SessionFields {
        title: form.given("title"),
        at: form.given("at"),
        minutes: minutes(&visit)?,
        place: form.sent("place"),
        whole_series: form.has("whole"),
        ..SessionFields::default()
    };
    let request = SessionRequest::Edit {
        session: visit.param("session"),
        fields,
    };
    act(&visit, request, "", "saved").await
}

/// `POST /n/…/sessions/…/cancel`
pub(crate) async fn cancel(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = SessionRequest::Cancel {
        session: visit.param("session"),
        reason: visit.form.given("reason"),
        undo: visit.form.has("undo"),
    };
    act(&visit, request, "", "cancelled").await
}

/// `POST /n/…/sessions/…/wrap`: one decision or insight, or the whole of the last stage.
pub(crate) async fn save_wrap(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let form = &visit.form;
    if !form.has("all") {
        let request = SessionRequest::Note {
            session: visit.param("session"),
            decision: form.given("decision"),
            insight: form.given("insight"),
        };
        return act(&visit, request, "?stage=live", "saved").await;
    }
    let mood = match form.given("mood") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Failure::usage(
                "number_invalid",
                visit.words.with("number-invalid", &[("text", text.into())]),
            )
        })?),
    };
    let fields = WrapFields {
        learned: form.given("learned"),
        mood,
        next: form.given("next"),
        ..WrapFields::default()
    };
    let request = SessionRequest::Wrap {
        session: visit.param("session"),
        fields,
    };
    act(&visit, request, "?stage=wrap#wrap", "wrapped").await
}

/// `POST /n/…/sessions/…/actions`
pub(crate) async fn action(visit: Arc<Visit>) -> Result<Reply, Failure> {
    add_action(&visit, None, Some(visit.param("session"))).await?;
    Ok(visit.done(
        &format!("{}#actions", own(&visit)),
        visit.say("action-added"),
    ))
}

/// What the reader's journal says about a session, with a line to add.
pub(super) async fn preparation(visit: &Visit, session: Data<'_>) -> Markup {
    let list = Request::Journal(JournalRequest::List {
        about: Some(visit.param("notebook")),
    });
    let Ok(entries) = visit.ask(list).await else {
        return html! {};
    };
    let mut about = Data(&entries).list("entries");
    about.retain(|entry| entry.text("session") == session.text("id"));
    let form = FormView::new(visit, format!("{}/prepare", own(visit)));
    let fields = form.wrap("stack-s", &html! {
        (form.area_of(&Field { name: "text", label: &visit.say("prepare-label"), ..Field::default() }, 2))
        p { button class="btn small" type="submit" { (visit.say("keep-in-journal")) } }
    });
    super::live::private(
        &about,
        &visit.say("private"),
        &visit.say("from-your-journal"),
        &fields,
    )
}

/// `POST /n/…/sessions/…/prepare`
pub(crate) async fn prepare(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("prepare-label")))?;
    visit
        .ask(Request::Journal(JournalRequest::Add {
            text,
            about: Some(visit.param("notebook")),
            session: Some(visit.param("session")),
        }))
        .await?;
    Ok(visit.done(&own(&visit), visit.say("kept-in-journal")))
}
