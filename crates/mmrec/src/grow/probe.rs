//! Whether a grown model gives what the old one gives.

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::checkpoint::Checkpoint;
use crate::model::Dropout;
use crate::platform::read;

/// Tokens to compare on.
const TOKENS: u64 = 64;

/// How far two models are apart on some tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The tokens compared on.
    pub tokens: usize,
    /// The largest difference of two logits.
    pub largest: f32,
    /// The largest logit, for comparison.
    pub logits: f32,
}

impl Difference {
    /// Whether rounding explains it: sums of other lengths are rounded otherwise. Never so where a logit is not a number.
    pub fn is_rounding(&self) -> bool {
        self.largest <= 1e-3 * self.logits.max(1.0)
    }
}

/// Compares the logits of the old model's tokens on a random text within its horizon.
///
/// # Errors
/// [`Error::DeviceLost`] if the device fails.
pub async fn difference(old: &Checkpoint, grown: &Checkpoint, seed: u64, device: &Device) -> Result<Difference, Error> {
    let vocab = old.model.vocab;
    let count = TOKENS.min(old.model.horizon()) as usize;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let tokens: Vec<i32> = (0..count).map(|_| rng.random_range(0..vocab) as i32).collect();
    let before = logits(old, &tokens, vocab, device).await?;
    let after = logits(grown, &tokens, vocab, device).await?;
    Ok(Difference {
        tokens: count,
        largest: largest(before.iter().zip(&after).map(|(a, b)| (a - b).abs())),
        logits: largest(before.iter().map(|logit| logit.abs())),
    })
}

/// The logits of the first `vocab` tokens at every position.
async fn logits(checkpoint: &Checkpoint, tokens: &[i32], vocab: usize, device: &Device) -> Result<Vec<f32>, Error> {
    let model = checkpoint.build_model(device);
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens.to_vec(), [1, tokens.len()]), device);
    let logits = model.forward(tokens, &mut Dropout::new(0.0, 0, 0)).narrow(2, 0, vocab);
    let count: usize = logits.dims().iter().product();
    Ok(read(vec![logits.reshape([count])]).await?.swap_remove(0))
}

/// The largest of some values; what is not a number counts as larger than any.
fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}
