//! The end, step by step. Each step is kept as it is done, so that it can be left and taken up again.

use hearth_node::api::Failure;

use super::Steps;
use crate::context::Context;
use crate::output::{Answer, Fields, view};

/// Walks through what is left to do.
pub(super) fn walk(context: &mut Context<'_>, mut steps: Steps) -> Result<Answer, Failure> {
    steps.show(context)?;
    if steps.graduation().flag("destroyed") {
        return Ok(steps.into_answer());
    }
    context.explain(&steps.data, view::graduate::walk_begins)?;
    let may_write = steps.graduation().flag("may_write");
    if may_write
        && agrees(
            context,
            "Write your own words about the end in your editor?",
        )?
    {
        steps.write_words(context)?;
    }
    if may_write {
        certify_others(context, &mut steps)?;
    }
    let is_open = !steps.graduation().flag("frozen");
    if may_write && is_open {
        context.explain(&steps.data, view::graduate::before_closing)?;
        if agrees(context, "Close this notebook?")? {
            let was_yes = std::mem::replace(&mut context.yes, true);
            let closed = steps.close(context);
            context.yes = was_yes;
            closed?;
        }
    }
    context.explain(&steps.data, view::graduate::walk_ends)?;
    Ok(steps.into_answer())
}

/// Offers a certificate for each of the others who has none of this person's yet.
fn certify_others(context: &mut Context<'_>, steps: &mut Steps) -> Result<(), Failure> {
    let graduation = steps.graduation();
    let me = graduation.text("me").to_owned();
    let has_one = |person: &str| {
        graduation
            .list("certificates")
            .iter()
            .any(|one| one.at("by").text("person") == me && one.at("of").text("person") == person)
    };
    let others: Vec<(String, String)> = graduation
        .list("writers")
        .iter()
        .filter(|one| one.text("person") != me && !has_one(one.text("person")))
        .map(|one| (one.text("person").to_owned(), one.called("name").to_owned()))
        .collect();
    for (person, name) in others {
        let question = format!("Sign a certificate of what {name} achieved?");
        if !agrees(context, &question)? {
            continue;
        }
        let words = match agrees(context, "With words of your own in it, from your editor?")? {
            true => context.long_text(None, "certificate")?,
            false => String::new(),
        };
        match steps.certify(context, person, words) {
            Err(failure) if failure.code == "declined" => {}
            result => result?,
        }
    }
    Ok(())
}

/// Asks; a no is an answer.
fn agrees(context: &Context<'_>, question: &str) -> Result<bool, Failure> {
    match context.confirm(question) {
        Ok(()) => Ok(true),
        Err(failure) if failure.code == "declined" => Ok(false),
        Err(failure) => Err(failure),
    }
}
