//! DPG: the decay and write gates from a projection of their own, of low rank and with a bend in it.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::ops::linear;

/// [g, b] = relu(u W_down) W_up, in place of columns of the fused projection.
#[derive(Module, Debug)]
pub struct Gates {
    /// W_down, `[width, rank]`
    pub squeeze: Param<Tensor<2>>,
    /// W_up, `[rank, 2·heads]`
    pub expand: Param<Tensor<2>>,
}

impl Gates {
    /// Decay gate, then write gate per head, `[rows, 2·heads]` of shifted tokens `[rows, width]`.
    pub(super) fn of(&self, u: Tensor<2>) -> Tensor<2> {
        linear(relu(linear(u, self.squeeze.val())), self.expand.val())
    }
}
