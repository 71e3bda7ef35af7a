//! The way back of what runs through blocks: gradients of the recurrent memory before every block, and of every slot.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, Layout};
use super::query_tile::held;

/// Sums the drafts' gradients of the memory through all blocks, and gathers those of every slot's key and value.
///
/// The grid is `[(d² + 2d · slots) / units, heads, rows]`: one invocation for each channel.
#[cube(launch_unchecked)]
pub fn bwd_scan(projection: &[f32], memory: &[f32], drafts: &mut [f32], layout: &Layout, #[comptime] dims: Dims) {
    let group = CUBE_POS_Z as usize * comptime!(dims.heads) + CUBE_POS_Y as usize;
    let index = CUBE_POS_X as usize * comptime!(dims.units) + UNIT_POS as usize;
    let states = comptime!(dims.d * dims.d);
    if index < states {
        state(memory, drafts, group, index, layout, dims);
    } else if index - states < (layout.drafts - layout.blocks * comptime!(dims.draft())) {
        slot(projection, memory, drafts, group, index - states, layout, dims);
    }
}

/// One entry of the memory: its gradient before a block is that of the block's reads, and a times that after the block.
#[cube]
fn state(memory: &[f32], drafts: &mut [f32], group: usize, index: usize, layout: &Layout, #[comptime] dims: Dims) {
    let records = group * layout.memory + comptime!(dims.head() + (dims.block - 1) * dims.token());
    let first = group * layout.drafts + comptime!(dims.draft_state()) + index;
    let mut sum = 0.0f32;
    for back in 0..layout.blocks {
        let block = layout.blocks - 1 - back;
        let decay = memory[records + block * comptime!(dims.record())].exp();
        let at = first + block * comptime!(dims.draft());
        sum = decay * sum + drafts[at];
        drafts[at] = sum;
    }
}

/// One channel of the gradient of a slot's key (the first d) or value, from all blocks that see the slot.
#[cube]
fn slot(
    projection: &[f32],
    memory: &[f32],
    drafts: &mut [f32],
    group: usize,
    index: usize,
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let of_value = index / d % 2;
    let channel = index % d;
    let mut unit = index / comptime!(2 * dims.d);
    let mut level = 0usize;
    let mut units = layout.blocks;
    let mut span = 1usize;
    for _ in 1..comptime!(dims.levels) {
        if unit >= units && level + 1 < comptime!(dims.levels) {
            unit -= units;
            units /= comptime!(dims.fan_in);
            span *= comptime!(dims.fan_in);
            level += 1;
        }
    }
    let row = layout.first_row + CUBE_POS_Z as usize;
    let queries = row * layout.blocks * c * comptime!(dims.projected()) + CUBE_POS_Y as usize * d + channel;
    let mut sum = 0.0f32;
    let mut block = (unit + 1) * span + 1;
    let mut going = true;
    while block < layout.blocks && going {
        let held = held(block, level, layout.blocks, dims);
        going = unit >= held.from;
        if going && unit < held.to {
            let draft = group * layout.drafts + block * comptime!(dims.draft());
            let shares = draft + (2 * c + held.below + unit - held.from) * c;
            for i in 0..c {
                if of_value == 1 {
                    let to_both = drafts[draft + comptime!(dims.draft_both()) + channel * c + i];
                    sum += drafts[shares + i] * to_both;
                } else {
                    let query = projection[queries + (block * c + i) * comptime!(dims.projected())];
                    sum += drafts[shares + comptime!(dims.scores()) + i] * query;
                }
            }
        }
        block += 1;
    }
    if of_value == 0 {
        // What asks is η q.
        sum *= memory[group * layout.memory];
    }
    drafts[group * layout.drafts + layout.blocks * comptime!(dims.draft()) + index] = sum;
}
