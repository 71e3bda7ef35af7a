//! The streaming form of a block: one token in, one out, the state updated in place.

use burn::tensor::{Device, Tensor};

use super::block::row;
use super::{Block, Dropout, LayerState};
use crate::ops::hierarchy::{Sizes, Slots, attend_token};
use crate::ops::{Rotary, rms_norm, token_shift};

/// Constants of one token, shared by all layers.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub sizes: Sizes,
    /// Whether a block ended with the token before.
    pub begins_block: bool,
    /// Positions of the visible tokens of both blocks: the previous one's C, then those of this one so far.
    rotary: Rotary,
}

impl Token {
    /// Constants for the token at `position`.
    pub fn new(sizes: Sizes, position: u64, head_width: usize, device: &Device) -> Self {
        let c = sizes.block;
        let offset = (position % c as u64) as usize;
        Self {
            sizes,
            begins_block: offset == 0 && position > 0,
            rotary: Rotary::new(-(c as i64), c + offset + 1, head_width, device),
        }
    }
}

impl Block {
    /// One token, `[batch, 1, width]` to the same.
    pub(super) fn step(&self, x: Tensor<3>, token: &Token, state: &mut LayerState) -> Tensor<3> {
        if token.begins_block {
            state.finish_block(&token.sizes);
        }
        let normed = rms_norm(x.clone(), row(&self.norm_in));
        let p = self.project(token_shift(normed.clone(), self.shift.val(), state.last.replace(normed)));
        let (read, memory) = self.recall(&p, state.memory.take(), true);
        state.memory = memory;

        let parts = state.summary.take().into_iter().chain([p.tokens.clone()]).collect();
        let running = Slots::join(parts).expect("at least this token");
        let count = running.len();
        state.summary = Some(running.merge(count));
        let current = match state.current.take() {
            Some([keys, values]) => {
                [Tensor::cat(vec![keys, p.tokens.keys], 2), Tensor::cat(vec![values, p.tokens.values], 2)]
            }
            None => [p.tokens.keys, p.tokens.values],
        };
        state.current = Some(current.clone());
        let (rotated, window) = token.window(p.query.clone(), state.previous.clone(), current);
        let context =
            attend_token(p.query, rotated, window, &state.levels, self.score_scale.val(), self.level_bias.val());
        self.finish(x, read, context, p.gate, &mut Dropout::new(0.0, 0, 0))
    }
}

impl Token {
    /// The query and the window's keys rotated to their positions, and the window's values.
    fn window(
        &self,
        query: Tensor<4>,
        previous: Option<[Tensor<4>; 2]>,
        current: [Tensor<4>; 2],
    ) -> (Tensor<4>, [Tensor<4>; 2]) {
        let (c, count) = (self.sizes.block, current[0].dims()[2]);
        let rotated = self.rotary.narrow(c + count - 1, 1).rotate(query);
        let [keys, values] = current;
        match previous {
            None => (rotated, [self.rotary.narrow(c, count).rotate(keys), values]),
            Some([before, before_values]) => {
                let keys = self.rotary.rotate(Tensor::cat(vec![before, keys], 2));
                (rotated, [keys, Tensor::cat(vec![before_values, values], 2)])
            }
        }
    }
}
