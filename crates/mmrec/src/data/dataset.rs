//! A text that is ready to train on.

use super::fingerprint::Fingerprint;
use super::index::PreparedIndex;
use super::split::{cut, train_characters};
use super::tokens::ShardBytes;
use super::{DataError, Tokens, text};
use crate::tokenizer::{DEFAULT_VOCAB, Maker, Tokenizer, TokenizerKind};

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
    /// What to call the text.
    pub name: String,
}

impl Dataset {
    /// Tokenizes a normalised text in memory. `validation` is the fraction of the characters to hold back, by default
    /// [`super::default_fraction`].
    ///
    /// # Errors
    /// An empty text, a fraction out of range, or more distinct characters than a char tokenizer holds.
    pub fn from_text(name: &str, text: &str, kind: TokenizerKind, validation: Option<f64>) -> Result<Self, DataError> {
        text::refuse_empty(text, name)?;
        let mut maker = Maker::new(kind, DEFAULT_VOCAB);
        maker.push(text);
        Self::with_tokenizer(name, text, maker.finish()?, validation)
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
        text::refuse_empty(text, name)?;
        let characters = text.chars().count() as u64;
        let train_chars = train_characters(characters, text.len() as u64, validation)?;
        let (train, tail) = cut(text, train_chars);
        let (train, held_back) = (tokenizer.encode(train), tokenizer.encode(tail));
        let mut fingerprint = Fingerprint::new(&tokenizer);
        fingerprint.push_ids(&train);
        fingerprint.push_ids(&held_back);
        Ok(Self {
            fingerprint: fingerprint.finish(train.len() as u64, held_back.len() as u64),
            tokenizer,
            train: Tokens::from_vec(train),
            validation: Tokens::from_vec(held_back),
            validation_chars: characters - train_chars,
            name: name.to_owned(),
        })
    }

    /// Opens prepared data: the index and its shards, in the index's order. Checks the shards' number and sizes; their content is
    /// checked by [`super::verify`], which reads all of it.
    ///
    /// # Errors
    /// An inconsistent index, or shards that do not match it.
    pub fn open(index: PreparedIndex, shards: Vec<ShardBytes>) -> Result<Self, DataError> {
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
            name: index.name,
            tokenizer: index.tokenizer,
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(tokens: &Tokens) -> Vec<u16> {
        let mut ids = vec![0; tokens.len() as usize];
        tokens.read(0, &mut ids);
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
        assert!(data.check(usize::MAX - 1, 8).is_err());
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
