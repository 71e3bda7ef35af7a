//! Both memories in one kernel: head by head, chunk by chunk, everything of a head in the nearest cache.

mod backward;
mod gated_linear_attention;
mod geometry;
mod inputs;
mod matrix;
mod scratch;
mod slot_attention;
mod slots;

pub use inputs::softplus;

use pulp::{Simd, WithSimd};

use self::geometry::Geometry;
use self::inputs::Inputs;
use self::scratch::Scratch;
use super::simd::{Arch, sigmoid, silu};
use crate::bridge::{DifferentiableKernel, Kernel};
use crate::parallel;
use crate::reference::slot_attention::Sizes;

/// (r + ctx) ⊙ silu(e) of every token, as [`memory`](crate::memory) has it.
#[derive(Debug)]
pub struct Memory {
    geometry: Geometry,
}

impl Memory {
    /// The kernel for `batch` rows of `time` tokens, a multiple of the chunk length, and heads of `d` channels.
    pub fn new(batch: usize, time: usize, heads: usize, d: usize, sizes: Sizes) -> Self {
        Self { geometry: Geometry::new(batch, time, heads, d, sizes) }
    }
}

impl Kernel for Memory {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[0][1], inputs[2][0]]
    }

    fn forward(&self, _shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        forward(&self.geometry, inputs[0], &Parameters::of(inputs))
    }
}

impl DifferentiableKernel for Memory {
    fn backward(&self, _shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let of = backward(&self.geometry, inputs[0], &Parameters::of(inputs), gradient);
        vec![of.projection, of.decay, of.read_norm, of.score_scale, of.level_bias]
    }
}

/// The parameters of both memories.
#[derive(Debug, Clone, Copy)]
struct Parameters<'a> {
    /// δ, `[heads]`
    decay: &'a [f32],
    /// nh, `[width]`
    read_norm: &'a [f32],
    /// η, `[heads]`
    score_scale: &'a [f32],
    /// `[levels, heads]`
    level_bias: &'a [f32],
}

impl<'a> Parameters<'a> {
    fn of(inputs: &[&'a [f32]]) -> Self {
        Self { decay: inputs[1], read_norm: inputs[2], score_scale: inputs[3], level_bias: inputs[4] }
    }
}

/// Gradients of the projection `[batch · time, 4·width + 3·heads]` and of the parameters, shaped like them.
#[derive(Debug)]
struct Gradients {
    projection: Vec<f32>,
    decay: Vec<f32>,
    read_norm: Vec<f32>,
    score_scale: Vec<f32>,
    level_bias: Vec<f32>,
}

/// (r + ctx) ⊙ silu(e) of every token, `[batch · time, width]`, from its projection `[batch · time, 4·width + 3·heads]`.
fn forward(g: &Geometry, projection: &[f32], parameters: &Parameters) -> Vec<f32> {
    let heads =
        each_head(g, |row, head| Arch::new().dispatch(Forward { g, row: rows(projection, g, row), parameters, head }));
    let mut out = vec![0.0; g.batch * g.time * g.width()];
    each_token(g, &mut out, |row, time, out| {
        for (head, values) in of_row(g, &heads, row).iter().enumerate() {
            scatter(&values[time * g.head_stride..], g.head_stride, out, g.width(), head * g.d, g.d);
        }
    });
    out
}

/// The gradients from that of the output, `[batch · time, width]`.
fn backward(g: &Geometry, projection: &[f32], parameters: &Parameters, gradient: &[f32]) -> Gradients {
    let heads = each_head(g, |row, head| {
        let forward = Forward { g, row: rows(projection, g, row), parameters, head };
        Arch::new().dispatch(Backward { forward, gradient: rows(gradient, g, row) })
    });
    let mut out = Gradients {
        projection: vec![0.0; projection.len()],
        decay: vec![0.0; parameters.decay.len()],
        read_norm: vec![0.0; parameters.read_norm.len()],
        score_scale: vec![0.0; parameters.score_scale.len()],
        level_bias: vec![0.0; parameters.level_bias.len()],
    };
    each_token(g, &mut out.projection, |row, time, out| {
        for (head, gradients) in of_row(g, &heads, row).iter().enumerate() {
            gradients.scatter(g, head, time, out);
        }
    });
    for (index, gradients) in heads.iter().enumerate() {
        out.add(g, parameters, index % g.heads, gradients);
    }
    out
}

impl backward::Gradients {
    /// Writes those of one head from `time` on into rows of the projection's gradient.
    fn scatter(&self, g: &Geometry, head: usize, time: usize, rows: &mut [f32]) {
        let stride = g.projected();
        for (part, values) in [&self.query, &self.key, &self.value, &self.gate].into_iter().enumerate() {
            scatter(&values[time * g.head_stride..], g.head_stride, rows, stride, (part * g.heads + head) * g.d, g.d);
        }
        for (part, values) in [&self.salience, &self.decay_gate, &self.write_gate].into_iter().enumerate() {
            scatter(&values[time..], 1, rows, stride, 4 * g.width() + part * g.heads + head, 1);
        }
    }
}

impl Gradients {
    /// Adds those of the parameters that one head of one row of the batch gave; the order of calls is fixed, so the sums are too.
    fn add(&mut self, g: &Geometry, parameters: &Parameters, head: usize, of: &backward::Gradients) {
        // The derivative of −2 softplus(δ).
        self.decay[head] -= 2.0 * sigmoid(parameters.decay[head]) * of.rate;
        self.score_scale[head] += of.score_scale;
        for (level, bias) in of.bias.iter().enumerate() {
            self.level_bias[level * g.heads + head] += bias;
        }
        for (to, norm) in self.read_norm[head * g.d..(head + 1) * g.d].iter_mut().zip(&of.norm) {
            *to += norm;
        }
    }
}

/// What `work` makes of every head of every row of the batch, in their order.
fn each_head<R: Send>(g: &Geometry, work: impl Fn(usize, usize) -> R + Sync) -> Vec<R> {
    let tasks: Vec<(usize, usize)> = (0..g.batch).flat_map(|row| (0..g.heads).map(move |head| (row, head))).collect();
    parallel::map(&tasks, |_, &(row, head)| work(row, head))
}

/// What the heads of one row of the batch made.
fn of_row<'a, R>(g: &Geometry, heads: &'a [R], row: usize) -> &'a [R] {
    &heads[row * g.heads..(row + 1) * g.heads]
}

/// Has `work` fill the rows of a matrix of `[batch · time]` rows, chunk by chunk: from a row of the batch and a time on.
fn each_token(g: &Geometry, out: &mut [f32], work: impl Fn(usize, usize, &mut [f32]) + Sync) {
    let stride = out.len() / (g.batch * g.time);
    parallel::map_chunks(out, g.chunk * stride, |chunk, out| {
        work(chunk / g.chunks(), chunk % g.chunks() * g.chunk, out);
    });
}

/// One row of the batch out of a matrix of `[batch · time]` rows.
fn rows<'a>(values: &'a [f32], g: &Geometry, row: usize) -> &'a [f32] {
    let size = values.len() / g.batch;
    &values[row * size..(row + 1) * size]
}

/// Writes the first `count` of each `stride` values to the columns from `first` on of rows of `to_stride`.
fn scatter(values: &[f32], stride: usize, to: &mut [f32], to_stride: usize, first: usize, count: usize) {
    for (to, values) in to.chunks_exact_mut(to_stride).zip(values.chunks_exact(stride)) {
        to[first..first + count].copy_from_slice(&values[..count]);
    }
}

struct Forward<'a> {
    g: &'a Geometry,
    row: &'a [f32],
    parameters: &'a Parameters<'a>,
    head: usize,
}

impl WithSimd for Forward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        forward_head(simd, self.g, &Inputs::gather(self.g, self.row, self.parameters, self.head))
    }
}

struct Backward<'a> {
    forward: Forward<'a>,
    gradient: &'a [f32],
}

impl WithSimd for Backward<'_> {
    type Output = backward::Gradients;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> backward::Gradients {
        let Forward { g, row, parameters, head } = self.forward;
        let inputs = Inputs::gather(g, row, parameters, head);
        let mut gradient = vec![0.0; g.time * g.head_stride];
        for (to, from) in gradient.chunks_exact_mut(g.head_stride).zip(self.gradient.chunks_exact(g.width())) {
            to[..g.d].copy_from_slice(&from[head * g.d..(head + 1) * g.d]);
        }
        backward::backward(simd, g, &inputs, &gradient)
    }
}

/// The whole forward pass of one head: (r + ctx) ⊙ silu(e), `[time, head_stride]`.
#[inline(always)]
fn forward_head<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs) -> Vec<f32> {
    let mut scratch = Scratch::new(g);
    let mut state = vec![0.0; g.d * g.head_stride];
    let mut out = vec![0.0; g.time * g.head_stride];
    for chunk in 0..g.chunks() {
        let rows = g.rows(chunk).start * g.head_stride..g.rows(chunk).end * g.head_stride;
        scratch.prepare_queries(g, inputs, chunk);
        scratch.gated_linear_attention(simd, g, inputs, chunk, &state);
        scratch.slot_attention(simd, g, inputs, chunk);
        scratch.advance(simd, g, inputs, chunk, &mut state);
        for ((out, memories), gate) in out[rows.clone()].iter_mut().zip(&scratch.out).zip(&inputs.gate[rows]) {
            *out = memories * silu(*gate);
        }
    }
    out
}
