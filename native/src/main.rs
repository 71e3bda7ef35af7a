//! `mmrec`: train MM-Rec language models and let them write, from the command line.
//!
//! A shell around the `mmrec` library: it reads arguments and files, draws progress, and writes what the library hands it.

mod adapter_file;
mod atomic;
mod checkpoint_file;
mod cli;
mod commands;
mod devices;
mod download;
mod duplicates;
mod encodings;
mod failure;
mod files;
mod findings;
mod format;
mod gpu_check;
mod gpu_log;
mod input;
mod interrupt;
mod keep;
mod loss_svg;
mod memory;
mod metrics;
mod out;
mod output;
mod prepared;
mod progress;
mod prompt;
mod run_folder;
mod settings;
mod shard_file;
mod shell;
mod stream;
mod system_files;
mod temporary;
#[cfg_attr(not(feature = "workers"), path = "no_workers.rs")]
mod workers;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::memory::exhausted;
use crate::output::Output;

#[global_allocator]
static ALLOCATOR: exhausted::Allocator = exhausted::Allocator;

fn main() -> ExitCode {
    mmrec::platform::keep_memory();
    gpu_log::listen();
    let output = Output::new(failure::wants_json(std::env::args_os()));
    exhausted::prepare(output);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::report_usage(&error, output),
    };
    let output = Output::new(cli.is_json());
    let ended = failure::contain(|| interrupt::install(output).and_then(|()| cli.run()));
    interrupt::wait_if_ending();
    ended.map_or_else(|error| failure::report(&error, output), |()| ExitCode::SUCCESS)
}
