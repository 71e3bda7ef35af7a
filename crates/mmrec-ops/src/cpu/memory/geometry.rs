//! Sizes and tables of one call, shared by all heads and rows.

use std::ops::Range;

use super::matrix::transpose;
use crate::cpu::simd::padded;
use crate::reference::angle;
use crate::reference::slot_attention::Sizes;

/// Where the entries of one softmax come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Tokens of the chunk before.
    Previous,
    /// Tokens of this chunk.
    Current,
    /// Slots of a level.
    Level(usize),
}

/// Consecutive entries of one softmax.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// Where they come from.
    pub source: Source,
    /// The first row there.
    pub start: usize,
    /// How many there are.
    pub len: usize,
}

/// Sizes and tables of one call.
#[derive(Debug)]
pub struct Geometry {
    /// Rows of the batch.
    pub batch: usize,
    /// Tokens in a row of the batch: whole chunks.
    pub time: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a head, d.
    pub d: usize,
    /// `d`, padded to whole vectors: the stride of every matrix of channels.
    pub head_stride: usize,
    /// Tokens in a chunk, C.
    pub chunk: usize,
    /// `chunk`, padded to whole vectors: the stride of every matrix of a chunk's queries.
    pub chunk_stride: usize,
    /// Sizes of the hierarchy.
    pub sizes: Sizes,
    /// Slots of each level that this many tokens make.
    pub slots: Vec<usize>,
    /// Cosines and sines of the angles p θ_i at the positions p in 0..2C, `[2C, head_stride]`; the first half of the channels is used.
    pub rope: [Vec<f32>; 2],
    /// The same for a chunk's queries, transposed: `[d / 2, chunk_stride]` for the positions 0..C, and for C..2C.
    pub rope_t: [[Vec<f32>; 2]; 2],
    segments: Vec<Vec<Segment>>,
    entries: usize,
}

impl Geometry {
    /// The geometry of `batch` rows of `time` tokens, a multiple of the chunk length, for heads of `d` channels.
    pub fn new(batch: usize, time: usize, heads: usize, d: usize, sizes: Sizes) -> Self {
        let (chunk, head_stride, chunk_stride) = (sizes.chunk, padded(d), padded(sizes.chunk));
        let angle = |position: usize, i: usize| if i < d / 2 { angle(position as i64, i, d) } else { 0.0 };
        let row = |position: usize| (0..head_stride).map(move |i| angle(position, i));
        let rope = [f64::cos, f64::sin]
            .map(|f| (0..2 * chunk).flat_map(row).map(|angle| f(angle) as f32).collect::<Vec<f32>>());
        let rope_t = [0, chunk].map(|first| {
            rope.each_ref().map(|rows| {
                let mut transposed = vec![0.0; d / 2 * chunk_stride];
                transpose(&rows[first * head_stride..], head_stride, [chunk, d / 2], &mut transposed, chunk_stride);
                transposed
            })
        });
        let segments: Vec<_> = (0..time / chunk).map(|index| segments(&sizes, index)).collect();
        let entries = segments.iter().map(|s: &Vec<Segment>| s.iter().map(|s| s.len).sum()).max().unwrap_or(0);
        let slots = std::iter::successors(Some(time / chunk), |n| Some(n / sizes.merge_factor));
        let slots = slots.take(sizes.levels).collect();
        Self { batch, time, heads, d, head_stride, chunk, chunk_stride, sizes, slots, rope, rope_t, segments, entries }
    }

    /// Floats of a token in the projection: q, k, v, e, and three gates per head.
    pub fn projected(&self) -> usize {
        self.heads * (4 * self.d + 3)
    }

    /// Channels of the model.
    pub fn width(&self) -> usize {
        self.heads * self.d
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.time / self.chunk
    }

    /// What the queries of a chunk see.
    pub fn segments(&self, chunk: usize) -> &[Segment] {
        &self.segments[chunk]
    }

    /// The most entries that any chunk sees.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The rows of a chunk.
    pub fn rows(&self, chunk: usize) -> Range<usize> {
        chunk * self.chunk..(chunk + 1) * self.chunk
    }
}

fn segments(sizes: &Sizes, chunk: usize) -> Vec<Segment> {
    let c = sizes.chunk;
    let mut segments = Vec::with_capacity(2 + sizes.levels);
    if chunk > 0 {
        segments.push(Segment { source: Source::Previous, start: (chunk - 1) * c, len: c });
    }
    segments.push(Segment { source: Source::Current, start: chunk * c, len: c });
    for (level, held) in sizes.held(chunk.saturating_sub(1) as u64).into_iter().enumerate() {
        if !held.is_empty() {
            let (start, end) = (held.start as usize, held.end as usize);
            segments.push(Segment { source: Source::Level(level), start, len: end - start });
        }
    }
    segments
}
