//! A checksum against broken disks, not against people: FNV-1a.

/// The checksum of a record, as SQLite keeps numbers.
pub(crate) fn of(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_the_published_function() {
        assert_eq!(super::of("").cast_unsigned(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::of("foobar").cast_unsigned(), 0x8594_4171_f739_67e8);
    }
}
