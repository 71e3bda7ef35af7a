//! Normalisation and token shift in one pass.

use burn::tensor::Tensor;
use pulp::Arch;

use super::norm::{inverse_rms, rms_norm_backward};
use super::{Kernel, fused, has_kernels, rms_norm, token_shift};
use crate::platform::map_chunks;

/// `token_shift(rms_norm(x, weight), mix)` from the beginning of a text; without `mix` the norm alone.
///
/// # Shapes
/// - `x`: `[batch, time, dim]`
/// - `weight`, `mix` (μ): `[dim]`
pub fn norm_shift(x: Tensor<3>, weight: Tensor<1>, mix: Option<Tensor<1>>) -> Tensor<3> {
    if !has_kernels(&x.device()) {
        let normed = rms_norm(x, weight.unsqueeze::<3>());
        return match mix {
            Some(mix) => token_shift(normed, mix, None),
            None => normed,
        };
    }
    let mut inputs = vec![x.into_dispatch(), weight.into_dispatch()];
    inputs.extend(mix.map(Tensor::into_dispatch));
    fused::apply(NormShift, inputs)
}

#[derive(Debug)]
struct NormShift;

impl Kernel for NormShift {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        inputs[0].clone()
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let [time, dim] = [shapes[0][1], shapes[0][2]];
        let mut out = vec![0.0; inputs[0].len()];
        map_chunks(&mut out, time * dim, |row, out| {
            let x = &inputs[0][row * time * dim..(row + 1) * time * dim];
            Arch::new().dispatch(|| forward(x, inputs[1], inputs.get(2).copied(), out));
        });
        out
    }

    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let [time, dim] = [shapes[0][1], shapes[0][2]];
        let mut to_x = vec![0.0; inputs[0].len()];
        let sums = map_chunks(&mut to_x, time * dim, |row, to_x| {
            let rows = row * time * dim..(row + 1) * time * dim;
            let (x, gradient) = (&inputs[0][rows.clone()], &gradient[rows]);
            Arch::new().dispatch(|| backward(x, inputs[1], inputs.get(2).copied(), gradient, to_x))
        });
        let mut to = [vec![0.0; dim], vec![0.0; dim]];
        for sums in sums {
            for (to, sum) in to.iter_mut().zip(sums) {
                to.iter_mut().zip(sum).for_each(|(to, sum)| *to += sum);
            }
        }
        [vec![to_x], to.into_iter().take(inputs.len() - 1).collect()].concat()
    }
}

/// One row of the batch.
#[inline(always)]
fn forward(x: &[f32], weight: &[f32], mix: Option<&[f32]>, out: &mut [f32]) {
    let dim = weight.len();
    let mut before = vec![0.0; dim];
    for (x, out) in x.chunks_exact(dim).zip(out.chunks_exact_mut(dim)) {
        let inverse = inverse_rms(x, dim);
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * inverse * weight;
        }
        if let Some(mix) = mix {
            for ((out, before), mix) in out.iter_mut().zip(&mut before).zip(mix) {
                let normed = *out;
                *out = normed + mix * (*before - normed);
                *before = normed;
            }
        }
    }
}

/// One row of the batch; returns the gradients of the weight and of μ.
#[inline(always)]
fn backward(x: &[f32], weight: &[f32], mix: Option<&[f32]>, gradient: &[f32], to_x: &mut [f32]) -> [Vec<f32>; 2] {
    let dim = weight.len();
    let zeros = vec![0.0; dim];
    let (mut before, mut to_weight, mut to_mix) = (zeros.clone(), zeros.clone(), zeros.clone());
    let next = gradient.chunks_exact(dim).skip(1).chain([&zeros[..]]);
    let rows = x.chunks_exact(dim).zip(gradient.chunks_exact(dim)).zip(next).zip(to_x.chunks_exact_mut(dim));
    for (((x, gradient), next), to_x) in rows {
        let inverse = inverse_rms(x, dim);
        to_x.copy_from_slice(gradient);
        if let Some(mix) = mix {
            for (i, to) in to_x.iter_mut().enumerate() {
                *to = gradient[i] + mix[i] * (next[i] - gradient[i]);
                let normed = x[i] * inverse * weight[i];
                to_mix[i] += gradient[i] * (before[i] - normed);
                before[i] = normed;
            }
        }
        rms_norm_backward(to_x, x, inverse, weight, &mut to_weight);
    }
    [to_weight, to_mix]
}
