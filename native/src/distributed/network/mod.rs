//! Training over several machines, through the framework's remote devices: a worker serves its device to those who have its
//! token, and a trainer has it compute shards of its steps.
//!
//! A shard is one operation of ours on the remote device ([`protocol`]): weights and tokens go there, loss and gradients come back,
//! and the worker computes with its own kernels and threads.

mod admission;
mod bucket;
mod coordinator;
mod file_limit;
mod protocol;
mod queue;
mod shared_secret;
mod transport;
mod worker;
mod worker_ops;

pub use coordinator::connect;
pub use worker::serve;

use std::sync::LazyLock;

use tokio::runtime::Runtime;

/// What carries all connections of the process.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a process can start two threads")
});
