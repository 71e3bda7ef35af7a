//! Whether a training fits into memory, asked before it begins: what runs out of memory is killed without a word.

use anyhow::{Result, bail};
use mmrec::config::{ModelConfig, TrainConfig};
use mmrec::plan::{Change, Memory, Remedy, Setup, remedies};

use crate::args::run::RunArgs;
use crate::commands::plan::with_flags;
use crate::distributed::Devices;
use crate::terminal::format;

/// What the training takes on this machine. Of a part of the weights it is known only what it takes in any case.
fn least(setup: &Setup, devices: &Devices) -> u64 {
    let Memory { program, weights, moments, gradients, saving, total, .. } = Memory::of(setup);
    if setup.train.is_partial() {
        return program + weights;
    }
    match devices.home_only_coordinates {
        true => program + weights + moments + gradients.max(saving),
        false => total,
    }
}

/// Refuses a training that takes more memory than there was when the command began.
pub fn check(args: &RunArgs, model: &ModelConfig, train: &TrainConfig, devices: &Devices) -> Result<()> {
    let Some(room) = devices.room.filter(|_| !args.ignore_memory) else { return Ok(()) };
    let setup = Setup {
        model: model.clone(),
        train: train.clone(),
        devices: devices.peers.world_size(),
        workers: rayon::current_num_threads(),
    };
    let total = least(&setup, devices);
    if total <= room.bytes {
        return Ok(());
    }
    // A run keeps the settings that its numbers come from.
    let is_open = |remedy: &&Remedy| !args.resume || remedy.changes == [Change::Recompute];
    let remedies = remedies(&setup, room.bytes);
    let remedy: String = remedies.iter().filter(is_open).map(|remedy| format!("{}, or ", with_flags(remedy))).collect();
    bail!(
        "this training takes about {}, and there is {}: {remedy}train where there is more memory; --ignore-memory begins all the same",
        format::size(total),
        room.words()
    )
}
