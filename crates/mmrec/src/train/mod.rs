//! Training: the step, its optimizer and schedule, and evaluation.
//!
//! A [`Trainer`] takes steps. A step's rows are cut into the shards of devices and those into the chunks of threads
//! ([`StepShard`]); each gives [`LossAndGrads`], by names; their sum goes to the [`ModelOptimizer`].

mod aux_loss;
mod batch;
mod compare;
mod evaluate;
mod grad_checkpointing;
mod gradients;
mod leaves;
pub mod optim;
#[cfg(feature = "peers")]
mod parallel;
mod schedule;
#[cfg(not(feature = "peers"))]
mod single_device;
mod step;
mod trainable;
mod trainer;

pub use batch::Batch;
pub use compare::Comparison;
pub use evaluate::{Evaluation, Metrics};
pub use gradients::Gradients;
pub(crate) use leaves::check_precision;
pub use optim::{ModelOptimizer, OptimizerState};
#[cfg(feature = "peers")]
pub use parallel::{Replica, ReplicaGroup, ReplicaHandle};
pub use schedule::learning_rate;
#[cfg(not(feature = "peers"))]
pub use single_device::ReplicaGroup;
pub use step::{LossAndGrads, MAX_WORLD_SIZE, StepContext, StepShard};
pub use trainable::{is_trainable, trainable_specs};
pub use trainer::{Measured, Trainer};
