use super::*;
use crate::tokenizer::Tokenizer;
use proptest::prelude::*;

fn learned(text: &str, vocab: usize) -> BpeTokenizer {
    let mut learner = BpeLearner::new();
    learner.push(text);
    learner.learn(vocab).finish()
}

fn encoded(tokenizer: &BpeTokenizer, word: &str) -> Vec<u16> {
    let mut ids = Vec::new();
    tokenizer.encode_word(word, &mut ids);
    ids
}

/// Merges by the definition: every time, count all pairs of all words anew.
fn by_definition(text: &str, vocab: usize) -> Vec<Pair> {
    let mut all: Vec<Vec<u16>> = Cut::Marks.words(text).map(|word| word.bytes().map(u16::from).collect()).collect();
    let mut merges = Vec::new();
    while BYTES + merges.len() < vocab {
        let mut counts: HashMap<Pair, u64> = HashMap::new();
        all.iter().flat_map(|ids| ids.windows(2)).for_each(|pair| *counts.entry([pair[0], pair[1]]).or_default() += 1);
        let commonest = counts.into_iter().max_by_key(|(pair, count)| (*count, std::cmp::Reverse(*pair)));
        let Some((pair, 2..)) = commonest else { break };
        for ids in &mut all {
            let length = join(ids, pair, (BYTES + merges.len()) as u16);
            ids.truncate(length);
        }
        merges.push(pair);
    }
    merges
}

#[test]
fn words_are_runs_with_the_space_before_them() {
    let cut = |text| Cut::Letters.words(text).collect::<Vec<_>>();
    assert_eq!(cut("Hello,  world 12345!\n\n one"), ["Hello", ",", " ", " world", " 123", "45", "!", "\n\n", " one"]);
    assert_eq!(cut(""), [""; 0]);
    assert_eq!(cut("  "), ["  "]);
    assert_eq!(cut("end.\n\0 \0\0 A"), ["end", ".", "\n", "\0", " ", "\0", "\0", " A"]);
    assert_eq!(cut("Görüş\u{301} 日本"), ["Görüş", "\u{301}", " 日本"]);
    for cut in [Cut::Letters, Cut::Marks] {
        assert!(cut.words(&"x".repeat(1_000)).all(|word| word.len() <= LONGEST));
        assert!(cut.words(&"e\u{301} ".repeat(1_000)).all(|word| word.len() <= LONGEST));
    }
}

#[test]
fn marks_stay_with_what_they_follow() {
    let cut = |text| Cut::Marks.words(text).collect::<Vec<_>>();
    assert_eq!(cut("Go\u{308}ru\u{308}s\u{327}u\u{308}yor 日本"), ["Go\u{308}ru\u{308}s\u{327}u\u{308}yor", " 日本"]);
    assert_eq!(cut("विश्वविद्यालय में हिन्दी।"), ["विश्वविद्यालय", " में", " हिन्दी", "।"]);
    assert_eq!(
        cut("می\u{200C}خواهم, 1\u{FE0F}\u{20E3}2 ❤\u{FE0F}you \u{301}"),
        ["می\u{200C}خواهم", ",", " 1\u{FE0F}\u{20E3}2", " ❤\u{FE0F}", "you", " \u{301}"]
    );
}

/// Of a text in which both ways are the same nothing tells that there are two; of another one the tokenizer does.
#[test]
fn a_tokenizer_keeps_its_way_of_cutting() {
    let plain = learned("straße straße हमारा ❤\u{FE0F} ❤\u{FE0F}", 270);
    assert_eq!(plain.cut(), Cut::Letters);
    assert!(!serde_json::to_string(&plain).unwrap().contains("cut"));
    let marked = learned("हिन्दी हिन्दी", 300);
    let json = serde_json::to_string(&marked).unwrap();
    assert!(json.ends_with(r#""cut":"marks"}"#), "{json}");
    assert_eq!(serde_json::from_str::<BpeTokenizer>(&json).unwrap(), marked);

    // As an earlier version stored it, but for the last merge, which crosses what it took for two words: न and its virama.
    let stored = r#"{"merges":[[224,164],[224,165],[257,141],[256,168],[259,258]]}"#;
    let old = serde_json::from_str::<BpeTokenizer>(stored).unwrap();
    assert_eq!((old.cut(), serde_json::to_string(&old).unwrap().as_str()), (Cut::Letters, stored));
    let new = BpeTokenizer::new(old.merges().to_vec(), Cut::Marks).unwrap();
    let tokens = |tokenizer| Tokenizer::Bpe(tokenizer).encode("न्");
    assert_eq!((tokens(old), tokens(new)), (vec![259, 258], vec![260]));
}

#[test]
fn the_commonest_pair_is_joined_first() {
    let tokenizer = learned("low low low lower lowest", 260);
    assert_eq!(tokenizer.merges()[..2], [[u16::from(b'l'), u16::from(b'o')], [256, u16::from(b'w')]]);
    assert_eq!(encoded(&tokenizer, "low"), [257]);
    assert_eq!(tokenizer.bytes(257), Some(b"low".as_slice()));
    assert_eq!((tokenizer.parts(257), tokenizer.parts(255)), (Some([256, u16::from(b'w')]), None));
    assert_eq!(learned("abc", 9_999).vocab(), 256, "nothing occurs twice");
}

#[test]
fn forged_merges_are_refused() {
    let refused = |json: &str| serde_json::from_str::<BpeTokenizer>(json).unwrap_err().to_string();
    assert!(refused(r#"{"merges":[[97,256]]}"#).contains("merge 0: it joins a token that comes later"));
    assert!(refused(r#"{"merges":[[97,98],[97,98]]}"#).contains("merge 1: the same pair is joined before"));
    let doubling: Vec<Pair> = std::iter::once([97, 97]).chain((256..300).map(|id| [id, id])).collect();
    assert!(
        BpeTokenizer::new(doubling, Cut::Letters).unwrap_err().to_string().contains("merge 6: its token is too long")
    );
    assert!(refused(r#"{"merges":[[97]]}"#).contains("length"));
}

proptest! {
    #[test]
    fn learning_is_as_defined_and_pieces_change_nothing(text in "[ab \\n]{0,60}", vocab in 256usize..280, cut in any::<prop::sample::Index>()) {
        let tokenizer = learned(&text, vocab);
        prop_assert_eq!(tokenizer.merges(), by_definition(&text, vocab));
        let mut learner = BpeLearner::new();
        let (head, tail) = text.split_at(cut.index(text.len() + 1));
        learner.push(head);
        learner.push(tail);
        prop_assert_eq!(learner.learn(vocab).finish(), tokenizer);
    }

    #[test]
    fn words_join_to_the_text_and_its_beginning_keeps_its_words(text in "(\\PC| |\\n|\0|[a-z0-9]){0,60}", more in "(\\PC| |\\n|\0|[a-z0-9]){0,9}") {
        for cut in [Cut::Letters, Cut::Marks] {
            prop_assert_eq!(cut.words(&text).collect::<String>(), text.clone());
            let (mut rest, mut kept) = (text.clone(), Vec::new());
            cut.take_complete(&mut rest, |word| kept.push(word.to_owned()));
            prop_assert_eq!(kept.concat() + &rest, text.clone());
            let longer = format!("{text}{more}");
            prop_assert_eq!(cut.words(&longer).take(kept.len()).collect::<Vec<_>>(), kept);
        }
        let [letters, marks] = [Cut::Letters, Cut::Marks].map(|cut| cut.words(&text).collect::<Vec<_>>());
        prop_assert!(letters == marks || marks.iter().any(|word| !words::reads_alike(word)));
    }

    #[test]
    fn a_smaller_vocabulary_is_the_beginning_of_a_larger_one(text in "[a-d ]{0,80}", small in 256usize..270, more in 0usize..20) {
        let (small, large) = (learned(&text, small), learned(&text, small + more));
        prop_assert!(large.merges().starts_with(small.merges()));
    }
}
