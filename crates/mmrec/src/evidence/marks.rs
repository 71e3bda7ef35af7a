//! Brackets and quotation marks that come in pairs.

use super::Share;

const PAIRS: [(char, char); 6] = [('(', ')'), ('[', ']'), ('{', '}'), ('“', '”'), ('«', '»'), ('„', '“')];

/// The share of pairs that are whole, among those begun and those ended without a beginning. A straight double quote begins one
/// where none is open, and a pair that is still open at the end of a paragraph stays without its partner. Single quotes are left
/// out: apostrophes look the same.
pub(super) fn paired(text: &str) -> Share {
    text.split("\n\n").map(paired_within).fold(Share::default(), |sum, share| sum + share)
}

fn paired_within(paragraph: &str) -> Share {
    let mut share = Share::default();
    let mut expected = Vec::new();
    for c in paragraph.chars() {
        if expected.last() == Some(&c) {
            expected.pop();
            share.hits += 1;
        } else if let Some(end) = opened_by(c) {
            expected.push(end);
            share.total += 1;
        } else if PAIRS.iter().any(|&(_, end)| end == c) {
            share.total += 1;
        }
    }
    share
}

/// The mark that ends what this one begins.
fn opened_by(c: char) -> Option<char> {
    if c == '"' { Some(c) } else { PAIRS.iter().find(|&&(start, _)| start == c).map(|&(_, end)| end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_close_in_order() {
        let found = |text| {
            let Share { hits, total } = paired(text);
            (hits, total)
        };
        assert_eq!(found("(a [b] {c}) \"d\" “e” „f“ «g»"), (7, 7));
        assert_eq!(found("(a [b) c]"), (1, 3));
        assert_eq!(found("\"one\" \"two"), (1, 2));
        assert_eq!(found("\"one\n\ntwo\""), (0, 2));
        assert_eq!(found(") it's"), (0, 1));
        assert_eq!(found("no pairs"), (0, 0));
    }
}
