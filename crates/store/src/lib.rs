//! The sealed store: everything a node keeps on its disk.
