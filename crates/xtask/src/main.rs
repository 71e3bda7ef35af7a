//! Set-up and orchestration: `cargo xtask serve | test | bench | wasm | pkg`.
//!
//! Contract: each command installs what it needs and says so, repeats cost seconds, and an error names what failed and
//! what to do about it. Nothing about the model lives here.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod browser;
mod debian;
mod inputs;
mod install;
mod node;
mod optimise;
mod page;
mod paths;
mod pkg;
mod release;
mod serve;
mod shell;
mod suite;
mod toolchain;
mod wasm;

use paths::Paths;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set up, build, serve and test the workspace", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, build the page optimised, serve it on loopback and open it
    Serve(serve::Options),
    /// Install what is missing and run every check, the cheapest first, or one part or test of them
    Test(suite::Options),
    /// Measure training and writing, natively and in the browser
    Bench(bench::Options),
    /// Build the WebAssembly modules into web/wasm (Trunk calls this before each build)
    Wasm(wasm::Options),
    /// Make a release of a built page (Trunk calls this after each build)
    Release(release::Options),
    /// Write the npm package into pkg/
    Pkg,
}

fn main() -> ExitCode {
    match Args::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Args {
    fn run(self) -> Result<()> {
        let paths = Paths::find()?;
        match self.command {
            Command::Serve(options) => serve::run(&paths, &options),
            Command::Test(options) => suite::run(&paths, &options),
            Command::Bench(options) => bench::run(&paths, &options),
            Command::Wasm(options) => wasm::run(&paths, &options),
            Command::Release(options) => release::run(&paths, &options),
            Command::Pkg => pkg::run(&paths),
        }
    }
}
