//! What one device computes of a step: forward, loss and backward over rows of tokens. All that it depends on beside the weights
//! is in its [`StepContext`], so that another thread, process or machine computes the same.

use burn::tensor::{DType, Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::aux_loss::backprop_aux;
use super::grad_checkpointing::backprop_checkpointed;
use super::gradients::{Gradients, add, into_rows, take_gradients};
use super::leaves::{check_precision, fresh_leaves};
use super::trainable::{mark_trainable, trainable_specs};
use crate::Error;
use crate::config::{ModelConfig, TrainConfig};
use crate::model::{Dropout, Model, WeightSpec, all_specs};
use crate::ops::cross_entropy;
use crate::platform;

/// What forward and backward depend on beside weights and tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepContext {
    /// The model's sizes and its dropout.
    pub model: ModelConfig,
    /// The run's settings.
    pub train: TrainConfig,
    /// The step, from 0.
    pub step: u64,
    /// The device's number among those that share the step, from 0; below [`MAX_WORLD_SIZE`].
    pub rank: u64,
    /// Tokens of the whole step, over which its loss is the mean.
    pub tokens: u64,
}

impl StepContext {
    /// Everything that the model has, in the order of [`Model::from_rows`].
    pub fn weights(&self) -> Vec<WeightSpec> {
        all_specs(&self.model, self.train.adapter().as_ref())
    }

    /// Everything that there is a gradient of, in the same order.
    pub fn trainable(&self) -> Vec<WeightSpec> {
        trainable_specs(&self.model, &self.train)
    }
}

/// The most devices that share a step.
pub const MAX_WORLD_SIZE: usize = 64;

/// Chunks of a batch on one device are numbered below this.
const MAX_CHUNKS: u64 = 1 << 10;

/// A device's rows of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepShard {
    /// Its rows of every batch.
    pub batches: Vec<Batch>,
    /// What else the result depends on.
    pub context: StepContext,
}

impl StepShard {
    /// The shards of `world_size` devices; at least one of them has no rows if there are fewer in a batch.
    #[cfg_attr(not(feature = "peers"), expect(dead_code, reason = "there are no other devices"))]
    pub(super) fn split(&self, world_size: usize) -> Vec<StepShard> {
        let shard = |rank| StepShard {
            batches: self.batches.iter().map(|batch| batch.shard(rank, world_size)).collect(),
            context: StepContext { rank: rank as u64, ..self.context.clone() },
        };
        (0..world_size).map(shard).collect()
    }

    /// Forward and backward on the device of `model`.
    ///
    /// On several threads each batch is cut into as many chunks, so that not only matrix products but everything runs on all
    /// cores. The chunks are added up in their order: the result depends on their number, not on who was first.
    pub fn backprop(&self, model: &Model) -> LossAndGrads {
        let (context, count) = (&self.context, self.batches.len() as u64);
        let mut sum = None;
        for (index, batch) in self.batches.iter().enumerate() {
            let number = context.step * count + index as u64;
            let chunks = batch.chunks(platform::workers(&model.embedding.device()));
            let results = platform::map(&chunks, |chunk_index, chunk| {
                let loss_weight = chunk.inputs.len() as f32 / context.tokens as f32;
                let place = context.rank * MAX_CHUNKS + chunk_index as u64;
                let dropout = Dropout::new(context.model.dropout, context.train.seed, (number << 16) | place);
                backprop_chunk(model, chunk, loss_weight, dropout, context)
            });
            sum = results.into_iter().fold(sum, |sum, result| Some(result.after(sum)));
        }
        sum.expect("at least one batch")
    }

    /// The same on `device`, with `rows` as the weights (see [`Model::from_rows`]), which may be on any device. Gradients are f32.
    ///
    /// # Errors
    /// [`Error::Precision`] if the device does not have what the run's settings ask for, [`Error::DeviceLost`] or
    /// [`Error::DeviceFault`] if it fails.
    pub fn backprop_on(
        &self,
        rows: impl IntoIterator<Item = Tensor<1>>,
        device: &Device,
    ) -> Result<LossAndGrads, Error> {
        let StepContext { model, train, .. } = &self.context;
        let device = device.clone().inner();
        check_precision(train, &device)?;
        let rows = rows.into_iter().map(|row| Tensor::from_inner(row.to_device(&device)));
        let model = Model::from_rows(model, train.adapter().as_ref(), rows);
        let result = self.backprop(&mark_trainable(model, train)).map(|row| row.cast(DType::F32));
        // Whoever asked takes what comes: a device that fails has to say so first.
        device.sync().map_err(|error| Error::DeviceLost(error.to_string()))?;
        platform::trust(&device)?;
        Ok(result)
    }
}

/// Forward and backward over one chunk, whose loss counts for `loss_weight` of the step's.
fn backprop_chunk(
    model: &Model,
    chunk: &Batch,
    loss_weight: f32,
    dropout: Dropout,
    context: &StepContext,
) -> LossAndGrads {
    let train = &context.train;
    // Leaves of its own: passes that shared the weights' nodes would share one graph and wait for each other.
    let leaves = || fresh_leaves(model, train.precision);
    let tokens = chunk.tensors(&model.embedding.device());
    let aux = if context.model.plans(chunk.context) {
        backprop_aux(&leaves(), model.whole_chunks(tokens[0].clone()), loss_weight, dropout.clone(), train)
    } else {
        Gradients::new()
    };
    let result = if train.recompute {
        backprop_checkpointed(&leaves(), tokens, loss_weight, dropout, train)
    } else {
        backprop_full(&leaves(), tokens, loss_weight, dropout)
    };
    LossAndGrads { aux, ..result }
}

/// Loss and gradients of inputs and targets `[batch, time]` by one graph over the whole model; its loss counts for `loss_weight` of
/// the step's.
fn backprop_full(
    model: &Model,
    [inputs, targets]: [Tensor<2, Int>; 2],
    loss_weight: f32,
    mut dropout: Dropout,
) -> LossAndGrads {
    let loss = cross_entropy(model.forward(inputs, &mut dropout), targets) * loss_weight;
    let gradients = take_gradients("", model, &mut loss.backward());
    LossAndGrads { loss: loss.inner(), gradients, aux: Gradients::new() }
}

/// Loss and gradients of a part of a step.
#[derive(Debug, Clone)]
pub struct LossAndGrads {
    /// The part's share of the step's loss, `[1]`.
    pub loss: Tensor<1>,
    /// Of everything that is trained; of rounded weights as their products gave it.
    pub gradients: Gradients,
    /// The same of the planning loss; none where the model does not plan.
    pub aux: Gradients,
}

impl LossAndGrads {
    /// The sum of two.
    fn add(self, other: LossAndGrads) -> LossAndGrads {
        LossAndGrads {
            loss: self.loss + other.loss,
            gradients: add(self.gradients, other.gradients),
            aux: add(self.aux, other.aux),
        }
    }

    /// The sum with those before it, if there are any.
    pub(super) fn after(self, before: Option<LossAndGrads>) -> LossAndGrads {
        match before {
            Some(before) => before.add(self),
            None => self,
        }
    }

    /// Another form of every row.
    pub(super) fn map(self, form: impl Fn(Tensor<1>) -> Tensor<1>) -> LossAndGrads {
        let each = |gradients: Gradients| gradients.into_iter().map(|(name, row)| (name, form(row))).collect();
        LossAndGrads { loss: form(self.loss.clone()), gradients: each(self.gradients), aux: each(self.aux) }
    }

    /// All of it as rows without names, to be sent: the loss, the gradients in the order of `specs`, which are all that is trained, and
    /// in the same order those of the planning loss, if there are any.
    pub fn into_rows(self, specs: &[WeightSpec]) -> Vec<Tensor<1>> {
        let aux = if self.aux.is_empty() { Vec::new() } else { into_rows(self.aux, specs) };
        [self.loss].into_iter().chain(into_rows(self.gradients, specs)).chain(aux).collect()
    }

    /// What such rows hold; `None` where there are too few.
    pub fn from_rows(rows: impl IntoIterator<Item = Tensor<1>>, specs: &[WeightSpec]) -> Option<LossAndGrads> {
        let mut rows = rows.into_iter();
        let loss = rows.next()?;
        let mut named = || -> Gradients { specs.iter().map(|spec| spec.name.clone()).zip(rows.by_ref()).collect() };
        let (gradients, aux) = (named(), named());
        let is_whole = gradients.len() == specs.len() && (aux.is_empty() || aux.len() == specs.len());
        is_whole.then_some(LossAndGrads { loss, gradients, aux })
    }
}
