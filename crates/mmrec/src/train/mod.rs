//! Training: the step, its optimizer and schedule, and evaluation.

mod evaluate;
mod optimizer;
mod planning;
mod recompute;
mod schedule;
mod trainer;

pub use evaluate::{Evaluation, Metrics};
pub use optimizer::AdamW;
pub use schedule::learning_rate;
pub use trainer::{Batch, Measured, Trainer};
