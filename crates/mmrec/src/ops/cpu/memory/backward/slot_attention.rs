//! The long-term memory of one head, backward.

use pulp::Simd;

use super::scratch::Brief;
use super::sums::Sums;
use crate::ops::cpu::matmul::Write::{Add, Set};
use crate::ops::cpu::matmul::{Strided, product};
use crate::ops::cpu::memory::geometry::{Geometry, Source};
use crate::ops::cpu::memory::inputs::Inputs;
use crate::ops::cpu::memory::matrix::{add_scaled, rotate_row, scale, unrotate_row};
use crate::ops::cpu::memory::scratch::Scratch;
use crate::ops::cpu::memory::slot_attention::{entries, form};
use crate::ops::cpu::simd::{dot, silu};

impl Brief {
    /// Through the window and the slots. The rows of `asked` are the queries as they were asked.
    #[inline(always)]
    pub fn slot_attention<S: Simd>(
        &mut self,
        simd: S,
        g: &Geometry,
        inputs: &Inputs,
        s: &Scratch,
        block: usize,
        sums: &mut Sums,
    ) {
        let (c, queries, wide) = (g.block, g.queries, g.wide);
        self.ask_rows(g, inputs, block);
        let mut row = 0;
        for segment in g.segments(block) {
            let (_, values) = entries(inputs, segment, wide);
            let share = &mut self.share[row * queries..(row + segment.len) * queries];
            product(simd, Set, share, Strided::rows(values, wide), &self.read_turned, [segment.len, g.d, queries]);
            row += segment.len;
        }
        softmax_backward(&mut self.share[..row * queries], &s.share, queries, &mut self.sums);
        self.asked.iter_mut().for_each(|asked| asked.fill(0.0));
        let mut row = 0;
        for segment in g.segments(block) {
            let (keys, _) = entries(inputs, segment, wide);
            let range = row * queries..(row + segment.len) * queries;
            let (scores, share) = (&self.share[range.clone()], &s.share[range]);
            let place = segment.start * wide..(segment.start + segment.len) * wide;
            let (to_keys, to_values) = match segment.source {
                Source::Level(level) => {
                    let level = &mut sums.levels[level];
                    (&mut level.keys[place.clone()], &mut level.values[place])
                }
                _ => (&mut sums.rotated_key[place.clone()], &mut sums.out.value[place]),
            };
            let size = [segment.len, c, wide];
            product(simd, Add, to_values, Strided::rows(share, queries), &self.read, size);
            let form = form(segment.source);
            product(simd, Add, to_keys, Strided::rows(scores, queries), &self.asked_rows[form], size);
            let size = [g.d, segment.len, queries];
            product(simd, Add, &mut self.asked[form], Strided::columns(keys, wide), scores, size);
            if let Source::Level(level) = segment.source {
                let columns = scores.chunks_exact(queries).map(|scores| scores[..c].iter().sum::<f32>());
                sums.out.bias[level] += columns.sum::<f32>();
            }
            row += segment.len;
        }
        sums.out.score_scale += self.unask(g, s);
    }

    /// The queries in all the forms in which they were asked, as rows.
    #[inline(always)]
    fn ask_rows(&mut self, g: &Geometry, inputs: &Inputs, block: usize) {
        let [plain, near, far] = &mut self.asked_rows;
        plain.copy_from_slice(&inputs.query[g.rows(block).start * g.wide..g.rows(block).end * g.wide]);
        for (active, query) in self.active_rows.iter_mut().zip(plain.iter()) {
            *active = silu(*query);
        }
        scale(plain, inputs.score_scale);
        let [cos, sin] = &g.rotation;
        for (first, rows) in [near, far].into_iter().enumerate() {
            rows.copy_from_slice(plain);
            let start = first * g.block * g.wide;
            let tables = cos[start..].chunks_exact(g.wide).zip(sin[start..].chunks_exact(g.wide));
            for (row, (cos, sin)) in rows.chunks_exact_mut(g.wide).zip(tables) {
                rotate_row(&mut row[..g.d], g.d / 2, cos, sin);
            }
        }
    }

    /// Turns the gradients of the asked forms back and sums them into that of q (the first form's place); returns that of η.
    #[inline(always)]
    fn unask(&mut self, g: &Geometry, s: &Scratch) -> f32 {
        let [plain, near, far] = &mut self.asked;
        for (turned, [cos, sin]) in [near, far].into_iter().zip(&g.turned) {
            unrotate_row(turned, g.d / 2 * g.queries, cos, sin);
            add_scaled(plain, turned, 1.0);
        }
        dot(plain, &s.query)
    }
}

/// Scores' gradients from those of the softmax weights `share`, down each column.
#[inline(always)]
fn softmax_backward(gradient: &mut [f32], share: &[f32], queries: usize, sums: &mut [f32]) {
    sums.fill(0.0);
    for (gradient, share) in gradient.chunks_exact(queries).zip(share.chunks_exact(queries)) {
        for ((sum, gradient), share) in sums.iter_mut().zip(gradient).zip(share) {
            *sum += gradient * share;
        }
    }
    for (gradient, share) in gradient.chunks_exact_mut(queries).zip(share.chunks_exact(queries)) {
        for ((gradient, share), sum) in gradient.iter_mut().zip(share).zip(sums.iter()) {
            *gradient = share * (*gradient - sum);
        }
    }
}
