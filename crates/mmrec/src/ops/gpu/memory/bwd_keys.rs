//! The backward pass of one block's keys, values and gates, gathered from the blocks and slots that read them.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::bwd_queries::{Pair, turned_back};
use super::layout::{DECAY, Dims, KEY, Layout, Place, SALIENCE, VALUE, WRITE, channels, gate, place};
use super::math::{sigmoid, silu_slope, total};
use super::query_tile::{active, turned};

/// The workgroup memory of one block's keys.
#[derive(CubeType)]
struct Kept {
    /// The queries of a block in one of their forms, `[d, C]`; at first v ⊙ the gradient of what was recalled of it.
    asked: Shared<[f32]>,
    /// What of each token's writing is left at the block's end, `[C]`.
    rest: Shared<[f32]>,
    /// Gradients of ln β, `[C]`.
    write: Shared<[f32]>,
    /// Gradients of the running sums of ln a, `[C]`.
    decay: Shared<[f32]>,
    /// The tokens' weights in the slots of every level, `[levels, C]`.
    weight: Shared<[f32]>,
    /// Those slots, by their place in the pool, `[levels]`.
    origin: Shared<[u32]>,
    /// One number of each unit.
    parts: Shared<[f32]>,
}

/// Columns of k, v and the gates of `to_projection`, and the decay's share; the other arguments as in
/// [`bwd_queries`](super::bwd_queries::bwd_queries).
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub fn bwd_keys(
    projection: &[f32],
    rotation: &[f32],
    memory: &[f32],
    drafts: &[f32],
    to_projection: &mut [f32],
    shares: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let here = place(layout, dims);
    let c = comptime!(dims.block);
    let mut kept = Kept {
        asked: Shared::<[f32]>::new_slice(comptime!(dims.block * dims.d)),
        rest: Shared::<[f32]>::new_slice(c),
        write: Shared::<[f32]>::new_slice(c),
        decay: Shared::<[f32]>::new_slice(c),
        weight: Shared::<[f32]>::new_slice(comptime!(dims.levels * dims.block)),
        origin: Shared::<[u32]>::new_slice(dims.levels),
        parts: Shared::<[f32]>::new_slice(dims.units),
    };
    let scale = memory[here.memory];
    let next = here.block + 1 < layout.blocks;
    weights(&mut kept, projection, memory, &here, layout.blocks, dims);
    sync_cube();
    values(&mut kept, projection, memory, drafts, to_projection, &here, next, dims);
    sync_cube();
    for j in range_stepped(here.unit, c, dims.units) {
        let mut sum = 0.0f32;
        for channel in 0..dims.d {
            sum += kept.asked[channel * c + j];
        }
        kept.write[j] = sum;
        kept.decay[j] = drafts[here.draft + comptime!(dims.draft_decay()) + j] - sum;
    }
    sync_cube();
    active(&mut kept.asked, projection, &here, dims);
    sync_cube();
    recalled(&kept, projection, memory, drafts, to_projection, &here, next, dims);
    sync_cube();
    turned(&mut kept.asked, projection, rotation, &here, 0, 0usize, scale, dims);
    sync_cube();
    let scores = here.draft + comptime!(dims.scores() + dims.block * dims.block);
    windowed(&kept, rotation, drafts, to_projection, &here, scores, dims);
    sync_cube();
    if next {
        turned(&mut kept.asked, projection, rotation, &here, 1, c, scale, dims);
    }
    sync_cube();
    if next {
        // The next block's queries see this one as the block before theirs: its entries stand first.
        let scores = here.draft + comptime!(dims.draft() + dims.scores());
        windowed(&kept, rotation, drafts, to_projection, &here, scores, dims);
    }
    gates(&mut kept, projection, memory, drafts, to_projection, shares, &here, next, dims);
    salience(&kept, projection, memory, drafts, to_projection, &here, dims);
}

/// A slot that a block became part of.
#[derive(CubeType, Clone, Copy)]
struct Origin {
    /// Its place in the pool.
    slot: usize,
    /// Whether its level has come to make it.
    made: bool,
}

/// The slot of one level that a block became part of.
#[cube]
fn origin(block: usize, level: usize, blocks: usize, #[comptime] dims: Dims) -> Origin {
    let mut base = 0usize;
    let mut units = blocks;
    let mut unit = block;
    for _ in 0..level {
        base += units;
        units /= comptime!(dims.fan_in);
        unit /= comptime!(dims.fan_in);
    }
    let made = unit < units;
    let mut slot = 0usize;
    if made {
        slot = base + unit;
    }
    Origin { slot, made }
}

/// What is left of the tokens' writing, and their weights in the slots.
#[cube]
fn weights(kept: &mut Kept, projection: &[f32], memory: &[f32], here: &Place, blocks: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    let whole = memory[here.record + comptime!((dims.block - 1) * dims.token())];
    for j in range_stepped(here.unit, c, dims.units) {
        let token = here.record + j * comptime!(dims.token());
        kept.rest[j] = (whole - memory[token]).exp() * memory[token + 1];
    }
    for index in range_stepped(here.unit, comptime!(dims.levels * dims.block), dims.units) {
        let origin = origin(here.block, index / c, blocks, dims);
        let mut weight = 0.0f32;
        if origin.made {
            let salience = projection[gate(here.token + index % c, SALIENCE, here.head, dims)];
            weight = (salience - memory[here.slots + origin.slot * comptime!(dims.slot())]).exp();
        }
        kept.weight[index] = weight;
        if index % c == 0 {
            kept.origin[index / c] = origin.slot as u32;
        }
    }
}

/// The gradient of v; in `asked` v times the part of it that comes through the recurrent memory.
#[cube]
#[allow(clippy::too_many_arguments)]
fn values(
    kept: &mut Kept,
    projection: &[f32],
    memory: &[f32],
    drafts: &[f32],
    to_projection: &mut [f32],
    here: &Place,
    next: bool,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let after = here.draft + comptime!(dims.draft());
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), dims.units) {
        let (j, channel) = (index / d, index % d);
        let reads = here.draft + comptime!(dims.draft_read()) + channel * c;
        let both = here.draft + comptime!(dims.draft_both()) + channel * c;
        let mut recalled = 0.0f32;
        let mut seen = 0.0f32;
        for i in j..c {
            recalled += drafts[here.draft + comptime!(dims.draft_score()) + j * c + i] * drafts[reads + i];
            seen += drafts[here.draft + (c + j) * c + i] * drafts[both + i];
        }
        if next {
            let key = here.record + j * comptime!(dims.token()) + 3;
            let mut carried = 0.0f32;
            for row in 0..d {
                carried += memory[key + row] * drafts[after + comptime!(dims.draft_state()) + row * d + channel];
            }
            recalled += kept.rest[j] * carried;
            for i in 0..c {
                seen += drafts[after + j * c + i] * drafts[after + comptime!(dims.draft_both()) + channel * c + i];
            }
        }
        seen += merged(&*kept, drafts, here, j, d + channel, dims);
        let at = channels(here.token + j, VALUE, here.head, dims) + channel;
        to_projection[at] = recalled + seen;
        kept.asked[channel * c + j] = recalled * projection[at];
    }
}

/// The gradient of k through the recurrent memory and the slots.
#[cube]
#[allow(clippy::too_many_arguments)]
fn recalled(
    kept: &Kept,
    projection: &[f32],
    memory: &[f32],
    drafts: &[f32],
    to_projection: &mut [f32],
    here: &Place,
    next: bool,
    #[comptime] dims: Dims,
) {
    let half = comptime!(dims.half());
    for index in range_stepped(here.unit, comptime!(dims.block * dims.half()), dims.units) {
        let (j, first) = (index / half, index % half);
        let token = here.record + j * comptime!(dims.token());
        #[unroll]
        for side in 0..2 {
            let channel = first + comptime!(side * dims.half());
            let at = channels(here.token + j, KEY, here.head, dims) + channel;
            let to_unit = unit_key(kept, projection, drafts, here, next, j, channel, dims);
            // φ(k) and β enter the memory as one product, so the pull along φ(k) is the gradient of ln β.
            let across = memory[token + 2] * (to_unit - memory[token + 3 + channel] * kept.write[j]);
            to_projection[at] = across * silu_slope(projection[at]) + merged(kept, drafts, here, j, channel, dims);
        }
    }
}

/// The gradient of one channel of φ(k_j); silu(q) stands in `asked`.
#[cube]
#[allow(clippy::too_many_arguments)]
fn unit_key(
    kept: &Kept,
    projection: &[f32],
    drafts: &[f32],
    here: &Place,
    next: bool,
    j: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let c = comptime!(dims.block);
    let mut sum = 0.0f32;
    if next {
        let state = here.draft + comptime!(dims.draft() + dims.draft_state()) + channel * dims.d;
        let value = channels(here.token + j, VALUE, here.head, dims);
        for column in 0..dims.d {
            sum += drafts[state + column] * projection[value + column];
        }
        sum *= kept.rest[j];
    }
    for i in j..c {
        sum += drafts[here.draft + comptime!(dims.draft_pair()) + j * c + i] * kept.asked[channel * c + i];
    }
    sum
}

/// What the slots of all levels give one channel (keys first, then values) of token j.
#[cube]
fn merged(kept: &Kept, drafts: &[f32], here: &Place, j: usize, channel: usize, #[comptime] dims: Dims) -> f32 {
    let mut sum = 0.0f32;
    for level in 0..dims.levels {
        let weight = kept.weight[level * comptime!(dims.block) + j];
        let slot = here.slot_drafts + kept.origin[level] as usize * comptime!(2 * dims.d);
        sum += weight * drafts[slot + channel];
    }
    sum
}

/// Adds the gradient of k through scores of the window: those at `scores`, of the queries that stand in `asked`.
#[cube]
fn windowed(
    kept: &Kept,
    rotation: &[f32],
    drafts: &[f32],
    to_projection: &mut [f32],
    here: &Place,
    scores: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    let half = comptime!(dims.half());
    for index in range_stepped(here.unit, comptime!(dims.block * dims.half()), dims.units) {
        let (j, channel) = (index / half, index % half);
        let mut a = 0.0f32;
        let mut b = 0.0f32;
        for i in 0..c {
            let to = drafts[scores + j * c + i];
            a += to * kept.asked[channel * c + i];
            b += to * kept.asked[(channel + half) * c + i];
        }
        let Pair { a, b } = turned_back(a, b, rotation, index);
        let at = channels(here.token + j, KEY, here.head, dims) + channel;
        to_projection[at] += a;
        to_projection[at + half] += b;
    }
}

/// From the gradients of ln β and of the running sums of ln a to those of the gates.
#[cube]
#[allow(clippy::too_many_arguments)]
fn gates(
    kept: &mut Kept,
    projection: &[f32],
    memory: &[f32],
    drafts: &[f32],
    to_projection: &mut [f32],
    shares: &mut [f32],
    here: &Place,
    next: bool,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    // All of the memory after the block is multiplied by e to the block's last running sum.
    let mut part = 0.0f32;
    if next {
        let state = here.record + comptime!(dims.record() + dims.state());
        let to_state = here.draft + comptime!(dims.draft() + dims.draft_state());
        for index in range_stepped(here.unit, comptime!(dims.d * dims.d), dims.units) {
            part += memory[state + index] * drafts[to_state + index];
        }
    }
    total(&mut kept.parts, part, here.unit, dims.units);
    let carried = kept.parts[0];
    sync_cube();
    let mut rate = 0.0f32;
    for j in range_stepped(here.unit, c, dims.units) {
        let mut sum = carried;
        for later in j..c {
            sum += kept.decay[later];
        }
        let decay = gate(here.token + j, DECAY, here.head, dims);
        let open = sigmoid(projection[decay]);
        rate += sum * open;
        to_projection[decay] = sum * memory[here.memory + 1] * open * (1.0 - open);
        let write = memory[here.record + j * comptime!(dims.token()) + 1];
        to_projection[gate(here.token + j, WRITE, here.head, dims)] = kept.write[j] * (1.0 - write);
    }
    total(&mut kept.parts, rate, here.unit, dims.units);
    if here.unit == 0 {
        shares[here.shares + 1] = kept.parts[0];
    }
}

/// The gradient of the salience: how far k and v lie from the slots they are part of, along the slots' gradients.
#[cube]
fn salience(
    kept: &Kept,
    projection: &[f32],
    memory: &[f32],
    drafts: &[f32],
    to_projection: &mut [f32],
    here: &Place,
    #[comptime] dims: Dims,
) {
    for j in range_stepped(here.unit, dims.block, dims.units) {
        let mut sum = 0.0f32;
        for level in 0..dims.levels {
            let origin = kept.origin[level] as usize;
            let slot = here.slots + origin * comptime!(dims.slot()) + 1;
            let to_slot = here.slot_drafts + origin * comptime!(2 * dims.d);
            let mut pull = 0.0f32;
            for channel in 0..comptime!(2 * dims.d) {
                // Keys and values are parts 1 and 2 of the projection.
                let part = channel / dims.d * comptime!(dims.width()) + channel % dims.d;
                let own = projection[channels(here.token + j, KEY, here.head, dims) + part];
                pull += drafts[to_slot + channel] * (own - memory[slot + channel]);
            }
            sum += kept.weight[level * comptime!(dims.block) + j] * pull;
        }
        to_projection[gate(here.token + j, SALIENCE, here.head, dims)] = sum;
    }
}
