//! `mmrec info`: what is in a checkpoint.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use mmrec::checkpoint::{AdapterAbout, AdapterFile, Checkpoint, CheckpointError, Progress};
use mmrec::config::{ModelConfig, Stage};
use serde_json::{Value, json};

use crate::run::{adapter_file, checkpoint_file};
use crate::terminal::format;
use crate::terminal::output::{Output, name, path_text};

/// Tell what is in a checkpoint or an adapter
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// A .safetensors file that training wrote, here or in the browser
    #[arg(value_name = "FILE")]
    checkpoint: PathBuf,
}

/// Runs the command.
pub fn run(args: &InfoArgs, output: Output) -> Result<()> {
    let read = checkpoint_file::read(&args.checkpoint);
    let metadata = fs::metadata(&args.checkpoint);
    let bytes = metadata.with_context(|| format!("cannot read {}", args.checkpoint.display()))?.len();
    let checkpoint = match read {
        Err(error) if matches!(error.downcast_ref(), Some(CheckpointError::IsAdapter)) => {
            return tell_of_adapter(args, &adapter_file::read(&args.checkpoint)?, bytes, output);
        }
        read => read?,
    };
    output.value(&as_json(args, &checkpoint, bytes))?;
    as_text(args, &checkpoint, bytes).iter().try_for_each(|line| output.line(line))
}

fn tell_of_adapter(args: &InfoArgs, file: &AdapterFile, bytes: u64, output: Output) -> Result<()> {
    let AdapterAbout { config, base, tokenizer, text, step, val_loss, .. } = &file.about;
    output.value(&json!({
        "type": "adapter",
        "file": path_text(&args.checkpoint),
        "bytes": bytes,
        "parameters": file.parameters(),
        "model": file.model,
        "about": file.about,
    }))?;
    let loss = val_loss.map_or(String::new(), |loss| format!(", {loss:.4} in validation"));
    let stage = Stage::of(&file.model).map_or(String::new(), |stage| format!("{stage}, "));
    let base = format!("{stage}{}, weights {}", format::count(file.model.parameters(), "parameter"), short(base));
    let lines = [
        format!("file        {} ({})", args.checkpoint.display(), format::size(bytes)),
        format!(
            "adapter     {} of rank {}, alpha {}",
            format::count(file.parameters(), "parameter"),
            config.rank,
            config.alpha
        ),
        format!("blocks      {} to {} of {}", config.first_block + 1, file.model.layers, file.model.layers),
        format!("base        {base}"),
        format!("tokenizer   {tokenizer}"),
        format!("text        {}", name(text)),
        format!("training    step {}{loss}", format::thousands(*step)),
    ];
    lines.iter().try_for_each(|line| output.line(line))
}

fn as_json(args: &InfoArgs, checkpoint: &Checkpoint, bytes: u64) -> Value {
    let mut value = json!({
        "type": "info",
        "file": path_text(&args.checkpoint),
        "bytes": bytes,
        "stage": Stage::of(&checkpoint.model),
        "parameters": checkpoint.model.parameters(),
        "horizon": checkpoint.model.horizon(),
        "model": checkpoint.model,
        "tokenizer": checkpoint.tokenizer.kind(),
        "vocabulary": checkpoint.tokenizer.vocab(),
        "resumable": checkpoint.progress.is_some(),
        "adapter": checkpoint.adapter.as_ref().map(|adapter| adapter.config),
    });
    if let (Some(progress), Value::Object(fields)) = (&checkpoint.progress, &mut value) {
        let last = progress.history.last();
        let evaluated = progress.history.iter().rev().find(|point| point.val_loss.is_some());
        let more = [
            ("step", json!(progress.step)),
            ("tokens", json!(progress.tokens)),
            ("seconds", json!(progress.seconds)),
            ("train_loss", json!(last.map(|point| point.train_loss))),
            ("val_loss", json!(evaluated.and_then(|point| point.val_loss))),
            ("best", json!(progress.best)),
            ("train", json!(progress.train)),
            ("data_name", json!(progress.data_name)),
            ("fingerprint", json!(progress.data_fingerprint)),
        ];
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    value
}

fn as_text(args: &InfoArgs, checkpoint: &Checkpoint, bytes: u64) -> Vec<String> {
    let model = &checkpoint.model;
    let stage = Stage::of(model).map_or(String::new(), |stage| format!("{stage}, "));
    let mut lines = vec![
        format!("file        {} ({})", args.checkpoint.display(), format::size(bytes)),
        format!("model       {stage}{}", format::count(model.parameters(), "parameter")),
        format!("sizes       {}", sizes(model)),
        format!("horizon     {}", format::count(model.horizon(), "token")),
        format!("options     {}", options(model)),
        format!(
            "tokenizer   {}, vocabulary of {}",
            checkpoint.tokenizer.kind(),
            format::thousands(checkpoint.tokenizer.vocab() as u64)
        ),
    ];
    match &checkpoint.progress {
        Some(progress) => lines.extend(progress_lines(progress)),
        None => lines.push(
            "training    none: the model can write, be judged and begin a new run (train --from), but not be resumed"
                .to_owned(),
        ),
    }
    lines
}

fn sizes(model: &ModelConfig) -> String {
    let ModelConfig { width, layers, heads, feed_forward, chunk, levels, slots, merge_factor, dropout, window, .. } =
        model;
    let memory = if model.is_gpt() {
        format!("a GPT with a window of {window}")
    } else {
        format!("chunks of {chunk}, {levels} levels of {slots} slots, {merge_factor} merging into one")
    };
    format!("width {width}, {layers} layers, {heads} heads, feed-forward {feed_forward}, {memory}, dropout {dropout}")
}

fn options(model: &ModelConfig) -> String {
    let gates = (model.gate_rank > 0).then(|| format!("gates of rank {}", model.gate_rank));
    let planning = model.planning.then(|| "a head that plans".to_owned());
    let options: Vec<String> = gates.into_iter().chain(planning).collect();
    if options.is_empty() { "none".to_owned() } else { options.join(", ") }
}

fn progress_lines(progress: &Progress) -> Vec<String> {
    let train = &progress.train;
    let mut lines = vec![
        format!("text        {} ({})", name(&progress.data_name), short(&progress.data_fingerprint)),
        format!(
            "training    step {} of {}, {} in {}",
            format::thousands(progress.step),
            format::thousands(train.steps),
            format::count(progress.tokens, "token"),
            format::duration(progress.seconds)
        ),
        format!(
            "settings    {} x {} x {} tokens a step (batch, context, accumulation), peak rate {}, seed {}",
            train.batch, train.context, train.accum, train.lr, train.seed
        ),
    ];
    if train.is_partial() {
        let (freeze, rank) = (format::count(train.freeze as u64, "block"), train.lora);
        let trained = if rank > 0 {
            format!("adapters of rank {rank}, alpha {}", train.lora_alpha)
        } else {
            "weights".to_owned()
        };
        lines.push(format!("trained     {trained}; {freeze} left as they were"));
    }
    if let Some(last) = progress.history.last() {
        lines.push(format!("loss        {:.4} in training at step {}", last.train_loss, last.step));
    }
    if let Some(best) = progress.best {
        lines.push(format!("best        {:.4} in validation at step {}", best.loss, best.step));
    }
    lines
}

/// Enough of a fingerprint to tell texts apart by eye.
fn short(fingerprint: &str) -> &str {
    fingerprint.get(..12).unwrap_or("unknown")
}
