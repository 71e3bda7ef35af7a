//! Training: the step, its optimizer and schedule, and evaluation.

mod compare;
mod evaluate;
mod leaves;
mod optimizer;
#[cfg_attr(not(feature = "peers"), path = "alone.rs")]
mod peers;
mod planning;
mod recompute;
mod schedule;
mod trained;
mod trainer;
mod work;

pub use compare::Comparison;
pub use evaluate::{Evaluation, Metrics};
pub(crate) use leaves::check_precision;
pub use optimizer::AdamW;
pub use peers::Peers;
#[cfg(feature = "peers")]
pub use peers::{Peer, Pending};
pub use schedule::learning_rate;
pub use trained::{is_trained, trained_specs};
pub use trainer::{Measured, Trainer};
pub use work::{Batch, PLACES, Pass, Terms, Work};
