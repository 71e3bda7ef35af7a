//! `mmrec`: train MM-Rec language models and let them write, from the command line.
//!
//! A shell around the `mmrec` library: it reads arguments and files, draws progress, and writes what the library hands it.

mod args;
mod commands;
mod distributed;
mod io;
mod machine;
mod run;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::cli::Cli;
use crate::io::temporary;
use crate::machine::gpu_log;
use crate::machine::memory::exhausted;
use crate::terminal::output::Output;
use crate::terminal::{failure, signals};

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
    let ended = failure::contain(|| signals::install(output, temporary::remove_all).and_then(|()| cli.run()));
    signals::wait_if_ending();
    ended.map_or_else(|error| failure::report(&error, output), |()| ExitCode::SUCCESS)
}
