//! What the queries of one chunk do in both directions: slot attention, and reads of the recurrent memory.
//!
//! Matrices in workgroup memory have the queries as their columns: `[·, C]`.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, Layout, QUERY, VALUE, WorkgroupPos, channels};
use super::math::silu;
use crate::reference::RMS_EPSILON;

/// The workgroup memory of one chunk's queries. Queries are numbered i, what they read j, and c_i = Σ_{t≤i} ln a_t inside the chunk.
#[derive(CubeType)]
pub struct QueryTile {
    /// One form of the queries: η q as it is, η q at rotary positions, or silu(q): `[d, C]`
    pub q: Shared<[f32]>,
    /// silu(q_i) h_i, the reads before their norm: `[d, C]`
    pub read: Shared<[f32]>,
    /// Scores, then softmax over everything visible: `[entries, C]`, the chunk before, this chunk, slots
    pub probs: Shared<[f32]>,
    /// e^(c_i − c_j) β_j silu(q_i) · φ(k_j) where j ≤ i: `[C (j), C (i)]`
    pub masked_qk: Shared<[f32]>,
    /// The visible slots, by their place in the pool.
    pub slot_index: Shared<[u32]>,
    /// λ of their levels.
    pub bias: Shared<[f32]>,
    /// c_i, `[C]`
    pub cum_log_decay: Shared<[f32]>,
    /// β_j, `[C]`
    pub write: Shared<[f32]>,
    /// A number for each query, `[C]`
    pub sums: Shared<[f32]>,
    /// √d / √(Σ read_i² + ε), `[C]`
    pub inverse_rms: Shared<[f32]>,
    /// read_i · (its gradient behind the norm) / (Σ read_i² + ε), `[C]`; backward only
    pub grad_dot: Shared<[f32]>,
}

#[cube]
impl QueryTile {
    /// Workgroup memory for any chunk.
    pub fn new(#[comptime] dims: Dims) -> QueryTile {
        QueryTile {
            q: Shared::<[f32]>::new_slice(comptime!(dims.chunk * dims.d)),
            read: Shared::<[f32]>::new_slice(comptime!(dims.chunk * dims.d)),
            probs: Shared::<[f32]>::new_slice(comptime!(dims.scores())),
            masked_qk: Shared::<[f32]>::new_slice(comptime!(dims.chunk * dims.chunk)),
            slot_index: Shared::<[u32]>::new_slice(comptime!(dims.visible_slots())),
            bias: Shared::<[f32]>::new_slice(comptime!(dims.visible_slots())),
            cum_log_decay: Shared::<[f32]>::new_slice(comptime!(dims.chunk)),
            write: Shared::<[f32]>::new_slice(comptime!(dims.chunk)),
            sums: Shared::<[f32]>::new_slice(comptime!(dims.chunk)),
            inverse_rms: Shared::<[f32]>::new_slice(comptime!(dims.chunk)),
            grad_dot: Shared::<[f32]>::new_slice(comptime!(dims.chunk)),
        }
    }
}

/// Fills `probs`, `masked_qk`, `read` and `inverse_rms`, and leaves silu(q) in `q`; returns the number of visible slots.
#[cube]
pub fn attend_queries(
    tile: &mut QueryTile,
    projection: &[f32],
    rope_table: &[f32],
    fwd_cache: &[f32],
    pos: &WorkgroupPos,
    layout: &Layout,
    #[comptime] dims: Dims,
) -> usize {
    let c = comptime!(dims.chunk);
    let count = list_slots(tile, fwd_cache, pos, layout.chunks, dims);
    for t in range_stepped(pos.unit, c, comptime!(dims.units)) {
        let token = pos.chunk_record + t * comptime!(dims.token_record());
        tile.cum_log_decay[t] = fwd_cache[token];
        tile.write[t] = fwd_cache[token + 1];
    }
    let scale = fwd_cache[pos.head_record];
    let keys = pos.chunk_record + comptime!(3 + dims.d);
    if pos.chunk > 0 {
        roped_queries(&mut tile.q, projection, rope_table, pos, 0, c, scale, dims);
    }
    sync_cube();
    if pos.chunk > 0 {
        // The distance from a query to the chunk before is C longer than their places in their chunks say.
        window_scores(tile, fwd_cache, pos.unit, keys - comptime!(dims.chunk_record()), 0usize, dims);
    }
    sync_cube();
    roped_queries(&mut tile.q, projection, rope_table, pos, 0, 0usize, scale, dims);
    sync_cube();
    window_scores(tile, fwd_cache, pos.unit, keys, c, dims);
    sync_cube();
    scaled_queries(&mut tile.q, projection, pos, scale, dims);
    sync_cube();
    slot_scores(tile, fwd_cache, pos, count, dims);
    sync_cube();
    softmax(tile, pos, count, dims);
    silu_queries(&mut tile.q, projection, pos, dims);
    sync_cube();
    masked_products(tile, fwd_cache, pos, dims);
    sync_cube();
    reads(tile, projection, fwd_cache, pos, dims);
    sync_cube();
    for i in range_stepped(pos.unit, c, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for channel in 0..comptime!(dims.d) {
            let read = tile.read[channel * c + i];
            sum += read * read;
        }
        tile.inverse_rms[i] = comptime!((dims.d as f32).sqrt()) / (sum + RMS_EPSILON).sqrt();
    }
    sync_cube();
    count
}

/// Units from..to of one level that a chunk sees, and how many slots of lower levels it sees.
#[derive(CubeType, Clone, Copy)]
pub struct Held {
    /// The first unit seen.
    pub from: usize,
    /// The first not seen any more.
    pub to: usize,
    /// Slots of the levels below that are seen.
    pub below: usize,
    /// Place of the level's first slot in the pool.
    pub base: usize,
}

/// As [`Sizes::held`](crate::reference::slot_attention::Sizes::held) for one level, of the chunks older than a chunk's window.
#[cube]
pub fn held(chunk: usize, level: usize, chunks: usize, #[comptime] dims: Dims) -> Held {
    let slots = comptime!(dims.slots);
    let mut units = 0usize;
    let mut pool = chunks;
    if chunk > 0 {
        units = chunk - 1;
    }
    let mut below = 0usize;
    let mut base = 0usize;
    for _ in 0..level {
        let mut groups = 0usize;
        if units > slots {
            groups = (units - slots) / comptime!(dims.merge_factor);
        }
        below += units - groups * comptime!(dims.merge_factor);
        base += pool;
        pool /= comptime!(dims.merge_factor);
        units = groups;
    }
    let mut from = 0usize;
    if units > slots {
        let over = units - slots;
        from = over;
        if level + 1 < comptime!(dims.levels) {
            from = over / comptime!(dims.merge_factor) * comptime!(dims.merge_factor);
        }
    }
    Held { from, to: units, below, base }
}

/// Lists the visible slots; returns their number.
#[cube]
fn list_slots(
    tile: &mut QueryTile,
    fwd_cache: &[f32],
    pos: &WorkgroupPos,
    chunks: usize,
    #[comptime] dims: Dims,
) -> usize {
    let mut count = 0usize;
    for level in 0..comptime!(dims.levels) {
        let held = held(pos.chunk, level, chunks, dims);
        for index in range_stepped(pos.unit, held.to - held.from, comptime!(dims.units)) {
            tile.slot_index[count + index] = (held.base + held.from + index) as u32;
            tile.bias[count + index] = fwd_cache[pos.head_record + 2 + level];
        }
        count += held.to - held.from;
    }
    count
}

/// η q of a chunk's queries, `ahead` chunks from here, rotated to the positions from `first` on.
#[cube]
#[allow(clippy::too_many_arguments)]
pub fn roped_queries(
    q: &mut Shared<[f32]>,
    projection: &[f32],
    rope_table: &[f32],
    pos: &WorkgroupPos,
    ahead: usize,
    #[comptime] first: usize,
    scale: f32,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    let half = comptime!(dims.half());
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.half()), comptime!(dims.units)) {
        let (t, i) = (index / half, index % half);
        let query = channels(pos.token + ahead * c + t, QUERY, pos.head, dims) + i;
        let (a, b) = (projection[query] * scale, projection[query + half] * scale);
        let angle = 2 * (comptime!(first * dims.half()) + index);
        let (cos, sin) = (rope_table[angle], rope_table[angle + 1]);
        q[i * c + t] = a * cos - b * sin;
        q[(i + half) * c + t] = b * cos + a * sin;
    }
}

/// η q.
#[cube]
pub fn scaled_queries(
    q: &mut Shared<[f32]>,
    projection: &[f32],
    pos: &WorkgroupPos,
    scale: f32,
    #[comptime] dims: Dims,
) {
    let d = comptime!(dims.d);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (t, i) = (index / d, index % d);
        q[i * comptime!(dims.chunk) + t] = projection[channels(pos.token + t, QUERY, pos.head, dims) + i] * scale;
    }
}

/// silu(q).
#[cube]
pub fn silu_queries(q: &mut Shared<[f32]>, projection: &[f32], pos: &WorkgroupPos, #[comptime] dims: Dims) {
    let d = comptime!(dims.d);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (t, i) = (index / d, index % d);
        q[i * comptime!(dims.chunk) + t] = silu(projection[channels(pos.token + t, QUERY, pos.head, dims) + i]);
    }
}

/// Scores of a chunk's tokens, whose rotated keys begin at `keys`, into the entries from `first` on.
#[cube]
fn window_scores(
    tile: &mut QueryTile,
    fwd_cache: &[f32],
    unit: usize,
    keys: usize,
    #[comptime] first: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.chunk);
    for index in range_stepped(unit, comptime!(dims.chunk * dims.chunk), comptime!(dims.units)) {
        let (j, i) = (index / c, index % c);
        let key = keys + j * comptime!(dims.token_record());
        let mut sum = 0.0f32;
        for channel in 0..comptime!(dims.d) {
            sum += fwd_cache[key + channel] * tile.q[channel * c + i];
        }
        tile.probs[comptime!(first * dims.chunk) + index] = sum;
    }
}

/// Scores of the visible slots.
#[cube]
fn slot_scores(tile: &mut QueryTile, fwd_cache: &[f32], pos: &WorkgroupPos, count: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.chunk);
    for index in range_stepped(pos.unit, count * c, comptime!(dims.units)) {
        let (entry, i) = (index / c, index % c);
        let key = pos.slots + tile.slot_index[entry] as usize * comptime!(dims.slot_record()) + 1;
        let mut sum = tile.bias[entry];
        for channel in 0..comptime!(dims.d) {
            sum += fwd_cache[key + channel] * tile.q[channel * c + i];
        }
        tile.probs[comptime!(2 * dims.chunk * dims.chunk) + index] = sum;
    }
}

/// The first entry that a chunk sees: the first chunk has none before it.
#[cube]
pub fn first_entry(chunk: usize, #[comptime] dims: Dims) -> usize {
    let mut first = 0usize;
    if chunk == 0 {
        first = comptime!(dims.chunk);
    }
    first
}

/// Whether a query sees an entry: of its own chunk, only what is not later.
#[cube]
fn sees(i: usize, entry: usize, #[comptime] dims: Dims) -> bool {
    entry <= comptime!(dims.chunk) + i || entry >= comptime!(2 * dims.chunk)
}

/// Softmax over all entries of every query.
#[cube]
fn softmax(tile: &mut QueryTile, pos: &WorkgroupPos, count: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.chunk);
    let first = first_entry(pos.chunk, dims);
    let end = comptime!(2 * dims.chunk) + count;
    for i in range_stepped(pos.unit, c, comptime!(dims.units)) {
        // A query always sees itself.
        let mut largest = tile.probs[(c + i) * c + i];
        for entry in first..end {
            if sees(i, entry, dims) {
                largest = largest.max(tile.probs[entry * c + i]);
            }
        }
        tile.sums[i] = largest;
    }
    sync_cube();
    for index in range_stepped(first * c + pos.unit, end * c, comptime!(dims.units)) {
        let i = index % c;
        let mut power = 0.0f32;
        if sees(i, index / c, dims) {
            power = (tile.probs[index] - tile.sums[i]).exp();
        }
        tile.probs[index] = power;
    }
    sync_cube();
    for i in range_stepped(pos.unit, c, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for entry in first..end {
            sum += tile.probs[entry * c + i];
        }
        tile.sums[i] = 1.0 / sum;
    }
    sync_cube();
    for index in range_stepped(first * c + pos.unit, end * c, comptime!(dims.units)) {
        tile.probs[index] *= tile.sums[index % c];
    }
}

/// What of token j's writing query i sees.
#[cube]
pub fn decay_mask(tile: &QueryTile, j: usize, i: usize) -> f32 {
    (tile.cum_log_decay[i] - tile.cum_log_decay[j]).exp() * tile.write[j]
}

/// Masked products inside the chunk; silu(q) stands in `q`.
#[cube]
fn masked_products(tile: &mut QueryTile, fwd_cache: &[f32], pos: &WorkgroupPos, #[comptime] dims: Dims) {
    let c = comptime!(dims.chunk);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.chunk), comptime!(dims.units)) {
        let (j, i) = (index / c, index % c);
        let mut sum = 0.0f32;
        if j <= i {
            let key = pos.chunk_record + j * comptime!(dims.token_record()) + 3;
            for channel in 0..comptime!(dims.d) {
                sum += fwd_cache[key + channel] * tile.q[channel * c + i];
            }
            sum *= decay_mask(&*tile, j, i);
        }
        tile.masked_qk[index] = sum;
    }
}

/// Reads of the recurrent memory: what was written before the chunk, and inside it.
#[cube]
fn reads(tile: &mut QueryTile, projection: &[f32], fwd_cache: &[f32], pos: &WorkgroupPos, #[comptime] dims: Dims) {
    let c = comptime!(dims.chunk);
    let d = comptime!(dims.d);
    let state = pos.chunk_record + comptime!(dims.state_offset());
    let value = channels(pos.token, VALUE, pos.head, dims);
    for index in range_stepped(pos.unit, comptime!(dims.chunk * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        let mut sum = 0.0f32;
        for row in 0..d {
            sum += tile.q[row * c + i] * fwd_cache[state + row * d + channel];
        }
        sum *= tile.cum_log_decay[i].exp();
        for j in 0..i + 1 {
            sum += tile.masked_qk[j * c + i] * projection[value + j * comptime!(dims.projected()) + channel];
        }
        tile.read[channel * c + i] = sum;
    }
}

/// One channel of what query i takes from the window and the slots.
#[cube]
pub fn context(
    tile: &QueryTile,
    projection: &[f32],
    fwd_cache: &[f32],
    pos: &WorkgroupPos,
    count: usize,
    i: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let c = comptime!(dims.chunk);
    let window = channels(pos.token, VALUE, pos.head, dims) + channel;
    let mut sum = 0.0f32;
    for entry in first_entry(pos.chunk, dims)..c {
        let value = projection[window - (c - entry) * comptime!(dims.projected())];
        sum += tile.probs[entry * c + i] * value;
    }
    for j in 0..i + 1 {
        sum += tile.probs[(c + j) * c + i] * projection[window + j * comptime!(dims.projected())];
    }
    for entry in 0..count {
        let slot = pos.slots + tile.slot_index[entry] as usize * comptime!(dims.slot_record());
        let value = fwd_cache[slot + comptime!(1 + dims.d) + channel];
        sum += tile.probs[(2 * c + entry) * c + i] * value;
    }
    sum
}
