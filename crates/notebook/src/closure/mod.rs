//! The end of a mentoring relationship: what each says when it ends, the frozen archive, the certificates that
//! one signs for another, and what devices said of destroying their keys.
//!
//! A closing is a map in the index under `closing/ID`: `answer_TOPIC/PERSON` holds what a person says about a topic,
//! `closed` is true once somebody closed the notebook with it, `reopen/PERSON` once that person wants to go on, which
//! nobody else can say. The notebook is closed while a closing with `closed` stands, which it does until everybody who writes has
//! said that; the first program that sees it sets `reopened`, so that whoever comes later closes nothing again. Nothing is written
//! meanwhile but closings, certificates and receipts, and the addresses of devices. The phase says what it says. Every program refuses the rest; nobody can keep somebody else's from writing, so
//! what came from one that did not know, or did not care, shows in the history like everything else.
//!
//! Certificates (`certificate/ID`) and receipts (`receipt/ID`) hold a signed statement as a text, which the node
//! makes and checks; here it is words.

mod edit;
mod facts;
mod form;
mod text;
mod topic;
mod view;

#[cfg(test)]
mod tests;

pub use edit::{
    Answer, Reopening, add_certificate, add_receipt, answer, close, go_on, is_closed, is_marked,
    refuse_if_closed, reopen, reopen_if_wanted,
};
pub use facts::{Facts, GoalFact, Measured, SkillFact, facts};
pub use form::{FormError, form, parse_form};
pub use text::{CertificateFacts, certificate_text};
pub use view::{
    AnswerView, Closed, ClosureView, StatementView, TopicView, certificates, receipts, show,
};

/// The field of a closing that says that the notebook was closed with it.
const CLOSED: &str = "closed";
/// The field of a closing that says that the notebook was opened again after it.
const REOPENED: &str = "reopened";
/// The word before each person who wants to open it again.
const REOPEN: &str = "reopen";
/// The field of a certificate or receipt that holds the signed statement.
const STATEMENT: &str = "statement";
/// The field of a certificate that says for whom it is.
const OF: &str = "of";
