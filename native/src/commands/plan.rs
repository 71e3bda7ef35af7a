//! `mmrec plan`: what a training will take, before it begins.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{ArgGroup, Args};
use mmrec::config::Stage;
use mmrec::driver::probe;
use mmrec::plan::{Change, Memory, Remedy, Setup, flops_per_token, probe_shape, remedies};
use serde::Serialize;
use serde_json::json;

use crate::args::compute::Compute;
use crate::args::requested::RequestedSettings;
use crate::args::training::TrainFlags;
use crate::machine::memory::Room;
use crate::run::settings_file::SettingsFile;
use crate::terminal::failure::Usage;
use crate::terminal::format;
use crate::terminal::output::{Output, note};

const EXAMPLES: &str = "\
Examples:
  mmrec plan --stage small --batch 4 --context 512
  mmrec plan --stage base --batch 16 --context 1024 --tokens 1000000000 --memory 16
  mmrec plan --stage 7b --batch 8 --context 2048 --precision bf16 --devices 8 --rate 400000 --memory 80 --price 3

Memory is estimated for the CPU (within 10 % of what tiny, mini and small take). Speed is measured by a few steps here, of a
smaller model of the same shape where the model is large; or derived from --rate, of which 60 % is expected to be reached.";

/// The share of the rate of a matrix product that training is expected to reach.
const SHARE: f64 = 0.6;

/// Tell what a training will take: memory, work, time, cost, and what to change where it does not fit
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("sizes").args(["stage", "config"]).required(true)))]
pub struct PlanArgs {
    /// The model's size: tiny, mini, small, base, medium, large or 7b
    #[arg(long, value_name = "NAME")]
    stage: Option<Stage>,
    /// The model's size and all settings, from a file as `train` takes it
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Different tokens in the vocabulary [default: the stage's own, 256 up to base]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=65_536))]
    vocab: Option<u32>,
    /// Memory of one device in GB that must not be exceeded [default: what is free here, or what this container or ulimit still allows]
    #[arg(long, value_name = "GB", value_parser = positive, allow_negative_numbers = true)]
    memory: Option<f64>,
    /// Devices that share each batch, each with a copy of the model
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096))]
    devices: u16,
    /// Rate of a large matrix product on one device in GFLOP/s, instead of measuring here
    #[arg(long, value_name = "GFLOPS", value_parser = positive, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Tokens to learn from, instead of --steps
    #[arg(long, value_name = "N", conflicts_with_all = ["steps", "epochs"], value_parser = clap::value_parser!(u64).range(1..))]
    tokens: Option<u64>,
    /// Price of one device for an hour, in any currency
    #[arg(long, value_name = "PRICE", value_parser = positive, allow_negative_numbers = true)]
    price: Option<f64>,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    flags: TrainFlags,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it must be a number".to_owned())?;
    if number > 0.0 && number.is_finite() { Ok(number) } else { Err("it must be above 0".to_owned()) }
}

/// Everything that is told.
#[derive(Debug, Serialize)]
struct Plan {
    parameters: u64,
    memory: Memory,
    /// Activations with blocks recomputed, bytes.
    activations_recomputed: u64,
    /// Bytes that may be used, where they are known.
    limit: Option<u64>,
    /// What sets that limit, in words.
    limited_by: Option<&'static str>,
    fits: Option<bool>,
    remedies: Vec<Remedy>,
    flops_per_token: u64,
    tokens_per_step: u64,
    tokens: u64,
    /// Of all devices together, if they do not wait for each other.
    tokens_per_s: f64,
    /// What that is derived from.
    basis: String,
    seconds: f64,
    cost: Option<f64>,
}

/// Runs the command.
pub fn run(args: &PlanArgs, output: Output) -> Result<()> {
    args.compute.start_threads()?;
    let setup = setup(args)?;
    let limit = limit(args);
    let (rate, basis) = match args.rate {
        Some(rate) => {
            (SHARE * rate * 1e9, format!("{:.0} % of {} GFLOP/s", 100.0 * SHARE, format::thousands(rate as u64)))
        }
        // Only a measurement needs the device: one that is not here can be planned for as well.
        None => measured(&setup, args)?,
    };
    tell_what_is_not_planned(&args.flags);
    let plan = Plan::new(args, &setup, limit, rate, basis);
    output.value(&json!({ "type": "plan", "stage": Stage::of(&setup.model), "plan": plan }))?;
    plan.lines(args, &setup).iter().try_for_each(|line| output.line(line))
}

fn setup(args: &PlanArgs) -> Result<Setup> {
    if args.flags.has("epochs") {
        return Err(Usage("--epochs needs a text: say how much to train by --steps or --tokens".to_owned()).into());
    }
    let file = match &args.config {
        Some(path) => Some((path.as_path(), SettingsFile::read(path)?)),
        None => None,
    };
    let vocab = args.vocab.map_or_else(|| args.stage.map_or(256, Stage::default_vocab), |vocab| vocab as usize);
    let (model, train) =
        RequestedSettings { stage: args.stage, file, flags: &args.flags, tuning: None }.for_new_run(vocab, 0)?;
    let workers = if args.compute.is_cpu() { rayon::current_num_threads() } else { 1 };
    Ok(Setup { model, train, devices: args.devices.into(), workers })
}

/// Settings that neither memory nor time depends on may be left as they stand in a command of `train`, but are said.
fn tell_what_is_not_planned(flags: &TrainFlags) {
    const PLANNED: [&str; 11] = [
        "steps",
        "epochs",
        "batch",
        "context",
        "accum",
        "recompute",
        "precision",
        "optimizer",
        "gate_rank",
        "planning",
        "gpt",
    ];
    let others = flags.given().keys().filter(|name| !PLANNED.contains(&name.as_str()));
    let others: Vec<String> = others.map(|name| format!("--{}", name.replace('_', "-"))).collect();
    if !others.is_empty() {
        note(&format!("without effect on a plan: {}", others.join(", ")));
    }
}

/// What may be taken: what was said, else what can be had here; unknown for graphics cards.
fn limit(args: &PlanArgs) -> Option<Room> {
    let said = args.memory.map(|gigabytes| Room { bytes: (gigabytes * 1e9) as u64, of: "--memory" });
    said.or_else(|| args.compute.is_cpu().then(Room::now).flatten())
}

/// Operations a second that training reaches here, and how that was found.
fn measured(setup: &Setup, args: &PlanArgs) -> Result<(f64, String)> {
    // What is planned for may be elsewhere, but what is measured is measured here.
    let room = args.compute.is_cpu().then(Room::now).flatten();
    // With something to spare: shapes that are far from those of a stage take more than is estimated.
    let probed = probe_shape(setup, room.map_or(u64::MAX, |room| room.bytes / 2));
    if let Some(room) = room {
        let fits = Memory::of(&probed).total <= room.bytes;
        ensure!(fits, "there is no room to measure in, only {}: say by --rate how fast the device is", room.words());
    }
    let (device, _) = args.compute.open()?;
    let speed = pollster::block_on(probe(&probed.model, &probed.train, &device))?;
    let rate = speed * flops_per_token(&probed.model, probed.train.recompute) as f64;
    let shape = format!("{} x {} tokens", probed.train.batch, probed.train.context);
    let what = if probed.model == setup.model {
        format!("steps of {shape}")
    } else {
        format!(
            "steps of {shape} with {} of width {}",
            format::count(probed.model.layers as u64, "layer"),
            probed.model.width
        )
    };
    Ok((rate, format!("{:.0} GFLOP/s in {what} here", rate / 1e9)))
}

impl Plan {
    fn new(args: &PlanArgs, setup: &Setup, limit: Option<Room>, rate: f64, basis: String) -> Self {
        let (limit, limited_by) = (limit.map(|room| room.bytes), limit.map(|room| room.of));
        let memory = Memory::of(setup);
        let mut recomputed = setup.clone();
        recomputed.train.recompute = true;
        let per_step = setup.train.tokens_per_step();
        let tokens = args.tokens.unwrap_or_else(|| setup.train.steps.saturating_mul(per_step));
        let tokens_per_s = rate * setup.devices as f64 / flops_per_token(&setup.model, setup.train.recompute) as f64;
        let seconds = tokens as f64 / tokens_per_s;
        Self {
            parameters: setup.model.parameters(),
            memory,
            activations_recomputed: Memory::of(&recomputed).activations,
            limit,
            limited_by,
            fits: limit.map(|limit| memory.total <= limit),
            remedies: limit.map(|limit| remedies(setup, limit)).unwrap_or_default(),
            flops_per_token: flops_per_token(&setup.model, setup.train.recompute),
            tokens_per_step: per_step,
            tokens,
            tokens_per_s,
            basis,
            seconds,
            cost: args.price.map(|price| price * setup.devices as f64 * seconds / 3600.0),
        }
    }

    fn lines(&self, args: &PlanArgs, setup: &Setup) -> Vec<String> {
        let stage = Stage::of(&setup.model).map_or(String::new(), |stage| format!("{stage}, "));
        let train = &setup.train;
        let on = match setup.devices {
            1 => String::new(),
            devices => format!(", shared by {devices} devices"),
        };
        let mut lines = vec![
            format!(
                "model        {stage}{}, vocabulary of {}",
                format::count(self.parameters, "parameter"),
                setup.model.vocab
            ),
            format!(
                "step         {} x {} x {} tokens (batch, context, accumulation){on}",
                train.batch, train.context, train.accum
            ),
        ];
        lines.extend(self.memory_lines(train.recompute));
        lines.extend(self.verdict());
        lines.push(format!(
            "work         {} a token, {} a step",
            flops(self.flops_per_token as f64),
            flops(self.flops_per_token as f64 * self.tokens_per_step as f64)
        ));
        lines.push(format!("speed        {} tokens/s expected ({})", significant(self.tokens_per_s), self.basis));
        lines.push(format!(
            "time         {} for {}",
            format::duration(self.seconds),
            format::count(self.tokens, "token")
        ));
        if let (Some(cost), Some(price)) = (self.cost, args.price) {
            lines.push(format!("cost         {cost:.2} at {price} an hour and device"));
        }
        lines
    }

    fn memory_lines(&self, recomputes: bool) -> Vec<String> {
        let Memory { weights, moments, gradients, activations, saving, program, total } = self.memory;
        let other = if recomputes {
            "recomputed".to_owned()
        } else {
            format!("{} with --recompute", format::size(self.activations_recomputed))
        };
        vec![
            format!("memory       {} on each device, of that", format::size(total)),
            format!(
                "             weights {}, moments {}, gradients {}",
                format::size(weights),
                format::size(moments),
                format::size(gradients)
            ),
            format!("             activations {} ({other})", format::size(activations)),
            format!(
                "             or, while saving, a copy of {}; the program {}",
                format::size(saving),
                format::size(program)
            ),
        ]
    }

    fn verdict(&self) -> Vec<String> {
        let (Some(bytes), Some(of)) = (self.limit, self.limited_by) else {
            return vec!["fits?        unknown: say by --memory GB what the device has".to_owned()];
        };
        let room = Room { bytes, of }.words();
        if self.fits == Some(true) {
            return vec![format!("fits         in {room}")];
        }
        let mut lines = vec![format!("fits NOT     in {room}")];
        if self.remedies.is_empty() {
            lines.push("             and no smaller setting does: use a device with more memory".to_owned());
        }
        lines.extend(self.remedies.iter().map(|remedy| format!("             {}", with_flags(remedy))));
        lines
    }
}

/// The remedy as arguments of `train`, and what it takes.
pub fn with_flags(remedy: &Remedy) -> String {
    let changes: Vec<String> = remedy.changes.iter().map(flags).collect();
    format!("{} would, with {}", changes.join(" "), format::size(remedy.total))
}

/// The change as arguments of `train`.
fn flags(change: &Change) -> String {
    match change {
        Change::Recompute => "--recompute".to_owned(),
        Change::Batches { batch, accum } => format!("--batch {batch} --accum {accum}"),
        Change::Context(context) => format!("--context {context}"),
        Change::Stage(stage) => format!("--stage {stage}"),
    }
}

/// Three digits, as an expectation has no more.
fn significant(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.2}");
    }
    let unit = 10f64.powf(number.log10().floor() - 2.0);
    format::thousands(((number / unit).round() * unit) as u64)
}

/// An amount of work: "35.4 MFLOP".
fn flops(operations: f64) -> String {
    const UNITS: [&str; 5] = ["MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"];
    let (mut value, mut unit) = (operations / 1e6, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_rounded() {
        assert_eq!(significant(6_214.0), "6,210");
        assert_eq!(significant(123_456.0), "123,000");
        assert_eq!(significant(0.5), "0.50");
        assert_eq!(flops(29_123_456_789.0), "29.1 GFLOP");
    }
}
