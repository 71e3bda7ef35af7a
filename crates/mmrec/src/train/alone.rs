//! Training on one device.

use super::{Pass, Work};
use crate::Error;
use crate::model::Model;

/// No other devices.
#[derive(Debug, Clone, Default)]
pub struct Peers;

impl Peers {
    /// The whole of `work` on the weights of `model`, on its device.
    pub(super) fn pass(&self, model: &Model, work: Work) -> Result<Pass, Error> {
        Ok(work.on(model))
    }
}
