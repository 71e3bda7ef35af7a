//! Byte pair encoding with ordered merges: the bytes are the first 256 tokens, and every further token joins two before it.
//!
//! The merges are learned greedily from the text, so the tokenizer of a smaller vocabulary is the beginning of that of a larger one,
//! and the byte tokenizer is the beginning of every one: a model can grow into more tokens. Nothing is joined across words.
//!
//! Our own, because the well-known library is larger than the whole page that this runs in.

mod learn;
mod marks;
mod words;

pub use learn::{BpeLearner, BpeLearning};
pub(crate) use marks::joins;
pub use words::Cut;
pub(super) use words::LONGEST;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::TokenizerError;

/// Tokens before the first merge: the bytes.
pub const BYTES: usize = 256;
/// The most tokens, as ids are `u16`.
pub const MAX_TOKENS: usize = 65_536;

/// A pair of tokens that is joined.
type Pair = [u16; 2];

/// A byte pair encoding. A clone shares it.
///
/// Invariant: a merge joins tokens before it, no pair twice, to at most 64 bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct BpeTokenizer(Arc<Table>);

#[derive(PartialEq, Eq)]
struct Table {
    merges: Vec<Pair>,
    cut: Cut,
    /// The token that a pair is joined to.
    joined: HashMap<Pair, u16>,
    /// The bytes of every token.
    bytes: Vec<Vec<u8>>,
}

/// The stored form, not yet checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    merges: Vec<Pair>,
    /// Tokenizers of earlier versions do not say it.
    #[serde(default, skip_serializing_if = "is_first")]
    cut: Cut,
}

fn is_first(cut: &Cut) -> bool {
    *cut == Cut::default()
}

impl BpeTokenizer {
    /// A tokenizer with these merges, the first of which makes token 256, for words that are cut this way.
    ///
    /// # Errors
    /// [`TokenizerError::Merge`] for the first merge that joins a token after it, repeats another or grows too long, and for one too
    /// many.
    pub fn new(merges: Vec<Pair>, cut: Cut) -> Result<Self, TokenizerError> {
        let mut bytes: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        let mut joined = HashMap::with_capacity(merges.len());
        for (position, pair) in merges.iter().enumerate() {
            let refuse = |reason| Err(TokenizerError::Merge { position, reason });
            let [Some(left), Some(right)] = pair.map(|id| bytes.get(usize::from(id))) else {
                return refuse("it joins a token that comes later");
            };
            let whole = [left.as_slice(), right].concat();
            let Ok(id) = u16::try_from(bytes.len()) else { return refuse("there are more than 65536 tokens") };
            if whole.len() > LONGEST {
                return refuse("its token is too long");
            }
            if joined.insert(*pair, id).is_some() {
                return refuse("the same pair is joined before");
            }
            bytes.push(whole);
        }
        Ok(Self(Arc::new(Table { merges, cut, joined, bytes })))
    }

    /// Number of tokens.
    pub fn vocab(&self) -> usize {
        self.0.bytes.len()
    }

    /// The merges in their order.
    pub fn merges(&self) -> &[Pair] {
        &self.0.merges
    }

    /// How it cuts a text into words.
    pub fn cut(&self) -> Cut {
        self.0.cut
    }

    /// The bytes of a token; `None` outside the vocabulary.
    pub fn bytes(&self, id: u16) -> Option<&[u8]> {
        self.0.bytes.get(usize::from(id)).map(Vec::as_slice)
    }

    /// The two tokens that a token joins; `None` for bytes.
    pub fn parts(&self, id: u16) -> Option<Pair> {
        self.0.merges.get(usize::from(id).checked_sub(BYTES)?).copied()
    }

    /// Appends the tokens of one word to `ids`: its bytes, with the earliest merge that applies done first, again and again.
    pub(super) fn encode_word(&self, word: &str, ids: &mut Vec<u16>) {
        let start = ids.len();
        ids.extend(word.bytes().map(u16::from));
        loop {
            let pairs = ids[start..].windows(2).filter_map(|pair| self.0.joined.get(&[pair[0], pair[1]]));
            let Some(&id) = pairs.min() else { return };
            let pair = self.0.merges[usize::from(id) - BYTES];
            let length = join(&mut ids[start..], pair, id);
            ids.truncate(start + length);
        }
    }
}

/// Replaces every `pair` by `id`, from left to right; returns the new length.
fn join(ids: &mut [u16], pair: Pair, id: u16) -> usize {
    let (mut read, mut written) = (0, 0);
    while read < ids.len() {
        let is_pair = ids[read..].starts_with(&pair);
        ids[written] = if is_pair { id } else { ids[read] };
        read += if is_pair { 2 } else { 1 };
        written += 1;
    }
    written
}

impl fmt::Debug for BpeTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BpeTokenizer({} tokens)", self.vocab())
    }
}

impl From<BpeTokenizer> for Stored {
    fn from(tokenizer: BpeTokenizer) -> Self {
        Self { merges: tokenizer.0.merges.clone(), cut: tokenizer.0.cut }
    }
}

impl TryFrom<Stored> for BpeTokenizer {
    type Error = TokenizerError;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::new(stored.merges, stored.cut)
    }
}

#[cfg(test)]
mod tests;
