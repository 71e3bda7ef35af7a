//! Sizes and tables of one call, shared by all heads and rows.

use std::ops::Range;

use super::matrix::transpose;
use crate::ops::cpu::simd::padded;
use crate::ops::reference::angle;
use crate::ops::reference::slot_attention::Sizes;

/// Where the entries of one softmax come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Tokens of the block before.
    Previous,
    /// Tokens of this block.
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
    /// Tokens in a row: whole blocks.
    pub time: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a head, d.
    pub d: usize,
    /// `d`, padded to whole vectors: the stride of every matrix of channels.
    pub wide: usize,
    /// Tokens in a block, C.
    pub block: usize,
    /// `block`, padded to whole vectors: the stride of every matrix of a block's queries.
    pub queries: usize,
    /// Sizes of the hierarchy.
    pub sizes: Sizes,
    /// Slots of each level that this many tokens make.
    pub slots: Vec<usize>,
    /// cos and sin of the positions 0..2C, `[2C, wide]`; the first half of the channels is used.
    pub rotation: [Vec<f32>; 2],
    /// The same for the positions of a block's queries, transposed: `[half, queries]` for positions 0..C and C..2C.
    pub turned: [[Vec<f32>; 2]; 2],
    segments: Vec<Vec<Segment>>,
    entries: usize,
}

impl Geometry {
    /// The geometry of `batch` rows of `time` tokens, a multiple of the block length, for heads of `d` channels.
    pub fn new(batch: usize, time: usize, heads: usize, d: usize, sizes: Sizes) -> Self {
        let (block, wide, queries) = (sizes.block, padded(d), padded(sizes.block));
        let angle = |position: usize, i: usize| if i < d / 2 { angle(position as i64, i, d) } else { 0.0 };
        let row = |position: usize| (0..wide).map(move |i| angle(position, i));
        let rotation = [f64::cos, f64::sin]
            .map(|f| (0..2 * block).flat_map(row).map(|angle| f(angle) as f32).collect::<Vec<f32>>());
        let turned = [0, block].map(|first| {
            rotation.each_ref().map(|rows| {
                let mut turned = vec![0.0; d / 2 * queries];
                transpose(&rows[first * wide..], wide, [block, d / 2], &mut turned, queries);
                turned
            })
        });
        let segments: Vec<_> = (0..time / block).map(|index| segments(&sizes, index)).collect();
        let entries = segments.iter().map(|s: &Vec<Segment>| s.iter().map(|s| s.len).sum()).max().unwrap_or(0);
        let slots = std::iter::successors(Some(time / block), |n| Some(n / sizes.fan_in));
        let slots = slots.take(sizes.levels).collect();
        Self { batch, time, heads, d, wide, block, queries, sizes, slots, rotation, turned, segments, entries }
    }

    /// Floats of a token in the projection: q, k, v, e, and three gates per head.
    pub fn projected(&self) -> usize {
        self.heads * (4 * self.d + 3)
    }

    /// Channels of the model.
    pub fn width(&self) -> usize {
        self.heads * self.d
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.time / self.block
    }

    /// What the queries of a block see.
    pub fn segments(&self, block: usize) -> &[Segment] {
        &self.segments[block]
    }

    /// The most entries that any block sees.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The rows of a block.
    pub fn rows(&self, block: usize) -> Range<usize> {
        block * self.block..(block + 1) * self.block
    }
}

fn segments(sizes: &Sizes, block: usize) -> Vec<Segment> {
    let c = sizes.block;
    let mut segments = Vec::with_capacity(2 + sizes.levels);
    if block > 0 {
        segments.push(Segment { source: Source::Previous, start: (block - 1) * c, len: c });
    }
    segments.push(Segment { source: Source::Current, start: block * c, len: c });
    for (level, held) in sizes.held(block.saturating_sub(1) as u64).into_iter().enumerate() {
        if !held.is_empty() {
            let (start, end) = (held.start as usize, held.end as usize);
            segments.push(Segment { source: Source::Level(level), start, len: end - start });
        }
    }
    segments
}
