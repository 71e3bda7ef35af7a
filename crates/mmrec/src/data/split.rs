//! Where the validation part begins.

use super::DataError;

/// The smallest validation fraction accepted.
pub const MIN_FRACTION: f64 = 0.001;
/// The largest validation fraction accepted.
pub const MAX_FRACTION: f64 = 0.5;

/// The validation fraction for a text of this many bytes: 20 % under 200 KB, where less would be too few tokens to judge by; 5 %
/// above 100 MB; 10 % between.
pub fn default_fraction(bytes: u64) -> f64 {
    match bytes {
        0..200_000 => 0.2,
        200_000..=100_000_000 => 0.1,
        _ => 0.05,
    }
}

/// How many of `characters` belong to the training part, the text's beginning; the rest, its tail, is for validation. Each part gets
/// at least one character where there are two.
pub(super) fn train_characters(characters: u64, bytes: u64, validation: Option<f64>) -> Result<u64, DataError> {
    let fraction = validation.unwrap_or_else(|| default_fraction(bytes));
    // Written so that NaN is refused too.
    if !(MIN_FRACTION..=MAX_FRACTION).contains(&fraction) {
        return Err(DataError::Fraction { value: fraction });
    }
    let wanted = (characters as f64 * fraction).round() as u64;
    Ok(characters - wanted.clamp(u64::from(characters > 1), characters.saturating_sub(1)))
}

/// Cuts a text after `characters` characters, or at its end where it has fewer.
pub(super) fn cut(text: &str, characters: u64) -> (&str, &str) {
    // A character has at least one byte: pieces that are wholly on one side need no walk.
    if characters >= text.len() as u64 {
        return (text, "");
    }
    let at = text.char_indices().nth(characters as usize).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fractions_by_size() {
        assert_eq!(default_fraction(199_999), 0.2);
        assert_eq!(default_fraction(200_000), 0.1);
        assert_eq!(default_fraction(100_000_000), 0.1);
        assert_eq!(default_fraction(100_000_001), 0.05);
    }

    #[test]
    fn fractions_out_of_range_are_refused() {
        for value in [0.0, -0.1, 0.51, f64::NAN, f64::INFINITY] {
            let error = train_characters(100, 100, Some(value)).unwrap_err().to_string();
            assert!(error.contains("outside 0.001 to 0.5"), "{error}");
        }
    }

    #[test]
    fn each_part_gets_a_character() {
        assert_eq!(train_characters(1, 1, None).unwrap(), 1);
        assert_eq!(train_characters(2, 2, Some(0.001)).unwrap(), 1);
        assert_eq!(train_characters(1000, 1000, None).unwrap(), 800);
    }

    proptest! {
        #[test]
        fn parts_never_overlap_and_cover(text in any::<String>(), fraction in MIN_FRACTION..=MAX_FRACTION) {
            let characters = text.chars().count() as u64;
            let train = train_characters(characters, text.len() as u64, Some(fraction)).unwrap();
            let (head, tail) = cut(&text, train);
            prop_assert_eq!(format!("{head}{tail}"), text.as_str());
            prop_assert_eq!(head.chars().count() as u64, train);
            if characters > 1 {
                prop_assert!(!head.is_empty() && !tail.is_empty());
            }
        }
    }
}
