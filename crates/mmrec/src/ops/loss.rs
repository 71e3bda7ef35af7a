//! Cross-entropy on logits.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// Mean cross-entropy in nats per token, `[1]`.
///
/// # Shapes
/// - `logits`: `[batch, time, vocab]`
/// - `targets`: `[batch, time]`
pub fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    token_losses(logits, targets).mean()
}

/// Cross-entropy of every token in nats, `[batch · time, 1]`; shapes as in [`cross_entropy`].
pub fn token_losses(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, time, vocab] = logits.dims();
    let log_probabilities = log_softmax(logits.reshape([batch * time, vocab]), 1);
    log_probabilities.gather(1, targets.reshape([batch * time, 1])).neg()
}
