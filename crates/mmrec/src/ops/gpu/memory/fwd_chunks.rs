//! What every block leaves for its readers by itself: its tokens' keys in the forms in which they are asked, its slot, and what
//! it writes into the recurrent memory.

use burn::cubecl;
use burn::cubecl::prelude::*;

use super::layout::{DECAY, Dims, KEY, Layout, Place, SALIENCE, VALUE, WRITE, channels, gate, place};
use super::math::{sigmoid, silu};
use crate::ops::reference::UNIT_EPSILON;

/// Fills `memory` but for the levels above the first and the running of the recurrent memory; grid `[blocks, heads, rows]`.
///
/// # Shapes
/// - `projection`: `[batch, time, 4·width + 3·heads]`; `rotation`: cosine and sine `[2C, d / 2, 2]`
/// - the parameters as in [`memory`](crate::ops::memory)
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub fn fwd_chunks(
    projection: &[f32],
    rotation: &[f32],
    decay: &[f32],
    read_norm: &[f32],
    score_scale: &[f32],
    level_bias: &[f32],
    memory: &mut [f32],
    layout: &Layout,
    #[comptime] dims: Dims,
) {
    let here = place(layout, dims);
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let units = comptime!(dims.units);
    let mut keys = Shared::<[f32]>::new_slice(comptime!(dims.block * dims.d));
    let mut decays = Shared::<[f32]>::new_slice(c);
    let mut inverses = Shared::<[f32]>::new_slice(c);
    let mut powers = Shared::<[f32]>::new_slice(c);
    let mut rests = Shared::<[f32]>::new_slice(c);

    let delta = decay[here.head];
    let rate = -2.0f32 * (delta.max(0.0) + (1.0 + (-delta.abs()).exp()).ln());
    if here.block == 0 {
        head(read_norm, score_scale, level_bias, memory, &here, rate, dims);
    }
    for t in range_stepped(here.unit, c, units) {
        let key = channels(here.token + t, KEY, here.head, dims);
        let mut sum = 0.0f32;
        for i in 0..d {
            let active = silu(projection[key + i]);
            sum += active * active;
        }
        inverses[t] = 1.0 / (sum + UNIT_EPSILON).sqrt();
        decays[t] = rate * sigmoid(projection[gate(here.token + t, DECAY, here.head, dims)]);
    }
    let mut largest = projection[gate(here.token, SALIENCE, here.head, dims)];
    for t in 1..c {
        largest = largest.max(projection[gate(here.token + t, SALIENCE, here.head, dims)]);
    }
    sync_cube();

    let mut whole = 0.0f32;
    for t in 0..c {
        whole += decays[t];
    }
    for t in range_stepped(here.unit, c, units) {
        let mut sum = 0.0f32;
        for earlier in 0..t + 1 {
            sum += decays[earlier];
        }
        let write = sigmoid(projection[gate(here.token + t, WRITE, here.head, dims)]);
        rests[t] = (whole - sum).exp() * write;
        powers[t] = (projection[gate(here.token + t, SALIENCE, here.head, dims)] - largest).exp();
        let token = here.record + t * comptime!(dims.token());
        memory[token] = sum;
        memory[token + 1] = write;
        memory[token + 2] = inverses[t];
    }
    unit_keys(projection, memory, &mut keys, &inverses, &here, dims);
    rotated_keys(projection, rotation, memory, &here, dims);
    sync_cube();

    slot(projection, memory, &powers, largest, &here, dims);
    // What a block writes is added to the memory before the next one; the first finds it empty.
    let next = (here.block + 1) % layout.blocks;
    let target = here.record - here.block * comptime!(dims.record()) + next * comptime!(dims.record());
    let value = channels(here.token, VALUE, here.head, dims);
    for index in range_stepped(here.unit, comptime!(dims.d * dims.d), units) {
        let (row, column) = (index / d, index % d);
        let mut sum = 0.0f32;
        if next > 0 {
            for t in 0..c {
                sum += rests[t] * keys[t * d + row] * projection[value + t * comptime!(dims.projected()) + column];
            }
        }
        memory[target + comptime!(dims.state()) + index] = sum;
    }
}

/// The parameters of this head.
#[cube]
fn head(
    read_norm: &[f32],
    score_scale: &[f32],
    level_bias: &[f32],
    memory: &mut [f32],
    here: &Place,
    rate: f32,
    #[comptime] dims: Dims,
) {
    if here.unit == 0 {
        memory[here.memory] = score_scale[here.head];
        memory[here.memory + 1] = rate;
    }
    for level in range_stepped(here.unit, comptime!(dims.levels), comptime!(dims.units)) {
        memory[here.memory + 2 + level] = level_bias[level * comptime!(dims.heads) + here.head];
    }
    for i in range_stepped(here.unit, comptime!(dims.d), comptime!(dims.units)) {
        memory[here.memory + comptime!(2 + dims.levels) + i] = read_norm[here.head * comptime!(dims.d) + i];
    }
}

/// φ(k) of every token.
#[cube]
fn unit_keys(
    projection: &[f32],
    memory: &mut [f32],
    keys: &mut Shared<[f32]>,
    inverses: &Shared<[f32]>,
    here: &Place,
    #[comptime] dims: Dims,
) {
    let d = comptime!(dims.d);
    for index in range_stepped(here.unit, comptime!(dims.block * dims.d), comptime!(dims.units)) {
        let (t, i) = (index / d, index % d);
        let key = silu(projection[channels(here.token + t, KEY, here.head, dims) + i]) * inverses[t];
        keys[index] = key;
        memory[here.record + t * comptime!(dims.token()) + 3 + i] = key;
    }
}

/// k turned to its position in the block, 0..C.
#[cube]
fn rotated_keys(projection: &[f32], rotation: &[f32], memory: &mut [f32], here: &Place, #[comptime] dims: Dims) {
    let half = comptime!(dims.half());
    for index in range_stepped(here.unit, comptime!(dims.block * dims.half()), comptime!(dims.units)) {
        let (t, i) = (index / half, index % half);
        let key = channels(here.token + t, KEY, here.head, dims) + i;
        let (a, b) = (projection[key], projection[key + half]);
        let (cos, sin) = (rotation[2 * index], rotation[2 * index + 1]);
        let to = here.record + t * comptime!(dims.token()) + comptime!(3 + dims.d) + i;
        memory[to] = a * cos - b * sin;
        memory[to + half] = b * cos + a * sin;
    }
}

/// The block as one slot: averages of k and v by softmax of the salience.
#[cube]
fn slot(
    projection: &[f32],
    memory: &mut [f32],
    powers: &Shared<[f32]>,
    largest: f32,
    here: &Place,
    #[comptime] dims: Dims,
) {
    let c = comptime!(dims.block);
    let d = comptime!(dims.d);
    let slot = here.slots + here.block * comptime!(dims.slot());
    let mut sum = 0.0f32;
    for t in 0..c {
        sum += powers[t];
    }
    if here.unit == 0 {
        memory[slot] = largest + sum.ln();
    }
    for index in range_stepped(here.unit, 2 * d, comptime!(dims.units)) {
        // Keys and values are parts 1 and 2 of the projection.
        let from = channels(here.token, KEY, here.head, dims) + index / d * comptime!(dims.width()) + index % d;
        let mut average = 0.0f32;
        for t in 0..c {
            average += powers[t] * projection[from + t * comptime!(dims.projected())];
        }
        memory[slot + 1 + index] = average / sum;
    }
}
