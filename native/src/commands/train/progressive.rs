//! `mmrec progressive`: from a small model to a large one in one run.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Args;
use mmrec::config::Stage;
use mmrec::driver::{SaveKind, Session};
use mmrec::grow::{GrowOptions, Target, grow};
use serde_json::json;

use super::config_file;
use super::fits;
use super::from::Source;
use super::ladder::Ladder;
use super::runner::Runner;
use super::start::{Started, new_run, resumed_run};
use crate::args::requested::RequestedSettings;
use crate::args::run::RunArgs;
use crate::args::training::TrainFlags;
use crate::distributed::Devices;
use crate::io::atomic_file;
use crate::run::checkpoint_file;
use crate::terminal::failure::Usage;
use crate::terminal::format;
use crate::terminal::output::{Output, note};
use crate::terminal::shell::Suggestion;

const EXAMPLES: &str = "\
Examples:
  mmrec progressive --data book.txt --to small --patience 3 --out runs/book
  mmrec progressive --data book.txt --to small --budget tiny=600 --budget mini=400 --steps 300 --out runs/book
  mmrec progressive --out runs/book --resume

Every stage trains until its validation loss has not improved for --patience evaluations (here 5), or for its budget of steps. The
best model of a stage then grows into the next stage, computing what it computed before, and trains on with a new warm-up and a
quarter of the rate of a fresh model of its size (an eighth from small on), to which the rate of the stage before has fallen
(unless --lr or --floor say otherwise).

It is one run in one folder, as of `mmrec train`: steps, metrics.jsonl and loss.svg go on across stages (loss.svg by work done),
and best-STAGE.safetensors is the best model of each stage. It can be stopped, killed and resumed at any point. With --resume --to
any run of `mmrec train` can climb further.";

/// Evaluations without a better loss that end a stage, unless --patience says otherwise.
const PATIENCE: u32 = 5;

/// Train a small model, let it grow, and train on, up to a size
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProgressiveArgs {
    /// The first stage
    #[arg(long, value_name = "STAGE", default_value_t = Stage::Tiny, conflicts_with = "resume")]
    from: Stage,
    /// The last stage; with --resume it may be left out
    #[arg(long, value_name = "STAGE", required_unless_present = "resume")]
    to: Option<Stage>,
    /// The most steps of one stage, instead of --steps; may be given for several stages
    #[arg(long, value_name = "STAGE=STEPS", value_parser = budget)]
    budget: Vec<(Stage, u64)>,
    #[command(flatten)]
    run: RunArgs,
}

fn budget(text: &str) -> Result<(Stage, u64), String> {
    let (stage, steps) = text.split_once('=').ok_or("it must be like tiny=600")?;
    let stage = stage.parse().map_err(|error: mmrec::config::ConfigError| error.to_string())?;
    match steps.parse() {
        Ok(steps @ 1..) => Ok((stage, steps)),
        _ => Err(format!("{steps} is no number of steps")),
    }
}

/// Runs the command.
pub fn run(args: &ProgressiveArgs, output: Output) -> Result<()> {
    if !args.run.resume && args.to.is_some_and(|to| size(to) < size(args.from)) {
        return Err(Usage(format!("--to {} is smaller than --from {}", args.to.unwrap_or(args.from), args.from)).into());
    }
    if args.run.flags.has("gpt") {
        return Err(Usage("a GPT does not grow: compare with one by mmrec train --gpt".to_owned()).into());
    }
    let devices = args.run.sharing.start(&args.run.compute)?;
    let (mut started, ladder) =
        if args.run.resume { go_on(args, &devices, output)? } else { begin(args, &devices, output)? };
    loop {
        let message;
        (started, message) = Runner::new(started, output).run(&devices.description)?;
        let way_on = Ladder::way_on(&started.folder);
        let stopped = || format!("the run stopped after a stage, which is saved: go on by {way_on}");
        keep_best(&started).with_context(stopped)?;
        let Some(next) = ladder.after(started.session.model_config()) else {
            output.line(&message)?;
            break;
        };
        output.line(&message).with_context(stopped)?;
        started = climb(args, started, next, &ladder, &devices, output).with_context(stopped)?;
    }
    output.next(&Suggestion::new("generate").path(&started.folder.best()).words("--prompt \"Once\""))
}

fn size(stage: Stage) -> u64 {
    stage.config(stage.default_vocab()).parameters()
}

impl ProgressiveArgs {
    fn budgets(&self) -> BTreeMap<String, u64> {
        self.budget.iter().map(|(stage, steps)| (stage.name().to_owned(), *steps)).collect()
    }

    /// Refuses budgets of stages that are not climbed, and two of one stage.
    fn check_budgets(&self, from: Stage, to: Stage) -> Result<(), Usage> {
        for (index, (stage, _)) in self.budget.iter().enumerate() {
            if !(size(from)..=size(to)).contains(&size(*stage)) {
                return Err(Usage(format!("--budget {stage}=... has no effect: the run goes from {from} to {to}")));
            }
            if self.budget[..index].iter().any(|(other, _)| other == stage) {
                return Err(Usage(format!("--budget is given twice for {stage}: leave one of them out")));
            }
        }
        Ok(())
    }

    fn ladder(&self, to: Stage) -> Ladder {
        let budgets = self.budgets();
        let said = self.run.flags.clone();
        let train = if said.has("patience") { said } else { said.with("patience", PATIENCE.into()) };
        Ladder { to, budgets, train }
    }
}

fn begin(args: &ProgressiveArgs, devices: &Devices, output: Output) -> Result<(Started, Ladder)> {
    let to = args.to.context("--to is missing")?;
    args.check_budgets(args.from, to)?;
    let ladder = args.ladder(to);
    // Rather now than after hours of smaller stages.
    let (last, settings) = ladder.grown(ladder.to, 2, 0)?;
    fits::check(&args.run, &last, &settings, devices)?;
    let flags = ladder.first(args.from);
    let requested = RequestedSettings { stage: Some(args.from), file: None, flags: &flags, tuning: None };
    let started = new_run(&args.run, Source::Fresh, &requested, Some(&ladder), devices, output)?;
    Ok((started, ladder))
}

fn go_on(args: &ProgressiveArgs, devices: &Devices, output: Output) -> Result<(Started, Ladder)> {
    let mut recorded = Ladder::read(&args.run.out)?;
    let flags = match &mut recorded {
        Some(ladder) => ladder.take_over(&args.run.flags, &args.budgets())?,
        // They are those of the stages to come.
        None => TrainFlags::default(),
    };
    let requested = RequestedSettings { stage: None, file: None, flags: &flags, tuning: None };
    let started = resumed_run(&args.run, &requested, devices, output)?;
    if started.session.model_config().is_gpt() {
        bail!(
            "{} holds a GPT, which does not grow: go on by {}",
            args.run.out.display(),
            Ladder::way_on(&started.folder)
        );
    }
    let ladder = match (recorded, args.to) {
        (Some(ladder), None) => ladder,
        (Some(ladder), Some(to)) => Ladder { to, ..ladder },
        (None, Some(to)) => args.ladder(to),
        (None, None) => bail!("{} holds a run of one stage: say by --to how far it is to grow", args.run.out.display()),
    };
    ladder.write(&started.folder)?;
    Ok((started, ladder))
}

/// Keeps the best model of the stage that ended under its name.
fn keep_best(started: &Started) -> Result<()> {
    let Started { folder, session, .. } = started;
    let Some(stage) = Stage::of(session.model_config()) else { return Ok(()) };
    if session.progress().best.is_none() {
        return Ok(());
    }
    folder.check()?;
    atomic_file::link_or_copy(&folder.best(), &folder.path().join(format!("best-{stage}.safetensors")))
}

/// Grows the stage's best model into the next stage.
fn climb(
    args: &ProgressiveArgs,
    started: Started,
    next: Stage,
    ladder: &Ladder,
    devices: &Devices,
    output: Output,
) -> Result<Started> {
    let Started { folder, session, metrics } = started;
    let progress = session.progress().clone();
    let path = if progress.best.is_some() { folder.best() } else { folder.last() };
    let data = session.data().clone();
    let (model, train) = ladder.grown(next, data.tokenizer.vocab(), data.train.len())?;
    fits::check(&args.run, &model, &train, devices)?;
    // Both models and their moments at once would be needless.
    drop(session);
    let old = checkpoint_file::read(&path)?;
    let target = Target { model, tokenizer: data.tokenizer.clone() };
    let grown = grow(&old, &target, &GrowOptions { seed: train.seed, ..GrowOptions::default() });
    let grown = grown.with_context(|| format!("{} cannot grow into {next}", path.display()))?;
    let (before, after) = (old.model.parameters(), grown.model.parameters());
    drop(old);
    let mut session = Session::resume_grown(&progress, before, &grown, train, data, &devices.home)?;
    devices.share(&mut session)?;
    drop(grown);
    folder.save(SaveKind::Last, session.step(), &pollster::block_on(session.checkpoint())?)?;
    config_file::write(&folder, &session, config_file::origin(&folder)?)?;
    output.value(&json!({ "type": "grown", "stage": next, "step": session.step(), "parameters": after }))?;
    note(&format!("grown into {next}: {} to {}", format::thousands(before), format::count(after, "parameter")));
    Ok(Started { folder, session, metrics })
}
