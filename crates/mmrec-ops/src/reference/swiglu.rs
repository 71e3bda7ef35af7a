//! The gate of the feed-forward layer.

use burn::tensor::Tensor;
use burn::tensor::activation::silu;

/// silu(g) ⊙ p of rows that hold g and then p, `[rows, 2·hidden]` to `[rows, hidden]`.
pub fn swiglu(x: Tensor<2>) -> Tensor<2> {
    let hidden = x.dims()[1] / 2;
    silu(x.clone().narrow(1, 0, hidden)) * x.narrow(1, hidden, hidden)
}
