//! One token for each distinct character of a text.

use super::TokenizerError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most characters a char tokenizer can hold; with the unknown token they fill the `u16` ids.
pub const MAX_CHARACTERS: usize = 65_535;

/// The id of every character that a char tokenizer does not have; it decodes to U+FFFD.
pub const UNKNOWN: u16 = 0;

/// Ids from 1 are the known characters in code-point order; before them comes 0, for any other character.
///
/// Invariant: `characters` is strictly increasing and holds 1 to [`MAX_CHARACTERS`] characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct CharTokenizer {
    characters: Vec<char>,
    /// The id of each code point up to the highest known one, or [`UNKNOWN`]. At most 2.2 MB, and encoding needs no search.
    ids: Vec<u16>,
}

/// The stored form, not yet checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    chars: String,
}

impl CharTokenizer {
    /// A tokenizer for these characters.
    ///
    /// # Errors
    /// When `characters` is empty, longer than [`MAX_CHARACTERS`], or not strictly increasing.
    pub fn new(characters: Vec<char>) -> Result<Self, TokenizerError> {
        check(&characters)?;
        let highest = characters.last().map_or(0, |&c| u32::from(c) as usize);
        let mut ids = vec![UNKNOWN; highest + 1];
        for (id, &c) in (1..=u16::MAX).zip(&characters) {
            ids[u32::from(c) as usize] = id;
        }
        Ok(Self { characters, ids })
    }

    /// Number of ids: the characters and the unknown token.
    pub fn vocab(&self) -> usize {
        self.characters.len() + 1
    }

    /// The known characters, in code-point order; the first has id 1.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// The id of a character, 0 where it is unknown.
    pub fn id(&self, c: char) -> u16 {
        self.ids.get(u32::from(c) as usize).copied().unwrap_or(UNKNOWN)
    }

    /// The character of an id; `None` for the unknown token and for ids outside the vocabulary.
    pub fn character(&self, id: u16) -> Option<char> {
        let index = usize::from(id).checked_sub(1)?;
        self.characters.get(index).copied()
    }

    pub(super) fn validate(&self) -> Result<(), TokenizerError> {
        check(&self.characters)
    }
}

fn check(characters: &[char]) -> Result<(), TokenizerError> {
    if characters.is_empty() {
        return Err(TokenizerError::NoCharacters);
    }
    if characters.len() > MAX_CHARACTERS {
        return Err(TokenizerError::TooManyCharacters { found: characters.len() as u64 });
    }
    match characters.windows(2).position(|pair| pair[0] >= pair[1]) {
        Some(before) => Err(TokenizerError::Unsorted { position: before + 1, code: u32::from(characters[before + 1]) }),
        None => Ok(()),
    }
}

impl fmt::Debug for CharTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CharTokenizer({} characters)", self.characters.len())
    }
}

impl From<CharTokenizer> for Stored {
    fn from(tokenizer: CharTokenizer) -> Self {
        Self { chars: tokenizer.characters.into_iter().collect() }
    }
}

impl TryFrom<Stored> for CharTokenizer {
    type Error = TokenizerError;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::new(stored.chars.chars().collect())
    }
}

const CODE_POINTS: usize = 0x11_0000;

/// Collects the distinct characters of a text that comes in pieces, in constant memory (one bit for each code point).
#[derive(Clone)]
pub struct CharCounter {
    seen: Vec<u64>,
    characters: u64,
}

impl CharCounter {
    /// A counter that has seen nothing.
    pub fn new() -> Self {
        Self { seen: vec![0; CODE_POINTS / 64], characters: 0 }
    }

    /// Takes the next piece of the text.
    pub fn push(&mut self, piece: &str) {
        let mut count: u64 = 0;
        for c in piece.chars() {
            let code = u32::from(c) as usize;
            self.seen[code / 64] |= 1 << (code % 64);
            count += 1;
        }
        self.characters += count;
    }

    /// Characters seen so far, with repetition.
    pub fn characters(&self) -> u64 {
        self.characters
    }

    /// Distinct characters seen so far.
    pub fn distinct(&self) -> u64 {
        self.seen.iter().map(|bits| u64::from(bits.count_ones())).sum()
    }

    /// The tokenizer for what was seen.
    ///
    /// # Errors
    /// When nothing was seen, or more than [`MAX_CHARACTERS`] distinct characters.
    pub fn finish(&self) -> Result<CharTokenizer, TokenizerError> {
        let found = self.distinct();
        if found > MAX_CHARACTERS as u64 {
            return Err(TokenizerError::TooManyCharacters { found });
        }
        let is_seen = |code: &u32| self.seen[*code as usize / 64] >> (code % 64) & 1 == 1;
        CharTokenizer::new((0..CODE_POINTS as u32).filter(is_seen).filter_map(char::from_u32).collect())
    }
}

impl Default for CharCounter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CharCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CharCounter({} distinct of {} characters)", self.distinct(), self.characters)
    }
}
