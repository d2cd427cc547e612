//! The local page: the notebook in a browser on the same machine.
//!
//! It is served on loopback by the process that is the node, and asks the engine what the commands ask, through the
//! same queue. It decides nothing of its own. It refuses whatever another site or another machine sends, loads
//! nothing from elsewhere, and turns what people wrote into nodes of a page, never into its source.
//!
//! A screen is one file in `screen`: what it asks, and what it shows. The table in `screen` has all addresses.

mod app;
mod assets;
mod data;
mod engine;
mod form;
mod guard;
mod limits;
mod live;
mod page;
mod reply;
mod screen;
mod serve;
mod sessions;
#[cfg(test)]
mod tests;
mod view;
mod visit;
mod when;
mod words;

pub use page::Page;
