//! One softmax over the window's tokens and the visible slots of every level.

use burn::tensor::{Device, Tensor};

use super::slots::pools;
use super::{Past, Schedule, Sizes, Slots};
use crate::reference::{HIDDEN, Rotary, table};

/// Constants of one pass over `chunks` chunks, shared by all layers.
#[derive(Debug, Clone)]
pub struct Tables {
    pub(super) sizes: Sizes,
    chunks: usize,
    schedule: Schedule,
    /// Positions of the chunk before the first one and of all chunks.
    rotary: Rotary,
    /// `[1, 1, chunks, C, 2C]`, or the same for all chunks, `[1, 1, 1, C, 2C]`
    window_bias: Tensor<5>,
    /// `[1, 1, chunks, 1, columns]`; `None` if no slot is visible.
    slot_bias: Option<Tensor<5>>,
}

impl Tables {
    /// Constants for the chunks `first..first + chunks` and heads of width `head_width`.
    pub fn new(sizes: Sizes, first: u64, chunks: usize, head_width: usize, device: &Device) -> Self {
        let c = sizes.chunk;
        let schedule = Schedule::new(&sizes, first, chunks);
        let hidden = |n: usize| {
            let (chunk, row, column) = (n / (2 * c * c), n / (2 * c) % c, n % (2 * c));
            column > c + row || (column < c && first == 0 && chunk == 0)
        };
        let mask = schedule.mask();
        let columns = schedule.width();
        Self {
            sizes,
            chunks,
            rotary: Rotary::new(-(c as i64), (chunks + 1) * c, head_width, device),
            window_bias: table([1, 1, chunks, c, 2 * c], device, |n| if hidden(n) { HIDDEN } else { 0.0 }),
            slot_bias: (columns > 0)
                .then(|| table([1, 1, chunks, 1, columns], device, |n| if mask[n] { 0.0 } else { HIDDEN })),
            schedule,
        }
    }

    /// The same for a model in which a token sees no other token, but itself and the slots.
    #[must_use]
    pub fn without_other_tokens(mut self) -> Self {
        let (c, device) = (self.sizes.chunk, self.window_bias.device());
        let other = |n: usize| n % (2 * c) != c + n / (2 * c);
        self.window_bias = table([1, 1, 1, c, 2 * c], &device, |n| if other(n) { HIDDEN } else { 0.0 });
        self
    }
}

/// What every token of the new chunks takes from the hierarchy, `[batch, heads, time, d]`, and the pools of all levels.
///
/// # Shapes
/// - `query`: `[batch, heads, time, d]`, time = chunks · C
/// - `tokens`: keys and values `[batch, heads, time, d]`, salience `[batch, heads, time]`
/// - `scale` (η): `[heads]`; `level_bias`: `[levels, heads]`
pub fn attend(
    tables: &Tables,
    query: Tensor<4>,
    tokens: Slots,
    past: Option<&Past>,
    scale: Tensor<1>,
    level_bias: Tensor<2>,
) -> (Tensor<4>, Vec<(u64, Slots)>) {
    let shape = query.dims();
    let pools = pools(&tables.sizes, tokens.clone(), past);
    let scores = scores(tables, query, tokens, past, &pools, scale, level_bias);
    (softmax_average(scores).reshape(shape), pools)
}

/// What queries score with everything they may see, not normalised yet, and the values there.
pub(super) struct Scores {
    /// `[batch, heads, chunks, C, 2C]` with values `[batch, heads, chunks, 2C, d]`
    pub window: (Tensor<5>, Tensor<5>),
    /// `[batch, heads, chunks, C, m]` with values `[batch, heads, m, d]`; none if no slot is visible
    pub slots: Option<(Tensor<5>, Tensor<4>)>,
}

/// The scores of all tokens; arguments as of [`attend`], with the pools of all levels.
pub(super) fn scores(
    tables: &Tables,
    query: Tensor<4>,
    tokens: Slots,
    past: Option<&Past>,
    pools: &[(u64, Slots)],
    scale: Tensor<1>,
    level_bias: Tensor<2>,
) -> Scores {
    let [batch, heads, time, d] = query.dims();
    let (c, chunks) = (tables.sizes.chunk, tables.chunks);
    let query = query * scale.reshape([1, heads, 1, 1]);
    let split = |x: Tensor<4>| x.reshape([batch, heads, chunks, c, d]);

    let rotated = tables.rotary.narrow(c, time).rotate(query.clone());
    let keys = tables.rotary.narrow(c, time).rotate(tokens.keys);
    let past_keys = past.map(|past| tables.rotary.narrow(0, c).rotate(past.window[0].clone()));
    let keys = windows(split(keys), past_keys);
    let values = windows(split(tokens.values), past.map(|past| past.window[1].clone()));
    let window = split(rotated).matmul(keys.swap_dims(3, 4)) + tables.window_bias.clone();

    let slots = tables.slot_bias.as_ref().map(|bias| {
        let visible = visible_slots(&tables.schedule, pools);
        let m = visible.len();
        let bias = bias.clone() + column_bias(&tables.schedule, level_bias).reshape([1, heads, 1, 1, m]);
        let scores = query.matmul(visible.keys.swap_dims(2, 3)).reshape([batch, heads, chunks, c, m]) + bias;
        (scores, visible.values)
    });
    Scores { window: (window, values), slots }
}

/// What one token takes from the hierarchy, `[batch, heads, 1, d]`.
///
/// # Shapes
/// - `query`: `[batch, heads, 1, d]`, not rotated
/// - `window`: keys (rotated towards the query) and values `[batch, heads, visible tokens, d]`
/// - `rotated`: the query rotated, same shape as `query`
/// - `levels`: the slots of each level that are visible now
pub fn attend_token(
    query: Tensor<4>,
    rotated: Tensor<4>,
    window: [Tensor<4>; 2],
    levels: &[Option<Slots>],
    scale: Tensor<1>,
    level_bias: Tensor<2>,
) -> Tensor<4> {
    let heads = query.dims()[1];
    let scale = scale.reshape([1, heads, 1, 1]);
    let [keys, mut values] = window;
    let mut scores = vec![(rotated * scale.clone()).matmul(keys.swap_dims(2, 3))];
    let query = query * scale;
    for (level, slots) in levels.iter().enumerate() {
        let Some(slots) = slots else { continue };
        let bias = level_bias.clone().narrow(0, level, 1).reshape([1, heads, 1, 1]);
        scores.push(query.clone().matmul(slots.keys.clone().swap_dims(2, 3)) + bias);
        values = Tensor::cat(vec![values, slots.values.clone()], 2);
    }
    burn::tensor::activation::softmax(Tensor::cat(scores, 3), 3).matmul(values)
}

/// Each chunk's tokens behind those of the chunk before it: `[batch, heads, chunks, 2C, d]`.
fn windows(x: Tensor<5>, before: Option<Tensor<4>>) -> Tensor<5> {
    let [batch, heads, chunks, c, d] = x.dims();
    let first = match before {
        Some(before) => before.reshape([batch, heads, 1, c, d]),
        None => Tensor::zeros([batch, heads, 1, c, d], &x.device()),
    };
    let previous = if chunks == 1 { first } else { Tensor::cat(vec![first, x.clone().narrow(2, 0, chunks - 1)], 2) };
    Tensor::cat(vec![previous, x], 3)
}

/// The pool's columns that some chunk sees, all levels in a row.
fn visible_slots(schedule: &Schedule, pools: &[(u64, Slots)]) -> Slots {
    let parts = schedule.columns.iter().zip(pools).filter(|(columns, _)| !columns.is_empty());
    let parts = parts.map(|(columns, (base, pool))| {
        pool.clone().narrow((columns.start - base) as usize, (columns.end - columns.start) as usize)
    });
    Slots::join(parts.collect()).expect("called only where a slot is visible")
}

/// The level bias of every column, `[heads, columns]`.
fn column_bias(schedule: &Schedule, level_bias: Tensor<2>) -> Tensor<2> {
    let heads = level_bias.dims()[1];
    let parts = schedule.columns.iter().enumerate().filter(|(_, columns)| !columns.is_empty());
    let parts = parts.map(|(level, columns)| {
        let count = (columns.end - columns.start) as usize;
        level_bias.clone().narrow(0, level, 1).reshape([heads, 1]).expand([heads, count])
    });
    Tensor::cat(parts.collect(), 1)
}

/// Average of values under one softmax over both groups of scores, `[batch, heads, chunks, C, d]`, without joining them: a join's
/// gradient would copy both.
fn softmax_average(Scores { window: (window, values), slots }: Scores) -> Tensor<5> {
    let [batch, heads, chunks, c, _] = window.dims();
    let d = values.dims()[4];
    let mut largest = window.clone().detach().max_dim(4);
    if let Some((scores, _)) = &slots {
        largest = largest.max_pair(scores.clone().detach().max_dim(4));
    }
    let powers = (window - largest.clone()).exp();
    let mut sum = powers.clone().sum_dim(4);
    let mut context = powers.matmul(values);
    if let Some((scores, values)) = slots {
        let powers = (scores - largest).exp();
        let m = values.dims()[2];
        sum = sum + powers.clone().sum_dim(4);
        let part = powers.reshape([batch, heads, chunks * c, m]).matmul(values);
        context = context + part.reshape([batch, heads, chunks, c, d]);
    }
    context * sum.recip()
}
