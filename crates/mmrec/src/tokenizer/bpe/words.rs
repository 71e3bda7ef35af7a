//! The words of a text, which merges do not cross: a run of letters, of digits or of other signs, with the space before it; and
//! runs of white space. The end of a document is a word by itself.

use serde::{Deserialize, Serialize};

use super::marks::joins;
use crate::tokenizer::DOCUMENT_END;

/// Bytes of the longest word, and so of the longest token; longer runs are cut. Encoding a word takes the square of its length.
pub const LONGEST: usize = 64;
/// Digits of one word: numbers are read in groups, whatever their length.
const DIGITS: usize = 3;

/// How a text is cut into words. A tokenizer keeps the way that it was learned with: cut otherwise, a text would have other tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// A combining mark that is no letter by itself ends a word: the way of the first tokenizers. In most texts there is none, and
    /// both ways are the same.
    #[default]
    Letters,
    /// A combining mark belongs to what it follows.
    Marks,
}

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

impl Cut {
    /// The words of a text, in their order; joined they are the text.
    pub fn words(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let (word, later) = rest.split_at(self.first(rest));
            rest = later;
            (!word.is_empty()).then_some(word)
        })
    }

    /// Hands the words of `text` that nothing after it can change, all but the last, to `take`, and leaves the rest in it.
    pub fn take_complete(self, text: &mut String, mut take: impl FnMut(&str)) {
        let (mut taken, mut last) = (0, "");
        for word in self.words(text) {
            if !last.is_empty() {
                take(last);
            }
            taken += last.len();
            last = word;
        }
        text.drain(..taken);
    }

    /// The class of a character that follows one of class `before` in its word.
    fn class(self, c: char, before: Class) -> Class {
        match self {
            Self::Marks if joins(c) && before.takes_space() => before,
            Self::Marks if joins(c) => Class::Letter,
            _ => Class::of(c),
        }
    }

    /// The length of the first word.
    fn first(self, text: &str) -> usize {
        let mut characters = text.char_indices().peekable();
        let Some((_, c)) = characters.next() else { return 0 };
        let mut class = self.class(c, Class::White);
        if c == ' '
            && let Some(&(_, next)) = characters.peek().filter(|(_, next)| self.class(*next, class).takes_space())
        {
            class = self.class(next, class);
            characters.next();
        }
        let (mut count, mut last_space) = (1, None);
        for (at, c) in characters {
            let next = self.class(c, class);
            let follows = self == Self::Marks && joins(c);
            let number_ends = class == Class::Digit && count == DIGITS && !follows;
            if next != class || class == Class::End || at + c.len_utf8() > LONGEST || number_ends {
                // The space before a word is the word's.
                return last_space.filter(|_| next != class && next.takes_space()).unwrap_or(at);
            }
            count += usize::from(!follows);
            last_space = (c == ' ').then_some(at);
        }
        text.len()
    }
}

/// Whether both ways would take all of a word for the same kinds of characters.
pub fn reads_alike(word: &str) -> bool {
    let mut before = Class::White;
    word.is_ascii()
        || word.chars().all(|c| {
            before = Cut::Marks.class(c, before);
            before == Class::of(c)
        })
}
