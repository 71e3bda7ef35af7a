//! The backward pass of one head. Nothing was kept from the forward pass but its inputs: a first sweep recomputes the recurrent
//! memory before each block, a second one, from the last block to the first, recomputes each block and takes its gradients.

use pulp::Simd;

use super::geometry::{Geometry, Source};
use super::head::{Inputs, Scratch, advance, entries, form};
use super::matrix::{add_scaled, rotate_row, scale, transpose, unrotate_row};
use super::slots::{Level, merge_backward};
use crate::ops::norm::rms_norm_backward;
use crate::ops::simd::Write::{Add, Set};
use crate::ops::simd::{Strided, dot, product, silu, silu_slope};

/// Gradients of one head's inputs.
pub struct Gradients {
    /// `[time, wide]` each: of q, k, v, e.
    pub query: Vec<f32>,
    pub key: Vec<f32>,
    pub value: Vec<f32>,
    pub gate: Vec<f32>,
    /// `[time]` each: of salience, decay gate, write gate.
    pub salience: Vec<f32>,
    pub decay_gate: Vec<f32>,
    pub write_gate: Vec<f32>,
    /// Of −2 softplus(δ).
    pub rate: f32,
    /// Of η.
    pub score_scale: f32,
    /// Of the level's bias, per level.
    pub bias: Vec<f32>,
    /// Of nh, `[wide]`
    pub norm: Vec<f32>,
}

/// Sums that blocks add to.
struct Sums {
    out: Gradients,
    rotated_key: Vec<f32>,
    levels: Vec<Level>,
    /// Of the recurrent memory after the block at hand, `[d, wide]`, and its transpose.
    state: Vec<f32>,
    turned_state: Vec<f32>,
}

/// The gradients of a head's inputs from that of its output, `[time, wide]`.
#[inline(always)]
pub fn backward<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs, gradient: &[f32]) -> Gradients {
    let mut scratch = Scratch::new(g);
    let states = states(simd, g, inputs, &mut scratch);
    let mut brief = Brief::new(g);
    let mut sums = Sums::new(g);
    for block in (0..g.blocks()).rev() {
        let state = &states[block * g.d * g.wide..(block + 1) * g.d * g.wide];
        scratch.ask(g, inputs, block);
        scratch.recall(simd, g, inputs, block, state);
        scratch.attend(simd, g, inputs, block);
        brief.gate(g, inputs, &scratch, block, gradient, &mut sums.out.gate);
        brief.attend(simd, g, inputs, &scratch, block, &mut sums);
        brief.norm(g, inputs, &scratch, &mut sums.out.norm);
        brief.recall(simd, g, inputs, &scratch, block, state, &mut sums);
        brief.queries(g, inputs, &scratch, block, &mut sums.out);
    }
    sums.finish(g, inputs)
}

/// The recurrent memory before each block, `[blocks, d, wide]`.
#[inline(always)]
fn states<S: Simd>(simd: S, g: &Geometry, inputs: &Inputs, scratch: &mut Scratch) -> Vec<f32> {
    let size = g.d * g.wide;
    let mut states = vec![0.0; g.blocks() * size];
    for block in 1..g.blocks() {
        let (before, after) = states.split_at_mut(block * size);
        after[..size].copy_from_slice(&before[(block - 1) * size..]);
        scratch.decay(g, inputs, block - 1);
        advance(simd, g, inputs, block - 1, scratch, &mut after[..size]);
    }
    states
}

/// Scratch space of the backward pass of one block.
struct Brief {
    /// Of r + ctx, then of the reads before their norm: `[C, wide]`, and transposed `[d, queries]`.
    read: Vec<f32>,
    read_turned: Vec<f32>,
    /// Of the softmax weights, then of the scores, `[entries, queries]`.
    share: Vec<f32>,
    /// Of the masked products inside the block, `[C (j), queries (i)]`.
    pairs: Vec<f32>,
    /// Of the three asked forms of the queries, and of silu(q), `[d, queries]`.
    asked: [Vec<f32>; 3],
    active: Vec<f32>,
    /// The asked forms and silu(q) as rows, `[C, wide]`.
    asked_rows: [Vec<f32>; 3],
    active_rows: Vec<f32>,
    /// Of φ(k), `[C, wide]`.
    unit_key: Vec<f32>,
    /// Of the running sums of ln a, `[C]`.
    decay: Vec<f32>,
    rows: Vec<f32>,
    turned: Vec<f32>,
    sums: Vec<f32>,
}

impl Brief {
    fn new(g: &Geometry) -> Self {
        let rows = || vec![0.0; g.block * g.wide];
        let turned = || vec![0.0; g.d * g.queries];
        Self {
            read: rows(),
            read_turned: turned(),
            share: vec![0.0; g.entries() * g.queries],
            pairs: vec![0.0; g.block * g.queries],
            asked: [turned(), turned(), turned()],
            active: turned(),
            asked_rows: [rows(), rows(), rows()],
            active_rows: rows(),
            unit_key: rows(),
            decay: vec![0.0; g.block],
            rows: rows(),
            turned: turned(),
            sums: vec![0.0; g.queries],
        }
    }

    /// Through (r + ctx) ⊙ silu(e).
    #[inline(always)]
    fn gate(&mut self, g: &Geometry, inputs: &Inputs, s: &Scratch, block: usize, gradient: &[f32], to: &mut [f32]) {
        let rows = g.rows(block).start * g.wide..g.rows(block).end * g.wide;
        let (gradient, gate, to) = (&gradient[rows.clone()], &inputs.gate[rows.clone()], &mut to[rows]);
        for ((((read, to), both), gradient), gate) in self.read.iter_mut().zip(to).zip(&s.both).zip(gradient).zip(gate)
        {
            *to = gradient * both * silu_slope(*gate);
            *read = gradient * silu(*gate);
        }
        transpose(&self.read, g.wide, [g.block, g.d], &mut self.read_turned, g.queries);
    }

    /// Through the window and the slots. The rows of `asked` are the queries as they were asked.
    #[inline(always)]
    fn attend<S: Simd>(&mut self, simd: S, g: &Geometry, inputs: &Inputs, s: &Scratch, block: usize, sums: &mut Sums) {
        let (c, queries, wide) = (g.block, g.queries, g.wide);
        self.ask_rows(g, inputs, block);
        let mut row = 0;
        for segment in g.segments(block) {
            let (_, values) = entries(inputs, segment, wide);
            let share = &mut self.share[row * queries..(row + segment.len) * queries];
            product(simd, Set, share, Strided::rows(values, wide), &self.read_turned, [segment.len, g.d, queries]);
            row += segment.len;
        }
        softmax_backward(&mut self.share[..row * queries], &s.share, queries, &mut self.sums);
        self.asked.iter_mut().for_each(|asked| asked.fill(0.0));
        let mut row = 0;
        for segment in g.segments(block) {
            let (keys, _) = entries(inputs, segment, wide);
            let range = row * queries..(row + segment.len) * queries;
            let (scores, share) = (&self.share[range.clone()], &s.share[range]);
            let place = segment.start * wide..(segment.start + segment.len) * wide;
            let (to_keys, to_values) = match segment.source {
                Source::Level(level) => {
                    let level = &mut sums.levels[level];
                    (&mut level.keys[place.clone()], &mut level.values[place])
                }
                _ => (&mut sums.rotated_key[place.clone()], &mut sums.out.value[place]),
            };
            let size = [segment.len, c, wide];
            product(simd, Add, to_values, Strided::rows(share, queries), &self.read, size);
            let form = form(segment.source);
            product(simd, Add, to_keys, Strided::rows(scores, queries), &self.asked_rows[form], size);
            let size = [g.d, segment.len, queries];
            product(simd, Add, &mut self.asked[form], Strided::columns(keys, wide), scores, size);
            if let Source::Level(level) = segment.source {
                let columns = scores.chunks_exact(queries).map(|scores| scores[..c].iter().sum::<f32>());
                sums.out.bias[level] += columns.sum::<f32>();
            }
            row += segment.len;
        }
        sums.out.score_scale += self.unask(g, s);
    }

    /// The queries in all the forms in which they were asked, as rows.
    #[inline(always)]
    fn ask_rows(&mut self, g: &Geometry, inputs: &Inputs, block: usize) {
        let [plain, near, far] = &mut self.asked_rows;
        plain.copy_from_slice(&inputs.query[g.rows(block).start * g.wide..g.rows(block).end * g.wide]);
        for (active, query) in self.active_rows.iter_mut().zip(plain.iter()) {
            *active = silu(*query);
        }
        scale(plain, inputs.score_scale);
        let [cos, sin] = &g.rotation;
        for (first, rows) in [near, far].into_iter().enumerate() {
            rows.copy_from_slice(plain);
            let start = first * g.block * g.wide;
            let tables = cos[start..].chunks_exact(g.wide).zip(sin[start..].chunks_exact(g.wide));
            for (row, (cos, sin)) in rows.chunks_exact_mut(g.wide).zip(tables) {
                rotate_row(&mut row[..g.d], g.d / 2, cos, sin);
            }
        }
    }

    /// Turns the gradients of the asked forms back and sums them into that of q (the first form's place); returns that of η.
    #[inline(always)]
    fn unask(&mut self, g: &Geometry, s: &Scratch) -> f32 {
        let [plain, near, far] = &mut self.asked;
        for (turned, [cos, sin]) in [near, far].into_iter().zip(&g.turned) {
            unrotate_row(turned, g.d / 2 * g.queries, cos, sin);
            add_scaled(plain, turned, 1.0);
        }
        dot(plain, &s.query)
    }

    /// Through the norm of the reads.
    #[inline(always)]
    fn norm(&mut self, g: &Geometry, inputs: &Inputs, s: &Scratch, to: &mut [f32]) {
        let rows = self.read.chunks_exact_mut(g.wide).zip(s.read.chunks_exact(g.wide));
        for ((gradient, read), inverse) in rows.zip(&s.inverse) {
            rms_norm_backward(gradient, read, *inverse, &inputs.norm, to);
        }
        transpose(&self.read, g.wide, [g.block, g.d], &mut self.read_turned, g.queries);
    }

    /// Through the recurrent memory.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn recall<S: Simd>(
        &mut self,
        simd: S,
        g: &Geometry,
        inputs: &Inputs,
        s: &Scratch,
        block: usize,
        state: &[f32],
        sums: &mut Sums,
    ) {
        let (c, d, queries, wide) = (g.block, g.d, g.queries, g.wide);
        let rows = g.rows(block);
        let range = rows.start * wide..rows.end * wide;
        let (keys, values) = (&inputs.unit_key[range.clone()], &inputs.value[range.clone()]);
        let to_values = &mut sums.out.value[range.clone()];
        let to_write = &mut sums.out.write_gate[rows.clone()];
        self.decay.fill(0.0);

        // Inside the block: read_i = Σ_j score_ji v_j, score_ji = weight_ji (φ(k_j) · silu(q_i)).
        product(simd, Set, &mut self.pairs, Strided::rows(values, wide), &self.read_turned, [c, d, queries]);
        self.sums.fill(0.0);
        let tokens = self.pairs.chunks_exact_mut(queries).zip(s.score.chunks_exact(queries));
        for (j, (pairs, score)) in tokens.enumerate() {
            // The logarithm of weight_ji holds ln β_j − (sum of ln a up to j) + (sum of ln a up to i).
            let pull = dot(pairs, score);
            self.decay[j] -= pull;
            to_write[j] = pull;
            for ((sum, pair), score) in self.sums.iter_mut().zip(pairs.iter()).zip(score) {
                *sum += pair * score;
            }
            for (pair, weight) in pairs.iter_mut().zip(&s.weight[j * queries..]) {
                *pair *= weight;
            }
        }
        add_scaled(&mut self.decay, &self.sums, 1.0);
        product(simd, Add, to_values, Strided::rows(&s.score, queries), &self.read, [c, c, wide]);
        product(simd, Set, &mut self.active, Strided::columns(keys, wide), &self.pairs, [d, c, queries]);
        let size = [c, c, wide];
        product(simd, Set, &mut self.unit_key, Strided::rows(&self.pairs, queries), &self.active_rows, size);

        // From the memory before the block: read_i += a_1…a_i silu(q_i) state.
        product(simd, Set, &mut self.turned, Strided::rows(state, wide), &self.read_turned, [d, d, queries]);
        self.sums.fill(0.0);
        let channels = self.turned.chunks_exact(queries).zip(s.active.chunks_exact(queries));
        for ((turned, active), to) in channels.zip(self.active.chunks_exact_mut(queries)) {
            for ((((to, sum), turned), active), kept) in
                to.iter_mut().zip(&mut self.sums).zip(turned).zip(active).zip(&s.kept)
            {
                *to += kept * turned;
                *sum += kept * turned * active;
            }
        }
        add_scaled(&mut self.decay, &self.sums, 1.0);

        // Into the memory after it: a_1…a_C state + Σ_j rest_j φ(k_j)ᵀ v_j.
        let last = s.kept[c - 1];
        self.rows.copy_from_slice(keys);
        for (row, rest) in self.rows.chunks_exact_mut(wide).zip(&s.rest) {
            scale(row, *rest);
        }
        product(simd, Add, to_values, Strided::rows(&self.rows, wide), &sums.state, [c, d, wide]);
        product(simd, Set, &mut self.rows, Strided::rows(values, wide), &sums.turned_state, [c, d, wide]);
        let mut total = last * dot(&sums.state, state);
        let tokens =
            self.rows.chunks_exact(wide).zip(keys.chunks_exact(wide)).zip(self.unit_key.chunks_exact_mut(wide));
        for (j, ((row, key), to)) in tokens.enumerate() {
            let pull = s.rest[j] * dot(row, key);
            add_scaled(to, row, s.rest[j]);
            to_write[j] += pull;
            self.decay[j] -= pull;
            total += pull;
        }
        self.decay[c - 1] += total;

        // The gradient of the memory before the block, as it is and transposed.
        for (row, kept) in self.active_rows.chunks_exact_mut(wide).zip(&s.kept) {
            scale(row, *kept);
        }
        scale(&mut sums.state, last);
        scale(&mut sums.turned_state, last);
        product(simd, Add, &mut sums.state, Strided::columns(&self.active_rows, wide), &self.read, [d, c, wide]);
        let reads = Strided::columns(&self.read, wide);
        product(simd, Add, &mut sums.turned_state, reads, &self.active_rows, [d, c, wide]);

        self.gates(g, inputs, block, &mut sums.out);
        self.keys(g, inputs, block, &mut sums.out.key[range]);
    }

    /// From the gradients of ln β and of the running sums of ln a to those of the gates.
    #[inline(always)]
    fn gates(&mut self, g: &Geometry, inputs: &Inputs, block: usize, to: &mut Gradients) {
        let mut sum = 0.0;
        for (t, decay) in g.rows(block).zip(&self.decay).rev() {
            sum += decay;
            let (gate, write) = (inputs.decay_gate[t], inputs.write_gate[t]);
            to.rate += sum * gate;
            to.decay_gate[t] = sum * inputs.rate * gate * (1.0 - gate);
            to.write_gate[t] *= 1.0 - write;
        }
    }

    /// From the gradient of φ(k) = silu(k) / |silu(k)| to that of k.
    #[inline(always)]
    fn keys(&mut self, g: &Geometry, inputs: &Inputs, block: usize, to: &mut [f32]) {
        let wide = g.wide;
        let rows = g.rows(block).start * wide..g.rows(block).end * wide;
        let keys = inputs.key[rows.clone()].chunks_exact(wide).zip(inputs.unit_key[rows].chunks_exact(wide));
        let tokens = self.unit_key.chunks_exact(wide).zip(keys).zip(to.chunks_exact_mut(wide));
        for (((gradient, (key, unit)), to), inverse) in tokens.zip(&inputs.unit_scale[g.rows(block)]) {
            let pull = dot(gradient, unit);
            for (((to, gradient), unit), key) in to.iter_mut().zip(gradient).zip(unit).zip(key) {
                *to += inverse * (gradient - unit * pull) * silu_slope(*key);
            }
        }
    }

    /// The gradient of q from those of its forms.
    #[inline(always)]
    fn queries(&mut self, g: &Geometry, inputs: &Inputs, s: &Scratch, block: usize, to: &mut Gradients) {
        let asked = &mut self.asked[0];
        for ((asked, active), query) in asked.iter_mut().zip(&self.active).zip(&s.query) {
            *asked = *asked * inputs.score_scale + active * silu_slope(*query);
        }
        let rows = g.rows(block).start * g.wide..g.rows(block).end * g.wide;
        transpose(asked, g.queries, [g.d, g.block], &mut to.query[rows], g.wide);
    }
}

/// Scores' gradients from those of the softmax weights `share`, down each column.
#[inline(always)]
fn softmax_backward(gradient: &mut [f32], share: &[f32], queries: usize, sums: &mut [f32]) {
    sums.fill(0.0);
    for (gradient, share) in gradient.chunks_exact(queries).zip(share.chunks_exact(queries)) {
        for ((sum, gradient), share) in sums.iter_mut().zip(gradient).zip(share) {
            *sum += gradient * share;
        }
    }
    for (gradient, share) in gradient.chunks_exact_mut(queries).zip(share.chunks_exact(queries)) {
        for ((gradient, share), sum) in gradient.iter_mut().zip(share).zip(sums.iter()) {
            *gradient = share * (*gradient - sum);
        }
    }
}

impl Sums {
    fn new(g: &Geometry) -> Self {
        let rows = || vec![0.0; g.time * g.wide];
        let gates = || vec![0.0; g.time];
        let out = Gradients {
            query: rows(),
            key: rows(),
            value: rows(),
            gate: rows(),
            salience: gates(),
            decay_gate: gates(),
            write_gate: gates(),
            rate: 0.0,
            score_scale: 0.0,
            bias: vec![0.0; g.sizes.levels],
            norm: vec![0.0; g.wide],
        };
        Self {
            out,
            rotated_key: rows(),
            levels: g.slots.iter().map(|slots| Level::zeros(*slots, g.wide)).collect(),
            state: vec![0.0; g.d * g.wide],
            turned_state: vec![0.0; g.d * g.wide],
        }
    }

    /// Takes the gradients of the slots, from the last level down, and of the rotated keys to those of the tokens.
    #[inline(always)]
    fn finish(mut self, g: &Geometry, inputs: &Inputs) -> Gradients {
        for above in (1..self.levels.len()).rev() {
            let (below, above_gradient) = self.levels.split_at_mut(above);
            let (units, to) = (&inputs.levels[above - 1], &mut below[above - 1]);
            let mut to = [&mut to.keys[..], &mut to.values, &mut to.mass];
            let units = [&units.keys[..], &units.values, &units.mass];
            merge_backward(units, &above_gradient[0], &mut to, g.sizes.fan_in, g.wide);
        }
        let out = &mut self.out;
        if let Some(first) = self.levels.first() {
            let mut to = [&mut out.key[..], &mut out.value, &mut out.salience];
            let units = [&inputs.key[..], &inputs.value, &inputs.salience];
            merge_backward(units, first, &mut to, g.block, g.wide);
        }
        let [cos, sin] = &g.rotation;
        let block = g.block * g.wide;
        for (rotated, to) in self.rotated_key.chunks_exact_mut(block).zip(out.key.chunks_exact_mut(block)) {
            let tables = cos.chunks_exact(g.wide).zip(sin.chunks_exact(g.wide));
            for (row, (cos, sin)) in rotated.chunks_exact_mut(g.wide).zip(tables) {
                unrotate_row(&mut row[..g.d], g.d / 2, cos, sin);
            }
            add_scaled(to, rotated, 1.0);
        }
        self.out
    }
}
