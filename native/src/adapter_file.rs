//! Adapters as files, and the checkpoints that they are used with.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use mmrec::checkpoint::{AdapterFile, Checkpoint, LearnedText};

use crate::output::note;
use crate::{atomic, checkpoint_file, files};

/// Adapters to use.
#[derive(Debug, clap::Args)]
pub struct AdapterFlags {
    /// Add what an adapter learned (adapter.safetensors of a run of mmrec finetune --lora), or a share of it; may be given several
    /// times
    #[arg(long = "adapter", value_name = "FILE[=SHARE]")]
    pub adapters: Vec<Choice>,
}

/// An adapter, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    path: PathBuf,
    share: f32,
}

impl FromStr for Choice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let whole = || Self { path: text.into(), share: 1.0 };
        let Some((path, share)) = text.rsplit_once('=') else { return Ok(whole()) };
        // A path may have an equals sign of its own.
        let share = share.parse().ok().filter(|share: &f32| share.is_finite());
        Ok(share.map_or_else(whole, |share| Self { path: path.into(), share }))
    }
}

impl AdapterFlags {
    /// The texts that the adapters learned.
    pub fn learned(&self) -> Result<Vec<LearnedText>> {
        let read = self.adapters.iter().map(|choice| Ok(read(&choice.path)?.learned()));
        Ok(read.collect::<Result<Vec<_>>>()?.concat())
    }

    /// The checkpoint, which was read from `path`, with the adapters merged into its weights; as it is where there are none. It
    /// computes, so the threads must have been started.
    pub fn apply(&self, checkpoint: Checkpoint, path: &Path) -> Result<Checkpoint> {
        if self.adapters.is_empty() {
            return Ok(checkpoint);
        }
        for Choice { path, .. } in self.adapters.iter().filter(|choice| choice.share == 0.0) {
            note(&format!("--adapter {}=0 has no effect: none of what it learned is added", path.display()));
        }
        let files = self.adapters.iter().map(|choice| Ok((read(&choice.path)?, choice.share)));
        let merged = checkpoint.merge(&files.collect::<Result<Vec<_>>>()?);
        merged.map_err(|(index, error)| {
            let adapter = self.adapters[index].path.display();
            anyhow::Error::new(error).context(format!("{adapter} cannot be used with {}", path.display()))
        })
    }
}

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
    atomic::write_with(path, |file| Ok(adapter.write_to(file)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_behind_the_last_equals_sign() {
        let choice = |text: &str| text.parse::<Choice>().map(|choice| (choice.path, choice.share)).unwrap();
        assert_eq!(choice("a.safetensors"), ("a.safetensors".into(), 1.0));
        assert_eq!(choice("a=b.safetensors=-0.5"), ("a=b.safetensors".into(), -0.5));
        assert_eq!(choice("a=b.safetensors"), ("a=b.safetensors".into(), 1.0));
        assert_eq!(choice("a=nan"), ("a=nan".into(), 1.0));
    }
}
