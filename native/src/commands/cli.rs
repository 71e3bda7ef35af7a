//! The command line: what can be asked for.

use anyhow::Result;
use clap::{Parser, Subcommand};

use super::train::{finetune, progressive};
use super::{data, eval, export, generate, grow, info, merge, plan, train, worker};
use crate::terminal::output::Output;

/// Train MM-Rec language models on your own text, and let them write.
#[derive(Debug, Parser)]
#[command(name = "mmrec", version, max_term_width = 110, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print results as JSON, one value a line, for scripts
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  mmrec train --data book.txt --stage tiny --out runs/book     train on a text
  mmrec train --out runs/book --resume                         go on after an interruption
  mmrec generate runs/book/best.safetensors --prompt \"Once\"    let the model write
  mmrec eval runs/book/best.safetensors --data runs/book/data  judge it on the whole validation part
  mmrec grow runs/book/best.safetensors --to mini --out mini.safetensors   make it larger, to train on
  mmrec finetune runs/book/best.safetensors --data other.txt --lora 8 --out runs/other   teach it another text

Exit codes: 0 done, 1 an error, 2 a mistake in the command line, 130 stopped by Ctrl-C or a signal.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Prepare texts for training
    Data(data::DataArgs),
    /// Train a model on a text, or go on with a run
    Train(Box<train::TrainArgs>),
    /// Train a small model, let it grow, and train on, up to a size
    Progressive(Box<progressive::ProgressiveArgs>),
    /// Teach a trained model another text: as a whole, in part, or by a small adapter
    Finetune(Box<finetune::FinetuneArgs>),
    /// Let a model write
    Generate(generate::GenerateArgs),
    /// Judge a model on a text: loss, bits per character, perplexity, accuracy
    Eval(eval::EvalArgs),
    /// Make a model larger without changing what it computes
    Grow(grow::GrowArgs),
    /// Merge adapters into a checkpoint's weights
    Merge(merge::MergeArgs),
    /// Store a model in fewer bits, without its training's state
    Export(export::ExportArgs),
    /// Tell what is in a checkpoint or an adapter
    Info(info::InfoArgs),
    /// Tell what a training will take: memory, time, cost
    Plan(Box<plan::PlanArgs>),
    /// Compute for trainings on other machines
    Worker(worker::WorkerArgs),
}

impl Cli {
    /// Does what was asked for.
    pub fn run(self) -> Result<()> {
        let output = Output::new(self.json);
        match self.command {
            Command::Data(args) => data::run(args, output),
            Command::Train(args) => train::run(&args, output),
            Command::Progressive(args) => progressive::run(&args, output),
            Command::Finetune(args) => finetune::run(&args, output),
            Command::Generate(args) => generate::run(&args, output),
            Command::Eval(args) => eval::run(&args, output),
            Command::Grow(args) => grow::run(&args, output),
            Command::Merge(args) => merge::run(&args, output),
            Command::Export(args) => export::run(&args, output),
            Command::Info(args) => info::run(&args, output),
            Command::Plan(args) => plan::run(&args, output),
            Command::Worker(args) => worker::run(&args, output),
        }
    }

    /// Whether results are to be JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
