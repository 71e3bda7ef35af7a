//! Causal attention: head by head, some queries at a time. Only the keys that these see are multiplied, so that half of
//! the scores are never computed, and the memory is that of a few rows of them.

use std::ops::Range;

use pulp::Simd;

use super::matmul::{Strided, matmul};
use super::simd::{Arch, dot, exp, largest, sum};
use crate::bridge::{DifferentiableKernel, Kernel};
use crate::parallel;
use crate::reference::{angle, seen};

/// Queries at a time.
const QUERIES: usize = 64;

/// From q, k, v of every token, `[batch, time, 3·width]`, to `[batch, time, width]`.
#[derive(Debug)]
pub struct CausalAttention {
    pub heads: usize,
    pub window: usize,
}

impl Kernel for CausalAttention {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[0][1], inputs[0][2] / 3]
    }

    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        let text = Text::new(self, &shapes[0]);
        let heads = text.each_head(|row, head| text.forward(&text.head(inputs[0], row, head)));
        text.columns(1, &heads)
    }
}

impl DifferentiableKernel for CausalAttention {
    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let text = Text::new(self, &shapes[0]);
        let heads = text.each_head(|row, head| {
            let gradient = text.gather(gradient, 1, row, head);
            text.backward(&text.head(inputs[0], row, head), &gradient)
        });
        vec![text.columns(3, heads.as_flattened())]
    }
}

/// The sizes, and the rotary table.
struct Text {
    batch: usize,
    time: usize,
    heads: usize,
    /// Channels of a head.
    d: usize,
    window: usize,
    /// Cosine and sine of the angle p θ_i of channel pair i at every position p, `[time, d / 2]`.
    rope_table: Vec<[f32; 2]>,
}

/// rot(q)/√d, rot(k) and v of one head, `[time, d]` each.
struct Head {
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
}

impl Text {
    fn new(attention: &CausalAttention, projection: &[usize]) -> Self {
        let &[batch, time, columns] = projection else { unreachable!("a projection is [batch, time, 3·width]") };
        let (heads, window) = (attention.heads, attention.window);
        let d = columns / 3 / heads;
        let rates: Vec<f64> = (0..d / 2).map(|pair| angle(1, pair, d)).collect();
        let angle_of =
            |token: usize, rate: &f64| [(token as f64 * rate).cos() as f32, (token as f64 * rate).sin() as f32];
        let rope_table = (0..time).flat_map(|token| rates.iter().map(move |rate| angle_of(token, rate))).collect();
        Self { batch, time, heads, d, window, rope_table }
    }

    /// What `work` makes of every head of every row of the batch, in their order.
    fn each_head<R: Send>(&self, work: impl Fn(usize, usize) -> R + Sync) -> Vec<R> {
        let heads: Vec<usize> = (0..self.batch * self.heads).collect();
        parallel::map(&heads, |_, index| work(index / self.heads, index % self.heads))
    }

    /// One head of one row, `[time, d]`, out of rows of `parts` times the width; of the first part.
    fn gather(&self, values: &[f32], parts: usize, row: usize, head: usize) -> Vec<f32> {
        let stride = parts * self.heads * self.d;
        let tokens = values[row * self.time * stride..].chunks_exact(stride).take(self.time);
        tokens.flat_map(|token| &token[head * self.d..][..self.d]).copied().collect()
    }

    fn head(&self, projection: &[f32], row: usize, head: usize) -> Head {
        let [mut query, mut key, value] =
            [0, 1, 2].map(|part| self.gather(projection, 3, row, part * self.heads + head));
        self.rotate(&mut query, 1.0);
        self.rotate(&mut key, 1.0);
        let scale = self.scale();
        query.iter_mut().for_each(|value| *value *= scale);
        Head { query, key, value }
    }

    fn scale(&self) -> f32 {
        (self.d as f32).sqrt().recip()
    }

    /// Rotates every token by its position times `sign`: 1, or −1 for the way back.
    fn rotate(&self, x: &mut [f32], sign: f32) {
        let half = self.d / 2;
        for (token, angles) in x.chunks_exact_mut(self.d).zip(self.rope_table.chunks_exact(half)) {
            let (a, b) = token.split_at_mut(half);
            for ((a, b), [cos, sin]) in a.iter_mut().zip(b).zip(angles) {
                (*a, *b) = (*a * cos - *b * sin * sign, *b * cos + *a * sin * sign);
            }
        }
    }

    /// Some queries at a time, with all keys that one of them sees.
    fn pieces(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        (0..self.time).step_by(QUERIES).map(|from| {
            let to = self.time.min(from + QUERIES);
            (from..to, seen(from, self.window).start..to)
        })
    }

    /// The probabilities of some keys for some queries, row by row.
    fn probs(&self, head: &Head, queries: &Range<usize>, keys: &Range<usize>) -> Vec<f32> {
        let d = self.d;
        let (left, right) = (&head.query[queries.start * d..], &head.key[keys.start * d..]);
        let size = [queries.len(), d, keys.len()];
        let mut probs = matmul(Strided::rows(left, d), Strided::columns(right, d), size, None);
        for (token, row) in queries.clone().zip(probs.chunks_exact_mut(keys.len())) {
            let Range { start, end } = seen(token, self.window);
            let (row, later) = row.split_at_mut(end - keys.start);
            let (earlier, visible) = row.split_at_mut(start - keys.start);
            softmax(visible);
            earlier.fill(0.0);
            later.fill(0.0);
        }
        probs
    }

    /// What the head gives every token, `[time, d]`.
    fn forward(&self, head: &Head) -> Vec<f32> {
        let mut out = Vec::with_capacity(head.value.len());
        for (queries, keys) in self.pieces() {
            let probs = self.probs(head, &queries, &keys);
            let values = Strided::rows(&head.value[keys.start * self.d..], self.d);
            out.extend(matmul(Strided::rows(&probs, keys.len()), values, [queries.len(), keys.len(), self.d], None));
        }
        out
    }

    /// The gradients of the head's columns q, k and v, `[time, d]` each, from that of what it gives.
    fn backward(&self, head: &Head, gradient: &[f32]) -> [Vec<f32>; 3] {
        let d = self.d;
        let mut grad_query = Vec::with_capacity(head.query.len());
        let [mut grad_key, mut grad_value] = [&head.key, &head.value].map(|x| vec![0.0; x.len()]);
        for (queries, keys) in self.pieces() {
            let (n, m) = (queries.len(), keys.len());
            let [query, gradient] = [&head.query, gradient].map(|x| Strided::rows(&x[queries.start * d..], d));
            let probs = self.probs(head, &queries, &keys);
            let values = Strided::columns(&head.value[keys.start * d..], d);
            let mut grad_scores = matmul(gradient, values, [n, d, m], None);
            softmax_backward(&probs, m, &mut grad_scores);
            let key = Strided::rows(&head.key[keys.start * d..], d);
            grad_query.extend(matmul(Strided::rows(&grad_scores, m), key, [n, m, d], None));
            add(&mut grad_key[keys.start * d..], &matmul(Strided::columns(&grad_scores, m), query, [m, n, d], None));
            add(&mut grad_value[keys.start * d..], &matmul(Strided::columns(&probs, m), gradient, [m, n, d], None));
        }
        let scale = self.scale();
        grad_query.iter_mut().for_each(|value| *value *= scale);
        self.rotate(&mut grad_query, -1.0);
        self.rotate(&mut grad_key, -1.0);
        [grad_query, grad_key, grad_value]
    }

    /// Heads `[time, d]`, `parts` after each other for every head, as rows of `parts` times the width.
    fn columns(&self, parts: usize, heads: &[Vec<f32>]) -> Vec<f32> {
        let (d, stride) = (self.d, parts * self.heads * self.d);
        let mut out = vec![0.0; self.batch * self.time * stride];
        parallel::map_chunks(&mut out, self.time * stride, |row, out| {
            for (index, values) in heads[row * self.heads * parts..][..self.heads * parts].iter().enumerate() {
                let column = (index % parts * self.heads + index / parts) * d;
                for (out, values) in out.chunks_exact_mut(stride).zip(values.chunks_exact(d)) {
                    out[column..column + d].copy_from_slice(values);
                }
            }
        });
        out
    }
}

fn add(to: &mut [f32], values: &[f32]) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += value);
}

#[allow(clippy::needless_lifetimes, reason = "the macro makes a type of it, which must name them")]
#[pulp::with_simd(softmax = Arch::new())]
#[inline(always)]
fn softmax_simd<'a, S: Simd>(_simd: S, row: &'a mut [f32]) {
    let most = largest(row);
    row.iter_mut().for_each(|value| *value = exp(*value - most));
    let inverse = sum(row).recip();
    row.iter_mut().for_each(|value| *value *= inverse);
}

/// Turns the gradient of probabilities, rows of `columns`, into that of their scores.
#[pulp::with_simd(softmax_backward = Arch::new())]
#[inline(always)]
fn softmax_backward_simd<'a, S: Simd>(_simd: S, probs: &'a [f32], columns: usize, gradient: &'a mut [f32]) {
    for (probs, gradient) in probs.chunks_exact(columns).zip(gradient.chunks_exact_mut(columns)) {
        let mean = dot(probs, gradient);
        gradient.iter_mut().zip(probs).for_each(|(gradient, prob)| *gradient = prob * (*gradient - mean));
    }
}
