//! Cross-entropy on logits.

use pulp::Simd;

use super::simd::{Arch, exp, largest, sum};
use crate::bridge::{DifferentiableKernel, Kernel};
use crate::parallel::map_chunks;

/// Cross-entropy of every token in nats, `[batch · time, 1]`, from logits `[batch, time, vocab]`.
#[derive(Debug)]
pub struct CrossEntropy {
    /// The token that comes, `[batch · time]`.
    pub targets: Vec<usize>,
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
}

impl DifferentiableKernel for CrossEntropy {
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
