//! The AdamW update of one weight, in one sweep over everything that belongs to it.

use pulp::Simd;

use super::simd::{Arch, dot};
use crate::bridge::{DifferentiableKernel, Kernel};
use crate::parallel::{for_each_chunk, map};
use crate::reference::AdamWStep;

/// Values that one task takes.
const CHUNK: usize = 1 << 14;

impl Kernel for AdamWStep {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![3, inputs[0][0]]
    }

    fn forward(&self, _shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let count = inputs[0].len();
        let mut out = vec![0.0; 3 * count];
        let (weight, moments) = out.split_at_mut(count);
        let (first, second) = moments.split_at_mut(count);
        for_each_chunk([weight, first, second], CHUNK, |index, out| {
            let range = index * CHUNK..index * CHUNK + out[0].len();
            let before = [0, 1, 2, 3].map(|i: usize| &inputs[i][range.clone()]);
            sweep(*self, before, inputs[4][0], out);
        });
        out
    }
}

#[pulp::with_simd(sweep = Arch::new())]
#[inline(always)]
fn sweep_simd<'a, S: Simd>(_simd: S, step: AdamWStep, before: [&'a [f32]; 4], scale: f32, after: [&'a mut [f32]; 3]) {
    let (beta1, beta2) = (AdamWStep::BETA1 as f32, AdamWStep::BETA2 as f32);
    let [weight, gradient, first, second] = before;
    let [to_weight, to_first, to_second] = after;
    let before = weight.iter().zip(gradient).zip(first).zip(second);
    let after = to_weight.iter_mut().zip(to_first).zip(to_second);
    for ((((weight, gradient), first), second), ((to_weight, to_first), to_second)) in before.zip(after) {
        let gradient = gradient * scale;
        *to_second = second * beta2 + gradient * gradient * (1.0 - beta2);
        *to_first = first * beta1 + gradient * (1.0 - beta1);
        let root = (*to_second * step.inv_bias_correction2).sqrt() + AdamWStep::EPSILON as f32;
        *to_weight = weight * step.weight_factor - *to_first * step.step_size / root;
    }
}

/// Σ xᵢ², `[1]`
#[derive(Debug)]
pub struct SumOfSquares;

impl Kernel for SumOfSquares {
    fn shape(&self, _inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![1]
    }

    fn forward(&self, _shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let parts: Vec<&[f32]> = inputs[0].chunks(CHUNK).collect();
        let sums = map(&parts, |_, part| square(part));
        vec![sums.iter().sum()]
    }
}

impl DifferentiableKernel for SumOfSquares {
    fn backward(&self, _shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        vec![inputs[0].iter().map(|x| 2.0 * x * gradient[0]).collect()]
    }
}

#[pulp::with_simd(square = Arch::new())]
#[inline(always)]
fn square_simd<S: Simd>(_simd: S, x: &[f32]) -> f32 {
    dot(x, x)
}
