//! What the queries of one block do in both directions: ask the window and the slots, and recall from the recurrent memory.
//!
//! Matrices in workgroup memory have the queries as their columns: `[·, C]`.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, Layout, Place, QUERY, VALUE, channels};
use super::math::silu;
use crate::ops::reference::RMS_EPSILON;

/// The workgroup memory of one block's queries.
#[derive(CubeType)]
pub struct Work {
    /// The queries in one of the forms in which they are asked, `[d, C]`.
    pub asked: Shared<[f32]>,
    /// The reads of the recurrent memory before their norm, `[d, C]`.
    pub read: Shared<[f32]>,
    /// Scores, then softmax weights of everything visible, `[entries, C]`: the block before, this block, slots.
    pub share: Shared<[f32]>,
    /// What query i reads of what token j wrote, `[C (j), C (i)]`.
    pub score: Shared<[f32]>,
    /// The visible slots, by their place in the pool, and the biases of their levels.
    pub listed: Shared<[u32]>,
    pub bias: Shared<[f32]>,
    /// Running sums of ln a, and β, `[C]`.
    pub decay: Shared<[f32]>,
    pub write: Shared<[f32]>,
    /// A number for each query, `[C]`.
    pub sums: Shared<[f32]>,
    /// √d / √(Σ read² + ε), `[C]`.
    pub inverse: Shared<[f32]>,
    /// The reads times their gradient behind the norm, over Σ read² + ε, `[C]`; backward only.
    pub pull: Shared<[f32]>,
}

#[cube]
impl Work {
    /// Workgroup memory for any block.
    pub fn new(#[comptime] dims: Dims) -> Work {
        Work {
            asked: Shared::<[f32]>::new_slice(comptime!(dims.block * dims.d)),
            read: Shared::<[f32]>::new_slice(comptime!(dims.block * dims.d)),
            share: Shared::<[f32]>::new_slice(comptime!(dims.scores())),
            score: Shared::<[f32]>::new_slice(comptime!(dims.block * dims.block)),
            listed: Shared::<[u32]>::new_slice(comptime!(dims.listed())),
            bias: Shared::<[f32]>::new_slice(comptime!(dims.listed())),
            decay: Shared::<[f32]>::new_slice(comptime!(dims.block)),
            write: Shared::<[f32]>::new_slice(comptime!(dims.block)),
            sums: Shared::<[f32]>::new_slice(comptime!(dims.block)),
            inverse: Shared::<[f32]>::new_slice(comptime!(dims.block)),
            pull: Shared::<[f32]>::new_slice(comptime!(dims.block)),
        }
    }
}

/// Fills `share`, `score`, `read` and `inverse`, and leaves silu(q) in `asked`; returns the number of visible slots.
#[cube]
pub fn ask_all(
    work: &mut Work,
    projection: &[f32],
    rotation: &[f32],
    memory: &[f32],
    here: &Place,
    layout: &Layout,
    #[comptime] dims: Dims,
) -> usize {
    let c = comptime!(dims.block);
    let count = list(work, memory, here, layout.blocks, dims);
    for t in range_stepped(here.unit, c, comptime!(dims.units)) {
        let token = here.record + t * comptime!(dims.token());
        work.decay[t] = memory[token];
        work.write[t] = memory[token + 1];
    }
    let scale = memory[here.memory];
    let keys = here.record + comptime!(3 + dims.d);
    if here.block > 0 {
        turned(&mut work.asked, projection, rotation, here, 0, c, scale, dims);
    }
    sync_cube();
    if here.block > 0 {
        // The distance from a query to the block before is C longer than their places in their blocks say.
        near(work, memory, here.unit, keys - comptime!(dims.record()), 0usize, dims);
    }
    sync_cube();
    turned(&mut work.asked, projection, rotation, here, 0, 0usize, scale, dims);
    sync_cube();
    near(work, memory, here.unit, keys, c, dims);
    sync_cube();
    plain(&mut work.asked, projection, here, scale, dims);
    sync_cube();
    far(work, memory, here, count, dims);
    sync_cube();
    softmax(work, here, count, dims);
    active(&mut work.asked, projection, here, dims);
    sync_cube();
    scores(work, memory, here, dims);
    sync_cube();
    reads(work, projection, memory, here, dims);
    sync_cube();
    for i in range_stepped(here.unit, c, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for channel in 0..comptime!(dims.d) {
            let read = work.read[channel * c + i];
            sum += read * read;
        }
        work.inverse[i] = comptime!((dims.d as f32).sqrt()) / (sum + RMS_EPSILON).sqrt();
    }
    sync_cube();
    count
}

/// Units from..to of one level that a block sees, and how many slots of lower levels it sees.
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

/// As [`Sizes::held`](crate::ops::reference::slot_attention::Sizes::held) for one level, of the blocks older than a block's window.
#[cube]
pub fn held(block: usize, level: usize, blocks: usize, #[comptime] dims: Dims) -> Held {
    let slots = comptime!(dims.slots);
    let mut units = 0usize;
    let mut pool = blocks;
    if block > 0 {
        units = block - 1;
    }
    let mut below = 0usize;
    let mut base = 0usize;
    for _ in 0..level {
        let mut groups = 0usize;
        if units > slots {
            groups = (units - slots) / comptime!(dims.fan_in);
        }
        below += units - groups * comptime!(dims.fan_in);
        base += pool;
        pool /= comptime!(dims.fan_in);
        units = groups;
    }
    let mut from = 0usize;
    if units > slots {
        let over = units - slots;
        from = over;
        if level + 1 < comptime!(dims.levels) {
            from = over / comptime!(dims.fan_in) * comptime!(dims.fan_in);
        }
    }
    Held { from, to: units, below, base }
}

/// Lists the visible slots; returns their number.
#[cube]
fn list(work: &mut Work, memory: &[f32], here: &Place, blocks: usize, #[comptime] dims: Dims) -> usize {
    let mut count = 0usize;
    for level in 0..comptime!(dims.levels) {
        let held = held(here.block, level, blocks, dims);
        for index in range_stepped(here.unit, held.to - held.from, comptime!(dims.units)) {
            work.listed[count + index] = (held.base + held.from + index) as u32;
            work.bias[count + index] = memory[here.memory + 2 + level];
        }
        count += held.to - held.from;
    }
    count
}

/// η q of a block's queries, `ahead` blocks from here, turned to the positions from `first` on.
#[cube]
#[allow(clippy::too_many_arguments)]
pub fn turned(
    asked: &mut Shared<[f32]>,
    projection: &[f32],
    rotation: &[f32],
    here: &Place,
    ahead: usize,
    #[comptime] first: usize,
    scale: f32,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    let half = comptime!(dims.half());
    for index in range_stepped(here.unit, comptime!(dims.block * dims.half()), comptime!(dims.units)) {
        let (t, i) = (index / half, index % half);
        let query = channels(here.token + ahead * c + t, QUERY, here.head, dims) + i;
        let (a, b) = (projection[query] * scale, projection[query + half] * scale);
        let turn = 2 * (comptime!(first * dims.half()) + index);
        let (cos, sin) = (rotation[turn], rotation[turn + 1]);
        asked[i * c + t] = a * cos - b * sin;
        asked[(i + half) * c + t] = b * cos + a * sin;
    }
}

/// η q.
#[cube]
pub fn plain(asked: &mut Shared<[f32]>, projection: &[f32], here: &Place, scale: f32, #[comptime] dims: Dims) {
    let d = comptime!(dims.d);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (t, i) = (index / d, index % d);
        asked[i * comptime!(dims.block) + t] = projection[channels(here.token + t, QUERY, here.head, dims) + i] * scale;
    }
}

/// silu(q).
#[cube]
pub fn active(asked: &mut Shared<[f32]>, projection: &[f32], here: &Place, #[comptime] dims: Dims) {
    let d = comptime!(dims.d);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (t, i) = (index / d, index % d);
        asked[i * comptime!(dims.block) + t] = silu(projection[channels(here.token + t, QUERY, here.head, dims) + i]);
    }
}

/// Scores of a block's tokens, whose rotated keys begin at `keys`, into the entries from `first` on.
#[cube]
fn near(work: &mut Work, memory: &[f32], unit: usize, keys: usize, #[comptime] first: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    for index in range_stepped(unit, comptime!(dims.block * dims.block), comptime!(dims.units)) {
        let (j, i) = (index / c, index % c);
        let key = keys + j * comptime!(dims.token());
        let mut sum = 0.0f32;
        for channel in 0..comptime!(dims.d) {
            sum += memory[key + channel] * work.asked[channel * c + i];
        }
        work.share[comptime!(first * dims.block) + index] = sum;
    }
}

/// Scores of the visible slots.
#[cube]
fn far(work: &mut Work, memory: &[f32], here: &Place, count: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    for index in range_stepped(here.unit, count * c, comptime!(dims.units)) {
        let (entry, i) = (index / c, index % c);
        let key = here.slots + work.listed[entry] as usize * comptime!(dims.slot()) + 1;
        let mut sum = work.bias[entry];
        for channel in 0..comptime!(dims.d) {
            sum += memory[key + channel] * work.asked[channel * c + i];
        }
        work.share[comptime!(2 * dims.block * dims.block) + index] = sum;
    }
}

/// The first entry that a block sees: the first block has none before it.
#[cube]
pub fn first_entry(block: usize, #[comptime] dims: Dims) -> usize {
    let mut first = 0usize;
    if block == 0 {
        first = comptime!(dims.block);
    }
    first
}

/// Whether a query sees an entry: of its own block, only what is not later.
#[cube]
fn sees(i: usize, entry: usize, #[comptime] dims: Dims) -> bool {
    entry <= comptime!(dims.block) + i || entry >= comptime!(2 * dims.block)
}

/// Softmax over all entries of every query.
#[cube]
fn softmax(work: &mut Work, here: &Place, count: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    let first = first_entry(here.block, dims);
    let end = comptime!(2 * dims.block) + count;
    for i in range_stepped(here.unit, c, comptime!(dims.units)) {
        // A query always sees itself.
        let mut largest = work.share[(c + i) * c + i];
        for entry in first..end {
            if sees(i, entry, dims) {
                largest = largest.max(work.share[entry * c + i]);
            }
        }
        work.sums[i] = largest;
    }
    sync_cube();
    for index in range_stepped(first * c + here.unit, end * c, comptime!(dims.units)) {
        let i = index % c;
        let mut power = 0.0f32;
        if sees(i, index / c, dims) {
            power = (work.share[index] - work.sums[i]).exp();
        }
        work.share[index] = power;
    }
    sync_cube();
    for i in range_stepped(here.unit, c, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for entry in first..end {
            sum += work.share[entry * c + i];
        }
        work.sums[i] = 1.0 / sum;
    }
    sync_cube();
    for index in range_stepped(first * c + here.unit, end * c, comptime!(dims.units)) {
        work.share[index] *= work.sums[index % c];
    }
}

/// What of token j's writing query i sees.
#[cube]
pub fn weight(work: &Work, j: usize, i: usize) -> f32 {
    (work.decay[i] - work.decay[j]).exp() * work.write[j]
}

/// Masked products inside the block; silu(q) stands in `asked`.
#[cube]
fn scores(work: &mut Work, memory: &[f32], here: &Place, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.block), comptime!(dims.units)) {
        let (j, i) = (index / c, index % c);
        let mut sum = 0.0f32;
        if j <= i {
            let key = here.record + j * comptime!(dims.token()) + 3;
            for channel in 0..comptime!(dims.d) {
                sum += memory[key + channel] * work.asked[channel * c + i];
            }
            sum *= weight(&*work, j, i);
        }
        work.score[index] = sum;
    }
}

/// Reads of the recurrent memory: what was written before the block, and inside it.
#[cube]
fn reads(work: &mut Work, projection: &[f32], memory: &[f32], here: &Place, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let state = here.record + comptime!(dims.state());
    let value = channels(here.token, VALUE, here.head, dims);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        let mut sum = 0.0f32;
        for row in 0..d {
            sum += work.asked[row * c + i] * memory[state + row * d + channel];
        }
        sum *= work.decay[i].exp();
        for j in 0..i + 1 {
            sum += work.score[j * c + i] * projection[value + j * comptime!(dims.projected()) + channel];
        }
        work.read[channel * c + i] = sum;
    }
}

/// One channel of what query i takes from the window and the slots.
#[cube]
pub fn context(
    work: &Work,
    projection: &[f32],
    memory: &[f32],
    here: &Place,
    count: usize,
    i: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let c = comptime!(dims.block);
    let window = channels(here.token, VALUE, here.head, dims) + channel;
    let mut sum = 0.0f32;
    for entry in first_entry(here.block, dims)..c {
        let value = projection[window - (c - entry) * comptime!(dims.projected())];
        sum += work.share[entry * c + i] * value;
    }
    for j in 0..i + 1 {
        sum += work.share[(c + j) * c + i] * projection[window + j * comptime!(dims.projected())];
    }
    for entry in 0..count {
        let slot = here.slots + work.listed[entry] as usize * comptime!(dims.slot());
        let value = memory[slot + comptime!(1 + dims.d) + channel];
        sum += work.share[(2 * c + entry) * c + i] * value;
    }
    sum
}
