//! Text from ids that come one at a time.

use super::{BpeTokenizer, CharTokenizer, Tokenizer, Utf8Decoder};

/// Turns ids into text as they come. The joined pieces equal [`Tokenizer::decode`] of all the ids.
#[derive(Debug, Clone)]
pub struct StreamDecoder(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Byte(Utf8Decoder),
    Char(CharTokenizer),
    Bpe(BpeTokenizer, Utf8Decoder),
}

impl StreamDecoder {
    pub(super) fn new(tokenizer: &Tokenizer) -> Self {
        Self(match tokenizer {
            Tokenizer::Byte => Kind::Byte(Utf8Decoder::new(true)),
            Tokenizer::Char(chars) => Kind::Char(chars.clone()),
            Tokenizer::Bpe(bpe) => Kind::Bpe(bpe.clone(), Utf8Decoder::new(true)),
        })
    }

    /// The text that `token` completes; empty while a UTF-8 sequence is incomplete.
    pub fn push(&mut self, token: u16) -> String {
        let mut text = String::new();
        self.push_into(token, &mut text);
        text
    }

    /// What is left at the end: U+FFFD where a sequence stayed incomplete, otherwise nothing.
    pub fn finish(&mut self) -> String {
        let mut text = String::new();
        self.finish_into(&mut text);
        text
    }

    pub(super) fn push_into(&mut self, token: u16, text: &mut String) {
        match &mut self.0 {
            Kind::Char(chars) => text.push(chars.character(token).unwrap_or(char::REPLACEMENT_CHARACTER)),
            // An id above the bytes is read as 0xFF, which occurs nowhere in UTF-8 and so becomes U+FFFD.
            Kind::Byte(utf8) => {
                let byte = u8::try_from(token).unwrap_or(0xFF);
                utf8.push(&[byte], text).expect(LOSSY);
            }
            Kind::Bpe(bpe, utf8) => utf8.push(bpe.bytes(token).unwrap_or(&[0xFF]), text).expect(LOSSY),
        }
    }

    pub(super) fn finish_into(&mut self, text: &mut String) {
        if let Kind::Byte(utf8) | Kind::Bpe(_, utf8) = &mut self.0 {
            utf8.finish(text).expect(LOSSY);
        }
    }
}

const LOSSY: &str = "a lossy decoder accepts every byte";
