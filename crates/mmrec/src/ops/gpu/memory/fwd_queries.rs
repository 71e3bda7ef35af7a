//! The forward pass of one block's queries.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, GATE, Layout, channels, place};
use super::math::silu;
use super::query_tile::{Work, ask_all, context};

/// (r + ctx) ⊙ silu(e) into `out`, `[batch, time, width]`; grid `[blocks, heads, rows]`.
#[cube(launch_unchecked)]
pub fn fwd_queries(
    projection: &[f32],
    rotation: &[f32],
    memory: &[f32],
    out: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let here = place(layout, dims);
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let mut work = Work::new(dims);
    let count = ask_all(&mut work, projection, rotation, memory, &here, layout, dims);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        let norm = memory[here.memory + comptime!(2 + dims.levels) + channel];
        let read = work.read[channel * c + i] * work.inverse[i] * norm;
        let both = read + context(&work, projection, memory, &here, count, i, channel, dims);
        let gate = projection[channels(here.token + i, GATE, here.head, dims) + channel];
        out[(here.token + i) * comptime!(dims.width()) + here.head * d + channel] = both * silu(gate);
    }
}
