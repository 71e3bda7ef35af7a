//! `mmrec eval`: how well a model predicts a text.

mod part;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use mmrec::checkpoint::{Checkpoint, LearnedText};
use mmrec::config::MAX_CONTEXT;
use mmrec::data::{DataError, TextSources, Tokens, text};
use mmrec::model::Model;
use mmrec::tokenizer::Tokenizer;
use mmrec::train::{Evaluation, Metrics};
use serde_json::json;

use self::part::{Held, Part};
use crate::args::adapters::AdapterFlags;
use crate::args::compute::Compute;
use crate::io::text_files::Inputs;
use crate::io::{files, findings};
use crate::io::{prepared_data, skipped};
use crate::machine::memory;
use crate::run::{checkpoint_file, own_folders};
use crate::terminal::output::{Output, note, path_text};
use crate::terminal::progress::{Pace, Progress};
use crate::terminal::{format, interrupt};

const EXAMPLES: &str = "\
Examples:
  mmrec eval runs/book/best.safetensors --data runs/book/data
  mmrec eval runs/book/best.safetensors --data book.txt --part whole
  mmrec eval best.safetensors --data other.txt --context 1024 --json

Of a text that the checkpoint was trained on, prepared or not, the part is read that was held back in training: what a model was
trained on flatters it. A checkpoint names its texts, and so does what is exported, grown, merged or fine-tuned of it.

Loss is in nats per token, the text being read in windows of --context tokens, each begun without memory of the one before.";

/// Bytes of memory that a byte of text takes while it becomes tokens.
const COPIES: u64 = 3;

/// Judge a model on a text: loss, bits per character, perplexity, accuracy
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EvalArgs {
    /// A .safetensors file that training wrote, here or in the browser
    checkpoint: PathBuf,
    #[command(flatten)]
    adapters: AdapterFlags,
    /// Prepared data, a text file or a folder of them
    #[arg(long, value_name = "FILE|DIR")]
    data: PathBuf,
    /// The part to read: validation, training or whole [default: validation, where the data are prepared or the text is one that
    /// the checkpoint was trained on; else whole]
    #[arg(long, value_name = "PART")]
    part: Option<Part>,
    /// Tokens in a window [default: as in training]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_CONTEXT as i64))]
    context: Option<u32>,
    /// Windows read at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=4096))]
    batch: u16,
    /// Accept what cannot be read in a text, as replacement characters
    #[arg(long)]
    lossy: bool,
    #[command(flatten)]
    compute: Compute,
}

/// Runs the command.
pub fn run(args: &EvalArgs, output: Output) -> Result<()> {
    let checkpoint = checkpoint_file::read(&args.checkpoint)?;
    let learned = [checkpoint.learned(), args.adapters.learned()?].concat();
    let held = match own_folders::find_prepared(&args.data)? {
        Some(folder) => prepared_part(args, &folder, &checkpoint.tokenizer, &learned, output)?,
        None => part_of_text(args, &checkpoint.tokenizer, &learned)?,
    };
    let trained = learned.iter().rev().find_map(|text| text.context);
    let context = args.context.map_or(trained.unwrap_or(256), |context| context as usize);
    let (batch, needed) = (usize::from(args.batch), context as u64 + 1);
    if held.tokens.len() < needed {
        return Err(
            DataError::TooShort { part: held.part.name(), tokens: held.tokens.len(), needed, batch, context }.into()
        );
    }
    if held.unknown > 0 {
        note(&format!("{} never appeared in training", format::count(held.unknown, "character")));
    }
    let (device, _) = args.compute.start()?;
    let checkpoint = args.adapters.apply(checkpoint, &args.checkpoint)?;
    let started = Instant::now();
    let (metrics, windows) = evaluate(args, &checkpoint.build_model(&device), &held, context, output)?;
    let evaluated = Evaluated { metrics, context, windows, seconds: started.elapsed().as_secs_f64() };
    evaluated.report(args, &checkpoint, &held, output)
}

fn prepared_part(
    args: &EvalArgs,
    folder: &Path,
    tokenizer: &Tokenizer,
    learned: &[LearnedText],
    output: Output,
) -> Result<Held> {
    if args.lossy {
        note(&format!("--lossy has no effect: {} was read when it was prepared", folder.display()));
    }
    let data = prepared_data::open(folder, output)?;
    if data.tokenizer != *tokenizer {
        bail!(
            "{} was prepared with another tokenizer than the checkpoint's: prepare it anew, or give the text itself",
            folder.display()
        );
    }
    let is_learned = part::is_learned(&data, learned);
    part::choose(data, args.part, is_learned)
}

/// Of a text that the checkpoint was trained on, what was held back; any other as a whole, unless a part is asked for.
fn part_of_text(args: &EvalArgs, tokenizer: &Tokenizer, learned: &[LearnedText]) -> Result<Held> {
    let text = whole_text(args)?;
    if let Some(data) = part::as_trained(args, tokenizer, &text, learned) {
        let held = part::choose(data, args.part, true)?;
        if held.part == Part::Validation {
            note(
                "this is the text that the checkpoint was trained on: only the part held back is read (--part whole reads all)",
            );
        }
        return Ok(held);
    }
    let ids = tokenizer.encode(&text);
    let unknown = tokenizer.count_unknown(&ids);
    match args.part {
        None | Some(Part::Whole) => Ok(Held {
            tokens: Tokens::from_vec(ids),
            characters: text.chars().count() as u64,
            unknown,
            part: Part::Whole,
            learned: false,
        }),
        Some(_) => {
            let data = part::Way::default().split(&text, tokenizer)?;
            Ok(Held { unknown, ..part::choose(data, args.part, false)? })
        }
    }
}

/// Refuses a text of which there is no room for what is made of it: the text, the same as one of plain lines, and its tokens.
fn refuse_beyond_memory(inputs: &Inputs, args: &EvalArgs) -> Result<()> {
    let what = format!("reading {}, of {},", args.data.display(), format::size(inputs.bytes()));
    memory::refuse_beyond_all(
        inputs.bytes().saturating_mul(COPIES),
        &what,
        "give a part of it, or prepare it by mmrec data prepare and give the folder, whose tokens are read from the disk",
    )
}

/// All that there is to read, as training reads it.
fn whole_text(args: &EvalArgs) -> Result<String> {
    let (mut inputs, skipped) = Inputs::collect(std::slice::from_ref(&args.data), None, own_folders::what_is)?;
    refuse_beyond_memory(&inputs, args)?;
    skipped::tell(&skipped, note);
    let (mut whole, mut found) = (String::new(), Vec::new());
    for index in 0..inputs.len() {
        let (text, findings) = read_text(&mut inputs, index, args.lossy)?;
        text::append(&mut whole, &text);
        found.push(findings);
    }
    findings::tell(inputs.paths().zip(&found), note);
    Ok(whole)
}

fn read_text(inputs: &mut Inputs, index: usize, lossy: bool) -> Result<(String, text::Findings)> {
    let (mut bytes, name) = (Vec::new(), inputs.list()[index].name.clone());
    // What has no length beforehand, as files that the system makes up, has a limit all the same.
    let most = inputs.list()[index].bytes.max(files::SETTINGS);
    let reader: interrupt::Reader<File> = inputs.open(index).with_context(|| format!("cannot open {name}"))?;
    reader.take(most + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    ensure!(bytes.len() as u64 <= most, "{name} grows while it is read: wait until it is whole, or copy it first");
    text::read_text(&bytes, &name, lossy).map_err(|error| findings::explain(error, inputs))
}

fn evaluate(args: &EvalArgs, model: &Model, held: &Held, context: usize, output: Output) -> Result<(Metrics, usize)> {
    let mut evaluation = Evaluation::new(held.tokens.len(), context, 0);
    let (_, total) = evaluation.progress();
    let (pace, mut progress) = (Pace::new(0), Progress::counting(output, Some(total as u64)));
    while !evaluation.is_done() {
        pollster::block_on(evaluation.advance(model, &held.tokens, args.batch.into()))?;
        let done = evaluation.progress().0;
        let left = pace.seconds_left(done as u64, total as u64).unwrap_or_default();
        progress.show(done as u64, &format!("window {done} of {total}, {} left", format::duration(left)), false);
    }
    progress.clear();
    let metrics = evaluation.metrics(held.tokens.len() as f64 / held.characters.max(1) as f64);
    ensure!(metrics.loss.is_finite(), mmrec::Error::NotFinite);
    Ok((metrics, total))
}

struct Evaluated {
    metrics: Metrics,
    context: usize,
    windows: usize,
    seconds: f64,
}

impl Evaluated {
    fn report(&self, args: &EvalArgs, checkpoint: &Checkpoint, held: &Held, output: Output) -> Result<()> {
        let Metrics { loss, bpc, perplexity, accuracy } = self.metrics;
        let read = (self.windows * self.context) as u64;
        output.value(&json!({
            "type": "evaluated",
            "checkpoint": path_text(&args.checkpoint),
            "data": path_text(&args.data),
            "part": held.part.name(),
            "trained_on": held.learned.then_some(true),
            "note": held.remark(),
            "step": checkpoint.progress.as_ref().map(|progress| progress.step),
            "tokens": held.tokens.len(),
            "tokens_read": read,
            "characters": held.characters,
            "unknown_characters": held.unknown,
            "context": self.context,
            "windows": self.windows,
            "val_loss": loss,
            "val_bpc": bpc,
            "val_perplexity": perplexity,
            "val_accuracy": accuracy,
            "uniform_loss": (checkpoint.tokenizer.vocab() as f64).ln(),
            "seconds": self.seconds,
        }))?;
        let uniform = (checkpoint.tokenizer.vocab() as f64).ln();
        output.line(&format!("loss            {loss:.4} nats per token (guessing: {uniform:.4})"))?;
        output.line(&format!("bits per char   {bpc:.4}"))?;
        output.line(&format!("perplexity      {perplexity:.3}"))?;
        output.line(&format!("accuracy        {:.2} %", accuracy * 100.0))?;
        output.line(&format!(
            "read            {} of the {} in {} of {} tokens, {}",
            format::count(read, "token"),
            held.described(),
            format::count(self.windows as u64, "window"),
            self.context,
            format::duration(self.seconds)
        ))?;
        match held.remark() {
            Some(remark) if output.is_json() => note(remark),
            Some(remark) => output.line(&format!("note            {remark}"))?,
            None => {}
        }
        Ok(())
    }
}
