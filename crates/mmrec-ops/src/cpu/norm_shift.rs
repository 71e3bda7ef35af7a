//! Normalisation and token shift in one pass.

use pulp::Simd;

use super::rms_norm::{inverse_rms, rms_norm_backward};
use super::simd::Arch;
use crate::bridge::{DifferentiableKernel, Kernel};
use crate::parallel::map_chunks;

/// `token_shift(rms_norm(x, weight), mix)` from the beginning of a text; without `mix` the norm alone.
#[derive(Debug)]
pub struct NormShift;

/// Tokens that one task takes.
const TOKENS: usize = 128;

impl Kernel for NormShift {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        inputs[0].clone()
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let layer = Layer::new(shapes, inputs);
        let mut out = vec![0.0; inputs[0].len()];
        map_chunks(&mut out, TOKENS * layer.dim(), |chunk, out| forward(layer, chunk * TOKENS, out));
        out
    }
}

impl DifferentiableKernel for NormShift {
    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let layer = Layer::new(shapes, inputs);
        let dim = layer.dim();
        let mut to_x = vec![0.0; inputs[0].len()];
        let sums = map_chunks(&mut to_x, TOKENS * dim, |chunk, to_x| backward(layer, gradient, chunk * TOKENS, to_x));
        let mut to = [vec![0.0; dim], vec![0.0; dim]];
        for sums in sums {
            for (to, sum) in to.iter_mut().zip(sums) {
                to.iter_mut().zip(sum).for_each(|(to, sum)| *to += sum);
            }
        }
        [vec![to_x], to.into_iter().take(inputs.len() - 1).collect()].concat()
    }
}

/// Tokens of all rows of the batch, and the weights.
#[derive(Clone, Copy)]
struct Layer<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    mix: Option<&'a [f32]>,
    /// Tokens in a row of the batch.
    time: usize,
}

impl<'a> Layer<'a> {
    fn new(shapes: &[Vec<usize>], inputs: &[&'a [f32]]) -> Self {
        Self { x: inputs[0], weight: inputs[1], mix: inputs.get(2).copied(), time: shapes[0][1] }
    }

    fn dim(&self) -> usize {
        self.weight.len()
    }

    #[inline(always)]
    fn token(&self, token: usize) -> &'a [f32] {
        &self.x[token * self.dim()..(token + 1) * self.dim()]
    }

    /// The token normalised; returns [`inverse_rms`].
    #[inline(always)]
    fn normalise(&self, token: usize, out: &mut [f32]) -> f32 {
        let x = self.token(token);
        let inverse = inverse_rms(x, self.dim());
        for ((out, x), weight) in out.iter_mut().zip(x).zip(self.weight) {
            *out = x * inverse * weight;
        }
        inverse
    }

    /// The token before, normalised: zeros before the first of a row.
    #[inline(always)]
    fn before(&self, token: usize) -> Vec<f32> {
        let mut before = vec![0.0; self.dim()];
        if self.mix.is_some() && !token.is_multiple_of(self.time) {
            self.normalise(token - 1, &mut before);
        }
        before
    }
}

/// The tokens from `first` on that have room in `out`.
#[pulp::with_simd(forward = Arch::new())]
#[inline(always)]
fn forward_simd<'a, S: Simd>(_simd: S, layer: Layer<'a>, first: usize, out: &'a mut [f32]) {
    let mut before = layer.before(first);
    for (token, out) in (first..).zip(out.chunks_exact_mut(layer.dim())) {
        layer.normalise(token, out);
        let Some(mix) = layer.mix else { continue };
        if token.is_multiple_of(layer.time) {
            before.fill(0.0);
        }
        for ((out, before), mix) in out.iter_mut().zip(&mut before).zip(mix) {
            let normed = *out;
            *out = normed + mix * (*before - normed);
            *before = normed;
        }
    }
}

/// The gradients of the tokens from `first` on; returns those tokens' gradients of the weight and of μ.
#[pulp::with_simd(backward = Arch::new())]
#[inline(always)]
fn backward_simd<'a, S: Simd>(
    _simd: S,
    layer: Layer<'a>,
    gradient: &'a [f32],
    first: usize,
    to_x: &'a mut [f32],
) -> [Vec<f32>; 2] {
    let dim = layer.dim();
    let zeros = vec![0.0; dim];
    let (mut to_weight, mut to_mix, mut normed) = (zeros.clone(), zeros.clone(), zeros.clone());
    let mut before = layer.before(first);
    for (token, to_x) in (first..).zip(to_x.chunks_exact_mut(dim)) {
        let (gradient, later) = gradient[token * dim..].split_at(dim);
        let inverse = layer.normalise(token, &mut normed);
        to_x.copy_from_slice(gradient);
        if let Some(mix) = layer.mix {
            if token.is_multiple_of(layer.time) {
                before.fill(0.0);
            }
            let next = if (token + 1).is_multiple_of(layer.time) { &zeros } else { &later[..dim] };
            for (((to, gradient), next), mix) in to_x.iter_mut().zip(gradient).zip(next).zip(mix) {
                *to += mix * (next - gradient);
            }
            for (((to, gradient), before), normed) in to_mix.iter_mut().zip(gradient).zip(&mut before).zip(&normed) {
                *to += gradient * (*before - normed);
                *before = *normed;
            }
        }
        rms_norm_backward(to_x, layer.token(token), inverse, layer.weight, &mut to_weight);
    }
    [to_weight, to_mix]
}
