//! Training on one device.

use super::{LossAndGrads, StepShard};
use crate::Error;
use crate::model::Model;

/// No other devices.
#[derive(Debug, Clone, Default)]
pub struct ReplicaGroup;

impl ReplicaGroup {
    /// The whole of `step` on the weights of `model`, on its device.
    pub(super) fn backprop(&self, model: &Model, step: StepShard) -> Result<LossAndGrads, Error> {
        Ok(step.backprop(model))
    }
}
