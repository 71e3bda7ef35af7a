//! What a written text shows of what a model has learned, found by comparing it with the text that the model learned from.
//!
//! Everything is counted, nothing judged: the same counts of a piece of the person's own text that was held back from training
//! tell what they would be for perfect writing. Time and memory are linear in both texts.

mod copied;
mod marks;
mod sentences;
mod words;

pub use copied::PASSAGE;

use serde::Serialize;
use std::ops::Add;

/// The most characters of a written text that are looked at, its beginning.
pub const MAX_WRITTEN: usize = 10_000;
/// The most bytes of the training text that it is compared with, its beginning: a comparison takes
/// well under a second.
pub const MAX_COMPARED: usize = 8_000_000;

/// How many of something have a property.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Those that have it.
    pub hits: u64,
    /// All of them.
    pub total: u64,
}

/// What a written text shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Words that occur in the training text.
    pub words: Share,
    /// Words that follow each other in the training text too.
    pub pairs: Share,
    /// Brackets and quotation marks that have their partner, in the right order.
    pub marks: Share,
    /// Sentences that begin with a capital letter.
    pub sentences: Share,
    /// Characters within passages of at least [`PASSAGE`] characters that the training text has too.
    pub copied: Share,
    /// The longest passage that the training text has too; `None` where they have no character in common.
    pub longest: Option<Passage>,
    /// Whether the training text is longer than [`MAX_COMPARED`], so that only its beginning was compared.
    pub partial: bool,
}

/// A passage of the written text and where the training text has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// The passage.
    pub text: String,
    /// Its length in characters.
    pub characters: u64,
    /// Characters of the training text before it.
    pub start: u64,
}

/// Compares a written text with the one that its writer learned from.
pub fn evidence(written: &str, training: &str) -> Evidence {
    let written = written.char_indices().nth(MAX_WRITTEN).map_or(written, |(end, _)| &written[..end]);
    let compared = &training[..training.floor_char_boundary(MAX_COMPARED)];
    let (words, pairs) = words::known(written, compared);
    let (copied, longest) = copied::copied(written, compared, PASSAGE);
    Evidence {
        words,
        pairs,
        marks: marks::paired(written),
        sentences: sentences::capitalised(written),
        copied,
        longest,
        partial: compared.len() < training.len(),
    }
}

impl Share {
    fn of(flags: impl Iterator<Item = bool>) -> Self {
        flags.fold(Self::default(), |share, hit| share + Self { hits: hit.into(), total: 1 })
    }
}

impl Add for Share {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { hits: self.hits + other.hits, total: self.total + other.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAINING: &str = "The fox said: “Good morning, hen!” (It was noon.) The hen said nothing and went away.";

    #[test]
    fn a_text_compared_with_itself_is_copied_and_flawless() {
        let found = evidence(TRAINING, TRAINING);
        let all = TRAINING.chars().count() as u64;
        assert_eq!(found.words, Share { hits: 15, total: 15 });
        assert_eq!(found.pairs, Share { hits: 14, total: 14 });
        assert_eq!(found.marks, Share { hits: 2, total: 2 });
        assert_eq!(found.copied, Share { hits: all, total: all });
        assert_eq!(found.longest.unwrap().start, 0);
        assert!(!found.partial);
    }

    #[test]
    fn babble_shows_little() {
        let found = evidence("Qx fo( zzt. te hen qqqp” lm", TRAINING);
        assert_eq!(found.words, Share { hits: 1, total: 5 });
        assert_eq!(found.pairs.hits, 0);
        assert_eq!(found.marks, Share { hits: 0, total: 2 });
        assert_eq!(found.copied.hits, 0);
        assert_eq!(found.longest.unwrap().text, "e hen ");
    }

    #[test]
    fn nothing_written_or_nothing_learned_from() {
        for (written, training) in [("", TRAINING), (TRAINING, ""), ("", "")] {
            let found = evidence(written, training);
            assert_eq!((found.words.hits, found.copied.hits, found.longest), (0, 0, None));
        }
    }

    #[test]
    fn long_texts_are_looked_at_in_part() {
        let long = "Ä".repeat(MAX_COMPARED);
        let found = evidence(&long, &long);
        assert!(found.partial);
        assert_eq!(found.copied, Share { hits: MAX_WRITTEN as u64, total: MAX_WRITTEN as u64 });
    }
}
