//! Training over several machines, through the framework's remote devices: a worker serves its device to those who have its
//! token, and a trainer has it compute shares of its steps.
//!
//! A share is one operation of ours on the remote device ([`message`]): weights and tokens go there, loss and gradients come back,
//! and the worker computes with its own kernels and threads.

mod door;
#[cfg_attr(not(unix), path = "no_file_limit.rs")]
mod file_limit;
mod link;
mod message;
mod pieces;
mod queue;
mod share;
mod token;
mod trainer;
mod worker;

pub use trainer::connect;
pub use worker::serve;

use std::sync::LazyLock;

use tokio::runtime::Runtime;

/// What carries all connections of the process.
static NETWORK: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a process can start two threads")
});
