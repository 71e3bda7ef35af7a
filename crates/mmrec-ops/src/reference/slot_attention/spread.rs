//! The softmax of one token laid open, and parts of what tokens see taken away.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use super::attention::scores;
use super::{Slots, Tables};
use crate::reference::{HIDDEN, table};

/// How the attention of one token of a text spreads, from the beginning of the text.
///
/// # Shapes
/// - arguments as of [`attend`](super::attend), where `tables` begin with chunk 0
/// - returns: the weights, `[batch, heads, 1, 2C + columns]`, and what the token takes, `[batch, heads, 1, d]`. The weights are those of
///   its window (the chunk before and its own), then those of all columns of the [`Schedule`](super::Schedule), level by level. They
///   sum to 1; what the token does not see has none.
pub fn spread(
    tables: &Tables,
    token: usize,
    query: Tensor<4>,
    tokens: Slots,
    scale: Tensor<1>,
    level_bias: Tensor<2>,
) -> [Tensor<4>; 2] {
    let [batch, heads, _, d] = query.dims();
    let c = tables.sizes.chunk;
    let pools = super::slots::pools(&tables.sizes, tokens.clone(), None);
    let all = scores(tables, query, tokens, None, &pools, scale, level_bias);
    let of_token = |scores: Tensor<5>| {
        let count = scores.dims()[4];
        scores.narrow(2, token / c, 1).narrow(3, token % c, 1).reshape([batch, heads, 1, count])
    };
    let window = all.window.1.narrow(2, token / c, 1).reshape([batch, heads, 2 * c, d]);
    let (scores, values) = match all.slots {
        None => (of_token(all.window.0), window),
        Some((slots, values)) => {
            (Tensor::cat(vec![of_token(all.window.0), of_token(slots)], 3), Tensor::cat(vec![window, values], 2))
        }
    };
    let weights = softmax(scores, 3);
    [weights.clone(), weights.matmul(values)]
}

/// The level bias `[levels, heads]` with which nothing sees the slots of one level, counted from 0.
pub fn hide_level(level_bias: Tensor<2>, level: usize) -> Tensor<2> {
    let [levels, _] = level_bias.dims();
    let hidden = table([levels, 1], &level_bias.device(), |row| if row == level { HIDDEN } else { 0.0 });
    level_bias + hidden
}
