//! `mmrec finetune`: a trained model learns another text, as a whole, in part, or by an adapter.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::from::Source;
use super::runner::Runner;
use super::start::{Started, new_run, resumed_run};
use crate::args::requested::RequestedSettings;
use crate::args::run::RunArgs;
use crate::args::tuning::TuneFlags;
use crate::terminal::output::Output;
use crate::terminal::shell::Suggestion;

const EXAMPLES: &str = "\
Examples:
  mmrec finetune base.safetensors --data letters.txt --out runs/letters
  mmrec finetune base.safetensors --data letters.txt --freeze 2 --out runs/letters
  mmrec finetune base.safetensors --data letters.txt --lora 8 --out runs/letters
  mmrec generate base.safetensors --adapter runs/letters/adapter.safetensors --prompt \"Dear\"
  mmrec finetune --out runs/letters --resume

By itself it is mmrec train --from at the rate of a model that has grown, a quarter of a fresh one's or less. The model keeps its
sizes and its tokenizer, and the checkpoint's file is only read. The run's folder is that of mmrec train.

With --lora the weights stay as they are, and beside each matrix of the blocks a product of two thin ones is trained. It is kept by
itself as adapter.safetensors (lowest validation loss) and adapter-last.safetensors: small files that mmrec generate and mmrec eval
take beside the checkpoint, and that mmrec merge puts into its weights. With --freeze too, the first blocks have none.";

/// Teach a trained model another text
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct FinetuneArgs {
    /// The checkpoint to begin with
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    checkpoint: Option<PathBuf>,
    /// Settings of the training, from a file such as the config.toml of another run
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    #[command(flatten)]
    tuning: TuneFlags,
    #[command(flatten)]
    run: RunArgs,
}

/// Runs the command.
pub fn run(args: &FinetuneArgs, output: Output) -> Result<()> {
    let run = &args.run;
    let file = super::settings_file(args.config.as_deref())?;
    let requested = RequestedSettings { stage: None, file, flags: &run.flags, tuning: Some(&args.tuning) };
    let devices = run.sharing.start(&run.compute)?;
    let started = if run.resume {
        resumed_run(run, &requested, &devices, output)?
    } else {
        new_run(run, Source::open(args.checkpoint.as_deref())?, &requested, None, &devices, output)?
    };
    let (Started { folder, session, .. }, message) = Runner::new(started, output).run(&devices.description)?;
    output.line(&message)?;
    let next = Suggestion::new("generate");
    let next = match (&args.checkpoint, session.progress().train.lora) {
        (Some(base), 1..) => next.path(base).words("--adapter").path(&folder.adapter()),
        _ => next.path(&folder.best()),
    };
    output.next(&next.words("--prompt \"Once\""))
}
