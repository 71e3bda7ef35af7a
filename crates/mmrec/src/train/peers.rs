//! Training over several devices: each has a replica of the weights and computes its share of every step's rows; the gradients
//! come back to the trainer's device, are added up there in the devices' order, and one optimizer makes the new weights.

use std::fmt::Debug;
use std::sync::Arc;

use burn::tensor::Tensor;

use super::{PLACES, Pass, Work};
use crate::Error;
use crate::model::{Model, collect_weights};

/// A device beside the trainer's own, here or on another machine.
pub trait Peer: Debug + Send + Sync {
    /// Begins its share of a step, with `rows` as the weights (see [`Model::from_rows`]), and returns what waits for the end.
    fn begin(&self, rows: &[Tensor<1>], work: Work) -> Pending;
}

/// Waits for a share; an error is an [`Error::Peer`].
pub type Pending = Box<dyn FnOnce() -> Result<Pass, Error>>;

/// The devices that share a run's steps.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    others: Arc<[Box<dyn Peer>]>,
    spared: bool,
}

impl Peers {
    /// These beside the trainer's own device, which is `spared` if it only sums up and updates.
    ///
    /// # Panics
    /// If there are more than [`PLACES`] of them in all, or none that computes.
    pub fn new(others: Vec<Box<dyn Peer>>, spared: bool) -> Self {
        let peers = Self { others: others.into(), spared };
        assert!((1..=PLACES).contains(&peers.places()), "{} devices", peers.places());
        peers
    }

    /// Devices that compute; a batch must have as many rows.
    pub fn places(&self) -> usize {
        self.others.len() + usize::from(!self.spared)
    }

    /// The whole of `work` on the weights of `model`, on its device.
    pub(super) fn pass(&self, model: &Model, work: Work) -> Result<Pass, Error> {
        if self.others.is_empty() {
            return Ok(work.on(model));
        }
        let home = model.embedding.device().inner();
        let rows: Vec<Tensor<1>> = collect_weights(model).into_iter().map(|weight| weight.values).collect();
        let mut shares = work.shares(self.places()).into_iter();
        let own = if self.spared { None } else { shares.next() };
        let pending: Vec<Pending> =
            self.others.iter().zip(shares).map(|(peer, share)| peer.begin(&rows, share)).collect();
        let mut sum = own.map(|share| share.on(model));
        for pending in pending {
            let pass = pending()?.map(|row| row.to_device(&home));
            sum = sum.into_iter().chain([pass]).reduce(Pass::add);
        }
        Ok(sum.expect("at least one device computes"))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::config::{ModelConfig, Precision, Stage, TrainConfig};
    use crate::train::{Batch, Trainer};

    /// The CPU once more, with the weights that it is given.
    #[derive(Debug)]
    struct Again;

    impl Peer for Again {
        fn begin(&self, rows: &[Tensor<1>], work: Work) -> Pending {
            let lengths =
                |specs: Vec<crate::model::WeightSpec>| specs.iter().map(|spec| spec.len()).collect::<Vec<_>>();
            let counts = |rows: &[Tensor<1>]| rows.iter().map(|row| row.dims()[0]).collect::<Vec<_>>();
            assert_eq!(counts(rows), lengths(work.terms.weights()));
            let pass = work.on_device(rows.to_vec(), &Device::flex());
            let trained = lengths(work.terms.trained());
            let plans = work.terms.model.plans(work.terms.train.context);
            if let Ok(pass) = &pass {
                assert_eq!(counts(&pass.gradients), trained);
                assert_eq!(counts(&pass.plans), if plans { trained } else { Vec::new() });
            }
            Box::new(move || pass)
        }
    }

    fn model() -> ModelConfig {
        let sizes = ModelConfig {
            width: 16,
            heads: 2,
            block: 4,
            slots: 2,
            fan_in: 2,
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
    fn steps(peers: &Peers, model: &ModelConfig, train: &TrainConfig) -> Vec<f32> {
        let fresh = Model::new(model, 3, &Device::flex().autodiff());
        let mut trainer = Trainer::start(model, train, fresh);
        let ids = |from: usize| (from..from + train.batch * train.context).map(|i| (i * i * 7 % 19) as u16).collect();
        let batch = |from| Batch { inputs: ids(from), targets: ids(from + 1), context: train.context };
        let step = |step: usize| {
            let batches: Vec<Batch> = (0..train.accum).map(|index| batch(100 * step + index)).collect();
            let measured = trainer.step_with(peers, train, &batches).expect("no peer fails");
            [measured.loss, measured.grad_norm].map(|value| value.into_scalar::<f32>())
        };
        (0..4).flat_map(step).collect()
    }

    fn assert_same(model: &ModelConfig, train: &TrainConfig) {
        let peers =
            |count: usize, spared| Peers::new((0..count).map(|_| Box::new(Again) as Box<dyn Peer>).collect(), spared);
        let alone = steps(&Peers::default(), model, train);
        assert_eq!(alone, steps(&peers(1, true), model, train), "all of it elsewhere: {train:?}");
        for peers in [peers(1, false), peers(2, true), peers(4, false)] {
            let shared = steps(&peers, model, train);
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
        let peers = Peers::new(vec![Box::new(Again)], true);
        assert_eq!(steps(&Peers::default(), &model(), &train), steps(&peers, &model(), &train));
    }
}
