//! The order of files.

use std::cmp::Ordering;

/// Compares paths as people count: folder by folder, numbers by their value in whatever digits, letters whatever their case, so that
/// `chapter 2` comes before `Chapter 10`. Only the same path is equal: the order does not depend on the machine.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let by_folders = a.split('/').map(Part::all).cmp(b.split('/').map(Part::all));
    by_folders.then_with(|| a.cmp(b))
}

/// A piece of a name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Digits without zeros before them; more digits are a larger number.
    Number(usize, Vec<u32>),
    Other(char),
}

impl Part {
    /// All parts of a name.
    fn all(name: &str) -> Vec<Self> {
        let (mut parts, mut rest) = (Vec::new(), name.chars().peekable());
        while let Some(&c) = rest.peek() {
            if digit(c).is_none() {
                parts.extend(c.to_lowercase().map(Self::Other));
                rest.next();
                continue;
            }
            let digits = std::iter::from_fn(|| rest.next_if(|&c| digit(c).is_some())).filter_map(digit);
            let value: Vec<u32> = digits.skip_while(|&digit| digit == 0).collect();
            parts.push(Self::Number(value.len(), value));
        }
        parts
    }
}

/// The zeros that names are numbered with; the other nine digits follow each of them.
const ZEROS: [char; 18] = [
    '0', '\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}', '\u{C66}', '\u{CE6}',
    '\u{D66}', '\u{E50}', '\u{ED0}', '\u{F20}', '\u{1040}', '\u{17E0}', '\u{FF10}',
];

/// The value of a decimal digit.
fn digit(c: char) -> Option<u32> {
    let value = |&zero: &char| u32::from(c).checked_sub(u32::from(zero)).filter(|&value| value < 10);
    ZEROS.iter().find_map(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_by_their_value() {
        let ordered = [
            "a/chapter 2/9.txt",
            "a/chapter 2/10.txt",
            "a/Chapter 10/1.txt",
            "a b.txt",
            "book-1.txt",
            "book-02.txt",
            "book-2.txt",
            "book-2b.txt",
            "book-18446744073709551616.txt",
            "book-28446744073709551616.txt",
            "Ä.txt",
            "第2章",
            "第３章",
            "第10章",
            "第１１章",
            "第१२章",
            "第١٣章",
        ];
        let mut sorted = ordered;
        sorted.sort();
        assert_ne!(sorted, ordered);
        sorted.sort_by(|a, b| natural_order(a, b));
        assert_eq!(sorted, ordered);
    }

    proptest! {
        #[test]
        fn it_is_an_order(names in prop::collection::vec("[aAb0-2１٢/. ]{0,6}", 3)) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(natural_order(a, b), natural_order(b, a).reverse());
            prop_assert_eq!(natural_order(a, b) == Ordering::Equal, a == b);
            if natural_order(a, b) != Ordering::Greater && natural_order(b, c) != Ordering::Greater {
                prop_assert_ne!(natural_order(a, c), Ordering::Greater);
            }
        }
    }
}
