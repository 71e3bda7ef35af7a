//! UTF-16 that comes in pieces.

use crate::tokenizer::{InvalidSequence, Replaced};

/// Joins byte pieces into text, as [`crate::tokenizer::Utf8Decoder`] does for UTF-8: lossy, the joined output equals
/// `String::from_utf16_lossy` of the joined units (and of half a one at the end); strict, it stops at the first surrogate without
/// its partner.
#[derive(Debug, Clone)]
pub(super) struct Utf16Decoder {
    big_endian: bool,
    lossy: bool,
    /// The first byte of a unit.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
    /// Offset of the first byte that is neither decoded nor replaced.
    offset: u64,
    replaced: Replaced,
}

impl Utf16Decoder {
    pub fn new(big_endian: bool, lossy: bool) -> Self {
        Self { big_endian, lossy, half: None, high: None, offset: 0, replaced: Replaced::default() }
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    pub fn replaced(&self) -> Replaced {
        self.replaced
    }

    /// Decodes the next bytes onto `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<(), InvalidSequence> {
        for &byte in bytes {
            match self.half.take() {
                None => self.half = Some(byte),
                Some(first) if self.big_endian => self.unit(u16::from_be_bytes([first, byte]), out)?,
                Some(first) => self.unit(u16::from_le_bytes([first, byte]), out)?,
            }
        }
        Ok(())
    }

    /// Ends the input; half a unit or half a pair at its end is invalid.
    pub fn finish(&mut self, out: &mut String) -> Result<(), InvalidSequence> {
        if self.high.take().is_some() {
            self.replace(2, out)?;
        }
        self.half.take().map_or(Ok(()), |_| self.replace(1, out))
    }

    fn unit(&mut self, unit: u16, out: &mut String) -> Result<(), InvalidSequence> {
        if let Some(high) = self.high.take() {
            if let Some(Ok(c)) = char::decode_utf16([high, unit]).next() {
                out.push(c);
                self.offset += 4;
                return Ok(());
            }
            self.replace(2, out)?;
        }
        match char::decode_utf16([unit]).next() {
            Some(Ok(c)) => {
                out.push(c);
                self.offset += 2;
            }
            _ if unit < 0xDC00 => self.high = Some(unit),
            _ => self.replace(2, out)?,
        }
        Ok(())
    }

    fn replace(&mut self, length: u64, out: &mut String) -> Result<(), InvalidSequence> {
        if !self.lossy {
            return Err(InvalidSequence { offset: self.offset });
        }
        out.push(char::REPLACEMENT_CHARACTER);
        self.replaced.add(self.offset);
        self.offset += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(bytes: &[u8], cut: usize, big_endian: bool, lossy: bool) -> Result<(String, u64), u64> {
        let (mut decoder, mut text) = (Utf16Decoder::new(big_endian, lossy), String::new());
        let (head, tail) = bytes.split_at(cut.min(bytes.len()));
        let result = decoder.push(head, &mut text).and_then(|()| decoder.push(tail, &mut text));
        result.and_then(|()| decoder.finish(&mut text)).map_err(|invalid| invalid.offset)?;
        assert_eq!(decoder.offset(), bytes.len() as u64);
        Ok((text, decoder.replaced().count))
    }

    /// Units near the surrogates' borders, where random ones would hardly ever go.
    fn units() -> impl Strategy<Value = Vec<u16>> {
        let unit = prop_oneof![any::<u16>(), prop::sample::select(vec![0x41, 0xD83D, 0xDBFF, 0xDC00, 0xDE00, 0xE000])];
        prop::collection::vec(unit, 0..30)
    }

    #[test]
    fn what_lacks_its_other_half_is_named() {
        let bytes = b"\x41\0\x3D\xD8\x42\0\x43";
        assert_eq!(decoded(bytes, 3, false, false), Err(2));
        assert_eq!(decoded(bytes, 3, false, true), Ok(("A\u{FFFD}B\u{FFFD}".to_owned(), 2)));
    }

    proptest! {
        #[test]
        fn lossy_equals_std(units in units(), cut in 0usize..70, big_endian in any::<bool>()) {
            let bytes = |unit: &u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let bytes: Vec<u8> = units.iter().flat_map(bytes).collect();
            let expected = String::from_utf16_lossy(&units);
            prop_assert_eq!(&decoded(&bytes, cut, big_endian, true).unwrap().0, &expected);
            let strict = decoded(&bytes, cut, big_endian, false);
            prop_assert_eq!(strict.is_ok(), String::from_utf16(&units).is_ok());
        }
    }
}
