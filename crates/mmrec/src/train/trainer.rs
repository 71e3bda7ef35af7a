//! One optimizer step: forward, loss, backward, accumulate, clip, update. Nothing is read back from the device here.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData};

use super::leaves::Leaves;
use super::planning::{planned, without_conflict};
use super::recompute::recomputed;
use super::trained::choose;
use super::{AdamW, learning_rate, trained_specs};
use crate::config::{ModelConfig, TrainConfig};
use crate::model::{Dropout, Model};
use crate::ops::cross_entropy;
use crate::platform;

/// Token ids of one pass, `[batch, context]` each.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What the model reads.
    pub inputs: Vec<u16>,
    /// What comes next, token by token.
    pub targets: Vec<u16>,
    /// Tokens in a row.
    pub context: usize,
}

impl Batch {
    /// The rows in up to `parts` parts of whole rows, as equal as can be.
    fn split(&self, parts: usize) -> Vec<Batch> {
        let rows = self.inputs.len() / self.context;
        let size = rows.div_ceil(parts.clamp(1, rows)) * self.context;
        let part = |(inputs, targets): (&[u16], &[u16])| Batch {
            inputs: inputs.to_vec(),
            targets: targets.to_vec(),
            context: self.context,
        };
        self.inputs.chunks(size).zip(self.targets.chunks(size)).map(part).collect()
    }

    /// Both as tensors `[batch, context]`.
    pub fn tensors(&self, device: &Device) -> [Tensor<2, Int>; 2] {
        [&self.inputs, &self.targets].map(|ids| {
            let rows = ids.len() / self.context;
            let ids: Vec<i32> = ids.iter().map(|&id| i32::from(id)).collect();
            Tensor::from_data(TensorData::new(ids, [rows, self.context]), device)
        })
    }
}

/// What a step measured, still on the device, `[1]` each.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Mean training loss in nats per token.
    pub loss: Tensor<1>,
    /// Global norm of the gradient before clipping.
    pub grad_norm: Tensor<1>,
}

/// A model in training. A clone shares its tensors and costs nothing until the next step.
#[derive(Debug, Clone)]
pub struct Trainer {
    /// The model, on an autodiff device; what of it is trained requires gradients.
    pub model: Model,
    /// The optimizer.
    pub optimizer: AdamW,
    /// Optimizer steps taken.
    pub step: u64,
    /// The step that the schedule began with.
    pub began: u64,
    dropout: f64,
}

impl Trainer {
    /// A trainer of what `train` says of `model`, which lives on an autodiff device and has its adapters, if any.
    pub fn new(config: &ModelConfig, train: &TrainConfig, model: Model, optimizer: AdamW, step: u64) -> Self {
        Self { model: choose(model, train), optimizer, step, began: 0, dropout: config.dropout }
    }

    /// The same with a schedule that began with step `began`.
    pub fn begun_at(self, began: u64) -> Self {
        Self { began, ..self }
    }

    /// A trainer of a fresh model, all of it.
    pub fn fresh(config: &ModelConfig, seed: u64, device: &Device) -> Self {
        let model = Model::new(config, seed, &device.clone().autodiff());
        Self::start(config, &TrainConfig::for_model(config), model)
    }

    /// A trainer of what `train` says of `model`, which lives on an autodiff device, that has taken no step yet. Adapters, if
    /// `train` asks for them, begin here.
    pub fn start(config: &ModelConfig, train: &TrainConfig, model: Model) -> Self {
        let device = model.embedding.device().inner();
        let specs = trained_specs(config, train);
        let zero = |n: usize| Tensor::zeros([n], &device);
        let moments = specs.iter().map(|spec| [zero(spec.len()), zero(spec.len())]).collect();
        let model = match train.adapter() {
            Some(adapter) => model.with_adapters(config, &adapter, |spec| spec.initial(train.seed)),
            None => model,
        };
        Self::new(config, train, model, AdamW::new(&specs, moments, false), 0)
    }

    /// The model as it is now, without gradients and with its adapters merged into its weights.
    pub fn trained_model(&self) -> Model {
        self.model.valid().materialize()
    }

    /// Takes one step on `batches`, whose gradients are averaged.
    ///
    /// On several threads each batch is cut into as many parts, so that not only matrix products but everything runs on all
    /// cores. The parts are added up in their order: the result depends on their number, not on who was first.
    pub fn step(&mut self, config: &TrainConfig, batches: &[Batch]) -> Measured {
        let device = self.model.embedding.device();
        let mut sum: Option<Pass> = None;
        for (index, batch) in batches.iter().enumerate() {
            let number = self.step * batches.len() as u64 + index as u64;
            let parts = batch.split(platform::workers(&device));
            let passes = platform::map(&parts, |part_index, part| {
                let share = part.inputs.len() as f32 / (batch.inputs.len() * batches.len()) as f32;
                let dropout = Dropout::new(self.dropout, config.seed, (number << 16) | part_index as u64);
                self.pass(part, share, dropout, config)
            });
            sum = sum.into_iter().chain(passes).reduce(Pass::add);
        }
        let Pass { loss, gradients, plans } = sum.expect("at least one batch");
        let gradients = if plans.is_empty() { gradients } else { without_conflict(gradients, plans) };
        let lr = learning_rate(config, self.began, self.step);
        let (model, grad_norm) = self.optimizer.update(self.model.clone(), gradients, config, self.step, lr);
        self.model = model;
        self.step += 1;
        Measured { loss, grad_norm }
    }

    /// Forward and backward over one part, whose loss counts for `share` of the step's.
    fn pass(&self, part: &Batch, share: f32, dropout: Dropout, config: &TrainConfig) -> Pass {
        // Leaves of its own: passes that shared the weights' nodes would share one graph and wait for each other.
        let leaves = || Leaves::of(&self.model, config.precision);
        let tokens = part.tensors(&self.model.embedding.device());
        let to_plan = self.model.to_plan(tokens[0].clone());
        let plans =
            to_plan.map(|tokens| planned(&leaves(), tokens, share, dropout.clone(), config)).unwrap_or_default();
        let pass = if config.recompute {
            recomputed(&leaves(), tokens, share, dropout, config)
        } else {
            whole(&leaves(), tokens, share, dropout)
        };
        Pass { plans, ..pass }
    }
}

/// Loss and gradients of inputs and targets `[batch, time]` by one graph over the whole model; its loss counts for `share` of the
/// step's.
fn whole(model: &Model, [inputs, targets]: [Tensor<2, Int>; 2], share: f32, mut dropout: Dropout) -> Pass {
    let loss = cross_entropy(model.forward(inputs, &mut dropout), targets) * share;
    let gradients = gradients(model, &mut loss.backward());
    Pass { loss: loss.inner(), gradients, plans: Vec::new() }
}

/// Loss and gradients of a part of a step.
pub(super) struct Pass {
    /// The part's share of the step's loss, `[1]`.
    pub loss: Tensor<1>,
    /// One row for everything that is trained, in the order of the weights; of rounded weights as their products gave it.
    pub gradients: Vec<Tensor<1>>,
    /// The same of the planning loss; none where the model does not plan.
    pub plans: Vec<Tensor<1>>,
}

impl Pass {
    /// The sum of two, weight by weight.
    fn add(self, other: Pass) -> Pass {
        let add = |a: Vec<Tensor<1>>, b: Vec<Tensor<1>>| {
            a.into_iter().zip(b).map(|(a, b)| a.cast(DType::F32) + b.cast(DType::F32)).collect()
        };
        Pass {
            loss: self.loss + other.loss,
            gradients: add(self.gradients, other.gradients),
            plans: add(self.plans, other.plans),
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
