use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::config::{AdapterConfig, Stage};
use crate::data::Sampler;
use crate::model::{adapter_specs, weight_specs};
use crate::progress::{PendingAction, Point};
use crate::train::optim::SlotValues;

/// AdamW's state of a parameter.
fn moments(name: &str, first: Vec<f32>, second: Vec<f32>) -> (String, Vec<SlotValues>) {
    let slot = |name, values| SlotValues { slot: Slot::named(name).expect("AdamW's"), values };
    (name.to_owned(), vec![slot("first", first), slot("second", second)])
}

/// State that stands for what training would leave: the values and their squares.
fn state(of: &[Stored]) -> OptimizerState {
    let squares = |values: &[f32]| values.iter().map(|v| v * v).collect();
    of.iter().map(|one| moments(&one.name, one.values.clone(), squares(&one.values))).collect()
}

fn small() -> Checkpoint {
    let model = ModelConfig { width: 4, layers: 1, heads: 1, feed_forward: 3, levels: 1, ..Stage::Tiny.config(256) };
    let weights: Vec<Stored> = weight_specs(&model)
        .into_iter()
        .map(|spec| Stored { values: spec.initial(1), name: spec.name, shape: spec.shape })
        .collect();
    let optimizer = state(&weights);
    let progress = Progress {
        train: TrainConfig::for_model(&model),
        step: 7,
        sampler: Sampler { seed: 3, cursor: 56 },
        tokens: 1_792,
        seconds: 1.5,
        history: vec![Point { step: 7, train_loss: 2.5, val_loss: Some(2.25), ..Point::default() }],
        best: Some(Best { step: 7, loss: 2.25 }),
        evals_since_best: 0,
        warm_moments: false,
        grown: vec![Growth { step: 3, flops: 0.5e9, parameters: 77 }],
        flops: 1.5e9,
        pending: vec![PendingAction::Evaluate],
        data_name: "a \"quoted\" name with \"checksum\":\"in it".to_owned(),
        data_fingerprint: "00".to_owned(),
    };
    let (progress, texts) = (Some(progress), Vec::new());
    Checkpoint { model, tokenizer: Tokenizer::Byte, weights, adapter: None, progress, optimizer, texts }
}

fn refusal(bytes: &[u8]) -> String {
    Checkpoint::from_bytes(bytes).expect_err("refused").to_string()
}

#[test]
fn what_is_written_is_read() {
    let checkpoint = small();
    let bytes = checkpoint.to_bytes().expect("written");
    assert_eq!(Checkpoint::from_bytes(&bytes).expect("read"), checkpoint);
    let settled = Checkpoint { progress: None, ..checkpoint.clone() };
    assert_eq!(Checkpoint::from_bytes(&settled.to_bytes().expect("written")).expect("read"), settled);
    let weights_only = Checkpoint { progress: None, optimizer: OptimizerState::new(), ..checkpoint };
    let bytes = weights_only.to_bytes().expect("written");
    assert_eq!(Checkpoint::from_bytes(&bytes).expect("read"), weights_only);
}

/// `small` in the middle of a run that trains an adapter.
fn adapted() -> Checkpoint {
    let small = small();
    let progress = small
        .progress
        .map(|progress| Progress { train: TrainConfig { lora: 2, lora_alpha: 3.0, ..progress.train }, ..progress });
    let config = AdapterConfig { first_block: 0, rank: 2, alpha: 3.0 };
    let factors: Vec<Stored> = adapter_specs(&small.model, &config)
        .into_iter()
        .map(|spec| Stored {
            values: (0..spec.len()).map(|i| i as f32 - 2.5).collect(),
            name: spec.name,
            shape: spec.shape,
        })
        .collect();
    let optimizer = state(&factors);
    Checkpoint { adapter: Some(Adapter { config, factors }), progress, optimizer, ..small }
}

fn adapter_file() -> AdapterFile {
    adapted().adapter_file().expect("it has an adapter")
}

#[test]
fn a_run_that_trains_a_part_is_read_as_it_was_written() {
    let bytes = adapted().to_bytes().expect("written");
    assert_eq!(Checkpoint::from_bytes(&bytes).expect("read"), adapted());
    let mut frozen = Checkpoint { model: ModelConfig { layers: 2, ..small().model }, ..small() };
    let train = TrainConfig { freeze: 1, ..small().progress.expect("progress").train };
    let fill = |spec: &crate::model::WeightSpec| Stored {
        values: spec.initial(1),
        name: spec.name.clone(),
        shape: spec.shape.clone(),
    };
    frozen.weights = weight_specs(&frozen.model).iter().map(fill).collect();
    let trained = trainable_specs(&frozen.model, &train);
    frozen.optimizer = trained.iter().map(|spec| moments(&spec.name, spec.initial(2), spec.initial(3))).collect();
    frozen.progress = frozen.progress.map(|progress| Progress { train, ..progress });
    assert_eq!(frozen.optimizer.len(), 11 + 2, "the second block, the last norm and the head");
    assert_eq!(Checkpoint::from_bytes(&frozen.to_bytes().expect("written")).expect("read"), frozen);

    // Settings that ask for more than the model has, in a file whose checksum is right.
    let asking = |change: fn(&mut TrainConfig)| {
        let mut asking = adapted();
        asking.progress.iter_mut().for_each(|progress| change(&mut progress.train));
        refusal(&asking.to_bytes().expect("written"))
    };
    for refused in [asking(|t| t.lora = 4), asking(|t| t.freeze = 1), asking(|t| t.lora_alpha = 0.0)] {
        assert!(refused.contains("not valid"), "{refused}");
    }
    assert!(asking(|t| t.lora = 3).contains("blocks.0.hem.lora.a"));
}

#[test]
fn adapters_are_added_to_the_matrices_that_they_are_of() {
    let (adapted, plain) = (adapted(), adapted().plain().into_owned());
    assert!(plain.adapter.is_none() && plain.progress.is_none() && plain.optimizer.is_empty());
    for (before, after) in adapted.weights.iter().zip(&plain.weights) {
        let [inputs, outputs] = before.shape[..] else { continue };
        let factor = |end: &str| {
            let name = format!("{}.lora.{end}", before.name);
            adapted.adapter.iter().flat_map(|adapter| &adapter.factors).find(|factor| factor.name == name)
        };
        let is_adapted = ["hem", "out", "gate_up", "down"].iter().any(|name| before.name.ends_with(name));
        assert_eq!(factor("a").is_some(), is_adapted, "{}", before.name);
        let (Some(a), Some(b)) = (factor("a"), factor("b")) else {
            assert_eq!(before, after);
            continue;
        };
        for (index, (before, after)) in before.values.iter().zip(&after.values).enumerate() {
            let (row, column) = (index / outputs, index % outputs);
            let product: f32 = (0..2).map(|r| a.values[2 * row + r] * b.values[r * outputs + column]).sum();
            assert!((after - before - 1.5 * product).abs() < 1e-3, "{before} {after} {product}");
            assert!(row < inputs);
        }
    }
}

#[test]
fn adapters_go_with_their_base_only() {
    let (base, file) = (Checkpoint { progress: None, ..small() }, adapter_file());
    let merged = base.merge(&[(file.clone(), 1.0)]).expect("its base");
    assert_eq!(merged.weights, adapted().plain().weights);
    let twice = base.merge(&[(file.clone(), 0.5), (file.clone(), 0.5)]).expect("its base");
    let largest = |a: &[Stored], b: &[Stored]| {
        let values = |of: &[Stored]| of.iter().flat_map(|weight| weight.values.clone()).collect::<Vec<_>>();
        values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!(largest(&twice.weights, &merged.weights) < 1e-4);
    let refused = |base: &Checkpoint| base.merge(&[(file.clone(), 1.0)]).expect_err("refused").1.to_string();
    let mut other = base.clone();
    other.weights[3].values[0] += 1e-6;
    assert!(refused(&other).contains("parameters whose weights are"), "{}", refused(&other));
    let renamed = Checkpoint { model: ModelConfig { slots: 9, ..base.model.clone() }, ..base };
    assert!(refused(&renamed).contains("give the checkpoint that it was trained for"));
    assert!(refused(&adapted()).contains("has it in it"));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = small().to_bytes().expect("written");
    let adapter = adapter_file().to_bytes().expect("written");
    assert_eq!(AdapterFile::from_bytes(&adapter).expect("read"), adapter_file());
    for position in 0..bytes.len().max(adapter.len()) {
        let changed = |bytes: &[u8]| {
            let mut changed = bytes.to_vec();
            changed.get_mut(position).iter_mut().for_each(|byte| **byte ^= 1 << (position % 8));
            changed
        };
        assert!(position >= bytes.len() || Checkpoint::from_bytes(&changed(&bytes)).is_err(), "byte {position}");
        assert!(position >= adapter.len() || AdapterFile::from_bytes(&changed(&adapter)).is_err(), "byte {position}");
    }
}

#[test]
fn every_bit_of_a_header_counts() {
    let bytes = small().to_bytes().expect("written");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight")) as usize;
    for position in 0..8 * header {
        let mut changed = bytes.clone();
        changed[position / 8] ^= 1 << (position % 8);
        assert!(Checkpoint::from_bytes(&changed).is_err(), "bit {position}");
    }
}

/// The file as another program writes it: with the library's own layout.
fn rewritten(bytes: &[u8], change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let (_, metadata) = safetensors::SafeTensors::read_metadata(bytes).expect("a safetensors file");
    let tensors = safetensors::SafeTensors::deserialize(bytes).expect("a safetensors file");
    let data: Vec<_> = tensors
        .iter()
        .map(|(name, view)| (name, view.dtype(), view.shape().to_vec(), change(name, view.data().to_vec())))
        .collect();
    let views = data.iter().map(|(name, dtype, shape, data)| {
        (*name, safetensors::tensor::TensorView::new(*dtype, shape.clone(), data).expect("a tensor"))
    });
    safetensors::serialize(views, metadata.metadata().clone()).expect("written")
}

#[test]
fn a_file_that_another_program_wrote_anew_is_read_and_a_changed_one_told() {
    let packed = small().pack(Packing::Int8).expect("packed");
    for bytes in [small().to_bytes().expect("written"), adapted().to_bytes().expect("written"), packed] {
        let other = rewritten(&bytes, |_, data| data);
        assert_ne!(other, bytes);
        let opened = Checkpoint::open(&other).expect("read");
        assert!(!opened.changed && opened.content == Checkpoint::from_bytes(&bytes).expect("read"));
    }
    let bytes = small().to_bytes().expect("written");
    let set = |to: f32| {
        rewritten(&bytes, move |name, mut data| {
            if name == "embedding" {
                data[..4].copy_from_slice(&to.to_le_bytes());
            }
            data
        })
    };
    let opened = Checkpoint::open(&set(0.5)).expect("read");
    assert!(opened.changed && opened.content.weights[0].values[0] == 0.5);
    assert!(refusal(&set(f32::NAN)).contains("no number"));

    let adapter = adapter_file().to_bytes().expect("written");
    let opened = AdapterFile::open(&rewritten(&adapter, |_, data| data)).expect("read");
    assert_eq!(opened, Opened { content: adapter_file(), changed: false });
    let zeros = rewritten(&adapter, |_, data| vec![0; data.len()]);
    assert!(AdapterFile::open(&zeros).expect("read").changed);
    let cut = set(0.5);
    assert!(refusal(&cut[..cut.len() - 1]).contains("truncated"));
}

#[test]
fn every_truncation_is_called_one() {
    let bytes = small().to_bytes().expect("written");
    for length in (0..bytes.len()).step_by(97) {
        assert!(refusal(&bytes[..length]).contains("truncated"), "{length}: {}", refusal(&bytes[..length]));
    }
    let adapter = adapter_file().to_bytes().expect("written");
    for length in (0..adapter.len()).step_by(41) {
        let error = AdapterFile::from_bytes(&adapter[..length]).expect_err("refused").to_string();
        assert!(error.contains("truncated"), "{length}: {error}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(Checkpoint::from_bytes(&longer).is_err());
}

/// The weights of a file in fewer bits, once it is read.
fn unpacked(checkpoint: &Checkpoint, packing: Packing) -> Checkpoint {
    Checkpoint::from_bytes(&checkpoint.pack(packing).expect("packed")).expect("read")
}

#[test]
fn a_packed_file_holds_the_model_and_nothing_of_its_training() {
    for (packing, bits) in [(Packing::F16, 16), (Packing::Int8, 8)] {
        let read = unpacked(&small(), packing);
        assert_eq!((&read.model, &read.tokenizer), (&small().model, &small().tokenizer));
        assert!(read.progress.is_none() && read.adapter.is_none() && read.optimizer.is_empty());
        assert_eq!(small().pack(packing).expect("packed"), small().pack(packing).expect("packed"));
        let (whole, packed) = (read.to_bytes().expect("written").len(), read.pack(packing).expect("packed").len());
        let values: usize = read.weights.iter().map(|weight| weight.values.len()).sum();
        assert!(packed < whole - values * (32 - bits) / 8 / 2, "{packed} of {whole}");
    }
    // What an adapter adds is in it.
    let merged = unpacked(&adapted(), Packing::F16);
    assert_eq!(merged.weights, unpacked(&adapted().plain(), Packing::F16).weights);
    assert_ne!(merged.weights, unpacked(&small(), Packing::F16).weights);
}

#[test]
fn a_packed_file_begins_every_tensor_at_a_multiple_of_its_size() {
    let bytes = small().pack(Packing::Int8).expect("packed");
    let (length, metadata) = safetensors::SafeTensors::read_metadata(&bytes).expect("a safetensors file");
    for (name, info) in metadata.tensors() {
        let size = info.dtype.bitsize() / 8;
        assert_eq!((8 + length + info.data_offsets.0) % size, 0, "{name}");
    }
}

#[test]
fn packing_is_off_by_no_more_than_it_says() {
    let mut checkpoint = small();
    let hem = checkpoint.weights.iter_mut().find(|weight| weight.name == "blocks.0.hem").expect("there");
    let columns = hem.shape[1];
    hem.values[..columns].fill(0.0);
    hem.values[columns] = 1e5;
    for (packing, check) in [(Packing::F16, within_f16 as fn(&[f32], &[f32])), (Packing::Int8, within_int8)] {
        let read = unpacked(&checkpoint, packing);
        for (before, after) in checkpoint.weights.iter().zip(&read.weights) {
            assert_eq!((&before.name, &before.shape), (&after.name, &after.shape));
            match before.name.as_str() {
                name if !crate::model::is_matrix(name) && name != "embedding" => assert_eq!(before, after),
                _ => before
                    .values
                    .chunks(before.shape[1])
                    .zip(after.values.chunks(before.shape[1]))
                    .for_each(|(before, after)| check(before, after)),
            }
        }
    }
    checkpoint.weights[0].values[3] = f32::NAN;
    let refused = checkpoint.pack(Packing::Int8).expect_err("refused").to_string();
    assert!(refused.contains("\"embedding\" holds a value that is infinite or no number"), "{refused}");
}

#[test]
fn values_that_are_no_numbers_are_refused_by_the_name_of_their_tensor() {
    for value in [f32::NAN, f32::INFINITY] {
        let (mut weight, mut moment) = (small(), small());
        weight.weights[0].values[3] = value;
        let refused = refusal(&weight.to_bytes().expect("written"));
        assert!(refused.contains("\"embedding\" holds a value that is infinite or no number"), "{refused}");
        moment.optimizer.get_mut("embedding").expect("trained")[1].values[3] = value;
        let refused = refusal(&moment.to_bytes().expect("written"));
        assert!(refused.contains("embedding\" holds a value"), "{refused}");
    }
}

fn within_f16(before: &[f32], after: &[f32]) {
    for (before, after) in before.iter().zip(after) {
        // Half a unit in the last of eleven digits, or of the smallest numbers; what is too large becomes the largest.
        let off = (before.clamp(-65_504.0, 65_504.0) - after).abs();
        assert!(off <= (before.abs() / 2048.0).max(3e-8), "{before} {after}");
    }
}

fn within_int8(before: &[f32], after: &[f32]) {
    let most = before.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
    for (before, after) in before.iter().zip(after) {
        assert!((before - after).abs() <= most / 254.0 * 1.0001, "{before} {after}");
    }
}

#[test]
fn a_packed_file_is_checked_as_any_other() {
    let bytes = small().pack(Packing::Int8).expect("packed");
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1 << (position % 8);
        assert!(Checkpoint::from_bytes(&changed).is_err(), "byte {position}");
    }
    // A checksum that is right, and scales that are not there.
    let renamed = String::from_utf8_lossy(&bytes[8..]).find("embedding.scale").expect("there") + 8;
    let refused = refusal(&damaged_at(bytes, renamed, b'E'));
    assert!(refused.contains("embedding.scale") && refused.contains("is missing"), "{refused}");
}

#[test]
fn equal_states_give_equal_files() {
    // Sixteen files: a random order of six entries would differ somewhere.
    let first = small().to_bytes().expect("written");
    assert!((0..15).all(|_| small().to_bytes().expect("written") == first));
}

#[test]
fn foreign_and_newer_files_are_named() {
    assert!(refusal(b"hello, this is a text and no checkpoint").contains("not a safetensors file"));
    let none: Vec<(String, safetensors::tensor::TensorView)> = Vec::new();
    let foreign = safetensors::serialize(none.clone(), None).expect("written");
    assert!(refusal(&foreign).contains("not saved by mmrec"));
    let newer = HashMap::from([("format".to_owned(), "mmrec".to_owned()), ("version".to_owned(), "3".to_owned())]);
    let newer = safetensors::serialize(none, Some(newer)).expect("written");
    assert!(refusal(&newer).contains("format version 3"));
    assert!(refusal(&adapter_file().to_bytes().expect("written")).contains("give it by --adapter"));
    let checkpoint = AdapterFile::from_bytes(&small().to_bytes().expect("written")).expect_err("refused");
    assert!(checkpoint.to_string().contains("a checkpoint, not an adapter"));
}

#[test]
fn a_forged_size_allocates_nothing() {
    let mut forged = small();
    forged.model = Stage::SevenB.config(256);
    let bytes = forged.to_bytes().expect("written");
    assert!(refusal(&bytes).contains("should have shape"));
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend_from_slice(b"{}");
    assert!(refusal(&huge).contains("not a safetensors file"));
}

#[test]
fn numbers_that_no_training_gives_are_refused_by_name() {
    let changed = |change: &dyn Fn(&mut Progress)| {
        let mut changed = small();
        changed.progress.iter_mut().for_each(change);
        refusal(&changed.to_bytes().expect("written"))
    };
    let point = |change: fn(&mut Point)| changed(&move |progress| progress.history.iter_mut().for_each(change));
    for (refused, field) in [
        (changed(&|p| p.step = u64::MAX), "step = 18446744073709551615"),
        (changed(&|p| p.tokens = u64::MAX), "tokens"),
        (changed(&|p| p.sampler.cursor = u64::MAX), "sampler.cursor"),
        (changed(&|p| p.evals_since_best = u32::MAX), "stale"),
        (changed(&|p| p.evals_since_best = 8), "stale = 8"),
        (changed(&|p| p.seconds = -1.0), "seconds = -1"),
        (changed(&|p| p.flops = -1e30), "flops"),
        (changed(&|p| p.flops = f64::MAX), "flops"),
        (changed(&|p| p.pending = vec![PendingAction::Evaluate; 17]), "due"),
        (changed(&|p| p.best = Some(Best { step: 8, loss: 1.0 })), "best.step = 8"),
        (changed(&|p| p.best = Some(Best { step: 7, loss: -1e30 })), "best.loss"),
        (changed(&|p| p.grown[0].step = 8), "grown.step"),
        (changed(&|p| p.grown[0].flops = -0.5), "grown.flops"),
        (changed(&|p| p.grown[0].parameters = u64::MAX), "grown.parameters"),
        (changed(&|p| p.history.push(p.history[0].clone())), "history.step = 7"),
        (changed(&|p| p.train.seed = u64::MAX), "seed"),
        (changed(&|p| p.train.sample_every = u64::MAX), "sample_every"),
        (point(|p| p.step = u64::MAX), "history.step"),
        (point(|p| p.tokens = u64::MAX), "history.tokens"),
        (point(|p| p.epoch = -1.0), "history.epoch"),
        (point(|p| p.seconds = -1.0), "history.seconds"),
        (point(|p| p.flops = -1.0), "history.flops"),
        (point(|p| p.tokens_per_s = -1.0), "history.tokens_per_s"),
        (point(|p| p.lr = 2.0), "history.lr"),
        (point(|p| p.grad_norm = -1.0), "history.grad_norm"),
        (point(|p| p.val_loss = Some(-2.0)), "history.val_loss"),
        (point(|p| p.val_bpc = Some(-2.0)), "history.val_bpc"),
        (point(|p| p.val_perplexity = Some(-2.0)), "history.val_perplexity"),
        (point(|p| p.val_accuracy = Some(1.5)), "history.val_accuracy"),
    ] {
        assert!(
            refused.contains("progress") && refused.contains(field) && refused.contains("out of range"),
            "{refused}"
        );
    }
    // What JSON cannot say becomes nothing where a number must be; what is too large for its type is refused as such.
    assert!(changed(&|p| p.seconds = f64::NAN).contains("invalid type: null"));
    let mut infinite = small().to_bytes().expect("written");
    let written = infinite.windows(4).position(|four| four == b"2.25").expect("a loss");
    infinite[written..written + 4].copy_from_slice(b"9e99");
    assert!(refusal(&damaged_at(infinite, written, b'9')).contains("out of range"));

    let forged = AdapterFile { about: AdapterAbout { step: u64::MAX, ..adapter_file().about }, ..adapter_file() };
    let refused = AdapterFile::from_bytes(&forged.to_bytes().expect("written")).expect_err("refused").to_string();
    assert!(refused.contains("step = 18446744073709551615"), "{refused}");
}

/// A byte changed, and the checksum made right again.
fn damaged(bytes: Vec<u8>, position: prop::sample::Index, value: u8) -> Vec<u8> {
    let position = position.index(bytes.len());
    damaged_at(bytes, position, value)
}

fn damaged_at(mut bytes: Vec<u8>, position: usize, value: u8) -> Vec<u8> {
    bytes[position] = value;
    if let Some(place) = checksum_place(&bytes) {
        let sum = checksum(&bytes, &place);
        bytes[place].copy_from_slice(sum.as_bytes());
    }
    bytes
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Checkpoint::from_bytes(&bytes).is_err() && AdapterFile::from_bytes(&bytes).is_err());
    }

    #[test]
    fn random_headers_never_panic(text in "\\{[ -~]{0,200}\\}", tail in proptest::collection::vec(any::<u8>(), 0..50)) {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(&tail);
        prop_assert!(Checkpoint::from_bytes(&bytes).is_err());
    }

    #[test]
    fn damage_with_a_right_checksum_never_panics(position in any::<prop::sample::Index>(), value in any::<u8>()) {
        for checkpoint in [small(), adapted()] {
            let damaged = damaged(checkpoint.to_bytes().expect("written"), position, value);
            let _: Result<_, _> = Checkpoint::from_bytes(&damaged);
        }
        let adapter = damaged(adapter_file().to_bytes().expect("written"), position, value);
        let _: Result<_, _> = AdapterFile::from_bytes(&adapter);
        for packing in [Packing::F16, Packing::Int8] {
            let _: Result<_, _> = Checkpoint::from_bytes(&damaged(small().pack(packing).expect("packed"), position, value));
        }
    }

    #[test]
    fn packed_weights_are_near_whatever_they_are(seed in any::<u64>(), factor in 1e-6f32..1e3) {
        let mut checkpoint = small();
        let specs = weight_specs(&checkpoint.model);
        for (weight, spec) in checkpoint.weights.iter_mut().zip(&specs) {
            weight.values = spec.initial(seed).iter().map(|value| value * factor).collect();
        }
        for (packing, check) in [(Packing::F16, within_f16 as fn(&[f32], &[f32])), (Packing::Int8, within_int8)] {
            for (before, after) in checkpoint.weights.iter().zip(&unpacked(&checkpoint, packing).weights) {
                let columns = before.shape.get(1).copied().unwrap_or(1);
                let rows = before.values.chunks(columns).zip(after.values.chunks(columns));
                rows.for_each(|(before, after)| check(before, after));
            }
        }
    }
}

/// `small` as a run of today writes it, which learned another text before.
fn taught() -> Checkpoint {
    let text = |fingerprint: &str, separator: &str| LearnedText {
        fingerprint: fingerprint.to_owned(),
        validation_chars: Some(77),
        separator: separator.to_owned(),
        context: Some(32),
    };
    Checkpoint { texts: vec![text("before", "--"), text("00", "")], ..small() }
}

#[test]
fn what_was_learned_is_kept_by_all_that_comes_of_a_checkpoint() {
    let taught = taught();
    let texts = taught.texts.clone();
    assert_eq!(taught.learned(), texts);
    assert_eq!(Checkpoint::from_bytes(&taught.to_bytes().expect("written")).expect("read"), taught);
    for packing in [Packing::F16, Packing::Int8] {
        let packed = Checkpoint::from_bytes(&taught.pack(packing).expect("packed")).expect("read");
        assert_eq!((packed.learned(), packed.progress), (texts.clone(), None));
    }
    let running = Checkpoint { texts: texts.clone(), ..adapted() };
    assert_eq!(running.plain().learned(), texts);
    let file = running.adapter_file().expect("it has an adapter");
    assert_eq!(file.texts, texts[1..], "an adapter learned the text of its run");
    assert_eq!(AdapterFile::from_bytes(&file.to_bytes().expect("written")).expect("read"), file);
    let base = Checkpoint { progress: None, texts: texts[..1].to_vec(), ..small() };
    assert_eq!(base.merge(&[(file, 1.0)]).expect("merged").learned(), texts);
}

#[test]
fn a_file_of_an_earlier_version_names_the_text_of_its_run() {
    let (old, learned) = (small(), small().learned());
    let context = old.progress.as_ref().map(|progress| progress.train.context);
    assert_eq!(learned, [LearnedText { fingerprint: "00".to_owned(), context, ..LearnedText::default() }]);
    assert!(!String::from_utf8_lossy(&old.to_bytes().expect("written")).contains("texts"), "it is written as it was");
    let packed = Checkpoint::from_bytes(&old.pack(Packing::F16).expect("packed")).expect("read");
    assert_eq!(packed.texts, learned);
}

#[test]
fn lists_of_texts_that_no_run_writes_are_refused() {
    let mut many = taught();
    many.texts = vec![many.texts[0].clone(); 65];
    assert!(refusal(&many.to_bytes().expect("written")).contains("texts = 65 is out of range"));
    let mut none = taught();
    none.texts[0].context = Some(0);
    assert!(refusal(&none.to_bytes().expect("written")).contains("context = 0 is out of range"));
    let mut texts = Vec::new();
    (0..99).for_each(|i| learn(&mut texts, LearnedText { fingerprint: i.to_string(), ..LearnedText::default() }));
    assert!(texts.len() == 64 && texts[63].fingerprint == "98", "{texts:?}");
}
