//! Making a tokenizer for a text that comes in pieces.

use super::{BpeLearner, CharCounter, Tokenizer, TokenizerError, TokenizerKind};

/// Tokens of a byte pair encoding, unless another number is asked for.
pub const DEFAULT_VOCAB: usize = 2_048;

/// Sees a text once and makes the tokenizer for it.
#[derive(Debug, Clone)]
pub enum Maker {
    /// Bytes need not be seen.
    Byte,
    /// Collects characters.
    Char(CharCounter),
    /// Counts words, to learn so many tokens from them.
    Bpe(Box<BpeLearner>, usize),
}

impl Maker {
    /// One that has seen nothing. `vocab`: the most tokens of a byte pair encoding; others do not choose theirs.
    pub fn new(kind: TokenizerKind, vocab: usize) -> Self {
        match kind {
            TokenizerKind::Byte => Self::Byte,
            TokenizerKind::Char => Self::Char(CharCounter::new()),
            TokenizerKind::Bpe => Self::Bpe(Box::default(), vocab),
        }
    }

    /// Takes the next piece of the text.
    pub fn push(&mut self, piece: &str) {
        match self {
            Self::Byte => {}
            Self::Char(counter) => counter.push(piece),
            Self::Bpe(learner, _) => learner.push(piece),
        }
    }

    /// The tokenizer for what was seen. `progress` hears the share of the work that is done, where it takes a while.
    ///
    /// # Errors
    /// As [`CharCounter::finish`].
    pub fn finish(self, progress: impl FnMut(f64)) -> Result<Tokenizer, TokenizerError> {
        Ok(match self {
            Self::Byte => Tokenizer::Byte,
            Self::Char(counter) => Tokenizer::Char(counter.finish()?),
            Self::Bpe(learner, vocab) => Tokenizer::Bpe(learner.finish(vocab, progress)),
        })
    }
}
