//! Making a tokenizer for a text that comes in pieces.

use super::{BpeLearner, BpeLearning, CharCounter, Tokenizer, TokenizerError, TokenizerKind};

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

    /// Begins to make the tokenizer for what was seen.
    ///
    /// # Errors
    /// As [`CharCounter::finish`].
    pub fn finish(self) -> Result<Making, TokenizerError> {
        Ok(match self {
            Self::Byte => Making::Made(Tokenizer::Byte),
            Self::Char(counter) => Making::Made(Tokenizer::Char(counter.finish()?)),
            Self::Bpe(learner, vocab) => Making::Learning(Box::new(learner.learn(vocab))),
        })
    }
}

/// A tokenizer that is being made, which may take a while.
#[derive(Debug)]
pub enum Making {
    /// There it is.
    Made(Tokenizer),
    /// Merges are being learned.
    Learning(Box<BpeLearning>),
}

impl Making {
    /// Does some milliseconds of work; the share of it that is done by now, `None` at its end.
    pub fn advance(&mut self) -> Option<f64> {
        match self {
            Self::Made(_) => None,
            Self::Learning(learning) => learning.advance(),
        }
    }

    /// The tokenizer, once it is made.
    pub fn finish(self) -> Tokenizer {
        match self {
            Self::Made(tokenizer) => tokenizer,
            Self::Learning(learning) => Tokenizer::Bpe(learning.finish()),
        }
    }
}
