//! What runs through chunks, channel by channel: the recurrent memory, and the slots of the levels above the first.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, Layout};

/// Turns what every chunk writes into the memory before every chunk, and fills the levels above the first.
///
/// The grid is `[(d² + 2d · slots above the first level) / units, heads, rows]`: one invocation for each channel.
#[cube(launch_unchecked)]
pub fn fwd_scan(fwd_cache: &mut [f32], layout: &Layout, #[comptime] dims: Dims) {
    let group = (CUBE_POS_Z as usize * comptime!(dims.heads) + CUBE_POS_Y as usize) * layout.fwd_cache;
    let index = CUBE_POS_X as usize * comptime!(dims.units) + UNIT_POS as usize;
    let channels = comptime!(2 * dims.d);
    if index < comptime!(dims.d * dims.d) {
        state(fwd_cache, group + comptime!(dims.head_record()), index, layout.chunks, dims);
    } else {
        let index = index - comptime!(dims.d * dims.d);
        let slots = group + comptime!(dims.head_record()) + layout.chunks * comptime!(dims.chunk_record());
        merge(fwd_cache, slots, index / channels, index % channels, layout.chunks, dims);
    }
}

/// One entry of the recurrent memory through all chunks: h ← a h + what was written.
#[cube]
fn state(fwd_cache: &mut [f32], records: usize, index: usize, chunks: usize, #[comptime] dims: Dims) {
    let record = comptime!(dims.chunk_record());
    let mut sum = 0.0f32;
    for chunk in 1..chunks {
        let before = records + (chunk - 1) * record;
        let chunk_decay = fwd_cache[before + comptime!((dims.chunk - 1) * dims.token_record())].exp();
        let at = before + comptime!(dims.chunk_record() + dims.state_offset()) + index;
        sum = chunk_decay * sum + fwd_cache[at];
        fwd_cache[at] = sum;
    }
}

/// One channel of one slot above the first level (`slot` counts through those levels).
///
/// Averages of averages by mass are averages by mass: whatever its level, a slot is made of chunks.
#[cube]
fn merge(fwd_cache: &mut [f32], slots: usize, slot: usize, channel: usize, chunks: usize, #[comptime] dims: Dims) {
    let each = comptime!(dims.slot_record());
    let mut base = 0usize;
    let mut units = chunks;
    let mut span = 1usize;
    let mut first = 0usize;
    let mut count = 0usize;
    for _ in 1..comptime!(dims.levels) {
        units /= comptime!(dims.merge_factor);
        span *= comptime!(dims.merge_factor);
        if slot >= base && slot < base + units {
            first = (slot - base) * span;
            count = span;
        }
        base += units;
    }
    if count > 0 {
        let mut largest = fwd_cache[slots + first * each];
        for unit in first + 1..first + count {
            largest = largest.max(fwd_cache[slots + unit * each]);
        }
        let mut sum = 0.0f32;
        let mut average = 0.0f32;
        for unit in first..first + count {
            let weight = (fwd_cache[slots + unit * each] - largest).exp();
            sum += weight;
            average += weight * fwd_cache[slots + unit * each + 1 + channel];
        }
        let to = slots + (chunks + slot) * each;
        fwd_cache[to + 1 + channel] = average / sum;
        if channel == 0 {
            fwd_cache[to] = largest + sum.ln();
        }
    }
}
