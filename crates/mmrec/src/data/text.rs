//! Bytes of text files to normalised text.
//!
//! Normalised means: valid UTF-8, no byte order mark at a file's start, lines ended by LF alone. Bytes may come in pieces of any
//! size; the result never depends on where they were cut. What the characters are stored in (UTF-8 or UTF-16), and whether it is a
//! text at all, is told from the beginning.

use std::borrow::Cow;

mod document;
mod encoding;
mod utf16;

pub use document::Document;
pub use encoding::Encoding;

use self::document::Foreign;
use self::encoding::{Decoder, Unread, has_many_controls, is_valid_utf8};
use super::documents::is_blank;
use super::{DOCUMENT_END, DataError};
use crate::tokenizer::InvalidSequence;

/// How much of a file's beginning is looked at before any of it is decoded, in bytes.
pub const HEAD: usize = 4096;

/// How much of that is also looked at by itself.
const BEGINNING: usize = 64;

/// Bytes of a normalised text from which on another that is the same, however it is stored, is one that was given twice. Shorter ones
/// repeat by themselves, as greetings do.
pub const LEAST_COPY: u64 = 256;

/// What was found in a file while it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    /// How its characters are stored.
    pub encoding: Encoding,
    /// Characters U+FFFD that stand in the place of what could not be read.
    pub replaced: u64,
    /// Offset of the first byte that was not valid in the encoding, where it was replaced.
    pub first_invalid: Option<u64>,
    /// What it seems to be, where it is no plain text.
    pub document: Option<Document>,
}

/// Normalises one file whose bytes come in pieces.
#[derive(Debug, Clone)]
pub struct Normalizer {
    file: String,
    lossy: bool,
    stage: Stage,
    findings: Findings,
    /// Characters so far.
    characters: u64,
    /// Zeros replaced so far.
    zeros: u64,
    at_start: bool,
    after_return: bool,
    decoded: String,
}

#[derive(Debug, Clone)]
enum Stage {
    /// The file's beginning, until it is long enough to be judged.
    Head(Vec<u8>),
    Body(Decoder),
}

impl Normalizer {
    /// A normaliser for the file named `file` in errors. `lossy` replaces by U+FFFD what is not valid, instead of refusing it.
    pub fn new(file: &str, lossy: bool) -> Self {
        Self {
            file: file.to_owned(),
            lossy,
            stage: Stage::Head(Vec::new()),
            findings: Findings::default(),
            characters: 0,
            zeros: 0,
            at_start: true,
            after_return: false,
            decoded: String::new(),
        }
    }

    /// Appends what the next bytes give to `out`. After an error the normaliser is of no further use.
    ///
    /// # Errors
    /// [`DataError::Document`], [`DataError::Encoding`] and [`DataError::Binary`] by the file's beginning; [`DataError::Invalid`] and
    /// [`DataError::Zero`] unless lossy.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<(), DataError> {
        let Stage::Head(head) = &mut self.stage else { return self.decode(bytes, out) };
        let (beginning, rest) = bytes.split_at(bytes.len().min(HEAD - head.len()));
        head.extend_from_slice(beginning);
        if head.len() < HEAD {
            return Ok(());
        }
        self.begin(out)?;
        self.decode(rest, out)
    }

    /// Appends what is left at the end of the file to `out`; what was found in it.
    ///
    /// # Errors
    /// As [`Normalizer::push`]; [`DataError::Unreadable`] where most of a text would be replaced.
    pub fn finish(&mut self, out: &mut String) -> Result<Findings, DataError> {
        self.begin(out)?;
        self.decode_with(out, |decoder, decoded| decoder.finish(decoded))?;
        if let Stage::Body(decoder) = &self.stage {
            let replaced = decoder.replaced();
            self.findings.replaced = replaced.count + self.zeros;
            self.findings.first_invalid = replaced.first;
        }
        let Findings { encoding, replaced, .. } = self.findings;
        if 2 * replaced > self.characters {
            let (file, characters) = (self.file.clone(), self.characters);
            return Err(DataError::Unreadable {
                file,
                encoding,
                replaced,
                characters,
                offset: self.findings.first_invalid,
            });
        }
        Ok(self.findings)
    }

    /// Judges the file by its beginning, if that was not done yet, and decodes that.
    fn begin(&mut self, out: &mut String) -> Result<(), DataError> {
        let Stage::Head(head) = &mut self.stage else { return Ok(()) };
        let head = std::mem::take(head);
        self.findings.encoding = judge(&head).map_err(|refusal| refusal.of(&self.file))?;
        self.stage = Stage::Body(Decoder::new(self.findings.encoding, self.lossy));
        let start = out.len();
        self.decode(&head, out)?;
        self.findings.document = Document::of(&out[start..]);
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8], out: &mut String) -> Result<(), DataError> {
        self.decode_with(out, |decoder, decoded| decoder.push(bytes, decoded))
    }

    fn decode_with(
        &mut self,
        out: &mut String,
        decode: impl FnOnce(&mut Decoder, &mut String) -> Result<(), InvalidSequence>,
    ) -> Result<(), DataError> {
        let Stage::Body(decoder) = &mut self.stage else { return Ok(()) };
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        let start = decoder.offset();
        let result = decode(decoder, &mut decoded);
        if let Some(at) = decoded.find(DOCUMENT_END) {
            if !self.lossy {
                // It comes before what is not valid, if anything is.
                let offset = start + decoder.length(&decoded[..at]);
                return Err(DataError::Zero { file: self.file.clone(), offset });
            }
            self.zeros += decoded.matches(DOCUMENT_END).count() as u64;
            decoded = decoded.replace(DOCUMENT_END, "\u{FFFD}");
        }
        self.characters += decoded.chars().count() as u64;
        self.normalise(&decoded, out);
        self.decoded = decoded;
        let (file, encoding) = (&self.file, self.findings.encoding);
        result.map_err(|invalid| DataError::Invalid { file: file.clone(), encoding, offset: invalid.offset })
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
}

/// Why a file is not read, by its beginning.
enum Refusal {
    Foreign(Foreign),
    Unread(Unread),
    /// The byte, and its offset.
    Binary(u8, usize),
}

impl Refusal {
    fn of(self, file: &str) -> DataError {
        let file = file.to_owned();
        match self {
            Self::Foreign(Foreign { what, remedy }) => DataError::Document { file, what, remedy },
            Self::Unread(Unread(encoding)) => DataError::Encoding { file, encoding },
            Self::Binary(byte, offset) => DataError::Binary { file, byte, offset: offset as u64 },
        }
    }
}

fn judge(head: &[u8]) -> Result<Encoding, Refusal> {
    if let Some(foreign) = Foreign::of(head) {
        return Err(Refusal::Foreign(foreign));
    }
    let encoding = Encoding::of(head).map_err(Refusal::Unread)?;
    let zero = head.iter().position(|&byte| byte == 0);
    // What begins with lengths and offsets may go on with words, as models do.
    let beginning = &head[..head.len().min(BEGINNING)];
    let controls = has_many_controls(head) || has_many_controls(beginning);
    let is_binary = controls && (zero.is_some() || !is_valid_utf8(head));
    if encoding == Encoding::Utf8 && is_binary {
        let at = zero.or_else(|| head.iter().position(u8::is_ascii_control)).unwrap_or_default();
        return Err(Refusal::Binary(head[at], at));
    }
    Ok(encoding)
}

/// What is not read, and how plain text that is read is made of it, where it holds a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoText {
    /// What it is.
    pub what: &'static str,
    /// How plain text is made of it; `None` where it holds none.
    pub remedy: Option<&'static str>,
}

/// What a file is that begins with these bytes, where that is known to be no text that is read.
pub fn no_text(head: &[u8]) -> Option<NoText> {
    let (what, remedy) = match judge(head).err()? {
        Refusal::Foreign(foreign) => (foreign.what, Some(foreign.remedy)),
        Refusal::Unread(Unread(encoding)) => (encoding, Some("save it as UTF-8")),
        Refusal::Binary(..) => ("binary", None),
    };
    Some(NoText { what, remedy })
}

/// Normalises a whole file; what was found in it.
///
/// # Errors
/// [`DataError::Empty`] where there is nothing but blanks; otherwise as [`Normalizer::push`] and [`Normalizer::finish`].
pub fn read_text(bytes: &[u8], name: &str, lossy: bool) -> Result<(String, Findings), DataError> {
    let mut text = String::with_capacity(bytes.len());
    let mut normalizer = Normalizer::new(name, lossy);
    normalizer.push(bytes, &mut text)?;
    let findings = normalizer.finish(&mut text)?;
    refuse_empty(&text, name)?;
    Ok((text, findings))
}

/// Text that was typed or pasted, with its lines ended as those of texts are.
pub fn line_ends(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Appends one normalised file to a text of several, each a document.
pub fn append(text: &mut String, file: &str) {
    if !text.is_empty() && !file.is_empty() {
        text.push(DOCUMENT_END);
    }
    text.push_str(file);
}

/// Refuses a text of nothing but blanks.
///
/// # Errors
/// [`DataError::Empty`].
pub fn refuse_empty(text: &str, name: &str) -> Result<(), DataError> {
    if is_blank(text) {
        return Err(DataError::Empty { name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
