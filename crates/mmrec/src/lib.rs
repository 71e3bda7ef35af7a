//! MM-Rec: a language model with a recurrent and a hierarchical memory, that trains in the browser tab and natively with the
//! same code.
//!
//! The crate knows no JavaScript, no terminal and no files; shells around it do. Which module may use which is in
//! `docs/architecture.md`, and tested.

pub mod checkpoint;
pub mod config;
pub mod data;
pub mod driver;
mod error;
pub mod evidence;
pub mod generate;
pub mod grow;
pub mod inspect;
pub mod model;
pub mod plan;
pub mod platform;
pub mod progress;
pub mod tokenizer;
pub mod train;

pub use burn::tensor::Device;
pub use error::{Error, explain};
pub use mmrec_ops as ops;
