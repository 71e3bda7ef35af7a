//! What the kernels compute, composed of the framework's operations as they stand in the model's definition.

use burn::tensor::activation::{log_softmax, silu};
use burn::tensor::{Int, Tensor};
use mmrec::ops::{rms_norm, token_shift};

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
