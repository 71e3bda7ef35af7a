use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::config::{AdapterConfig, Stage};
use crate::model::{adapter_specs, weight_specs};

fn small() -> Checkpoint {
    let model = ModelConfig { width: 4, layers: 1, heads: 1, feed_forward: 3, levels: 1, ..Stage::Tiny.config(256) };
    let weights: Vec<Stored> = weight_specs(&model)
        .into_iter()
        .map(|spec| Stored { values: spec.initial(1), name: spec.name, shape: spec.shape })
        .collect();
    let moments = weights.iter().map(|w| [w.values.clone(), w.values.iter().map(|v| v * v).collect()]).collect();
    let progress = Progress {
        train: TrainConfig::for_model(&model),
        step: 7,
        sampler: Sampler { seed: 3, cursor: 56 },
        tokens: 1_792,
        seconds: 1.5,
        history: vec![Point { step: 7, train_loss: 2.5, val_loss: Some(2.25), ..Point::default() }],
        best: Some(Best { step: 7, loss: 2.25 }),
        stale: 0,
        settled: false,
        grown: vec![Growth { step: 3, flops: 0.5e9, parameters: 77 }],
        flops: 1.5e9,
        due: vec![Due::Evaluate],
        data_name: "a \"quoted\" name with \"checksum\":\"in it".to_owned(),
        data_fingerprint: "00".to_owned(),
    };
    Checkpoint { model, tokenizer: Tokenizer::Byte, weights, adapter: None, progress: Some(progress), moments }
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
    let weights_only = Checkpoint { progress: None, moments: Vec::new(), ..checkpoint };
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
    let moments = factors.iter().map(|f| [f.values.clone(), f.values.iter().map(|v| v * v).collect()]).collect();
    Checkpoint { adapter: Some(Adapter { config, factors }), progress, moments, ..small }
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
    frozen.moments = trained_specs(&frozen.model, &train).iter().map(|s| [s.initial(2), s.initial(3)]).collect();
    frozen.progress = frozen.progress.map(|progress| Progress { train, ..progress });
    assert_eq!(frozen.moments.len(), 11 + 2, "the second block, the last norm and the head");
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
    assert!(plain.adapter.is_none() && plain.progress.is_none() && plain.moments.is_empty());
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
    let newer = HashMap::from([("format".to_owned(), "mmrec".to_owned()), ("version".to_owned(), "2".to_owned())]);
    let newer = safetensors::serialize(none, Some(newer)).expect("written");
    assert!(refusal(&newer).contains("format version 2"));
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

/// A byte changed, and the checksum made right again.
fn damaged(mut bytes: Vec<u8>, position: prop::sample::Index, value: u8) -> Vec<u8> {
    let position = position.index(bytes.len());
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
        let damaged = damaged(adapter_file().to_bytes().expect("written"), position, value);
        let _: Result<_, _> = AdapterFile::from_bytes(&damaged);
    }
}
