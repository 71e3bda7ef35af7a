//! Where a document ends and the next begins.

pub use crate::tokenizer::DOCUMENT_END;

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
    /// How often it was found.
    found: u64,
}

impl Separator {
    /// Nothing is replaced where `string` is empty. Its lines may end as they like: those of a text end by LF alone.
    pub fn new(string: &str) -> Self {
        let string = string.replace("\r\n", "\n").replace('\r', "\n");
        Self { string, held: String::new(), found: 0 }
    }

    /// What is certain of the text after this piece.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        if self.string.is_empty() {
            return std::mem::take(&mut self.held);
        }
        let mut text = self.held.replace(&self.string, "\0");
        // The text itself has none.
        self.found += text.matches(DOCUMENT_END).count() as u64;
        self.held = text.split_off(text.len() - unfinished(&text, std::slice::from_ref(&self.string)));
        text
    }

    /// What is still held at the end of a file.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// How often the string was found so far.
    pub fn found(&self) -> u64 {
        self.found
    }
}

/// Counts the documents of a text that comes in pieces: what stands between two ends and is not blank.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Documents {
    finished: u64,
    /// Whether there is something in the present one.
    begun: bool,
}

impl Documents {
    pub fn push(&mut self, piece: &str) {
        for (index, part) in piece.split(DOCUMENT_END).enumerate() {
            if index > 0 {
                self.finished += u64::from(std::mem::take(&mut self.begun));
            }
            self.begun = self.begun || !is_blank(part);
        }
    }

    pub fn count(self) -> u64 {
        self.finished + u64::from(self.begun)
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

    #[test]
    fn documents_are_what_is_between_the_ends() {
        let count = |pieces: &[&str]| {
            let mut documents = Documents::default();
            pieces.iter().for_each(|piece| documents.push(piece));
            documents.count()
        };
        assert_eq!([count(&[]), count(&[" \n"]), count(&["a", "b"]), count(&["a\0 \0", "b", "\0\n"])], [0, 0, 1, 2]);
    }

    #[test]
    fn lines_of_a_separator_may_end_as_they_like() {
        let mut separator = Separator::new("\r\n--\r");
        let text = separator.push("a\n--\nb\n--") + &separator.finish();
        assert_eq!((text.as_str(), separator.found()), ("a\0b\n--", 1));
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
