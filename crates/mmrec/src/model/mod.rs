//! The model: blocks with a recurrent and a hierarchical memory, in a parallel form for training and a streaming form for
//! generation. Both compute the same function.

mod adapter;
mod block;
mod dropout;
mod gates;
mod language_model;
mod planning;
mod state;
mod stream;
mod weights;

pub use adapter::{adapted_weight, adapter_specs, all_specs};
pub use block::Block;
pub(crate) use block::Projection;
pub use dropout::Dropout;
pub use gates::Gates;
pub use language_model::Model;
pub use state::{LayerState, State};
pub use weights::{Weight, WeightSpec, block_of, collect_weights, is_matrix, weight_specs};
