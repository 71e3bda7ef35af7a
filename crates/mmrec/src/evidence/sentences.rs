//! Sentences that begin as sentences do.

use super::Share;

/// The share of sentences that begin with a capital letter, among those whose beginning and end are both in the text and whose
/// first letter has two cases.
pub(super) fn capitalised(text: &str) -> Share {
    let mut sentences: Vec<&str> = text.split_inclusive(ends).collect();
    if !text.ends_with(ends) {
        sentences.pop();
    }
    // The first one may have begun before the text.
    let begun = sentences.iter().skip(1).filter_map(|sentence| sentence.chars().find(|c| c.is_alphabetic()));
    Share::of(begun.filter(|c| c.is_lowercase() || c.is_uppercase()).map(char::is_uppercase))
}

fn ends(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_sentences_are_judged() {
        assert_eq!(capitalised("cut. Good one! bad one? “Yes.” and cut"), Share { hits: 2, total: 3 });
        assert_eq!(capitalised("one. 你好. 1 2 3. end."), Share { hits: 0, total: 1 });
        assert_eq!(capitalised("no end"), Share::default());
        assert_eq!(capitalised("Wait... What? Yes."), Share { hits: 2, total: 2 });
    }
}
