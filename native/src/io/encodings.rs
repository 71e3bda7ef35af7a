//! Encodings that are not read: a guess at their names.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use chardetng::EncodingDetector;

/// Bytes on each side of the first invalid one that a guess is made from.
const AROUND: u64 = 1 << 16;

/// What a text that is not valid UTF-8 at `offset` seems to be encoded in; `None` where that cannot be told.
pub fn guess(path: &Path, offset: u64) -> Option<&'static str> {
    of(&read_around(path, offset).ok()?)
}

/// What a text seems to be encoded in that is not valid UTF-8.
pub fn of(bytes: &[u8]) -> Option<&'static str> {
    if is_mostly_utf8(bytes) {
        return None;
    }
    let mut detector = EncodingDetector::new();
    detector.feed(bytes, false);
    let (encoding, is_likely) = detector.guess_assess(None, false);
    // GB18030 holds all of GBK.
    is_likely.then(|| if encoding.name() == "GBK" { "GB18030" } else { encoding.name() })
}

/// Whether what is no ASCII is more often valid UTF-8 than not: then a few bytes are damaged, and it is no other encoding.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += chunk.invalid().len();
    }
    invalid < 2 || valid >= invalid
}

/// From the beginning of a line, so that no character is cut.
fn read_around(path: &Path, offset: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let start = file.seek(SeekFrom::Start(offset.saturating_sub(AROUND)))?;
    let mut bytes = Vec::new();
    file.take(2 * AROUND).read_to_end(&mut bytes)?;
    if start > 0 {
        let line = bytes.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        bytes.drain(..line);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_encodings_are_named() {
        let german = b"\xDCber die Br\xFCcke l\xE4uft sp\xE4ter ein K\xF6nig, und er gr\xFC\xDFt. ".repeat(9);
        assert_eq!(of(&german), Some("windows-1252"));
        let russian =
            b"\xD1\xFA\xE5\xF8\xFC \xE6\xE5 \xE5\xF9\xB8 \xFD\xF2\xE8\xF5 \xEC\xFF\xE3\xEA\xE8\xF5\n".repeat(9);
        assert_eq!(of(&russian), Some("windows-1251"));
        let japanese = b"\x8C\xE1\x94\x79\x82\xCD\x94\x4C\x82\xC5\x82\xA0\x82\xE9\x81\x42\x96\xBC\x91\x4F\x82\xCD\x82\xDC\x82\xBE\x96\xB3\x82\xA2\x81\x42\x82\xC7\x82\xB1\x82\xC5\x90\xB6\x82\xEA\x82\xBD\x82\xA9\x82\xC6\x82\xF1\x82\xC6\x8C\xA9\x93\x96\x82\xAA\x82\xC2\x82\xA9\x82\xCA\x81\x42\n".repeat(9);
        assert_eq!(of(&japanese), Some("Shift_JIS"));
        let damaged = [&b"caf\xC3\xA9 ".repeat(9)[..], b"\xFF\xFE"].concat();
        assert_eq!(of(&damaged), None);
    }
}
