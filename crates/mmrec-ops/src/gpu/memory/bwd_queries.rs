//! The backward pass of one chunk's queries: gradients of q and e, and what the keys' side needs to know, as a record.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, GATE, Layout, QUERY, VALUE, WorkgroupPos, channels, workgroup_pos};
use super::math::{silu, silu_slope, total};
use super::query_tile::{QueryTile, attend_queries, context, decay_mask, first_entry, held, silu_queries};
use crate::reference::RMS_EPSILON;

/// Everything a query knows; grid `[chunks, heads, rows]`.
///
/// # Shapes
/// - `gradient`: of the output, `[batch, time, width]`
/// - `to_projection`: columns of q and e of `[batch, time, 4·width + 3·heads]`
/// - `partial_grads`: what every chunk and head adds to the parameters' gradients, but for the decay's,
///   `[batch, chunks, heads, partial_grads]`
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub fn bwd_queries(
    projection: &[f32],
    rope_table: &[f32],
    fwd_cache: &[f32],
    gradient: &[f32],
    bwd_cache: &mut [f32],
    to_projection: &mut [f32],
    partial_grads: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let pos = workgroup_pos(layout, dims);
    let mut tile = QueryTile::new(dims);
    let mut parts = Shared::<[f32]>::new_slice(comptime!(dims.units));
    let count = attend_queries(&mut tile, projection, rope_table, fwd_cache, &pos, layout, dims);
    gates(&mut tile, projection, fwd_cache, gradient, bwd_cache, to_projection, &pos, count, dims);
    norm(&mut tile, fwd_cache, bwd_cache, partial_grads, &pos, dims);
    softmax(&mut tile, projection, fwd_cache, bwd_cache, &pos, count, dims);
    sync_cube();
    biases(&tile, partial_grads, &pos, layout.chunks, dims);
    silu_queries(&mut tile.q, projection, &pos, dims);
    sync_cube();
    grad_qk(&mut tile, projection, bwd_cache, &pos, dims);
    grad_state(&tile, bwd_cache, &pos, dims);
    sync_cube();
    let scale = grad_queries(&tile, projection, rope_table, fwd_cache, to_projection, &pos, count, dims);
    total(&mut parts, scale, pos.unit, dims.units);
    if pos.unit == 0 {
        partial_grads[pos.partial_grads] = parts[0];
    }
}

/// Through (r + ctx) ⊙ silu(e): the gradient of e, and in `q` that of r + ctx; in `sums` its product with ctx.
#[cube]
#[allow(clippy::too_many_arguments)]
fn gates(
    tile: &mut QueryTile,
    projection: &[f32],
    fwd_cache: &[f32],
    gradient: &[f32],
    bwd_cache: &mut [f32],
    to_projection: &mut [f32],
    pos: &WorkgroupPos,
    count: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        let norm = fwd_cache[pos.head_record + comptime!(2 + dims.levels) + channel];
        let ctx = context(&*tile, projection, fwd_cache, pos, count, i, channel, dims);
        let r_plus_ctx = tile.read[channel * c + i] * tile.inverse_rms[i] * norm + ctx;
        let at = channels(pos.token + i, GATE, pos.head, dims) + channel;
        let gate = projection[at];
        let from = gradient[(pos.token + i) * comptime!(dims.width()) + pos.head * d + channel];
        to_projection[at] = from * r_plus_ctx * silu_slope(gate);
        let grad_out = from * silu(gate);
        bwd_cache[pos.grad_record + comptime!(dims.grad_out_offset()) + channel * c + i] = grad_out;
        tile.q[channel * c + i] = grad_out * ctx;
    }
    sync_cube();
    for i in range_stepped(pos.unit, c, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for channel in 0..d {
            sum += tile.q[channel * c + i];
        }
        tile.sums[i] = sum;
    }
    sync_cube();
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        // This invocation wrote it.
        tile.q[channel * c + i] = bwd_cache[pos.grad_record + comptime!(dims.grad_out_offset()) + channel * c + i];
    }
    sync_cube();
}

/// Through the norm of the reads: their gradient takes their place in `read`.
#[cube]
fn norm(
    tile: &mut QueryTile,
    fwd_cache: &[f32],
    bwd_cache: &mut [f32],
    partial_grads: &mut [f32],
    pos: &WorkgroupPos,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let norms = pos.head_record + comptime!(2 + dims.levels);
    for channel in range_stepped(pos.unit, d, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for i in 0..c {
            sum += tile.q[channel * c + i] * tile.read[channel * c + i] * tile.inverse_rms[i];
        }
        partial_grads[pos.partial_grads + comptime!(2 + dims.levels) + channel] = sum;
    }
    for i in range_stepped(pos.unit, c, comptime!(dims.units)) {
        let mut squares = 0.0f32;
        let mut grad_dot = 0.0f32;
        for channel in 0..d {
            let read = tile.read[channel * c + i];
            squares += read * read;
            grad_dot += tile.q[channel * c + i] * fwd_cache[norms + channel] * read;
        }
        let squares = squares + RMS_EPSILON;
        // The running sum of ln a scales the whole read, which the norm takes back but for its ε.
        let grad_decay = tile.inverse_rms[i] * grad_dot * (RMS_EPSILON / squares);
        bwd_cache[pos.grad_record + comptime!(dims.grad_decay_offset()) + i] = grad_decay;
        tile.grad_dot[i] = grad_dot / squares;
    }
    sync_cube();
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (channel, i) = (index / c, index % c);
        let centred = tile.q[index] * fwd_cache[norms + channel] - tile.read[index] * tile.grad_dot[i];
        let to_read = tile.inverse_rms[i] * centred;
        tile.read[index] = to_read;
        bwd_cache[pos.grad_record + comptime!(dims.grad_read_offset()) + index] = to_read;
    }
}

/// Through the softmax: the scores' gradients take the probabilities' place in `probs`.
#[cube]
fn softmax(
    tile: &mut QueryTile,
    projection: &[f32],
    fwd_cache: &[f32],
    bwd_cache: &mut [f32],
    pos: &WorkgroupPos,
    count: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let window = comptime!(2 * dims.chunk);
    let values = channels(pos.token, VALUE, pos.head, dims);
    let first = first_entry(pos.chunk, dims) * c + pos.unit;
    for index in range_stepped(first, (window + count) * c, comptime!(dims.units)) {
        let (entry, i) = (index / c, index % c);
        let mut grad_dot = 0.0f32;
        if entry < window {
            let value = values + entry * comptime!(dims.projected()) - comptime!(dims.chunk * dims.projected());
            for channel in 0..comptime!(dims.d) {
                grad_dot += projection[value + channel] * tile.q[channel * c + i];
            }
        } else {
            let slot = pos.slots + tile.slot_index[entry - window] as usize * comptime!(dims.slot_record());
            for channel in 0..comptime!(dims.d) {
                grad_dot += fwd_cache[slot + comptime!(1 + dims.d) + channel] * tile.q[channel * c + i];
            }
        }
        let prob = tile.probs[index];
        // Σ over entries of prob · grad_dot is the context times its gradient.
        let to_score = prob * (grad_dot - tile.sums[i]);
        tile.probs[index] = to_score;
        bwd_cache[pos.grad_record + index] = prob;
        bwd_cache[pos.grad_record + comptime!(dims.scores()) + index] = to_score;
    }
}

/// The biases' gradients: sums of scores' gradients over a level.
#[cube]
fn biases(tile: &QueryTile, partial_grads: &mut [f32], pos: &WorkgroupPos, chunks: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.chunk);
    for level in range_stepped(pos.unit, comptime!(dims.levels), comptime!(dims.units)) {
        let held = held(pos.chunk, level, chunks, dims);
        let first = (2 * c + held.below) * c;
        let mut sum = 0.0f32;
        for index in first..first + (held.to - held.from) * c {
            sum += tile.probs[index];
        }
        partial_grads[pos.partial_grads + 2 + level] = sum;
    }
}

/// Gradients of φ(k_j) · silu(q_i), which take the place of `masked_qk`.
#[cube]
fn grad_qk(
    tile: &mut QueryTile,
    projection: &[f32],
    bwd_cache: &mut [f32],
    pos: &WorkgroupPos,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let values = channels(pos.token, VALUE, pos.head, dims);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.chunk), comptime!(dims.units)) {
        let (j, i) = (index / c, index % c);
        let mut sum = 0.0f32;
        if j <= i {
            for channel in 0..comptime!(dims.d) {
                let value = projection[values + j * comptime!(dims.projected()) + channel];
                sum += value * tile.read[channel * c + i];
            }
            sum *= decay_mask(&*tile, j, i);
        }
        bwd_cache[pos.grad_record + comptime!(dims.masked_qk_offset()) + index] = tile.masked_qk[index];
        bwd_cache[pos.grad_record + comptime!(dims.grad_qk_offset()) + index] = sum;
        tile.masked_qk[index] = sum;
    }
}

/// The gradient of the memory before the chunk, from this chunk's reads.
#[cube]
fn grad_state(tile: &QueryTile, bwd_cache: &mut [f32], pos: &WorkgroupPos, #[comptime] dims: Dims) {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    for index in range_stepped(pos.unit, comptime!(dims.d * dims.d), comptime!(dims.units)) {
        let (row, column) = (index / d, index % d);
        let mut sum = 0.0f32;
        for i in 0..c {
            sum += tile.cum_log_decay[i].exp() * tile.q[row * c + i] * tile.read[column * c + i];
        }
        bwd_cache[pos.grad_record + comptime!(dims.grad_state_offset()) + index] = sum;
    }
}

/// The gradient of q from those of all its forms; returns this unit's part of that of η.
#[cube]
#[allow(clippy::too_many_arguments)]
fn grad_queries(
    tile: &QueryTile,
    projection: &[f32],
    rope_table: &[f32],
    fwd_cache: &[f32],
    to_projection: &mut [f32],
    pos: &WorkgroupPos,
    count: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let half = comptime!(dims.half());
    let scale = fwd_cache[pos.head_record];
    let mut to_scale = 0.0f32;
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.half()), comptime!(dims.units)) {
        let (i, channel) = (index / half, index % half);
        let at = channels(pos.token + i, QUERY, pos.head, dims) + channel;
        let scaled = grad_q_scaled(tile, rope_table, fwd_cache, pos, count, i, channel, dims);
        let (a, b) = (projection[at], projection[at + half]);
        to_scale += scaled.a * a + scaled.b * b;
        let to_a = grad_silu_q(tile, fwd_cache, pos, i, channel, dims) * silu_slope(a);
        let to_b = grad_silu_q(tile, fwd_cache, pos, i, channel + half, dims) * silu_slope(b);
        to_projection[at] = scaled.a * scale + to_a;
        to_projection[at + half] = scaled.b * scale + to_b;
    }
    to_scale
}

/// Two channels that are rotated together.
#[derive(CubeType, Clone, Copy)]
pub struct RopePair {
    pub a: f32,
    pub b: f32,
}

/// The gradient of two channels of η q_i.
#[cube]
#[allow(clippy::too_many_arguments)]
fn grad_q_scaled(
    tile: &QueryTile,
    rope_table: &[f32],
    fwd_cache: &[f32],
    pos: &WorkgroupPos,
    count: usize,
    i: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> RopePair {
    let c = comptime!(dims.chunk);
    let half = comptime!(dims.half());
    let keys = pos.chunk_record + comptime!(3 + dims.d) + channel;
    let mut a = 0.0f32;
    let mut b = 0.0f32;
    for entry in 0..count {
        let to = tile.probs[(2 * c + entry) * c + i];
        let key = pos.slots + tile.slot_index[entry] as usize * comptime!(dims.slot_record()) + 1 + channel;
        a += to * fwd_cache[key];
        b += to * fwd_cache[key + half];
    }
    let mut near_a = 0.0f32;
    let mut near_b = 0.0f32;
    for j in 0..i + 1 {
        let to = tile.probs[(c + j) * c + i];
        near_a += to * fwd_cache[keys + j * comptime!(dims.token_record())];
        near_b += to * fwd_cache[keys + j * comptime!(dims.token_record()) + half];
    }
    let near = unrope(near_a, near_b, rope_table, i * half + channel);
    let mut far_a = 0.0f32;
    let mut far_b = 0.0f32;
    for j in first_entry(pos.chunk, dims)..c {
        let to = tile.probs[j * c + i];
        let key = keys + j * comptime!(dims.token_record()) - comptime!(dims.chunk_record());
        far_a += to * fwd_cache[key];
        far_b += to * fwd_cache[key + half];
    }
    let far = unrope(far_a, far_b, rope_table, (c + i) * half + channel);
    RopePair { a: a + near.a + far.a, b: b + near.b + far.b }
}

/// Two channels rotated by the opposite of the angle at `index` of the table.
#[cube]
pub fn unrope(a: f32, b: f32, rope_table: &[f32], index: usize) -> RopePair {
    let (cos, sin) = (rope_table[2 * index], rope_table[2 * index + 1]);
    RopePair { a: a * cos + b * sin, b: b * cos - a * sin }
}

/// The gradient of one channel of silu(q_i).
#[cube]
fn grad_silu_q(
    tile: &QueryTile,
    fwd_cache: &[f32],
    pos: &WorkgroupPos,
    i: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let state = pos.chunk_record + comptime!(dims.state_offset()) + channel * d;
    let mut sum = 0.0f32;
    for column in 0..d {
        sum += fwd_cache[state + column] * tile.read[column * c + i];
    }
    sum *= tile.cum_log_decay[i].exp();
    for j in 0..i + 1 {
        sum +=
            tile.masked_qk[j * c + i] * fwd_cache[pos.chunk_record + j * comptime!(dims.token_record()) + 3 + channel];
    }
    sum
}
