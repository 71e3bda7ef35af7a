//! What one head reads.

use super::Parameters;
use super::geometry::Geometry;
use super::matrix::{rotate_row, scale};
use super::slots::{Level, merge};
use crate::ops::cpu::simd::{dot, sigmoid, silu};
use crate::ops::reference::UNIT_EPSILON;

/// What one head reads.
pub(super) struct Inputs {
    /// `[time, wide]` each.
    pub query: Vec<f32>,
    pub key: Vec<f32>,
    pub value: Vec<f32>,
    pub gate: Vec<f32>,
    /// φ(k), `[time, wide]`, and 1 / |silu(k)|, `[time]`
    pub unit_key: Vec<f32>,
    pub unit_scale: Vec<f32>,
    /// k at the rotary positions of its block, `[time, wide]`
    pub rotated_key: Vec<f32>,
    /// `[time]` each: salience, σ of the decay gate, σ of the write gate.
    pub salience: Vec<f32>,
    pub decay_gate: Vec<f32>,
    pub write_gate: Vec<f32>,
    /// ln a_t per unit of the decay gate, −2 softplus(δ).
    pub rate: f32,
    /// η
    pub score_scale: f32,
    /// The level's bias, per level.
    pub bias: Vec<f32>,
    /// nh, `[wide]`
    pub norm: Vec<f32>,
    pub levels: Vec<Level>,
}

impl Inputs {
    /// Gathers what `head` reads of one row of the batch.
    #[inline(always)]
    pub(super) fn gather(g: &Geometry, row: &[f32], parameters: &Parameters, head: usize) -> Self {
        let (d, wide, heads) = (g.d, g.wide, g.heads);
        let channels = |part: usize| gather(row, g.projected(), (part * heads + head) * d, d, wide);
        let gates = |part: usize| -> Vec<f32> {
            row[4 * heads * d + part * heads + head..].iter().step_by(g.projected()).copied().collect()
        };
        let (key, value, salience) = (channels(1), channels(2), gates(0));
        let mut levels: Vec<Level> = Vec::with_capacity(g.sizes.levels);
        for level in 0..g.sizes.levels {
            let next = match level.checked_sub(1).map(|below| &levels[below]) {
                None => merge(&key, &value, &salience, g.block, wide),
                Some(below) => merge(&below.keys, &below.values, &below.mass, g.sizes.fan_in, wide),
            };
            levels.push(next);
        }
        let mut norm = parameters.read_norm[head * d..(head + 1) * d].to_vec();
        norm.resize(wide, 0.0);
        let sigmoids = |mut gates: Vec<f32>| {
            gates.iter_mut().for_each(|gate| *gate = sigmoid(*gate));
            gates
        };
        let (unit_key, unit_scale) = unit_keys(&key, wide);
        Self {
            query: channels(0),
            gate: channels(3),
            unit_key,
            unit_scale,
            rotated_key: rotated(g, &key),
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

/// `d` columns from `first` on of rows of `stride`, as rows of `wide`.
#[inline(always)]
fn gather(rows: &[f32], stride: usize, first: usize, d: usize, wide: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows.len() / stride * wide];
    for (out, row) in out.chunks_exact_mut(wide).zip(rows.chunks_exact(stride)) {
        out[..d].copy_from_slice(&row[first..first + d]);
    }
    out
}

#[inline(always)]
fn unit_keys(key: &[f32], wide: usize) -> (Vec<f32>, Vec<f32>) {
    let mut units: Vec<f32> = key.iter().map(|k| silu(*k)).collect();
    let scales = units.chunks_exact_mut(wide).map(|unit| {
        let inverse = 1.0 / (dot(unit, unit) + UNIT_EPSILON).sqrt();
        scale(unit, inverse);
        inverse
    });
    let scales = scales.collect();
    (units, scales)
}

#[inline(always)]
fn rotated(g: &Geometry, key: &[f32]) -> Vec<f32> {
    let mut keys = key.to_vec();
    let [cos, sin] = &g.rotation;
    for block in keys.chunks_exact_mut(g.block * g.wide) {
        let tables = cos.chunks_exact(g.wide).zip(sin.chunks_exact(g.wide));
        for (row, (cos, sin)) in block.chunks_exact_mut(g.wide).zip(tables) {
            rotate_row(&mut row[..g.d], g.d / 2, cos, sin);
        }
    }
    keys
}
