//! The backward pass of one head. Nothing was kept from the forward pass but its inputs: a first sweep recomputes the recurrent
//! memory before each chunk, a second one, from the last chunk to the first, recomputes each chunk and takes its gradients.

mod gated_linear_attention;
mod scratch;
mod slot_attention;
mod sums;

use pulp::Simd;

use self::scratch::{ChunkContext, GradScratch};
use self::sums::GradSums;
use super::geometry::Geometry;
use super::inputs::Inputs;
use super::scratch::Scratch;

/// Gradients of one head's inputs.
pub struct Gradients {
    /// Of q, k, v, e: `[time, head_stride]` each
    pub query: Vec<f32>,
    pub key: Vec<f32>,
    pub value: Vec<f32>,
    pub gate: Vec<f32>,
    /// Of s, g, b: `[time]` each
    pub salience: Vec<f32>,
    pub decay_gate: Vec<f32>,
    pub write_gate: Vec<f32>,
    /// Of −2 softplus(δ).
    pub rate: f32,
    /// Of η.
    pub score_scale: f32,
    /// Of λ, `[levels]`
    pub bias: Vec<f32>,
    /// Of nh, `[head_stride]`
    pub norm: Vec<f32>,
}

/// The gradients of a head's inputs from that of its output, `[time, head_stride]`.
#[inline(always)]
pub fn backward<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs, gradient: &[f32]) -> Gradients {
    let mut scratch = Scratch::new(g);
    let states = states(simd, g, inputs, &mut scratch);
    let mut grads = GradScratch::new(g);
    let mut sums = GradSums::new(g);
    for chunk in (0..g.chunks()).rev() {
        let state = &states[chunk * g.d * g.head_stride..(chunk + 1) * g.d * g.head_stride];
        scratch.prepare_queries(g, inputs, chunk);
        scratch.gated_linear_attention(simd, g, inputs, chunk, state);
        scratch.slot_attention(simd, g, inputs, chunk);
        let context = ChunkContext { g, inputs, scratch: &scratch, chunk };
        grads.gate(context, gradient, &mut sums.out.gate);
        grads.slot_attention(simd, context, &mut sums);
        grads.norm(context, &mut sums.out.norm);
        grads.gated_linear_attention(simd, context, state, &mut sums);
        grads.queries(context, &mut sums.out);
    }
    sums.finish(g, inputs)
}

/// The recurrent memory before each chunk, `[chunks, d, head_stride]`.
#[inline(always)]
fn states<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs, scratch: &mut Scratch) -> Vec<f32> {
    let size = g.d * g.head_stride;
    let mut states = vec![0.0; g.chunks() * size];
    for chunk in 1..g.chunks() {
        let (before, after) = states.split_at_mut(chunk * size);
        after[..size].copy_from_slice(&before[(chunk - 1) * size..]);
        scratch.decays(g, inputs, chunk - 1);
        scratch.advance(simd, g, inputs, chunk - 1, &mut after[..size]);
    }
    states
}
