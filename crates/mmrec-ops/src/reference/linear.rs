//! A linear layer.

use burn::tensor::{DType, Tensor};

/// x · W, `[rows, inputs]` and `[inputs, outputs]` to `[rows, outputs]`; in the precision of W, which x is rounded to.
pub fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    match weight.dtype() {
        DType::BF16 => x.cast(DType::BF16).matmul(weight).cast(DType::F32),
        _ => x.matmul(weight),
    }
}
