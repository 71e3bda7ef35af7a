//! A build without workers.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};
use mmrec::Device;
use mmrec::train::Replica;

use crate::terminal::output::Output;

const ABSENT: &str =
    "this build knows no workers: install one that does by `cargo install --path native --features workers`";

/// There are none.
pub fn connect(_addresses: &[String], _token_file: Option<&Path>) -> Result<Vec<Box<dyn Replica>>> {
    bail!(ABSENT)
}

/// There are none.
pub fn serve(
    _listen: SocketAddr,
    _token_file: Option<&Path>,
    _device: impl FnOnce() -> Result<(Device, String)>,
    _output: Output,
) -> Result<()> {
    bail!(ABSENT)
}
