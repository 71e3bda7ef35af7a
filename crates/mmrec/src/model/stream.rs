//! The streaming form of a block: one token in, one out, the state updated in place.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::feed_forward::join;
use super::memory_block::row;
use super::{Dropout, LayerState, MemoryBlock, State};
use crate::ops::slot_attention::{Sizes, Slots, attend_token};
use crate::ops::{Before, Rotary, memory_token, norm_token, rms_norm, runs_cpu_kernels, token_shift};

/// Constants of one token, shared by all layers.
#[derive(Debug, Clone)]
pub(super) struct StepConstants {
    pub sizes: Sizes,
    /// Whether a chunk ended with the token before.
    pub begins_chunk: bool,
    path: StepPath,
}

#[derive(Debug, Clone)]
enum StepPath {
    /// By kernels; the angles between the tokens of a window.
    Kernels(Arc<[f32]>),
    /// By plain operations; the positions of the visible tokens of both chunks: the previous one's C, then those of this one so
    /// far.
    Plain(Box<Rotary>),
}

impl StepConstants {
    /// Constants for the token that comes next.
    pub fn new(sizes: Sizes, state: &State, head_width: usize, device: &Device) -> Self {
        let c = sizes.chunk;
        let offset = (state.position % c as u64) as usize;
        let path = if runs_cpu_kernels(device) && !device.is_autodiff() {
            StepPath::Kernels(state.rope_table.clone())
        } else {
            StepPath::Plain(Box::new(Rotary::new(-(c as i64), c + offset + 1, head_width, device)))
        };
        Self { sizes, begins_chunk: offset == 0 && state.position > 0, path }
    }
}

impl MemoryBlock {
    /// One token, `[batch, 1, width]` to the same.
    pub(super) fn step(&self, x: Tensor<3>, constants: &StepConstants, state: &mut LayerState) -> Tensor<3> {
        if constants.begins_chunk {
            state.finish_chunk(&constants.sizes);
        }
        match &constants.path {
            StepPath::Kernels(rope_table) => self.step_fused(x, rope_table.clone(), state),
            StepPath::Plain(rotary) => self.step_plain(x, rotary, state),
        }
    }

    fn step_fused(&self, x: Tensor<3>, rope_table: Arc<[f32]>, state: &mut LayerState) -> Tensor<3> {
        let [batch, _, width] = x.dims();
        let [shifted, normed] = norm_token(x.clone(), self.norm_in.val(), self.shift.val(), state.last.take());
        state.last = Some(normed);
        let after = memory_token(
            rope_table,
            self.columns(shifted.reshape([batch, width])),
            self.decay.val(),
            self.read_norm.val(),
            self.score_scale.val(),
            self.level_bias.val(),
            Before {
                memory: state.memory.take(),
                summary: state.summary.take(),
                previous: state.previous.clone(),
                current: state.current.take(),
                levels: &state.levels,
            },
        );
        state.memory = Some(after.memory);
        state.summary = Some(after.summary);
        state.current = Some(after.current);
        let mut off = Dropout::new(0.0, 0, 0);
        self.feed_forward(join(x, after.taken, &self.out, &mut off), &mut off)
    }

    fn step_plain(&self, x: Tensor<3>, rotary: &Rotary, state: &mut LayerState) -> Tensor<3> {
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
        let (rotated, window) = window(rotary, p.query.clone(), state.previous.clone(), current);
        let context =
            attend_token(p.query, rotated, window, &state.levels, self.score_scale.val(), self.level_bias.val());
        self.finish(x, read, context, p.gate, &mut Dropout::new(0.0, 0, 0))
    }
}

/// The query and the window's keys rotated to their positions, and the window's values.
fn window(
    rotary: &Rotary,
    query: Tensor<4>,
    previous: Option<[Tensor<4>; 2]>,
    current: [Tensor<4>; 2],
) -> (Tensor<4>, [Tensor<4>; 2]) {
    let [keys, values] = current;
    let (c, count) = (rotary.positions() - keys.dims()[2], keys.dims()[2]);
    let rotated = rotary.narrow(c + count - 1, 1).rotate(query);
    match previous {
        None => (rotated, [rotary.narrow(c, count).rotate(keys), values]),
        Some([before, before_values]) => {
            let keys = rotary.rotate(Tensor::cat(vec![before, keys], 2));
            (rotated, [keys, Tensor::cat(vec![before_values, values], 2)])
        }
    }
}
