//! One head of one row of the batch: its inputs, its scratch space, and the forward pass.

use pulp::Simd;

use super::Parameters;
use super::geometry::{Geometry, Segment, Source};
use super::matrix::{add_scaled, rotate_row, scale, transpose};
use super::slots::{Level, merge};
use crate::ops::norm::{UNIT_EPSILON, inverse_rms};
use crate::ops::simd::Write::{Add, Set};
use crate::ops::simd::{Strided, dot, exp, product, sigmoid, silu};

/// What one head reads.
pub struct Inputs {
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
    pub fn gather(g: &Geometry, row: &[f32], parameters: &Parameters, head: usize) -> Self {
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

/// Scratch space of one block; everything in it is recomputed from the inputs, block by block. Matrices `[·, queries]` have a
/// column for each query of the block, matrices `[·, wide]` a row of channels.
pub struct Scratch {
    /// q, transposed, `[d, queries]`
    pub query: Vec<f32>,
    /// silu(q), transposed, `[d, queries]`
    pub active: Vec<f32>,
    /// η q as it is, turned to positions 0..C, and to C..2C: what slots, this block and the previous one are asked with.
    pub asked: [Vec<f32>; 3],
    /// Running sums of ln a inside the block, and their exponentials, `[queries]`.
    pub decay: Vec<f32>,
    pub kept: Vec<f32>,
    /// What of each token's writing is left at the block's end, `[C]`.
    pub rest: Vec<f32>,
    /// How much of what token j wrote query i sees, and that times q·k: `[C (j), queries (i)]`
    pub weight: Vec<f32>,
    pub score: Vec<f32>,
    /// The reads before their norm, `[C, wide]`, and 1 / their root mean square, `[C]`.
    pub read: Vec<f32>,
    pub inverse: Vec<f32>,
    /// Softmax weights of everything visible, `[entries, queries]`.
    pub share: Vec<f32>,
    /// r + ctx, `[C, wide]`
    pub both: Vec<f32>,
    /// `[max(C, d), max(queries, wide)]`, for what is needed only briefly
    pub brief: Vec<f32>,
    sums: Vec<f32>,
}

impl Scratch {
    /// Space for any block.
    pub fn new(g: &Geometry) -> Self {
        let transposed = || vec![0.0; g.d * g.queries];
        let rows = || vec![0.0; g.block * g.wide];
        let pairs = || vec![0.0; g.block * g.queries];
        Self {
            query: transposed(),
            active: transposed(),
            asked: [transposed(), transposed(), transposed()],
            decay: vec![0.0; g.queries],
            kept: vec![0.0; g.queries],
            rest: vec![0.0; g.block],
            weight: pairs(),
            score: pairs(),
            read: rows(),
            inverse: vec![0.0; g.block],
            share: vec![0.0; g.entries() * g.queries],
            both: rows(),
            brief: vec![0.0; g.block.max(g.d) * g.queries.max(g.wide)],
            sums: vec![0.0; g.queries],
        }
    }
}

/// The whole forward pass of one head: (r + ctx) ⊙ silu(e), `[time, wide]`.
#[inline(always)]
pub fn forward<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs) -> Vec<f32> {
    let mut scratch = Scratch::new(g);
    let mut state = vec![0.0; g.d * g.wide];
    let mut out = vec![0.0; g.time * g.wide];
    for block in 0..g.blocks() {
        let rows = g.rows(block).start * g.wide..g.rows(block).end * g.wide;
        scratch.ask(g, inputs, block);
        scratch.recall(simd, g, inputs, block, &state);
        scratch.attend(simd, g, inputs, block);
        advance(simd, g, inputs, block, &mut scratch, &mut state);
        for ((out, both), gate) in out[rows.clone()].iter_mut().zip(&scratch.both).zip(&inputs.gate[rows]) {
            *out = both * silu(*gate);
        }
    }
    out
}

/// Carries the recurrent memory `[d, wide]` over a block whose decays stand in `scratch`.
#[inline(always)]
pub fn advance<S: Simd>(
    simd: S,
    g: &Geometry,
    inputs: &Inputs,
    block: usize,
    scratch: &mut Scratch,
    state: &mut [f32],
) {
    let rows = g.rows(block);
    let written = &mut scratch.brief[..g.block * g.wide];
    written.copy_from_slice(&inputs.unit_key[rows.start * g.wide..rows.end * g.wide]);
    for (written, rest) in written.chunks_exact_mut(g.wide).zip(&scratch.rest) {
        scale(written, *rest);
    }
    scale(state, scratch.kept[g.block - 1]);
    let values = &inputs.value[rows.start * g.wide..];
    product(simd, Add, state, Strided::columns(written, g.wide), values, [g.d, g.block, g.wide]);
}

impl Scratch {
    /// The block's queries in all the forms in which they are asked.
    #[inline(always)]
    pub fn ask(&mut self, g: &Geometry, inputs: &Inputs, block: usize) {
        let query = &inputs.query[g.rows(block).start * g.wide..];
        transpose(query, g.wide, [g.block, g.d], &mut self.query, g.queries);
        for (active, query) in self.active.iter_mut().zip(&self.query) {
            *active = silu(*query);
        }
        let [plain, near, far] = &mut self.asked;
        for (asked, query) in plain.iter_mut().zip(&self.query) {
            *asked = query * inputs.score_scale;
        }
        for (turned, [cos, sin]) in [near, far].into_iter().zip(&g.turned) {
            turned.copy_from_slice(plain);
            rotate_row(turned, g.d / 2 * g.queries, cos, sin);
        }
    }

    /// The decays inside a block.
    #[inline(always)]
    pub fn decay(&mut self, g: &Geometry, inputs: &Inputs, block: usize) {
        let mut sum = 0.0;
        for ((decay, kept), gate) in self.decay.iter_mut().zip(&mut self.kept).zip(&inputs.decay_gate[g.rows(block)]) {
            sum += gate * inputs.rate;
            (*decay, *kept) = (sum, exp(sum));
        }
        for ((rest, decay), write) in self.rest.iter_mut().zip(&self.decay).zip(&inputs.write_gate[g.rows(block)]) {
            *rest = exp(sum - decay) * write;
        }
    }

    /// The reads of the recurrent memory, normalised, into `both`; `state` is the memory before the block.
    #[inline(always)]
    pub fn recall<S: Simd>(&mut self, simd: S, g: &Geometry, inputs: &Inputs, block: usize, state: &[f32]) {
        let (c, wide, queries) = (g.block, g.wide, g.queries);
        self.decay(g, inputs, block);
        let rows = g.rows(block);
        let keys = Strided::rows(&inputs.unit_key[rows.start * wide..], wide);
        product(simd, Set, &mut self.score, keys, &self.active, [c, g.d, queries]);
        let tokens = self.score.chunks_exact_mut(queries).zip(self.weight.chunks_exact_mut(queries));
        for (j, (score, weight)) in tokens.enumerate() {
            let (decay, write) = (self.decay[j], inputs.write_gate[rows.start + j]);
            // What is written later is not seen; the padding behind the last query is never read.
            weight[..j].fill(0.0);
            for (weight, later) in weight[j..c].iter_mut().zip(&self.decay[j..c]) {
                *weight = exp(later - decay) * write;
            }
            for (score, weight) in score.iter_mut().zip(weight) {
                *score *= *weight;
            }
        }
        let values = &inputs.value[rows.start * wide..];
        product(simd, Set, &mut self.read, Strided::columns(&self.score, queries), values, [c, c, wide]);
        let faded = &mut self.brief[..g.d * queries];
        for (faded, active) in faded.chunks_exact_mut(queries).zip(self.active.chunks_exact(queries)) {
            for ((faded, active), kept) in faded.iter_mut().zip(active).zip(&self.kept) {
                *faded = active * kept;
            }
        }
        product(simd, Add, &mut self.read, Strided::columns(faded, queries), state, [c, g.d, wide]);
        let reads = self.read.chunks_exact(wide).zip(self.both.chunks_exact_mut(wide));
        for ((read, both), inverse) in reads.zip(&mut self.inverse) {
            *inverse = inverse_rms(read, g.d);
            for ((both, read), norm) in both.iter_mut().zip(read).zip(&inputs.norm) {
                *both = read * *inverse * norm;
            }
        }
    }

    /// Adds to `both` what the queries take from the window and the slots.
    #[inline(always)]
    pub fn attend<S: Simd>(&mut self, simd: S, g: &Geometry, inputs: &Inputs, block: usize) {
        let (c, queries) = (g.block, g.queries);
        let mut row = 0;
        for segment in g.segments(block) {
            let share = &mut self.share[row * queries..(row + segment.len) * queries];
            let (keys, _) = entries(inputs, segment, g.wide);
            let asked = &self.asked[form(segment.source)];
            product(simd, Set, share, Strided::rows(keys, g.wide), asked, [segment.len, g.d, queries]);
            if let Source::Level(level) = segment.source {
                share.iter_mut().for_each(|score| *score += inputs.bias[level]);
            }
            row += segment.len;
        }
        let current = g.segments(block).iter().take_while(|segment| segment.source != Source::Current);
        let hidden = current.map(|segment| segment.len).sum::<usize>()..;
        softmax(&mut self.share[..row * queries], queries, hidden.start..hidden.start + c, &mut self.sums);
        let mut row = 0;
        for segment in g.segments(block) {
            let share = Strided::columns(&self.share[row * queries..], queries);
            let (_, values) = entries(inputs, segment, g.wide);
            product(simd, Add, &mut self.both, share, values, [c, segment.len, g.wide]);
            row += segment.len;
        }
    }
}

/// Keys and values of a segment, as rows of `wide`.
#[inline(always)]
pub fn entries<'a>(inputs: &'a Inputs, segment: &Segment, wide: usize) -> (&'a [f32], &'a [f32]) {
    let rows = segment.start * wide..(segment.start + segment.len) * wide;
    match segment.source {
        Source::Level(level) => (&inputs.levels[level].keys[rows.clone()], &inputs.levels[level].values[rows]),
        _ => (&inputs.rotated_key[rows.clone()], &inputs.value[rows]),
    }
}

/// Which of the asked forms a source answers.
#[inline(always)]
pub fn form(source: Source) -> usize {
    match source {
        Source::Level(_) => 0,
        Source::Current => 1,
        Source::Previous => 2,
    }
}

/// Softmax down each column. In the rows `current`, row j is hidden from the columns before j.
#[inline(always)]
fn softmax(scores: &mut [f32], queries: usize, current: std::ops::Range<usize>, sums: &mut [f32]) {
    for (j, row) in current.enumerate() {
        scores[row * queries..row * queries + j].fill(f32::NEG_INFINITY);
    }
    sums.fill(f32::NEG_INFINITY);
    for row in scores.chunks_exact(queries) {
        for (largest, score) in sums.iter_mut().zip(row) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    for row in scores.chunks_exact_mut(queries) {
        for (score, largest) in row.iter_mut().zip(sums.iter()) {
            // A hidden score is −∞, which the exponential would clamp.
            *score = if *score == f32::NEG_INFINITY { 0.0 } else { exp(*score - largest) };
        }
    }
    sums.fill(0.0);
    for row in scores.chunks_exact(queries) {
        add_scaled(sums, row, 1.0);
    }
    sums.iter_mut().for_each(|sum| *sum = 1.0 / *sum);
    for row in scores.chunks_exact_mut(queries) {
        for (score, inverse) in row.iter_mut().zip(sums.iter()) {
            *score *= inverse;
        }
    }
}
