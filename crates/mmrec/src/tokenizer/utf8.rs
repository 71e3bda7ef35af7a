//! UTF-8 that comes in pieces.

use std::str::from_utf8;

/// An invalid UTF-8 sequence, by the absolute offset of its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidSequence {
    pub offset: u64,
}

/// Characters that stand in the place of what could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub count: u64,
    /// Offset of the first byte that could not be read.
    pub first: Option<u64>,
}

impl Replaced {
    pub fn add(&mut self, offset: u64) {
        self.count += 1;
        self.first.get_or_insert(offset);
    }
}

/// Joins byte pieces into text, holding an incomplete sequence back until the rest of it comes.
///
/// Lossy, the joined output equals `String::from_utf8_lossy` of the joined input. Strict, it stops at the byte that
/// `std::str::from_utf8` reports as `valid_up_to`; after that error the decoder must not be used any further.
#[derive(Debug, Clone)]
pub(crate) struct Utf8Decoder {
    lossy: bool,
    /// A valid but incomplete sequence; at most three bytes.
    held: Vec<u8>,
    /// Offset of the first byte that is neither decoded nor replaced, that is, of `held` where it is not empty.
    offset: u64,
    replaced: Replaced,
}

impl Utf8Decoder {
    pub fn new(lossy: bool) -> Self {
        Self { lossy, held: Vec::with_capacity(4), offset: 0, replaced: Replaced::default() }
    }

    /// Offset of the first byte that the text so far does not cover.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What was replaced so far.
    pub fn replaced(&self) -> Replaced {
        self.replaced
    }

    /// Decodes the next bytes onto `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut String) -> Result<(), InvalidSequence> {
        while !self.held.is_empty() && !bytes.is_empty() {
            bytes = self.complete(bytes, out)?;
        }
        loop {
            let (text, rest) = split_valid(bytes);
            out.push_str(text);
            self.offset += text.len() as u64;
            match rest {
                None => return Ok(()),
                Some((tail, None)) => {
                    self.held.extend_from_slice(tail);
                    return Ok(());
                }
                Some((tail, Some(invalid))) => {
                    self.replace(invalid, out)?;
                    bytes = &tail[invalid..];
                }
            }
        }
    }

    /// Ends the input; an incomplete sequence at its end is invalid.
    pub fn finish(&mut self, out: &mut String) -> Result<(), InvalidSequence> {
        match std::mem::take(&mut self.held).len() {
            0 => Ok(()),
            held => self.replace(held, out),
        }
    }

    /// Moves one byte to the held ones and settles them if they can be; gives back the bytes still to be read.
    fn complete<'a>(&mut self, bytes: &'a [u8], out: &mut String) -> Result<&'a [u8], InvalidSequence> {
        let before = self.held.len();
        self.held.push(bytes[0]);
        match from_utf8(&self.held) {
            Ok(text) => {
                out.push_str(text);
                self.offset += text.len() as u64;
                self.held.clear();
                Ok(&bytes[1..])
            }
            Err(error) if error.error_len().is_none() => Ok(&bytes[1..]),
            Err(_) => {
                // The held bytes were a valid beginning, so the sequence ends before the new byte, which starts another.
                self.held.clear();
                self.replace(before, out)?;
                Ok(bytes)
            }
        }
    }

    fn replace(&mut self, length: usize, out: &mut String) -> Result<(), InvalidSequence> {
        if !self.lossy {
            return Err(InvalidSequence { offset: self.offset });
        }
        out.push(char::REPLACEMENT_CHARACTER);
        self.replaced.add(self.offset);
        self.offset += length as u64;
        Ok(())
    }
}

type Rest<'a> = (&'a [u8], Option<usize>);

/// The valid beginning, and what follows it with the length of the invalid sequence there (`None`: incomplete).
fn split_valid(bytes: &[u8]) -> (&str, Option<Rest<'_>>) {
    match from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (valid, tail) = bytes.split_at(error.valid_up_to());
            (from_utf8(valid).expect("from_utf8 itself found these bytes valid"), Some((tail, error.error_len())))
        }
    }
}
