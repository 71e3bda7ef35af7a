//! What a new run begins with: fresh weights, or those of a checkpoint.

use std::path::Path;

use anyhow::{Result, bail};
use mmrec::Device;
use mmrec::checkpoint::Checkpoint;
use mmrec::config::{ModelConfig, TrainConfig};
use mmrec::data::{DataError, Dataset, Tokens};
use mmrec::driver::Session;
use mmrec::tokenizer::{Tokenizer, TokenizerKind};

use crate::output::{name, note};
use crate::settings::Wish;
use crate::{checkpoint_file, format};

/// One character in so many may be unknown to the model; a text with more is not written in its alphabet.
const KNOWN: u64 = 10;

/// What a new run begins with.
pub enum Source {
    /// Fresh weights.
    Fresh,
    /// The weights of `--from`.
    Checkpoint(Box<Checkpoint>),
}

impl Source {
    /// Reads the checkpoint, if one is given.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        match path {
            None => Ok(Self::Fresh),
            Some(path) => Ok(Self::Checkpoint(Box::new(checkpoint_file::read(path)?))),
        }
    }

    /// The tokenizer that the text must be read with.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        match self {
            Self::Fresh => None,
            Self::Checkpoint(checkpoint) => Some(&checkpoint.tokenizer),
        }
    }

    /// The run's settings on a text of `vocab` different tokens, which only fresh weights ask for.
    pub fn settings(&self, wish: &Wish<'_>, vocab: usize, train_tokens: u64) -> Result<(ModelConfig, TrainConfig)> {
        match self {
            Self::Fresh => wish.for_new_run(vocab, train_tokens),
            Self::Checkpoint(checkpoint) => wish.for_run_from(&checkpoint.model, train_tokens),
        }
    }

    /// The session at its beginning.
    pub fn session(self, model: ModelConfig, train: TrainConfig, data: Dataset, device: &Device) -> Result<Session> {
        match self {
            Self::Fresh => Ok(Session::new(model, train, data, device)?),
            Self::Checkpoint(checkpoint) => {
                check_alphabet(&data, &checkpoint.tokenizer)?;
                let checkpoint = Checkpoint { model, ..*checkpoint };
                Ok(Session::start_from(&checkpoint, train, data, device)?)
            }
        }
    }
}

/// Tells of characters that the model does not know, and refuses a text that is full of them.
fn check_alphabet(data: &Dataset, tokenizer: &Tokenizer) -> Result<()> {
    if tokenizer.kind() != TokenizerKind::Char || data.tokenizer != *tokenizer {
        return Ok(());
    }
    let unknown = unknown_tokens(&data.train)? + unknown_tokens(&data.validation)?;
    let all = data.train.len() + data.validation.len();
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

fn unknown_tokens(tokens: &Tokens) -> Result<u64, DataError> {
    const PIECE: u64 = 1 << 16;
    let mut unknown = 0;
    for start in (0..tokens.len()).step_by(PIECE as usize) {
        let mut ids = vec![0; PIECE.min(tokens.len() - start) as usize];
        tokens.read(start, &mut ids)?;
        unknown += ids.iter().filter(|&&id| id == 0).count() as u64;
    }
    Ok(unknown)
}
