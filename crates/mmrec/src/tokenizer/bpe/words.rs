//! The words of a text, which merges do not cross: a run of letters, of digits or of other signs, with the space before it; and
//! runs of white space. The end of a document is a word by itself.

use crate::data::DOCUMENT_END;

/// Bytes of the longest word, and so of the longest token; longer runs are cut. Encoding a word takes the square of its length.
pub const LONGEST: usize = 64;
/// Digits of one word: numbers are read in groups, whatever their length.
const DIGITS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    White,
    Sign,
    /// Between two documents.
    End,
}

impl Class {
    /// Whether a space before it belongs to it.
    fn takes_space(self) -> bool {
        !matches!(self, Self::White | Self::End)
    }

    fn of(c: char) -> Self {
        // The commonest first; the others take a table.
        match c {
            'a'..='z' | 'A'..='Z' => Self::Letter,
            '0'..='9' => Self::Digit,
            DOCUMENT_END => Self::End,
            _ if c.is_whitespace() => Self::White,
            _ if c.is_numeric() => Self::Digit,
            _ if c.is_alphanumeric() => Self::Letter,
            _ => Self::Sign,
        }
    }
}

/// The words of a text, in their order; joined they are the text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (word, later) = rest.split_at(first(rest));
        rest = later;
        (!word.is_empty()).then_some(word)
    })
}

/// Hands the words of `text` that nothing after it can change, all but the last, to `take`, and leaves the rest in it.
pub fn take_complete(text: &mut String, mut take: impl FnMut(&str)) {
    let (mut taken, mut last) = (0, "");
    for word in words(text) {
        if !last.is_empty() {
            take(last);
        }
        taken += last.len();
        last = word;
    }
    text.drain(..taken);
}

/// The length of the first word.
fn first(text: &str) -> usize {
    let mut characters = text.char_indices().map(|(at, c)| (at, c, Class::of(c))).peekable();
    let Some((_, c, mut class)) = characters.next() else { return 0 };
    if c == ' '
        && let Some(&(_, _, next)) = characters.peek().filter(|(_, _, next)| next.takes_space())
    {
        class = next;
        characters.next();
    }
    let (mut count, mut last_space) = (1, None);
    for (at, c, next) in characters {
        if next != class
            || class == Class::End
            || at + c.len_utf8() > LONGEST
            || (class == Class::Digit && count == DIGITS)
        {
            // The space before a word is the word's.
            return last_space.filter(|_| next != class && next.takes_space()).unwrap_or(at);
        }
        count += 1;
        last_space = (c == ' ').then_some(at);
    }
    text.len()
}
