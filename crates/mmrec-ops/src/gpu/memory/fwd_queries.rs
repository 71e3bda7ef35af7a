//! The forward pass of one chunk's queries.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, GATE, Layout, channels, workgroup_pos};
use super::math::silu;
use super::query_tile::{QueryTile, attend_queries, context};

/// (r + ctx) ⊙ silu(e) into `out`, `[batch, time, width]`; grid `[chunks, heads, rows]`.
#[cube(launch_unchecked)]
pub fn fwd_queries(
    projection: &[f32],
    rope_table: &[f32],
    fwd_cache: &[f32],
    out: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let pos = workgroup_pos(layout, dims);
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let mut tile = QueryTile::new(dims);
    let count = attend_queries(&mut tile, projection, rope_table, fwd_cache, &pos, layout, dims);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        let norm = fwd_cache[pos.head_record + comptime!(2 + dims.levels) + channel];
        let read = tile.read[channel * c + i] * tile.inverse_rms[i] * norm;
        let r_plus_ctx = read + context(&tile, projection, fwd_cache, &pos, count, i, channel, dims);
        let gate = projection[channels(pos.token + i, GATE, pos.head, dims) + channel];
        out[(pos.token + i) * comptime!(dims.width()) + pos.head * d + channel] = r_plus_ctx * silu(gate);
    }
}
