use super::*;
use crate::tokenizer::tests::tricky_bytes;
use proptest::prelude::*;

/// The same by whole strings, plainly.
fn reference(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn in_pieces(bytes: &[u8], sizes: &[usize], lossy: bool) -> Result<String, DataError> {
    let mut normalizer = Normalizer::new("notes.txt", lossy);
    let (mut text, mut rest) = (String::new(), bytes);
    for &size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        normalizer.push(piece, &mut text)?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    normalizer.finish(&mut text)?;
    Ok(text)
}

#[test]
fn marks_and_line_ends() {
    let read = |bytes: &[u8]| read_text(bytes, "x", false).unwrap();
    assert_eq!(read(b"\xEF\xBB\xBFa\r\nb\rc\r\r\nd\r"), "a\nb\nc\n\nd\n");
    assert_eq!(read("a\u{FEFF}b".as_bytes()), "a\u{FEFF}b");
}

#[test]
fn bad_files_are_named_with_the_offset() {
    let error = |bytes: &[u8], lossy| read_text(bytes, "notes.txt", lossy).unwrap_err().to_string();
    assert!(
        error(b"abc\xFFd", false).starts_with("notes.txt is not valid UTF-8: the first invalid byte is at offset 3")
    );
    assert!(error(b"abc\xE2\x82", false).contains("offset 3"));
    assert!(error(b"\x89PNG\r\n\x1A\n\0\0", false).contains("looks binary: NUL byte at offset 8"));
    assert!(error(b"\xFF\xFEa\0b\0", true).contains("UTF-16"));
    assert!(error(b"", false).contains("holds no text"));
    assert!(error(b" \r\n\t", false).contains("holds no text"));
    assert!(looks_binary(b"a\0") && !looks_binary(b"a"));
}

#[test]
fn beyond_the_head_the_first_offset_wins() {
    let mut bytes = vec![b'a'; 2 * HEAD];
    bytes.extend(b"\xE2\0");
    assert!(matches!(read_text(&bytes, "x", false), Err(DataError::InvalidUtf8 { offset: 8192, .. })));
    assert!(matches!(read_text(&bytes, "x", true), Err(DataError::Binary { offset: 8193, .. })));
}

#[test]
fn every_file_is_a_document() {
    let mut text = String::new();
    for file in ["", "a", "", "b\n", "c"] {
        append(&mut text, file);
    }
    assert_eq!(text, "a\0b\n\0c");
}

/// Files around the head's length, of bytes that are often nearly valid.
fn files() -> impl Strategy<Value = Vec<u8>> {
    (tricky_bytes(), prop_oneof![Just(0usize), HEAD - 20..HEAD + 20], tricky_bytes()).prop_map(
        |(mut bytes, middle, end)| {
            bytes.extend(std::iter::repeat_n(b'm', middle));
            bytes.extend(end);
            bytes
        },
    )
}

proptest! {
    #[test]
    fn lossy_equals_std(bytes in files(), sizes in prop::collection::vec(1usize..3000, 1..4)) {
        match in_pieces(&bytes, &sizes, true) {
            Ok(text) => prop_assert_eq!(text, reference(&bytes)),
            Err(DataError::Binary { offset, .. }) => {
                prop_assert_eq!(Some(offset as usize), bytes.iter().position(|&byte| byte == 0));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn strict_reports_the_offset_of_std(bytes in files(), sizes in prop::collection::vec(1usize..3000, 1..4)) {
        let valid_up_to = std::str::from_utf8(&bytes).err().map(|error| error.valid_up_to() as u64);
        let nul = bytes.iter().position(|&byte| byte == 0).map(|at| at as u64);
        match in_pieces(&bytes, &sizes, false) {
            Ok(text) => {
                prop_assert_eq!((valid_up_to, nul), (None, None));
                prop_assert_eq!(text, reference(&bytes));
            }
            Err(DataError::InvalidUtf8 { offset, .. }) => prop_assert_eq!(Some(offset), valid_up_to),
            Err(DataError::Binary { offset, .. }) => prop_assert_eq!(Some(offset), nul),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn the_cuts_do_not_matter(bytes in files(), sizes in prop::collection::vec(1usize..50, 1..6), lossy in any::<bool>()) {
        let whole = in_pieces(&bytes, &[usize::MAX], lossy).map_err(|error| error.to_string());
        let pieces = in_pieces(&bytes, &sizes, lossy).map_err(|error| error.to_string());
        prop_assert_eq!(whole, pieces);
    }
}
