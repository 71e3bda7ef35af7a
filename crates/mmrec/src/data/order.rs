//! The order of files.

use std::cmp::Ordering;

/// Compares paths as people count: folder by folder, numbers by their value, letters whatever their case, so that `chapter 2` comes
/// before `Chapter 10`. Only the same path is equal: the order does not depend on the machine.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let by_folders = a.split('/').map(Part::all).cmp(b.split('/').map(Part::all));
    by_folders.then_with(|| a.cmp(b))
}

/// A piece of a name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// Digits without zeros before them; more digits are a larger number.
    Number(usize, &'a str),
    Other(char),
}

impl<'a> Part<'a> {
    /// All parts of a name.
    fn all(name: &'a str) -> Vec<Self> {
        let (mut parts, mut rest) = (Vec::new(), name);
        while let Some(c) = rest.chars().next() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (part, later) = rest.split_at(if digits > 0 { digits } else { c.len_utf8() });
            if digits > 0 {
                let value = part.trim_start_matches('0');
                parts.push(Self::Number(value.len(), value));
            } else {
                parts.extend(c.to_lowercase().map(Self::Other));
            }
            rest = later;
        }
        parts
    }
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
            "第10章",
        ];
        let mut sorted = ordered;
        sorted.sort();
        assert_ne!(sorted, ordered);
        sorted.sort_by(|a, b| natural_order(a, b));
        assert_eq!(sorted, ordered);
    }

    proptest! {
        #[test]
        fn it_is_an_order(names in prop::collection::vec("[aAb0-2/. ]{0,6}", 3)) {
            let [a, b, c] = [&names[0], &names[1], &names[2]];
            prop_assert_eq!(natural_order(a, b), natural_order(b, a).reverse());
            prop_assert_eq!(natural_order(a, b) == Ordering::Equal, a == b);
            if natural_order(a, b) != Ordering::Greater && natural_order(b, c) != Ordering::Greater {
                prop_assert_ne!(natural_order(a, c), Ordering::Greater);
            }
        }
    }
}
