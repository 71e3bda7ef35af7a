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
    let read = |bytes: &[u8]| read_text(bytes, "x", false).unwrap().0;
    assert_eq!(read(b"\xEF\xBB\xBFa\r\nb\rc\r\r\nd\r"), "a\nb\nc\n\nd\n");
    assert_eq!(read("a\u{FEFF}b".as_bytes()), "a\u{FEFF}b");
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn utf_16_is_read_like_utf_8() {
    let text = "Zwölf 🎉 \u{4E00}二三。\r\n".repeat(900);
    for file in [text.clone(), format!("\u{FEFF}{text}")] {
        let (read, findings) = read_text(&wide(&file), "x", false).unwrap();
        assert_eq!(read, text.replace("\r\n", "\n"));
        assert_eq!(findings, Findings { encoding: Encoding::Utf16Le, ..Findings::default() });
        assert_eq!(in_pieces(&wide(&file), &[1, 5, 4093], false).unwrap(), read);
    }
    let mut broken = wide(&text);
    broken[6000..6002].copy_from_slice(&0xD800u16.to_le_bytes());
    let error = read_text(&broken, "x", false).unwrap_err().to_string();
    assert!(error.starts_with("x is not valid UTF-16: the first invalid byte is at offset 6000"), "{error}");
    let (read, findings) = read_text(&broken, "x", true).unwrap();
    assert_eq!((read.matches('\u{FFFD}').count(), findings.replaced, findings.first_invalid), (1, 1, Some(6000)));
    broken[6000..6002].copy_from_slice(&[0, 0]);
    let error = read_text(&broken, "x", false).unwrap_err();
    assert!(matches!(error, DataError::Zero { offset: 6000, .. }), "{error}");
}

#[test]
fn bad_files_are_named_with_the_offset() {
    let error = |bytes: &[u8], lossy| read_text(bytes, "notes.txt", lossy).unwrap_err().to_string();
    assert!(
        error(b"abc\xFFd", false).starts_with("notes.txt is not valid UTF-8: the first invalid byte is at offset 3")
    );
    assert!(error(b"abc\xE2\x82", false).contains("offset 3"));
    assert!(error(b"\x89PNG\r\n\x1A\n\0\0", false).contains("looks binary (byte 0x00 at offset 8)"));
    assert!(error(b"%PDF-1.4\n", true).starts_with("notes.txt is a PDF document, not plain text: save"));
    assert!(error(b"\xFF\xFE\0\0a\0\0\0", true).contains("UTF-32"));
    assert!(error(b"", false).contains("holds no text"));
    assert!(error(b" \r\n\t", false).contains("holds no text"));
    let binary = Some(NoText { what: "binary", remedy: None });
    assert_eq!([no_text(b"a\0\x01\0\0"), no_text(b"a")], [binary, None]);
    let what = |head: &[u8]| no_text(head).map(|file| (file.what, file.remedy.is_some()));
    assert_eq!(what(b"%PDF-1.4"), Some(("a PDF document", true)));
    assert_eq!(what(b"\xFF\xFE\0\0a\0\0\0"), Some(("UTF-32", true)));
    let model = [&2000u64.to_le_bytes()[..], &b"{\"weight\":".repeat(300)].concat();
    assert_eq!(no_text(&model), binary, "safetensors");
}

/// Wherever it stands.
#[test]
fn a_stray_zero_is_named_and_can_be_replaced() {
    for before in [30, 2 * HEAD] {
        let bytes = [vec![b'a'; before], vec![0], vec![b'b'; 50]].concat();
        let error = read_text(&bytes, "x", false).unwrap_err().to_string();
        assert!(error.starts_with(&format!("x has a NUL character at offset {before}")) && error.contains("--lossy"));
        let (text, findings) = read_text(&bytes, "x", true).unwrap();
        assert_eq!(text, String::from_utf8(bytes).unwrap().replace('\0', "\u{FFFD}"));
        assert_eq!((findings.replaced, findings.first_invalid), (1, None));
    }
}

#[test]
fn what_is_replaced_is_counted_and_rubbish_is_refused() {
    let german = b"\xDCber die Br\xFCcke l\xE4uft ein K\xF6nig.\n".repeat(9);
    let (_, findings) = read_text(&german, "x", true).unwrap();
    assert_eq!((findings.encoding, findings.replaced, findings.first_invalid), (Encoding::Utf8, 36, Some(0)));
    let russian = b"\xD1\xFA\xE5\xF8\xFC \xE6\xE5 \xE5\xF9\xB8 \xF4\xF0\xE0\xED\xF6\n".repeat(9);
    let error = read_text(&russian, "x", true).unwrap_err().to_string();
    assert!(error.contains("of its 171 characters would be replacement characters"), "{error}");
}

#[test]
fn beyond_the_head_the_first_offset_wins() {
    let mut bytes = vec![b'a'; 2 * HEAD];
    bytes.extend(b"\xE2\0");
    assert!(matches!(read_text(&bytes, "x", false), Err(DataError::Invalid { offset: 8192, .. })));
    assert_eq!(read_text(&bytes, "x", true).unwrap().1.replaced, 2);
    bytes.insert(5000, 0);
    assert!(matches!(read_text(&bytes, "x", false), Err(DataError::Zero { offset: 5000, .. })));
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

/// Whether a file is refused, or read as something else, by its beginning: that is another test's matter.
fn is_utf8_text(bytes: &[u8]) -> bool {
    matches!(judge(&bytes[..bytes.len().min(HEAD)]), Ok(Encoding::Utf8))
}

proptest! {
    #[test]
    fn lossy_equals_std(bytes in files(), sizes in prop::collection::vec(1usize..3000, 1..4)) {
        prop_assume!(is_utf8_text(&bytes));
        let expected = reference(&bytes).replace('\0', "\u{FFFD}");
        match in_pieces(&bytes, &sizes, true) {
            Ok(text) => prop_assert_eq!(text, expected),
            Err(DataError::Unreadable { replaced, characters, .. }) => {
                prop_assert!(2 * replaced > characters);
                let genuine = String::from_utf8_lossy(&bytes).matches('\u{FFFD}').count();
                prop_assert!(replaced as usize <= genuine + bytes.iter().filter(|&&byte| byte == 0).count());
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn strict_reports_the_offset_of_std(bytes in files(), sizes in prop::collection::vec(1usize..3000, 1..4)) {
        prop_assume!(is_utf8_text(&bytes));
        let valid_up_to = std::str::from_utf8(&bytes).err().map(|error| error.valid_up_to() as u64);
        let nul = bytes.iter().position(|&byte| byte == 0).map(|at| at as u64);
        match in_pieces(&bytes, &sizes, false) {
            Ok(text) => {
                prop_assert_eq!((valid_up_to, nul), (None, None));
                prop_assert_eq!(text, reference(&bytes));
            }
            Err(DataError::Invalid { offset, .. }) => prop_assert_eq!(Some(offset), valid_up_to),
            Err(DataError::Zero { offset, .. }) => prop_assert_eq!(Some(offset), nul),
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
