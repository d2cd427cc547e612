//! Sealed exchanges: everybody named commits to a text first, and shows it when all have.
//!
//! An exchange is a map in the index under `exchange/ID`, with `kind`, `title` and `participant/PERSON`. What
//! counts of it is how the change that made it left it. Within it `commitment/ID` holds a salted hash in
//! `digest`, and `opening/ID` the `commitment` that it opens, its `salt`, and the text in `words`. Until
//! all have committed a text stands in its author's journal only.
//!
//! Nobody can open early or choose their text after another's, and no field is believed about it:
//! - whose a commitment or an opening is says the actor of the operation that made it, and it is read as
//!   that operation's change left it;
//! - an opening counts only if the change that made it builds on a commitment of every participant;
//! - it must match a commitment of the same person, and the one that others opened theirs against.
//!
//! What remains: whoever opens last can leave it, and has read the others by then.

mod edit;
mod judge;
mod view;

pub use edit::{NewExchange, commit, draft, open, start, withdraw, withdraw_commitment};
pub use view::{
    ExchangeState, ExchangeView, NextStep, Participant, Refusal, digest_of, list, ready_to_commit,
    ready_to_open, show, withdrawable,
};

#[cfg(test)]
mod tests;
