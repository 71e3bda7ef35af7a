//! The recurrent memory of one head, backward; symbols as in [`Scratch`](crate::cpu::memory::scratch::Scratch).

use pulp::Simd;

use super::Gradients;
use super::scratch::{ChunkContext, GradScratch};
use super::sums::GradSums;
use crate::cpu::matmul::Write::{Add, Set};
use crate::cpu::matmul::{Strided, small_gemm};
use crate::cpu::memory::matrix::{add_scaled, scale};
use crate::cpu::simd::{dot, silu_slope};

impl GradScratch {
    /// Through the recurrent memory; `state` is h before the chunk.
    #[inline(always)]
    pub fn gated_linear_attention<S: Simd>(
        &mut self,
        simd: S,
        context: ChunkContext,
        state: &[f32],
        sums: &mut GradSums,
    ) {
        self.grad_cum_log_decay.fill(0.0);
        self.within_chunk(simd, context, &mut sums.out);
        self.backward_from_state(simd, context, state);
        self.backward_into_state(simd, context, state, sums);
        self.carry_state(simd, context, sums);
        self.gates(context, &mut sums.out);
        self.keys(context, &mut sums.out.key[context.range()]);
    }

    /// Inside the chunk: read_i = Σ_j masked_qk_ji v_j, masked_qk_ji = mask_ji (φ(k_j) · silu(q_i)).
    #[inline(always)]
    fn within_chunk<S: Simd>(&mut self, simd: S, context: ChunkContext, to: &mut Gradients) {
        let ChunkContext { g, inputs, scratch, chunk } = context;
        let (c, d, chunk_stride, head_stride) = (g.chunk, g.d, g.chunk_stride, g.head_stride);
        let range = context.range();
        let (keys, values) = (&inputs.unit_key[range.clone()], &inputs.value[range.clone()]);
        let grad_write = &mut to.write_gate[g.rows(chunk)];
        let (grads, values) = (&mut self.grad_masked_qk, Strided::rows(values, head_stride));
        small_gemm(simd, Set, grads, values, &self.grad_read_t, [c, d, chunk_stride]);
        self.sums.fill(0.0);
        let tokens = grads.chunks_exact_mut(chunk_stride).zip(scratch.masked_qk.chunks_exact(chunk_stride));
        for (j, (grads, masked_qk)) in tokens.enumerate() {
            // ln mask_ji = ln β_j − c_j + c_i
            let grad_dot = dot(grads, masked_qk);
            self.grad_cum_log_decay[j] -= grad_dot;
            grad_write[j] = grad_dot;
            for ((sum, grad), masked_qk) in self.sums.iter_mut().zip(grads.iter()).zip(masked_qk) {
                *sum += grad * masked_qk;
            }
            for (grad, mask) in grads.iter_mut().zip(&scratch.decay_mask[j * chunk_stride..]) {
                *grad *= mask;
            }
        }
        add_scaled(&mut self.grad_cum_log_decay, &self.sums, 1.0);
        let (masked_qk, grads) = (Strided::rows(&scratch.masked_qk, chunk_stride), &self.grad_masked_qk);
        let (to_values, size) = (&mut to.value[range], [c, c, head_stride]);
        small_gemm(simd, Add, to_values, masked_qk, &self.grad_read, size);
        let keys = Strided::columns(keys, head_stride);
        small_gemm(simd, Set, &mut self.grad_silu_q_t, keys, grads, [d, c, chunk_stride]);
        let grads = Strided::rows(grads, chunk_stride);
        small_gemm(simd, Set, &mut self.grad_unit_key, grads, &self.silu_q_rows, size);
    }

    /// From the memory before the chunk: read_i += e^(c_i) silu(q_i) h.
    #[inline(always)]
    fn backward_from_state<S: Simd>(&mut self, simd: S, ChunkContext { g, scratch, .. }: ChunkContext, state: &[f32]) {
        let (d, chunk_stride) = (g.d, g.chunk_stride);
        let state = Strided::rows(state, g.head_stride);
        small_gemm(simd, Set, &mut self.temp_t, state, &self.grad_read_t, [d, d, chunk_stride]);
        self.sums.fill(0.0);
        let channels = self.temp_t.chunks_exact(chunk_stride).zip(scratch.silu_q_t.chunks_exact(chunk_stride));
        for ((grad, active), to) in channels.zip(self.grad_silu_q_t.chunks_exact_mut(chunk_stride)) {
            let queries = to.iter_mut().zip(&mut self.sums).zip(grad).zip(active);
            for ((((to, sum), grad), active), to_here) in queries.zip(&scratch.decay_to_here) {
                *to += to_here * grad;
                *sum += to_here * grad * active;
            }
        }
        add_scaled(&mut self.grad_cum_log_decay, &self.sums, 1.0);
    }

    /// Into the memory after the chunk: e^(c_C) h + Σ_j e^(c_C − c_j) β_j φ(k_j)ᵀ v_j.
    #[inline(always)]
    fn backward_into_state<S: Simd>(&mut self, simd: S, context: ChunkContext, state: &[f32], sums: &mut GradSums) {
        let ChunkContext { g, inputs, scratch, chunk } = context;
        let (c, head_stride, range) = (g.chunk, g.head_stride, context.range());
        let size = [c, g.d, head_stride];
        let (keys, values) = (&inputs.unit_key[range.clone()], &inputs.value[range.clone()]);
        let grad_write = &mut sums.out.write_gate[g.rows(chunk)];
        self.temp_rows.copy_from_slice(keys);
        for (row, to_end) in self.temp_rows.chunks_exact_mut(head_stride).zip(&scratch.decay_to_end) {
            scale(row, *to_end);
        }
        let written = Strided::rows(&self.temp_rows, head_stride);
        small_gemm(simd, Add, &mut sums.out.value[range], written, &sums.state, size);
        small_gemm(simd, Set, &mut self.temp_rows, Strided::rows(values, head_stride), &sums.state_t, size);
        let mut total = scratch.decay_to_here[c - 1] * dot(&sums.state, state);
        let tokens = self.temp_rows.chunks_exact(head_stride).zip(keys.chunks_exact(head_stride));
        let tokens = tokens.zip(self.grad_unit_key.chunks_exact_mut(head_stride));
        for (j, ((row, key), to)) in tokens.enumerate() {
            let grad_dot = scratch.decay_to_end[j] * dot(row, key);
            add_scaled(to, row, scratch.decay_to_end[j]);
            grad_write[j] += grad_dot;
            self.grad_cum_log_decay[j] -= grad_dot;
            total += grad_dot;
        }
        self.grad_cum_log_decay[c - 1] += total;
    }

    /// The gradient of the memory before the chunk from that after it, as it is and transposed.
    #[inline(always)]
    fn carry_state<S: Simd>(&mut self, simd: S, context: ChunkContext, sums: &mut GradSums) {
        let ChunkContext { g, scratch, .. } = context;
        let (head_stride, size) = (g.head_stride, [g.d, g.chunk, g.head_stride]);
        for (row, to_here) in self.silu_q_rows.chunks_exact_mut(head_stride).zip(&scratch.decay_to_here) {
            scale(row, *to_here);
        }
        let last = scratch.decay_to_here[g.chunk - 1];
        scale(&mut sums.state, last);
        scale(&mut sums.state_t, last);
        let queries = Strided::columns(&self.silu_q_rows, head_stride);
        small_gemm(simd, Add, &mut sums.state, queries, &self.grad_read, size);
        let grad_reads = Strided::columns(&self.grad_read, head_stride);
        small_gemm(simd, Add, &mut sums.state_t, grad_reads, &self.silu_q_rows, size);
    }

    /// From the gradients of ln β and of c to those of the gates.
    #[inline(always)]
    fn gates(&mut self, ChunkContext { g, inputs, chunk, .. }: ChunkContext, to: &mut Gradients) {
        let mut sum = 0.0;
        for (t, grad) in g.rows(chunk).zip(&self.grad_cum_log_decay).rev() {
            sum += grad;
            let (gate, write) = (inputs.decay_gate[t], inputs.write_gate[t]);
            to.rate += sum * gate;
            to.decay_gate[t] = sum * inputs.rate * gate * (1.0 - gate);
            to.write_gate[t] *= 1.0 - write;
        }
    }

    /// From the gradient of φ(k) = silu(k) / |silu(k)| to that of k.
    #[inline(always)]
    fn keys(&mut self, context: ChunkContext, to: &mut [f32]) {
        let (ChunkContext { g, inputs, chunk, .. }, range) = (context, context.range());
        let stride = g.head_stride;
        let keys = inputs.key[range.clone()].chunks_exact(stride).zip(inputs.unit_key[range].chunks_exact(stride));
        let tokens = self.grad_unit_key.chunks_exact(stride).zip(keys).zip(to.chunks_exact_mut(stride));
        for (((gradient, (key, unit)), to), inverse) in tokens.zip(&inputs.unit_scale[g.rows(chunk)]) {
            let grad_dot = dot(gradient, unit);
            for (((to, gradient), unit), key) in to.iter_mut().zip(gradient).zip(unit).zip(key) {
                *to += inverse * (gradient - unit * grad_dot) * silu_slope(*key);
            }
        }
    }
}
