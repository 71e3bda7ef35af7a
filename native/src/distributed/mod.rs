//! Training on several devices: a synchronous parameter server. The weights are on one device; every step they go to all that share
//! it, each computes the gradients of its sequences, and those are added up and applied where the weights are.
//!
//! Devices of this machine each have [a thread](device_thread); those of other machines are [workers](network) on the network.

mod device_thread;
mod devices;
#[cfg(feature = "workers")]
mod network;
#[cfg(not(feature = "workers"))]
mod no_network;

pub use devices::Devices;
#[cfg(feature = "workers")]
pub use network::{connect, serve};
#[cfg(not(feature = "workers"))]
pub use no_network::{connect, serve};
