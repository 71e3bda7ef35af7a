//! Normalisation and token shift of one token of a stream.

use burn::tensor::Tensor;

use super::rms_norm::inverse_rms;
use crate::bridge::{Kernel, apply_kernel_untracked};

/// The shifted and the normalised token, on a device that [runs them](crate::runs_cpu_kernels), without gradients.
///
/// # Shapes
/// - `x`, and `last`, the token before as this returned it: `[batch, 1, dim]`; both outputs too
/// - `weight`, `mix` (μ): `[dim]`
pub fn norm_token(x: Tensor<3>, weight: Tensor<1>, mix: Tensor<1>, last: Option<Tensor<3>>) -> [Tensor<3>; 2] {
    let shape @ [batch, _, _] = x.dims();
    let inputs = [x.into_dispatch(), weight.into_dispatch(), mix.into_dispatch()];
    let out: Tensor<3> =
        apply_kernel_untracked(&NormToken, inputs.into_iter().chain(last.map(Tensor::into_dispatch)).collect());
    [0, batch].map(|first| out.clone().narrow(0, first, batch).reshape(shape))
}

#[derive(Debug)]
struct NormToken;

impl Kernel for NormToken {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![2 * inputs[0][0], 1, inputs[0][2]]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let dim = shapes[0][2];
        let (x, weight, mix) = (inputs[0], inputs[1], inputs[2]);
        let mut out = vec![0.0; 2 * x.len()];
        let (shifted, normed) = out.split_at_mut(x.len());
        for (x, normed) in x.chunks_exact(dim).zip(normed.chunks_exact_mut(dim)) {
            let inverse = inverse_rms(x, dim);
            normed.iter_mut().zip(x).zip(weight).for_each(|((to, x), weight)| *to = x * inverse * weight);
        }
        for (index, (to, normed)) in shifted.iter_mut().zip(normed.iter()).enumerate() {
            let last = inputs.get(3).map_or(0.0, |last| last[index]);
            *to = normed + mix[index % dim] * (last - normed);
        }
        out
    }
}
