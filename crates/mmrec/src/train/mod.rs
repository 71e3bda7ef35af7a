//! Training: the step, its optimizer and schedule, and evaluation.

mod evaluate;
mod leaves;
mod optimizer;
mod planning;
mod recompute;
mod schedule;
mod trained;
mod trainer;

pub use evaluate::{Evaluation, Metrics};
pub use optimizer::AdamW;
pub use schedule::learning_rate;
pub use trained::{is_trained, trained_specs};
pub use trainer::{Batch, Measured, Trainer};
