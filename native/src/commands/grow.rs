//! `mmrec grow`: a larger model with the same function.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args};
use mmrec::Device;
use mmrec::checkpoint::Checkpoint;
use mmrec::config::{ModelConfig, Stage};
use mmrec::grow::{Difference, GrowOptions, Placement, Target, difference, grow};
use mmrec::tokenizer::Tokenizer;
use serde_json::json;

use crate::args::whole;
use crate::io::{atomic_file, out_path, prepared_data};
use crate::machine::memory;
use crate::run::settings_file::SettingsFile;
use crate::run::{checkpoint_file, own_folders};
use crate::terminal::format;
use crate::terminal::output::{Output, note, path_text};
use crate::terminal::shell::Suggestion;

const EXAMPLES: &str = "\
Examples:
  mmrec grow runs/book/best.safetensors --to mini --out mini.safetensors
  mmrec grow mini.safetensors --config wider.toml --out wider.safetensors
  mmrec train --from mini.safetensors --data book.txt --out runs/mini

The larger model computes what the small one computes, so a run that begins from it goes on at the loss that the small one had.
Width, heads, layers, levels and the feed-forward width may grow; heads grow in number, and in width by a whole factor. block,
slots and fan_in stay. A settings file names the sizes that change in its table [model]; the others stay.";

/// Parameters up to which the result is run beside the old model.
const CHECKED: u64 = 1_000_000_000;

/// Make a model larger without changing what it computes
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("sizes").args(["to", "config"]).required(true)))]
pub struct GrowArgs {
    /// A .safetensors file that training wrote, here or in the browser
    checkpoint: PathBuf,
    /// The size to grow to: mini, small, base, medium, large or 7b
    #[arg(long, value_name = "STAGE")]
    to: Option<Stage>,
    /// The size to grow to, from a settings file
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// File to write; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Seed of what starts at random: the same seed gives the same file
    #[arg(long, value_name = "N", default_value_t = GrowOptions::default().seed, value_parser = whole())]
    seed: u64,
    /// Spread new layers evenly between the old ones instead of putting them last
    #[arg(long)]
    interleave: bool,
    /// Leave out the optimizer's memory, which is two thirds of the file; a new run then begins without it
    #[arg(long)]
    weights_only: bool,
    /// Prepared data whose tokenizer has all tokens of the model's and more
    #[arg(long, value_name = "DIR")]
    tokenizer_from: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &GrowArgs, output: Output) -> Result<()> {
    let started = Instant::now();
    out_path::refuse_existing(&args.out)?;
    let old = checkpoint_file::read(&args.checkpoint)?;
    let target = args.target(&old)?;
    args.tell_what_is_without_effect(&old, &target);
    refuse_too_large(&target.model, args)?;
    let grown = grow(&old, &target, &args.options());
    let grown = grown.with_context(|| format!("{} cannot grow like this", args.checkpoint.display()))?;
    let checked = check(&old, &grown, args.seed)?;
    make_folder(&args.out)?;
    atomic_file::write_new(&args.out, |file| Ok(grown.write_to(file)?))?;
    let bytes = fs::metadata(&args.out).with_context(|| format!("cannot read {}", args.out.display()))?.len();
    let report = Report { old, grown, checked, bytes, seconds: started.elapsed().as_secs_f64() };
    output.value(&report.json(args))?;
    report.lines(args).iter().try_for_each(|line| output.line(line))
}

/// Refuses sizes that there is no memory for.
fn refuse_too_large(model: &ModelConfig, args: &GrowArgs) -> Result<()> {
    let (values, remedy) = match args.weights_only {
        true => (1, "grow into less, or where there is more"),
        false => (3, "--weights-only takes a third; or grow into less, or where there is more"),
    };
    let bytes = model.parameters().saturating_mul(4 * values);
    memory::refuse_beyond_all(bytes, &format!("a model of {}", size_of(model)), remedy)
}

impl GrowArgs {
    fn options(&self) -> GrowOptions {
        let placement = if self.interleave { Placement::Interleaved } else { Placement::Last };
        GrowOptions { seed: self.seed, placement, moments: !self.weights_only }
    }

    fn tell_what_is_without_effect(&self, old: &Checkpoint, target: &Target) {
        if self.interleave && target.model.layers == old.model.layers {
            note("--interleave has no effect: there are no new layers");
        }
        if self.weights_only && old.optimizer.is_empty() {
            note("--weights-only has no effect: the checkpoint has no memory of an optimizer");
        }
        if self.tokenizer_from.is_some() && target.tokenizer == old.tokenizer {
            note("--tokenizer-from has no effect: it is the model's own tokenizer");
        }
    }

    fn target(&self, old: &Checkpoint) -> Result<Target> {
        let tokenizer = self.tokenizer(old)?;
        let same = ModelConfig { vocab: tokenizer.vocab(), ..old.model.clone() };
        let model = match (&self.config, self.to) {
            (Some(path), _) => SettingsFile::read(path)?.over(path, &same)?,
            (None, Some(stage)) => stage.like(&same),
            (None, None) => same,
        };
        Ok(Target { model, tokenizer })
    }

    fn tokenizer(&self, old: &Checkpoint) -> Result<Tokenizer> {
        let Some(path) = &self.tokenizer_from else { return Ok(old.tokenizer.clone()) };
        let folder = own_folders::find_prepared(path)?;
        let folder = folder.with_context(|| format!("{} holds no prepared data", path.display()))?;
        Ok(prepared_data::index(&folder)?.tokenizer)
    }
}

/// Compares both models on the CPU; `None` where that would take too much memory. A model that differs is not written.
fn check(old: &Checkpoint, grown: &Checkpoint, seed: u64) -> Result<Option<Difference>> {
    if grown.model.parameters() > CHECKED {
        return Ok(None);
    }
    let (device, _): (Device, _) = pollster::block_on(mmrec::platform::device("cpu"))?;
    let found = pollster::block_on(difference(old, grown, seed, &device))?;
    if !found.is_rounding() {
        bail!(
            "the larger model does not compute what the old one does: logits of up to {} differ by {}. If the old one writes \
             sensible text, this is a mistake in mmrec; otherwise use an earlier checkpoint",
            found.logits,
            found.largest
        );
    }
    Ok(Some(found))
}

fn make_folder(out: &Path) -> Result<()> {
    let folder = atomic_file::folder_of(out);
    fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))
}

struct Report {
    old: Checkpoint,
    grown: Checkpoint,
    checked: Option<Difference>,
    bytes: u64,
    seconds: f64,
}

impl Report {
    fn json(&self, args: &GrowArgs) -> serde_json::Value {
        let side = |checkpoint: &Checkpoint| {
            json!({
                "stage": Stage::of(&checkpoint.model),
                "parameters": checkpoint.model.parameters(),
                "model": checkpoint.model,
            })
        };
        json!({
            "type": "grown",
            "checkpoint": path_text(&args.checkpoint),
            "file": path_text(&args.out),
            "bytes": self.bytes,
            "from": side(&self.old),
            "to": side(&self.grown),
            "moments": !self.grown.optimizer.is_empty(),
            "checked_tokens": self.checked.map(|found| found.tokens),
            "logit_difference": self.checked.map(|found| found.largest),
            "largest_logit": self.checked.map(|found| found.logits),
            "unchecked": self.checked.is_none().then(too_large),
            "seconds": self.seconds,
        })
    }

    fn lines(&self, args: &GrowArgs) -> Vec<String> {
        let (old, new) = (&self.old.model, &self.grown.model);
        let out = args.out.display();
        vec![
            format!("model       {} to {}", size_of(old), size_of(new)),
            format!("sizes       {}", changes(old, new).join(", ")),
            match self.checked {
                Some(found) => format!(
                    "checked     the logits of {} differ by at most {:.1e}; the largest is {:.1}",
                    format::count(found.tokens as u64, "token"),
                    found.largest,
                    found.logits
                ),
                None => format!("unchecked   {}", too_large()),
            },
            format!("written     {out} ({}) in {}", format::size(self.bytes), format::duration(self.seconds)),
            format!(
                "Next: {}",
                Suggestion::new("train").words("--from").path(&args.out).words("--data TEXT --out runs/grown")
            ),
        ]
    }
}

fn too_large() -> String {
    format!(
        "above {} both models are not run side by side, for the memory it takes",
        format::count(CHECKED, "parameter")
    )
}

fn size_of(model: &ModelConfig) -> String {
    let stage = Stage::of(model).map_or(String::new(), |stage| format!("{stage}, "));
    format!("{stage}{}", format::count(model.parameters(), "parameter"))
}

/// What grew, as in "width 64 to 192".
fn changes(old: &ModelConfig, new: &ModelConfig) -> Vec<String> {
    let sizes = [
        ("vocabulary", old.vocab, new.vocab),
        ("width", old.width, new.width),
        ("layers", old.layers, new.layers),
        ("heads", old.heads, new.heads),
        ("head width", old.head_width(), new.head_width()),
        ("levels", old.levels, new.levels),
        ("feed-forward", old.feed_forward, new.feed_forward),
    ];
    let grown = sizes.into_iter().filter(|(_, old, new)| old != new);
    grown.map(|(name, old, new)| format!("{name} {old} to {new}")).collect()
}
