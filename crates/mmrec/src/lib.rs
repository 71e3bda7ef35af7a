//! MM-Rec: a language model with a recurrent and a hierarchical memory, that trains in the browser tab and natively with the
//! same code.
//!
//! The crate knows no JavaScript, no terminal and no files; shells around it do.

pub mod config;
pub mod model;
pub mod ops;
