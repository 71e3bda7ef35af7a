//! The recurrent memory of one head, forward: h_t = a_t h_{t−1} + β_t φ(k_t) v_tᵀ, read by silu(q_t) h_t; a masked product inside a
//! block, and the memory from block to block.

use pulp::Simd;

use super::geometry::Geometry;
use super::inputs::Inputs;
use super::matrix::scale;
use super::scratch::Scratch;
use crate::ops::cpu::matmul::Write::{Add, Set};
use crate::ops::cpu::matmul::{Strided, product};
use crate::ops::cpu::rms_norm::inverse_rms;
use crate::ops::cpu::simd::exp;

impl Scratch {
    /// The decays inside a block.
    #[inline(always)]
    pub fn decay(&mut self, g: &Geometry, inputs: &Inputs, block: usize) {
        let mut sum = 0.0;
        for ((decay, kept), gate) in self.decay.iter_mut().zip(&mut self.kept).zip(&inputs.decay_gate[g.rows(block)]) {
            sum += gate * inputs.rate;
            (*decay, *kept) = (sum, exp(sum));
        }
        for ((rest, decay), write) in self.rest.iter_mut().zip(&self.decay).zip(&inputs.write_gate[g.rows(block)]) {
            *rest = exp(sum - decay) * write;
        }
    }

    /// The reads of the recurrent memory, normalised, into `both`; `state` is the memory before the block.
    #[inline(always)]
    pub fn gated_linear_attention<S: Simd>(
        &mut self,
        simd: S,
        g: &Geometry,
        inputs: &Inputs,
        block: usize,
        state: &[f32],
    ) {
        let (c, wide, queries) = (g.block, g.wide, g.queries);
        self.decay(g, inputs, block);
        let rows = g.rows(block);
        let keys = Strided::rows(&inputs.unit_key[rows.start * wide..], wide);
        product(simd, Set, &mut self.score, keys, &self.active, [c, g.d, queries]);
        let tokens = self.score.chunks_exact_mut(queries).zip(self.weight.chunks_exact_mut(queries));
        for (j, (score, weight)) in tokens.enumerate() {
            let (decay, write) = (self.decay[j], inputs.write_gate[rows.start + j]);
            // What is written later is not seen; the padding behind the last query is never read.
            weight[..j].fill(0.0);
            for (weight, later) in weight[j..c].iter_mut().zip(&self.decay[j..c]) {
                *weight = exp(later - decay) * write;
            }
            for (score, weight) in score.iter_mut().zip(weight) {
                *score *= *weight;
            }
        }
        let values = &inputs.value[rows.start * wide..];
        product(simd, Set, &mut self.read, Strided::columns(&self.score, queries), values, [c, c, wide]);
        let faded = &mut self.brief[..g.d * queries];
        for (faded, active) in faded.chunks_exact_mut(queries).zip(self.active.chunks_exact(queries)) {
            for ((faded, active), kept) in faded.iter_mut().zip(active).zip(&self.kept) {
                *faded = active * kept;
            }
        }
        product(simd, Add, &mut self.read, Strided::columns(faded, queries), state, [c, g.d, wide]);
        let reads = self.read.chunks_exact(wide).zip(self.both.chunks_exact_mut(wide));
        for ((read, both), inverse) in reads.zip(&mut self.inverse) {
            *inverse = inverse_rms(read, g.d);
            for ((both, read), norm) in both.iter_mut().zip(read).zip(&inputs.norm) {
                *both = read * *inverse * norm;
            }
        }
    }

    /// Carries the recurrent memory `[d, wide]` over a block whose [decays](Self::decay) are there.
    #[inline(always)]
    pub fn advance<S: Simd>(&mut self, simd: S, g: &Geometry, inputs: &Inputs, block: usize, state: &mut [f32]) {
        let rows = g.rows(block);
        let written = &mut self.brief[..g.block * g.wide];
        written.copy_from_slice(&inputs.unit_key[rows.start * g.wide..rows.end * g.wide]);
        for (written, rest) in written.chunks_exact_mut(g.wide).zip(&self.rest) {
            scale(written, *rest);
        }
        scale(state, self.kept[g.block - 1]);
        let values = &inputs.value[rows.start * g.wide..];
        product(simd, Add, state, Strided::columns(written, g.wide), values, [g.d, g.block, g.wide]);
    }
}
