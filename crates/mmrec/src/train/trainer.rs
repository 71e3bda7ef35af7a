//! One optimizer step: forward, loss, backward, accumulate, clip, update. Nothing is read back from the device here.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::aux_loss::project_conflicting;
use super::trainable::mark_trainable;
use super::{
    Batch, LossAndGrads, ModelOptimizer, ReplicaGroup, StepContext, StepShard, learning_rate, trainable_specs,
};
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
    pub optimizer: ModelOptimizer,
    /// Optimizer steps taken.
    pub step: u64,
    /// The step that the schedule began with.
    pub schedule_start: u64,
    config: ModelConfig,
}

impl Trainer {
    /// A trainer of what `train` says of `model`, which lives on an autodiff device and has its adapters, if any.
    pub fn new(
        config: &ModelConfig,
        train: &TrainConfig,
        model: Model,
        optimizer: ModelOptimizer,
        step: u64,
        schedule_start: u64,
    ) -> Self {
        Self { model: mark_trainable(model, train), optimizer, step, schedule_start, config: config.clone() }
    }

    /// A trainer of a fresh model, all of it.
    pub fn fresh(config: &ModelConfig, train: &TrainConfig, device: &Device) -> Self {
        let model = Model::new(config, train.seed, &device.clone().autodiff());
        Self::start(config, train, model)
    }

    /// A trainer of what `train` says of `model`, which lives on an autodiff device, that has taken no step yet. Adapters, if
    /// `train` asks for them, begin here.
    pub fn start(config: &ModelConfig, train: &TrainConfig, model: Model) -> Self {
        let device = model.embedding.device().inner();
        let optimizer = ModelOptimizer::new(train, trainable_specs(config, train), &device);
        let model = match train.adapter() {
            Some(adapter) => model.with_adapters(config, &adapter, |spec| spec.initial(train.seed)),
            None => model,
        };
        Self::new(config, train, model, optimizer, 0, 0)
    }

    /// The model as it is now, without gradients and with its adapters merged into its weights.
    pub fn trained_model(&self) -> Model {
        self.model.valid().materialize()
    }

    /// Takes one step on `batches`, whose gradients are averaged.
    pub fn step(&mut self, config: &TrainConfig, batches: &[Batch]) -> Measured {
        let result = self.whole_step(config, batches).backprop(&self.model);
        self.update(config, result)
    }

    /// As [`step`](Self::step), of which the replicas compute their shards.
    ///
    /// # Errors
    /// [`Error::Peer`] if one of them fails; the trainer is then as it was.
    pub fn step_with(
        &mut self,
        replicas: &ReplicaGroup,
        config: &TrainConfig,
        batches: &[Batch],
    ) -> Result<Measured, Error> {
        let result = replicas.backprop(&self.model, self.whole_step(config, batches))?;
        Ok(self.update(config, result))
    }

    fn whole_step(&self, config: &TrainConfig, batches: &[Batch]) -> StepShard {
        let tokens = batches.iter().map(|batch| batch.inputs.len() as u64).sum();
        let (model, train) = (self.config.clone(), config.clone());
        let context = StepContext { model, train, step: self.step, rank: 0, tokens };
        StepShard { batches: batches.to_vec(), context }
    }

    fn update(&mut self, config: &TrainConfig, LossAndGrads { loss, gradients, aux }: LossAndGrads) -> Measured {
        // Only now that all parts are added up: the loss of a part may oppose the auxiliary one where that of the whole does not.
        let gradients = if aux.is_empty() { gradients } else { project_conflicting(gradients, aux) };
        let lr = learning_rate(config, self.schedule_start, self.step);
        let (model, grad_norm) = self.optimizer.update(self.model.clone(), gradients, config, self.step, lr);
        self.model = model;
        self.step += 1;
        Measured { loss, grad_norm }
    }
}
