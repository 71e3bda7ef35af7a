//! `mmrec export`: a model's file in fewer bits, to be given away.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use mmrec::checkpoint::Packing;
use serde_json::json;

use crate::io::{atomic_file, out_path};
use crate::run::checkpoint_file;
use crate::terminal::format;
use crate::terminal::output::{Output, path_text};
use crate::terminal::shell::Suggestion;

const EXAMPLES: &str = "\
Examples:
  mmrec export runs/book/best.safetensors --out book.safetensors
  mmrec export runs/book/best.safetensors --precision int8 --out book.safetensors

The result writes, grows, can be fine-tuned and opens in the page, but the run it comes from does not go on from it. What the
fewer bits cost is the difference of `mmrec eval --part validation` on both files.";

/// Store a model in fewer bits, without its training's state
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// A .safetensors file that training wrote, here or in the browser
    checkpoint: PathBuf,
    /// What the matrices are stored in: f16 takes two bytes a value, int8 one and a scale for each row
    #[arg(long, value_name = "NAME", default_value = "f16")]
    precision: Packing,
    /// File to write; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub fn run(args: &ExportArgs, output: Output) -> Result<()> {
    out_path::refuse_existing(&args.out)?;
    let bytes = checkpoint_file::read(&args.checkpoint)?.pack(args.precision)?;
    let folder = atomic_file::folder_of(&args.out);
    fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    atomic_file::write_new(&args.out, |file| Ok(file.write_all(&bytes)?))?;
    let size = bytes.len() as u64;
    output.value(&json!({
        "type": "exported",
        "checkpoint": path_text(&args.checkpoint),
        "file": path_text(&args.out),
        "bytes": size,
    }))?;
    output.line(&format!("written     {} ({})", args.out.display(), format::size(size)))?;
    output.next(&Suggestion::new("generate").path(&args.out).words("--prompt \"Once\""))
}
