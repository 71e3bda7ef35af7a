//! `mmrec merge`: an ordinary checkpoint of a model and its adapters.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::args::adapters::AdapterFlags;
use crate::io::{atomic_file, out_path};
use crate::run::checkpoint_file;
use crate::terminal::failure::Usage;
use crate::terminal::format;
use crate::terminal::output::{Output, path_text};
use crate::terminal::shell::Suggestion;

const EXAMPLES: &str = "\
Examples:
  mmrec merge base.safetensors --adapter runs/letters/adapter.safetensors --out letters.safetensors
  mmrec merge base.safetensors --adapter a.safetensors=0.5 --adapter b.safetensors=0.5 --out both.safetensors
  mmrec merge runs/letters/best.safetensors --out letters.safetensors

The result needs no adapter: it opens in the page, grows, and can be fine-tuned again. A checkpoint of a run that trains an adapter
has it in it, and is merged without --adapter.";

/// Merge adapters into a checkpoint's weights
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MergeArgs {
    /// The checkpoint that the adapters were trained for
    checkpoint: PathBuf,
    #[command(flatten)]
    adapters: AdapterFlags,
    /// File to write; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub fn run(args: &MergeArgs, output: Output) -> Result<()> {
    out_path::refuse_existing(&args.out)?;
    let checkpoint = checkpoint_file::read(&args.checkpoint)?;
    if checkpoint.adapter.is_none() && args.adapters.adapters.is_empty() {
        return Err(Usage("there is nothing to merge: give an --adapter".to_owned()).into());
    }
    let merged = args.adapters.apply(checkpoint, &args.checkpoint)?;
    let merged = merged.plain();
    let folder = atomic_file::folder_of(&args.out);
    fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    atomic_file::write_new(&args.out, |file| Ok(merged.write_to(file)?))?;
    let bytes = fs::metadata(&args.out).with_context(|| format!("cannot read {}", args.out.display()))?.len();
    output.value(&json!({
        "type": "merged",
        "checkpoint": path_text(&args.checkpoint),
        "adapters": args.adapters.adapters.len(),
        "file": path_text(&args.out),
        "bytes": bytes,
    }))?;
    output.line(&format!("written     {} ({})", args.out.display(), format::size(bytes)))?;
    output.next(&Suggestion::new("generate").path(&args.out).words("--prompt \"Once\""))
}
