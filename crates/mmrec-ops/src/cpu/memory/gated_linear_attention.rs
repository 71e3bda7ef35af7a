//! The recurrent memory of one head, forward: h_t = a_t h_{t−1} + β_t φ(k_t)ᵀ v_t, read by silu(q_t) h_t; a masked product inside a
//! chunk, and the memory from chunk to chunk.

use pulp::Simd;

use super::geometry::Geometry;
use super::inputs::Inputs;
use super::matrix::scale;
use super::scratch::Scratch;
use crate::cpu::matmul::Write::{Add, Set};
use crate::cpu::matmul::{Strided, small_gemm};
use crate::cpu::rms_norm::inverse_rms;
use crate::cpu::simd::exp;

impl Scratch {
    /// The decays inside a chunk.
    #[inline(always)]
    pub fn decays(&mut self, g: &Geometry, inputs: &Inputs, chunk: usize) {
        let mut sum = 0.0;
        let tokens = self.cum_log_decay.iter_mut().zip(&mut self.decay_to_here);
        for ((cum_log_decay, to_here), gate) in tokens.zip(&inputs.decay_gate[g.rows(chunk)]) {
            sum += gate * inputs.rate;
            (*cum_log_decay, *to_here) = (sum, exp(sum));
        }
        let tokens = self.decay_to_end.iter_mut().zip(&self.cum_log_decay);
        for ((to_end, cum_log_decay), write) in tokens.zip(&inputs.write_gate[g.rows(chunk)]) {
            *to_end = exp(sum - cum_log_decay) * write;
        }
    }

    /// The reads of the recurrent memory, normalised, into `out`; `state` is h before the chunk.
    #[inline(always)]
    pub fn gated_linear_attention<S: Simd>(
        &mut self,
        simd: S,
        g: &Geometry,
        inputs: &Inputs,
        chunk: usize,
        state: &[f32],
    ) {
        let (c, head_stride, chunk_stride) = (g.chunk, g.head_stride, g.chunk_stride);
        self.decays(g, inputs, chunk);
        let rows = g.rows(chunk);
        let keys = Strided::rows(&inputs.unit_key[rows.start * head_stride..], head_stride);
        small_gemm(simd, Set, &mut self.masked_qk, keys, &self.silu_q_t, [c, g.d, chunk_stride]);
        let tokens = self.masked_qk.chunks_exact_mut(chunk_stride).zip(self.decay_mask.chunks_exact_mut(chunk_stride));
        for (j, (masked_qk, mask)) in tokens.enumerate() {
            let (from, write) = (self.cum_log_decay[j], inputs.write_gate[rows.start + j]);
            // What is written later is not seen; the padding behind the last query is never read.
            mask[..j].fill(0.0);
            for (mask, later) in mask[j..c].iter_mut().zip(&self.cum_log_decay[j..c]) {
                *mask = exp(later - from) * write;
            }
            for (masked_qk, mask) in masked_qk.iter_mut().zip(mask) {
                *masked_qk *= *mask;
            }
        }
        let values = &inputs.value[rows.start * head_stride..];
        let size = [c, c, head_stride];
        small_gemm(simd, Set, &mut self.read, Strided::columns(&self.masked_qk, chunk_stride), values, size);
        let decayed = &mut self.temp[..g.d * chunk_stride];
        for (decayed, active) in decayed.chunks_exact_mut(chunk_stride).zip(self.silu_q_t.chunks_exact(chunk_stride)) {
            for ((decayed, active), to_here) in decayed.iter_mut().zip(active).zip(&self.decay_to_here) {
                *decayed = active * to_here;
            }
        }
        let size = [c, g.d, head_stride];
        small_gemm(simd, Add, &mut self.read, Strided::columns(decayed, chunk_stride), state, size);
        let reads = self.read.chunks_exact(head_stride).zip(self.out.chunks_exact_mut(head_stride));
        for ((read, out), inverse) in reads.zip(&mut self.inverse_rms) {
            *inverse = inverse_rms(read, g.d);
            for ((out, read), norm) in out.iter_mut().zip(read).zip(&inputs.norm) {
                *out = read * *inverse * norm;
            }
        }
    }

    /// Carries the recurrent memory `[d, head_stride]` over a chunk whose [decays](Self::decays) are there:
    /// h ← e^(c_C) h + Σ_j e^(c_C − c_j) β_j φ(k_j)ᵀ v_j.
    #[inline(always)]
    pub fn advance<S: Simd>(&mut self, simd: S, g: &Geometry, inputs: &Inputs, chunk: usize, state: &mut [f32]) {
        let rows = g.rows(chunk);
        let written = &mut self.temp[..g.chunk * g.head_stride];
        written.copy_from_slice(&inputs.unit_key[rows.start * g.head_stride..rows.end * g.head_stride]);
        for (written, to_end) in written.chunks_exact_mut(g.head_stride).zip(&self.decay_to_end) {
            scale(written, *to_end);
        }
        scale(state, self.decay_to_here[g.chunk - 1]);
        let values = &inputs.value[rows.start * g.head_stride..];
        let size = [g.d, g.chunk, g.head_stride];
        small_gemm(simd, Add, state, Strided::columns(written, g.head_stride), values, size);
    }
}
