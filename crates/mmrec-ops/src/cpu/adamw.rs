//! The AdamW update of one weight, in one sweep over everything that belongs to it.

use burn::tensor::Tensor;
use pulp::Simd;

use super::simd::{Arch, dot};
use super::{DifferentiableKernel, Kernel};
use crate::bridge::{apply_kernel_untracked, runs_cpu_kernels};
use crate::parallel::{for_each_chunk, map};
use crate::reference;

/// One update.
#[derive(Debug, Clone, Copy)]
pub struct WeightStep {
    /// The rate over the share of the first moment that is not its start: η / (1 − β₁ᵗ).
    pub first: f32,
    /// The same of the second moment without the rate: 1 / (1 − β₂ᵗ).
    pub second: f32,
    /// What the weight itself is multiplied by.
    pub decay: f32,
}

impl WeightStep {
    /// Decay of the first moment, a mean of gradients.
    pub const BETA1: f64 = 0.9;
    /// Decay of the second moment, a mean of their squares.
    pub const BETA2: f64 = 0.95;
    /// Added to the root of the second moment.
    pub const EPSILON: f64 = 1e-8;

    /// Updates the moments and returns the new weight. All are one row of the same length; `scale` `[1]` clips the gradient.
    pub fn take(
        self,
        weight: Tensor<1>,
        gradient: Tensor<1>,
        moments: &mut [Tensor<1>; 2],
        scale: Tensor<1>,
    ) -> Tensor<1> {
        if runs_cpu_kernels(&weight.device()) {
            let [first, second] = &mut *moments;
            let [count] = weight.dims();
            let inputs = [weight, gradient, first.clone(), second.clone(), scale].map(Tensor::into_dispatch);
            let out: Tensor<2> = apply_kernel_untracked(&self, inputs.into());
            let row = |index: usize| out.clone().narrow(0, index, 1).reshape([count]);
            (*first, *second) = (row(1), row(2));
            return row(0);
        }
        reference::adamw(self, weight, gradient, moments, scale)
    }
}

/// Values that one task takes.
const CHUNK: usize = 1 << 14;

impl Kernel for WeightStep {
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
fn sweep_simd<'a, S: Simd>(_simd: S, step: WeightStep, before: [&'a [f32]; 4], scale: f32, after: [&'a mut [f32]; 3]) {
    let (beta1, beta2) = (WeightStep::BETA1 as f32, WeightStep::BETA2 as f32);
    let [weight, gradient, first, second] = before;
    let [to_weight, to_first, to_second] = after;
    let before = weight.iter().zip(gradient).zip(first).zip(second);
    let after = to_weight.iter_mut().zip(to_first).zip(to_second);
    for ((((weight, gradient), first), second), ((to_weight, to_first), to_second)) in before.zip(after) {
        let gradient = gradient * scale;
        *to_second = second * beta2 + gradient * gradient * (1.0 - beta2);
        *to_first = first * beta1 + gradient * (1.0 - beta1);
        let root = (*to_second * step.second).sqrt() + WeightStep::EPSILON as f32;
        *to_weight = weight * step.decay - *to_first * step.first / root;
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
