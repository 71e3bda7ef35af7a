//! Ids of a text that comes in pieces.

use std::collections::HashMap;

use super::{BpeTokenizer, Tokenizer};

/// Words whose tokens are remembered.
const REMEMBERED: usize = 1 << 16;

/// Turns a text that comes in pieces into ids. The joined ids equal [`Tokenizer::encode`] of the whole text.
#[derive(Debug)]
pub struct Encoder {
    tokenizer: Tokenizer,
    /// The end of the text so far, which may not be a whole word yet.
    held: String,
    /// Words come again and again; looking one up is much faster than joining its bytes.
    known: HashMap<String, Vec<u16>>,
}

impl Encoder {
    /// One that has seen nothing.
    pub fn new(tokenizer: &Tokenizer) -> Self {
        Self { tokenizer: tokenizer.clone(), held: String::new(), known: HashMap::new() }
    }

    /// Appends the ids of what `piece` completes.
    pub fn push(&mut self, piece: &str, ids: &mut Vec<u16>) {
        match &self.tokenizer {
            Tokenizer::Byte => ids.extend(piece.bytes().map(u16::from)),
            Tokenizer::Char(chars) => ids.extend(piece.chars().map(|c| chars.id(c))),
            Tokenizer::Bpe(bpe) => {
                self.held.push_str(piece);
                bpe.cut().take_complete(&mut self.held, |word| append(&mut self.known, bpe, word, ids));
            }
        }
    }

    /// Appends the ids of what is left: the text ends here, and another may begin.
    pub fn finish(&mut self, ids: &mut Vec<u16>) {
        if let Tokenizer::Bpe(bpe) = &self.tokenizer {
            for word in bpe.cut().words(&self.held) {
                append(&mut self.known, bpe, word, ids);
            }
        }
        self.held.clear();
    }
}

fn append(known: &mut HashMap<String, Vec<u16>>, bpe: &BpeTokenizer, word: &str, ids: &mut Vec<u16>) {
    if let Some(tokens) = known.get(word) {
        return ids.extend(tokens);
    }
    let start = ids.len();
    bpe.encode_word(word, ids);
    if known.len() < REMEMBERED {
        known.insert(word.to_owned(), ids[start..].to_vec());
    }
}
