//! Sizes as people read them.

use crate::core::language::{Language, say};

/// In the unit that a person would choose, rounded up: `312 bytes`, `24 KB`, `1.5 MB`.
pub fn in_words(language: Language, octets: u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = KB * KB;
    match octets {
        0..KB => say!(language, "size-bytes", count = octets),
        KB..MB => say!(language, "size-kilobytes", count = octets.div_ceil(KB)),
        _ => {
            let tenths = octets.saturating_mul(10).div_ceil(MB);
            match (tenths / 10, tenths % 10) {
                (whole, 0) => say!(language, "size-megabytes", count = whole),
                (whole, tenths) => say!(
                    language,
                    "size-megabytes-tenths",
                    count = whole,
                    tenths = tenths
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_the_unit_that_a_person_would_choose() {
        let german = Language::of_tag("de").unwrap();
        for (octets, english, in_german) in [
            (0, "0 bytes", "0 Byte"),
            (1023, "1023 bytes", "1023 Byte"),
            (2049, "3 KB", "3 KB"),
            (1_572_864, "1.5 MB", "1,5 MB"),
            (20 * 1024 * 1024, "20 MB", "20 MB"),
            (u64::MAX, "1759218604441.6 MB", "1759218604441,6 MB"),
        ] {
            assert_eq!(in_words(Language::ENGLISH, octets), english);
            assert_eq!(in_words(german, octets), in_german);
        }
    }
}
