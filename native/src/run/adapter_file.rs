//! Adapters as files.

use std::path::Path;

use anyhow::{Context, Result};
use mmrec::checkpoint::AdapterFile;

use super::checkpoint_file;
use crate::io::{atomic_file, files};

/// Reads an adapter.
pub fn read(path: &Path) -> Result<AdapterFile> {
    checkpoint_file::check_room(path)?;
    let bytes = files::read(path, u64::MAX).with_context(|| format!("cannot read {}", path.display()))?;
    let opened =
        AdapterFile::open(&bytes).with_context(|| format!("{} cannot be used as an adapter", path.display()))?;
    Ok(checkpoint_file::unchanged(opened, path))
}

/// Writes an adapter, whole or not at all.
pub fn write(path: &Path, adapter: &AdapterFile) -> Result<()> {
    atomic_file::write_with(path, |file| Ok(adapter.write_to(file)?))
}
