//! One file a command, with its arguments and what it does; [`cli`] chooses among them.

pub mod cli;
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
