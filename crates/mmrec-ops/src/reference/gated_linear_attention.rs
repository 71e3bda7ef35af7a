//! The recurrent memory (MDI): per head a d × d matrix that decays and is written by association,
//! `h_t = a_t h_{t−1} + k_tᵀ v_t`, read by `q_t h_t`.

use burn::tensor::{Device, Tensor};

use super::{HIDDEN, table};

/// Longest chunk: the masked product inside a chunk costs its length per token, the states between chunks one d × d matrix each.
const LONGEST_CHUNK: usize = 32;

/// Reads of all time steps, and the state after the last one if `keep`.
///
/// Inside a chunk the recurrence is a masked product; across chunks the states are combined by the matrix of decays between
/// them. Decays enter as logarithms ≤ 0, so no exponential overflows.
///
/// # Shapes
/// - `query`, `key`, `value`: `[batch, heads, time, d]`; the write gate is already part of `value`
/// - `log_decay`: `[batch, heads, time]`, ln a_t
/// - `state`: `[batch, heads, d, d]`, zero if absent
/// - returns: `[batch, heads, time, d]` and `[batch, heads, d, d]`
pub fn gated_linear_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    log_decay: Tensor<3>,
    state: Option<Tensor<4>>,
    keep: bool,
) -> (Tensor<4>, Option<Tensor<4>>) {
    let shape @ [batch, heads, time, d] = query.dims();
    let length = chunk_length(time);
    let chunks = time / length;
    let split = |x: Tensor<4>| x.reshape([batch, heads, chunks, length, d]);
    let (query, key, value) = (split(query), split(key), split(value));
    let cum_log_decay = log_decay.reshape([batch, heads, chunks, length]).cumsum(3);
    let total = cum_log_decay.clone().narrow(3, length - 1, 1);

    let inner = query.clone().matmul(key.clone().swap_dims(3, 4)) * decay_within(cum_log_decay.clone(), length);
    let mut read = inner.matmul(value.clone());
    if chunks == 1 && state.is_none() && !keep {
        return (read.reshape(shape), None);
    }

    let written = written(key, value, cum_log_decay.clone(), total.clone());
    let states = chunk_states(written, total.reshape([batch, heads, chunks]), state, keep);
    let before = states.clone().narrow(2, 0, chunks).reshape([batch, heads, chunks, d, d]);
    read = read + (query * cum_log_decay.exp().unsqueeze_dim::<5>(4)).matmul(before);
    let last = keep.then(|| states.narrow(2, chunks, 1).reshape([batch, heads, d, d]));
    (read.reshape(shape), last)
}

/// Reads of the last time step of every chunk of `length` steps, `[batch, heads, chunks, d]`; inputs as in
/// [`gated_linear_attention`], and time is a multiple of the length.
pub fn chunk_end_reads(
    length: usize,
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    log_decay: Tensor<3>,
) -> Tensor<4> {
    let [batch, heads, time, d] = query.dims();
    let chunks = time / length;
    let split = |x: Tensor<4>| x.reshape([batch, heads, chunks, length, d]);
    let cum_log_decay = log_decay.reshape([batch, heads, chunks, length]).cumsum(3);
    let total = cum_log_decay.clone().narrow(3, length - 1, 1);
    let written = written(split(key), split(value), cum_log_decay, total.clone());
    let states = chunk_states(written, total.reshape([batch, heads, chunks]), None, true);
    let after = states.narrow(2, 1, chunks).reshape([batch, heads, chunks, d, d]);
    split(query).narrow(3, length - 1, 1).matmul(after).reshape([batch, heads, chunks, d])
}

/// What each chunk adds to the state, as of its end: `[batch, heads, chunks, d·d]`.
///
/// # Shapes
/// - `key`, `value`: `[batch, heads, chunks, length, d]`
/// - `cum_log_decay`: `[batch, heads, chunks, length]`, running sums of log decays; `total`: their last, `[batch, heads, chunks, 1]`
fn written(key: Tensor<5>, value: Tensor<5>, cum_log_decay: Tensor<4>, total: Tensor<4>) -> Tensor<4> {
    let [batch, heads, chunks, _, d] = key.dims();
    let decay_to_end = (total - cum_log_decay).exp().unsqueeze_dim::<5>(4);
    (key * decay_to_end).swap_dims(3, 4).matmul(value).reshape([batch, heads, chunks, d * d])
}

/// The longest divisor of `time` that is at most [`LONGEST_CHUNK`].
fn chunk_length(time: usize) -> usize {
    (1..=LONGEST_CHUNK.min(time)).rev().find(|length| time.is_multiple_of(*length)).unwrap_or(1)
}

/// What remains at step i of what step j ≤ i wrote, `[batch, heads, chunks, i, j]`, from running sums of log decays.
fn decay_within(cum_log_decay: Tensor<4>, length: usize) -> Tensor<5> {
    let later =
        table(
            [1, 1, 1, length, length],
            &cum_log_decay.device(),
            |n| if n % length > n / length { HIDDEN } else { 0.0 },
        );
    (cum_log_decay.clone().unsqueeze_dim::<5>(4) - cum_log_decay.unsqueeze_dim::<5>(3) + later).exp()
}

/// The state before each chunk, and after the last one if `keep`: `[batch, heads, chunks (+ 1), d·d]`.
///
/// # Shapes
/// - `written`: `[batch, heads, chunks, d·d]`, what each chunk adds
/// - `total`: `[batch, heads, chunks]`, the log decay over each chunk
fn chunk_states(written: Tensor<4>, total: Tensor<3>, state: Option<Tensor<4>>, keep: bool) -> Tensor<4> {
    let [batch, heads, chunks, matrix] = written.dims();
    let device = written.device();
    let after = total.cumsum(2);
    let before = Tensor::cat(vec![Tensor::zeros([batch, heads, 1], &device), after.clone()], 2);
    let rows = if keep { chunks + 1 } else { chunks };
    let before = before.narrow(2, 0, rows).unsqueeze_dim::<4>(3);
    let carried = (before.clone() - after.unsqueeze_dim::<4>(2) + not_yet_written(rows, chunks, &device)).exp();
    let states = carried.matmul(written);
    match state {
        Some(first) => states + before.exp() * first.reshape([batch, heads, 1, matrix]),
        None => states,
    }
}

/// Hides chunk m from the state before chunk i unless m < i, `[1, 1, i, m]`.
fn not_yet_written(rows: usize, chunks: usize, device: &Device) -> Tensor<4> {
    table([1, 1, rows, chunks], device, |n| if n % chunks < n / chunks { 0.0 } else { HIDDEN })
}
