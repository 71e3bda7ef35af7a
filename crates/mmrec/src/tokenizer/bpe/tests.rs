use super::*;
use proptest::prelude::*;

fn learned(text: &str, vocab: usize) -> BpeTokenizer {
    let mut learner = BpeLearner::new();
    learner.push(text);
    learner.finish(vocab, |_| ())
}

fn encoded(tokenizer: &BpeTokenizer, word: &str) -> Vec<u16> {
    let mut ids = Vec::new();
    tokenizer.encode_word(word, &mut ids);
    ids
}

/// Merges by the definition: every time, count all pairs of all words anew.
fn by_definition(text: &str, vocab: usize) -> Vec<Pair> {
    let mut all: Vec<Vec<u16>> = words(text).map(|word| word.bytes().map(u16::from).collect()).collect();
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
    let cut = |text| words(text).collect::<Vec<_>>();
    assert_eq!(cut("Hello,  world 12345!\n\n one"), ["Hello", ",", " ", " world", " 123", "45", "!", "\n\n", " one"]);
    assert_eq!(cut(""), [""; 0]);
    assert_eq!(cut("  "), ["  "]);
    assert_eq!(cut("end.\n\0 \0\0 A"), ["end", ".", "\n", "\0", " ", "\0", "\0", " A"]);
    assert_eq!(cut("Görüş\u{301} 日本"), ["Görüş", "\u{301}", " 日本"]);
    assert!(words(&"x".repeat(1_000)).all(|word| word.len() <= LONGEST));
    assert!(words(&"é ".repeat(1_000)).all(|word| word.len() <= LONGEST));
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
    assert!(BpeTokenizer::new(doubling).unwrap_err().to_string().contains("merge 6: its token is too long"));
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
        prop_assert_eq!(learner.finish(vocab, |_| ()), tokenizer);
    }

    #[test]
    fn words_join_to_the_text_and_its_beginning_keeps_its_words(text in "(\\PC| |\\n|\0|[a-z0-9]){0,60}", more in "(\\PC| |\\n|\0|[a-z0-9]){0,9}") {
        prop_assert_eq!(words(&text).collect::<String>(), text.clone());
        let (mut rest, mut kept) = (text.clone(), Vec::new());
        take_complete(&mut rest, |word| kept.push(word.to_owned()));
        prop_assert_eq!(kept.concat() + &rest, text.clone());
        let longer = format!("{text}{more}");
        prop_assert_eq!(words(&longer).take(kept.len()).collect::<Vec<_>>(), kept);
    }

    #[test]
    fn a_smaller_vocabulary_is_the_beginning_of_a_larger_one(text in "[a-d ]{0,80}", small in 256usize..270, more in 0usize..20) {
        let (small, large) = (learned(&text, small), learned(&text, small + more));
        prop_assert!(large.merges().starts_with(small.merges()));
    }
}
