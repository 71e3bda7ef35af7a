//! The long-term memory of one head, forward: one softmax over the window and the visible slots of every level.

use pulp::Simd;

use super::geometry::{Geometry, Segment, Source};
use super::inputs::Inputs;
use super::matrix::add_scaled;
use super::scratch::Scratch;
use crate::ops::cpu::matmul::Write::{Add, Set};
use crate::ops::cpu::matmul::{Strided, product};
use crate::ops::cpu::simd::exp;

impl Scratch {
    /// Adds to `both` what the queries take from the window and the slots.
    #[inline(always)]
    pub fn slot_attention<S: Simd>(&mut self, simd: S, g: &Geometry, inputs: &Inputs, block: usize) {
        let (c, queries) = (g.block, g.queries);
        let mut row = 0;
        for segment in g.segments(block) {
            let share = &mut self.share[row * queries..(row + segment.len) * queries];
            let (keys, _) = entries(inputs, segment, g.wide);
            let asked = &self.asked[form(segment.source)];
            product(simd, Set, share, Strided::rows(keys, g.wide), asked, [segment.len, g.d, queries]);
            if let Source::Level(level) = segment.source {
                share.iter_mut().for_each(|score| *score += inputs.bias[level]);
            }
            row += segment.len;
        }
        let current = g.segments(block).iter().take_while(|segment| segment.source != Source::Current);
        let hidden = current.map(|segment| segment.len).sum::<usize>()..;
        softmax(&mut self.share[..row * queries], queries, hidden.start..hidden.start + c, &mut self.sums);
        let mut row = 0;
        for segment in g.segments(block) {
            let share = Strided::columns(&self.share[row * queries..], queries);
            let (_, values) = entries(inputs, segment, g.wide);
            product(simd, Add, &mut self.both, share, values, [c, segment.len, g.wide]);
            row += segment.len;
        }
    }
}

/// Keys and values of a segment, as rows of `wide`.
#[inline(always)]
pub fn entries<'a>(inputs: &'a Inputs, segment: &Segment, wide: usize) -> (&'a [f32], &'a [f32]) {
    let rows = segment.start * wide..(segment.start + segment.len) * wide;
    match segment.source {
        Source::Level(level) => (&inputs.levels[level].keys[rows.clone()], &inputs.levels[level].values[rows]),
        _ => (&inputs.rotated_key[rows.clone()], &inputs.value[rows]),
    }
}

/// Which of the asked forms a source answers.
#[inline(always)]
pub fn form(source: Source) -> usize {
    match source {
        Source::Level(_) => 0,
        Source::Current => 1,
        Source::Previous => 2,
    }
}

/// Softmax down each column. In the rows `current`, row j is hidden from the columns before j.
#[inline(always)]
fn softmax(scores: &mut [f32], queries: usize, current: std::ops::Range<usize>, sums: &mut [f32]) {
    for (j, row) in current.enumerate() {
        scores[row * queries..row * queries + j].fill(f32::NEG_INFINITY);
    }
    sums.fill(f32::NEG_INFINITY);
    for row in scores.chunks_exact(queries) {
        for (largest, score) in sums.iter_mut().zip(row) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    for row in scores.chunks_exact_mut(queries) {
        for (score, largest) in row.iter_mut().zip(sums.iter()) {
            // A hidden score is −∞, which the exponential would clamp.
            *score = if *score == f32::NEG_INFINITY { 0.0 } else { exp(*score - largest) };
        }
    }
    sums.fill(0.0);
    for row in scores.chunks_exact(queries) {
        add_scaled(sums, row, 1.0);
    }
    sums.iter_mut().for_each(|sum| *sum = 1.0 / *sum);
    for row in scores.chunks_exact_mut(queries) {
        for (score, inverse) in row.iter_mut().zip(sums.iter()) {
            *score *= inverse;
        }
    }
}
