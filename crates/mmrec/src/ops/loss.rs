//! Cross-entropy on logits.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use pulp::Simd;

use super::simd::{Arch, exp, largest, sum};
use super::{Kernel, fused, has_kernels};
use crate::platform::map_chunks;

/// Mean cross-entropy in nats per token, `[1]`.
///
/// # Shapes
/// - `logits`: `[batch, time, vocab]`
/// - `targets`: `[batch, time]`
pub fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    token_losses(logits, targets).mean()
}

/// Cross-entropy of every token in nats, `[batch · time, 1]`; shapes as in [`cross_entropy`].
pub fn token_losses(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, time, vocab] = logits.dims();
    if has_kernels(&logits.device()) {
        let targets = targets.into_data().iter::<i64>().map(|target| target as usize).collect();
        return fused::apply(CrossEntropy { targets }, vec![logits.into_dispatch()]);
    }
    let log_probabilities = log_softmax(logits.reshape([batch * time, vocab]), 1);
    log_probabilities.gather(1, targets.reshape([batch * time, 1])).neg()
}

#[derive(Debug)]
struct CrossEntropy {
    targets: Vec<usize>,
}

/// Rows that one task takes.
const ROWS: usize = 64;

impl Kernel for CrossEntropy {
    fn shape(&self, _inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![self.targets.len(), 1]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let vocab = shapes[0][2];
        let mut out = vec![0.0; self.targets.len()];
        map_chunks(&mut out, ROWS, |chunk, out| {
            let (logits, targets) = (&inputs[0][chunk * ROWS * vocab..], &self.targets[chunk * ROWS..]);
            forward(logits, vocab, targets, out);
        });
        out
    }

    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let vocab = shapes[0][2];
        let mut to = vec![0.0; inputs[0].len()];
        map_chunks(&mut to, ROWS * vocab, |chunk, to| {
            let (logits, targets) = (&inputs[0][chunk * ROWS * vocab..], &self.targets[chunk * ROWS..]);
            backward(logits, vocab, targets, &gradient[chunk * ROWS..], to);
        });
        vec![to]
    }
}

#[pulp::with_simd(forward = Arch::new())]
#[inline(always)]
fn forward_simd<'a, S: Simd>(_simd: S, logits: &'a [f32], vocab: usize, targets: &'a [usize], out: &'a mut [f32]) {
    let mut powers = vec![0.0; vocab];
    for ((out, logits), target) in out.iter_mut().zip(logits.chunks_exact(vocab)).zip(targets) {
        let largest = exponentials(logits, &mut powers);
        *out = sum(&powers).ln() + largest - logits[*target];
    }
}

#[pulp::with_simd(backward = Arch::new())]
#[inline(always)]
fn backward_simd<'a, S: Simd>(
    _simd: S,
    logits: &'a [f32],
    vocab: usize,
    targets: &'a [usize],
    gradient: &'a [f32],
    to: &'a mut [f32],
) {
    let rows = logits.chunks_exact(vocab).zip(to.chunks_exact_mut(vocab));
    for (((logits, to), target), gradient) in rows.zip(targets).zip(gradient) {
        exponentials(logits, to);
        let factor = gradient / sum(to);
        to.iter_mut().for_each(|to| *to *= factor);
        to[*target] -= gradient;
    }
}

/// e to the logits' distance from the largest, which is returned.
#[inline(always)]
fn exponentials(logits: &[f32], powers: &mut [f32]) -> f32 {
    let largest = largest(logits);
    for (power, logit) in powers.iter_mut().zip(logits) {
        *power = exp(logit - largest);
    }
    largest
}
