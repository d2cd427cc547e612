//! Simulated network, clock and disk, adversaries and vectors for Hearthside's tests.

pub mod adversary;
