//! Scratch space of one chunk of one head.

use super::geometry::Geometry;
use super::inputs::Inputs;
use super::matrix::{rotate_row, transpose};
use crate::cpu::simd::silu;

/// Scratch space of one chunk; everything in it is recomputed from the inputs, chunk by chunk. Matrices `[·, chunk_stride]` have a
/// column for each query of the chunk, matrices `[·, head_stride]` a row of channels. Queries are numbered i, what they read j, and
/// c_i = Σ_{t≤i} ln a_t inside the chunk.
pub struct Scratch {
    /// q, transposed: `[d, chunk_stride]`
    pub q_t: Vec<f32>,
    /// silu(q), transposed: `[d, chunk_stride]`
    pub silu_q_t: Vec<f32>,
    /// η q, transposed, in the forms that are multiplied with keys: as it is (for slots), rotated to the positions 0..C (for this
    /// chunk), and to C..2C (for the previous one): `[no_rope, same_chunk, prev_chunk]`, `[d, chunk_stride]` each.
    pub q_scaled: [Vec<f32>; 3],
    /// c_i, `[chunk_stride]`
    pub cum_log_decay: Vec<f32>,
    /// e^(c_i): what is left at token i of the memory before the chunk, `[chunk_stride]`
    pub decay_to_here: Vec<f32>,
    /// e^(c_C − c_j) β_j: what of token j's writing is left at the chunk's end, `[C]`
    pub decay_to_end: Vec<f32>,
    /// e^(c_i − c_j) β_j where j ≤ i: what of token j's writing query i sees, `[C (j), chunk_stride (i)]`
    pub decay_mask: Vec<f32>,
    /// That times silu(q_i) · φ(k_j), `[C (j), chunk_stride (i)]`
    pub masked_qk: Vec<f32>,
    /// silu(q_i) h_i, the reads before their norm, `[C, head_stride]`
    pub read: Vec<f32>,
    /// √d / √(Σ read_i² + ε), `[C]`
    pub inverse_rms: Vec<f32>,
    /// Scores, then softmax over everything visible, `[entries, chunk_stride]`
    pub probs: Vec<f32>,
    /// r + ctx, `[C, head_stride]`
    pub out: Vec<f32>,
    /// `[max(C, d), max(chunk_stride, head_stride)]`, for what is needed only briefly
    pub temp: Vec<f32>,
    /// A number for each query, `[chunk_stride]`
    pub sums: Vec<f32>,
}

impl Scratch {
    /// Space for any chunk.
    pub fn new(g: &Geometry) -> Self {
        let transposed = || vec![0.0; g.d * g.chunk_stride];
        let rows = || vec![0.0; g.chunk * g.head_stride];
        let pairs = || vec![0.0; g.chunk * g.chunk_stride];
        Self {
            q_t: transposed(),
            silu_q_t: transposed(),
            q_scaled: [transposed(), transposed(), transposed()],
            cum_log_decay: vec![0.0; g.chunk_stride],
            decay_to_here: vec![0.0; g.chunk_stride],
            decay_to_end: vec![0.0; g.chunk],
            decay_mask: pairs(),
            masked_qk: pairs(),
            read: rows(),
            inverse_rms: vec![0.0; g.chunk],
            probs: vec![0.0; g.entries() * g.chunk_stride],
            out: rows(),
            temp: vec![0.0; g.chunk.max(g.d) * g.chunk_stride.max(g.head_stride)],
            sums: vec![0.0; g.chunk_stride],
        }
    }

    /// The chunk's queries in all their forms.
    #[inline(always)]
    pub fn prepare_queries(&mut self, g: &Geometry, inputs: &Inputs, chunk: usize) {
        let query = &inputs.query[g.rows(chunk).start * g.head_stride..];
        transpose(query, g.head_stride, [g.chunk, g.d], &mut self.q_t, g.chunk_stride);
        for (active, query) in self.silu_q_t.iter_mut().zip(&self.q_t) {
            *active = silu(*query);
        }
        let [no_rope, same_chunk, prev_chunk] = &mut self.q_scaled;
        for (scaled, query) in no_rope.iter_mut().zip(&self.q_t) {
            *scaled = query * inputs.score_scale;
        }
        for (roped, [cos, sin]) in [same_chunk, prev_chunk].into_iter().zip(&g.rope_t) {
            roped.copy_from_slice(no_rope);
            rotate_row(roped, g.d / 2 * g.chunk_stride, cos, sin);
        }
    }
}
