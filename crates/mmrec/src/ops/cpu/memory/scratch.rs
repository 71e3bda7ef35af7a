//! Scratch space of one block of one head.

use super::geometry::Geometry;
use super::inputs::Inputs;
use super::matrix::{rotate_row, transpose};
use crate::ops::cpu::simd::silu;

/// Scratch space of one block; everything in it is recomputed from the inputs, block by block. Matrices `[·, queries]` have a
/// column for each query of the block, matrices `[·, wide]` a row of channels.
pub struct Scratch {
    /// q, transposed, `[d, queries]`
    pub query: Vec<f32>,
    /// silu(q), transposed, `[d, queries]`
    pub active: Vec<f32>,
    /// η q as it is, turned to positions 0..C, and to C..2C: what slots, this block and the previous one are asked with.
    pub asked: [Vec<f32>; 3],
    /// Running sums of ln a inside the block, and their exponentials, `[queries]`.
    pub decay: Vec<f32>,
    pub kept: Vec<f32>,
    /// What of each token's writing is left at the block's end, `[C]`.
    pub rest: Vec<f32>,
    /// How much of what token j wrote query i sees, and that times q·k: `[C (j), queries (i)]`
    pub weight: Vec<f32>,
    pub score: Vec<f32>,
    /// The reads before their norm, `[C, wide]`, and 1 / their root mean square, `[C]`.
    pub read: Vec<f32>,
    pub inverse: Vec<f32>,
    /// Softmax weights of everything visible, `[entries, queries]`.
    pub share: Vec<f32>,
    /// r + ctx, `[C, wide]`
    pub both: Vec<f32>,
    /// `[max(C, d), max(queries, wide)]`, for what is needed only briefly
    pub brief: Vec<f32>,
    /// A number for each query, `[queries]`.
    pub sums: Vec<f32>,
}

impl Scratch {
    /// Space for any block.
    pub fn new(g: &Geometry) -> Self {
        let transposed = || vec![0.0; g.d * g.queries];
        let rows = || vec![0.0; g.block * g.wide];
        let pairs = || vec![0.0; g.block * g.queries];
        Self {
            query: transposed(),
            active: transposed(),
            asked: [transposed(), transposed(), transposed()],
            decay: vec![0.0; g.queries],
            kept: vec![0.0; g.queries],
            rest: vec![0.0; g.block],
            weight: pairs(),
            score: pairs(),
            read: rows(),
            inverse: vec![0.0; g.block],
            share: vec![0.0; g.entries() * g.queries],
            both: rows(),
            brief: vec![0.0; g.block.max(g.d) * g.queries.max(g.wide)],
            sums: vec![0.0; g.queries],
        }
    }

    /// The block's queries in all the forms in which they are asked.
    #[inline(always)]
    pub fn prepare_queries(&mut self, g: &Geometry, inputs: &Inputs, block: usize) {
        let query = &inputs.query[g.rows(block).start * g.wide..];
        transpose(query, g.wide, [g.block, g.d], &mut self.query, g.queries);
        for (active, query) in self.active.iter_mut().zip(&self.query) {
            *active = silu(*query);
        }
        let [plain, near, far] = &mut self.asked;
        for (asked, query) in plain.iter_mut().zip(&self.query) {
            *asked = query * inputs.score_scale;
        }
        for (turned, [cos, sin]) in [near, far].into_iter().zip(&g.turned) {
            turned.copy_from_slice(plain);
            rotate_row(turned, g.d / 2 * g.queries, cos, sin);
        }
    }
}
