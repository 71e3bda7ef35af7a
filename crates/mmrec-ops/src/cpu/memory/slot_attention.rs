//! The long-term memory of one head, forward: one softmax over the window and the visible slots of every level.

use pulp::Simd;

use super::geometry::{Geometry, Segment, Source};
use super::inputs::Inputs;
use super::matrix::add_scaled;
use super::scratch::Scratch;
use crate::cpu::matmul::Write::{Add, Set};
use crate::cpu::matmul::{Strided, small_gemm};
use crate::cpu::simd::exp;

impl Scratch {
    /// Adds to `out` ctx, what the queries take from the window and the slots.
    #[inline(always)]
    pub fn slot_attention<S: Simd>(&mut self, simd: S, g: &Geometry, inputs: &Inputs, chunk: usize) {
        let (c, chunk_stride) = (g.chunk, g.chunk_stride);
        let mut row = 0;
        for segment in g.segments(chunk) {
            let scores = &mut self.probs[row * chunk_stride..(row + segment.len) * chunk_stride];
            let (keys, _) = entries(inputs, segment, g.head_stride);
            let queries = &self.q_scaled[query_form(segment.source)];
            small_gemm(
                simd,
                Set,
                scores,
                Strided::rows(keys, g.head_stride),
                queries,
                [segment.len, g.d, chunk_stride],
            );
            if let Source::Level(level) = segment.source {
                scores.iter_mut().for_each(|score| *score += inputs.bias[level]);
            }
            row += segment.len;
        }
        let current = g.segments(chunk).iter().take_while(|segment| segment.source != Source::Current);
        let hidden = current.map(|segment| segment.len).sum::<usize>()..;
        softmax(&mut self.probs[..row * chunk_stride], chunk_stride, hidden.start..hidden.start + c, &mut self.sums);
        let mut row = 0;
        for segment in g.segments(chunk) {
            let probs = Strided::columns(&self.probs[row * chunk_stride..], chunk_stride);
            let (_, values) = entries(inputs, segment, g.head_stride);
            small_gemm(simd, Add, &mut self.out, probs, values, [c, segment.len, g.head_stride]);
            row += segment.len;
        }
    }
}

/// Keys and values of a segment, as rows of `head_stride`.
#[inline(always)]
pub fn entries<'a>(inputs: &'a Inputs, segment: &Segment, head_stride: usize) -> (&'a [f32], &'a [f32]) {
    let rows = segment.start * head_stride..(segment.start + segment.len) * head_stride;
    match segment.source {
        Source::Level(level) => (&inputs.levels[level].keys[rows.clone()], &inputs.levels[level].values[rows]),
        _ => (&inputs.roped_key[rows.clone()], &inputs.value[rows]),
    }
}

/// Which form of the queries the keys of a source are multiplied with.
#[inline(always)]
pub fn query_form(source: Source) -> usize {
    match source {
        Source::Level(_) => 0,
        Source::Current => 1,
        Source::Previous => 2,
    }
}

/// Softmax down each column. In the rows `current`, row j is hidden from the columns before j.
#[inline(always)]
fn softmax(scores: &mut [f32], chunk_stride: usize, current: std::ops::Range<usize>, sums: &mut [f32]) {
    for (j, row) in current.enumerate() {
        scores[row * chunk_stride..row * chunk_stride + j].fill(f32::NEG_INFINITY);
    }
    sums.fill(f32::NEG_INFINITY);
    for row in scores.chunks_exact(chunk_stride) {
        for (largest, score) in sums.iter_mut().zip(row) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    for row in scores.chunks_exact_mut(chunk_stride) {
        for (score, largest) in row.iter_mut().zip(sums.iter()) {
            // A hidden score is −∞, which the exponential would clamp.
            *score = if *score == f32::NEG_INFINITY { 0.0 } else { exp(*score - largest) };
        }
    }
    sums.fill(0.0);
    for row in scores.chunks_exact(chunk_stride) {
        add_scaled(sums, row, 1.0);
    }
    sums.iter_mut().for_each(|sum| *sum = 1.0 / *sum);
    for row in scores.chunks_exact_mut(chunk_stride) {
        for (score, inverse) in row.iter_mut().zip(sums.iter()) {
            *score *= inverse;
        }
    }
}
