use super::*;
use crate::config::Stage;
use crate::model::{WeightSpec, weight_specs};
use crate::tokenizer::{BpeTokenizer, CharTokenizer, Cut};

fn tokenizer(characters: &str) -> Tokenizer {
    Tokenizer::Char(CharTokenizer::new(characters.chars().collect()).expect("in order"))
}

fn weights(model: &ModelConfig) -> Vec<Stored> {
    let fresh = |spec: WeightSpec| Stored { values: spec.initial(1), name: spec.name, shape: spec.shape };
    weight_specs(model).into_iter().map(fresh).collect()
}

fn small() -> Checkpoint {
    let model = ModelConfig { width: 8, layers: 2, heads: 2, feed_forward: 3, levels: 1, ..Stage::Tiny.config(4) };
    Checkpoint {
        weights: weights(&model),
        model,
        tokenizer: tokenizer("abc"),
        adapter: None,
        progress: None,
        optimizer: OptimizerState::new(),
        texts: Vec::new(),
    }
}

/// `small` with some sizes changed.
fn changed(change: impl Fn(&mut ModelConfig)) -> Target {
    let mut target = Target { model: small().model, tokenizer: small().tokenizer };
    change(&mut target.model);
    target
}

fn refusal(target: &Target) -> String {
    let error = crate::Error::from(grow(&small(), target, &GrowOptions::default()).expect_err("refused"));
    crate::explain(&error)
}

#[test]
fn refusals_name_both_sides() {
    let of = |change: fn(&mut ModelConfig)| refusal(&changed(change));
    assert!(of(|m| m.layers = 1).contains("layers is 2 and would shrink to 1"));
    assert!(of(|m| m.feed_forward = 2).contains("feed_forward is 3 and would shrink to 2"));
    assert!(of(|m| (m.width, m.heads) = (12, 1)).contains("heads is 2 and would shrink to 1"));
    assert!(of(|m| m.width = 12).contains("4 channels wide and would become 6"));
    assert!(of(|m| m.chunk = 8).contains("block is 16 and would become 8"));
    assert!(of(|m| m.slots = 9).contains("slots is 8 and would become 9"));
    assert!(of(|m| m.merge_factor = 2).contains("fan_in is 4 and would become 2"));
    assert!(of(|m| m.width = 10).contains("not valid: heads = 2 is out of range"));
    assert!(of(|m| m.vocab = 5).contains("vocab is 5, and the tokenizer to grow into has 4 tokens"));
    assert!(of(|m| m.dropout = 0.5).contains("nothing to grow"));
}

#[test]
fn another_tokenizer_is_refused_and_a_longer_one_is_not() {
    let with = |characters: &str| Target {
        model: ModelConfig { vocab: characters.len() + 1, ..small().model },
        tokenizer: tokenizer(characters),
    };
    let error = refusal(&with("abdef"));
    assert!(error.contains("the model has the char tokenizer with 4 tokens"), "{error}");
    assert!(error.contains("the char tokenizer with 6 tokens does not extend it"), "{error}");
    assert!(refusal(&with("ab")).contains("does not extend it"));
    let bytes = Target { model: ModelConfig { vocab: 256, ..small().model }, tokenizer: Tokenizer::Byte };
    assert!(refusal(&bytes).contains("the byte tokenizer with 256 tokens does not extend it"));

    let grown = grow(&small(), &with("abcde"), &GrowOptions::default()).expect("it grows");
    assert_eq!(grown.tokenizer, tokenizer("abcde"));
    let (old, new) = (&small().weights[0].values, &grown.weights[0].values);
    assert_eq!(new[..old.len()], old[..]);
    assert!(new[old.len()..].iter().all(|value| *value != 0.0), "new tokens differ from each other");
}

#[test]
fn bytes_grow_into_learned_tokens_that_start_between_their_parts() {
    let model = ModelConfig { vocab: 256, ..small().model };
    let bytes = Checkpoint { model: model.clone(), tokenizer: Tokenizer::Byte, weights: weights(&model), ..small() };
    let learned = Tokenizer::Bpe(BpeTokenizer::new(vec![[97, 98], [256, 99]], Cut::Letters).expect("merges"));
    let target = Target { model: ModelConfig { vocab: 258, ..model }, tokenizer: learned };
    let grown = grow(&bytes, &target, &GrowOptions::default()).expect("it grows");
    let row = |id: usize| &grown.weights[0].values[8 * id..8 * (id + 1)];
    let between = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect::<Vec<_>>();
    assert_eq!(row(97), &bytes.weights[0].values[8 * 97..8 * 98]);
    assert_eq!(row(256), between(row(97), row(98)));
    assert_eq!(row(257), between(row(256), row(99)));
}

#[test]
fn the_same_seed_gives_the_same_file() {
    let target = changed(|m| (m.width, m.layers) = (16, 3));
    let file = |seed| {
        let grown = grow(&small(), &target, &GrowOptions { seed, ..GrowOptions::default() }).expect("it grows");
        grown.to_bytes().expect("written")
    };
    assert!(file(1) == file(1));
    assert!(file(1) != file(2));
}

#[test]
fn new_blocks_go_where_they_should() {
    let last = Placement::Last.sources(2, 4);
    assert_eq!(last, [Some(0), Some(1), None, None]);
    let spread = Placement::Interleaved.sources(4, 6);
    assert_eq!(spread, [Some(0), Some(1), None, Some(2), Some(3), None]);
    assert_eq!(Placement::Interleaved.sources(3, 3), Placement::Last.sources(3, 3));
    let target = changed(|m| m.layers = 4);
    let options = GrowOptions { placement: Placement::Interleaved, ..GrowOptions::default() };
    let grown = grow(&small(), &target, &options).expect("it grows");
    let weight = |checkpoint: &Checkpoint, name: &str| {
        checkpoint.weights.iter().find(|weight| weight.name == name).expect(name).values.clone()
    };
    assert_eq!(weight(&grown, "blocks.2.hem"), weight(&small(), "blocks.1.hem"));
    assert!(weight(&grown, "blocks.1.out").iter().chain(&weight(&grown, "blocks.3.down")).all(|value| *value == 0.0));
    assert_ne!(weight(&grown, "blocks.1.hem"), weight(&grown, "blocks.3.hem"));
}

/// Head 1 of width 4 becomes head 1 of width 8: pairs (0, 2) and (1, 3) become (0, 4) and (2, 6).
#[test]
fn rotary_pairs_keep_their_speed() {
    let wide = changed(|m| (m.width, m.heads) = (24, 3)).model;
    let channels = channels::Channels::new(&small().model, &wide);
    assert_eq!(channels.carried, [0, 2, 4, 6, 8, 10, 12, 14]);
    assert_eq!(channels.of_old_heads, 16);
    assert_eq!(channels.new.iter().filter(|new| **new).count(), 16);
}

#[test]
fn growing_twice_draws_other_numbers() {
    let once = grow(&small(), &changed(|m| m.layers = 3), &GrowOptions::default()).expect("it grows");
    let other = grow(&small(), &changed(|m| m.layers = 4), &GrowOptions::default()).expect("it grows");
    let fresh = |checkpoint: &Checkpoint| {
        checkpoint.weights.iter().find(|weight| weight.name == "blocks.2.hem").expect("a new block").values.clone()
    };
    assert_ne!(fresh(&once), fresh(&other));
}
