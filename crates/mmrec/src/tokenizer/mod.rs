//! Text to token ids and back.
//!
//! Ids are `u16`, so a vocabulary holds at most 65,536 tokens. A tokenizer read from a file is checked while it is read: a value of
//! type [`Tokenizer`] always encodes within its own vocabulary and decodes any id without a panic.

mod bpe;
mod chars;
mod encoder;
mod make;
mod stream;
mod utf8;

pub(crate) use bpe::joins;
pub use bpe::{BpeLearner, BpeLearning, BpeTokenizer, Cut, MAX_TOKENS};
pub use chars::{CharCounter, CharTokenizer, MAX_CHARACTERS};
pub use encoder::Encoder;
pub use make::{DEFAULT_VOCAB, Maker, Making};
pub use stream::StreamDecoder;
pub(crate) use utf8::{InvalidSequence, Replaced, Utf8Decoder};

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// Stands between two documents: the end of a text that was learned as one of several, at which a model stops writing. A file that
/// holds it is not taken for text, so it is nothing else.
pub const DOCUMENT_END: char = '\0';

/// What is wrong with a tokenizer's definition or name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// No characters at all.
    #[error("a char tokenizer needs at least one character: the text is empty")]
    NoCharacters,
    /// More distinct characters than token ids.
    #[error(
        "{found} distinct characters, a char tokenizer holds at most {MAX_CHARACTERS}: use the byte tokenizer for this text"
    )]
    TooManyCharacters {
        /// Distinct characters met.
        found: u64,
    },
    /// The characters of a stored tokenizer are repeated or out of order.
    #[error(
        "the char tokenizer's characters are not in increasing code-point order at position {position} (U+{code:04X}): the file is damaged"
    )]
    Unsorted {
        /// Zero-based position of the first character that is not above its predecessor.
        position: usize,
        /// That character's code point.
        code: u32,
    },
    /// A name that is no tokenizer.
    #[error("unknown tokenizer {0:?}: choose char, byte or bpe")]
    UnknownKind(String),
    /// A merge of a stored byte pair encoding cannot be.
    #[error("the bpe tokenizer's merge {position}: {reason}: the file is damaged")]
    Merge {
        /// Zero-based position of the merge.
        position: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The kind of tokenizer to make for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenizerKind {
    /// One token for each distinct character of the text.
    Char,
    /// One token for each byte of the text's UTF-8 form.
    Byte,
    /// Tokens for common words and parts of words, learned from the text (byte pair encoding).
    Bpe,
}

impl TokenizerKind {
    /// Every kind.
    pub const ALL: [TokenizerKind; 3] = [TokenizerKind::Char, TokenizerKind::Byte, TokenizerKind::Bpe];

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Char => "char",
            Self::Byte => "byte",
            Self::Bpe => "bpe",
        }
    }

    /// Whether somebody chooses how many tokens it has at most (the setting `vocab`).
    pub fn has_chosen_vocab(self) -> bool {
        match self {
            Self::Char | Self::Byte => false,
            Self::Bpe => true,
        }
    }
}

impl fmt::Display for TokenizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TokenizerKind {
    type Err = TokenizerError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| TokenizerError::UnknownKind(name.to_owned()))
    }
}

/// Text to token ids and back; stored as `{"kind":"byte"}`, `{"kind":"char","chars":"…"}` or
/// `{"kind":"bpe","merges":[[116,104],…]}`, which may have `"cut":"marks"` besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Tokenizer {
    /// Ids are the bytes of the UTF-8 form.
    Byte,
    /// Ids are the characters of the text it was made for.
    Char(CharTokenizer),
    /// Ids are bytes, and what was learned to join from the text it was made for.
    Bpe(BpeTokenizer),
}

impl Tokenizer {
    /// Which kind this is.
    pub fn kind(&self) -> TokenizerKind {
        match self {
            Self::Byte => TokenizerKind::Byte,
            Self::Char(_) => TokenizerKind::Char,
            Self::Bpe(_) => TokenizerKind::Bpe,
        }
    }

    /// Number of token ids; every encoded id is below it.
    pub fn vocab(&self) -> usize {
        match self {
            Self::Byte => 256,
            Self::Char(chars) => chars.vocab(),
            Self::Bpe(bpe) => bpe.vocab(),
        }
    }

    /// Whether every token of `old` is here under the same id, so that a model of `old` can learn this tokenizer's further tokens.
    pub fn extends(&self, old: &Tokenizer) -> bool {
        match (self, old) {
            (Self::Byte | Self::Bpe(_), Self::Byte) => true,
            (Self::Char(new), Self::Char(old)) => new.characters().starts_with(old.characters()),
            (Self::Bpe(new), Self::Bpe(old)) => new.merges().starts_with(old.merges()),
            _ => false,
        }
    }

    /// The two tokens, both of lower ids, that a token joins; `None` for one that is whole by itself, as every byte and every
    /// character is.
    pub fn parts(&self, id: u16) -> Option<[u16; 2]> {
        match self {
            Self::Byte | Self::Char(_) => None,
            Self::Bpe(bpe) => bpe.parts(id),
        }
    }

    /// The most characters that one token can stand for.
    pub fn longest(&self) -> u64 {
        match self {
            Self::Byte | Self::Char(_) => 1,
            Self::Bpe(_) => bpe::LONGEST as u64,
        }
    }

    /// What stands for all characters that there is no token for; `None` where there is one for each.
    pub fn unknown_id(&self) -> Option<u16> {
        match self {
            Self::Byte | Self::Bpe(_) => None,
            Self::Char(_) => Some(chars::UNKNOWN),
        }
    }

    /// How many of some ids stand for characters that there is no token for.
    pub fn count_unknown(&self, ids: &[u16]) -> u64 {
        self.unknown_id().map_or(0, |unknown| ids.iter().filter(|&&id| id == unknown).count() as u64)
    }

    /// The ids of a text; what there is no token for becomes [`Self::unknown_id`].
    pub fn encode(&self, text: &str) -> Vec<u16> {
        let (mut ids, mut encoder) = (Vec::new(), self.encoder());
        encoder.push(text, &mut ids);
        encoder.finish(&mut ids);
        ids
    }

    /// The characters of a text that no token stands for, each with how often it is there; those that come first, first.
    pub fn unknown(&self, text: &str) -> Vec<(char, u64)> {
        let Self::Char(known) = self else { return Vec::new() };
        let mut found: Vec<(char, u64)> = Vec::new();
        let mut places = HashMap::new();
        for c in text.chars().filter(|&c| known.id(c) == chars::UNKNOWN) {
            let place = *places.entry(c).or_insert(found.len());
            if place == found.len() {
                found.push((c, 0));
            }
            found[place].1 += 1;
        }
        found
    }

    /// An encoder for a text that comes in pieces.
    pub fn encoder(&self) -> Encoder {
        Encoder::new(self)
    }

    /// The text of some ids. Ids outside the vocabulary and invalid UTF-8 become U+FFFD; this never fails.
    pub fn decode(&self, ids: &[u16]) -> String {
        let mut decoder = self.decoder();
        let mut text = String::new();
        for &id in ids {
            decoder.push_into(id, &mut text);
        }
        decoder.finish_into(&mut text);
        text
    }

    /// A decoder for ids that come one at a time.
    pub fn decoder(&self) -> StreamDecoder {
        StreamDecoder::new(self)
    }

    /// Checks the definition. A tokenizer that was read or counted always passes; kept for values that came some other way.
    ///
    /// # Errors
    /// As [`CharTokenizer::new`].
    pub fn validate(&self) -> Result<(), TokenizerError> {
        match self {
            Self::Byte => Ok(()),
            Self::Char(chars) => chars.validate(),
            Self::Bpe(bpe) => BpeTokenizer::new(bpe.merges().to_vec(), bpe.cut()).map(drop),
        }
    }

    /// A short visible name for one id: `a`, `space`, `newline`, `0xE2`, `unknown`.
    pub fn token_label(&self, id: u16) -> String {
        match self {
            Self::Byte => byte_label(id),
            Self::Char(chars) => chars.character(id).map_or_else(|| "unknown".to_owned(), character_label),
            Self::Bpe(bpe) => bpe.bytes(id).map_or_else(|| "unknown".to_owned(), bytes_label),
        }
    }
}

impl fmt::Display for Tokenizer {
    /// As in "char tokenizer with 66 tokens".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tokenizer with {} tokens", self.kind(), self.vocab())
    }
}

/// One character by its name; several with a visible sign for each space.
fn bytes_label(bytes: &[u8]) -> String {
    match (bytes, std::str::from_utf8(bytes)) {
        ([byte], _) => byte_label(u16::from(*byte)),
        (_, Ok(text)) if text.chars().count() == 1 => text.chars().map(character_label).collect(),
        (_, Ok(text)) => text.replace(' ', "␣").replace('\n', "⏎").escape_debug().to_string(),
        (_, Err(_)) => bytes.iter().map(|byte| format!("0x{byte:02X}")).collect(),
    }
}

fn byte_label(id: u16) -> String {
    match u8::try_from(id) {
        Ok(byte @ (b'\t' | b'\n' | b'\r' | b' '..=b'~')) => character_label(char::from(byte)),
        Ok(byte) => format!("0x{byte:02X}"),
        Err(_) => "unknown".to_owned(),
    }
}

fn character_label(c: char) -> String {
    match c {
        ' ' => "space".to_owned(),
        '\n' => "newline".to_owned(),
        '\t' => "tab".to_owned(),
        '\r' => "return".to_owned(),
        c if c.is_control() || c.is_whitespace() => format!("U+{:04X}", u32::from(c)),
        c => c.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
