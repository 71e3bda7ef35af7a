//! A block of a GPT, which MM-Rec is compared with: attention over a window of tokens in place of both memories. Norms, rotary
//! positions and the feed-forward layer are those of MM-Rec, so that the memories are what differs.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::feed_forward::{feed_forward, join};
use super::{Dropout, LayerState};
use crate::ops::{Rotary, attend_window, by_head, causal_attention, join_heads, linear, norm_shift};

/// Weights of one block; shapes in [`weight_specs`](super::weight_specs).
#[derive(Module, Debug)]
pub struct AttentionBlock {
    /// `[width]`
    pub norm_in: Param<Tensor<1>>,
    /// q, k, v: `[width, 3·width]`
    pub qkv: Param<Tensor<2>>,
    /// `[width, width]`
    pub out: Param<Tensor<2>>,
    /// `[width]`
    pub norm_mlp: Param<Tensor<1>>,
    /// Gate and up, `[width, 2·feed_forward]`
    pub gate_up: Param<Tensor<2>>,
    /// `[feed_forward, width]`
    pub down: Param<Tensor<2>>,
    /// Heads of attention.
    #[module(skip)]
    pub heads: usize,
    /// Tokens that a token attends to, itself included.
    #[module(skip)]
    pub window: usize,
}

impl AttentionBlock {
    /// The block's outputs from the beginning of a text, `[batch, time, width]` to the same.
    pub(super) fn forward(&self, x: Tensor<3>, dropout: &mut Dropout) -> Tensor<3> {
        let taken = causal_attention(self.projection(x.clone()), self.heads, self.window);
        self.finish(x, taken, dropout)
    }

    /// The same where `state` stands, which is brought up to date; `rotary` has the positions of these tokens.
    pub(super) fn resume(&self, x: Tensor<3>, rotary: &Rotary, state: &mut LayerState) -> Tensor<3> {
        let [query, keys, values] = by_head(self.projection(x.clone()), self.heads);
        let [keys, values] = match state.current.take() {
            None => [rotary.rotate(keys), values],
            Some([before, values_before]) => {
                [Tensor::cat(vec![before, rotary.rotate(keys)], 2), Tensor::cat(vec![values_before, values], 2)]
            }
        };
        let held = keys.dims()[2];
        let next = held.min(self.window - 1);
        let newest = |x: &Tensor<4>| x.clone().narrow(2, held - next, next);
        // A window of one token leaves nothing for the next.
        state.current = (next > 0).then(|| [newest(&keys), newest(&values)]);
        let taken = join_heads(attend_window(rotary.rotate(query), keys, values, self.window));
        self.finish(x, taken, &mut Dropout::new(0.0, 0, 0))
    }

    /// q, k, v of the stream `[batch, time, width]`: `[batch, time, 3·width]`.
    pub(crate) fn projection(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, width] = x.dims();
        let u = norm_shift(x, self.norm_in.val(), None).reshape([batch * time, width]);
        linear(u, self.qkv.val()).reshape([batch, time, 3 * width])
    }

    /// Both branches joined to the stream; `taken` is what attention gives, `[batch, time, width]` like `x`.
    fn finish(&self, x: Tensor<3>, taken: Tensor<3>, dropout: &mut Dropout) -> Tensor<3> {
        let [batch, time, width] = x.dims();
        let x = join(x, taken.reshape([batch * time, width]), &self.out, dropout);
        feed_forward(x, &self.norm_mlp, &self.gate_up, &self.down, dropout)
    }
}
