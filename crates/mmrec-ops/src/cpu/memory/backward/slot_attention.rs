//! The long-term memory of one head, backward.

use pulp::Simd;

use super::scratch::{ChunkContext, GradScratch};
use super::sums::GradSums;
use crate::cpu::matmul::Write::{Add, Set};
use crate::cpu::matmul::{Strided, small_gemm};
use crate::cpu::memory::geometry::Source;
use crate::cpu::memory::matrix::{add_scaled, rotate_row, scale, unrotate_row};
use crate::cpu::memory::slot_attention::{entries, query_form};
use crate::cpu::simd::{dot, silu};

impl GradScratch {
    /// Through the window and the slots.
    #[inline(always)]
    pub fn slot_attention<S: Simd>(&mut self, simd: S, context: ChunkContext, sums: &mut GradSums) {
        let ChunkContext { g, inputs, scratch, chunk } = context;
        let (c, chunk_stride, head_stride) = (g.chunk, g.chunk_stride, g.head_stride);
        self.prepare_query_rows(context);
        let mut row = 0;
        for segment in g.segments(chunk) {
            let (_, values) = entries(inputs, segment, head_stride);
            let grads = &mut self.grad_probs[row * chunk_stride..(row + segment.len) * chunk_stride];
            let size = [segment.len, g.d, chunk_stride];
            small_gemm(simd, Set, grads, Strided::rows(values, head_stride), &self.grad_read_t, size);
            row += segment.len;
        }
        softmax_backward(&mut self.grad_probs[..row * chunk_stride], &scratch.probs, chunk_stride, &mut self.sums);
        self.grad_q_scaled.iter_mut().for_each(|grad| grad.fill(0.0));
        let mut row = 0;
        for segment in g.segments(chunk) {
            let (keys, _) = entries(inputs, segment, head_stride);
            let range = row * chunk_stride..(row + segment.len) * chunk_stride;
            let (grad_scores, probs) = (&self.grad_probs[range.clone()], &scratch.probs[range]);
            let units = segment.start * head_stride..(segment.start + segment.len) * head_stride;
            let (to_keys, to_values) = match segment.source {
                Source::Level(level) => {
                    let level = &mut sums.levels[level];
                    (&mut level.keys[units.clone()], &mut level.values[units])
                }
                _ => (&mut sums.roped_key[units.clone()], &mut sums.out.value[units]),
            };
            let size = [segment.len, c, head_stride];
            small_gemm(simd, Add, to_values, Strided::rows(probs, chunk_stride), &self.grad_read, size);
            let form = query_form(segment.source);
            small_gemm(simd, Add, to_keys, Strided::rows(grad_scores, chunk_stride), &self.q_scaled_rows[form], size);
            let size = [g.d, segment.len, chunk_stride];
            small_gemm(
                simd,
                Add,
                &mut self.grad_q_scaled[form],
                Strided::columns(keys, head_stride),
                grad_scores,
                size,
            );
            if let Source::Level(level) = segment.source {
                let columns = grad_scores.chunks_exact(chunk_stride).map(|grads| grads[..c].iter().sum::<f32>());
                sums.out.bias[level] += columns.sum::<f32>();
            }
            row += segment.len;
        }
        sums.out.score_scale += self.grad_queries(context);
    }

    /// The queries in all their forms, as rows.
    #[inline(always)]
    fn prepare_query_rows(&mut self, context: ChunkContext) {
        let ChunkContext { g, inputs, .. } = context;
        let [no_rope, same_chunk, prev_chunk] = &mut self.q_scaled_rows;
        no_rope.copy_from_slice(&inputs.query[context.range()]);
        for (active, query) in self.silu_q_rows.iter_mut().zip(no_rope.iter()) {
            *active = silu(*query);
        }
        scale(no_rope, inputs.score_scale);
        let [cos, sin] = &g.rope;
        for (first, rows) in [same_chunk, prev_chunk].into_iter().enumerate() {
            rows.copy_from_slice(no_rope);
            let start = first * g.chunk * g.head_stride;
            let tables = cos[start..].chunks_exact(g.head_stride).zip(sin[start..].chunks_exact(g.head_stride));
            for (row, (cos, sin)) in rows.chunks_exact_mut(g.head_stride).zip(tables) {
                rotate_row(&mut row[..g.d], g.d / 2, cos, sin);
            }
        }
    }

    /// Rotates the gradients of the forms of η q back and sums them into the first, that of η q; returns the gradient of η.
    #[inline(always)]
    fn grad_queries(&mut self, ChunkContext { g, scratch, .. }: ChunkContext) -> f32 {
        let [no_rope, same_chunk, prev_chunk] = &mut self.grad_q_scaled;
        for (roped, [cos, sin]) in [same_chunk, prev_chunk].into_iter().zip(&g.rope_t) {
            unrotate_row(roped, g.d / 2 * g.chunk_stride, cos, sin);
            add_scaled(no_rope, roped, 1.0);
        }
        dot(no_rope, &scratch.q_t)
    }
}

/// Scores' gradients from those of the probabilities `probs`, down each column.
#[inline(always)]
fn softmax_backward(gradient: &mut [f32], probs: &[f32], chunk_stride: usize, sums: &mut [f32]) {
    sums.fill(0.0);
    for (gradient, probs) in gradient.chunks_exact(chunk_stride).zip(probs.chunks_exact(chunk_stride)) {
        for ((sum, gradient), prob) in sums.iter_mut().zip(gradient).zip(probs) {
            *sum += gradient * prob;
        }
    }
    for (gradient, probs) in gradient.chunks_exact_mut(chunk_stride).zip(probs.chunks_exact(chunk_stride)) {
        for ((gradient, prob), sum) in gradient.iter_mut().zip(probs).zip(sums.iter()) {
            *gradient = prob * (*gradient - sum);
        }
    }
}
