//! The backward pass of one block's queries: gradients of q and e, and what the keys' side needs to know, as a draft.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{Dims, GATE, Layout, Place, QUERY, VALUE, channels, place};
use super::math::{silu, silu_slope, total};
use super::query_tile::{Work, active, ask_all, context, first_entry, held, weight};
use crate::ops::reference::RMS_EPSILON;

/// Everything a query knows; grid `[blocks, heads, rows]`.
///
/// # Shapes
/// - `gradient`: of the output, `[batch, time, width]`
/// - `to_projection`: columns of q and e of `[batch, time, 4·width + 3·heads]`
/// - `shares`: of every block and head in the parameters' gradients, but for the decay's, `[batch, blocks, heads, shares]`
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub fn bwd_queries(
    projection: &[f32],
    rotation: &[f32],
    memory: &[f32],
    gradient: &[f32],
    drafts: &mut [f32],
    to_projection: &mut [f32],
    shares: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let here = place(layout, dims);
    let mut work = Work::new(dims);
    let mut parts = Shared::<[f32]>::new_slice(comptime!(dims.units));
    let count = ask_all(&mut work, projection, rotation, memory, &here, layout, dims);
    gates(&mut work, projection, memory, gradient, drafts, to_projection, &here, count, dims);
    norm(&mut work, memory, drafts, shares, &here, dims);
    softmax(&mut work, projection, memory, drafts, &here, count, dims);
    sync_cube();
    biases(&work, shares, &here, layout.blocks, dims);
    active(&mut work.asked, projection, &here, dims);
    sync_cube();
    pairs(&mut work, projection, drafts, &here, dims);
    state(&work, drafts, &here, dims);
    sync_cube();
    let scale = forms(&work, projection, rotation, memory, to_projection, &here, count, dims);
    total(&mut parts, scale, here.unit, dims.units);
    if here.unit == 0 {
        shares[here.shares] = parts[0];
    }
}

/// Through (r + ctx) ⊙ silu(e): the gradient of e, and in `asked` that of r + ctx; in `sums` its product with ctx.
#[cube]
#[allow(clippy::too_many_arguments)]
fn gates(
    work: &mut Work,
    projection: &[f32],
    memory: &[f32],
    gradient: &[f32],
    drafts: &mut [f32],
    to_projection: &mut [f32],
    here: &Place,
    count: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        let norm = memory[here.memory + comptime!(2 + dims.levels) + channel];
        let ctx = context(&*work, projection, memory, here, count, i, channel, dims);
        let both = work.read[channel * c + i] * work.inverse[i] * norm + ctx;
        let at = channels(here.token + i, GATE, here.head, dims) + channel;
        let gate = projection[at];
        let from = gradient[(here.token + i) * comptime!(dims.width()) + here.head * d + channel];
        to_projection[at] = from * both * silu_slope(gate);
        let to_both = from * silu(gate);
        drafts[here.draft + comptime!(dims.draft_both()) + channel * c + i] = to_both;
        work.asked[channel * c + i] = to_both * ctx;
    }
    sync_cube();
    for i in range_stepped(here.unit, c, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for channel in 0..d {
            sum += work.asked[channel * c + i];
        }
        work.sums[i] = sum;
    }
    sync_cube();
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (i, channel) = (index / d, index % d);
        // This invocation wrote it.
        work.asked[channel * c + i] = drafts[here.draft + comptime!(dims.draft_both()) + channel * c + i];
    }
    sync_cube();
}

/// Through the norm of the reads: their gradient takes their place in `read`.
#[cube]
fn norm(work: &mut Work, memory: &[f32], drafts: &mut [f32], shares: &mut [f32], here: &Place, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let norms = here.memory + comptime!(2 + dims.levels);
    for channel in range_stepped(here.unit, d, comptime!(dims.units)) {
        let mut sum = 0.0f32;
        for i in 0..c {
            sum += work.asked[channel * c + i] * work.read[channel * c + i] * work.inverse[i];
        }
        shares[here.shares + comptime!(2 + dims.levels) + channel] = sum;
    }
    for i in range_stepped(here.unit, c, comptime!(dims.units)) {
        let mut squares = 0.0f32;
        let mut pull = 0.0f32;
        for channel in 0..d {
            let read = work.read[channel * c + i];
            squares += read * read;
            pull += work.asked[channel * c + i] * memory[norms + channel] * read;
        }
        let squares = squares + RMS_EPSILON;
        // The running sum of ln a scales the whole read, which the norm takes back but for its ε.
        let decay = work.inverse[i] * pull * (RMS_EPSILON / squares);
        drafts[here.draft + comptime!(dims.draft_decay()) + i] = decay;
        work.pull[i] = pull / squares;
    }
    sync_cube();
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (channel, i) = (index / c, index % c);
        let pulled = work.asked[index] * memory[norms + channel] - work.read[index] * work.pull[i];
        let to_read = work.inverse[i] * pulled;
        work.read[index] = to_read;
        drafts[here.draft + comptime!(dims.draft_read()) + index] = to_read;
    }
}

/// Through the softmax: the scores' gradients take the weights' place in `share`.
#[cube]
fn softmax(
    work: &mut Work,
    projection: &[f32],
    memory: &[f32],
    drafts: &mut [f32],
    here: &Place,
    count: usize,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    let window = comptime!(2 * dims.block);
    let values = channels(here.token, VALUE, here.head, dims);
    let first = first_entry(here.block, dims) * c + here.unit;
    for index in range_stepped(first, (window + count) * c, comptime!(dims.units)) {
        let (entry, i) = (index / c, index % c);
        let mut pull = 0.0f32;
        if entry < window {
            let value = values + entry * comptime!(dims.projected()) - comptime!(dims.block * dims.projected());
            for channel in 0..comptime!(dims.d) {
                pull += projection[value + channel] * work.asked[channel * c + i];
            }
        } else {
            let slot = here.slots + work.listed[entry - window] as usize * comptime!(dims.slot());
            for channel in 0..comptime!(dims.d) {
                pull += memory[slot + comptime!(1 + dims.d) + channel] * work.asked[channel * c + i];
            }
        }
        let share = work.share[index];
        // Σ over entries of share · pull is the context times its gradient.
        let to_score = share * (pull - work.sums[i]);
        work.share[index] = to_score;
        drafts[here.draft + index] = share;
        drafts[here.draft + comptime!(dims.scores()) + index] = to_score;
    }
}

/// The biases' gradients: sums of scores' gradients over a level.
#[cube]
fn biases(work: &Work, shares: &mut [f32], here: &Place, blocks: usize, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    for level in range_stepped(here.unit, comptime!(dims.levels), comptime!(dims.units)) {
        let held = held(here.block, level, blocks, dims);
        let first = (2 * c + held.below) * c;
        let mut sum = 0.0f32;
        for index in first..first + (held.to - held.from) * c {
            sum += work.share[index];
        }
        shares[here.shares + 2 + level] = sum;
    }
}

/// Gradients of φ(k_j) · silu(q_i), which take the place of `score`.
#[cube]
fn pairs(work: &mut Work, projection: &[f32], drafts: &mut [f32], here: &Place, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    let values = channels(here.token, VALUE, here.head, dims);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.block), comptime!(dims.units)) {
        let (j, i) = (index / c, index % c);
        let mut sum = 0.0f32;
        if j <= i {
            for channel in 0..comptime!(dims.d) {
                let value = projection[values + j * comptime!(dims.projected()) + channel];
                sum += value * work.read[channel * c + i];
            }
            sum *= weight(&*work, j, i);
        }
        drafts[here.draft + comptime!(dims.draft_score()) + index] = work.score[index];
        drafts[here.draft + comptime!(dims.draft_pair()) + index] = sum;
        work.score[index] = sum;
    }
}

/// The gradient of the memory before the block, from this block's reads.
#[cube]
fn state(work: &Work, drafts: &mut [f32], here: &Place, #[comptime] dims: Dims) {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    for index in range_stepped(here.unit, comptime!(dims.d * dims.d), comptime!(dims.units)) {
        let (row, column) = (index / d, index % d);
        let mut sum = 0.0f32;
        for i in 0..c {
            sum += work.decay[i].exp() * work.asked[row * c + i] * work.read[column * c + i];
        }
        drafts[here.draft + comptime!(dims.draft_state()) + index] = sum;
    }
}

/// The gradient of q from those of all its forms; returns this unit's share in that of η.
#[cube]
#[allow(clippy::too_many_arguments)]
fn forms(
    work: &Work,
    projection: &[f32],
    rotation: &[f32],
    memory: &[f32],
    to_projection: &mut [f32],
    here: &Place,
    count: usize,
    #[comptime] dims: Dims,
) -> f32 {
    let half = comptime!(dims.half());
    let scale = memory[here.memory];
    let mut to_scale = 0.0f32;
    for index in range_stepped(here.unit, comptime!(dims.block * dims.half()), comptime!(dims.units)) {
        let (i, channel) = (index / half, index % half);
        let at = channels(here.token + i, QUERY, here.head, dims) + channel;
        let asked = asked(work, rotation, memory, here, count, i, channel, dims);
        let (a, b) = (projection[at], projection[at + half]);
        to_scale += asked.a * a + asked.b * b;
        let to_a = recalled(work, memory, here, i, channel, dims) * silu_slope(a);
        let to_b = recalled(work, memory, here, i, channel + half, dims) * silu_slope(b);
        to_projection[at] = asked.a * scale + to_a;
        to_projection[at + half] = asked.b * scale + to_b;
    }
    to_scale
}

/// Two channels that turn together.
#[derive(CubeType, Clone, Copy)]
pub struct Pair {
    pub a: f32,
    pub b: f32,
}

/// The gradient of two channels of η q_i.
#[cube]
#[allow(clippy::too_many_arguments)]
fn asked(
    work: &Work,
    rotation: &[f32],
    memory: &[f32],
    here: &Place,
    count: usize,
    i: usize,
    channel: usize,
    #[comptime] dims: Dims,
) -> Pair {
    let c = comptime!(dims.block);
    let half = comptime!(dims.half());
    let keys = here.record + comptime!(3 + dims.d) + channel;
    let mut a = 0.0f32;
    let mut b = 0.0f32;
    for entry in 0..count {
        let to = work.share[(2 * c + entry) * c + i];
        let key = here.slots + work.listed[entry] as usize * comptime!(dims.slot()) + 1 + channel;
        a += to * memory[key];
        b += to * memory[key + half];
    }
    let mut near_a = 0.0f32;
    let mut near_b = 0.0f32;
    for j in 0..i + 1 {
        let to = work.share[(c + j) * c + i];
        near_a += to * memory[keys + j * comptime!(dims.token())];
        near_b += to * memory[keys + j * comptime!(dims.token()) + half];
    }
    let near = turned_back(near_a, near_b, rotation, i * half + channel);
    let mut far_a = 0.0f32;
    let mut far_b = 0.0f32;
    for j in first_entry(here.block, dims)..c {
        let to = work.share[j * c + i];
        let key = keys + j * comptime!(dims.token()) - comptime!(dims.record());
        far_a += to * memory[key];
        far_b += to * memory[key + half];
    }
    let far = turned_back(far_a, far_b, rotation, (c + i) * half + channel);
    Pair { a: a + near.a + far.a, b: b + near.b + far.b }
}

/// Two channels turned by the opposite of the angle at `index` of the table.
#[cube]
pub fn turned_back(a: f32, b: f32, rotation: &[f32], index: usize) -> Pair {
    let (cos, sin) = (rotation[2 * index], rotation[2 * index + 1]);
    Pair { a: a * cos + b * sin, b: b * cos - a * sin }
}

/// The gradient of one channel of silu(q_i).
#[cube]
fn recalled(work: &Work, memory: &[f32], here: &Place, i: usize, channel: usize, #[comptime] dims: Dims) -> f32 {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let state = here.record + comptime!(dims.state()) + channel * d;
    let mut sum = 0.0f32;
    for column in 0..d {
        sum += memory[state + column] * work.read[column * c + i];
    }
    sum *= work.decay[i].exp();
    for j in 0..i + 1 {
        sum += work.score[j * c + i] * memory[here.record + j * comptime!(dims.token()) + 3 + channel];
    }
    sum
}
