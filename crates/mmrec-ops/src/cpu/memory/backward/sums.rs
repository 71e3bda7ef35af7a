//! What the gradients of all chunks add to.

use super::Gradients;
use crate::cpu::memory::geometry::Geometry;
use crate::cpu::memory::inputs::Inputs;
use crate::cpu::memory::matrix::{add_scaled, unrotate_row};
use crate::cpu::memory::slots::{Level, merge_backward};

/// Sums that chunks add to.
pub struct GradSums {
    /// Of the head's inputs; keys, values and salience without what comes through slots until the end.
    pub out: Gradients,
    /// Of the keys at their rotary positions, `[time, head_stride]`
    pub roped_key: Vec<f32>,
    /// Of the slots of every level.
    pub levels: Vec<Level>,
    /// Of the recurrent memory after the chunk at hand, `[d, head_stride]`
    pub state: Vec<f32>,
    /// The same, transposed.
    pub state_t: Vec<f32>,
}

impl GradSums {
    /// Zeros.
    pub fn new(g: &Geometry) -> Self {
        let rows = || vec![0.0; g.time * g.head_stride];
        let gates = || vec![0.0; g.time];
        let out = Gradients {
            query: rows(),
            key: rows(),
            value: rows(),
            gate: rows(),
            salience: gates(),
            decay_gate: gates(),
            write_gate: gates(),
            rate: 0.0,
            score_scale: 0.0,
            bias: vec![0.0; g.sizes.levels],
            norm: vec![0.0; g.head_stride],
        };
        Self {
            out,
            roped_key: rows(),
            levels: g.slots.iter().map(|slots| Level::zeros(*slots, g.head_stride)).collect(),
            state: vec![0.0; g.d * g.head_stride],
            state_t: vec![0.0; g.d * g.head_stride],
        }
    }

    /// Takes the gradients of the slots, from the last level down, and of the rotated keys to those of the tokens.
    #[inline(always)]
    pub fn finish(mut self, g: &Geometry, inputs: &Inputs) -> Gradients {
        for above in (1..self.levels.len()).rev() {
            let (below, above_gradient) = self.levels.split_at_mut(above);
            let (units, to) = (&inputs.levels[above - 1], &mut below[above - 1]);
            let mut to = [&mut to.keys[..], &mut to.values, &mut to.log_mass];
            let units = [&units.keys[..], &units.values, &units.log_mass];
            merge_backward(units, &above_gradient[0], &mut to, g.sizes.merge_factor, g.head_stride);
        }
        let out = &mut self.out;
        if let Some(first) = self.levels.first() {
            let mut to = [&mut out.key[..], &mut out.value, &mut out.salience];
            let units = [&inputs.key[..], &inputs.value, &inputs.salience];
            merge_backward(units, first, &mut to, g.chunk, g.head_stride);
        }
        let [cos, sin] = &g.rope;
        let chunk = g.chunk * g.head_stride;
        for (roped, to) in self.roped_key.chunks_exact_mut(chunk).zip(out.key.chunks_exact_mut(chunk)) {
            let tables = cos.chunks_exact(g.head_stride).zip(sin.chunks_exact(g.head_stride));
            for (row, (cos, sin)) in roped.chunks_exact_mut(g.head_stride).zip(tables) {
                unrotate_row(&mut row[..g.d], g.d / 2, cos, sin);
            }
            add_scaled(to, roped, 1.0);
        }
        self.out
    }
}
