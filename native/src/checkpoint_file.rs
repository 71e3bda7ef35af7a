//! Checkpoints as files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use mmrec::checkpoint::{Checkpoint, Opened};

use crate::atomic;
use crate::output::note;

/// Reads a checkpoint.
pub fn read(path: &Path) -> Result<Checkpoint> {
    if path.is_dir() {
        let best = path.join("best.safetensors");
        bail!("{} is a folder, not a checkpoint: choose a file in it, such as {}", path.display(), best.display());
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let opened = Checkpoint::open(&bytes).with_context(|| format!("{} cannot be used", path.display()))?;
    Ok(unchanged(opened, path))
}

/// What was read; tells where it is not what mmrec wrote.
pub fn unchanged<T>(opened: Opened<T>, path: &Path) -> T {
    if opened.changed {
        note(&format!("{} was changed by another program since mmrec wrote it: its tensors are whole", path.display()));
    }
    opened.content
}

/// Writes a checkpoint, whole or not at all.
pub fn write(path: &Path, checkpoint: &Checkpoint) -> Result<()> {
    atomic::write_with(path, |file| Ok(checkpoint.write_to(file)?))
}
