//! Which part of a text a model is judged by: one that it was trained on flatters.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;

use anyhow::Result;
use mmrec::checkpoint::Checkpoint;
use mmrec::data::{self, Dataset, PrepareOptions, Shard, ShardSink, Tokens};

use super::EvalArgs;
use crate::input::Inputs;
use crate::output::note;
use crate::settings::SettingsFile;
use crate::{interrupt, run_folder};

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What was held back in training.
    Validation,
    /// What was trained on.
    Training,
    /// Both, or a text that was no part of the training.
    Whole,
}

impl Part {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Part::Validation => "validation",
            Part::Training => "training",
            Part::Whole => "whole",
        }
    }

    /// The same for people.
    pub fn described(self) -> &'static str {
        match self {
            Part::Validation => "validation part, held back in training",
            Part::Training => "training part",
            Part::Whole => "whole text",
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Part::Validation, Part::Training, Part::Whole];
        let found = all.into_iter().find(|part| part.name() == text);
        found.ok_or_else(|| "it must be validation, training or whole".to_owned())
    }
}

/// The tokens to judge by.
pub struct Held {
    /// They themselves.
    pub tokens: Tokens,
    /// The characters that they stand for.
    pub characters: u64,
    /// Those of them that the model does not know.
    pub unknown: u64,
    /// Which part they are.
    pub part: Part,
}

/// A part of a text that is split; by default the one that was held back.
pub fn choose(data: Dataset, wanted: Option<Part>) -> Result<Held> {
    let part = wanted.unwrap_or(Part::Validation);
    let tokens = match part {
        Part::Validation => {
            return Ok(Held { tokens: data.validation, characters: data.validation_chars, unknown: 0, part });
        }
        Part::Training => data.train,
        Part::Whole => Tokens::from_vec([all(&data.train)?, all(&data.validation)?].concat()),
    };
    let characters = data.tokenizer.decode(&all(&tokens)?).chars().count() as u64;
    Ok(Held { tokens, characters, unknown: 0, part })
}

/// All of their ids.
pub fn all(tokens: &Tokens) -> Result<Vec<u16>> {
    let mut ids = vec![0; tokens.len() as usize];
    tokens.read(0, &mut ids)?;
    Ok(ids)
}

/// The text as it was split in training, if it is the one that the checkpoint, or an adapter that goes with it, was trained on.
pub fn as_trained(args: &EvalArgs, checkpoint: &Checkpoint) -> Result<Option<Dataset>> {
    let own = checkpoint.progress.as_ref().map(|progress| progress.data_fingerprint.clone());
    let known: Vec<String> = own.into_iter().chain(args.adapters.fingerprints()?).collect();
    if known.is_empty() {
        return Ok(None);
    }
    for validation in fractions(&args.checkpoint) {
        match split(args, checkpoint, validation) {
            Ok(data) if known.contains(&data.fingerprint) => return Ok(Some(data)),
            Err(error) if interrupt::is_cause(&error) => return Err(error),
            // What is wrong with the text is told where it is read for good.
            _ => {}
        }
    }
    Ok(None)
}

/// The text split as a training splits it.
pub fn split(args: &EvalArgs, checkpoint: &Checkpoint, validation: Option<f64>) -> Result<Dataset> {
    let (mut inputs, _) = Inputs::collect(std::slice::from_ref(&args.data), None)?;
    let options = PrepareOptions {
        given: Some(checkpoint.tokenizer.clone()),
        validation,
        lossy: args.lossy,
        // One for each part: they are kept in the order in which they end.
        shard_tokens: u64::MAX,
        ..PrepareOptions::new(&args.data.display().to_string(), checkpoint.tokenizer.kind())
    };
    let mut shards = InMemory::default();
    let go_on = |_| if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let index = data::prepare(&options, &mut inputs, &mut shards, go_on)?.index;
    // The last one is the index.
    let shards = shards.0.into_iter().take(index.shards.len());
    Ok(Dataset::open(index, shards.map(|bytes| Box::new(InMemoryShard(bytes)) as Box<dyn Shard>).collect())?)
}

/// How much may have been held back: what is usual, or what the checkpoint's run recorded.
fn fractions(checkpoint: &Path) -> Vec<Option<f64>> {
    let config = checkpoint.with_file_name(run_folder::CONFIG);
    let recorded = SettingsFile::read(&config).ok().and_then(|file| file.data?.validation);
    [None].into_iter().chain(recorded.map(Some)).collect()
}

/// Tells what reading a part that was trained on means.
pub fn tell(part: Part) {
    note(match part {
        Part::Validation => {
            "this is the text that the checkpoint was trained on: only the part held back is read (--part whole reads all)"
        }
        Part::Training | Part::Whole => "the checkpoint was trained on this part, so the result flatters it",
    });
}

/// Shards that are kept.
#[derive(Default)]
struct InMemory(Vec<Vec<u8>>);

/// One of them.
struct InMemoryShard(Vec<u8>);

impl Shard for InMemoryShard {
    fn name(&self) -> String {
        "a shard in memory".to_owned()
    }

    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|start| self.0.get(start..)?.get(..out.len()));
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ShardSink for InMemory {
    type Writer = Vec<u8>;

    fn create(&mut self, _: &str) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn finish(&mut self, mut writer: Vec<u8>) -> io::Result<()> {
        writer.flush()?;
        self.0.push(writer);
        Ok(())
    }
}
