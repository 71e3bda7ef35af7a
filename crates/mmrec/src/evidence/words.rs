//! Words that the training text has, and pairs of words that follow each other there.

use super::Share;
use std::collections::{HashMap, HashSet};

/// Shares of the written words, and of the written pairs of neighbouring words, that occur in the training text, in whatever
/// case. A word that touches an end of the written text may be cut, and does not count.
pub(super) fn known(written: &str, training: &str) -> (Share, Share) {
    let mut numbers = HashMap::new();
    let written: Vec<usize> = whole_words(written)
        .map(|word| {
            let next = numbers.len();
            *numbers.entry(word.to_lowercase()).or_insert(next)
        })
        .collect();
    let (seen, together) = look_through(training, &numbers);
    let pairs = written.windows(2).map(|pair| together.contains(&(pair[0], pair[1])));
    (Share::of(written.iter().map(|&word| seen[word])), Share::of(pairs))
}

/// Which of the numbered words a text has, and which pairs of them.
fn look_through(text: &str, numbers: &HashMap<String, usize>) -> (Vec<bool>, HashSet<(usize, usize)>) {
    let mut seen = vec![false; numbers.len()];
    let mut together = HashSet::new();
    let (mut before, mut lower) = (None, String::new());
    for word in words(text) {
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        let number = numbers.get(&lower).copied();
        if let Some(number) = number {
            seen[number] = true;
            together.extend(before.map(|before| (before, number)));
        }
        before = number;
    }
    (seen, together)
}

/// The words of a text that do not touch its ends.
fn whole_words(text: &str) -> impl Iterator<Item = &str> {
    let start = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let end = text.rfind(|c| !is_part(c)).unwrap_or(start);
    words(&text[start..end.max(start)])
}

/// Letters and digits in a row, with apostrophes inside, at least one letter among them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_part(c))
        .map(|word| word.trim_matches(APOSTROPHES))
        .filter(|word| word.contains(char::is_alphabetic))
}

const APOSTROPHES: [char; 2] = ['\'', '’'];

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || APOSTROPHES.contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_letters() {
        let found: Vec<&str> = words("Don't 'quote' 12 B12—Çiçek, ’tis…").collect();
        assert_eq!(found, ["Don't", "quote", "B12", "Çiçek", "tis"]);
    }

    #[test]
    fn a_cut_word_does_not_count() {
        let found = |text| whole_words(text).collect::<Vec<_>>();
        assert_eq!(found("ce upon a ti"), ["upon", "a"]);
        assert_eq!(found(" upon a "), ["upon", "a"]);
        assert!(found("upon").is_empty() && found("").is_empty() && found(" ").is_empty());
    }

    #[test]
    fn words_and_pairs_in_whatever_case() {
        let (words, pairs) = known(" THE red fox ran. The fox sat ", "The fox. A red house; the red");
        assert_eq!(words, Share { hits: 5, total: 7 });
        assert_eq!(pairs, Share { hits: 2, total: 6 });
    }
}
