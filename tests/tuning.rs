//! Fine-tuning: what is trained is trained exactly, what is fixed stays bit for bit, and both can be resumed.

#[allow(dead_code)]
#[path = "shared/runs.rs"]
mod runs;

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};
use mmrec::checkpoint::{Checkpoint, Stored};
use mmrec::config::{AdapterConfig, ModelConfig, Precision, TrainConfig};
use mmrec::data::{Dataset, sample_stories};
use mmrec::driver::Session;
use mmrec::grow::{GrowOptions, Target, difference, grow};
use mmrec::model::{Dropout, MemoryBlock, Model, adapter_specs, collect_weights};
use mmrec::ops::cross_entropy;
use mmrec::{Device, Error};
use pollster::block_on;
use runs::{losses, run_out, run_to, session, train};

const ADAPTER: AdapterConfig = AdapterConfig { first_block: 1, rank: 3, alpha: 6.0 };

fn saved(session: &mut Session) -> Checkpoint {
    let bytes = block_on(session.checkpoint()).expect("read back").to_bytes().expect("written");
    Checkpoint::from_bytes(&bytes).expect("read")
}

/// A model that has learned the first text for a moment.
fn base() -> Checkpoint {
    let mut session = session(train(25), 0.0, &Device::flex());
    block_on(run_out(&mut session));
    saved(&mut session)
}

/// Another text, in the same alphabet.
fn other() -> Dataset {
    let text = sample_stories(11, 30_000).replace("the", "teh");
    Dataset::with_tokenizer("other", &text, runs::data().tokenizer, None).expect("a text")
}

fn tuned(base: &Checkpoint, train: TrainConfig) -> Session {
    Session::start_from(base, train, other(), &Device::flex()).expect("valid settings")
}

fn with_adapters(steps: u64) -> TrainConfig {
    TrainConfig { lora: 3, lora_alpha: 6.0, ..train(steps) }
}

fn weight<'a>(weights: &'a [Stored], name: &str) -> &'a [f32] {
    &weights.iter().find(|weight| weight.name == name).expect(name).values
}

fn tokens(device: &Device, from: usize) -> Tensor<2, Int> {
    let ids: Vec<i32> = (0..2 * 21).map(|i| ((from + i * i * 7) % 31) as i32).collect();
    Tensor::from_data(TensorData::new(ids, [2, 21]), device)
}

fn sizes() -> ModelConfig {
    runs::model(31)
}

/// An adapted model whose factors are all random, moved by `by` along the direction of one of them.
fn adapted(device: &Device, moved: Option<(&str, f32)>) -> Model {
    Model::new(&sizes(), 1, device).with_adapters(&sizes(), &ADAPTER, |spec| {
        let mut values = wave(spec.len(), 3.0);
        if let Some((name, by)) = moved.filter(|(name, _)| *name == spec.name) {
            let direction = wave(spec.len(), 5.0);
            values.iter_mut().zip(direction).for_each(|(value, d)| *value += by * d / 0.3);
            assert!(name.contains(".lora."));
        }
        values
    })
}

/// Fixed numbers without a pattern, between −0.3 and 0.3.
fn wave(count: usize, seed: f32) -> Vec<f32> {
    let values = (0..count).map(|i| ((i as f32 + seed) * 12.9898).sin() * 43_758.547);
    values.map(|v| 0.6 * (v - v.floor()) - 0.3).collect()
}

fn block(model: &Model, index: usize) -> &MemoryBlock {
    model.blocks[index].memory().expect("an MM-Rec")
}

fn loss(model: &Model) -> Tensor<1> {
    let device = model.embedding.device();
    let logits = model.forward(tokens(&device, 3), &mut Dropout::new(0.0, 0, 0));
    cross_entropy(logits, tokens(&device, 5))
}

fn number(loss: Tensor<1>) -> f64 {
    f64::from(loss.into_scalar::<f32>())
}

#[test]
fn adapters_that_begin_change_nothing() {
    let device = Device::flex();
    let plain = Model::new(&sizes(), 1, &device);
    let adapted = plain.clone().with_adapters(&sizes(), &ADAPTER, |spec| spec.initial(9));
    let logits = |model: &Model| -> Vec<f32> {
        let logits = model.forward(tokens(&device, 3), &mut Dropout::new(0.0, 0, 0));
        logits.into_data().try_to_vec().expect("floats")
    };
    assert_eq!(logits(&plain), logits(&adapted));
    assert!(block(&plain, 0).hem.adapter().is_none() && block(&adapted, 0).hem.adapter().is_none());
    let adapter = block(&adapted, 1).hem.adapter().expect("adapted");
    assert_eq!((adapter.a.dims(), adapter.b.dims(), adapter.scale), ([16, 3], [3, 70], 2.0));
    let names: Vec<_> = collect_weights(&adapted).into_iter().map(|weight| weight.name).collect();
    let factors: Vec<_> = names.into_iter().filter(|name| name.contains(".lora.")).collect();
    let specs: Vec<_> = adapter_specs(&sizes(), &ADAPTER).into_iter().map(|spec| spec.name).collect();
    assert_eq!(factors, specs);
}

/// Each factor's gradient predicts how the loss changes when it moves.
#[test]
fn gradients_of_factors_are_those_of_finite_differences() {
    let device = Device::flex();
    let tracked = adapted(&device.clone().autodiff(), None);
    let gradients = loss(&tracked).backward();
    let block = block(&tracked, 1);
    for (name, matrix) in [("hem", &block.hem), ("out", &block.out), ("gate_up", &block.gate_up), ("down", &block.down)]
    {
        let adapter = matrix.adapter().expect("adapted");
        for (factor, param) in [("a", &adapter.a), ("b", &adapter.b)] {
            let name = format!("blocks.1.{name}.lora.{factor}");
            let gradient = param.val().grad(&gradients).expect("it is trained");
            let gradient: Vec<f32> = gradient.into_data().try_to_vec().expect("floats");
            let direction = wave(gradient.len(), 5.0);
            let expected: f64 = gradient.iter().zip(direction).map(|(g, d)| f64::from(g * d / 0.3)).sum();
            let at = |by: f32| number(loss(&adapted(&device, Some((&name, by)))));
            let step = 4e-3;
            let measured = (at(step) - at(-step)) / f64::from(2.0 * step);
            let length = gradient.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
            assert!(length > 1e-3, "{name} has no gradient");
            assert!((measured - expected).abs() < 0.03 * length + 1e-3, "{name}: {measured} against {expected}");
        }
    }
}

/// The model in training, and the one that a file of it gives, are the same up to rounding.
#[test]
fn merging_on_the_host_gives_what_training_sees() {
    let base = base();
    let mut session = tuned(&base, with_adapters(12));
    block_on(run_out(&mut session));
    let live = block_on(session.logits("The ")).expect("finite");
    let device = Device::flex();
    let merged = saved(&mut session).plain().into_owned();
    let file = saved(&mut session).adapter_file().expect("it trains an adapter");
    assert_eq!(base.merge(&[(file, 1.0)]).expect("its base").weights, merged.weights);
    let model = merged.build_model(&device);
    let logits = block_on(mmrec::generate::next_logits(&model, &merged.model, &merged.tokenizer, "The "));
    let distance = logits.expect("finite").iter().zip(&live).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(distance < 1e-4, "{distance}");
}

#[test]
fn an_adapter_learns_and_its_base_stays() {
    let base = base();
    let mut session = tuned(&base, with_adapters(60));
    let seen = losses(&block_on(run_out(&mut session)));
    assert!(seen.last().map(|(_, loss)| *loss).expect("evaluated") < seen[0].1 - 0.1, "{seen:?}");
    let after = saved(&mut session);
    assert_eq!(after.weights, base.weights);
    let adapter = after.adapter.expect("it trains an adapter");
    assert_eq!((adapter.factors.len(), after.optimizer.len()), (2 * 4 * 2, 2 * 4 * 2));
    assert_eq!(session.trained_parameters(), adapter.factors.iter().map(|f| f.values.len() as u64).sum::<u64>());
}

#[test]
fn frozen_blocks_stay_and_the_others_learn() {
    let base = base();
    for recompute in [false, true] {
        let mut session = tuned(&base, TrainConfig { freeze: 1, recompute, ..train(12) });
        block_on(run_out(&mut session));
        let after = saved(&mut session);
        for (before, after) in base.weights.iter().zip(&after.weights) {
            let frozen = before.name == "embedding" || before.name.starts_with("blocks.0.");
            assert_eq!(before == after, frozen, "{}", before.name);
        }
        // Moments of nothing but the second block, the last norm and the head.
        assert_eq!(after.optimizer.len(), 11 + 2);
    }
}

#[test]
fn a_frozen_part_has_no_gradients() {
    let base = base();
    let device = Device::flex().autodiff();
    let trainer = base.build_new_trainer(&TrainConfig { freeze: 1, ..train(1) }, &device);
    let gradients = loss(&trainer.model).backward();
    let of = |index: usize| block(&trainer.model, index).hem.val().grad(&gradients).is_some();
    assert!(!of(0) && of(1));
    assert!(trainer.model.embedding.val().grad(&gradients).is_none());
    assert!(trainer.model.head.val().grad(&gradients).is_some());
}

/// Also with dropout and accumulation, for both ways of training a part.
#[test]
fn recomputing_blocks_changes_nothing() {
    let base = base();
    for config in
        [TrainConfig { freeze: 1, ..train(9) }, TrainConfig { freeze: 1, ..with_adapters(9) }, with_adapters(9)]
    {
        let config = TrainConfig { accum: 2, context: 29, ..config };
        let base = Checkpoint { model: ModelConfig { dropout: 0.2, ..base.model.clone() }, ..base.clone() };
        let kept = losses(&block_on(run_out(&mut tuned(&base, config.clone()))));
        let recomputed = TrainConfig { recompute: true, ..config };
        assert_eq!(losses(&block_on(run_out(&mut tuned(&base, recomputed)))), kept);
    }
}

/// A model that plans and has gates of low rank, in products that are rounded.
#[test]
fn models_with_options_are_tuned_as_well() {
    let model = ModelConfig { gate_rank: 3, planning: true, ..runs::model(runs::data().tokenizer.vocab()) };
    let mut session = Session::new(model, train(25), runs::data(), &Device::flex()).expect("valid settings");
    block_on(run_out(&mut session));
    let base = saved(&mut session);
    for config in [TrainConfig { freeze: 1, ..train(9) }, with_adapters(9)] {
        let config = TrainConfig { precision: Precision::Bf16, ..config };
        let kept = losses(&block_on(run_out(&mut tuned(&base, config.clone()))));
        let recomputed = TrainConfig { recompute: true, ..config };
        assert_eq!(losses(&block_on(run_out(&mut tuned(&base, recomputed)))), kept);
        assert!(kept[8].1 < kept[0].1, "{kept:?}");
    }
}

#[test]
fn resuming_equals_never_having_stopped() {
    let base = base();
    for config in [TrainConfig { freeze: 1, ..train(20) }, with_adapters(20)] {
        let mut whole = tuned(&base, config.clone());
        block_on(run_out(&mut whole));
        let whole = saved(&mut whole);
        let mut part = tuned(&base, config);
        for step in [1, 7, 12, 20] {
            block_on(run_to(&mut part, step));
            part = Session::resume(&saved(&mut part), other(), &Device::flex()).expect("resumed");
        }
        block_on(run_out(&mut part));
        let part = saved(&mut part);
        assert_eq!((part.weights, part.adapter, part.optimizer), (whole.weights, whole.adapter, whole.optimizer));
    }
}

/// What grows, or begins another run, is the fine-tuned model, as one that was trained as a whole.
#[test]
fn tuned_models_grow_and_are_tuned_again() {
    let base = base();
    let device = Device::flex();
    for config in [TrainConfig { freeze: 1, ..train(8) }, with_adapters(8)] {
        let mut session = tuned(&base, config);
        block_on(run_out(&mut session));
        let tuned_one = saved(&mut session);
        let model = ModelConfig { layers: 3, ..base.model.clone() };
        let target = Target { model, tokenizer: base.tokenizer.clone() };
        let grown = grow(&tuned_one, &target, &GrowOptions::default()).expect("it grows");
        assert!(grown.adapter.is_none() && grown.optimizer.is_empty());
        let found = block_on(difference(&tuned_one, &grown, 1, &device)).expect("computed");
        assert!(found.is_rounding(), "{found:?}");
        let mut again = tuned(&tuned_one, with_adapters(2));
        assert_eq!(saved(&mut again).weights, tuned_one.plain().weights);
        assert_ne!(weight(&saved(&mut again).weights, "blocks.1.out"), weight(&base.weights, "blocks.1.out"));
    }
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    let base = base();
    let refused = |train: TrainConfig| {
        let error = Session::start_from(&base, train, other(), &Device::flex()).expect_err("refused");
        mmrec::explain(&error)
    };
    assert!(refused(TrainConfig { freeze: 2, ..train(1) }).contains("freeze = 2 is out of range"));
    assert!(refused(TrainConfig { lora: 17, ..with_adapters(1) }).contains("lora = 17 is out of range"));
    assert!(refused(TrainConfig { lora_alpha: -1.0, ..with_adapters(1) }).contains("lora_alpha = -1"));
    let error = Session::new(runs::model(64), with_adapters(1), other(), &Device::flex()).expect_err("refused");
    assert!(matches!(error, Error::NothingLearned), "{error}");
    let valid = base.build_model(&Device::flex()).valid();
    assert_eq!(collect_weights(&valid).len(), base.weights.len());
}
