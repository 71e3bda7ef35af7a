//! The recurrent memory of one head, backward.

use pulp::Simd;

use super::Gradients;
use super::scratch::Brief;
use super::sums::Sums;
use crate::ops::cpu::matmul::Write::{Add, Set};
use crate::ops::cpu::matmul::{Strided, product};
use crate::ops::cpu::memory::geometry::Geometry;
use crate::ops::cpu::memory::inputs::Inputs;
use crate::ops::cpu::memory::matrix::{add_scaled, scale};
use crate::ops::cpu::memory::scratch::Scratch;
use crate::ops::cpu::simd::{dot, silu_slope};

impl Brief {
    /// Through the recurrent memory.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub fn gated_linear_attention<S: Simd>(
        &mut self,
        simd: S,
        g: &Geometry,
        inputs: &Inputs,
        s: &Scratch,
        block: usize,
        state: &[f32],
        sums: &mut Sums,
    ) {
        let (c, d, queries, wide) = (g.block, g.d, g.queries, g.wide);
        let rows = g.rows(block);
        let range = rows.start * wide..rows.end * wide;
        let (keys, values) = (&inputs.unit_key[range.clone()], &inputs.value[range.clone()]);
        let to_values = &mut sums.out.value[range.clone()];
        let to_write = &mut sums.out.write_gate[rows.clone()];
        self.decay.fill(0.0);

        // Inside the block: read_i = Σ_j score_ji v_j, score_ji = weight_ji (φ(k_j) · silu(q_i)).
        product(simd, Set, &mut self.pairs, Strided::rows(values, wide), &self.read_turned, [c, d, queries]);
        self.sums.fill(0.0);
        let tokens = self.pairs.chunks_exact_mut(queries).zip(s.score.chunks_exact(queries));
        for (j, (pairs, score)) in tokens.enumerate() {
            // The logarithm of weight_ji holds ln β_j − (sum of ln a up to j) + (sum of ln a up to i).
            let pull = dot(pairs, score);
            self.decay[j] -= pull;
            to_write[j] = pull;
            for ((sum, pair), score) in self.sums.iter_mut().zip(pairs.iter()).zip(score) {
                *sum += pair * score;
            }
            for (pair, weight) in pairs.iter_mut().zip(&s.weight[j * queries..]) {
                *pair *= weight;
            }
        }
        add_scaled(&mut self.decay, &self.sums, 1.0);
        product(simd, Add, to_values, Strided::rows(&s.score, queries), &self.read, [c, c, wide]);
        product(simd, Set, &mut self.active, Strided::columns(keys, wide), &self.pairs, [d, c, queries]);
        let size = [c, c, wide];
        product(simd, Set, &mut self.unit_key, Strided::rows(&self.pairs, queries), &self.active_rows, size);

        // From the memory before the block: read_i += a_1…a_i silu(q_i) state.
        product(simd, Set, &mut self.turned, Strided::rows(state, wide), &self.read_turned, [d, d, queries]);
        self.sums.fill(0.0);
        let channels = self.turned.chunks_exact(queries).zip(s.active.chunks_exact(queries));
        for ((turned, active), to) in channels.zip(self.active.chunks_exact_mut(queries)) {
            for ((((to, sum), turned), active), kept) in
                to.iter_mut().zip(&mut self.sums).zip(turned).zip(active).zip(&s.kept)
            {
                *to += kept * turned;
                *sum += kept * turned * active;
            }
        }
        add_scaled(&mut self.decay, &self.sums, 1.0);

        // Into the memory after it: a_1…a_C state + Σ_j rest_j φ(k_j)ᵀ v_j.
        let last = s.kept[c - 1];
        self.rows.copy_from_slice(keys);
        for (row, rest) in self.rows.chunks_exact_mut(wide).zip(&s.rest) {
            scale(row, *rest);
        }
        product(simd, Add, to_values, Strided::rows(&self.rows, wide), &sums.state, [c, d, wide]);
        product(simd, Set, &mut self.rows, Strided::rows(values, wide), &sums.turned_state, [c, d, wide]);
        let mut total = last * dot(&sums.state, state);
        let tokens =
            self.rows.chunks_exact(wide).zip(keys.chunks_exact(wide)).zip(self.unit_key.chunks_exact_mut(wide));
        for (j, ((row, key), to)) in tokens.enumerate() {
            let pull = s.rest[j] * dot(row, key);
            add_scaled(to, row, s.rest[j]);
            to_write[j] += pull;
            self.decay[j] -= pull;
            total += pull;
        }
        self.decay[c - 1] += total;

        // The gradient of the memory before the block, as it is and transposed.
        for (row, kept) in self.active_rows.chunks_exact_mut(wide).zip(&s.kept) {
            scale(row, *kept);
        }
        scale(&mut sums.state, last);
        scale(&mut sums.turned_state, last);
        product(simd, Add, &mut sums.state, Strided::columns(&self.active_rows, wide), &self.read, [d, c, wide]);
        let reads = Strided::columns(&self.read, wide);
        product(simd, Add, &mut sums.turned_state, reads, &self.active_rows, [d, c, wide]);

        self.gates(g, inputs, block, &mut sums.out);
        self.keys(g, inputs, block, &mut sums.out.key[range]);
    }

    /// From the gradients of ln β and of the running sums of ln a to those of the gates.
    #[inline(always)]
    fn gates(&mut self, g: &Geometry, inputs: &Inputs, block: usize, to: &mut Gradients) {
        let mut sum = 0.0;
        for (t, decay) in g.rows(block).zip(&self.decay).rev() {
            sum += decay;
            let (gate, write) = (inputs.decay_gate[t], inputs.write_gate[t]);
            to.rate += sum * gate;
            to.decay_gate[t] = sum * inputs.rate * gate * (1.0 - gate);
            to.write_gate[t] *= 1.0 - write;
        }
    }

    /// From the gradient of φ(k) = silu(k) / |silu(k)| to that of k.
    #[inline(always)]
    fn keys(&mut self, g: &Geometry, inputs: &Inputs, block: usize, to: &mut [f32]) {
        let wide = g.wide;
        let rows = g.rows(block).start * wide..g.rows(block).end * wide;
        let keys = inputs.key[rows.clone()].chunks_exact(wide).zip(inputs.unit_key[rows].chunks_exact(wide));
        let tokens = self.unit_key.chunks_exact(wide).zip(keys).zip(to.chunks_exact_mut(wide));
        for (((gradient, (key, unit)), to), inverse) in tokens.zip(&inputs.unit_scale[g.rows(block)]) {
            let pull = dot(gradient, unit);
            for (((to, gradient), unit), key) in to.iter_mut().zip(gradient).zip(unit).zip(key) {
                *to += inverse * (gradient - unit * pull) * silu_slope(*key);
            }
        }
    }
}
