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
mod findings;
mod format;
mod gpu_check;
mod gpu_log;
mod input;
mod interrupt;
mod loss_svg;
mod metrics;
mod output;
mod prepared;
mod progress;
mod run_folder;
mod settings;
mod system_files;
#[cfg_attr(not(feature = "workers"), path = "no_workers.rs")]
mod workers;

use std::process::ExitCode;

use anyhow::Error;
use clap::Parser;
use serde_json::json;

use crate::cli::Cli;
use crate::output::{Output, is_broken_pipe, note};
use crate::settings::Usage;

fn main() -> ExitCode {
    mmrec::platform::keep_memory();
    gpu_log::listen();
    let cli = Cli::parse();
    let output = Output::new(cli.is_json());
    match interrupt::install().and_then(|()| cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error, output),
    }
}

/// Tells the person what went wrong, with all causes, and a script the same as JSON.
fn report(error: &Error, output: Output) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    if interrupt::is_cause(error) {
        return ExitCode::from(interrupt::EXIT_CODE);
    }
    note(&format!("error: {error}"));
    error.chain().skip(1).for_each(|cause| note(&format!("  because: {cause}")));
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    // Where even this cannot be printed, the exit code must do.
    let _ = output.value(&json!({ "type": "error", "message": format!("{error:#}"), "causes": causes }));
    if error.chain().any(|cause| cause.is::<Usage>()) { ExitCode::from(2) } else { ExitCode::FAILURE }
}
