//! Both memories for one token of a stream on the CPU, in one operation: what the token takes out, and what they hold after it.

use std::sync::Arc;

use burn::tensor::Tensor;
use pulp::Simd;

use super::memory::softplus;
use super::rms_norm::inverse_rms;
use super::simd::{Arch, dot, exp, largest, sigmoid, silu, sum};
use crate::bridge::{Kernel, apply_kernel_untracked};
use crate::reference::slot_attention::Slots;
use crate::reference::{UNIT_EPSILON, angle};

/// What a layer holds when a token comes; shapes as in [`After`].
#[derive(Debug, Clone)]
pub struct Before<'a> {
    /// The recurrent memory.
    pub memory: Option<Tensor<4>>,
    /// The current chunk so far as one slot.
    pub summary: Option<Slots>,
    /// Keys and values of the chunk before the current one, `[batch, heads, C, d]`.
    pub previous: Option<[Tensor<4>; 2]>,
    /// Keys and values of the current chunk so far.
    pub current: Option<[Tensor<4>; 2]>,
    /// The slots of every level.
    pub levels: &'a [Option<Slots>],
}

/// What a layer holds after it.
#[derive(Debug, Clone)]
pub struct After {
    /// (r + ctx) ⊙ silu(e), `[batch, width]`
    pub taken: Tensor<2>,
    /// The recurrent memory, `[batch, heads, d, d]`
    pub memory: Tensor<4>,
    /// The current chunk so far as one slot.
    pub summary: Slots,
    /// Keys and values of the current chunk so far, `[batch, heads, 1..=C, d]`
    pub current: [Tensor<4>; 2],
}

/// cos(p θ_i), then sin(p θ_i), of the channel pairs i at the distances p of two tokens of a window: `[2C, d]`.
pub fn rope_table(chunk: usize, d: usize) -> Arc<[f32]> {
    let row = |distance: usize| {
        let angles = (0..d / 2).map(move |i| angle(distance as i64, i, d));
        angles.clone().map(f64::cos).chain(angles.map(f64::sin)).map(|value| value as f32)
    };
    (0..2 * chunk).flat_map(row).collect()
}

/// One token through both memories, on a device that [runs them](crate::runs_cpu_kernels), without gradients.
///
/// # Shapes
/// - `rope_table`: from [`rope_table`]; `projection`: q, k, v, e, then salience, decay gate and write gate per head,
///   `[batch, 4·width + 3·heads]`
/// - `decay` (δ), `score_scale` (η): `[heads]`; `read_norm` (nh): `[width]`; `level_bias`: `[levels, heads]`
pub fn memory_token(
    rope_table: Arc<[f32]>,
    projection: Tensor<2>,
    decay: Tensor<1>,
    read_norm: Tensor<1>,
    score_scale: Tensor<1>,
    level_bias: Tensor<2>,
    before: Before,
) -> After {
    let ([batch, _], [heads], [width]) = (projection.dims(), decay.dims(), read_norm.dims());
    let length = |pair: &[Tensor<4>; 2]| pair[0].dims()[2];
    let kernel = TokenMemory {
        rope_table,
        heads,
        d: width / heads,
        started: before.memory.is_some(),
        summarised: before.summary.is_some(),
        previous: before.previous.as_ref().map_or(0, length),
        current: before.current.as_ref().map_or(0, length),
        levels: before.levels.iter().map(|slots| slots.as_ref().map_or(0, Slots::len)).collect(),
    };
    let sections = kernel.sections(batch);
    let mut inputs = vec![projection.into_dispatch(), decay.into_dispatch(), read_norm.into_dispatch()];
    inputs.extend([score_scale.into_dispatch(), level_bias.into_dispatch()]);
    inputs.extend(before.memory.map(Tensor::into_dispatch));
    if let Some(Slots { keys, values, log_mass }) = before.summary {
        inputs.extend([keys.into_dispatch(), values.into_dispatch(), log_mass.into_dispatch()]);
    }
    let slots = before.levels.iter().flatten().map(|slots| [slots.keys.clone(), slots.values.clone()]);
    for pair in before.previous.into_iter().chain(before.current).chain(slots) {
        inputs.extend(pair.map(Tensor::into_dispatch));
    }
    let (d, length) = (kernel.d, kernel.current + 1);
    let out: Tensor<1> = apply_kernel_untracked(&kernel, inputs);
    let part = |index: usize| out.clone().narrow(0, sections[..index].iter().sum(), sections[index]);
    let rows = |index: usize, count: usize| part(index).reshape([batch, heads, count, d]);
    After {
        taken: part(0).reshape([batch, width]),
        memory: rows(1, d),
        summary: Slots { keys: rows(2, 1), values: rows(3, 1), log_mass: part(4).reshape([batch, heads, 1]) },
        current: [rows(5, length), rows(6, length)],
    }
}

#[derive(Debug)]
struct TokenMemory {
    rope_table: Arc<[f32]>,
    heads: usize,
    d: usize,
    /// Whether there is a recurrent memory, and a summary, to go on from.
    started: bool,
    summarised: bool,
    /// Tokens of the chunk before and of this one.
    previous: usize,
    current: usize,
    /// Slots of every level.
    levels: Vec<usize>,
}

impl TokenMemory {
    /// Floats of each part of the output, in the order of [`After`]; a slot is three parts, a pair two.
    fn sections(&self, batch: usize) -> [usize; 7] {
        let (rows, d) = (batch * self.heads, self.d);
        let chunk = (self.current + 1) * d;
        [d, d * d, d, d, 1, chunk, chunk].map(|size| rows * size)
    }
}

impl Kernel for TokenMemory {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![self.sections(inputs[0][0]).iter().sum()]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let batch = shapes[0][0];
        let mut rest = inputs[5..].iter().copied();
        let mut next = |present: bool, size: usize| if present { rest.next().map(|all| (all, size)) } else { None };
        let (d, c, n) = (self.d, self.previous, self.current);
        let memory = next(self.started, d * d);
        let summary = [d, d, 1].map(|size| next(self.summarised, size));
        let window = [c, c, n, n].map(|count| next(count > 0, count * d));
        let levels: Vec<_> = self.levels.iter().map(|&count| [0, 1].map(|_| next(count > 0, count * d))).collect();

        let mut out = vec![0.0; self.sections(batch).iter().sum()];
        let mut parts: Vec<&mut [f32]> = Vec::new();
        let mut left = out.as_mut_slice();
        for size in self.sections(batch) {
            let (part, others) = left.split_at_mut(size);
            parts.push(part);
            left = others;
        }
        for index in 0..batch * self.heads {
            let of = |part| of_head(part, index);
            let bias = |level: usize| inputs[4][level * self.heads + index % self.heads];
            let held = Held {
                memory: of(memory),
                summary: summary.map(of),
                window: window.map(of),
                levels: levels.iter().enumerate().map(|(level, pair)| (bias(level), pair.map(of))).collect(),
            };
            let mut to = parts.iter_mut().map(|part| {
                let size = part.len() / (batch * self.heads);
                &mut part[index * size..][..size]
            });
            let to: [&mut [f32]; 7] = std::array::from_fn(|_| to.next().expect("seven sections"));
            head(&self.rope_table, &TokenInputs::new(self, inputs, index), &held, to);
        }
        out
    }
}

/// What belongs to one head of a part that has `size` values of each; nothing, if it is not there.
fn of_head(part: Option<(&[f32], usize)>, index: usize) -> &[f32] {
    part.map_or(&[], |(all, size)| &all[index * size..][..size])
}

/// What the token gives a head of one row of the batch.
struct TokenInputs<'a> {
    /// q, k, v, e: `[d]` each
    query: &'a [f32],
    key: &'a [f32],
    value: &'a [f32],
    gate: &'a [f32],
    /// s
    salience: f32,
    /// β = σ(b)
    write: f32,
    /// a = exp(−2 softplus(δ) σ(g))
    decay: f32,
    /// n_h, `[d]`
    norm: &'a [f32],
    /// η
    scale: f32,
}

impl<'a> TokenInputs<'a> {
    fn new(kernel: &TokenMemory, inputs: &[&'a [f32]], index: usize) -> Self {
        let (heads, d) = (kernel.heads, kernel.d);
        let (row, head) = (index / heads, index % heads);
        let row = &inputs[0][row * heads * (4 * d + 3)..][..heads * (4 * d + 3)];
        let channels = |part: usize| &row[(part * heads + head) * d..][..d];
        let gate = |part: usize| row[(4 * d + part) * heads + head];
        Self {
            query: channels(0),
            key: channels(1),
            value: channels(2),
            gate: channels(3),
            salience: gate(0),
            write: sigmoid(gate(2)),
            decay: exp(-2.0 * softplus(inputs[1][head]) * sigmoid(gate(1))),
            norm: &inputs[2][head * d..][..d],
            scale: inputs[3][head],
        }
    }
}

/// What the head holds before the token; empty where there is nothing.
struct Held<'a> {
    /// h, `[d, d]`
    memory: &'a [f32],
    /// Key, value and log mass.
    summary: [&'a [f32]; 3],
    /// Keys and values of the chunk before, then of this one.
    window: [&'a [f32]; 4],
    /// λ, keys and values of every level.
    levels: Vec<(f32, [&'a [f32]; 2])>,
}

/// Fills what [`After`] holds of one head.
#[pulp::with_simd(head = Arch::new())]
#[inline(always)]
fn head_simd<'a, S: Simd>(
    _simd: S,
    rope_table: &'a [f32],
    token: &'a TokenInputs<'a>,
    held: &'a Held<'a>,
    [taken, memory, key, value, log_mass, keys, values]: [&'a mut [f32]; 7],
) {
    for ((to, before), new) in [keys, values].into_iter().zip(&held.window[2..]).zip([token.key, token.value]) {
        to[..before.len()].copy_from_slice(before);
        to[before.len()..].copy_from_slice(new);
    }
    merge_token(token, held.summary, [key, value, log_mass]);
    memory[..held.memory.len()].copy_from_slice(held.memory);
    gated_linear_attention(token, memory, taken);
    slot_attention(rope_table, token, held, taken);
    taken.iter_mut().zip(token.gate).for_each(|(to, gate)| *to *= silu(*gate));
}

/// The chunk's average with the token added, by softmax of the saliences.
#[inline(always)]
fn merge_token(token: &TokenInputs, before: [&[f32]; 3], [key, value, log_mass]: [&mut [f32]; 3]) {
    let Some(&known) = before[2].first() else {
        key.copy_from_slice(token.key);
        value.copy_from_slice(token.value);
        log_mass[0] = token.salience;
        return;
    };
    let largest = known.max(token.salience);
    let (old, new) = (exp(known - largest), exp(token.salience - largest));
    let weight = new / (old + new);
    for ((to, before), new) in [key, value].into_iter().zip(before).zip([token.key, token.value]) {
        for ((to, before), new) in to.iter_mut().zip(before).zip(new) {
            *to = (1.0 - weight) * before + weight * new;
        }
    }
    log_mass[0] = largest + (old + new).ln();
}

/// h ← a h + β φ(k) vᵀ; the normalised read silu(q) h.
#[inline(always)]
fn gated_linear_attention(token: &TokenInputs, memory: &mut [f32], read: &mut [f32]) {
    let d = read.len();
    let active: Vec<f32> = token.key.iter().map(|k| silu(*k)).collect();
    let write = token.write / (dot(&active, &active) + UNIT_EPSILON).sqrt();
    for ((row, key), query) in memory.chunks_exact_mut(d).zip(&active).zip(token.query) {
        let (key, query) = (key * write, silu(*query));
        for ((memory, value), read) in row.iter_mut().zip(token.value).zip(read.iter_mut()) {
            *memory = token.decay * *memory + key * value;
            *read += query * *memory;
        }
    }
    let inverse = inverse_rms(read, d);
    read.iter_mut().zip(token.norm).for_each(|(read, norm)| *read *= inverse * norm);
}

/// Adds the average of all visible values under one softmax.
#[inline(always)]
fn slot_attention(rope_table: &[f32], token: &TokenInputs, held: &Held, to: &mut [f32]) {
    let d = to.len();
    let query: Vec<f32> = token.query.iter().map(|q| q * token.scale).collect();
    let [before_keys, before_values, keys, values] = held.window;
    let window = || before_keys.chunks_exact(d).chain(keys.chunks_exact(d)).chain([token.key]);
    let count = window().count();
    let mut temp = vec![0.0; d / 2];
    let mut scores: Vec<f32> = Vec::new();
    for (index, key) in window().enumerate() {
        let angles = &rope_table[(count - 1 - index) * d..][..d];
        scores.push(roped_score(&query, key, angles, &mut temp));
    }
    for (bias, [keys, _]) in &held.levels {
        scores.extend(keys.chunks_exact(d).map(|key| dot(&query, key) + bias));
    }
    let largest = largest(&scores);
    scores.iter_mut().for_each(|score| *score = exp(*score - largest));
    let inverse_sum = 1.0 / sum(&scores);
    let slots = held.levels.iter().flat_map(|(_, [_, values])| values.chunks_exact(d));
    let values = before_values.chunks_exact(d).chain(values.chunks_exact(d)).chain([token.value]).chain(slots);
    for (power, value) in scores.iter().zip(values) {
        let prob = power * inverse_sum;
        to.iter_mut().zip(value).for_each(|(to, value)| *to += prob * value);
    }
}

/// rot(q) · rot(k) at positions of a distance whose cosines and sines `angles` holds.
#[inline(always)]
fn roped_score(query: &[f32], key: &[f32], angles: &[f32], temp: &mut [f32]) -> f32 {
    let half = temp.len();
    let ((qa, qb), (ka, kb), (cos, sin)) = (query.split_at(half), key.split_at(half), angles.split_at(half));
    for i in 0..half {
        temp[i] = cos[i] * (qa[i] * ka[i] + qb[i] * kb[i]) + sin[i] * (qa[i] * kb[i] - qb[i] * ka[i]);
    }
    sum(temp)
}
