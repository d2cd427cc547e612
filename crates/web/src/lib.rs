//! The local page: the notebook in a browser on the same machine.
//!
//! It is served on loopback by the process that is the node, and asks the engine what the commands ask, through the
//! same queue. It decides nothing of its own. It refuses whatever another site or another machine sends, loads
//! nothing from elsewhere, and turns what people wrote into nodes of a page, never into its source.
//!
//! A screen is one file in `screen`: what it asks, and what it shows. The table in `screen` has all addresses.

mod app;
mod arriving;
mod assets;
mod data;
mod engine;
mod feed;
mod form;
mod guard;
mod limits;
mod listener;
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
mod windows;
mod words;

pub use page::Page;

/// Returns the addresses of all screens, for whoever wants to look at each; parts in braces are open.
pub fn screens() -> impl Iterator<Item = &'static str> {
    let shown = screen::ROUTES
        .iter()
        .filter(|route| !route.writes && !route.is_data && route.access != screen::Access::Launch);
    // A file that is kept is read like a screen, so that what fails is shown on one, and is none.
    shown
        .map(|route| route.path)
        .filter(|path| !path.ends_with("/file"))
}
