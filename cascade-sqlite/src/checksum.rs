//! The checksum of stored text: FNV-1a, which detects disk faults. It does not protect against deliberate changes.

/// The checksum as SQLite's signed integer.
pub(crate) fn of(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    #[test]
    fn matches_published_test_vectors() {
        assert_eq!(super::of("").cast_unsigned(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::of("foobar").cast_unsigned(), 0x8594_4171_f739_67e8);
    }
}
