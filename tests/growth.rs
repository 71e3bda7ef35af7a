//! Growth keeps the function: against the reference, on every rung of the ladder, between random sizes, token by token, and
//! to first order (the gradients of what was carried).

#[allow(dead_code)]
#[path = "shared/golden.rs"]
mod golden;
#[path = "shared/grown.rs"]
mod grown;
#[allow(dead_code)]
#[path = "shared/runs.rs"]
mod runs;

use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use golden::{Golden, theirs};
use grown::{checkpoint, ids, largest_difference, parallel, streaming, target, text};
use mmrec::checkpoint::{Checkpoint, Stored};
use mmrec::config::{ModelConfig, Stage, TrainConfig};
use mmrec::driver::Session;
use mmrec::grow::{GrowOptions, Placement, Target, difference, grow};
use mmrec::model::{Dropout, Model, weight_specs};
use mmrec::ops::cross_entropy;
use mmrec::train::optim::{Slot, SlotValues};
use pollster::block_on;
use proptest::prelude::*;

/// The model of a golden file, or the one that the reference grew from it.
fn of_golden(golden: &Golden, config: &ModelConfig, prefix: &str) -> Checkpoint {
    let weight = |spec: mmrec::model::WeightSpec| Stored {
        values: golden.floats(&format!("{prefix}{}", theirs(&spec.name))),
        name: spec.name,
        shape: spec.shape,
    };
    Checkpoint { weights: weight_specs(config).into_iter().map(weight).collect(), ..checkpoint(config, 0) }
}

#[test]
fn growth_is_the_references() {
    let device = Device::flex();
    for golden in Golden::all() {
        let logits = |checkpoint: &Checkpoint| -> Vec<f32> {
            let tokens = golden.ints("tokens", &device);
            let logits = checkpoint.build_model(&device).forward(tokens, &mut Dropout::new(0.0, 0, 0));
            logits.into_data().try_to_vec().expect("floats")
        };
        let reference = of_golden(&golden, &golden.grown, "grown.param.");
        let worst = largest_difference(&logits(&reference), &golden.floats("grown.logits"));
        assert!(worst < 1e-4, "{}: the reference's own growth differs by {worst}", golden.name);

        let old = of_golden(&golden, &golden.config, "param.");
        let options = GrowOptions { seed: 1, ..GrowOptions::default() };
        let ours = grow(&old, &target(&golden.grown), &options).expect("it grows");
        let worst = largest_difference(&logits(&ours), &golden.floats("logits"));
        assert!(worst < 1e-4, "{}: our growth differs by {worst}", golden.name);
        println!("{}: logits differ by {worst:.1e}", golden.name);

        let other = grow(&old, &target(&golden.grown), &GrowOptions { seed: 2, ..options }).expect("it grows");
        same_where_not_random(&golden, &ours, &other, &reference);
    }
}

/// What two seeds agree on is not random, and must be as in the reference; what is random must not be constant there.
///
/// But for new heads: the reference starts them with values of zero and random rows of `out`, we the other way round.
fn same_where_not_random(golden: &Golden, ours: &Checkpoint, other: &Checkpoint, reference: &Checkpoint) {
    let (width, first_new) = (golden.grown.width, golden.config.heads * golden.grown.head_width());
    let of_new_heads = |weight: &Stored, index: usize| {
        let columns = weight.shape[weight.shape.len() - 1];
        let new_value = (2 * width + first_new..3 * width).contains(&(index % columns));
        weight.name.ends_with("hem") && new_value || weight.name.ends_with("out") && index / columns >= first_new
    };
    for ((ours, other), reference) in ours.weights.iter().zip(&other.weights).zip(&reference.weights) {
        let values = ours.values.iter().zip(&other.values).zip(&reference.values);
        let values = values.enumerate().filter(|(index, _)| !of_new_heads(ours, *index));
        for (index, ((ours_at, other_at), expected)) in values {
            let name = (golden.name, &ours.name, index);
            if ours_at == other_at {
                assert!(
                    (ours_at - expected).abs() <= 1e-6 * expected.abs().max(1.0),
                    "{name:?}: {ours_at}, {expected}"
                );
            } else {
                assert_ne!(*expected, 0.0, "{name:?} is zero in the reference");
            }
        }
    }
}

/// Neighbouring rungs with their own widths, heads and levels; blocks, units and vocabularies are fewer than theirs, which keeps
/// their proportions and spares the time.
#[test]
fn every_rung_grows_into_the_next() {
    let device = Device::flex();
    for pair in Stage::ALL.windows(2) {
        let sizes = |stage: Stage, layers: usize| {
            let config = stage.config((stage.default_vocab() / 16).max(64));
            ModelConfig { layers, feed_forward: config.feed_forward / 16, ..config }
        };
        let (old, new) = if pair[1] == Stage::SevenB { (1, 1) } else { (1, 2) };
        let (from, to) = (sizes(pair[0], old), sizes(pair[1], new));
        let started = Instant::now();
        let before = checkpoint(&from, 5);
        let after = grow(&before, &target(&to), &GrowOptions::default()).expect("a rung grows into the next");
        let tokens = text(100, from.vocab);
        let expected = parallel(&before.build_model(&device), &tokens, from.vocab);
        let model = after.build_model(&device);
        drop(after);
        let worst = largest_difference(&parallel(&model, &tokens, from.vocab), &expected);
        let size = expected.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
        println!("{} to {}: {worst:.1e} of {size:.1}, {:.1} s", pair[0], pair[1], started.elapsed().as_secs_f64());
        assert!(worst < 1e-4, "{} to {}: logits differ by {worst}", pair[0], pair[1]);
    }
}

/// A small model and a larger one.
fn pairs() -> impl Strategy<Value = (ModelConfig, ModelConfig)> {
    let old = (1usize..=3, 2usize..=4, 1usize..=3, 1usize..=5, 4usize..=11);
    let hierarchy = (1usize..=6, 1usize..=4, 2usize..=4, 1usize..=3);
    let more = (0usize..=2, 1usize..=3, 0usize..=3, 0usize..=6, 0usize..=2, 0usize..=5);
    let options = (0usize..=3, 0usize..=2, any::<[bool; 2]>());
    (old, hierarchy, more, options).prop_map(|(old, (chunk, slots, merge_factor, levels), more, options)| {
        let (heads, half, layers, units, vocab) = old;
        let (gate_rank, more_rank, planning) = options;
        let (more_heads, wider, more_layers, more_units, more_levels, more_tokens) = more;
        let from = ModelConfig {
            vocab,
            width: heads * half * 2,
            layers,
            heads,
            chunk,
            slots,
            merge_factor,
            levels,
            feed_forward: units,
            dropout: 0.0,
            gate_rank,
            planning: planning[0],
            window: 0,
        };
        let to = ModelConfig {
            vocab: vocab + more_tokens,
            width: (heads + more_heads) * half * 2 * wider,
            layers: layers + more_layers,
            heads: heads + more_heads,
            levels: levels + more_levels,
            feed_forward: units + more_units,
            gate_rank: if gate_rank > 0 { gate_rank + more_rank } else { 0 },
            planning: planning[1],
            ..from.clone()
        };
        (from, to)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn random_growth_keeps_the_function(
        (from, to) in pairs(), seed: u64, length in 1usize..150, interleaved: bool,
    ) {
        prop_assume!(from != to);
        // New levels remember what the old ones forget.
        let length = if to.levels > from.levels { length.min(from.horizon() as usize) } else { length };
        let placement = if interleaved { Placement::Interleaved } else { Placement::Last };
        let before = checkpoint(&from, seed);
        let after = grow(&before, &target(&to), &GrowOptions { seed, placement, moments: true }).expect("it grows");
        let tokens = text(length, from.vocab);
        let old = before.build_model(&Device::flex());
        let expected = parallel(&old, &tokens, from.vocab);
        let model = after.build_model(&Device::flex());
        // What rounding does to this model shows in how its own two forms differ; norms of a few channels make much of it.
        let streamed = streaming(&old, &from, &tokens, from.vocab);
        let tolerance = 1e-4 + 10.0 * largest_difference(&streamed, &expected);
        let worst = largest_difference(&parallel(&model, &tokens, from.vocab), &expected);
        prop_assert!(worst < tolerance, "in parallel, logits differ by {worst}");
        let worst = largest_difference(&streaming(&model, &to, &tokens, from.vocab), &streamed);
        prop_assert!(worst < tolerance, "token by token, logits differ by {worst}");
    }
}

/// Its horizon is 92 tokens.
fn small() -> ModelConfig {
    ModelConfig {
        width: 12,
        layers: 2,
        heads: 2,
        chunk: 4,
        slots: 3,
        merge_factor: 2,
        levels: 3,
        feed_forward: 7,
        ..Stage::Tiny.config(9)
    }
}

/// Wider and more heads, more blocks, levels and units, with the same tokens.
fn larger() -> ModelConfig {
    ModelConfig { width: 60, layers: 3, heads: 5, levels: 4, feed_forward: 11, ..small() }
}

#[test]
fn the_probe_sees_a_difference_and_none() {
    let before = checkpoint(&small(), 1);
    let mut after = grow(&before, &target(&larger()), &GrowOptions::default()).expect("it grows");
    let same = block_on(difference(&before, &after, 3, &Device::flex())).expect("read back");
    assert!(same.is_rounding() && same.tokens == 64, "{same:?}");
    after.weights[3].values[0] += 1.0;
    let other = block_on(difference(&before, &after, 3, &Device::flex())).expect("read back");
    assert!(!other.is_rounding(), "{other:?}");
    after.weights[3].values[0] = f32::NAN;
    assert!(!block_on(difference(&before, &after, 3, &Device::flex())).expect("read back").is_rounding());
}

/// The true gradient of every weight, in their order, as one row each.
fn gradients(checkpoint: &Checkpoint, tokens: &[i32], targets: &[i32]) -> Vec<Vec<f32>> {
    struct Take<'a>(&'a Gradients, Vec<Vec<f32>>);
    impl ModuleVisitor for Take<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = param.val().grad(self.0).expect("a text this long reaches every weight");
            self.1.push(gradient.into_data().try_to_vec().expect("floats"));
        }
    }
    let device = Device::flex().autodiff();
    let model: Model = checkpoint.build_model(&device);
    let logits = model.forward(ids(tokens, &device), &mut Dropout::new(0.0, 0, 0));
    let backward = cross_entropy(logits, ids(targets, &device)).backward();
    let mut take = Take(&backward, Vec::new());
    model.visit(&mut take);
    take.1
}

/// The gradient and its square stand in for the moments, which are means of them: carried by growth, they must be the larger
/// model's own gradient wherever a weight was carried.
#[test]
fn moments_are_carried_as_gradients_change() {
    for placement in [Placement::Last, Placement::Interleaved] {
        let (tokens, targets) = (text(90, 9), text(91, 9)[1..].to_vec());
        let mut before = checkpoint(&small(), 4);
        let slot = |name, values| SlotValues { slot: Slot::named(name).expect("AdamW's"), values };
        let square = |gradient: &[f32]| gradient.iter().map(|g| g * g).collect();
        let moments = |gradient: &Vec<f32>| vec![slot("first", gradient.clone()), slot("second", square(gradient))];
        let names = before.weights.iter().map(|weight| weight.name.clone());
        before.optimizer = names.zip(gradients(&before, &tokens, &targets).iter().map(moments)).collect();
        let options = GrowOptions { placement, ..GrowOptions::default() };
        let after = grow(&before, &target(&larger()), &options).expect("it grows");
        assert_eq!(after.optimizer.len(), after.weights.len());
        let actual = gradients(&after, &tokens, &targets);
        let mut carried = 0;
        for (weight, actual) in after.weights.iter().zip(&actual) {
            let [first, second] = &after.optimizer[&weight.name][..] else { panic!("two moments of {}", weight.name) };
            let (first, second) = (&first.values, &second.values);
            let norm = actual.iter().map(|g| g * g).sum::<f32>().sqrt();
            for index in (0..actual.len()).filter(|index| second[*index] != 0.0) {
                let error = (first[index] - actual[index]).abs();
                assert!(error <= 1e-4 * norm, "{} at {index}: {} is not {}", weight.name, first[index], actual[index]);
                let ratio = second[index] / (first[index] * first[index]);
                assert!((ratio - 1.0).abs() < 1e-4, "{}: the second moment is {ratio} of the square", weight.name);
                carried += 1;
            }
        }
        let nonzero =
            before.optimizer.values().flat_map(|slots| &slots[1].values).filter(|value| **value != 0.0).count();
        assert_eq!(carried, nonzero, "every moment went somewhere");
        let plain = grow(&before, &target(&larger()), &GrowOptions { moments: false, ..options }).expect("it grows");
        assert!(plain.optimizer.is_empty() && plain.weights == after.weights);
    }
}

/// Everything that grows learns: after one gradient, no weight of the larger model is stuck at zero gradient as a whole.
#[test]
fn what_is_new_learns_at_once() {
    let after = grow(&checkpoint(&small(), 2), &target(&larger()), &GrowOptions::default()).expect("it grows");
    let gradients = gradients(&after, &text(90, 9), &text(91, 9)[1..]);
    let of = |name: &str| {
        let index = after.weights.iter().position(|weight| weight.name == name).expect("a weight");
        (&after.weights[index].shape, &gradients[index])
    };
    let nonzero = |values: &[f32]| values.iter().filter(|value| **value != 0.0).count();
    // Channel 13 is a new one of a head that there was; head 4, from channel 48 on, is new as a whole.
    let (shape, values) = of("blocks.0.hem");
    assert!((0..12).all(|row| values[row * shape[1] + 2 * 60 + 13] != 0.0), "new values of wider heads learn");
    let (shape, out) = of("blocks.0.out");
    assert_eq!(nonzero(&out[48 * shape[1]..]), 12 * shape[1], "new heads learn, and new channels of the stream");
    let (_, down) = of("blocks.1.down");
    assert!(nonzero(&down[7 * 60..]) > 0, "new units learn");
    let (_, out) = of("blocks.2.out");
    assert!(nonzero(out) > 0, "new blocks learn");
}

/// The whole gradient is clipped to one length, so what is new must not drown what was there.
#[test]
fn what_is_new_does_not_drown_the_rest() {
    let before = checkpoint(&small(), 2);
    let norm = |checkpoint: &Checkpoint| {
        gradients(checkpoint, &text(90, 9), &text(91, 9)[1..]).iter().flatten().map(|g| g * g).sum::<f32>().sqrt()
    };
    let after = grow(&before, &target(&larger()), &GrowOptions::default()).expect("it grows");
    assert!(norm(&after) < 3.0 * norm(&before), "{} and {}", norm(&before), norm(&after));
}

/// A new run from a grown model: the loss at its first step is the one that the small model had, with carried moments and
/// without, and the run resumes exactly.
#[test]
fn a_run_goes_on_at_the_loss_it_left() {
    let device = Device::flex();
    let mut session = runs::session(runs::train(60), 0.0, &device);
    block_on(runs::run_out(&mut session));
    let small = block_on(session.checkpoint()).expect("read back");
    let model = ModelConfig { width: 48, heads: 3, layers: 3, feed_forward: 40, levels: 3, ..small.model.clone() };
    let target = Target { model, tokenizer: small.tokenizer.clone() };
    let train = TrainConfig { seed: 7, lr: 1e-3, warmup: 10, ..runs::train(20) };
    let first = |checkpoint: &Checkpoint| {
        let session = Session::start_from(checkpoint, train.clone(), runs::data(), &device);
        runs::losses(&block_on(runs::run_to(&mut session.expect("it starts"), 1)))[0].1
    };
    let before = first(&small);
    for moments in [true, false] {
        let grown = grow(&small, &target, &GrowOptions { moments, ..GrowOptions::default() }).expect("it grows");
        let grown = Checkpoint::from_bytes(&grown.to_bytes().expect("written")).expect("read");
        assert_eq!(grown.optimizer.is_empty(), !moments);
        let after = first(&grown);
        assert!((after - before).abs() < 1e-4, "the loss was {before} and is {after}");
        resumes_exactly(&grown, &train, &device);
    }
}

fn resumes_exactly(grown: &Checkpoint, train: &TrainConfig, device: &Device) {
    let start = || Session::start_from(grown, train.clone(), runs::data(), device).expect("it starts");
    let (mut whole, mut part) = (start(), start());
    let expected = runs::losses(&block_on(runs::run_out(&mut whole)));
    let mut seen = runs::losses(&block_on(runs::run_to(&mut part, 3)));
    let saved = block_on(part.checkpoint()).expect("read back").to_bytes().expect("written");
    let saved = Checkpoint::from_bytes(&saved).expect("read");
    let mut part = Session::resume(&saved, runs::data(), device).expect("resumed");
    seen.extend(runs::losses(&block_on(runs::run_out(&mut part))));
    assert_eq!(seen, expected);
}
