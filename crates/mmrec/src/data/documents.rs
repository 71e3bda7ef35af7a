//! Where a document ends and the next begins.

/// Stands between two documents: the end of a text that was learned as one of several, at which a model stops writing. A file that
/// holds it is not taken for text, so it is nothing else.
pub const DOCUMENT_END: char = '\0';

/// Whether there is nothing to read.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == DOCUMENT_END)
}

/// Bytes in the longest end of `text` with which one of `strings` begins, and which more text could complete.
pub(crate) fn unfinished(text: &str, strings: &[String]) -> usize {
    let longest = strings.iter().map(String::len).max().unwrap_or(0);
    let ends = text.char_indices().rev().map(|(start, _)| &text[start..]).take_while(|end| end.len() <= longest);
    ends.filter(|end| strings.iter().any(|string| string.starts_with(end))).last().map_or(0, str::len)
}

/// Puts [`DOCUMENT_END`] in the place of a string that ends documents within a file, such as `<|endoftext|>`. The text comes in
/// pieces of any size.
#[derive(Debug, Clone)]
pub(super) struct Separator {
    string: String,
    /// What may be the beginning of the string.
    held: String,
}

impl Separator {
    /// Nothing is replaced where `string` is empty.
    pub fn new(string: &str) -> Self {
        Self { string: string.to_owned(), held: String::new() }
    }

    /// What is certain of the text after this piece.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        if self.string.is_empty() {
            return std::mem::take(&mut self.held);
        }
        let mut text = self.held.replace(&self.string, "\0");
        self.held = text.split_off(text.len() - unfinished(&text, std::slice::from_ref(&self.string)));
        text
    }

    /// What is still held at the end of a file.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_and_ends_are_nothing_to_read() {
        assert!(is_blank(" \n\0\t\0"));
        assert!(!is_blank("\0x"));
    }

    proptest! {
        #[test]
        fn pieces_are_replaced_like_the_whole(
            pieces in prop::collection::vec("[ab]{0,6}", 0..12), string in "[ab]{0,4}",
        ) {
            let whole = pieces.concat();
            let expected = if string.is_empty() { whole } else { whole.replace(&string, "\0") };
            let mut separator = Separator::new(&string);
            let mut text: String = pieces.iter().map(|piece| separator.push(piece)).collect();
            text.push_str(&separator.finish());
            prop_assert_eq!(text, expected);
        }
    }
}
