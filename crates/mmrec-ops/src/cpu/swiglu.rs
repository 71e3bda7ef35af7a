//! The gate of the feed-forward layer.

use pulp::Simd;

use super::simd::{Arch, sigmoid, silu};
use crate::bridge::{DifferentiableKernel, Kernel};
use crate::parallel::map_chunks;

/// silu(g) ⊙ p of rows that hold g and then p, `[rows, 2·hidden]` to `[rows, hidden]`.
#[derive(Debug)]
pub struct Swiglu;

/// Rows that one task takes.
const ROWS: usize = 64;

impl Kernel for Swiglu {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[0][1] / 2]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let hidden = shapes[0][1] / 2;
        let mut out = vec![0.0; inputs[0].len() / 2];
        map_chunks(&mut out, ROWS * hidden, |chunk, out| {
            let x = &inputs[0][chunk * ROWS * 2 * hidden..];
            forward(x, hidden, out);
        });
        out
    }
}

impl DifferentiableKernel for Swiglu {
    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let hidden = shapes[0][1] / 2;
        let mut to = vec![0.0; inputs[0].len()];
        map_chunks(&mut to, ROWS * 2 * hidden, |chunk, to| {
            let (x, gradient) = (&inputs[0][chunk * ROWS * 2 * hidden..], &gradient[chunk * ROWS * hidden..]);
            backward(x, hidden, gradient, to);
        });
        vec![to]
    }
}

#[pulp::with_simd(forward = Arch::new())]
#[inline(always)]
fn forward_simd<'a, S: Simd>(_simd: S, x: &'a [f32], hidden: usize, out: &'a mut [f32]) {
    for (out, x) in out.chunks_exact_mut(hidden).zip(x.chunks_exact(2 * hidden)) {
        let (gate, value) = x.split_at(hidden);
        for ((out, gate), value) in out.iter_mut().zip(gate).zip(value) {
            *out = silu(*gate) * value;
        }
    }
}

#[pulp::with_simd(backward = Arch::new())]
#[inline(always)]
fn backward_simd<'a, S: Simd>(_simd: S, x: &'a [f32], hidden: usize, gradient: &'a [f32], to: &'a mut [f32]) {
    let rows = x.chunks_exact(2 * hidden).zip(gradient.chunks_exact(hidden));
    for ((x, gradient), to) in rows.zip(to.chunks_exact_mut(2 * hidden)) {
        let ((gate, value), (to_gate, to_value)) = (x.split_at(hidden), to.split_at_mut(hidden));
        let values = gate.iter().zip(value).zip(gradient);
        for (((gate, value), gradient), (to_gate, to_value)) in values.zip(to_gate.iter_mut().zip(to_value)) {
            let s = sigmoid(*gate);
            *to_value = gradient * gate * s;
            *to_gate = gradient * value * s * (1.0 + gate * (1.0 - s));
        }
    }
}
