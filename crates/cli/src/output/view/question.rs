//! Questions, answers and comments.

use serde_json::Value;

use super::{comments, history, joined, written_at, written_by};
use crate::output::fields::Fields;
use crate::output::page::Page;

/// `question list`: `questions[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let questions = data.list("questions");
    if questions.is_empty() {
        page.line("There is no question yet.");
        page.next("hearth ask {} TEXT", data.at("notebook").text("id"));
        return;
    }
    for question in questions {
        page.gap();
        one(question, page);
    }
    if let Some(open) = questions.iter().find(|question| !question.flag("resolved")) {
        page.next("hearth answer {}", open.text("id"));
    }
}

/// `ask`, `answer` and `resolve`: `question`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let question = data.at("question");
    one(question, page);
    history::disputed(question, page);
    comments(question, page);
    if question.flag("resolved") {
        return;
    }
    let next = match question.list("answers") {
        [] => "hearth answer {}",
        _ => "hearth resolve {}",
    };
    page.next(next, question.text("id"));
}

/// `comment`: `comment`.
pub(crate) fn comment(data: &Value, page: &mut Page) {
    let comment = data.at("comment");
    let on = format!("comment on {}", page.short(comment.called("on")));
    page.quiet(joined([on.as_str(), page.short(comment.text("id"))]));
    page.prose(comment.text("text"), 2);
}

fn one(question: &Value, page: &mut Page) {
    page.prose(question.text("text"), 0);
    let state = if question.flag("resolved") {
        "resolved"
    } else {
        "open"
    };
    let id = format!("question {}", page.short(question.text("id")));
    let asked = match question.called("asked_by") {
        "" => String::new(),
        person => match question.at("imported_from").at("created_by").text("name") {
            original if original.is_empty() || original == person => format!("asked by {person}"),
            original => format!("asked by {original}, imported by {person}"),
        },
    };
    let sharing = match question.text("sharing") {
        // What is the usual goes without saying.
        "pair-only" => String::new(),
        _ => super::session::sharing(question),
    };
    page.quiet(joined([
        id.as_str(),
        asked.as_str(),
        state,
        sharing.as_str(),
    ]));
    for answer in question.list("answers") {
        let at = page.clock().time(written_at(answer));
        page.quiet(format!(
            "  {}",
            joined([written_by(answer).as_str(), at.as_str()])
        ));
        page.prose(answer.text("text"), 4);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn an_import_names_who_wrote_and_who_brought_it() {
        let original = json!({"created_by": {"name": "Ana", "device": "laptop"},
            "created_at": "2026-11-20T08:00:00Z"});
        let data = json!({"question": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "text": "Why?",
            "asked_by": {"name": "Cy"}, "imported_from": original, "answers": [
                {"text": "Because.", "created_at": "2026-11-23T14:35:00Z", "imported_from": original,
                 "created_by": {"name": "Cy", "device": "phone"}}]}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Why?
        question RK2QF7MZ · asked by Ana, imported by Cy · open
          Ana's laptop, imported by Cy's phone · Fri 20 Nov 09:00
            Because.

        Next: hearth resolve RK2QF7MZ
        ");
    }

    #[test]
    fn a_question_stands_above_its_answers() {
        let data = json!({"questions": [
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "text": "How do you prepare?", "resolved": false,
             "asked_by": {"name": "Ben"}, "answers": [
                {"text": "I write it down.\nThen I sleep.", "created_at": "2026-11-23T14:35:00Z",
                 "created_by": {"name": "Ada", "device": "laptop"}}]},
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "text": "When?", "resolved": true, "asked_by": {"name": "Ada"}},
        ]});
        insta::assert_snapshot!(testing::page(&data, list), @r"
        How do you prepare?
        question RK2QF7MZ · asked by Ben · open
          Ada's laptop · 15:35
            I write it down.
            Then I sleep.

        When?
        question RK2QF8AA · asked by Ada · resolved

        Next: hearth answer RK2QF7MZ
        ");
        insta::assert_snapshot!(testing::page(&json!({"question": data["questions"][0]}), show), @r"
        How do you prepare?
        question RK2QF7MZ · asked by Ben · open
          Ada's laptop · 15:35
            I write it down.
            Then I sleep.

        Next: hearth resolve RK2QF7MZ
        ");
    }

    #[test]
    fn a_comment_says_what_it_is_on() {
        let data = json!({"comment": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ",
            "on": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "text": "Well put."}});
        insta::assert_snapshot!(testing::page(&data, comment), @r"
        comment on RK2QF8AA · RK2QF7MZ
          Well put.
        ");
    }
}
