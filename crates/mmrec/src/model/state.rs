//! What the model remembers between tokens: a state whose size the configuration fixes, whatever the length of the text.

use std::sync::Arc;

use burn::tensor::Tensor;

use crate::config::ModelConfig;
use crate::ops::rope_table;
use crate::ops::slot_attention::{Past, Sizes, Slots, retained};

/// The memory of one layer.
#[derive(Debug, Clone, Default)]
pub struct LayerState {
    /// The last token's normalised input, `[batch, 1, width]`.
    pub(super) last: Option<Tensor<3>>,
    /// The recurrent memory, `[batch, heads, d, d]`.
    pub(super) memory: Option<Tensor<4>>,
    /// Keys and values of the chunk before the current one, `[batch, heads, C, d]`.
    pub(super) previous: Option<[Tensor<4>; 2]>,
    /// Keys and values of the current chunk so far, `[batch, heads, 1..=C, d]`. In a GPT those of the tokens that the next one
    /// sees, keys turned by their positions: `[batch, heads, 1..window, d]`.
    pub(super) current: Option<[Tensor<4>; 2]>,
    /// The current chunk so far as one slot.
    pub(super) summary: Option<Slots>,
    /// The chunk before, as one slot that the hierarchy does not hold yet.
    pub(super) pending: Option<Slots>,
    /// The slots held, level by level.
    pub(super) levels: Vec<Option<Slots>>,
}

/// The memory of all layers.
#[derive(Debug, Clone)]
pub struct State {
    /// Tokens consumed.
    pub(super) position: u64,
    pub(super) layers: Vec<LayerState>,
    /// How the tokens of a window are turned to each other.
    pub(super) rope_table: Arc<[f32]>,
}

impl State {
    /// The state before the first token.
    pub fn new(config: &ModelConfig) -> Self {
        let empty = LayerState { levels: vec![None; config.levels], ..LayerState::default() };
        let rope_table = rope_table(config.chunk, config.width / config.heads);
        Self { position: 0, layers: vec![empty; config.layers], rope_table }
    }

    /// Number of tokens consumed.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Number of floats held.
    pub fn floats(&self) -> usize {
        self.layers.iter().map(LayerState::floats).sum()
    }
}

impl LayerState {
    /// What the parallel form needs of this state when a new chunk begins; `None` before the first token.
    pub(super) fn past(&self, chunks: u64) -> Option<Past> {
        let window = self.current.clone()?;
        let mut levels = self.levels.clone();
        let newest = [levels[0].take(), self.pending.clone(), self.summary.clone()];
        levels[0] = Slots::join(newest.into_iter().flatten().collect());
        Some(Past { chunks, window, levels })
    }

    /// Takes over what the parallel form leaves after `chunks` finished chunks in all.
    pub(super) fn absorb(&mut self, sizes: &Sizes, chunks: u64, tokens: Slots, pools: Vec<(u64, Slots)>) {
        let (c, count) = (sizes.chunk, tokens.len());
        let chunk = |from: usize| {
            let chunk = tokens.clone().narrow(from, c);
            [chunk.keys, chunk.values]
        };
        self.previous = if count >= 2 * c { Some(chunk(count - 2 * c)) } else { self.current.take() };
        self.current = Some(chunk(count - c));
        let mut held = retained(sizes, chunks).into_iter();
        self.levels = vec![None; sizes.levels];
        for (level, (base, pool)) in pools.into_iter().enumerate() {
            let range = held.next().unwrap_or(0..0);
            if level == 0 {
                let len = pool.len();
                self.summary = Some(pool.clone().narrow(len - 1, 1));
                self.pending = (len >= 2).then(|| pool.clone().narrow(len - 2, 1));
            }
            let count = (range.end - range.start) as usize;
            self.levels[level] = (count > 0).then(|| pool.narrow((range.start - base) as usize, count));
        }
    }

    /// Hands the finished chunk on: the window moves, and the chunk that leaves it enters the hierarchy.
    pub(super) fn finish_chunk(&mut self, sizes: &Sizes) {
        if let Some(slot) = self.pending.take() {
            self.push(sizes, 0, slot);
        }
        self.pending = self.summary.take();
        self.previous = self.current.take();
    }

    fn push(&mut self, sizes: &Sizes, level: usize, slot: Slots) {
        let parts = self.levels[level].take().into_iter().chain([slot]).collect();
        let slots = Slots::join(parts).expect("at least the new slot");
        let count = slots.len();
        let last = level + 1 == sizes.levels;
        if last && count > sizes.slots {
            self.levels[level] = Some(slots.narrow(1, count - 1));
        } else if !last && count == sizes.slots + sizes.merge_factor {
            let oldest = slots.clone().narrow(0, sizes.merge_factor).merge(sizes.merge_factor);
            self.levels[level] = Some(slots.narrow(sizes.merge_factor, count - sizes.merge_factor));
            self.push(sizes, level + 1, oldest);
        } else {
            self.levels[level] = Some(slots);
        }
    }

    fn floats(&self) -> usize {
        let slots = |slots: &Slots| {
            slots.keys.dims().iter().product::<usize>() * 2 + slots.log_mass.dims().iter().product::<usize>()
        };
        let pair = |pair: &[Tensor<4>; 2]| pair[0].dims().iter().product::<usize>() * 2;
        self.last.as_ref().map_or(0, |x| x.dims().iter().product())
            + self.memory.as_ref().map_or(0, |x| x.dims().iter().product())
            + self.previous.iter().chain(&self.current).map(pair).sum::<usize>()
            + self.summary.iter().chain(&self.pending).chain(self.levels.iter().flatten()).map(slots).sum::<usize>()
    }
}
