//! The backward pass of one head. Nothing was kept from the forward pass but its inputs: a first sweep recomputes the recurrent
//! memory before each block, a second one, from the last block to the first, recomputes each block and takes its gradients.

mod gated_linear_attention;
mod scratch;
mod slot_attention;
mod sums;

use pulp::Simd;

use self::scratch::Brief;
use self::sums::Sums;
use super::geometry::Geometry;
use super::inputs::Inputs;
use super::scratch::Scratch;

/// Gradients of one head's inputs.
pub struct Gradients {
    /// `[time, wide]` each: of q, k, v, e.
    pub query: Vec<f32>,
    pub key: Vec<f32>,
    pub value: Vec<f32>,
    pub gate: Vec<f32>,
    /// `[time]` each: of salience, decay gate, write gate.
    pub salience: Vec<f32>,
    pub decay_gate: Vec<f32>,
    pub write_gate: Vec<f32>,
    /// Of −2 softplus(δ).
    pub rate: f32,
    /// Of η.
    pub score_scale: f32,
    /// Of the level's bias, per level.
    pub bias: Vec<f32>,
    /// Of nh, `[wide]`
    pub norm: Vec<f32>,
}

/// The gradients of a head's inputs from that of its output, `[time, wide]`.
#[inline(always)]
pub fn backward<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs, gradient: &[f32]) -> Gradients {
    let mut scratch = Scratch::new(g);
    let states = states(simd, g, inputs, &mut scratch);
    let mut brief = Brief::new(g);
    let mut sums = Sums::new(g);
    for block in (0..g.blocks()).rev() {
        let state = &states[block * g.d * g.wide..(block + 1) * g.d * g.wide];
        scratch.prepare_queries(g, inputs, block);
        scratch.gated_linear_attention(simd, g, inputs, block, state);
        scratch.slot_attention(simd, g, inputs, block);
        brief.gate(g, inputs, &scratch, block, gradient, &mut sums.out.gate);
        brief.slot_attention(simd, g, inputs, &scratch, block, &mut sums);
        brief.norm(g, inputs, &scratch, &mut sums.out.norm);
        brief.gated_linear_attention(simd, g, inputs, &scratch, block, state, &mut sums);
        brief.queries(g, inputs, &scratch, block, &mut sums.out);
    }
    sums.finish(g, inputs)
}

/// The recurrent memory before each block, `[blocks, d, wide]`.
#[inline(always)]
fn states<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs, scratch: &mut Scratch) -> Vec<f32> {
    let size = g.d * g.wide;
    let mut states = vec![0.0; g.blocks() * size];
    for block in 1..g.blocks() {
        let (before, after) = states.split_at_mut(block * size);
        after[..size].copy_from_slice(&before[(block - 1) * size..]);
        scratch.decay(g, inputs, block - 1);
        scratch.advance(simd, g, inputs, block - 1, &mut after[..size]);
    }
    states
}
