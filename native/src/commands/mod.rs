//! One file a command: its arguments and what it does.

pub mod data;
pub mod eval;
pub mod export;
pub mod generate;
pub mod grow;
pub mod info;
pub mod merge;
pub mod plan;
pub mod train;
pub mod worker;
