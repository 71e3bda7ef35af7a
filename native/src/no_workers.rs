//! A build without workers.

use std::path::Path;

use anyhow::{Result, bail};
use mmrec::train::Peer;

use crate::commands::worker::WorkerArgs;
use crate::output::Output;

const ABSENT: &str = "this build knows no workers: build it with `--features workers`";

/// There are none.
pub fn connect(_addresses: &[String], _token_file: Option<&Path>) -> Result<Vec<Box<dyn Peer>>> {
    bail!(ABSENT)
}

/// There are none.
pub fn serve(_args: &WorkerArgs, _output: Output) -> Result<()> {
    bail!(ABSENT)
}
