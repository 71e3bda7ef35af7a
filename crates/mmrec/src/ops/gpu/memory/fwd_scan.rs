//! What runs through blocks, channel by channel: the recurrent memory, and the slots of the levels above the first.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, Layout};

/// Turns what every block writes into the memory before every block, and fills the levels above the first.
///
/// The grid is `[(d² + 2d · slots above the first level) / units, heads, rows]`: one invocation for each channel.
#[cube(launch_unchecked)]
pub fn fwd_scan(memory: &mut [f32], layout: &Layout, #[comptime] dims: Dims) {
    let group = (CUBE_POS_Z as usize * comptime!(dims.heads) + CUBE_POS_Y as usize) * layout.memory;
    let index = CUBE_POS_X as usize * comptime!(dims.units) + UNIT_POS as usize;
    let channels = comptime!(2 * dims.d);
    if index < comptime!(dims.d * dims.d) {
        state(memory, group + comptime!(dims.head()), index, layout.blocks, dims);
    } else {
        let index = index - comptime!(dims.d * dims.d);
        let slots = group + comptime!(dims.head()) + layout.blocks * comptime!(dims.record());
        merge(memory, slots, index / channels, index % channels, layout.blocks, dims);
    }
}

/// One entry of the recurrent memory through all blocks: h ← a h + what was written.
#[cube]
fn state(memory: &mut [f32], records: usize, index: usize, blocks: usize, #[comptime] dims: Dims) {
    let record = comptime!(dims.record());
    let mut sum = 0.0f32;
    for block in 1..blocks {
        let before = records + (block - 1) * record;
        let decay = memory[before + comptime!((dims.block - 1) * dims.token())].exp();
        let at = before + comptime!(dims.record() + dims.state()) + index;
        sum = decay * sum + memory[at];
        memory[at] = sum;
    }
}

/// One channel of one slot above the first level (`slot` counts through those levels).
///
/// Averages of averages by mass are averages by mass: whatever its level, a slot is made of blocks.
#[cube]
fn merge(memory: &mut [f32], slots: usize, slot: usize, channel: usize, blocks: usize, #[comptime] dims: Dims) {
    let each = comptime!(dims.slot());
    let mut base = 0usize;
    let mut units = blocks;
    let mut span = 1usize;
    let mut first = 0usize;
    let mut count = 0usize;
    for _ in 1..comptime!(dims.levels) {
        units /= comptime!(dims.fan_in);
        span *= comptime!(dims.fan_in);
        if slot >= base && slot < base + units {
            first = (slot - base) * span;
            count = span;
        }
        base += units;
    }
    if count > 0 {
        let mut largest = memory[slots + first * each];
        for unit in first + 1..first + count {
            largest = largest.max(memory[slots + unit * each]);
        }
        let mut sum = 0.0f32;
        let mut average = 0.0f32;
        for unit in first..first + count {
            let weight = (memory[slots + unit * each] - largest).exp();
            sum += weight;
            average += weight * memory[slots + unit * each + 1 + channel];
        }
        let to = slots + (blocks + slot) * each;
        memory[to + 1 + channel] = average / sum;
        if channel == 0 {
            memory[to] = largest + sum.ln();
        }
    }
}
