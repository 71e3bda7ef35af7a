//! What the gradients of all blocks add to.

use super::Gradients;
use crate::ops::cpu::memory::geometry::Geometry;
use crate::ops::cpu::memory::inputs::Inputs;
use crate::ops::cpu::memory::matrix::{add_scaled, unrotate_row};
use crate::ops::cpu::memory::slots::{Level, merge_backward};

/// Sums that blocks add to.
pub struct Sums {
    pub out: Gradients,
    pub rotated_key: Vec<f32>,
    pub levels: Vec<Level>,
    /// Of the recurrent memory after the block at hand, `[d, wide]`, and its transpose.
    pub state: Vec<f32>,
    pub turned_state: Vec<f32>,
}

impl Sums {
    pub fn new(g: &Geometry) -> Self {
        let rows = || vec![0.0; g.time * g.wide];
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
            norm: vec![0.0; g.wide],
        };
        Self {
            out,
            rotated_key: rows(),
            levels: g.slots.iter().map(|slots| Level::zeros(*slots, g.wide)).collect(),
            state: vec![0.0; g.d * g.wide],
            turned_state: vec![0.0; g.d * g.wide],
        }
    }

    /// Takes the gradients of the slots, from the last level down, and of the rotated keys to those of the tokens.
    #[inline(always)]
    pub fn finish(mut self, g: &Geometry, inputs: &Inputs) -> Gradients {
        for above in (1..self.levels.len()).rev() {
            let (below, above_gradient) = self.levels.split_at_mut(above);
            let (units, to) = (&inputs.levels[above - 1], &mut below[above - 1]);
            let mut to = [&mut to.keys[..], &mut to.values, &mut to.mass];
            let units = [&units.keys[..], &units.values, &units.mass];
            merge_backward(units, &above_gradient[0], &mut to, g.sizes.fan_in, g.wide);
        }
        let out = &mut self.out;
        if let Some(first) = self.levels.first() {
            let mut to = [&mut out.key[..], &mut out.value, &mut out.salience];
            let units = [&inputs.key[..], &inputs.value, &inputs.salience];
            merge_backward(units, first, &mut to, g.block, g.wide);
        }
        let [cos, sin] = &g.rotation;
        let block = g.block * g.wide;
        for (rotated, to) in self.rotated_key.chunks_exact_mut(block).zip(out.key.chunks_exact_mut(block)) {
            let tables = cos.chunks_exact(g.wide).zip(sin.chunks_exact(g.wide));
            for (row, (cos, sin)) in rotated.chunks_exact_mut(g.wide).zip(tables) {
                unrotate_row(&mut row[..g.d], g.d / 2, cos, sin);
            }
            add_scaled(to, rotated, 1.0);
        }
        self.out
    }
}
