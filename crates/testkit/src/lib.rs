//! Tries Hearthside: simulated network, clock and disk, adversaries and vectors.
//!
//! The protocol has no input and output of its own, so a whole group of devices runs in one thread,
//! thousands of times over, and every run follows from its seed alone.

pub mod adversary;
pub mod clock;
pub mod dice;
pub mod disk;
pub mod group;
pub mod network;
pub mod people;
pub mod script;
pub mod seeds;
pub mod vectors;
pub mod world;
