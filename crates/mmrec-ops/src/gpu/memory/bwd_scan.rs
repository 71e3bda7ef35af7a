//! The way back of what runs through chunks: gradients of the recurrent memory before every chunk, and of every slot.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, Layout};
use super::query_tile::held;

/// Sums the records' gradients of the memory through all chunks, and gathers those of every slot's key and value.
///
/// The grid is `[(d² + 2d · slots) / units, heads, rows]`: one invocation for each channel.
#[cube(launch_unchecked)]
pub fn bwd_scan(projection: &[f32], fwd_cache: &[f32], bwd_cache: &mut [f32], layout: &Layout, #[comptime] dims: Dims) {
    let group = CUBE_POS_Z as usize * comptime!(dims.heads) + CUBE_POS_Y as usize;
    let index = CUBE_POS_X as usize * comptime!(dims.units) + UNIT_POS as usize;
    let states = comptime!(dims.d * dims.d);
    if index < states {
        state(fwd_cache, bwd_cache, group, index, layout, dims);
    } else if index - states < (layout.bwd_cache - layout.chunks * comptime!(dims.grad_record())) {
        slot(projection, fwd_cache, bwd_cache, group, index - states, layout, dims);
    }
}

/// One entry of the memory: its gradient before a chunk is that of the chunk's reads, and a times that after the chunk.
#[cube]
fn state(
    fwd_cache: &[f32],
    bwd_cache: &mut [f32],
    group: usize,
    index: usize,
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let records = group * layout.fwd_cache + comptime!(dims.head_record() + (dims.chunk - 1) * dims.token_record());
    let first = group * layout.bwd_cache + comptime!(dims.grad_state_offset()) + index;
    let mut sum = 0.0f32;
    for back in 0..layout.chunks {
        let chunk = layout.chunks - 1 - back;
        let chunk_decay = fwd_cache[records + chunk * comptime!(dims.chunk_record())].exp();
        let at = first + chunk * comptime!(dims.grad_record());
        sum = chunk_decay * sum + bwd_cache[at];
        bwd_cache[at] = sum;
    }
}

/// One channel of the gradient of a slot's key (the first d) or value, from all chunks that see the slot.
#[cube]
fn slot(
    projection: &[f32],
    fwd_cache: &[f32],
    bwd_cache: &mut [f32],
    group: usize,
    index: usize,
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let of_value = index / d % 2;
    let channel = index % d;
    let mut unit = index / comptime!(2 * dims.d);
    let mut level = 0usize;
    let mut units = layout.chunks;
    let mut span = 1usize;
    for _ in 1..comptime!(dims.levels) {
        if unit >= units && level + 1 < comptime!(dims.levels) {
            unit -= units;
            units /= comptime!(dims.merge_factor);
            span *= comptime!(dims.merge_factor);
            level += 1;
        }
    }
    let row = layout.first_row + CUBE_POS_Z as usize;
    let queries = row * layout.chunks * c * comptime!(dims.projected()) + CUBE_POS_Y as usize * d + channel;
    let mut sum = 0.0f32;
    let mut chunk = (unit + 1) * span + 1;
    let mut going = true;
    while chunk < layout.chunks && going {
        let held = held(chunk, level, layout.chunks, dims);
        going = unit >= held.from;
        if going && unit < held.to {
            let record = group * layout.bwd_cache + chunk * comptime!(dims.grad_record());
            let probs = record + (2 * c + held.below + unit - held.from) * c;
            for i in 0..c {
                if of_value == 1 {
                    let grad_out = bwd_cache[record + comptime!(dims.grad_out_offset()) + channel * c + i];
                    sum += bwd_cache[probs + i] * grad_out;
                } else {
                    let query = projection[queries + (chunk * c + i) * comptime!(dims.projected())];
                    sum += bwd_cache[probs + comptime!(dims.scores()) + i] * query;
                }
            }
        }
        chunk += 1;
    }
    if of_value == 0 {
        // Keys are multiplied with η q.
        sum *= fwd_cache[group * layout.fwd_cache];
    }
    bwd_cache[group * layout.bwd_cache + layout.chunks * comptime!(dims.grad_record()) + index] = sum;
}
