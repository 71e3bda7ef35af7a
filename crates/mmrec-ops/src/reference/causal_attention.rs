//! Causal attention over a window of tokens: what a GPT has in place of both memories.
//!
//! A token attends to itself and the `window − 1` tokens before it; scores are those of vectors rotated by their positions, over √d.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use super::{HIDDEN, Rotary, table};

/// What attention gives every token of a text from its beginning on.
///
/// # Shapes
/// - `projection`: q, k, v of every token, `[batch, time, 3·width]`
/// - returns: `[batch, time, width]`
pub fn causal_attention(projection: Tensor<3>, heads: usize, window: usize) -> Tensor<3> {
    let [_, time, columns] = projection.dims();
    let rotary = Rotary::new(0, time, columns / 3 / heads, &projection.device());
    let [query, key, value] = by_head(projection, heads);
    join_heads(attend_window(rotary.rotate(query), rotary.rotate(key), value, window))
}

/// q, k and v, `[batch, heads, time, d]` each, of `[batch, time, 3·width]`.
pub fn by_head(projection: Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
    let [batch, time, columns] = projection.dims();
    let width = columns / 3;
    [0, 1, 2].map(|part| {
        projection.clone().narrow(2, part * width, width).reshape([batch, time, heads, width / heads]).swap_dims(1, 2)
    })
}

/// The heads of every token beside each other: `[batch, heads, time, d]` to `[batch, time, heads · d]`.
pub fn join_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, heads, time, d] = x.dims();
    x.swap_dims(1, 2).reshape([batch, time, heads * d])
}

/// The attention of the last n of m tokens, all of them rotated by their positions.
///
/// # Shapes
/// - `query`: `[batch, heads, n, d]`; `keys`, `values`: `[batch, heads, m, d]`
/// - returns: `[batch, heads, n, d]`
pub fn attend_window(query: Tensor<4>, keys: Tensor<4>, values: Tensor<4>, window: usize) -> Tensor<4> {
    window_probs(query, keys, window).matmul(values)
}

/// The probabilities of that attention, `[batch, heads, n, m]`; shapes as in [`attend_window`].
pub fn window_probs(query: Tensor<4>, keys: Tensor<4>, window: usize) -> Tensor<4> {
    let ([_, _, n, d], m) = (query.dims(), keys.dims()[2]);
    let hidden = hidden(n, m, window, &query.device());
    softmax(query.matmul(keys.swap_dims(2, 3)) * (d as f32).sqrt().recip() + hidden, 3)
}

/// 0 where the token of a row sees that of a column, [`HIDDEN`] elsewhere.
fn hidden(n: usize, m: usize, window: usize, device: &Device) -> Tensor<4> {
    table([1, 1, n, m], device, |index| {
        let (token, other) = (m - n + index / m, index % m);
        if seen(token, window).contains(&other) { 0.0 } else { HIDDEN }
    })
}

/// The tokens that a token sees.
pub(crate) fn seen(token: usize, window: usize) -> std::ops::Range<usize> {
    (token + 1).saturating_sub(window)..token + 1
}
