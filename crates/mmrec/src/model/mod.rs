//! The model: blocks with a recurrent and a hierarchical memory, in a parallel form for training and a streaming form for
//! generation. Both compute the same function. Beside it a GPT, to compare with. The definition is `docs/model.md`.

mod adapter;
mod attention_block;
mod block;
mod dropout;
mod feed_forward;
mod gates;
mod language_model;
mod memory_block;
mod named;
mod planning;
mod state;
mod stream;
mod weights;

pub use adapter::{adapted_weight, adapter_specs, all_specs};
pub use attention_block::AttentionBlock;
pub use block::Block;
pub use dropout::Dropout;
pub use gates::Gates;
pub use language_model::Model;
pub use memory_block::MemoryBlock;
pub(crate) use memory_block::Projection;
pub(crate) use named::{NamedVisitor, Row, map_named, visit_named};
pub use state::{LayerState, State};
pub use weights::{Weight, WeightSpec, block_of, collect_weights, is_matrix, weight_specs};
