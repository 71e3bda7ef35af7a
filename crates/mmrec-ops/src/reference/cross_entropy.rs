//! Cross-entropy on logits.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// Cross-entropy of every token in nats, `[batch · time, 1]`.
///
/// # Shapes
/// - `logits`: `[batch, time, vocab]`
/// - `targets`: `[batch, time]`
pub fn token_losses(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, time, vocab] = logits.dims();
    let log_probabilities = log_softmax(logits.reshape([batch * time, vocab]), 1);
    log_probabilities.gather(1, targets.reshape([batch * time, 1])).neg()
}
