//! What is shown is what the model does: compared with its kernels, on random models.

use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};
use pollster::block_on;
use proptest::prelude::*;

use super::*;
use crate::config::{ModelConfig, Stage};
use crate::model::WeightSpec;
use crate::ops::slot_attention::{Schedule, Tables, hide_level, spread};
use crate::ops::{causal_attention, cross_entropy, gated_linear_attention, memory};
use crate::tokenizer::{CharTokenizer, Tokenizer};

fn tokenizer() -> Tokenizer {
    Tokenizer::Char(CharTokenizer::new(('a'..='j').collect()).unwrap())
}

/// A text of `count` known characters.
fn text(count: usize, seed: u64) -> String {
    let mut x = seed | 1;
    let mut next = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (x >> 33) as u8 % 10)
    };
    (0..count).map(|_| next()).collect()
}

fn config() -> ModelConfig {
    let sizes = ModelConfig {
        width: 12,
        layers: 2,
        heads: 2,
        chunk: 4,
        slots: 2,
        merge_factor: 2,
        levels: 3,
        ..Stage::Tiny.config(11)
    };
    ModelConfig { feed_forward: 10, gate_rank: 3, planning: true, ..sizes }
}

fn configs() -> impl Strategy<Value = ModelConfig> {
    let sizes = (1usize..=3, 2usize..=4, 1usize..=2, 1usize..=6);
    let hierarchy = (1usize..=3, 2usize..=3, 1usize..=4);
    (sizes, hierarchy, 0usize..=3, any::<bool>()).prop_map(
        |((heads, half, layers, chunk), (slots, merge_factor, levels), gate_rank, planning)| {
            let hierarchy = ModelConfig { chunk, slots, merge_factor, levels, ..config() };
            ModelConfig { width: heads * half * 2, layers, heads, gate_rank, planning, ..hierarchy }
        },
    )
}

/// A model none of whose weights is as it starts.
fn model(config: &ModelConfig, seed: u64) -> Model {
    let moved = |(index, value): (usize, f32)| value + 0.3 * ((index as u64 + seed % 97) as f32 * 1.7).sin();
    let values = |spec: &WeightSpec| Ok::<_, String>(spec.initial(seed).into_iter().enumerate().map(moved).collect());
    Model::from_values(config, &Device::flex(), values).unwrap()
}

fn inspect(model: &Model, text: &str) -> Inspection {
    block_on(Inspection::new(model, &tokenizer(), text)).unwrap()
}

fn refusal(result: Result<impl std::fmt::Debug, Error>) -> String {
    result.expect_err("refused").to_string()
}

fn floats<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().expect("floats")
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn length(values: &[f32]) -> f32 {
    values.iter().map(|value| value * value).sum::<f32>().sqrt()
}

fn tables(inspection: &Inspection) -> Tables {
    let (model, [_, time, width]) = (&inspection.model, inspection.streams[0].dims());
    Tables::new(*model.sizes(), 0, time / model.sizes().chunk, width / model.heads(), &Device::flex())
}

/// What the kernel gives a token in one layer, (r + ctx) ⊙ silu(e), `width` values.
fn by_kernel(inspection: &Inspection, layer: usize, token: usize) -> Vec<f32> {
    let (model, block) = (&inspection.model, inspection.model.blocks[layer].memory().expect("an MM-Rec"));
    let projected = block.fused_projection(inspection.streams[layer].clone());
    let taken = memory(
        *model.sizes(),
        projected,
        block.decay.val(),
        block.read_norm.val(),
        block.score_scale.val(),
        block.level_bias.val(),
    );
    floats(taken.narrow(1, token, 1))
}

/// The same put together again from what is shown: read and context, `[heads · d]` each, and silu(e).
fn taken_apart(inspection: &Inspection, layer: usize, token: usize) -> [Vec<f32>; 3] {
    let block = inspection.model.blocks[layer].memory().expect("an MM-Rec");
    let p = block.projection(inspection.streams[layer].clone());
    let read = recall::Read::of(p.association(), token, inspection.gates[layer].left_at(token));
    let (scale, bias) = (block.score_scale.val(), block.level_bias.val());
    let [_, context] = spread(&tables(inspection), token, p.query.clone(), p.tokens.clone(), scale, bias);
    [floats(block.norm_read(read.sum)), floats(context), floats(silu(p.gate).narrow(1, token, 1))]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn what_is_shown_is_what_the_kernels_do(
        config in configs(), count in 1usize..120, seed: u64, at: prop::sample::Index, layer: prop::sample::Index,
    ) {
        let model = model(&config, seed);
        let inspection = inspect(&model, &text(count, seed));
        let (layer, token) = (layer.index(config.layers), at.index(count));
        let [read, context, gate] = taken_apart(&inspection, layer, token);
        let ours: Vec<f32> = read.iter().zip(&context).zip(&gate).map(|((r, c), gate)| (r + c) * gate).collect();
        let worst = largest_difference(&ours, &by_kernel(&inspection, layer, token));
        prop_assert!(worst < 1e-4, "differs by {worst}");

        let look = block_on(inspection.look(layer, token)).unwrap();
        let (d, memory) = (config.head_width(), look.recall.expect("a memory"));
        for (head, (recall, attention)) in memory.heads.iter().zip(&look.attention.heads).enumerate() {
            let channels = head * d..(head + 1) * d;
            prop_assert!((recall.length - length(&read[channels.clone()])).abs() < 1e-4);
            prop_assert!((attention.length - length(&context[channels])).abs() < 1e-4);
            prop_assert_eq!((recall.shares.len(), attention.weights.len()), (token + 1, look.attention.places.len()));
            // Terms that cancel each other are larger than their sum.
            let shares = || recall.shares.iter();
            let size: f32 = shares().map(|share| share.abs()).sum();
            prop_assert!((shares().sum::<f32>() - 1.0).abs() < 1e-4 * (1.0 + size), "{:?}", recall.shares);
            prop_assert!((attention.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        let size: f32 = memory.heads.iter().flat_map(|head| &head.shares).map(|share| share.abs()).sum();
        prop_assert!((memory.shares.iter().sum::<f32>() - 1.0).abs() < 1e-4 * (1.0 + size));
        prop_assert!((look.attention.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    /// Passages are those that the hierarchy keeps: without a gap up to the token itself, coarser the older they are.
    #[test]
    fn passages_meet_each_other(config in configs(), count in 1usize..120, at: prop::sample::Index) {
        let (model, token) = (model(&config, 1), at.index(count));
        let look = block_on(inspect(&model, &text(count, 1)).look(0, token)).unwrap();
        let mut places = look.attention.places;
        places.sort_by_key(|place| place.from);
        prop_assert_eq!(places.last().copied(), Some(Place { level: 0, from: token, to: token + 1 }));
        for pair in places.windows(2) {
            prop_assert!(pair[0].to == pair[1].from && pair[0].level >= pair[1].level, "{:?}", pair);
        }
        let beyond = token as u64 >= config.horizon();
        prop_assert!(beyond || places[0].from == 0, "{:?}", places[0]);
    }

    #[test]
    fn surprise_is_the_loss(config in configs(), count in 2usize..120, seed: u64) {
        let (model, text) = (model(&config, seed), text(count, seed));
        let ids = tokenizer().encode(&text);
        let logits = model.forward(model.ids(&ids[..count - 1]), &mut Dropout::new(0.0, 0, 0));
        let loss = floats(cross_entropy(logits, model.ids(&ids[1..])))[0];
        let inspection = inspect(&model, &text);
        let ours = inspection.reading().loss.expect("at least two tokens");
        prop_assert!((ours - loss).abs() < 1e-4 * loss.max(1.0), "{ours} and {loss}");
    }
}

/// The read of the same memory with only one token's write in it is that token's term.
#[test]
fn a_share_is_what_the_token_alone_would_give() {
    let inspection = inspect(&model(&config(), 3), &text(40, 3));
    let (layer, token, d) = (1, 33, 6);
    let block = inspection.model.blocks[layer].memory().expect("an MM-Rec");
    let p = block.projection(inspection.streams[layer].clone());
    let [query, key, value] = p.association();
    let read = |value: Tensor<4>| {
        let (read, _) = gated_linear_attention(query.clone(), key.clone(), value, p.log_decay.clone(), None, false);
        floats(read.narrow(2, token, 1))
    };
    let whole = read(value.clone());
    let memory = block_on(inspection.look(layer, token)).unwrap().recall.expect("a memory");
    for s in 0..=token {
        let only = (0..40).map(|t| if t == s { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
        let only = Tensor::<1>::from_floats(only.as_slice(), &Device::flex()).reshape([1, 1, 40, 1]);
        let term = read(value.clone() * only);
        for (head, recall) in memory.heads.iter().enumerate() {
            let channels = head * d..(head + 1) * d;
            let (term, whole) = (&term[channels.clone()], &whole[channels]);
            let along: f32 = term.iter().zip(whole).map(|(a, b)| a * b).sum();
            let share = along / length(whole).powi(2);
            assert!((recall.shares[s] - share).abs() < 1e-3, "token {s}: {} and {share}", recall.shares[s]);
        }
    }
}

#[test]
fn probabilities_and_alternatives() {
    let text = text(30, 5);
    let inspection = inspect(&model(&config(), 5), &text);
    let reading = inspection.reading();
    assert_eq!(reading.tokens.iter().map(|token| token.text.as_str()).collect::<String>(), text);
    assert!(reading.tokens[0].prediction.is_none());
    for token in &reading.tokens[1..] {
        let prediction = token.prediction.as_ref().expect("all but the first");
        assert!((prediction.probability - (-prediction.surprise).exp()).abs() < 1e-6);
        assert!((0.0..=11f32.ln() + 1e-6).contains(&prediction.entropy), "{prediction:?}");
        let likeliest = &prediction.likeliest;
        assert_eq!(likeliest.len(), 5);
        assert!(likeliest.windows(2).all(|pair| pair[0].probability >= pair[1].probability), "{likeliest:?}");
        let named = likeliest.iter().find(|candidate| candidate.label == token.label);
        match named {
            Some(candidate) => assert_eq!(candidate.probability, prediction.probability),
            None => assert!(prediction.probability <= likeliest[4].probability),
        }
    }
}

#[test]
fn a_large_vocabulary_is_read_in_pieces() {
    let vocab = 40_000;
    let config = ModelConfig { vocab, ..config() };
    let (model, ids) = (model(&config, 2), (0..60).map(|i| i * 331).collect::<Vec<u16>>());
    let stream = || streams(&model, &ids).pop().expect("the last");
    let loss = block_on(loss(&model, stream(), &ids, &mut |_, _, _| ())).unwrap().expect("many tokens");
    let logits = model.logits(stream().narrow(1, 0, 60), 59);
    let expected = floats(cross_entropy(logits, model.ids(&ids[1..])))[0];
    assert!((loss - expected).abs() < 1e-4 * expected, "{loss} and {expected}");
}

#[test]
fn gates_are_shares_of_every_head_and_token() {
    let inspection = inspect(&model(&config(), 5), &text(30, 5));
    let gates = inspection.gates(1).unwrap();
    let decays = &inspection.reading().decays[1];
    for ((keep, write), decay) in gates.keep.iter().zip(&gates.write).zip(decays) {
        assert_eq!((keep.len(), write.len()), (30, 30));
        assert!(keep.iter().chain(write).all(|share| (0.0..=1.0).contains(share)));
        assert!(decay.shortest <= decay.mean && decay.mean <= decay.longest, "{decay:?}");
        let least = keep.iter().copied().fold(1.0, f32::min);
        assert!((-1.0 / least.ln() / decay.shortest - 1.0).abs() < 1e-2, "{least} and {decay:?}");
    }
}

#[test]
fn a_part_without_output_is_worth_nothing() {
    let values = |spec: &WeightSpec| {
        let silent = spec.name.ends_with(".out");
        Ok::<_, String>(spec.initial(4).into_iter().map(|value| if silent { 0.0 } else { value }).collect())
    };
    let model = Model::from_values(&config(), &Device::flex(), values).unwrap();
    let inspection = inspect(&model, &text(50, 4));
    assert_eq!(inspection.reading().parts.len(), 2 + 3);
    for part in &inspection.reading().parts {
        let without = block_on(inspection.without(*part)).unwrap();
        assert!(without.difference.abs() < 1e-5, "{without:?}");
    }
}

#[test]
fn a_part_that_is_off_matters_and_the_model_stays_as_it_is() {
    let model = model(&config(), 6);
    let text = text(50, 6);
    let inspection = inspect(&model, &text);
    for part in &inspection.reading().parts {
        let without = block_on(inspection.without(*part)).unwrap();
        assert!(without.difference.abs() > 1e-6 && without.loss.is_finite(), "{without:?}");
    }
    assert_eq!(inspect(&model, &text).reading(), inspection.reading());
}

/// A level that no slot has reached yet is worth nothing, and is not offered.
#[test]
fn a_level_that_the_text_does_not_reach() {
    let inspection = inspect(&model(&config(), 6), &text(13, 6));
    let [Part::Recurrence, Part::Tokens, Part::Level { level: 1 }] = inspection.reading().parts[..] else {
        panic!("{:?}", inspection.reading().parts)
    };
    let without = block_on(inspection.without(Part::Level { level: 3 })).unwrap();
    assert!(without.difference.abs() < 1e-6, "{without:?}");
}

/// Without other tokens a token sees itself and the slots, as it did.
#[test]
fn off_means_masked() {
    let inspection = inspect(&model(&config(), 7), &text(50, 7));
    let (block, token) = (inspection.model.blocks[1].memory().expect("an MM-Rec"), 45);
    let p = block.projection(inspection.streams[1].clone());
    let weights = |tables: &Tables, level_bias| {
        let [weights, _] =
            spread(tables, token, p.query.clone(), p.tokens.clone(), block.score_scale.val(), level_bias);
        floats(weights.narrow(1, 0, 1))
    };
    let bias = || block.level_bias.val();
    let (with, itself, slots) = (weights(&tables(&inspection), bias()), 4 + token % 4, 8..);
    let alone = weights(&tables(&inspection).without_other_tokens(), bias());
    let left: f32 = with[slots.clone()].iter().sum::<f32>() + with[itself];
    for (place, (alone, with)) in alone.iter().zip(&with).enumerate() {
        let expected = if place == itself || slots.contains(&place) { with / left } else { 0.0 };
        assert!((alone - expected).abs() < 1e-5, "place {place}: {alone} and {expected}");
    }
    let without = weights(&tables(&inspection), hide_level(bias(), 0));
    let units = Schedule::new(inspection.model.sizes(), 0, 13).columns[0].clone();
    let first = 8..8 + (units.end - units.start) as usize;
    assert!(
        with[first.clone()].iter().any(|weight| *weight > 0.0) && without[first].iter().all(|weight| *weight == 0.0)
    );
    assert!((without.iter().sum::<f32>() - 1.0).abs() < 1e-5);
}

#[test]
fn what_cannot_be_shown_is_said() {
    let model = model(&config(), 8);
    let read = |text: &str| block_on(Inspection::new(&model, &tokenizer(), text));
    assert!(refusal(read("")).contains("no text"));
    assert!(refusal(read(&text(513, 1))).contains("513 tokens, and at most 512"));
    let one = read("a").unwrap();
    assert_eq!((one.reading().loss, one.reading().parts.len()), (None, 0));
    assert!(refusal(block_on(one.without(Part::Recurrence))).contains("at least two"));
    let look = block_on(one.look(0, 0)).unwrap();
    assert_eq!((look.recall.expect("a memory").shares.len(), look.attention.weights), (1, vec![1.0]));
    assert!(refusal(block_on(one.look(0, 1))).contains("no token 1"));
    assert!(refusal(block_on(one.look(2, 0))).contains("no layer 2"));
    assert!(refusal(one.gates(2)).contains("no layer 2"));
    let two = read("ab").unwrap();
    for level in [0, 4] {
        assert!(refusal(block_on(two.without(Part::Level { level }))).contains("levels 1 to 3"));
    }
    let unknown = read("aXb").unwrap();
    assert_eq!(
        (unknown.reading().tokens[1].text.as_str(), unknown.reading().tokens[1].label.as_str()),
        ("X", "unknown")
    );
    assert!(unknown.reading().loss.is_some_and(f32::is_finite));
}

#[test]
fn a_damaged_model_is_refused() {
    let values = |spec: &WeightSpec| Ok::<_, String>(vec![f32::NAN; spec.len()]);
    let model = Model::from_values(&config(), &Device::flex(), values).unwrap();
    assert!(matches!(block_on(Inspection::new(&model, &tokenizer(), "abc")), Err(Error::NotFinite)));
}

/// As large as it gets for a page.
#[test]
fn results_are_small() {
    let config = Stage::Small.config(11);
    let inspection = inspect(&Model::new(&config, 1, &Device::flex()), &text(MAX_TOKENS, 1));
    let look = block_on(inspection.look(5, MAX_TOKENS - 1)).unwrap();
    let json = [
        serde_json::to_string(inspection.reading()),
        serde_json::to_string(&inspection.gates(0).unwrap()),
        serde_json::to_string(&look),
    ];
    let sizes = json.map(|json| json.expect("plain values").len());
    assert!(sizes.iter().all(|bytes| *bytes < 600_000), "{sizes:?}");
}

/// Of a GPT there are predictions and attention, which gives what the kernel gives, and no memory.
#[test]
fn a_gpt_shows_its_attention() {
    let config = config().as_gpt(7);
    let model = model(&config, 4);
    let inspection = inspect(&model, &text(30, 4));
    let reading = inspection.reading();
    assert_eq!((reading.layers, reading.heads, reading.levels, reading.decays.len()), (2, 2, 0, 0));
    assert_eq!(reading.parts, [Part::Tokens]);
    for (layer, token) in [(0, 0), (1, 3), (1, 29)] {
        let look = block_on(inspection.look(layer, token)).unwrap();
        assert_eq!(look.recall, None);
        let seen = |place: &Place| (place.level, place.from, place.to);
        let expected: Vec<_> = (token.saturating_sub(6)..=token).map(|at| (0, at, at + 1)).collect();
        assert_eq!(look.attention.places.iter().map(seen).collect::<Vec<_>>(), expected);
        let block = inspection.model.blocks[layer].attention().expect("a GPT");
        let projection = block.projection(inspection.streams[layer].clone());
        let given = floats(causal_attention(projection, config.heads, 7).narrow(1, token, 1));
        for (head, given) in look.attention.heads.iter().zip(given.chunks_exact(config.head_width())) {
            assert!((head.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!((head.length - length(given)).abs() < 1e-4, "{} and {}", head.length, length(given));
        }
    }
    let alone = block_on(inspection.without(Part::Tokens)).unwrap();
    assert!(alone.difference.abs() > 1e-4, "{alone:?}");
    assert!(refusal(inspection.gates(0)).contains("no recurrent memory"));
    assert!(refusal(block_on(inspection.without(Part::Recurrence))).contains("no recurrent memory"));
    assert!(refusal(block_on(inspection.look(9, 0))).contains("no layer 9"));
}
