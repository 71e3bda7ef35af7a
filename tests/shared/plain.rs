//! What the kernels compute, composed of the framework's operations as they stand in the model's definition.

use burn::tensor::activation::{log_softmax, sigmoid, silu, softplus};
use burn::tensor::{Int, Tensor};
use mmrec::ops::hierarchy::{Sizes, Slots, Tables, attend};
use mmrec::ops::{recurrent_memory, rms_norm, token_shift, unit};

/// (r + ctx) ⊙ silu(e); shapes as in `mmrec::ops::memory`.
pub fn memory(
    sizes: Sizes,
    projection: Tensor<3>,
    decay: Tensor<1>,
    read_norm: Tensor<1>,
    score_scale: Tensor<1>,
    level_bias: Tensor<2>,
) -> Tensor<3> {
    let [batch, time, _] = projection.dims();
    let (heads, width) = (decay.dims()[0], read_norm.dims()[0]);
    let d = width / heads;
    let channels = |part: usize| projection.clone().narrow(2, part * width, width);
    let per_head = |part: usize| channels(part).reshape([batch, time, heads, d]).swap_dims(1, 2);
    let gate = |part: usize| projection.clone().narrow(2, 4 * width + part * heads, heads).swap_dims(1, 2);
    let (query, key, value) = (per_head(0), per_head(1), per_head(2));
    let rate = softplus(decay, 1.0).reshape([1, heads, 1]) * -2.0;
    let (read, _) = recurrent_memory(
        silu(query.clone()),
        unit(silu(key.clone())),
        value.clone() * sigmoid(gate(2)).unsqueeze_dim::<4>(3),
        sigmoid(gate(1)) * rate,
        None,
        false,
    );
    let read = rms_norm(read, read_norm.reshape([1, heads, 1, d]));
    let tables = Tables::new(sizes, 0, time / sizes.block, d, &projection.device());
    let tokens = Slots { keys: key, values: value, mass: gate(0) };
    let (context, _) = attend(&tables, query, tokens, None, score_scale, level_bias);
    (read + context).swap_dims(1, 2).reshape([batch, time, width]) * silu(channels(3))
}

/// The norm, then the token shift where `mix` is given.
pub fn norm_shift(x: Tensor<3>, weight: Tensor<1>, mix: Option<Tensor<1>>) -> Tensor<3> {
    let normed = rms_norm(x, weight.unsqueeze::<3>());
    match mix {
        Some(mix) => token_shift(normed, mix, None),
        None => normed,
    }
}

/// silu of the first half times the second.
pub fn gated(x: Tensor<2>) -> Tensor<2> {
    let hidden = x.dims()[1] / 2;
    silu(x.clone().narrow(1, 0, hidden)) * x.narrow(1, hidden, hidden)
}

/// −log softmax at the targets.
pub fn token_losses(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, time, vocab] = logits.dims();
    let log_probabilities = log_softmax(logits.reshape([batch * time, vocab]), 1);
    log_probabilities.gather(1, targets.reshape([batch * time, 1])).neg()
}

/// x · W, onto a stream if there is one.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, stream: Option<Tensor<2>>) -> Tensor<2> {
    let product = x.matmul(weight);
    match stream {
        Some(stream) => stream + product,
        None => product,
    }
}
