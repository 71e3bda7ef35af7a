//! A linear layer.

use burn::tensor::Tensor;

use super::simd::{Strided, matmul};
use super::{Kernel, fused, has_kernels};

/// Below so many rows packing the weight costs more than it saves.
const FEW: usize = 16;

/// x · W, `[rows, inputs]` and `[inputs, outputs]` to `[rows, outputs]`: the framework's product, except in browsers.
pub fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let ours = cfg!(target_family = "wasm") && x.dims()[0] >= FEW && has_kernels(&x.device());
    if ours { linear_kernel(x, weight) } else { x.matmul(weight) }
}

/// [`linear`] by our kernel, on a device that [has kernels](super::has_kernels).
pub fn linear_kernel(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    fused::apply(Linear, vec![x.into_dispatch(), weight.into_dispatch()])
}

#[derive(Debug)]
struct Linear;

impl Kernel for Linear {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[1][1]]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let [m, k, n] = [shapes[0][0], shapes[0][1], shapes[1][1]];
        matmul(Strided::rows(inputs[0], k), Strided::rows(inputs[1], n), [m, k, n])
    }

    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let [m, k, n] = [shapes[0][0], shapes[0][1], shapes[1][1]];
        let to_x = matmul(Strided::rows(gradient, n), Strided::columns(inputs[1], n), [m, n, k]);
        let to_weight = matmul(Strided::columns(inputs[0], k), Strided::rows(gradient, n), [k, m, n]);
        vec![to_x, to_weight]
    }
}
