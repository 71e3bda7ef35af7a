//! What one head reads.

use super::Parameters;
use super::geometry::Geometry;
use super::matrix::{rotate_row, scale};
use super::slots::{Level, merge};
use crate::cpu::simd::{dot, sigmoid, silu};
use crate::reference::UNIT_EPSILON;

/// What one head reads.
pub struct Inputs {
    /// q, k, v, e: `[time, head_stride]` each
    pub query: Vec<f32>,
    pub key: Vec<f32>,
    pub value: Vec<f32>,
    pub gate: Vec<f32>,
    /// φ(k) = silu(k) / |silu(k)|, `[time, head_stride]`
    pub unit_key: Vec<f32>,
    /// 1 / √(Σ silu(k)² + ε), `[time]`
    pub unit_scale: Vec<f32>,
    /// k at the rotary positions of its chunk, `[time, head_stride]`
    pub roped_key: Vec<f32>,
    /// s, `[time]`
    pub salience: Vec<f32>,
    /// σ(g), `[time]`
    pub decay_gate: Vec<f32>,
    /// β = σ(b), `[time]`
    pub write_gate: Vec<f32>,
    /// −2 softplus(δ), so that ln a_t = rate σ(g_t)
    pub rate: f32,
    /// η
    pub score_scale: f32,
    /// λ, `[levels]`
    pub bias: Vec<f32>,
    /// nh, `[head_stride]`
    pub norm: Vec<f32>,
    /// The slots of every level.
    pub levels: Vec<Level>,
}

impl Inputs {
    /// Gathers what `head` reads of one row of the batch.
    #[inline(always)]
    pub fn gather(g: &Geometry, row: &[f32], parameters: &Parameters, head: usize) -> Self {
        let (d, head_stride, heads) = (g.d, g.head_stride, g.heads);
        let channels = |part: usize| gather(row, g.projected(), (part * heads + head) * d, d, head_stride);
        let gates = |part: usize| -> Vec<f32> {
            row[4 * heads * d + part * heads + head..].iter().step_by(g.projected()).copied().collect()
        };
        let (key, value, salience) = (channels(1), channels(2), gates(0));
        let mut levels: Vec<Level> = Vec::with_capacity(g.sizes.levels);
        for level in 0..g.sizes.levels {
            let next = match level.checked_sub(1).map(|below| &levels[below]) {
                None => merge(&key, &value, &salience, g.chunk, head_stride),
                Some(below) => merge(&below.keys, &below.values, &below.log_mass, g.sizes.merge_factor, head_stride),
            };
            levels.push(next);
        }
        let mut norm = parameters.read_norm[head * d..(head + 1) * d].to_vec();
        norm.resize(head_stride, 0.0);
        let sigmoids = |mut gates: Vec<f32>| {
            gates.iter_mut().for_each(|gate| *gate = sigmoid(*gate));
            gates
        };
        let (unit_key, unit_scale) = unit_keys(&key, head_stride);
        Self {
            query: channels(0),
            gate: channels(3),
            unit_key,
            unit_scale,
            roped_key: roped(g, &key),
            salience,
            decay_gate: sigmoids(gates(1)),
            write_gate: sigmoids(gates(2)),
            rate: -2.0 * softplus(parameters.decay[head]),
            score_scale: parameters.score_scale[head],
            bias: (0..g.sizes.levels).map(|level| parameters.level_bias[level * heads + head]).collect(),
            norm,
            key,
            value,
            levels,
        }
    }
}

/// ln(1 + eˣ)
pub fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `d` columns from `first` on of rows of `stride`, as rows of `head_stride`.
#[inline(always)]
fn gather(rows: &[f32], stride: usize, first: usize, d: usize, head_stride: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows.len() / stride * head_stride];
    for (out, row) in out.chunks_exact_mut(head_stride).zip(rows.chunks_exact(stride)) {
        out[..d].copy_from_slice(&row[first..first + d]);
    }
    out
}

#[inline(always)]
fn unit_keys(key: &[f32], head_stride: usize) -> (Vec<f32>, Vec<f32>) {
    let mut units: Vec<f32> = key.iter().map(|k| silu(*k)).collect();
    let scales = units.chunks_exact_mut(head_stride).map(|unit| {
        let inverse = 1.0 / (dot(unit, unit) + UNIT_EPSILON).sqrt();
        scale(unit, inverse);
        inverse
    });
    let scales = scales.collect();
    (units, scales)
}

#[inline(always)]
fn roped(g: &Geometry, key: &[f32]) -> Vec<f32> {
    let mut keys = key.to_vec();
    let [cos, sin] = &g.rope;
    for chunk in keys.chunks_exact_mut(g.chunk * g.head_stride) {
        let tables = cos.chunks_exact(g.head_stride).zip(sin.chunks_exact(g.head_stride));
        for (row, (cos, sin)) in chunk.chunks_exact_mut(g.head_stride).zip(tables) {
            rotate_row(&mut row[..g.d], g.d / 2, cos, sin);
        }
    }
    keys
}
