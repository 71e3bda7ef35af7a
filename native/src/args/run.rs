//! What every run is told.

use std::path::PathBuf;

use clap::Args;

use super::compute::Compute;
use super::sharing::Sharing;
use super::text::TextFlags;
use super::training::TrainFlags;
use crate::run::keep::Keep;

/// What every run is told, of one stage or of several.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The text: a file, a folder of text files, or prepared data; with --resume it may be left out
    #[arg(long, value_name = "FILE|DIR", required_unless_present = "resume")]
    pub data: Option<PathBuf>,
    /// The run's folder, which must not hold a run yet (unless with --resume)
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Go on with the run in --out from its last checkpoint
    #[arg(long)]
    pub resume: bool,
    /// Keep the newest N of step-*.safetensors, or all; may change with --resume [default: all]
    #[arg(long, value_name = "N|all")]
    pub keep: Option<Keep>,
    /// Begin even if the training seems to take more memory than there is
    #[arg(long)]
    pub ignore_memory: bool,
    #[command(flatten)]
    pub text: TextFlags,
    #[command(flatten)]
    pub compute: Compute,
    #[command(flatten)]
    pub sharing: Sharing,
    #[command(flatten)]
    pub flags: TrainFlags,
}
