//! What a new run begins with: fresh weights, or those of a checkpoint.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use mmrec::Device;
use mmrec::checkpoint::Checkpoint;
use mmrec::config::{ModelConfig, TrainConfig};
use mmrec::data::{DataError, Dataset, Tokens};
use mmrec::driver::Session;
use mmrec::tokenizer::Tokenizer;

use crate::args::requested::RequestedSettings;
use crate::run::checkpoint_file;
use crate::terminal::format;
use crate::terminal::output::{name, note};

/// One character in so many may be unknown to the model; a text with more is not written in its alphabet.
const KNOWN: u64 = 10;

/// What a new run begins with.
pub enum Source {
    /// Fresh weights.
    Fresh,
    /// The weights of `--from`.
    Checkpoint {
        /// What its file holds.
        checkpoint: Box<Checkpoint>,
        /// Where that lies.
        path: PathBuf,
    },
}

impl Source {
    /// Reads the checkpoint, if one is given.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        match path {
            None => Ok(Self::Fresh),
            Some(path) => {
                Ok(Self::Checkpoint { checkpoint: Box::new(checkpoint_file::read(path)?), path: path.to_owned() })
            }
        }
    }

    /// The checkpoint's file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Fresh => None,
            Self::Checkpoint { path, .. } => Some(path),
        }
    }

    /// The tokenizer that the text must be read with.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        match self {
            Self::Fresh => None,
            Self::Checkpoint { checkpoint, .. } => Some(&checkpoint.tokenizer),
        }
    }

    /// The run's settings on a text of `vocab` different tokens, which only fresh weights ask for.
    pub fn settings(
        &self,
        requested: &RequestedSettings<'_>,
        vocab: usize,
        train_tokens: u64,
    ) -> Result<(ModelConfig, TrainConfig)> {
        match self {
            Self::Fresh => requested.for_new_run(vocab, train_tokens),
            Self::Checkpoint { checkpoint, .. } => requested.for_run_from(&checkpoint.model, train_tokens),
        }
    }

    /// The session at its beginning.
    pub fn session(self, model: ModelConfig, train: TrainConfig, data: Dataset, device: &Device) -> Result<Session> {
        match self {
            Self::Fresh => Ok(Session::new(model, train, data, device)?),
            Self::Checkpoint { checkpoint, .. } => {
                check_alphabet(&data, &checkpoint.tokenizer)?;
                let checkpoint = Checkpoint { model, ..*checkpoint };
                Ok(Session::start_from(&checkpoint, train, data, device)?)
            }
        }
    }
}

/// Tells of characters that the model does not know, and refuses a text that is full of them.
fn check_alphabet(data: &Dataset, tokenizer: &Tokenizer) -> Result<()> {
    let (unknown, all) = (unknown_characters(data, tokenizer)?, characters(data));
    if unknown > all / KNOWN {
        bail!(
            "{} of the {} of {} are unknown to the model's {tokenizer}: choose a text in its alphabet, or train a new model on \
             this one",
            format::thousands(unknown),
            format::count(all, "character"),
            name(&data.name),
        );
    }
    if unknown > 0 {
        note(&format!("{} unknown to the model's {tokenizer}", format::count(unknown, "character")));
    }
    Ok(())
}

/// Whether a model with this tokenizer can learn the text: it is read by that, and written in its alphabet.
pub fn is_readable(data: &Dataset, tokenizer: &Tokenizer) -> bool {
    let in_alphabet = || unknown_characters(data, tokenizer).is_ok_and(|unknown| unknown <= characters(data) / KNOWN);
    data.tokenizer == *tokenizer && in_alphabet()
}

/// Tokens of a text that is read by characters.
fn characters(data: &Dataset) -> u64 {
    data.train.len() + data.validation.len()
}

/// Those that the tokenizer does not have; other kinds have them all.
fn unknown_characters(data: &Dataset, tokenizer: &Tokenizer) -> Result<u64, DataError> {
    if tokenizer.unknown_id().is_none() || data.tokenizer != *tokenizer {
        return Ok(0);
    }
    Ok(unknown_tokens(&data.train, tokenizer)? + unknown_tokens(&data.validation, tokenizer)?)
}

fn unknown_tokens(tokens: &Tokens, tokenizer: &Tokenizer) -> Result<u64, DataError> {
    const PIECE: u64 = 1 << 16;
    let mut unknown = 0;
    for start in (0..tokens.len()).step_by(PIECE as usize) {
        let mut ids = vec![0; PIECE.min(tokens.len() - start) as usize];
        tokens.read(start, &mut ids)?;
        unknown += tokenizer.count_unknown(&ids);
    }
    Ok(unknown)
}
