//! `mmrec train`: a new run, or more of one.

mod anew;
mod config_file;
mod course;
pub mod finetune;
mod fits;
mod from;
mod ladder;
pub mod progressive;
mod reading;
mod runner;
mod start;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgGroup, Args};
use mmrec::config::Stage;

use self::from::Source;
use self::runner::Runner;
use self::start::{Started, new_run, resumed_run};
use crate::args::requested::RequestedSettings;
use crate::args::run::RunArgs;
use crate::run::settings_file::SettingsFile;
use crate::terminal::output::Output;
use crate::terminal::shell::Suggestion;

const EXAMPLES: &str = "\
Examples:
  mmrec train --data book.txt --stage tiny --out runs/book
  mmrec train --data data/shakespeare --stage mini --epochs 5 --batch 4 --context 512 --out runs/mini
  mmrec train --data book.txt --config my.toml --device wgpu --out runs/gpu
  mmrec train --out runs/book --resume --steps 5000
  mmrec train --data book.txt --from mini.safetensors --out runs/mini
  mmrec train --data book.txt --stage small --out runs/small --workers 192.168.1.7:7611 --token-file token

Stages: tiny (0.23 M parameters), mini (2 M), small (10 M), base (53 M), medium (253 M), large (570 M), 7b (7.4 B).

A settings file has a table [model] (width, layers, heads, block, slots, fan_in, levels, feed_forward, dropout), a table [train]
(the settings below with _ for -), and may begin with stage = \"NAME\" to leave fields out, and with keep = N. A run's own config.toml
is one.

The run's folder holds config.toml, metrics.jsonl (one JSON object a line), loss.svg, best.safetensors (lowest validation loss),
last.safetensors (to resume from; also written every few minutes), step-*.safetensors (all of them, or the newest by --keep), and
data/ for a text that was not prepared. A start that came to nothing, before a step was saved, may be tried again in its folder.

--from begins a new run, with its own schedule and warm-up, from the weights of a checkpoint: one that mmrec grow made larger, or one
to be trained on another text. Sizes and tokenizer are the checkpoint's.

With --resume, --steps makes a run longer: its learning rate then follows the schedule of all its steps, so that of a run that had ended
rises again (both rates are told). --patience, --recompute and what begins with --eval, --save, --log or --sample may change too; what
the numbers come from stays, and a new run with other settings begins with the weights by --from.

Ctrl-C (or SIGTERM) saves and stops with exit code 130; a second one stops at once. A run that was stopped, or killed, goes on by
--resume from its last checkpoint, with the numbers it would have had (on the CPU with the same --threads: bit for bit). So does one that
an error ended, such as a full disk or a reader of its output that went away: it saves what it has, and ends with exit code 1.

With --devices and --workers every batch is divided among several devices, whose gradients are added up: the same training as on one,
but for rounding (and for the masks of dropout), in less time. If one is lost, the run is saved and stops, and goes on by --resume with
whatever devices are named then.";

/// Train a model on a text, or go on with a run
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    group(ArgGroup::new("sizes").args(["stage", "config"])),
    group(ArgGroup::new("enough").args(["stage", "config", "resume", "from"]).multiple(true).required(true)),
)]
pub struct TrainArgs {
    /// The model's size: tiny, mini, small, base, medium, large or 7b
    #[arg(long, value_name = "NAME")]
    stage: Option<Stage>,
    /// The model's size and all settings, from a file
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Begin with the weights of this checkpoint, in its sizes and with its tokenizer
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "resume")]
    from: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
}

impl TrainArgs {
    fn requested(&self) -> Result<RequestedSettings<'_>> {
        Ok(RequestedSettings {
            stage: self.stage,
            file: settings_file(self.config.as_deref())?,
            flags: &self.run.flags,
            tuning: None,
        })
    }
}

/// Reads `--config`.
fn settings_file(path: Option<&Path>) -> Result<Option<(&Path, SettingsFile)>> {
    path.map(|path| Ok((path, SettingsFile::read(path)?))).transpose()
}

/// Runs the command.
pub fn run(args: &TrainArgs, output: Output) -> Result<()> {
    let (requested, run) = (args.requested()?, &args.run);
    let devices = run.sharing.start(&run.compute)?;
    let started = if run.resume {
        resumed_run(run, &requested, &devices, output)?
    } else {
        if let (Some((path, file)), None) = (&requested.file, &args.from) {
            config_file::tell_what_is_not_repeated(path, file);
        }
        new_run(run, Source::open(args.from.as_deref())?, &requested, None, &devices, output)?
    };
    let (Started { folder, .. }, message) = Runner::new(started, output).run(&devices.description)?;
    output.line(&message)?;
    output.next(&Suggestion::new("generate").path(&folder.best()).words("--prompt \"Once\""))
}
