//! Data-parallel training: every device has a replica of the weights and computes its shard of every step's rows; the gradients
//! come back to the trainer's device, are added up there in the devices' order, and one optimizer makes the new weights.

use std::fmt::Debug;
use std::sync::Arc;

use burn::tensor::Tensor;

use super::{LossAndGrads, MAX_WORLD_SIZE, StepShard};
use crate::Error;
use crate::model::{Model, collect_weights};

/// A device beside the trainer's own, here or on another machine.
pub trait Replica: Debug + Send + Sync {
    /// Begins its shard of a step, with `rows` as the weights (see [`Model::from_rows`]), and returns what waits for the end.
    fn begin(&self, rows: &[Tensor<1>], shard: StepShard) -> ReplicaHandle;
}

/// Waits for a shard; an error is an [`Error::Peer`].
pub type ReplicaHandle = Box<dyn FnOnce() -> Result<LossAndGrads, Error>>;

/// The devices that share a run's steps.
#[derive(Debug, Clone, Default)]
pub struct ReplicaGroup {
    others: Arc<[Box<dyn Replica>]>,
    coordinator_only: bool,
}

impl ReplicaGroup {
    /// These beside the trainer's own device, which, if it is `coordinator_only`, just sums up and updates.
    ///
    /// # Panics
    /// If there are more than [`MAX_WORLD_SIZE`] of them in all, or none that computes.
    pub fn new(others: Vec<Box<dyn Replica>>, coordinator_only: bool) -> Self {
        let group = Self { others: others.into(), coordinator_only };
        assert!((1..=MAX_WORLD_SIZE).contains(&group.world_size()), "{} devices", group.world_size());
        group
    }

    /// Devices that compute; a batch must have as many rows.
    pub fn world_size(&self) -> usize {
        self.others.len() + usize::from(!self.coordinator_only)
    }

    /// The whole of `step` on the weights of `model`, on its device.
    pub(super) fn backprop(&self, model: &Model, step: StepShard) -> Result<LossAndGrads, Error> {
        if self.others.is_empty() {
            return Ok(step.backprop(model));
        }
        let home = model.embedding.device().inner();
        let rows: Vec<Tensor<1>> = collect_weights(model).into_iter().map(|weight| weight.values).collect();
        let mut shards = step.split(self.world_size()).into_iter();
        let own = if self.coordinator_only { None } else { shards.next() };
        let handles: Vec<ReplicaHandle> =
            self.others.iter().zip(shards).map(|(replica, shard)| replica.begin(&rows, shard)).collect();
        let mut sum = own.map(|shard| shard.backprop(model));
        for handle in handles {
            let result = handle()?.map(|row| row.to_device(&home));
            sum = Some(result.after(sum));
        }
        Ok(sum.expect("at least one device computes"))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::config::{ModelConfig, Precision, Stage, TrainConfig};
    use crate::model::WeightSpec;
    use crate::train::{Batch, Trainer};

    /// The CPU once more, with the weights that it is given.
    #[derive(Debug)]
    struct Again;

    impl Replica for Again {
        fn begin(&self, rows: &[Tensor<1>], shard: StepShard) -> ReplicaHandle {
            let lengths = |specs: &[WeightSpec]| specs.iter().map(|spec| spec.len()).collect::<Vec<_>>();
            let counts = |rows: &[Tensor<1>]| rows.iter().map(|row| row.dims()[0]).collect::<Vec<_>>();
            let context = &shard.context;
            assert_eq!(counts(rows), lengths(&context.weights()));
            let trainable = context.trainable();
            let plans = context.model.plans(context.train.context);
            // As rows without names, which is how it travels.
            let result = shard.backprop_on(rows.to_vec(), &Device::flex()).map(|result| {
                let rows = result.into_rows(&trainable);
                let gradients = lengths(&trainable);
                let aux = if plans { gradients.clone() } else { Vec::new() };
                assert_eq!(counts(&rows), [vec![1], gradients, aux].concat());
                LossAndGrads::from_rows(rows, &trainable).expect("all rows")
            });
            Box::new(move || result)
        }
    }

    fn model() -> ModelConfig {
        let sizes = ModelConfig {
            width: 16,
            heads: 2,
            chunk: 4,
            slots: 2,
            merge_factor: 2,
            levels: 2,
            feed_forward: 16,
            ..Stage::Tiny.config(20)
        };
        ModelConfig { layers: 2, dropout: 0.0, ..sizes }
    }

    fn train() -> TrainConfig {
        TrainConfig { batch: 5, context: 12, accum: 2, warmup: 0, ..TrainConfig::for_model(&model()) }
    }

    /// Loss and norm of some steps.
    fn steps(group: &ReplicaGroup, model: &ModelConfig, train: &TrainConfig) -> Vec<f32> {
        let fresh = Model::new(model, 3, &Device::flex().autodiff());
        let mut trainer = Trainer::start(model, train, fresh);
        let ids = |from: usize| (from..from + train.batch * train.context).map(|i| (i * i * 7 % 19) as u16).collect();
        let batch = |from| Batch { inputs: ids(from), targets: ids(from + 1), context: train.context };
        let step = |step: usize| {
            let batches: Vec<Batch> = (0..train.accum).map(|index| batch(100 * step + index)).collect();
            let measured = trainer.step_with(group, train, &batches).expect("no replica fails");
            [measured.loss, measured.grad_norm].map(|value| value.into_scalar::<f32>())
        };
        (0..4).flat_map(step).collect()
    }

    fn assert_same(model: &ModelConfig, train: &TrainConfig) {
        let group = |count: usize, coordinator_only| {
            ReplicaGroup::new((0..count).map(|_| Box::new(Again) as Box<dyn Replica>).collect(), coordinator_only)
        };
        let alone = steps(&ReplicaGroup::default(), model, train);
        assert_eq!(alone, steps(&group(1, true), model, train), "all of it elsewhere: {train:?}");
        for group in [group(1, false), group(2, true), group(4, false)] {
            let shared = steps(&group, model, train);
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-3 * a.abs();
            assert!(alone.iter().zip(&shared).all(close), "{alone:?} {shared:?} {train:?}");
        }
    }

    #[test]
    fn shared_steps_are_those_of_one_device() {
        let planning = ModelConfig { planning: true, gate_rank: 3, ..model() };
        for recompute in [false, true] {
            let train = TrainConfig { recompute, ..train() };
            assert_same(&model(), &train);
            assert_same(&planning, &train);
            assert_same(&planning, &TrainConfig { context: 7, ..train.clone() });
            assert_same(&model(), &TrainConfig { freeze: 1, ..train.clone() });
            assert_same(&planning, &TrainConfig { lora: 2, lora_alpha: 3.0, freeze: 1, ..train.clone() });
        }
    }

    #[test]
    fn rounded_steps_are_shared_as_well() {
        let train = TrainConfig { precision: Precision::Bf16, ..train() };
        let group = ReplicaGroup::new(vec![Box::new(Again)], true);
        assert_eq!(steps(&ReplicaGroup::default(), &model(), &train), steps(&group, &model(), &train));
    }
}
