//! What a training takes, before it begins: memory by part, work, and what to change where it does not fit.
//!
//! Estimates are for the CPU, where they were compared with what runs took; on GPUs the framework keeps more between its
//! operations than our kernels do.

mod memory;
mod remedy;
mod work;

pub use memory::Memory;
pub use remedy::{Change, Remedy, remedies};
pub use work::{flops_per_token, probe_shape};

use crate::config::{ModelConfig, TrainConfig};

/// A training to be planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The model's sizes.
    pub model: ModelConfig,
    /// The run's settings.
    pub train: TrainConfig,
    /// Devices that share each batch, each with a copy of the model.
    pub devices: usize,
    /// Passes over parts of a batch that run at once on one device: as many as it has threads, one on a GPU.
    pub workers: usize,
}

impl Setup {
    /// Rows of a batch that one device takes.
    fn rows(&self) -> usize {
        self.train.batch.div_ceil(self.devices.max(1))
    }
}
