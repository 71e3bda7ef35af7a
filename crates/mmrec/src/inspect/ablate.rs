//! A part of the model switched off, to see what it is worth over a text.

use burn::module::{Param, ParamId};
use burn::tensor::{Int, Tensor};
use serde::Serialize;

use crate::model::{Block, Dropout, MemoryBlock, Model};
use crate::ops::slot_attention::{Schedule, Tables, hide_level};

/// A part that can be switched off, in all layers at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// The recurrent memory; off, its read is zero.
    Recurrence,
    /// The token level; off, a token sees no other token by itself, but still itself, so that there is always something in the softmax.
    Tokens,
    /// A level of the hierarchy; off, its slots are masked out of the softmax. The levels above it keep theirs.
    Level {
        /// From 1 on.
        level: usize,
    },
}

/// The loss over a text with a part switched off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ablation {
    /// What was off.
    pub part: Part,
    /// Mean loss without it, in nats per token.
    pub loss: f32,
    /// How much that is above the loss with everything.
    pub difference: f32,
}

impl Part {
    /// The parts of a model that matter in a text of so many tokens: in a short one no slot of the higher levels is visible yet.
    pub(super) fn of(model: &Model, time: usize) -> Vec<Self> {
        if model.is_gpt() {
            return vec![Self::Tokens];
        }
        let sizes = model.sizes();
        let schedule = Schedule::new(sizes, 0, time.div_ceil(sizes.chunk));
        let levels = schedule.columns.iter().enumerate().filter(|(_, units)| !units.is_empty());
        let levels = levels.map(|(level, _)| Self::Level { level: level + 1 });
        [Self::Recurrence, Self::Tokens].into_iter().chain(levels).collect()
    }

    /// The stream after the last block without this part, `[1, whole chunks of time, width]` of tokens `[1, time]`.
    pub(super) fn stream_without(self, model: &Model, tokens: Tensor<2, Int>) -> Tensor<3> {
        let mut model = model.clone();
        for block in &mut model.blocks {
            match block {
                Block::Memory(block) => self.silence(block),
                Block::Attention(block) => block.window = 1,
            }
        }
        let off = &mut Dropout::new(0.0, 0, 0);
        if self != Self::Tokens || model.is_gpt() {
            return model.stream(tokens, model.blocks.len(), off);
        }
        let stream = model.embed(tokens);
        let (chunks, d) = (stream.dims()[1] / model.sizes().chunk, stream.dims()[2] / model.heads());
        let tables = Tables::new(*model.sizes(), 0, chunks, d, &stream.device()).without_other_tokens();
        (0..model.blocks.len()).fold(stream, |x, block| model.through(block, x, Some(&tables), off))
    }

    /// Switches the part off where a weight does it.
    fn silence(self, block: &mut MemoryBlock) {
        match self {
            Self::Recurrence => block.read_norm = parameter(block.read_norm.val().zeros_like()),
            Self::Level { level } => block.level_bias = parameter(hide_level(block.level_bias.val(), level - 1)),
            Self::Tokens => {}
        }
    }
}

fn parameter<const D: usize>(value: Tensor<D>) -> Param<Tensor<D>> {
    Param::initialized(ParamId::new(), value)
}
