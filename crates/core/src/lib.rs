//! The Hearthside protocol without input or output: keys, membership, logs, sync.
