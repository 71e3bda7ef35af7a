//! A linear layer, onto a stream or by itself.

use super::matmul::{Strided, gemv_batched, matmul};
use crate::bridge::{DifferentiableKernel, Kernel};

/// Below so many rows a product is bound by reading the weight; rearranging it for speed costs more than it saves.
const FEW: usize = 16;

/// Of x, W, and what the product is added to, if anything.
#[derive(Debug)]
pub struct Linear;

impl Kernel for Linear {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[1][1]]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let [m, k, n] = [shapes[0][0], shapes[0][1], shapes[1][1]];
        let onto = inputs.get(2).copied();
        if m < FEW {
            return gemv_batched(inputs[0], inputs[1], [m, k, n], onto);
        }
        matmul(Strided::rows(inputs[0], k), Strided::rows(inputs[1], n), [m, k, n], onto)
    }
}

impl DifferentiableKernel for Linear {
    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let [m, k, n] = [shapes[0][0], shapes[0][1], shapes[1][1]];
        let to_x = matmul(Strided::rows(gradient, n), Strided::columns(inputs[1], n), [m, n, k], None);
        let to_weight = matmul(Strided::columns(inputs[0], k), Strided::rows(gradient, n), [k, m, n], None);
        vec![to_x, to_weight]
    }

    fn passthrough_input(&self) -> Option<usize> {
        Some(2)
    }
}
