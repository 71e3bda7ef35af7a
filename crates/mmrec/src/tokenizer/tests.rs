use super::*;
use proptest::prelude::*;

fn char_tokenizer(text: &str) -> Tokenizer {
    let mut counter = CharCounter::new();
    counter.push(text);
    Tokenizer::Char(counter.finish().unwrap())
}

fn bpe_tokenizer(text: &str) -> Tokenizer {
    let mut maker = Maker::new(TokenizerKind::Bpe, 300);
    maker.push(text);
    maker.finish().unwrap().finish()
}

#[test]
fn ids_follow_code_points_after_the_unknown_token() {
    let tokenizer = char_tokenizer("héllo\n");
    assert_eq!(tokenizer.vocab(), 6);
    assert_eq!(tokenizer.encode("\nhloé?"), [1, 2, 3, 4, 5, 0]);
    assert_eq!(tokenizer.decode(&[2, 5, 0, 999]), "hé\u{FFFD}\u{FFFD}");
}

#[test]
fn stored_forms() {
    assert_eq!(serde_json::to_string(&Tokenizer::Byte).unwrap(), r#"{"kind":"byte"}"#);
    let tokenizer = char_tokenizer("cab");
    let json = serde_json::to_string(&tokenizer).unwrap();
    assert_eq!(json, r#"{"kind":"char","chars":"abc"}"#);
    assert_eq!(serde_json::from_str::<Tokenizer>(&json).unwrap(), tokenizer);
    assert_eq!("byte".parse::<TokenizerKind>().unwrap().to_string(), "byte");
    assert_eq!(serde_json::to_string(&TokenizerKind::Char).unwrap(), r#""char""#);
    assert!("words".parse::<TokenizerKind>().unwrap_err().to_string().contains("char, byte or bpe"));
    let tokenizer = bpe_tokenizer("so so");
    let json = serde_json::to_string(&tokenizer).unwrap();
    assert_eq!(json, r#"{"kind":"bpe","merges":[[115,111]]}"#);
    assert_eq!(serde_json::from_str::<Tokenizer>(&json).unwrap(), tokenizer);
}

#[test]
fn damaged_stored_forms_are_refused() {
    let refused = |json: &str| serde_json::from_str::<Tokenizer>(json).unwrap_err().to_string();
    assert!(refused(r#"{"kind":"char","chars":"aab"}"#).contains("position 1"));
    assert!(refused(r#"{"kind":"char","chars":"ba"}"#).contains("U+0061"));
    assert!(refused(r#"{"kind":"char","chars":""}"#).contains("at least one"));
    assert!(refused(r#"{"kind":"char","chars":"a","more":1}"#).contains("unknown field"));
    assert!(refused(r#"{"kind":"words"}"#).contains("unknown variant"));
    let many: String = (0..0x1_1000u32).filter_map(char::from_u32).collect();
    let json = serde_json::json!({"kind": "char", "chars": many}).to_string();
    assert!(refused(&json).contains("byte tokenizer"));
}

#[test]
fn the_largest_vocabulary_fits_the_ids() {
    let all: Vec<char> = (1..=char::MAX as u32).filter_map(char::from_u32).take(MAX_CHARACTERS).collect();
    let mut counter = CharCounter::new();
    counter.push(&all.iter().collect::<String>());
    assert_eq!(counter.characters(), MAX_CHARACTERS as u64);
    let tokenizer = counter.finish().unwrap();
    assert_eq!(tokenizer.vocab(), 65_536);
    assert_eq!(tokenizer.id(*all.last().unwrap()), u16::MAX);
    counter.push("\0");
    assert_eq!(counter.finish(), Err(TokenizerError::TooManyCharacters { found: 65_536 }));
    assert_eq!(CharCounter::new().finish(), Err(TokenizerError::NoCharacters));
}

#[test]
fn extensions_keep_every_id() {
    let [short, long, other] = ["abc", "abcxyz", "bcxyz"].map(char_tokenizer);
    assert!(long.extends(&short) && long.extends(&long) && Tokenizer::Byte.extends(&Tokenizer::Byte));
    assert!(!short.extends(&long) && !long.extends(&other) && !other.extends(&short));
    assert!(!long.extends(&Tokenizer::Byte) && !Tokenizer::Byte.extends(&long));
    let bpe = bpe_tokenizer("no no no");
    assert!(
        bpe.extends(&Tokenizer::Byte) && bpe.extends(&bpe) && !Tokenizer::Byte.extends(&bpe) && !bpe.extends(&long)
    );
    assert_eq!((bpe.parts(256), bpe.token_label(257)), (Some([110, 111]), "␣no".to_owned()));
    assert_eq!(long.to_string(), "char tokenizer with 7 tokens");
}

#[test]
fn labels_are_visible() {
    let labels =
        |tokenizer: &Tokenizer, ids: &[u16]| ids.iter().map(|&id| tokenizer.token_label(id)).collect::<Vec<_>>();
    assert_eq!(
        labels(&Tokenizer::Byte, &[10, 32, 97, 0, 0xE2, 127, 300]),
        ["newline", "space", "a", "0x00", "0xE2", "0x7F", "unknown"]
    );
    let tokenizer = char_tokenizer("\t\n a\u{A0}é");
    assert_eq!(
        labels(&tokenizer, &[0, 1, 2, 3, 4, 5, 6, 7]),
        ["unknown", "tab", "newline", "space", "a", "U+00A0", "é", "unknown"]
    );
}

#[test]
fn bytes_hold_incomplete_sequences_back() {
    let mut decoder = Tokenizer::Byte.decoder();
    let pieces: Vec<String> = "a€".bytes().map(|byte| decoder.push(byte.into())).collect();
    assert_eq!(pieces, ["a", "", "", "€"]);
    assert_eq!(decoder.push(0xE2), "");
    assert_eq!(decoder.push(b'x'.into()), "\u{FFFD}x");
    assert_eq!(decoder.push(0xF0), "");
    assert_eq!(decoder.finish(), "\u{FFFD}");
    assert_eq!(decoder.finish(), "");
}

/// Bytes near UTF-8's borders, where random ones would hardly ever go.
pub(crate) fn tricky_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(vec![
            0xC2, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0x80, 0x82, 0x8F, 0x90, 0x9F, 0xA0, 0xBB, 0xBF
        ]),
        prop::sample::select(b"\r\n ab".to_vec()),
    ];
    prop::collection::vec(byte, 0..40)
}

#[test]
fn unknown_characters_are_counted_in_the_order_they_come() {
    assert_eq!(char_tokenizer("abc").unknown("xabyxcé"), [('x', 2), ('y', 1), ('é', 1)]);
    assert_eq!(Tokenizer::Byte.unknown("xé"), []);
    assert_eq!(bpe_tokenizer("abab").unknown("xé"), []);
}

proptest! {
    #[test]
    fn any_text_round_trips(text in any::<String>()) {
        for tokenizer in [Tokenizer::Byte, bpe_tokenizer(&text)] {
            let ids = tokenizer.encode(&text);
            prop_assert!(ids.iter().all(|&id| usize::from(id) < tokenizer.vocab()));
            prop_assert_eq!(tokenizer.decode(&ids), text.as_str());
        }
        prop_assume!(!text.is_empty());
        let tokenizer = char_tokenizer(&text);
        let ids = tokenizer.encode(&text);
        prop_assert!(ids.iter().all(|&id| id > 0 && usize::from(id) < tokenizer.vocab()));
        prop_assert_eq!(tokenizer.decode(&ids), text);
        prop_assert!(tokenizer.validate().is_ok());
    }

    #[test]
    fn byte_stream_equals_std_lossy(bytes in tricky_bytes()) {
        let mut decoder = Tokenizer::Byte.decoder();
        let mut text: String = bytes.iter().map(|&byte| decoder.push(byte.into())).collect();
        text += &decoder.finish();
        prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_ids_decode(ids in prop::collection::vec(any::<u16>(), 0..50), text in "[a-zé ]{1,9}") {
        for tokenizer in [Tokenizer::Byte, char_tokenizer(&text), bpe_tokenizer(&text)] {
            let mut decoder = tokenizer.decoder();
            let mut streamed: String = ids.iter().map(|&id| decoder.push(id)).collect();
            streamed += &decoder.finish();
            prop_assert_eq!(streamed, tokenizer.decode(&ids));
            prop_assert!(ids.iter().all(|&id| !tokenizer.token_label(id).trim().is_empty()));
        }
    }

    #[test]
    fn forged_tokenizers_never_panic(json in r#"\{"kind":"(char|byte|x)"(,"chars":"[a-d]{0,4}")?[,}]?\}?"#) {
        if let Ok(tokenizer) = serde_json::from_str::<Tokenizer>(&json) {
            prop_assert!(tokenizer.validate().is_ok());
        }
    }
}

proptest! {
    #[test]
    fn a_text_in_pieces_has_the_ids_of_the_whole(text in "(\\PC| |\\n|[a-z]){0,60}", cut in any::<prop::sample::Index>()) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (head, tail) = text.split_at(places[cut.index(places.len())]);
        for tokenizer in [Tokenizer::Byte, char_tokenizer(&format!("{text}x")), bpe_tokenizer(&text)] {
            let (mut ids, mut encoder) = (Vec::new(), tokenizer.encoder());
            encoder.push(head, &mut ids);
            encoder.push(tail, &mut ids);
            encoder.finish(&mut ids);
            prop_assert_eq!(ids, tokenizer.encode(&text));
        }
    }
}
