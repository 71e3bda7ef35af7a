//! The text of every token.

use crate::tokenizer::Tokenizer;

/// The characters that end with each token of `text`; joined they are the text.
///
/// A token that ends inside a character has none: the character is that of the token that ends it.
pub fn pieces(tokenizer: &Tokenizer, text: &str, ids: &[u16]) -> Vec<String> {
    if let Tokenizer::Char(_) = tokenizer {
        // Unknown characters as well, which the token does not tell.
        return text.chars().map(String::from).collect();
    }
    let mut decoder = tokenizer.decoder();
    ids.iter().map(|id| decoder.push(*id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::{BpeTokenizer, CharTokenizer, Cut};

    #[test]
    fn pieces_are_the_text() {
        let text = "çok güzel: 🙂 e\u{301}\r\n\u{fffd} end";
        // The second byte of ç with c's neighbour: a token that crosses two characters.
        let crossing = BpeTokenizer::new(vec![[0xA7, b'o'.into()], [256, b'k'.into()]], Cut::Letters).unwrap();
        let chars = CharTokenizer::new(vec![' ', 'e', 'k', 'o']).unwrap();
        for tokenizer in [Tokenizer::Byte, Tokenizer::Bpe(crossing), Tokenizer::Char(chars)] {
            let ids = tokenizer.encode(text);
            let pieces = pieces(&tokenizer, text, &ids);
            assert_eq!((pieces.len(), pieces.concat()), (ids.len(), text.to_owned()), "{tokenizer}");
        }
    }

    #[test]
    fn a_character_stands_with_the_token_that_ends_it() {
        assert_eq!(pieces(&Tokenizer::Byte, "aé", &Tokenizer::Byte.encode("aé")), ["a", "", "é"]);
    }
}
