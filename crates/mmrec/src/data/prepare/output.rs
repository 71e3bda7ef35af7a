//! The second pass: tokens to shards.

use super::{PrepareOptions, ShardSink};
use crate::data::DataError;
use crate::data::fingerprint::{Fingerprint, hex};
use crate::data::index::{INDEX_FILE, INDEX_FORMAT, PreparedIndex, ShardInfo, TRAIN, VALIDATION, shard_file};
use crate::data::split::cut;
use crate::tokenizer::{Encoder, Tokenizer};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// Takes the text piece by piece and writes both parts' shards.
pub(super) struct Output<'a, S: ShardSink> {
    sink: &'a mut S,
    tokenizer: Tokenizer,
    encoder: Encoder,
    fingerprint: Fingerprint,
    train: ShardWriter<S>,
    validation: ShardWriter<S>,
    /// Characters the training part still takes.
    train_left: u64,
    /// Characters taken so far.
    characters: u64,
    train_chars: u64,
    ids: Vec<u16>,
    bytes: Vec<u8>,
}

impl<'a, S: ShardSink> Output<'a, S> {
    pub fn new(tokenizer: Tokenizer, train_chars: u64, shard_tokens: u64, sink: &'a mut S) -> Self {
        Self {
            sink,
            fingerprint: Fingerprint::new(&tokenizer),
            encoder: tokenizer.encoder(),
            tokenizer,
            train: ShardWriter::new(TRAIN, shard_tokens),
            validation: ShardWriter::new(VALIDATION, shard_tokens),
            train_left: train_chars,
            characters: 0,
            train_chars,
            ids: Vec::new(),
            bytes: Vec::new(),
        }
    }

    pub fn push(&mut self, piece: &str) -> Result<(), DataError> {
        let characters = piece.chars().count() as u64;
        self.characters += characters;
        let (head, tail) = cut(piece, self.train_left);
        self.train_left = self.train_left.saturating_sub(characters);
        if !head.is_empty() {
            self.encode(head, self.train_left == 0);
            self.train.write(&self.bytes, self.sink)?;
        }
        if !tail.is_empty() {
            self.encode(tail, false);
            self.validation.write(&self.bytes, self.sink)?;
        }
        Ok(())
    }

    /// Ends the shards. `expected`: the characters of the first pass.
    pub fn finish(mut self, options: &PrepareOptions, expected: u64) -> Result<PreparedIndex, DataError> {
        if self.characters != expected {
            return Err(DataError::SourceChanged { before: expected, after: self.characters });
        }
        self.encode("", true);
        self.validation.write(&self.bytes, self.sink)?;
        self.train.close(self.sink)?;
        self.validation.close(self.sink)?;
        let (train_tokens, val_tokens) = (self.train.total(), self.validation.total());
        let mut shards = self.train.shards;
        shards.append(&mut self.validation.shards);
        Ok(PreparedIndex {
            format: INDEX_FORMAT,
            name: options.name.clone(),
            tokenizer: self.tokenizer,
            train_tokens,
            val_tokens,
            val_chars: expected - self.train_chars,
            separator: options.separator.clone(),
            shards,
            fingerprint: self.fingerprint.finish(train_tokens, val_tokens),
        })
    }

    /// Leaves the tokens that the text completes in `bytes`, and takes them into the fingerprint. `ends`: a part ends with it.
    fn encode(&mut self, text: &str, ends: bool) {
        self.ids.clear();
        self.bytes.clear();
        self.encoder.push(text, &mut self.ids);
        if ends {
            self.encoder.finish(&mut self.ids);
        }
        self.bytes.extend(self.ids.iter().flat_map(|id| id.to_le_bytes()));
        self.fingerprint.push(&self.bytes);
    }
}

/// Writes the index, the last file.
pub(super) fn write_index<S: ShardSink>(index: &PreparedIndex, sink: &mut S) -> Result<(), DataError> {
    let write = |sink: &mut S| -> io::Result<()> {
        let mut writer = sink.create(INDEX_FILE)?;
        writer.write_all(index.to_json().as_bytes())?;
        sink.finish(writer)
    };
    write(sink).map_err(|error| failed(INDEX_FILE, error))
}

/// One part's shards.
struct ShardWriter<S: ShardSink> {
    part: &'static str,
    /// Bytes in a full shard.
    limit: u64,
    shards: Vec<ShardInfo>,
    open: Option<OpenShard<S::Writer>>,
}

struct OpenShard<W> {
    file: String,
    writer: W,
    hash: Sha256,
    bytes: u64,
}

impl<S: ShardSink> ShardWriter<S> {
    fn new(part: &'static str, shard_tokens: u64) -> Self {
        Self { part, limit: shard_tokens.clamp(1, u64::MAX / 2) * 2, shards: Vec::new(), open: None }
    }

    fn write(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), DataError> {
        while !bytes.is_empty() {
            let mut shard = match self.open.take() {
                Some(shard) => shard,
                None => self.begin(sink)?,
            };
            let room = usize::try_from(self.limit - shard.bytes).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            shard.writer.write_all(now).map_err(|error| failed(&shard.file, error))?;
            shard.hash.update(now);
            shard.bytes += now.len() as u64;
            let full = shard.bytes == self.limit;
            self.open = Some(shard);
            if full {
                self.close(sink)?;
            }
            bytes = later;
        }
        Ok(())
    }

    fn begin(&self, sink: &mut S) -> Result<OpenShard<S::Writer>, DataError> {
        let file = shard_file(self.part, self.shards.len());
        let writer = sink.create(&file).map_err(|error| failed(&file, error))?;
        Ok(OpenShard { file, writer, hash: Sha256::new(), bytes: 0 })
    }

    fn close(&mut self, sink: &mut S) -> Result<(), DataError> {
        if let Some(shard) = self.open.take() {
            sink.finish(shard.writer).map_err(|error| failed(&shard.file, error))?;
            self.shards.push(ShardInfo { file: shard.file, tokens: shard.bytes / 2, sha256: hex(shard.hash) });
        }
        Ok(())
    }

    fn total(&self) -> u64 {
        self.shards.iter().map(|shard| shard.tokens).sum()
    }
}

fn failed(file: &str, source: io::Error) -> DataError {
    DataError::Write { file: file.to_owned(), source }
}
