//! The parts that screens are made of. Whatever a person wrote passes through `maud`, which escapes it.

pub(crate) mod chart;
pub(crate) mod form;
pub(crate) mod icon;
pub(crate) mod markdown;
pub(crate) mod part;
pub(crate) mod people;
pub(crate) mod shell;
pub(crate) mod standing;
pub(crate) mod told;
pub(crate) mod warned;
