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
