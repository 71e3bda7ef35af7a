use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::config::Stage;

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
    Checkpoint { model, tokenizer: Tokenizer::Byte, weights, progress: Some(progress), moments }
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

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = small().to_bytes().expect("written");
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1 << (position % 8);
        assert!(Checkpoint::from_bytes(&changed).is_err(), "byte {position}");
    }
}

#[test]
fn every_truncation_is_called_one() {
    let bytes = small().to_bytes().expect("written");
    for length in (0..bytes.len()).step_by(97) {
        assert!(refusal(&bytes[..length]).contains("truncated"), "{length}: {}", refusal(&bytes[..length]));
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

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Checkpoint::from_bytes(&bytes).is_err());
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
        let mut bytes = small().to_bytes().expect("written");
        let position = position.index(bytes.len());
        bytes[position] = value;
        if let Some(place) = checksum_place(&bytes) {
            let sum = checksum(&bytes, &place);
            bytes[place].copy_from_slice(sum.as_bytes());
        }
        let _: Result<_, _> = Checkpoint::from_bytes(&bytes);
    }
}
