//! What several tests of this crate try.

/// Tries that of a record, whose first byte is its version, nothing is read that is cut short, of a newer version, or longer.
pub(crate) fn nothing_else_is_read(record: &[u8], is_read: impl Fn(&[u8]) -> bool) {
    assert!(is_read(record));
    for cut in 0..record.len() {
        assert!(!is_read(&record[..cut]), "{cut}");
    }
    let mut newer = record.to_vec();
    newer[0] += 1;
    assert!(!is_read(&newer));
    assert!(!is_read(&[record, &[0]].concat()));
}
