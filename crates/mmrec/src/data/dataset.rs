//! A text that is ready to train on.

use super::fingerprint::Fingerprint;
use super::index::PreparedIndex;
use super::shard::Shard;
use super::split::{cut, train_characters};
use super::{DataError, Tokens, text};
use crate::tokenizer::{DEFAULT_VOCAB, Maker, Tokenizer, TokenizerKind};

/// Bytes of a text after which is said how far the work is.
const PIECE: usize = 1 << 18;
/// Shares of the work that are done when the text was read once, and when a byte pair encoding was learned from it.
const SEEN: f64 = 0.25;
const LEARNED: f64 = 0.5;

/// How a text in memory becomes tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatasetOptions {
    /// The kind of tokenizer to make for it.
    pub tokenizer: TokenizerKind,
    /// The most tokens of a byte pair encoding; others do not choose theirs.
    pub vocab: usize,
    /// The fraction of the characters to hold back, by default [`super::default_fraction`].
    pub validation: Option<f64>,
}

/// A tokenized text with its training and validation parts, which never overlap.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The tokenizer that made the tokens.
    pub tokenizer: Tokenizer,
    /// The training part: the text's beginning.
    pub train: Tokens,
    /// The validation part: the text's tail.
    pub validation: Tokens,
    /// Characters in the validation part; with its tokens they turn nats per token into bits per character.
    pub validation_chars: u64,
    /// SHA-256 (hex) of the tokenizer, both parts' lengths and all tokens: tells whether a checkpoint belongs to this text.
    pub fingerprint: String,
    /// What ended a document within a file when the text was prepared; nothing did where it is empty.
    pub separator: String,
    /// What to call the text.
    pub name: String,
}

impl Dataset {
    /// Tokenizes a normalised text in memory. `validation` is the fraction of the characters to hold back, by default
    /// [`super::default_fraction`].
    ///
    /// # Errors
    /// As [`make`](Self::make).
    pub fn from_text(name: &str, text: &str, kind: TokenizerKind, validation: Option<f64>) -> Result<Self, DataError> {
        Self::make(name, text, &DatasetOptions { tokenizer: kind, vocab: DEFAULT_VOCAB, validation }, |_| ())
    }

    /// Tokenizes a normalised text in memory with a tokenizer made for it. `progress` hears the share of the work that is done.
    ///
    /// # Errors
    /// An empty text, a fraction out of range, or more distinct characters than a char tokenizer holds.
    pub fn make(
        name: &str,
        text: &str,
        options: &DatasetOptions,
        mut progress: impl FnMut(f64),
    ) -> Result<Self, DataError> {
        text::refuse_empty(text, name)?;
        let mut maker = Maker::new(options.tokenizer, options.vocab);
        let mut seen = 0;
        for piece in pieces(text) {
            maker.push(piece);
            seen += piece.len();
            progress(SEEN * seen as f64 / text.len() as f64);
        }
        let mut making = maker.finish()?;
        while let Some(share) = making.advance() {
            progress(SEEN + (LEARNED - SEEN) * share);
        }
        Self::tokenized(name, text, making.finish(), options.validation, |share| {
            progress(LEARNED + (1.0 - LEARNED) * share)
        })
    }

    /// As [`from_text`](Self::from_text), with a tokenizer that there is already. Characters unknown to it become its unknown
    /// token.
    ///
    /// # Errors
    /// An empty text, or a fraction out of range.
    pub fn with_tokenizer(
        name: &str,
        text: &str,
        tokenizer: Tokenizer,
        validation: Option<f64>,
    ) -> Result<Self, DataError> {
        Self::tokenized(name, text, tokenizer, validation, |_| ())
    }

    fn tokenized(
        name: &str,
        text: &str,
        tokenizer: Tokenizer,
        validation: Option<f64>,
        mut progress: impl FnMut(f64),
    ) -> Result<Self, DataError> {
        text::refuse_empty(text, name)?;
        let characters = text.chars().count() as u64;
        let train_chars = train_characters(characters, text.len() as u64, validation)?;
        let (train, tail) = cut(text, train_chars);
        let mut done = 0;
        let mut report = |bytes| {
            done += bytes;
            progress(done as f64 / text.len() as f64);
        };
        let (train, held_back) = (encode(&tokenizer, train, &mut report), encode(&tokenizer, tail, &mut report));
        let mut fingerprint = Fingerprint::new(&tokenizer);
        fingerprint.push_ids(&train);
        fingerprint.push_ids(&held_back);
        Ok(Self {
            fingerprint: fingerprint.finish(train.len() as u64, held_back.len() as u64),
            tokenizer,
            train: Tokens::from_vec(train),
            validation: Tokens::from_vec(held_back),
            validation_chars: characters - train_chars,
            separator: String::new(),
            name: name.to_owned(),
        })
    }

    /// Opens prepared data: the index and its shards, in the index's order. Checks the shards' number and sizes; their content is
    /// checked by [`super::verify`], which reads all of it.
    ///
    /// # Errors
    /// An inconsistent index, or shards that do not match it.
    pub fn open(index: PreparedIndex, shards: Vec<Box<dyn Shard>>) -> Result<Self, DataError> {
        index.validate()?;
        index.check_sizes(&shards)?;
        let vocab = index.tokenizer.vocab();
        let mut train = shards;
        let validation = train.split_off(index.train_shards());
        Ok(Self {
            train: Tokens::from_shards(train)?.with_vocab(vocab),
            validation: Tokens::from_shards(validation)?.with_vocab(vocab),
            validation_chars: index.val_chars,
            fingerprint: index.fingerprint,
            separator: index.separator,
            name: index.name,
            tokenizer: index.tokenizer,
        })
    }

    /// Checks that no shard was changed since it was opened.
    ///
    /// # Errors
    /// As [`Tokens::check_unchanged`].
    pub fn check_unchanged(&self) -> Result<(), DataError> {
        self.train.check_unchanged()?;
        self.validation.check_unchanged()
    }

    /// The longest context that both parts hold a sequence of, with the target after it; 0 where there is none.
    pub fn longest_context(&self) -> u64 {
        self.train.len().min(self.validation.len()).saturating_sub(1)
    }

    /// Checks that both parts hold at least one sequence of `context` tokens and the target after it.
    ///
    /// # Errors
    /// [`DataError::TooShort`], which says what there is and what is needed.
    pub fn check(&self, context: usize, batch: usize) -> Result<(), DataError> {
        let needed = context as u64 + 1;
        for (part, tokens) in [("training", self.train.len()), ("validation", self.validation.len())] {
            if tokens < needed {
                return Err(DataError::TooShort { part, tokens, needed, batch, context });
            }
        }
        Ok(())
    }
}

/// The ids of a text; `report` hears of every piece how many bytes it has.
fn encode(tokenizer: &Tokenizer, text: &str, mut report: impl FnMut(usize)) -> Vec<u16> {
    let (mut ids, mut encoder) = (Vec::new(), tokenizer.encoder());
    for piece in pieces(text) {
        encoder.push(piece, &mut ids);
        report(piece.len());
    }
    encoder.finish(&mut ids);
    ids
}

/// A text in pieces of at most [`PIECE`] bytes.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, later) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = later;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(tokens: &Tokens) -> Vec<u16> {
        let mut ids = vec![0; tokens.len() as usize];
        tokens.read(0, &mut ids).unwrap();
        ids
    }

    #[test]
    fn too_short_says_what_is_needed() {
        let data = Dataset::from_text("x", &"abcd".repeat(98), TokenizerKind::Byte, None).unwrap();
        let error = data.check(512, 8).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "too short: 314 tokens in the training part; one batch of 8 × 512 needs at least 513 there"
            )
        );
        assert!(data.check(128, 8).unwrap_err().to_string().contains("78 tokens in the validation part"));
        assert!(data.check(77, 8).is_ok());
        assert_eq!(data.longest_context(), 77);
        assert!(data.check(usize::MAX - 1, 8).is_err());
        let letter = Dataset::from_text("x", "a", TokenizerKind::Byte, None).unwrap();
        assert!(letter.check(1, 1).unwrap_err().to_string().starts_with("too short: 1 token in the training part;"));
    }

    #[test]
    fn the_fingerprint_tells_texts_apart() {
        let print = |text, kind, fraction| Dataset::from_text("x", text, kind, fraction).unwrap().fingerprint;
        let text = "a short text, to be told from others";
        let first = print(text, TokenizerKind::Byte, None);
        assert_eq!(first.len(), 64);
        assert_eq!(first, print(text, TokenizerKind::Byte, Some(0.2)));
        assert_ne!(first, print(text, TokenizerKind::Byte, Some(0.4)));
        assert_ne!(first, print(text, TokenizerKind::Char, None));
        assert_ne!(first, print("a short text, to be told from otherz", TokenizerKind::Byte, None));
    }

    #[test]
    fn a_text_in_pieces_is_the_text_and_the_progress_rises_to_the_end() {
        let text = "Süßes, saures & 12 Sätze.\n".repeat(30_000);
        assert!(pieces(&text).count() > 2 && pieces(&text).collect::<String>() == text);
        let options = DatasetOptions { tokenizer: TokenizerKind::Bpe, vocab: 270, validation: None };
        let mut heard = Vec::new();
        let data = Dataset::make("x", &text, &options, |share| heard.push(share)).unwrap();
        assert_eq!(data.tokenizer.vocab(), 270);
        assert_eq!(data.tokenizer.decode(&all(&data.train)) + &data.tokenizer.decode(&all(&data.validation)), text);
        assert!(heard.is_sorted() && heard.len() > 14 + 4, "{heard:?}");
        assert!(heard.last().is_some_and(|share| (share - 1.0).abs() < 1e-9));
    }

    #[test]
    fn blank_texts_are_refused() {
        assert!(matches!(Dataset::from_text("x", " \n", TokenizerKind::Byte, None), Err(DataError::Empty { .. })));
    }

    proptest! {
        #[test]
        fn both_parts_decode_to_the_text(text in "\\PC{2,200}", byte in any::<bool>(), fraction in 0.001f64..=0.5) {
            prop_assume!(!text.trim().is_empty());
            let kind = if byte { TokenizerKind::Byte } else { TokenizerKind::Char };
            let data = Dataset::from_text("x", &text, kind, Some(fraction)).unwrap();
            let tail = data.tokenizer.decode(&all(&data.validation));
            prop_assert_eq!(tail.chars().count() as u64, data.validation_chars);
            prop_assert_eq!(data.tokenizer.decode(&all(&data.train)) + &tail, text);
        }
    }
}
