//! Bytes of text files to normalised text.
//!
//! Normalised means: valid UTF-8, no byte order mark at a file's start, lines ended by LF alone. Bytes may come in pieces of any
//! size; the result never depends on where they were cut.

use std::borrow::Cow;

use super::documents::is_blank;
use super::{DOCUMENT_END, DataError};
use crate::tokenizer::Utf8Decoder;

/// How much of a file's beginning is looked at before any of it is decoded, so that a binary file is called binary even where
/// its first invalid UTF-8 comes before its first NUL.
const HEAD: usize = 4096;

/// Normalises one file whose bytes come in pieces.
#[derive(Debug, Clone)]
pub struct Normalizer {
    file: String,
    utf8: Utf8Decoder,
    /// The file's beginning, until it is long enough to be judged; `None` from then on.
    head: Option<Vec<u8>>,
    /// Bytes seen, the head included.
    bytes: u64,
    at_start: bool,
    after_return: bool,
    decoded: String,
}

impl Normalizer {
    /// A normaliser for the file named `file` in errors. `lossy` replaces invalid UTF-8 by U+FFFD instead of refusing it.
    pub fn new(file: &str, lossy: bool) -> Self {
        Self {
            file: file.to_owned(),
            utf8: Utf8Decoder::new(lossy),
            head: Some(Vec::new()),
            bytes: 0,
            at_start: true,
            after_return: false,
            decoded: String::new(),
        }
    }

    /// Appends what the next bytes give to `out`. After an error the normaliser is of no further use.
    ///
    /// # Errors
    /// [`DataError::Binary`] at a NUL byte, [`DataError::InvalidUtf8`] unless lossy.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<(), DataError> {
        let before = self.bytes;
        self.bytes += bytes.len() as u64;
        let Some(mut head) = self.head.take() else {
            return self.check_and_decode(bytes, before, out);
        };
        let taken = bytes.len().min(HEAD - head.len());
        let (beginning, rest) = bytes.split_at(taken);
        head.extend_from_slice(beginning);
        if head.len() < HEAD {
            self.head = Some(head);
            return Ok(());
        }
        self.check_and_decode(&head, 0, out)?;
        self.check_and_decode(rest, before + taken as u64, out)
    }

    /// Appends what is left at the end of the file to `out`.
    ///
    /// # Errors
    /// As [`Normalizer::push`].
    pub fn finish(&mut self, out: &mut String) -> Result<(), DataError> {
        if let Some(head) = self.head.take() {
            self.check_and_decode(&head, 0, out)?;
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        let result = self.utf8.finish(&mut decoded);
        self.normalise(&decoded, out);
        result.map_err(|invalid| self.invalid(invalid.offset))
    }

    /// `start`: the absolute offset of `bytes`.
    fn check_and_decode(&mut self, bytes: &[u8], start: u64, out: &mut String) -> Result<(), DataError> {
        let nul = bytes.iter().position(|&byte| byte == 0);
        let is_head = start == 0;
        if let (Some(at), true) = (nul, is_head) {
            return Err(self.binary(at as u64));
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        // Past the head, whichever comes first is reported, so that it does not matter how the bytes were cut.
        let result = self.utf8.push(&bytes[..nul.unwrap_or(bytes.len())], &mut decoded);
        self.normalise(&decoded, out);
        self.decoded = decoded;
        result.map_err(|invalid| self.invalid(invalid.offset))?;
        match nul {
            Some(at) => {
                // The NUL itself ends an incomplete sequence before it.
                let unfinished = self.utf8.finish(&mut String::new());
                unfinished.map_err(|invalid| self.invalid(invalid.offset))?;
                Err(self.binary(start + at as u64))
            }
            None => Ok(()),
        }
    }

    fn normalise(&mut self, decoded: &str, out: &mut String) {
        let mut text = decoded;
        if self.at_start && !text.is_empty() {
            self.at_start = false;
            text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        }
        if self.after_return && !text.is_empty() {
            self.after_return = false;
            text = text.strip_prefix('\n').unwrap_or(text);
        }
        let mut lines = text.split('\r');
        out.push_str(lines.next().unwrap_or_default());
        let mut last_is_empty = false;
        for line in lines {
            out.push('\n');
            out.push_str(line.strip_prefix('\n').unwrap_or(line));
            last_is_empty = line.is_empty();
        }
        self.after_return |= last_is_empty;
    }

    fn binary(&self, offset: u64) -> DataError {
        DataError::Binary { file: self.file.clone(), offset }
    }

    fn invalid(&self, offset: u64) -> DataError {
        DataError::InvalidUtf8 { file: self.file.clone(), offset }
    }
}

/// Normalises a whole file.
///
/// # Errors
/// [`DataError::Empty`] where there is nothing but blanks; otherwise as [`Normalizer::push`].
pub fn read_text(bytes: &[u8], name: &str, lossy: bool) -> Result<String, DataError> {
    let mut text = String::with_capacity(bytes.len());
    let mut normalizer = Normalizer::new(name, lossy);
    normalizer.push(bytes, &mut text)?;
    normalizer.finish(&mut text)?;
    refuse_empty(&text, name)?;
    Ok(text)
}

/// Text that was typed or pasted, with its lines ended as those of texts are.
pub fn line_ends(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Whether the bytes of a file's beginning show that it is no text: a NUL byte.
pub fn looks_binary(head: &[u8]) -> bool {
    head.contains(&0)
}

/// Appends one normalised file to a text of several, each a document.
pub fn append(text: &mut String, file: &str) {
    if !text.is_empty() && !file.is_empty() {
        text.push(DOCUMENT_END);
    }
    text.push_str(file);
}

pub(super) fn refuse_empty(text: &str, name: &str) -> Result<(), DataError> {
    if is_blank(text) {
        return Err(DataError::Empty { name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
