//! Training: the step, its optimizer and schedule, and evaluation.

mod evaluate;
mod optimizer;
#[cfg_attr(not(feature = "peers"), path = "alone.rs")]
mod peers;
mod recompute;
mod schedule;
mod trainer;
mod work;

pub use evaluate::{Evaluation, Metrics};
pub use optimizer::AdamW;
pub use peers::Peers;
#[cfg(feature = "peers")]
pub use peers::{Peer, Pending};
pub use schedule::learning_rate;
pub use trainer::{Measured, Trainer};
pub use work::{Batch, PLACES, Pass, Terms, Work};
