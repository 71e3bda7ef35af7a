//! The whole model: tokens in, logits out.

use burn::module::{Module, Param, ParamId};
use burn::tensor::module::embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::stream::StepConstants;
use super::{
    AttentionBlock, Block, Dropout, Gates, MemoryBlock, State, WeightSpec, adapted_weight, all_specs, weight_specs,
};
use crate::config::{AdapterConfig, ModelConfig};
use crate::ops::slot_attention::{Sizes, Tables};
use crate::ops::{Rotary, linear, norm_shift, runs_memory_kernels};

/// An MM-Rec language model, or a GPT to compare it with.
#[derive(Module, Debug)]
pub struct Model {
    /// `[vocab, width]`
    pub embedding: Param<Tensor<2>>,
    /// The blocks, first to last.
    pub blocks: Vec<Block>,
    /// UBÖO's head, an option: `[width, width]`, used in training only
    pub planner: Option<Param<Tensor<2>>>,
    /// nf, `[width]`
    pub norm: Param<Tensor<1>>,
    /// `[width, vocab]`
    pub head: Param<Tensor<2>>,
    #[module(skip)]
    sizes: Sizes,
}

impl Model {
    /// A model with fresh weights; the configuration must be valid.
    pub fn new(config: &ModelConfig, seed: u64, device: &Device) -> Self {
        let start = |spec: &WeightSpec| Ok::<_, std::convert::Infallible>(spec.initial(seed));
        match Self::from_values(config, device, start) {
            Ok(model) => model,
            Err(never) => match never {},
        }
    }

    /// A model whose weights `values` gives, as many as each specification says.
    ///
    /// # Errors
    /// The first that `values` returns.
    pub fn from_values<E>(
        config: &ModelConfig,
        device: &Device,
        mut values: impl FnMut(&WeightSpec) -> Result<Vec<f32>, E>,
    ) -> Result<Self, E> {
        let mut rows = Vec::new();
        for spec in weight_specs(config) {
            rows.push(Tensor::from_data(TensorData::new(values(&spec)?, [spec.len()]), device));
        }
        Ok(Self::from_rows(config, None, rows))
    }

    /// A model of these weights, each as one row, in the order of [`all_specs`](super::all_specs); with gradients if they are on
    /// a device that has them.
    pub fn from_rows(
        config: &ModelConfig,
        adapter: Option<&AdapterConfig>,
        rows: impl IntoIterator<Item = Tensor<1>>,
    ) -> Self {
        let is_factor = |(spec, _): &(WeightSpec, Tensor<1>)| adapted_weight(&spec.name).is_some();
        let (factors, rows): (Vec<_>, Vec<_>) = all_specs(config, adapter).into_iter().zip(rows).partition(is_factor);
        let mut rows = rows.into_iter().map(|(spec, row)| (spec.shape, row));
        let mut weights = Weights(&mut rows);
        let model = Self {
            embedding: weights.next(),
            blocks: (0..config.layers).map(|_| weights.block(config)).collect(),
            planner: config.planning.then(|| weights.next()),
            norm: weights.next(),
            head: weights.next(),
            sizes: sizes(config),
        };
        match adapter {
            Some(adapter) => model.with_factors(config, adapter, factors.into_iter().map(|(_, row)| row).collect()),
            None => model,
        }
    }

    /// Tokens as one row on the model's device, `[1, time]`.
    pub(crate) fn ids(&self, tokens: &[u16]) -> Tensor<2, Int> {
        let ids: Vec<i32> = tokens.iter().map(|&id| i32::from(id)).collect();
        Tensor::from_data(TensorData::new(ids, [1, tokens.len()]), &self.embedding.device())
    }

    /// Logits `[batch, time, vocab]` of tokens `[batch, time]` of any length, in parallel over time.
    pub fn forward(&self, tokens: Tensor<2, Int>, dropout: &mut Dropout) -> Tensor<3> {
        let time = tokens.dims()[1];
        self.logits(self.stream(tokens, self.blocks.len(), dropout), time)
    }

    /// The stream after the first `blocks` blocks, `[batch, whole chunks of time, width]` of tokens `[batch, time]`.
    pub(crate) fn stream(&self, tokens: Tensor<2, Int>, blocks: usize, dropout: &mut Dropout) -> Tensor<3> {
        let tables = self.tables(tokens.dims()[1]);
        (0..blocks).fold(self.embed(tokens), |x, index| self.through(index, x, tables.as_ref(), dropout))
    }

    /// Where the stream begins: `[batch, whole chunks of time, width]` of tokens `[batch, time]`.
    pub(crate) fn embed(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let [batch, time] = tokens.dims();
        let padded = time.next_multiple_of(self.sizes.chunk);
        let tokens = if padded == time {
            tokens
        } else {
            // Padding stands behind the text, which nothing before it can see.
            let padding = Tensor::zeros([batch, padded - time], &tokens.device());
            Tensor::cat(vec![tokens, padding], 1)
        };
        embedding(self.embedding.val(), tokens)
    }

    /// What the blocks of a text of `time` tokens share, where no kernels make it themselves.
    pub(crate) fn tables(&self, time: usize) -> Option<Tables> {
        let device = self.embedding.device();
        self.blocks[0].memory()?;
        let (chunks, heads, d) = (time.div_ceil(self.sizes.chunk), self.heads(), self.head_width());
        (!runs_memory_kernels(&device, self.sizes, chunks, heads, d))
            .then(|| Tables::new(self.sizes, 0, chunks, d, &device))
    }

    /// The stream after one more block, `[batch, whole chunks of time, width]` to the same, from the beginning of a text.
    pub(crate) fn through(
        &self,
        block: usize,
        x: Tensor<3>,
        tables: Option<&Tables>,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        match &self.blocks[block] {
            Block::Memory(block) => block.forward(x, &self.sizes, tables, dropout, None),
            Block::Attention(block) => block.forward(x, dropout),
        }
    }

    /// The logits `[batch, time, vocab]` of the first `time` tokens, from the stream after the last block.
    pub(crate) fn logits(&self, x: Tensor<3>, time: usize) -> Tensor<3> {
        let logits = self.read_out(x);
        if logits.dims()[1] == time { logits } else { logits.narrow(1, 0, time) }
    }

    /// Consumes tokens `[batch, time]`, whole chunks in parallel and the rest one by one, and returns the logits after the
    /// last, `[batch, 1, vocab]`.
    pub fn prefill(&self, tokens: Tensor<2, Int>, state: &mut State) -> Tensor<3> {
        let [_, time] = tokens.dims();
        let c = self.sizes.chunk as u64;
        let mut logits = None;
        let mut start = 0;
        while start < time {
            let aligned = state.position.is_multiple_of(c);
            let whole = ((time - start) as u64 / c * c) as usize;
            let count = if aligned && whole > 0 { whole.min(self.prefill_tokens()) } else { 1 };
            let piece = tokens.clone().narrow(1, start, count);
            logits = Some(if count == 1 {
                self.step(piece, state)
            } else {
                let last = self.resume(piece, state);
                last.narrow(1, count - 1, 1)
            });
            start += count;
        }
        logits.expect("a prompt has at least one token")
    }

    /// Tokens that [`prefill`](Self::prefill) consumes at a time: a text given in pieces of so many is consumed as if given whole.
    pub fn prefill_tokens(&self) -> usize {
        PREFILL_CHUNKS * self.sizes.chunk
    }

    /// Logits `[batch, 1, vocab]` after one more token `[batch, 1]`; the state is updated in place.
    pub fn step(&self, token: Tensor<2, Int>, state: &mut State) -> Tensor<3> {
        if self.is_gpt() {
            return self.resume(token, state);
        }
        let constants = StepConstants::new(self.sizes, state, self.head_width(), &self.embedding.device());
        let mut x = embedding(self.embedding.val(), token);
        for (block, layer) in self.blocks.iter().filter_map(Block::memory).zip(&mut state.layers) {
            x = block.step(x, &constants, layer);
        }
        state.position += 1;
        self.read_out(x)
    }

    /// Whole chunks of a text that goes on, by plain operations; kernels begin at the beginning.
    fn resume(&self, tokens: Tensor<2, Int>, state: &mut State) -> Tensor<3> {
        let (time, d, device) = (tokens.dims()[1], self.head_width(), self.embedding.device());
        let (chunks, first) = (time / self.sizes.chunk, state.position / self.sizes.chunk as u64);
        let x = embedding(self.embedding.val(), tokens);
        let layers = &mut state.layers;
        let x = match &self.blocks[0] {
            Block::Memory(_) => {
                let (tables, mut off) = (Tables::new(self.sizes, first, chunks, d, &device), Dropout::new(0.0, 0, 0));
                let memories = self.blocks.iter().filter_map(Block::memory).zip(layers);
                memories.fold(x, |x, (block, layer)| {
                    block.forward(x, &self.sizes, Some(&tables), &mut off, Some((layer, first)))
                })
            }
            Block::Attention(_) => {
                let rotary = Rotary::new(state.position as i64, time, d, &device);
                let attentions = self.blocks.iter().filter_map(Block::attention).zip(layers);
                attentions.fold(x, |x, (block, layer)| block.resume(x, &rotary, layer))
            }
        };
        state.position += time as u64;
        self.read_out(x)
    }

    fn read_out(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, time, width] = x.dims();
        let vocab = self.head.dims()[1];
        let normed = norm_shift(x, self.norm.val(), None).reshape([batch * time, width]);
        linear(normed, self.head.val()).reshape([batch, time, vocab])
    }

    /// Whether it is a GPT.
    pub(crate) fn is_gpt(&self) -> bool {
        self.blocks[0].attention().is_some()
    }

    pub(crate) fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    fn head_width(&self) -> usize {
        self.embedding.dims()[1] / self.heads()
    }

    pub(crate) fn heads(&self) -> usize {
        match &self.blocks[0] {
            Block::Memory(block) => block.decay.dims()[0],
            Block::Attention(block) => block.heads,
        }
    }
}

/// Chunks that a prompt is consumed in at a time, which bounds the memory of a long prompt.
const PREFILL_CHUNKS: usize = 64;

/// The geometry of the memory. A GPT has none, and its text is in chunks of one token.
fn sizes(config: &ModelConfig) -> Sizes {
    let chunk = if config.is_gpt() { 1 } else { config.chunk };
    Sizes { chunk, slots: config.slots, merge_factor: config.merge_factor, levels: config.levels }
}

/// Hands out parameters in the order of [`weight_specs`], from their shapes and rows.
pub(super) struct Weights<'a>(pub &'a mut dyn Iterator<Item = (Vec<usize>, Tensor<1>)>);

impl Weights<'_> {
    pub fn next<const D: usize>(&mut self) -> Param<Tensor<D>> {
        let (shape, row) = self.0.next().expect("one row for every specification");
        let shape: [usize; D] = shape.try_into().expect("the specifications' shapes are those of the fields");
        let trainable = row.device().is_autodiff();
        let tensor = row.reshape(shape);
        Param::initialized(ParamId::new(), if trainable { tensor.require_grad() } else { tensor })
    }

    fn block(&mut self, config: &ModelConfig) -> Block {
        if config.is_gpt() { Block::Attention(self.attention(config)) } else { Block::Memory(self.memory(config)) }
    }

    fn memory(&mut self, config: &ModelConfig) -> MemoryBlock {
        MemoryBlock {
            norm_in: self.next(),
            shift: self.next(),
            hem: self.next(),
            gates: (config.gate_rank > 0).then(|| Gates { squeeze: self.next(), expand: self.next() }),
            decay: self.next(),
            read_norm: self.next(),
            score_scale: self.next(),
            level_bias: self.next(),
            out: self.next(),
            norm_mlp: self.next(),
            gate_up: self.next(),
            down: self.next(),
        }
    }

    fn attention(&mut self, config: &ModelConfig) -> AttentionBlock {
        AttentionBlock {
            norm_in: self.next(),
            qkv: self.next(),
            out: self.next(),
            norm_mlp: self.next(),
            gate_up: self.next(),
            down: self.next(),
            heads: config.heads,
            window: config.window,
        }
    }
}
