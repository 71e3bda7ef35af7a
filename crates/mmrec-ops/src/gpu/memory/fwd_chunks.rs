//! What every chunk leaves for its readers by itself: its tokens' keys in their forms, its slot, and what
//! it writes into the recurrent memory.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{DECAY, Dims, KEY, Layout, SALIENCE, VALUE, WRITE, WorkgroupPos, channels, gate, workgroup_pos};
use super::math::{sigmoid, silu};
use crate::reference::UNIT_EPSILON;

/// Fills `fwd_cache` but for the levels above the first and the running of the recurrent memory; grid `[chunks, heads, rows]`.
///
/// # Shapes
/// - `projection`: `[batch, time, 4·width + 3·heads]`; `rope_table`: cosine and sine `[2C, d / 2, 2]`
/// - the parameters as in [`fwd_cache`](crate::memory)
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub fn fwd_chunks(
    projection: &[f32],
    rope_table: &[f32],
    decay: &[f32],
    read_norm: &[f32],
    score_scale: &[f32],
    level_bias: &[f32],
    fwd_cache: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let pos = workgroup_pos(layout, dims);
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let units = comptime!(dims.units);
    let mut keys = Shared::<[f32]>::new_slice(comptime!(dims.chunk * dims.d));
    let mut decays = Shared::<[f32]>::new_slice(c);
    let mut inverses = Shared::<[f32]>::new_slice(c);
    let mut powers = Shared::<[f32]>::new_slice(c);
    let mut decays_to_end = Shared::<[f32]>::new_slice(c);

    let delta = decay[pos.head];
    let rate = -2.0f32 * (delta.max(0.0) + (1.0 + (-delta.abs()).exp()).ln());
    if pos.chunk == 0 {
        head(read_norm, score_scale, level_bias, fwd_cache, &pos, rate, dims);
    }
    for t in range_stepped(pos.unit, c, units) {
        let key = channels(pos.token + t, KEY, pos.head, dims);
        let mut sum = 0.0f32;
        for i in 0..d {
            let active = silu(projection[key + i]);
            sum += active * active;
        }
        inverses[t] = 1.0 / (sum + UNIT_EPSILON).sqrt();
        decays[t] = rate * sigmoid(projection[gate(pos.token + t, DECAY, pos.head, dims)]);
    }
    let mut largest = projection[gate(pos.token, SALIENCE, pos.head, dims)];
    for t in 1..c {
        largest = largest.max(projection[gate(pos.token + t, SALIENCE, pos.head, dims)]);
    }
    sync_cube();

    let mut whole = 0.0f32;
    for t in 0..c {
        whole += decays[t];
    }
    for t in range_stepped(pos.unit, c, units) {
        let mut sum = 0.0f32;
        for earlier in 0..t + 1 {
            sum += decays[earlier];
        }
        let write = sigmoid(projection[gate(pos.token + t, WRITE, pos.head, dims)]);
        decays_to_end[t] = (whole - sum).exp() * write;
        powers[t] = (projection[gate(pos.token + t, SALIENCE, pos.head, dims)] - largest).exp();
        let token = pos.chunk_record + t * comptime!(dims.token_record());
        fwd_cache[token] = sum;
        fwd_cache[token + 1] = write;
        fwd_cache[token + 2] = inverses[t];
    }
    unit_keys(projection, fwd_cache, &mut keys, &inverses, &pos, dims);
    roped_keys(projection, rope_table, fwd_cache, &pos, dims);
    sync_cube();

    slot(projection, fwd_cache, &powers, largest, &pos, dims);
    // What a chunk writes is added to the memory before the next one; the first finds it empty.
    let next = (pos.chunk + 1) % layout.chunks;
    let target = pos.chunk_record - pos.chunk * comptime!(dims.chunk_record()) + next * comptime!(dims.chunk_record());
    let value = channels(pos.token, VALUE, pos.head, dims);
    for index in range_stepped(pos.unit, comptime!(dims.d * dims.d), units) {
        let (row, column) = (index / d, index % d);
        let mut sum = 0.0f32;
        if next > 0 {
            for t in 0..c {
                sum +=
                    decays_to_end[t] * keys[t * d + row] * projection[value + t * comptime!(dims.projected()) + column];
            }
        }
        fwd_cache[target + comptime!(dims.state_offset()) + index] = sum;
    }
}

/// The parameters of this head.
#[cube]
fn head(
    read_norm: &[f32],
    score_scale: &[f32],
    level_bias: &[f32],
    fwd_cache: &mut [f32],
    pos: &WorkgroupPos,
    rate: f32,
    #[comptime] dims: Dims,
) {
    if pos.unit == 0 {
        fwd_cache[pos.head_record] = score_scale[pos.head];
        fwd_cache[pos.head_record + 1] = rate;
    }
    for level in range_stepped(pos.unit, comptime!(dims.levels), comptime!(dims.units)) {
        fwd_cache[pos.head_record + 2 + level] = level_bias[level * comptime!(dims.heads) + pos.head];
    }
    for i in range_stepped(pos.unit, comptime!(dims.d), comptime!(dims.units)) {
        fwd_cache[pos.head_record + comptime!(2 + dims.levels) + i] = read_norm[pos.head * comptime!(dims.d) + i];
    }
}

/// φ(k) of every token.
#[cube]
fn unit_keys(
    projection: &[f32],
    fwd_cache: &mut [f32],
    keys: &mut Shared<[f32]>,
    inverses: &Shared<[f32]>,
    pos: &WorkgroupPos,
    #[comptime] dims: Dims,
) {
    let d = comptime!(dims.d);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (t, i) = (index / d, index % d);
        let key = silu(projection[channels(pos.token + t, KEY, pos.head, dims) + i]) * inverses[t];
        keys[index] = key;
        fwd_cache[pos.chunk_record + t * comptime!(dims.token_record()) + 3 + i] = key;
    }
}

/// k rotated to its position in the chunk, 0..C.
#[cube]
fn roped_keys(
    projection: &[f32],
    rope_table: &[f32],
    fwd_cache: &mut [f32],
    pos: &WorkgroupPos,
    #[comptime] dims: Dims,
) {
    let half = comptime!(dims.half());
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.half()), comptime!(dims.units)) {
        let (t, i) = (index / half, index % half);
        let key = channels(pos.token + t, KEY, pos.head, dims) + i;
        let (a, b) = (projection[key], projection[key + half]);
        let (cos, sin) = (rope_table[2 * index], rope_table[2 * index + 1]);
        let to = pos.chunk_record + t * comptime!(dims.token_record()) + comptime!(3 + dims.d) + i;
        fwd_cache[to] = a * cos - b * sin;
        fwd_cache[to + half] = b * cos + a * sin;
    }
}

/// The chunk as one slot: averages of k and v by softmax of the salience.
#[cube]
fn slot(
    projection: &[f32],
    fwd_cache: &mut [f32],
    powers: &Shared<[f32]>,
    largest: f32,
    pos: &WorkgroupPos,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let slot = pos.slots + pos.chunk * comptime!(dims.slot_record());
    let mut sum = 0.0f32;
    for t in 0..c {
        sum += powers[t];
    }
    if pos.unit == 0 {
        fwd_cache[slot] = largest + sum.ln();
    }
    for index in range_stepped(pos.unit, 2 * d, comptime!(dims.units)) {
        // Keys and values are parts 1 and 2 of the projection.
        let from = channels(pos.token, KEY, pos.head, dims) + index / d * comptime!(dims.width()) + index % d;
        let mut average = 0.0f32;
        for t in 0..c {
            average += powers[t] * projection[from + t * comptime!(dims.projected())];
        }
        fwd_cache[slot + 1 + index] = average / sum;
    }
}
