//! Scratch space of the backward pass of one block, and what is simple in it.

use super::Gradients;
use crate::ops::cpu::memory::geometry::Geometry;
use crate::ops::cpu::memory::inputs::Inputs;
use crate::ops::cpu::memory::matrix::transpose;
use crate::ops::cpu::memory::scratch::Scratch;
use crate::ops::cpu::rms_norm::rms_norm_backward;
use crate::ops::cpu::simd::{silu, silu_slope};

/// Scratch space of the backward pass of one block.
pub struct Brief {
    /// Of r + ctx, then of the reads before their norm: `[C, wide]`, and transposed `[d, queries]`.
    pub read: Vec<f32>,
    pub read_turned: Vec<f32>,
    /// Of the softmax weights, then of the scores, `[entries, queries]`.
    pub share: Vec<f32>,
    /// Of the masked products inside the block, `[C (j), queries (i)]`.
    pub pairs: Vec<f32>,
    /// Of the three asked forms of the queries, and of silu(q), `[d, queries]`.
    pub asked: [Vec<f32>; 3],
    pub active: Vec<f32>,
    /// The asked forms and silu(q) as rows, `[C, wide]`.
    pub asked_rows: [Vec<f32>; 3],
    pub active_rows: Vec<f32>,
    /// Of φ(k), `[C, wide]`.
    pub unit_key: Vec<f32>,
    /// Of the running sums of ln a, `[C]`.
    pub decay: Vec<f32>,
    pub rows: Vec<f32>,
    pub turned: Vec<f32>,
    pub sums: Vec<f32>,
}

impl Brief {
    pub fn new(g: &Geometry) -> Self {
        let rows = || vec![0.0; g.block * g.wide];
        let turned = || vec![0.0; g.d * g.queries];
        Self {
            read: rows(),
            read_turned: turned(),
            share: vec![0.0; g.entries() * g.queries],
            pairs: vec![0.0; g.block * g.queries],
            asked: [turned(), turned(), turned()],
            active: turned(),
            asked_rows: [rows(), rows(), rows()],
            active_rows: rows(),
            unit_key: rows(),
            decay: vec![0.0; g.block],
            rows: rows(),
            turned: turned(),
            sums: vec![0.0; g.queries],
        }
    }

    /// Through (r + ctx) ⊙ silu(e).
    #[inline(always)]
    pub fn gate(&mut self, g: &Geometry, inputs: &Inputs, s: &Scratch, block: usize, gradient: &[f32], to: &mut [f32]) {
        let rows = g.rows(block).start * g.wide..g.rows(block).end * g.wide;
        let (gradient, gate, to) = (&gradient[rows.clone()], &inputs.gate[rows.clone()], &mut to[rows]);
        for ((((read, to), both), gradient), gate) in self.read.iter_mut().zip(to).zip(&s.both).zip(gradient).zip(gate)
        {
            *to = gradient * both * silu_slope(*gate);
            *read = gradient * silu(*gate);
        }
        transpose(&self.read, g.wide, [g.block, g.d], &mut self.read_turned, g.queries);
    }

    /// Through the norm of the reads.
    #[inline(always)]
    pub fn norm(&mut self, g: &Geometry, inputs: &Inputs, s: &Scratch, to: &mut [f32]) {
        let rows = self.read.chunks_exact_mut(g.wide).zip(s.read.chunks_exact(g.wide));
        for ((gradient, read), inverse) in rows.zip(&s.inverse) {
            rms_norm_backward(gradient, read, *inverse, &inputs.norm, to);
        }
        transpose(&self.read, g.wide, [g.block, g.d], &mut self.read_turned, g.queries);
    }

    /// The gradient of q from those of its forms.
    #[inline(always)]
    pub fn queries(&mut self, g: &Geometry, inputs: &Inputs, s: &Scratch, block: usize, to: &mut Gradients) {
        let asked = &mut self.asked[0];
        for ((asked, active), query) in asked.iter_mut().zip(&self.active).zip(&s.query) {
            *asked = *asked * inputs.score_scale + active * silu_slope(*query);
        }
        let rows = g.rows(block).start * g.wide..g.rows(block).end * g.wide;
        transpose(asked, g.queries, [g.d, g.block], &mut to.query[rows], g.wide);
    }
}
