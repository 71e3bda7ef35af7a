//! Models to grow, for tests: every weight off its symmetric start, and logits to compare.

use burn::tensor::{Device, Int, Tensor, TensorData};
use mmrec::checkpoint::{Checkpoint, Stored};
use mmrec::config::ModelConfig;
use mmrec::grow::Target;
use mmrec::model::{Dropout, Model, State, weight_specs};
use mmrec::tokenizer::{CharTokenizer, Tokenizer};
use mmrec::train::OptimizerState;

/// A tokenizer of `vocab` tokens; larger ones extend smaller ones.
pub fn tokenizer(vocab: usize) -> Tokenizer {
    let characters = ('!'..=char::MAX).take(vocab - 1).collect();
    Tokenizer::Char(CharTokenizer::new(characters).expect("in order"))
}

/// A model with random weights. Norms, gates, decays and biases, which start alike everywhere, are moved as well.
pub fn checkpoint(model: &ModelConfig, seed: u64) -> Checkpoint {
    let weights = weight_specs(model)
        .into_iter()
        .map(|spec| {
            let mut values = spec.initial(seed);
            if spec.shape.len() == 1 || spec.name.ends_with("level_bias") {
                let moves = (1..=values.len()).map(|i| 0.3 * (i as f32 * 12.9898 + seed as f32).sin());
                values.iter_mut().zip(moves).for_each(|(value, by)| *value += by);
            }
            Stored { name: spec.name, shape: spec.shape, values }
        })
        .collect();
    let tokenizer = tokenizer(model.vocab);
    let (model, optimizer, texts) = (model.clone(), OptimizerState::new(), Vec::new());
    Checkpoint { model, tokenizer, weights, adapter: None, progress: None, optimizer, texts }
}

/// The target of these sizes.
pub fn target(model: &ModelConfig) -> Target {
    Target { model: model.clone(), tokenizer: tokenizer(model.vocab) }
}

/// Some text as one row.
pub fn text(length: usize, vocab: usize) -> Vec<i32> {
    (0..length).map(|i| ((i * i * 31 + i * 7 + i / 5) % vocab) as i32).collect()
}

/// Tokens `[1, time]` on a device.
pub fn ids(tokens: &[i32], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(tokens.to_vec(), [1, tokens.len()]), device)
}

/// The logits of the first `vocab` tokens at every position, by the parallel form.
pub fn parallel(model: &Model, tokens: &[i32], vocab: usize) -> Vec<f32> {
    first(model.forward(ids(tokens, &model.embedding.device()), &mut Dropout::new(0.0, 0, 0)), vocab)
}

/// The same by the streaming form, token by token.
pub fn streaming(model: &Model, config: &ModelConfig, tokens: &[i32], vocab: usize) -> Vec<f32> {
    let mut state = State::new(config);
    let device = model.embedding.device();
    let logits = tokens.iter().map(|token| model.step(ids(&[*token], &device), &mut state)).collect();
    first(Tensor::cat(logits, 1), vocab)
}

fn first(logits: Tensor<3>, vocab: usize) -> Vec<f32> {
    logits.narrow(2, 0, vocab).into_data().try_to_vec().expect("floats")
}

/// The largest difference; what is not a number is larger than any.
pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}
