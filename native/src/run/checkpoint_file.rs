//! Checkpoints as files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use mmrec::checkpoint::{Checkpoint, Opened};

use crate::io::{atomic_file, files};
use crate::machine::memory;
use crate::terminal::format;
use crate::terminal::output::note;

/// Reads a checkpoint.
pub fn read(path: &Path) -> Result<Checkpoint> {
    if path.is_dir() {
        let best = path.join("best.safetensors");
        bail!("{} is a folder, not a checkpoint: choose a file in it, such as {}", path.display(), best.display());
    }
    check_room(path)?;
    let bytes = files::read(path, u64::MAX).with_context(|| format!("cannot read {}", path.display()))?;
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

/// Refuses a file that is larger than what it can be read into: its bytes and, beside them, the numbers that they mean.
pub fn check_room(path: &Path) -> Result<()> {
    // What keeps it from being opened is told where it is read.
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let what = format!("reading {}, of {},", path.display(), format::size(bytes));
    memory::refuse_beyond_all(bytes.saturating_mul(2), &what, "use a machine with more memory, or a smaller model")
}

/// Writes a checkpoint, whole or not at all.
pub fn write(path: &Path, checkpoint: &Checkpoint) -> Result<()> {
    atomic_file::write_with(path, |file| Ok(checkpoint.write_to(file)?))
}
