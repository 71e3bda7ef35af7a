//! One optimizer step: forward, loss, backward, accumulate, clip, update. Nothing is read back from the device here.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};

use super::{AdamW, learning_rate};
use crate::config::TrainConfig;
use crate::model::{Dropout, Model, weight_specs};
use crate::config::ModelConfig;
use crate::ops::cross_entropy;

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
    /// The model, on an autodiff device.
    pub model: Model,
    /// The optimizer.
    pub optimizer: AdamW,
    /// Optimizer steps taken.
    pub step: u64,
    dropout: f64,
}

impl Trainer {
    /// A trainer of `model`, which lives on an autodiff device.
    pub fn new(config: &ModelConfig, model: Model, optimizer: AdamW, step: u64) -> Self {
        Self { model, optimizer, step, dropout: config.dropout }
    }

    /// A trainer of a fresh model.
    pub fn fresh(config: &ModelConfig, seed: u64, device: &Device) -> Self {
        let model = Model::new(config, seed, &device.clone().autodiff());
        let specs = weight_specs(config);
        let zero = |n: usize| Tensor::zeros([n], device);
        let moments = specs.iter().map(|spec| [zero(spec.len()), zero(spec.len())]).collect();
        Self::new(config, model, AdamW::new(&specs, moments), 0)
    }

    /// Takes one step on `batches`, whose gradients are averaged.
    pub fn step(&mut self, config: &TrainConfig, batches: &[Batch]) -> Measured {
        let device = self.model.embedding.device();
        let share = 1.0 / batches.len() as f32;
        let mut loss: Option<Tensor<1>> = None;
        let mut total: Option<Vec<Tensor<1>>> = None;
        for (index, batch) in batches.iter().enumerate() {
            let pass = self.step * batches.len() as u64 + index as u64;
            let mut dropout = Dropout::new(self.dropout, config.seed, pass);
            let [inputs, targets] = batch.tensors(&device);
            let part = cross_entropy(self.model.forward(inputs, &mut dropout), targets) * share;
            let gradients = gradients(&self.model, &mut part.backward());
            let part = part.inner();
            loss = Some(loss.map_or(part.clone(), |sum| sum + part));
            total = Some(match total {
                None => gradients,
                Some(sums) => sums.into_iter().zip(gradients).map(|(sum, gradient)| sum + gradient).collect(),
            });
        }
        let lr = learning_rate(config, self.step);
        let total = total.expect("at least one batch");
        let (model, grad_norm) = self.optimizer.update(self.model.clone(), total, config, self.step, lr);
        self.model = model;
        self.step += 1;
        Measured { loss: loss.expect("at least one batch"), grad_norm }
    }
}

/// The gradient of every weight as one row, in the order of the weights.
fn gradients(model: &Model, gradients: &mut Gradients) -> Vec<Tensor<1>> {
    struct Take<'a>(&'a mut Gradients, Vec<Tensor<1>>);
    impl ModuleVisitor for Take<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let weight = param.val();
            let count: usize = weight.dims().iter().product();
            let gradient = weight.grad_remove(self.0).map(|gradient| gradient.reshape([count]));
            // A text too short for a level of the hierarchy leaves that level's bias without a gradient.
            self.1.push(gradient.unwrap_or_else(|| Tensor::zeros([count], &weight.device().inner())));
        }
    }
    let mut take = Take(gradients, Vec::new());
    model.visit(&mut take);
    take.1
}
