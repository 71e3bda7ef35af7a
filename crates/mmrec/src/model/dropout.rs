//! Dropout whose masks are a pure function of (seed, step, place), so that a resumed run drops the same values.

use burn::tensor::{Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Draws the masks of one pass, one after the other.
///
/// A clone draws the same masks once more.
#[derive(Debug, Clone)]
pub struct Dropout {
    rate: f64,
    rng: ChaCha8Rng,
}

impl Dropout {
    /// Masks of pass number `pass` of a run; `rate` is the share dropped.
    pub fn new(rate: f64, seed: u64, pass: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x6472_6f70_6f75_7421);
        rng.set_stream(pass);
        Self { rate, rng }
    }

    /// Whether nothing is dropped.
    pub fn is_off(&self) -> bool {
        self.rate == 0.0
    }

    /// Zeroes a share of `x` and scales the rest so that the mean stays.
    pub fn apply<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        if self.is_off() {
            return x;
        }
        let keep = (1.0 / (1.0 - self.rate)) as f32;
        let threshold = (self.rate * 65_536.0) as u32;
        let count: usize = x.dims().iter().product();
        let mut mask = Vec::with_capacity(count + 1);
        while mask.len() < count {
            let bits = self.rng.next_u32();
            mask.push(if bits & 0xffff < threshold { 0.0 } else { keep });
            mask.push(if bits >> 16 < threshold { 0.0 } else { keep });
        }
        mask.truncate(count);
        let mask = Tensor::from_data(TensorData::new(mask, x.dims()), &x.device());
        x * mask
    }
}
