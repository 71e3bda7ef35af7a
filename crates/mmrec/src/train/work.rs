//! What one device computes of a step: forward, loss and backward over rows of tokens. All that it depends on beside the weights
//! is in its [`Terms`], so that another thread, process or machine computes the same.

use std::ops::Range;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::leaves::{Leaves, check_precision};
use super::planning::planned;
use super::recompute::recomputed;
use super::trained::{choose, trained_specs};
use crate::Error;
use crate::config::{ModelConfig, TrainConfig};
use crate::model::{Dropout, Model, WeightSpec, all_specs};
use crate::ops::cross_entropy;
use crate::platform;

/// Token ids of one pass, `[batch, context]` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// What the model reads.
    pub inputs: Vec<u16>,
    /// What comes next, token by token.
    pub targets: Vec<u16>,
    /// Tokens in a row.
    pub context: usize,
}

impl Batch {
    /// Rows of tokens.
    pub fn rows(&self) -> usize {
        self.inputs.len() / self.context
    }

    /// The rows in up to `parts` parts of whole rows, as equal as can be.
    fn split(&self, parts: usize) -> Vec<Batch> {
        let rows = self.rows();
        let size = rows.div_ceil(parts.clamp(1, rows));
        (0..rows).step_by(size).map(|from| self.part(from..rows.min(from + size))).collect()
    }

    /// The rows of place `place` of `places`, which get as many each, give or take one.
    fn share(&self, place: usize, places: usize) -> Batch {
        let [from, to] = [place, place + 1].map(|place| place * self.rows() / places);
        self.part(from..to)
    }

    /// Some of the rows.
    fn part(&self, rows: Range<usize>) -> Batch {
        let tokens = rows.start * self.context..rows.end * self.context;
        let [inputs, targets] = [&self.inputs, &self.targets].map(|ids| ids[tokens.clone()].to_vec());
        Batch { inputs, targets, context: self.context }
    }

    /// Both as tensors `[batch, context]`.
    pub fn tensors(&self, device: &Device) -> [Tensor<2, Int>; 2] {
        [&self.inputs, &self.targets].map(|ids| {
            let ids: Vec<i32> = ids.iter().map(|&id| i32::from(id)).collect();
            Tensor::from_data(TensorData::new(ids, [self.rows(), self.context]), device)
        })
    }
}

/// What a pass depends on beside weights and tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The model's sizes and its dropout.
    pub model: ModelConfig,
    /// The run's settings.
    pub train: TrainConfig,
    /// The step, from 0.
    pub step: u64,
    /// The device's place among those that share the step, from 0; below [`PLACES`].
    pub place: u64,
    /// Tokens of the whole step, over which its loss is the mean.
    pub tokens: u64,
}

impl Terms {
    /// Everything that a pass reads, in the order of [`Model::from_rows`].
    pub fn weights(&self) -> Vec<WeightSpec> {
        all_specs(&self.model, self.train.adapter().as_ref())
    }

    /// Everything that a pass gives a gradient of, in their order.
    pub fn trained(&self) -> Vec<WeightSpec> {
        trained_specs(&self.model, &self.train)
    }
}

/// The most devices that share a step.
pub const PLACES: usize = 64;

/// Parts of a batch on one device are numbered below this.
const PARTS: u64 = 1 << 10;

/// A device's share of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Its rows of every batch.
    pub batches: Vec<Batch>,
    /// What else the result depends on.
    pub terms: Terms,
}

impl Work {
    /// The shares of `places` devices; at least one of them has none if there are fewer rows in a batch.
    #[cfg_attr(not(feature = "peers"), expect(dead_code, reason = "there are no other devices"))]
    pub(super) fn shares(&self, places: usize) -> Vec<Work> {
        let share = |place| Work {
            batches: self.batches.iter().map(|batch| batch.share(place, places)).collect(),
            terms: Terms { place: place as u64, ..self.terms.clone() },
        };
        (0..places).map(share).collect()
    }

    /// Forward and backward on the device of `model`.
    ///
    /// On several threads each batch is cut into as many parts, so that not only matrix products but everything runs on all
    /// cores. The parts are added up in their order: the result depends on their number, not on who was first.
    pub fn on(&self, model: &Model) -> Pass {
        let (terms, count) = (&self.terms, self.batches.len() as u64);
        let mut sum: Option<Pass> = None;
        for (index, batch) in self.batches.iter().enumerate() {
            let number = terms.step * count + index as u64;
            let parts = batch.split(platform::workers(&model.embedding.device()));
            let passes = platform::map(&parts, |part_index, part| {
                let share = part.inputs.len() as f32 / terms.tokens as f32;
                let place = terms.place * PARTS + part_index as u64;
                let dropout = Dropout::new(terms.model.dropout, terms.train.seed, (number << 16) | place);
                pass(model, part, share, dropout, terms)
            });
            sum = sum.into_iter().chain(passes).reduce(Pass::add);
        }
        sum.expect("at least one batch")
    }

    /// The same on `device`, with `rows` as the weights (see [`Model::from_rows`]), which may be on any device. Gradients are f32.
    ///
    /// # Errors
    /// [`Error::Precision`] if the device does not have what the run's settings ask for, [`Error::DeviceLost`] or
    /// [`Error::DeviceFault`] if it fails.
    pub fn on_device(&self, rows: impl IntoIterator<Item = Tensor<1>>, device: &Device) -> Result<Pass, Error> {
        let Terms { model, train, .. } = &self.terms;
        let device = device.clone().inner();
        check_precision(train, &device)?;
        let rows = rows.into_iter().map(|row| Tensor::from_inner(row.to_device(&device)));
        let model = Model::from_rows(model, train.adapter().as_ref(), rows);
        let pass = self.on(&choose(model, train)).map(|gradient| gradient.cast(DType::F32));
        // Whoever asked takes what comes: a device that fails has to say so first.
        device.sync().map_err(|error| Error::DeviceLost(error.to_string()))?;
        platform::trust(&device)?;
        Ok(pass)
    }
}

/// Forward and backward over one part, whose loss counts for `share` of the step's.
fn pass(model: &Model, part: &Batch, share: f32, dropout: Dropout, terms: &Terms) -> Pass {
    let train = &terms.train;
    // Leaves of its own: passes that shared the weights' nodes would share one graph and wait for each other.
    let leaves = || Leaves::of(model, train.precision);
    let tokens = part.tensors(&model.embedding.device());
    let plans = if terms.model.plans(part.context) {
        planned(&leaves(), model.whole_blocks(tokens[0].clone()), share, dropout.clone(), train)
    } else {
        Vec::new()
    };
    let pass = if train.recompute {
        recomputed(&leaves(), tokens, share, dropout, train)
    } else {
        whole(&leaves(), tokens, share, dropout)
    };
    Pass { plans, ..pass }
}

/// Loss and gradients of inputs and targets `[batch, time]` by one graph over the whole model; its loss counts for `share` of the
/// step's.
fn whole(model: &Model, [inputs, targets]: [Tensor<2, Int>; 2], share: f32, mut dropout: Dropout) -> Pass {
    let loss = cross_entropy(model.forward(inputs, &mut dropout), targets) * share;
    let gradients = gradients(model, &mut loss.backward());
    Pass { loss: loss.inner(), gradients, plans: Vec::new() }
}

/// Loss and gradients of a part of a step.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The part's share of the step's loss, `[1]`.
    pub loss: Tensor<1>,
    /// One row for everything that is trained, in the order of the weights; of rounded weights as their products gave it.
    pub gradients: Vec<Tensor<1>>,
    /// The same of the planning loss; none where the model does not plan.
    pub plans: Vec<Tensor<1>>,
}

impl Pass {
    /// The sum of two, weight by weight.
    pub(super) fn add(self, other: Pass) -> Pass {
        let add = |a: Vec<Tensor<1>>, b: Vec<Tensor<1>>| {
            a.into_iter().zip(b).map(|(a, b)| a.cast(DType::F32) + b.cast(DType::F32)).collect()
        };
        Pass {
            loss: self.loss + other.loss,
            gradients: add(self.gradients, other.gradients),
            plans: add(self.plans, other.plans),
        }
    }

    /// Another form of every row.
    pub(super) fn map(self, form: impl Fn(Tensor<1>) -> Tensor<1>) -> Pass {
        Pass {
            loss: form(self.loss),
            gradients: self.gradients.into_iter().map(&form).collect(),
            plans: self.plans.into_iter().map(&form).collect(),
        }
    }
}

/// The gradient of everything that is trained in the model or a part of it as one row, in the order of the weights.
pub(super) fn gradients<M: Module>(module: &M, gradients: &mut Gradients) -> Vec<Tensor<1>> {
    struct Take<'a>(&'a mut Gradients, Vec<Tensor<1>>);
    impl ModuleVisitor for Take<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let weight = param.base();
            if !weight.is_require_grad() {
                return;
            }
            let count: usize = weight.dims().iter().product();
            let gradient = weight.grad_remove(self.0).map(|gradient| gradient.reshape([count]));
            // A text too short for a level of the hierarchy leaves that level's bias without a gradient.
            self.1.push(gradient.unwrap_or_else(|| Tensor::zeros([count], &weight.device().inner())));
        }
    }
    let mut take = Take(gradients, Vec::new());
    module.visit(&mut take);
    take.1
}
