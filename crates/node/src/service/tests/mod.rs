//! Requests end to end, on homes in temporary folders: what each answers, and how each fails.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agreement;
mod checking;
mod content;
mod files;
mod fixture;
mod graduate;
mod live;
mod membership;
mod moving;
mod notebooks;
mod overview;
mod people;
mod relationship;
mod safety;
mod sealed;
