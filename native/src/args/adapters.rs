//! Adapters to use with a checkpoint.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::builder::{OsStringValueParser, TypedValueParser};
use mmrec::checkpoint::{Checkpoint, LearnedText};

use crate::run::adapter_file;
use crate::terminal::output::note;

/// The largest share: more than anybody wants, and so little that a sound adapter gives numbers.
const MAX_SHARE: f32 = 1000.0;

/// Adapters to use.
#[derive(Debug, clap::Args)]
pub struct AdapterFlags {
    /// Add what an adapter learned (adapter.safetensors of a run of mmrec finetune --lora), or a share of it; may be given several
    /// times
    #[arg(long = "adapter", value_name = "FILE[=SHARE]", value_parser = OsStringValueParser::new().try_map(Choice::read))]
    pub adapters: Vec<Choice>,
}

/// An adapter, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    path: PathBuf,
    share: f32,
}

impl Choice {
    fn read(text: OsString) -> Result<Self, String> {
        let Some((path, share)) = cut_share(&text) else { return Ok(Self { path: text.into(), share: 1.0 }) };
        if share.abs() > MAX_SHARE {
            return Err(format!("the share must be between -{MAX_SHARE} and {MAX_SHARE}"));
        }
        Ok(Self { path, share })
    }
}

/// What stands before the last equals sign, and the number behind it. A path may have an equals sign of its own.
fn cut_share(text: &OsStr) -> Option<(PathBuf, f32)> {
    let bytes = text.as_encoded_bytes();
    let place = bytes.iter().rposition(|byte| *byte == b'=')?;
    let share: f32 = str::from_utf8(&bytes[place + 1..]).ok()?.parse().ok()?;
    // SAFETY: they end right before an ASCII character of encoded bytes.
    let path = unsafe { OsStr::from_encoded_bytes_unchecked(&bytes[..place]) };
    share.is_finite().then(|| (path.into(), share))
}

impl AdapterFlags {
    /// The texts that the adapters learned.
    pub fn learned(&self) -> Result<Vec<LearnedText>> {
        let read = self.adapters.iter().map(|choice| Ok(adapter_file::read(&choice.path)?.learned()));
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
        let files = self.adapters.iter().map(|choice| Ok((adapter_file::read(&choice.path)?, choice.share)));
        let merged = checkpoint.merge(&files.collect::<Result<Vec<_>>>()?);
        let merged = merged.map_err(|(index, error)| {
            let adapter = self.adapters[index].path.display();
            anyhow::Error::new(error).context(format!("{adapter} cannot be used with {}", path.display()))
        })?;
        if merged.weights.iter().any(|weight| weight.values.iter().any(|value| !value.is_finite())) {
            bail!(
                "{} with this much of its adapters is no model any more (its weights would be no numbers): take smaller shares",
                path.display()
            );
        }
        Ok(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_behind_the_last_equals_sign() {
        let choice = |text: &str| Choice::read(text.into()).map(|choice| (choice.path, choice.share)).unwrap();
        assert_eq!(choice("a.safetensors"), ("a.safetensors".into(), 1.0));
        assert_eq!(choice("a=b.safetensors=-0.5"), ("a=b.safetensors".into(), -0.5));
        assert_eq!(choice("a=b.safetensors"), ("a=b.safetensors".into(), 1.0));
        assert_eq!(choice("a=nan"), ("a=nan".into(), 1.0));
        assert!(Choice::read("a=3e38".into()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        use std::os::unix::ffi::OsStringExt;
        let odd = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let choice = Choice::read(odd(b"a\xff=0.5")).unwrap();
        assert_eq!((choice.path, choice.share), (odd(b"a\xff").into(), 0.5));
        assert_eq!(Choice::read(odd(b"a=\xff")).unwrap().path, PathBuf::from(odd(b"a=\xff")));
    }
}
