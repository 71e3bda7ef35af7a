//! The backward pass of one chunk's keys, values and gates, gathered from the chunks and slots that read them.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::bwd_queries::{RopePair, unrope};
use super::layout::{DECAY, Dims, KEY, Layout, SALIENCE, VALUE, WRITE, WorkgroupPos, channels, gate, workgroup_pos};
use super::math::{sigmoid, silu_slope, total};
use super::query_tile::{roped_queries, silu_queries};

/// The workgroup memory of one chunk's keys; symbols as in [`QueryTile`](super::query_tile::QueryTile).
#[derive(CubeType)]
struct KeyTile {
    /// The queries of a chunk in one of their forms, `[d, C]`; at first v ⊙ the gradient that comes to it through the recurrent memory.
    q: Shared<[f32]>,
    /// e^(c_C − c_j) β_j: what of token j's writing is left at the chunk's end, `[C]`
    decay_to_end: Shared<[f32]>,
    /// Gradients of ln β_j, `[C]`
    grad_log_write: Shared<[f32]>,
    /// Gradients of c_j, `[C]`
    grad_cum_log_decay: Shared<[f32]>,
    /// w_j: the tokens' weights in the slots of every level, `[levels, C]`
    slot_weight: Shared<[f32]>,
    /// Those slots, by their place in the pool, `[levels]`
    parent_slot: Shared<[u32]>,
    /// One number of each unit.
    partial_sums: Shared<[f32]>,
}

/// Columns of k, v and the gates of `to_projection`, and the decay's part of `partial_grads`; the other arguments as in
/// [`bwd_queries`](super::bwd_queries::bwd_queries).
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub fn bwd_keys(
    projection: &[f32],
    rope_table: &[f32],
    fwd_cache: &[f32],
    bwd_cache: &[f32],
    to_projection: &mut [f32],
    partial_grads: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let pos = workgroup_pos(layout, dims);
    let c = comptime!(dims.chunk);
    let mut tile = KeyTile {
        q: Shared::<[f32]>::new_slice(comptime!(dims.chunk * dims.d)),
        decay_to_end: Shared::<[f32]>::new_slice(c),
        grad_log_write: Shared::<[f32]>::new_slice(c),
        grad_cum_log_decay: Shared::<[f32]>::new_slice(c),
        slot_weight: Shared::<[f32]>::new_slice(comptime!(dims.levels * dims.chunk)),
        parent_slot: Shared::<[u32]>::new_slice(dims.levels),
        partial_sums: Shared::<[f32]>::new_slice(dims.units),
    };
    let scale = fwd_cache[pos.head_record];
    let next = pos.chunk + 1 < layout.chunks;
    slot_weights(&mut tile, projection, fwd_cache, &pos, layout.chunks, dims);
    sync_cube();
    grad_values(&mut tile, projection, fwd_cache, bwd_cache, to_projection, &pos, next, dims);
    sync_cube();
    for j in range_stepped(pos.unit, c, dims.units) {
        let mut sum = 0.0f32;
        for channel in 0..dims.d {
            sum += tile.q[channel * c + j];
        }
        tile.grad_log_write[j] = sum;
        tile.grad_cum_log_decay[j] = bwd_cache[pos.grad_record + comptime!(dims.grad_decay_offset()) + j] - sum;
    }
    sync_cube();
    silu_queries(&mut tile.q, projection, &pos, dims);
    sync_cube();
    grad_keys(&tile, projection, fwd_cache, bwd_cache, to_projection, &pos, next, dims);
    sync_cube();
    roped_queries(&mut tile.q, projection, rope_table, &pos, 0, 0usize, scale, dims);
    sync_cube();
    let scores = pos.grad_record + comptime!(dims.scores() + dims.chunk * dims.chunk);
    grad_window_keys(&tile, rope_table, bwd_cache, to_projection, &pos, scores, dims);
    sync_cube();
    if next {
        roped_queries(&mut tile.q, projection, rope_table, &pos, 1, c, scale, dims);
    }
    sync_cube();
    if next {
        // The next chunk's queries see this one as the chunk before theirs: its entries stand first.
        let scores = pos.grad_record + comptime!(dims.grad_record() + dims.scores());
        grad_window_keys(&tile, rope_table, bwd_cache, to_projection, &pos, scores, dims);
    }
    gates(&mut tile, projection, fwd_cache, bwd_cache, to_projection, partial_grads, &pos, next, dims);
    salience(&tile, projection, fwd_cache, bwd_cache, to_projection, &pos, dims);
}

/// A slot that a chunk became part of.
#[derive(CubeType, Clone, Copy)]
struct ParentSlot {
    /// Its place in the pool.
    slot: usize,
    /// Whether its level has come to make it.
    made: bool,
}

/// The slot of one level that a chunk became part of.
#[cube]
fn parent_slot(chunk: usize, level: usize, chunks: usize, #[comptime] dims: Dims) -> ParentSlot {
    let mut base = 0usize;
    let mut units = chunks;
    let mut unit = chunk;
    for _ in 0..level {
        base += units;
        units /= comptime!(dims.merge_factor);
        unit /= comptime!(dims.merge_factor);
    }
    let made = unit < units;
    let mut slot = 0usize;
    if made {
        slot = base + unit;
    }
    ParentSlot { slot, made }
}

/// What is left of the tokens' writing, and their weights in the slots.
#[cube]
fn slot_weights(
    tile: &mut KeyTile,
    projection: &[f32],
    fwd_cache: &[f32],
    pos: &WorkgroupPos,
    chunks: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let whole = fwd_cache[pos.chunk_record + comptime!((dims.chunk - 1) * dims.token_record())];
    for j in range_stepped(pos.unit, c, dims.units) {
        let token = pos.chunk_record + j * comptime!(dims.token_record());
        tile.decay_to_end[j] = (whole - fwd_cache[token]).exp() * fwd_cache[token + 1];
    }
    for index in range_stepped(pos.unit, comptime!(dims.levels * dims.chunk), dims.units) {
        let parent = parent_slot(pos.chunk, index / c, chunks, dims);
        let mut weight = 0.0f32;
        if parent.made {
            let salience = projection[gate(pos.token + index % c, SALIENCE, pos.head, dims)];
            weight = (salience - fwd_cache[pos.slots + parent.slot * comptime!(dims.slot_record())]).exp();
        }
        tile.slot_weight[index] = weight;
        if index % c == 0 {
            tile.parent_slot[index / c] = parent.slot as u32;
        }
    }
}

/// The gradient of v; in `q` v times the part of it that comes through the recurrent memory.
#[cube]
#[allow(clippy::too_many_arguments)]
fn grad_values(
    tile: &mut KeyTile,
    projection: &[f32],
    fwd_cache: &[f32],
    bwd_cache: &[f32],
    to_projection: &mut [f32],
    pos: &WorkgroupPos,
    next: bool,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let after = pos.grad_record + comptime!(dims.grad_record());
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), dims.units) {
        let (j, channel) = (index / d, index % d);
        let reads = pos.grad_record + comptime!(dims.grad_read_offset()) + channel * c;
        let grad_outs = pos.grad_record + comptime!(dims.grad_out_offset()) + channel * c;
        let mut through_state = 0.0f32;
        let mut seen = 0.0f32;
        for i in j..c {
            through_state +=
                bwd_cache[pos.grad_record + comptime!(dims.masked_qk_offset()) + j * c + i] * bwd_cache[reads + i];
            seen += bwd_cache[pos.grad_record + (c + j) * c + i] * bwd_cache[grad_outs + i];
        }
        if next {
            let key = pos.chunk_record + j * comptime!(dims.token_record()) + 3;
            let mut carried = 0.0f32;
            for row in 0..d {
                carried +=
                    fwd_cache[key + row] * bwd_cache[after + comptime!(dims.grad_state_offset()) + row * d + channel];
            }
            through_state += tile.decay_to_end[j] * carried;
            for i in 0..c {
                seen += bwd_cache[after + j * c + i]
                    * bwd_cache[after + comptime!(dims.grad_out_offset()) + channel * c + i];
            }
        }
        seen += through_slots(&*tile, bwd_cache, pos, j, d + channel, dims);
        let at = channels(pos.token + j, VALUE, pos.head, dims) + channel;
        to_projection[at] = through_state + seen;
        tile.q[channel * c + j] = through_state * projection[at];
    }
}

/// The gradient of k through the recurrent memory and the slots.
#[cube]
#[allow(clippy::too_many_arguments)]
fn grad_keys(
    tile: &KeyTile,
    projection: &[f32],
    fwd_cache: &[f32],
    bwd_cache: &[f32],
    to_projection: &mut [f32],
    pos: &WorkgroupPos,
    next: bool,
    #[comptime] dims: Dims,
) {
    let half = comptime!(dims.half());
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.half()), dims.units) {
        let (j, first) = (index / half, index % half);
        let token = pos.chunk_record + j * comptime!(dims.token_record());
        #[unroll]
        for side in 0..2 {
            let channel = first + comptime!(side * dims.half());
            let at = channels(pos.token + j, KEY, pos.head, dims) + channel;
            let to_unit = grad_unit_key(tile, projection, bwd_cache, pos, next, j, channel, dims);
            // φ(k) and β enter the memory as one product, so the gradient along φ(k) is the gradient of ln β.
            let across = fwd_cache[token + 2] * (to_unit - fwd_cache[token + 3 + channel] * tile.grad_log_write[j]);
            to_projection[at] =
                across * silu_slope(projection[at]) + through_slots(tile, bwd_cache, pos, j, channel, dims);
        }
    }
}

/// The gradient of one channel of φ(k_j); silu(q) stands in `q`.
#[cube]
#[allow(clippy::too_many_arguments)]
fn grad_unit_key(
    tile: &KeyTile,
    projection: &[f32],
    bwd_cache: &[f32],
    pos: &WorkgroupPos,
    next: bool,
    j: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let c = comptime!(dims.chunk);
    let mut sum = 0.0f32;
    if next {
        let state = pos.grad_record + comptime!(dims.grad_record() + dims.grad_state_offset()) + channel * dims.d;
        let value = channels(pos.token + j, VALUE, pos.head, dims);
        for column in 0..dims.d {
            sum += bwd_cache[state + column] * projection[value + column];
        }
        sum *= tile.decay_to_end[j];
    }
    for i in j..c {
        sum += bwd_cache[pos.grad_record + comptime!(dims.grad_qk_offset()) + j * c + i] * tile.q[channel * c + i];
    }
    sum
}

/// What the slots of all levels give one channel (keys first, then values) of token j.
#[cube]
fn through_slots(
    tile: &KeyTile,
    bwd_cache: &[f32],
    pos: &WorkgroupPos,
    j: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let mut sum = 0.0f32;
    for level in 0..dims.levels {
        let weight = tile.slot_weight[level * comptime!(dims.chunk) + j];
        let slot = pos.slot_grads + tile.parent_slot[level] as usize * comptime!(2 * dims.d);
        sum += weight * bwd_cache[slot + channel];
    }
    sum
}

/// Adds the gradient of k through scores of the window: those at `scores`, of the queries that stand in `q`.
#[cube]
fn grad_window_keys(
    tile: &KeyTile,
    rope_table: &[f32],
    bwd_cache: &[f32],
    to_projection: &mut [f32],
    pos: &WorkgroupPos,
    scores: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let half = comptime!(dims.half());
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.half()), dims.units) {
        let (j, channel) = (index / half, index % half);
        let mut a = 0.0f32;
        let mut b = 0.0f32;
        for i in 0..c {
            let to = bwd_cache[scores + j * c + i];
            a += to * tile.q[channel * c + i];
            b += to * tile.q[(channel + half) * c + i];
        }
        let RopePair { a, b } = unrope(a, b, rope_table, index);
        let at = channels(pos.token + j, KEY, pos.head, dims) + channel;
        to_projection[at] += a;
        to_projection[at + half] += b;
    }
}

/// From the gradients of ln β and of c to those of the gates.
#[cube]
#[allow(clippy::too_many_arguments)]
fn gates(
    tile: &mut KeyTile,
    projection: &[f32],
    fwd_cache: &[f32],
    bwd_cache: &[f32],
    to_projection: &mut [f32],
    partial_grads: &mut [f32],
    pos: &WorkgroupPos,
    next: bool,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    // All of the memory after the chunk is multiplied by e to the chunk's last running sum.
    let mut part = 0.0f32;
    if next {
        let state = pos.chunk_record + comptime!(dims.chunk_record() + dims.state_offset());
        let to_state = pos.grad_record + comptime!(dims.grad_record() + dims.grad_state_offset());
        for index in range_stepped(pos.unit, comptime!(dims.d * dims.d), dims.units) {
            part += fwd_cache[state + index] * bwd_cache[to_state + index];
        }
    }
    total(&mut tile.partial_sums, part, pos.unit, dims.units);
    let carried = tile.partial_sums[0];
    sync_cube();
    let mut rate = 0.0f32;
    for j in range_stepped(pos.unit, c, dims.units) {
        let mut sum = carried;
        for later in j..c {
            sum += tile.grad_cum_log_decay[later];
        }
        let decay = gate(pos.token + j, DECAY, pos.head, dims);
        let open = sigmoid(projection[decay]);
        rate += sum * open;
        to_projection[decay] = sum * fwd_cache[pos.head_record + 1] * open * (1.0 - open);
        let write = fwd_cache[pos.chunk_record + j * comptime!(dims.token_record()) + 1];
        to_projection[gate(pos.token + j, WRITE, pos.head, dims)] = tile.grad_log_write[j] * (1.0 - write);
    }
    total(&mut tile.partial_sums, rate, pos.unit, dims.units);
    if pos.unit == 0 {
        partial_grads[pos.partial_grads + 1] = tile.partial_sums[0];
    }
}

/// The gradient of the salience: how far k and v lie from the slots they are part of, along the slots' gradients.
#[cube]
fn salience(
    tile: &KeyTile,
    projection: &[f32],
    fwd_cache: &[f32],
    bwd_cache: &[f32],
    to_projection: &mut [f32],
    pos: &WorkgroupPos,
    #[comptime] dims: Dims,
) {
    for j in range_stepped(pos.unit, dims.chunk, dims.units) {
        let mut sum = 0.0f32;
        for level in 0..dims.levels {
            let parent = tile.parent_slot[level] as usize;
            let slot = pos.slots + parent * comptime!(dims.slot_record()) + 1;
            let to_slot = pos.slot_grads + parent * comptime!(2 * dims.d);
            let mut grad_dot = 0.0f32;
            for channel in 0..comptime!(2 * dims.d) {
                // Keys and values are parts 1 and 2 of the projection.
                let part = channel / dims.d * comptime!(dims.width()) + channel % dims.d;
                let own = projection[channels(pos.token + j, KEY, pos.head, dims) + part];
                grad_dot += bwd_cache[to_slot + channel] * (own - fwd_cache[slot + channel]);
            }
            sum += tile.slot_weight[level * comptime!(dims.chunk) + j] * grad_dot;
        }
        to_projection[gate(pos.token + j, SALIENCE, pos.head, dims)] = sum;
    }
}
