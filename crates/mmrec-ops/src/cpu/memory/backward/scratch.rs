//! Scratch space of the backward pass of one chunk, and the steps that need no more.

use std::ops::Range;

use super::Gradients;
use crate::cpu::memory::geometry::Geometry;
use crate::cpu::memory::inputs::Inputs;
use crate::cpu::memory::matrix::transpose;
use crate::cpu::memory::scratch::Scratch;
use crate::cpu::rms_norm::rms_norm_backward;
use crate::cpu::simd::{silu, silu_slope};

/// What the backward pass of one chunk reads.
#[derive(Clone, Copy)]
pub struct ChunkContext<'a> {
    pub g: &'a Geometry,
    pub inputs: &'a Inputs,
    /// The chunk, recomputed.
    pub scratch: &'a Scratch,
    /// Its number.
    pub chunk: usize,
}

impl ChunkContext<'_> {
    /// Where the chunk's tokens stand in matrices `[time, head_stride]`.
    #[inline(always)]
    pub fn range(&self) -> Range<usize> {
        let rows = self.g.rows(self.chunk);
        rows.start * self.g.head_stride..rows.end * self.g.head_stride
    }
}

/// Gradients of what [`Scratch`] holds, and scratch space.
pub struct GradScratch {
    /// Of r + ctx, then of the reads before their norm: `[C, head_stride]`
    pub grad_read: Vec<f32>,
    /// The same, transposed: `[d, chunk_stride]`
    pub grad_read_t: Vec<f32>,
    /// Of the softmax's probabilities, then of the scores: `[entries, chunk_stride]`
    pub grad_probs: Vec<f32>,
    /// Of the masked products inside the chunk, then of the products silu(q_i) · φ(k_j): `[C (j), chunk_stride (i)]`
    pub grad_masked_qk: Vec<f32>,
    /// Of the three forms of η q: `[d, chunk_stride]` each
    pub grad_q_scaled: [Vec<f32>; 3],
    /// Of silu(q): `[d, chunk_stride]`
    pub grad_silu_q_t: Vec<f32>,
    /// The forms of η q as rows: `[C, head_stride]` each
    pub q_scaled_rows: [Vec<f32>; 3],
    /// silu(q) as rows: `[C, head_stride]`
    pub silu_q_rows: Vec<f32>,
    /// Of φ(k): `[C, head_stride]`
    pub grad_unit_key: Vec<f32>,
    /// Of c_i, the running sums of ln a: `[C]`
    pub grad_cum_log_decay: Vec<f32>,
    /// `[C, head_stride]`, for what is needed only briefly
    pub temp_rows: Vec<f32>,
    /// `[d, chunk_stride]`, the same
    pub temp_t: Vec<f32>,
    /// A number for each query, `[chunk_stride]`
    pub sums: Vec<f32>,
}

impl GradScratch {
    /// Space for any chunk.
    pub fn new(g: &Geometry) -> Self {
        let rows = || vec![0.0; g.chunk * g.head_stride];
        let transposed = || vec![0.0; g.d * g.chunk_stride];
        Self {
            grad_read: rows(),
            grad_read_t: transposed(),
            grad_probs: vec![0.0; g.entries() * g.chunk_stride],
            grad_masked_qk: vec![0.0; g.chunk * g.chunk_stride],
            grad_q_scaled: [transposed(), transposed(), transposed()],
            grad_silu_q_t: transposed(),
            q_scaled_rows: [rows(), rows(), rows()],
            silu_q_rows: rows(),
            grad_unit_key: rows(),
            grad_cum_log_decay: vec![0.0; g.chunk],
            temp_rows: rows(),
            temp_t: transposed(),
            sums: vec![0.0; g.chunk_stride],
        }
    }

    /// Through (r + ctx) ⊙ silu(e): the gradient of e, and that of r + ctx.
    #[inline(always)]
    pub fn gate(&mut self, context: ChunkContext, gradient: &[f32], to: &mut [f32]) {
        let (ChunkContext { g, inputs, scratch, .. }, range) = (context, context.range());
        let (gradient, gate, to) = (&gradient[range.clone()], &inputs.gate[range.clone()], &mut to[range]);
        let memories = self.grad_read.iter_mut().zip(to).zip(&scratch.out);
        for ((((grad_read, to), out), gradient), gate) in memories.zip(gradient).zip(gate) {
            *to = gradient * out * silu_slope(*gate);
            *grad_read = gradient * silu(*gate);
        }
        transpose(&self.grad_read, g.head_stride, [g.chunk, g.d], &mut self.grad_read_t, g.chunk_stride);
    }

    /// Through the norm of the reads.
    #[inline(always)]
    pub fn norm(&mut self, ChunkContext { g, inputs, scratch, .. }: ChunkContext, to: &mut [f32]) {
        let rows = self.grad_read.chunks_exact_mut(g.head_stride).zip(scratch.read.chunks_exact(g.head_stride));
        for ((gradient, read), inverse) in rows.zip(&scratch.inverse_rms) {
            rms_norm_backward(gradient, read, *inverse, &inputs.norm, to);
        }
        transpose(&self.grad_read, g.head_stride, [g.chunk, g.d], &mut self.grad_read_t, g.chunk_stride);
    }

    /// The gradient of q from those of η q and silu(q).
    #[inline(always)]
    pub fn queries(&mut self, context: ChunkContext, to: &mut Gradients) {
        let ChunkContext { g, inputs, scratch, .. } = context;
        let grads = &mut self.grad_q_scaled[0];
        for ((grad, grad_silu), query) in grads.iter_mut().zip(&self.grad_silu_q_t).zip(&scratch.q_t) {
            *grad = *grad * inputs.score_scale + grad_silu * silu_slope(*query);
        }
        transpose(grads, g.chunk_stride, [g.d, g.chunk], &mut to.query[context.range()], g.head_stride);
    }
}
