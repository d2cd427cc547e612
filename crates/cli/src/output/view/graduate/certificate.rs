//! What was achieved: as the end shows it, as a certificate states it, and as a page to print.

use serde_json::Value;

use super::super::{joined, names};
use crate::output::fields::{Fields, number};
use crate::output::page::Page;
use crate::output::style::Style;

/// Writes what was achieved.
pub(super) fn facts(facts: &Value, page: &mut Page) {
    let many = |key: &str| facts.list(key).len() as u64;
    let goals = joined([
        some(many("achieved"), "achieved").as_str(),
        some(many("unfinished"), "unfinished").as_str(),
        some(facts.count("dropped"), "dropped").as_str(),
    ]);
    let between = match (facts.text("first_session"), facts.text("last_session")) {
        ("", _) | (_, "") => String::new(),
        (first, last) if first == last => first.to_owned(),
        (first, last) => format!("{first} to {last}"),
    };
    let held = some(facts.count("sessions_held"), "held");
    let actions = joined([
        some(facts.count("actions_done"), "done").as_str(),
        some(facts.count("actions_open"), "open").as_str(),
    ]);
    page.gap();
    page.facts([
        ("goals", goals),
        ("sessions", joined([held.as_str(), between.as_str()])),
        ("actions", actions),
    ]);
    for (heading, key) in [("Achieved", "achieved"), ("Unfinished", "unfinished")] {
        if facts.list(key).is_empty() {
            continue;
        }
        page.part(heading);
        for goal in facts.list(key) {
            let owners = names(goal.list("owners"));
            let facts = joined([goal.text("title"), owners.as_str(), &measured(goal)]);
            page.line(format!("  {facts}"));
        }
    }
    let skills = facts.list("skills");
    if !skills.is_empty() {
        page.part("Skills, then and now");
        for skill in skills {
            let seen: Vec<String> = skill.list("figures").iter().map(figures).collect();
            let who = skill.at("of").text("name");
            page.line(format!(
                "  {}, {who}: {}",
                skill.text("title"),
                seen.join("; ")
            ));
        }
    }
}

fn figures(figures: &Value) -> String {
    let by = figures.at("by").text("name");
    let values = figures.list("values");
    let show = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or_default();
    match values {
        [_, .., _] => format!("{by} {} → {}", show(values.first()), show(values.last())),
        _ => format!("{by} {}", show(values.first())),
    }
}

fn measured(goal: &Value) -> String {
    let measured = goal.at("measured");
    let unit = measured.text("unit");
    match (measured.number("from"), measured.number("to")) {
        (Some(from), Some(to)) => format!("{unit} {} → {}", number(from), number(to)),
        (None, Some(to)) => format!("{unit} {}", number(to)),
        _ => String::new(),
    }
    .trim()
    .to_owned()
}

fn some(count: u64, what: &str) -> String {
    match count {
        0 => String::new(),
        count => format!("{count} {what}"),
    }
}

/// `verify FILE` of a statement: `statement` with `kind`, `words`, `signed_by`.
pub(crate) fn verified(data: &Value, page: &mut Page) {
    let statement = data.at("statement");
    page.styled("The words are as they were signed.", Style::Good);
    page.gap();
    page.prose(statement.text("words"), 2);
    page.gap();
    let by = statement.at("signed_by");
    page.facts([
        ("signed by", by.text("person").to_owned()),
        ("on device", by.text("device_id").to_owned()),
    ]);
    page.quiet("Names are as the signer states them. Whose id that is, you know from them, or from their notebook.");
}

/// A certificate as a page to print.
pub(crate) fn certificate_page(certificate: &Value) -> String {
    let escaped = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        text.replace('>', "&gt;").replace('"', "&quot;")
    };
    let words = escaped(certificate.text("words").trim());
    let (body, signature) = words.rsplit_once("\nSigned on ").unwrap_or((&words, ""));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Certificate for {of}</title>\n<style>\n\
         @page {{ margin: 25mm; }}\nbody {{ font: 1.1rem/1.6 Iowan Old Style, Palatino, P052, Charter, Georgia, serif; \
         max-width: 42rem; margin: 4rem auto; padding: 0 1rem; color: #1d282b; background: #fcfcf9; }}\nh1 {{ \
         font-weight: normal; font-size: 2.25rem; border-bottom: 1px solid #d9dcd3; padding-bottom: 0.5rem; }}\n.words \
         {{ white-space: pre-wrap; overflow-wrap: anywhere; }}\n.signed {{ white-space: pre-wrap; overflow-wrap: anywhere; \
         font: 0.85rem/1.5 system-ui, sans-serif; color: #465256; border-top: 1px solid #d9dcd3; margin-top: 2rem; \
         padding-top: 1rem; }}\n@media print {{ body {{ margin: 0; max-width: none; background: #fff; }} }}\n</style>\n\
         </head>\n<body>\n<h1>Certificate</h1>\n<div class=\"words\" dir=\"auto\">{body}</div>\n<div class=\"signed\" \
         dir=\"auto\">Signed on {signature}</div>\n<p class=\"signed\">This page is for reading. The file beside it \
         carries the signature: hearth verify checks it on any machine. Paper is not encrypted.</p>\n</body>\n</html>\n",
        of = escaped(certificate.called("of")),
        body = body.trim_end(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_to_print_holds_no_markup_of_anybody() {
        let data = json!({"of": {"name": "<b>Ben"}, "words": "Ben & <i>Ana\n\nSigned on 1 May by Ana\n  person x\n"});
        let page = certificate_page(&data);
        assert!(page.contains("Ben &amp; &lt;i&gt;Ana</div>"), "{page}");
        assert!(
            page.contains("Signed on 1 May by Ana\n  person x</div>"),
            "{page}"
        );
        assert!(!page.contains("<b>") && !page.contains("<i>"));
    }
}
