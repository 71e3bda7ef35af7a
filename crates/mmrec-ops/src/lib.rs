//! Operations of the MM-Rec model that the framework lacks, as functions of plain tensors. A crate of its own, since what training
//! spends its time in is compiled for speed, and the rest of the page's modules for size.
//!
//! Equations are those of the model's definition (`docs/model.md`, and the reference in `tests/golden/mmrec_reference.py`). Everything
//! here is causal in time and exact for any length.
//!
//! An operation has up to three implementations, in files of the same name: the [`mod@reference`], a composition of the framework's
//! operations that serves everywhere; a kernel for processors (`cpu`); one for graphics cards (`gpu`). `dispatch` takes the one for the
//! device of the inputs, and `bridge` makes a kernel an operation of the framework, with its gradients. Who may use whom is in
//! `docs/architecture.md`.

mod bridge;
mod cpu;
mod dispatch;
mod gpu;
pub mod parallel;
pub mod reference;

pub use bridge::{DifferentiableKernel, Kernel, runs_cpu_kernels};
pub use cpu::{After, Before, memory_token, norm_token, rope_table};
pub use dispatch::{
    adamw, causal_attention, cross_entropy, linear, linear_onto, memory, norm_shift, runs_memory_kernels,
    sum_of_squares, swiglu, token_losses,
};
pub use reference::{
    AdamWStep, Rotary, attend_window, by_head, chunk_end_reads, gated_linear_attention, join_heads, rms_norm,
    slot_attention, token_shift, unit, window_probs,
};
