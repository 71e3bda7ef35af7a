//! Kernels for processors: slices in, slices out.
//!
//! One file an operation, called as in the [reference](super::reference); what several are made of stands in [`simd`] and [`matmul`].

mod adamw;
mod causal_attention;
mod cross_entropy;
mod linear;
mod matmul;
mod memory;
mod memory_token;
mod norm_shift;
mod norm_token;
mod rms_norm;
mod simd;
mod swiglu;

pub use adamw::SumOfSquares;
pub use causal_attention::CausalAttention;
pub use cross_entropy::CrossEntropy;
pub use linear::Linear;
pub use memory::Memory;
pub use memory_token::{After, Before, memory_token, rope_table};
pub use norm_shift::NormShift;
pub use norm_token::norm_token;
pub use swiglu::Swiglu;
