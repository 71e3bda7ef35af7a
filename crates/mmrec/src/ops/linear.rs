//! A linear layer, onto a stream or by itself.

use burn::tensor::{DType, Tensor};

use super::simd::{Strided, few_rows, matmul};
use super::{Kernel, fused, has_kernels};

/// Below so many rows a product is bound by reading the weight; rearranging it for speed costs more than it saves.
const FEW: usize = 16;

/// x · W, `[rows, inputs]` and `[inputs, outputs]` to `[rows, outputs]`; in the precision of W, which x is rounded to.
pub fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if weight.dtype() == DType::BF16 {
        return x.cast(DType::BF16).matmul(weight).cast(DType::F32);
    }
    if has_kernels(&x.device()) {
        fused::apply(Linear, vec![x.into_dispatch(), weight.into_dispatch()])
    } else {
        x.matmul(weight)
    }
}

/// stream + x · W in one pass; shapes as in [`linear`], the stream's those of the output.
pub fn linear_onto(stream: Tensor<2>, x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if has_kernels(&x.device()) && weight.dtype() == DType::F32 {
        fused::apply(Linear, vec![x.into_dispatch(), weight.into_dispatch(), stream.into_dispatch()])
    } else {
        stream + linear(x, weight)
    }
}

/// Of x, W, and what the product is added to, if anything.
#[derive(Debug)]
struct Linear;

impl Kernel for Linear {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[1][1]]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let [m, k, n] = [shapes[0][0], shapes[0][1], shapes[1][1]];
        let onto = inputs.get(2).copied();
        if m < FEW {
            return few_rows(inputs[0], inputs[1], [m, k, n], onto);
        }
        matmul(Strided::rows(inputs[0], k), Strided::rows(inputs[1], n), [m, k, n], onto)
    }

    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let [m, k, n] = [shapes[0][0], shapes[0][1], shapes[1][1]];
        let to_x = matmul(Strided::rows(gradient, n), Strided::columns(inputs[1], n), [m, n, k], None);
        let to_weight = matmul(Strided::columns(inputs[0], k), Strided::rows(gradient, n), [k, m, n], None);
        vec![to_x, to_weight]
    }

    fn passed_on(&self) -> Option<usize> {
        Some(2)
    }
}
