//! Numbers from 1 to 5 that one person gives over time.

use serde::Serialize;

use crate::people::Named;

/// How one person sees something, then and now.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Figures {
    /// Who sees it so.
    pub by: Named,
    /// The first number.
    pub then: u32,
    /// The day of the first.
    pub since: Option<String>,
    /// The last number.
    pub now: u32,
    /// All of them, the earliest first.
    pub values: Vec<u32>,
}

impl Figures {
    /// Takes a number into the figures of whoever gave it; those come the earliest first.
    pub(crate) fn gather(all: &mut Vec<Self>, by: &Named, value: u32, at: Option<&str>) {
        if let Some(figures) = all.iter_mut().find(|one| one.by.person == by.person) {
            figures.now = value;
            figures.values.push(value);
            return;
        }
        all.push(Self {
            by: by.clone(),
            then: value,
            since: at.map(str::to_owned),
            now: value,
            values: vec![value],
        });
    }
}
