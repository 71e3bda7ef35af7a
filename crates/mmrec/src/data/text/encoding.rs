//! How the characters of a text are stored, told from its beginning.

use std::fmt;

use serde::Serialize;

use super::utf16::Utf16Decoder;
use crate::tokenizer::{InvalidSequence, Replaced, Utf8Decoder};

/// How the characters of a text are stored, of those ways that can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Encoding {
    /// One to four bytes each; ASCII is a part of it.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Two or four bytes each, the low byte first: what Windows calls Unicode.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// Two or four bytes each, the high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Utf8 { "UTF-8" } else { "UTF-16" })
    }
}

/// An encoding that is known and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread(pub &'static str);

impl Encoding {
    /// By a byte order mark, or else by what the beginning of a text would be in each of them.
    pub(super) fn of(head: &[u8]) -> Result<Self, Unread> {
        match head {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Err(Unread("UTF-32")),
            [0xFF, 0xFE, ..] => Ok(Self::Utf16Le),
            [0xFE, 0xFF, ..] => Ok(Self::Utf16Be),
            // Of the encodings in which every byte is ASCII the one that is met.
            _ if head.windows(3).any(|start| start == b"\x1B$B" || start == b"\x1B$@") => Err(Unread("ISO-2022-JP")),
            _ if is_utf32(head, u32::from_le_bytes) || is_utf32(head, u32::from_be_bytes) => Err(Unread("UTF-32")),
            _ => Ok(Self::without_mark(head)),
        }
    }

    fn without_mark(head: &[u8]) -> Self {
        // Two bytes a character are an even number; the head of a longer file has one.
        let is_even = head.len().is_multiple_of(2);
        if !is_even || (is_valid_utf8(head) && !has_many_controls(head)) {
            return Self::Utf8;
        }
        let [little, big] = [u16::from_le_bytes, u16::from_be_bytes].map(|order| likeness(head, order));
        match (little, big) {
            (None, None) => Self::Utf8,
            _ if little >= big => Self::Utf16Le,
            _ => Self::Utf16Be,
        }
    }
}

/// Whether some bytes are UTF-8, but for a character that is cut at their end.
pub(super) fn is_valid_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// Whether more than every twentieth byte is a control character that texts do not have.
pub(super) fn has_many_controls(bytes: &[u8]) -> bool {
    20 * bytes.iter().filter(|&&byte| is_control(byte)).count() > bytes.len()
}

/// What is no sign, line end, tab, page, backspace or the beginning of a terminal's command.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=7 | 14..=26 | 28..=31)
}

/// Whether every four bytes are a character that a text may have.
fn is_utf32(head: &[u8], order: fn([u8; 4]) -> u32) -> bool {
    let (units, _) = head.as_chunks::<4>();
    units.len() > 1 && units.iter().all(|unit| char::from_u32(order(*unit)).is_some_and(may_be_in_text))
}

/// How many characters, read as UTF-16, are such as nearly every text has and other bytes hardly ever are; `None` where it cannot be
/// UTF-16.
fn likeness(head: &[u8], order: fn([u8; 2]) -> u16) -> Option<usize> {
    let (units, _) = head.as_chunks::<2>();
    let mut characters: Vec<Option<char>> =
        char::decode_utf16(units.iter().map(|unit| order(*unit))).map(Result::ok).collect();
    // The head may end within a pair.
    characters.pop_if(|last| last.is_none());
    let characters: Vec<char> = characters.into_iter().collect::<Option<_>>()?;
    let count = |is: fn(char) -> bool| characters.iter().filter(|&&c| is(c)).count();
    let all = characters.len();
    if all == 0 || !characters.iter().all(|&c| may_be_in_text(c)) || 100 * count(is_known) < 95 * all {
        return None;
    }
    let common = count(is_common);
    (100 * common >= all || is_chinese(all, count)).then_some(common)
}

/// Chinese without a space, a line end or a full stop. In Shift-JIS, two bytes of Japanese are often a Chinese character of UTF-16,
/// but then most are of two rows.
fn is_chinese(all: usize, count: impl Fn(fn(char) -> bool) -> usize) -> bool {
    let han = count(|c| ('\u{4E00}'..'\u{A000}').contains(&c));
    let rows_of_kana = count(|c| ('\u{8100}'..'\u{8400}').contains(&c));
    all > 7 && 100 * han >= 99 * all && 4 * rows_of_kana < all
}

fn may_be_in_text(c: char) -> bool {
    (!c.is_control() || matches!(c, '\t'..='\r' | '\u{1B}')) && u32::from(c) & 0xFFFE != 0xFFFE
}

/// Blanks, line ends, what keyboards have, and the stops of Chinese and Japanese.
fn is_common(c: char) -> bool {
    matches!(c, '\t'..='~' | '\u{3000}'..='\u{3002}' | '\u{FF01}' | '\u{FF0C}' | '\u{FF1A}' | '\u{FF1F}')
}

/// What is written with, as far as that is told without a table of all characters.
fn is_known(c: char) -> bool {
    let is_sign = matches!(c, '\0'..='\u{FF}' | '\u{300}'..='\u{36F}' | '\u{2010}'..='\u{205E}' | '\u{20A0}'..='\u{2BFF}'
        | '\u{3000}'..='\u{303F}' | '\u{FE00}'..='\u{FE6F}' | '\u{FEFF}'..='\u{FFEF}' | '\u{1F000}'..='\u{1FAFF}');
    is_sign || c.is_alphanumeric() || crate::tokenizer::joins(c)
}

/// Bytes of one encoding to text, piece by piece.
#[derive(Debug, Clone)]
pub(super) enum Decoder {
    Utf8(Utf8Decoder),
    Utf16(Utf16Decoder),
}

impl Decoder {
    pub fn new(encoding: Encoding, lossy: bool) -> Self {
        match encoding {
            Encoding::Utf8 => Self::Utf8(Utf8Decoder::new(lossy)),
            Encoding::Utf16Le => Self::Utf16(Utf16Decoder::new(false, lossy)),
            Encoding::Utf16Be => Self::Utf16(Utf16Decoder::new(true, lossy)),
        }
    }

    pub fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<(), InvalidSequence> {
        match self {
            Self::Utf8(decoder) => decoder.push(bytes, out),
            Self::Utf16(decoder) => decoder.push(bytes, out),
        }
    }

    pub fn finish(&mut self, out: &mut String) -> Result<(), InvalidSequence> {
        match self {
            Self::Utf8(decoder) => decoder.finish(out),
            Self::Utf16(decoder) => decoder.finish(out),
        }
    }

    /// Offset of the first byte that the text so far does not cover.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Utf8(decoder) => decoder.offset(),
            Self::Utf16(decoder) => decoder.offset(),
        }
    }

    pub fn replaced(&self) -> Replaced {
        match self {
            Self::Utf8(decoder) => decoder.replaced(),
            Self::Utf16(decoder) => decoder.replaced(),
        }
    }

    /// Bytes that a valid text takes.
    pub fn length(&self, text: &str) -> u64 {
        match self {
            Self::Utf8(_) => text.len() as u64,
            Self::Utf16(_) => 2 * text.encode_utf16().count() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, big_endian: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    /// Chinese of the commonest 11,000 characters, in no order.
    fn chinese(characters: u32) -> String {
        (0..characters).filter_map(|i| char::from_u32(0x4E00 + (i * 7919) % 0x2B00)).collect()
    }

    #[test]
    fn wide_texts_are_told_without_a_mark() {
        let texts = [
            "Hi".to_owned(),
            "Two lines\r\nof plain English.\n".repeat(90),
            "Über die Brücke läuft später ein König. ".repeat(90),
            "Съешь же ещё этих мягких французских булок.".repeat(90),
            "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία. ".repeat(90),
            "विद्यार्थी विश्वविद्यालय में हिन्दी पढ़ते हैं। ".repeat(90),
            "صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت — ".repeat(90),
            "키스의 고유조건은 입술끼리 만나야 하고 ".repeat(90),
            "いろはにほへと ちりぬるを。わかよたれそ、つねならむ。".repeat(90),
            "床前明月光，疑是地上霜。举头望明月，低头思故乡。".repeat(90),
            "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน ".repeat(90),
            "Emoji 🎉 und 🌍 dazu, 12 Stück.\n".repeat(90),
            chinese(2048),
        ];
        for text in texts {
            for (big_endian, expected) in [(false, Encoding::Utf16Le), (true, Encoding::Utf16Be)] {
                let bytes = wide(&text, big_endian);
                assert_eq!(Encoding::of(&bytes[..bytes.len().min(4096)]), Ok(expected), "{text:.40}");
                let marked = wide(&format!("\u{FEFF}{text}"), big_endian);
                assert_eq!(Encoding::of(&marked[..4]), Ok(expected));
            }
            assert_eq!(Encoding::of(text.as_bytes()), Ok(Encoding::Utf8), "{text:.40}");
        }
    }

    #[test]
    fn what_is_not_wide_is_not_taken_for_it() {
        let japanese: Vec<u8> = (0..1000u32).flat_map(|i| [0x82, 0x9F + (i * 7 % 83) as u8]).collect();
        let simplified: Vec<u8> =
            (0..1000u32).flat_map(|i| [0xB0 + (i * 7 % 72) as u8, 0xA1 + (i % 94) as u8]).collect();
        let german = b"\xDCber die Br\xFCcke l\xE4uft sp\xE4ter ein K\xF6nig. ".repeat(90);
        let french = b"Apr\xE8s l'\xE9t\xE9, la for\xEAt se tait enti\xE8rement; ".repeat(90);
        let russian =
            b"\xD1\xFA\xE5\xF8\xFC \xE6\xE5 \xE5\xF9\xB8 \xFD\xF2\xE8\xF5 \xEC\xFF\xE3\xEA\xE8\xF5\n".repeat(90);
        let stray = [b"a stray zero ".repeat(30).as_slice(), b"\0", &b"within an even text".repeat(30)].concat();
        let picture = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06".to_vec();
        for bytes in [
            japanese,
            simplified,
            german,
            french,
            russian,
            stray,
            picture,
            vec![0; 64],
            b"Bush hid the facts".to_vec(),
            b"a\0b".to_vec(),
        ] {
            assert_eq!(Encoding::of(&bytes), Ok(Encoding::Utf8), "{bytes:.20?}");
        }
        let four = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<u8>>();
        assert_eq!(Encoding::of(&four("four bytes")), Err(Unread("UTF-32")));
        assert_eq!(Encoding::of(b"Subject: \x1B$B$3$s\x1B(B"), Err(Unread("ISO-2022-JP")));
    }
}
