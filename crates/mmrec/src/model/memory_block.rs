//! A block of MM-Rec: token shift, the fused projection (HEM), both memories, and the feed-forward layer.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, silu, softplus};

use super::feed_forward::{feed_forward, join};
use super::{Dropout, Gates, LayerState};
use crate::ops::slot_attention::{Sizes, Slots, Tables, attend};
use crate::ops::{gated_linear_attention, linear, memory, norm_shift, rms_norm, token_shift, unit};

/// Weights of one block; shapes in [`weight_specs`](super::weight_specs).
#[derive(Module, Debug)]
pub struct MemoryBlock {
    /// n1, `[width]`
    pub norm_in: Param<Tensor<1>>,
    /// μ, `[width]`
    pub shift: Param<Tensor<1>>,
    /// q, k, v, e of width D each, then salience, decay gate and write gate per head: `[width, 4·width + 3·heads]`; without the
    /// gates where these have a projection of their own
    pub hem: Param<Tensor<2>>,
    /// DPG, an option
    pub gates: Option<Gates>,
    /// δ, `[heads]`
    pub decay: Param<Tensor<1>>,
    /// nh, `[width]`
    pub read_norm: Param<Tensor<1>>,
    /// η, `[heads]`
    pub score_scale: Param<Tensor<1>>,
    /// `[levels, heads]`
    pub level_bias: Param<Tensor<2>>,
    /// W_o, `[width, width]`
    pub out: Param<Tensor<2>>,
    /// n2, `[width]`
    pub norm_mlp: Param<Tensor<1>>,
    /// W₁ (gate, up), `[width, 2·feed_forward]`
    pub gate_up: Param<Tensor<2>>,
    /// W₂, `[feed_forward, width]`
    pub down: Param<Tensor<2>>,
}

/// What the fused projection gives every token.
pub(crate) struct Projection {
    /// `[batch, heads, time, d]`
    pub query: Tensor<4>,
    /// Keys and values `[batch, heads, time, d]`, salience `[batch, heads, time]`
    pub tokens: Slots,
    /// e, `[batch, time, width]`
    pub gate: Tensor<3>,
    /// ln a_t, `[batch, heads, time]`
    pub log_decay: Tensor<3>,
    /// β_t, `[batch, heads, time]`
    pub write: Tensor<3>,
}

impl MemoryBlock {
    /// The block's outputs for whole chunks of time, `[batch, time, width]` to the same.
    ///
    /// Without `tables` the device's kernels do the work, from the beginning of a text and without a state.
    /// With `state` the text goes on where the state stands (`chunks` chunks finished), and the state is brought up to date.
    pub(super) fn forward(
        &self,
        x: Tensor<3>,
        sizes: &Sizes,
        tables: Option<&Tables>,
        dropout: &mut Dropout,
        state: Option<(&mut LayerState, u64)>,
    ) -> Tensor<3> {
        let Some(tables) = tables else { return self.forward_fused(x, sizes, dropout) };
        let time = x.dims()[1];
        let normed = rms_norm(x.clone(), row(&self.norm_in));
        let (last, memory, past) = match &state {
            Some((state, chunks)) => (state.last.clone(), state.memory.clone(), state.past(*chunks)),
            None => (None, None, None),
        };
        let newest = state.is_some().then(|| normed.clone().narrow(1, time - 1, 1));
        let p = self.project(token_shift(normed, self.shift.val(), last));
        let (read, memory) = self.recall(&p, memory, state.is_some());
        let (context, pools) =
            attend(tables, p.query, p.tokens.clone(), past.as_ref(), self.score_scale.val(), self.level_bias.val());
        if let Some((state, chunks)) = state {
            (state.last, state.memory) = (newest, memory);
            state.absorb(sizes, chunks + (time / sizes.chunk) as u64, p.tokens, pools);
        }
        self.finish(x, read, context, p.gate, dropout)
    }

    /// As [`forward`](Self::forward) from the beginning of a text, on a device with kernels for it.
    fn forward_fused(&self, x: Tensor<3>, sizes: &Sizes, dropout: &mut Dropout) -> Tensor<3> {
        let [batch, time, width] = x.dims();
        let memory = memory(
            *sizes,
            self.fused_projection(x.clone()),
            self.decay.val(),
            self.read_norm.val(),
            self.score_scale.val(),
            self.level_bias.val(),
        );
        let x = join(x, memory.reshape([batch * time, width]), &self.out, dropout);
        self.feed_forward(x, dropout)
    }

    /// As [`projection`](Self::projection), in the columns that [`memory`] takes, `[batch, time, 4·width + 3·heads]`.
    pub(crate) fn fused_projection(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, width] = x.dims();
        let u = norm_shift(x, self.norm_in.val(), Some(self.shift.val()));
        let columns = self.columns(u.reshape([batch * time, width]));
        let count = columns.dims()[1];
        columns.reshape([batch, time, count])
    }

    /// What the fused projection gives the tokens of a text from its beginning on, of the stream `[batch, time, width]`.
    pub(crate) fn projection(&self, x: Tensor<3>) -> Projection {
        self.project(token_shift(rms_norm(x, row(&self.norm_in)), self.shift.val(), None))
    }

    /// The fused projection of shifted tokens `[rows, width]`: q, k, v, e, then salience, decay gate and write gate per head,
    /// `[rows, 4·width + 3·heads]`.
    pub(super) fn columns(&self, u: Tensor<2>) -> Tensor<2> {
        match &self.gates {
            None => linear(u, self.hem.val()),
            Some(gates) => Tensor::cat(vec![linear(u.clone(), self.hem.val()), gates.of(u)], 1),
        }
    }

    /// The fused projection of shifted tokens `[batch, time, width]`.
    pub(super) fn project(&self, u: Tensor<3>) -> Projection {
        let [batch, time, width] = u.dims();
        let heads = self.decay.dims()[0];
        let product = self.columns(u.reshape([batch * time, width]));
        let wide = |i: usize| product.clone().narrow(1, i * width, width);
        let per_head = |x: Tensor<2>| x.reshape([batch, time, heads, width / heads]).swap_dims(1, 2);
        let gates = product.clone().narrow(1, 4 * width, 3 * heads);
        let gates = gates.reshape([batch, time, 3, heads]).permute([2, 0, 3, 1]);
        let gate = |i: usize| gates.clone().narrow(0, i, 1).reshape([batch, heads, time]);
        let rate = softplus(self.decay.val(), 1.0).reshape([1, heads, 1]) * -2.0;
        Projection {
            query: per_head(wide(0)),
            tokens: Slots { keys: per_head(wide(1)), values: per_head(wide(2)), log_mass: gate(0) },
            gate: wide(3).reshape([batch, time, width]),
            log_decay: sigmoid(gate(1)) * rate,
            write: sigmoid(gate(2)),
        }
    }

    /// Reads of the recurrent memory, `[batch, heads, time, d]`, normalised per head, and its last state if `keep`.
    pub(super) fn recall(
        &self,
        p: &Projection,
        memory: Option<Tensor<4>>,
        keep: bool,
    ) -> (Tensor<4>, Option<Tensor<4>>) {
        let [query, key, value] = p.association();
        let (read, memory) = gated_linear_attention(query, key, value, p.log_decay.clone(), memory, keep);
        (self.norm_read(read), memory)
    }

    /// Reads of the recurrent memory, `[batch, heads, time, d]`, normalised per head.
    pub(crate) fn norm_read(&self, read: Tensor<4>) -> Tensor<4> {
        let [_, heads, _, d] = read.dims();
        rms_norm(read, self.read_norm.val().reshape([1, heads, 1, d]))
    }

    /// Both branches joined to the stream.
    ///
    /// # Shapes
    /// - `x`, `gate`: `[batch, time, width]`
    /// - `read`, `context`: `[batch, heads, time, d]`
    pub(super) fn finish(
        &self,
        x: Tensor<3>,
        read: Tensor<4>,
        context: Tensor<4>,
        gate: Tensor<3>,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        let [batch, time, width] = x.dims();
        let rows = [batch * time, width];
        let memory = (read + context).swap_dims(1, 2).reshape(rows) * silu(gate).reshape(rows);
        self.feed_forward(join(x, memory, &self.out, dropout), dropout)
    }

    /// The second branch joined to the stream, `[batch, time, width]`.
    pub(super) fn feed_forward(&self, x: Tensor<3>, dropout: &mut Dropout) -> Tensor<3> {
        feed_forward(x, &self.norm_mlp, &self.gate_up, &self.down, dropout)
    }
}

impl Projection {
    /// What the recurrent memory is asked with and what is written into it: silu(q), φ(k) and β v, `[batch, heads, time, d]` each.
    pub(crate) fn association(&self) -> [Tensor<4>; 3] {
        let written = self.tokens.values.clone() * self.write.clone().unsqueeze_dim::<4>(3);
        [silu(self.query.clone()), unit(silu(self.tokens.keys.clone())), written]
    }
}

/// A vector as `[1, 1, n]`.
pub(super) fn row(vector: &Param<Tensor<1>>) -> Tensor<3> {
    vector.val().unsqueeze::<3>()
}
