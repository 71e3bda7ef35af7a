//! One optimizer step: forward, loss, backward, accumulate, clip, update. Nothing is read back from the device here.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::planning::without_conflict;
use super::trained::choose;
use super::{AdamW, Batch, Pass, Peers, Terms, Work, learning_rate, trained_specs};
use crate::Error;
use crate::config::{ModelConfig, TrainConfig};
use crate::model::Model;

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
    config: ModelConfig,
}

impl Trainer {
    /// A trainer of what `train` says of `model`, which lives on an autodiff device and has its adapters, if any.
    pub fn new(config: &ModelConfig, train: &TrainConfig, model: Model, optimizer: AdamW, step: u64) -> Self {
        Self { model: choose(model, train), optimizer, step, began: 0, config: config.clone() }
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
    pub fn step(&mut self, config: &TrainConfig, batches: &[Batch]) -> Measured {
        let pass = self.work(config, batches).on(&self.model);
        self.update(config, pass)
    }

    /// As [`step`](Self::step), of which `peers` compute their shares.
    ///
    /// # Errors
    /// [`Error::Peer`] if one of them fails; the trainer is then as it was.
    pub fn step_with(&mut self, peers: &Peers, config: &TrainConfig, batches: &[Batch]) -> Result<Measured, Error> {
        let pass = peers.pass(&self.model, self.work(config, batches))?;
        Ok(self.update(config, pass))
    }

    fn work(&self, config: &TrainConfig, batches: &[Batch]) -> Work {
        let tokens = batches.iter().map(|batch| batch.inputs.len() as u64).sum();
        let terms = Terms { model: self.config.clone(), train: config.clone(), step: self.step, place: 0, tokens };
        Work { batches: batches.to_vec(), terms }
    }

    fn update(&mut self, config: &TrainConfig, Pass { loss, gradients, plans }: Pass) -> Measured {
        // Only now that all parts are added up: a part of the loss may pull where the whole does not.
        let gradients = if plans.is_empty() { gradients } else { without_conflict(gradients, plans) };
        let lr = learning_rate(config, self.began, self.step);
        let (model, grad_norm) = self.optimizer.update(self.model.clone(), gradients, config, self.step, lr);
        self.model = model;
        self.step += 1;
        Measured { loss, grad_norm }
    }
}
