//! The agreement.

use serde_json::Value;

use super::{author, comments, history, joined, names};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;

/// `agreement show`: `agreement` with `state`, `text`, `topics[]`, `signatures[]`, `missing[]`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let agreement = data.at("agreement");
    head(agreement, page);
    let mut told = 0;
    for topic in agreement.list("topics") {
        let (answers, consensus) = (topic.list("answers"), topic.text("consensus"));
        if answers.is_empty() && consensus.trim().is_empty() {
            continue;
        }
        told += 1;
        page.part(topic.text("title"));
        for answer in answers {
            page.quiet(format!("  {}", answered(answer)));
            page.prose(answer.text("text"), 4);
        }
        if !consensus.trim().is_empty() {
            page.quiet("  agreed");
            page.prose(consensus, 4);
        }
        for other in topic.list("also").iter().filter_map(Value::as_str) {
            page.styled("  written at the same time, not in the text", Style::Now);
            page.prose(other, 4);
        }
    }
    if told == 0 {
        page.line("Nothing is agreed on yet.");
    }
    history::disputed(agreement, page);
    comments(agreement, page);
    next(agreement, page);
}

fn answered(answer: &Value) -> String {
    let role = answer.text("role");
    let written_by = match answer.called("written_by") {
        "" => String::new(),
        name => format!("written by {name}"),
    };
    joined([answer.text("name"), role, written_by.as_str()])
}

/// `agreement edit`.
pub(crate) fn saved(data: &Value, page: &mut Page) {
    page.line("Saved on this device.");
    page.gap();
    show(data, page);
}

/// `agreement edit` that changed nothing.
pub(crate) fn unchanged(data: &Value, page: &mut Page) {
    page.line("Nothing was changed.");
    next(data.at("agreement"), page);
}

/// `agreement sign`.
pub(crate) fn signed(data: &Value, page: &mut Page) {
    let agreement = data.at("agreement");
    page.line("You have signed exactly this text:");
    page.gap();
    page.prose(agreement.text("text"), 2);
    page.gap();
    head(agreement, page);
    next(agreement, page);
}

fn head(agreement: &Value, page: &mut Page) {
    page.title(agreement.text("title"));
    let missing = names(agreement.list("missing"));
    let (words, style) = match agreement.text("state") {
        "signed" => ("signed by everybody".to_owned(), Style::Good),
        "partly" if missing.is_empty() => (
            "signed by you; nobody else is here yet".to_owned(),
            Style::Now,
        ),
        "partly" => (format!("signed, but not by {missing}"), Style::Now),
        "unsigned" if agreement.flag("signed_before") => (
            "unsigned: the text has changed since it was signed".to_owned(),
            Style::Now,
        ),
        "unsigned" => ("unsigned".to_owned(), Style::Now),
        _ => ("nothing to sign yet".to_owned(), Style::Quiet),
    };
    page.styled(words, style);
    for signature in agreement.list("signatures") {
        signature_line(signature, page);
    }
}

fn signature_line(signature: &Value, page: &mut Page) {
    let stands = match (signature.flag("stands"), signature.flag("counts")) {
        (true, _) => "",
        (false, true) => "replaced by what they signed later",
        (false, false) => "does not count",
    };
    let entry = format!("entry {}", page.short(signature.text("entry")));
    let by = author(signature);
    let facts = joined([by.as_str(), entry.as_str(), stands]);
    page.quiet(format!("  {facts}"));
}

fn next(agreement: &Value, page: &mut Page) {
    let notebook = agreement.at("notebook").text("id");
    let command = match agreement.text("state") {
        "unsigned" | "partly" if agreement.flag("mine") => "hearth agreement sign {}",
        "empty" => "hearth agreement edit {}",
        _ => "hearth agreement log {}",
    };
    page.next(command, notebook);
}

/// `agreement log`: `versions[]` with `number`, `text`, `text_hash`, `signatures[]`; `unmatched[]`.
pub(crate) fn log(data: &Value, page: &mut Page) {
    for version in data.list("versions") {
        page.gap();
        let state = match (version.flag("in_force"), version.flag("current")) {
            (true, true) => "signed by everybody, the text of now",
            (true, false) => "the last text that everybody signed",
            (false, true) => "the text of now",
            (false, false) => "",
        };
        let title = format!("Version {}", version.count("number"));
        page.title(joined([title.as_str(), state]));
        page.quiet(format!("hash {}", version.text("text_hash")));
        let signatures = version.list("signatures");
        if signatures.is_empty() {
            page.quiet("  signed by nobody");
        }
        for signature in signatures {
            signature_line(signature, page);
        }
        let claims = version.at("imported_from").list("signatures");
        for claim in claims {
            page.styled(
                format!(
                    "  the imported file claims a signature of {}",
                    claim.text("name")
                ),
                Style::Now,
            );
        }
        page.gap();
        page.prose(version.text("text"), 2);
    }
    for signature in data.list("unmatched") {
        page.gap();
        page.styled("A signature under a text that is not here", Style::Danger);
        signature_line(signature, page);
    }
    if data.list("versions").is_empty() {
        page.line("Nothing is agreed on yet.");
    } else {
        page.gap();
        page.quiet("Each hash was computed here, from the text and its salt. Signatures are entries of the notebook, checked when they came.");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn an_agreement_shows_answers_consensus_and_who_has_signed() {
        let data = json!({"agreement": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Agreement",
            "state": "partly", "mine": true, "missing": [{"name": "Ben"}], "notebook": {"id": "mfzwizjomvzxg2lp"},
            "signatures": [{"name": "Ada", "device": "laptop", "entry": "aaaabbbbccccdddd", "stands": true}],
            "topics": [
                {"title": "Purpose", "consensus": "Both.", "also": ["Neither."], "answers": [
                    {"name": "Ada", "role": "mentor", "text": "To teach"},
                    {"name": "Ben", "role": "mentee", "text": "To learn", "written_by": {"name": "Ada"}}]},
                {"title": "Outcomes", "consensus": "", "answers": []}]}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Agreement
        signed, but not by Ben
          Ada's laptop · entry aaaabbbb

        Purpose
          Ada · mentor
            To teach
          Ben · mentee · written by Ada
            To learn
          agreed
            Both.
          written at the same time, not in the text
            Neither.

        Next: hearth agreement sign mfzwizjo
        ");
    }

    #[test]
    fn a_changed_text_says_that_it_is_unsigned() {
        let data = json!({"agreement": {"title": "Agreement", "state": "unsigned", "signed_before": true}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Agreement
        unsigned: the text has changed since it was signed
        Nothing is agreed on yet.
        ");
    }

    #[test]
    fn the_log_tells_versions_from_claims() {
        let data = json!({"versions": [
            {"number": 1, "text": "Agreement\n", "text_hash": "00ff", "in_force": true, "signatures": [
                {"name": "Ada", "device": "laptop", "entry": "aaaabbbbccccdddd", "stands": true},
                {"name": "Ben", "device": "phone", "entry": "eeeebbbbccccdddd", "stands": false},
                {"name": "Cy", "device": "PC", "entry": "ccccbbbbccccdddd", "stands": false, "counts": true}]},
            {"number": 2, "text": "Agreement\n\nmore\n", "text_hash": "11ff", "current": true, "signatures": [],
             "imported_from": {"signatures": [{"name": "Eve"}]}}],
            "unmatched": [{"name": "Ben", "device": "phone", "entry": "ffffbbbbccccdddd", "stands": true}]});
        insta::assert_snapshot!(testing::page(&data, log), @r"
        Version 1 · the last text that everybody signed
        hash 00ff
          Ada's laptop · entry aaaabbbb
          Ben's phone · entry eeeebbbb · does not count
          Cy's PC · entry ccccbbbb · replaced by what they signed later

          Agreement

        Version 2 · the text of now
        hash 11ff
          signed by nobody
          the imported file claims a signature of Eve

          Agreement

          more

        A signature under a text that is not here
          Ben's phone · entry ffffbbbb

        Each hash was computed here, from the text and its salt. Signatures are entries of the notebook, checked when they came.
        ");
    }
}
