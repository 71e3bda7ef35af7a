//! Texts of any size to token shards, in constant memory.
//!
//! Two passes over the texts: the first counts characters and finds the vocabulary, the second writes. The index is written last,
//! so that a folder whose preparation was interrupted is not taken for a finished one.

mod output;
mod pieces;

use self::output::{Output, write_index};
use self::pieces::{for_each_piece, tell};
use super::DataError;
use super::documents::Documents;
use super::index::PreparedIndex;
use super::split::train_characters;
use super::text::Findings;
use crate::tokenizer::{DEFAULT_VOCAB, Maker, Tokenizer, TokenizerKind};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

/// 128 Mi tokens, 256 MiB: many enough to map without thousands of files, few enough to copy and check one by one.
pub const DEFAULT_SHARD_TOKENS: u64 = 128 << 20;

/// One text to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSource {
    /// Its name, for errors.
    pub name: String,
    /// Its size, for the progress.
    pub bytes: u64,
}

/// The texts to prepare. Each is opened twice.
pub trait TextSources {
    /// What reads a text.
    type Reader: Read;
    /// The texts in order.
    fn list(&self) -> &[TextSource];
    /// Opens a text by its position in the list, at its beginning.
    ///
    /// # Errors
    /// Where it cannot be opened.
    fn open(&mut self, index: usize) -> io::Result<Self::Reader>;
}

/// Where shards and the index go.
pub trait ShardSink {
    /// What writes a file.
    type Writer: Write;
    /// Begins a file, replacing one of that name.
    ///
    /// # Errors
    /// Where it cannot be created.
    fn create(&mut self, name: &str) -> io::Result<Self::Writer>;
    /// Ends a file: the place to force it to disk.
    ///
    /// # Errors
    /// Where the last bytes cannot be written.
    fn finish(&mut self, mut writer: Self::Writer) -> io::Result<()> {
        writer.flush()
    }
}

/// What to prepare.
#[derive(Debug, Clone, PartialEq)]
pub struct PrepareOptions {
    /// What to call the text.
    pub name: String,
    /// The tokenizer to make.
    pub tokenizer: TokenizerKind,
    /// The most tokens of a byte pair encoding; others do not choose theirs.
    pub vocab: usize,
    /// A tokenizer to use instead of making one: that of a model which is to learn the text.
    pub given: Option<Tokenizer>,
    /// The fraction to hold back; by default [`super::default_fraction`].
    pub validation: Option<f64>,
    /// Whether what is not valid in a text is replaced instead of refused.
    pub lossy: bool,
    /// What ends a document within a file; nothing does where it is empty. The end of a file always does.
    pub separator: String,
    /// The most tokens in a shard.
    pub shard_tokens: u64,
}

impl PrepareOptions {
    /// The usual options.
    pub fn new(name: &str, tokenizer: TokenizerKind) -> Self {
        Self {
            name: name.to_owned(),
            tokenizer,
            vocab: DEFAULT_VOCAB,
            given: None,
            validation: None,
            lossy: false,
            separator: String::new(),
            shard_tokens: DEFAULT_SHARD_TOKENS,
        }
    }
}

/// Which pass is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Counting characters and finding the vocabulary.
    Count,
    /// Learning a byte pair encoding.
    Learn,
    /// Writing shards.
    Write,
}

/// How far the preparation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrepareProgress {
    /// The pass under way.
    pub phase: Phase,
    /// Bytes read in this pass; of learning, thousandths of the work.
    pub done: u64,
    /// Bytes to read in this pass, by the sources' sizes; of learning, 1000.
    pub total: u64,
}

/// What was prepared, and from what.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The content of `data.json`.
    pub index: PreparedIndex,
    /// What was found in each text, in their order.
    pub findings: Vec<Findings>,
    /// Documents in all.
    pub documents: u64,
    /// How often the separator was found.
    pub separators: u64,
}

/// Writes the shards and the index of some texts. The result is the same as that of [`super::Dataset::from_text`] (or
/// [`super::Dataset::with_tokenizer`]) on the normalised texts joined by [`super::text::append`]. `progress` hears how far it is
/// every few milliseconds, and ends it by [`ControlFlow::Break`].
///
/// # Errors
/// Whatever is wrong with a text, a reader or a writer, by name; [`DataError::Stopped`].
pub fn prepare<T: TextSources, S: ShardSink>(
    options: &PrepareOptions,
    texts: &mut T,
    sink: &mut S,
    mut progress: impl FnMut(PrepareProgress) -> ControlFlow<()>,
) -> Result<Prepared, DataError> {
    let counts = count(options, texts, &mut progress)?;
    let train_chars = train_characters(counts.characters, counts.bytes, options.validation)?;
    let mut output = Output::new(counts.tokenizer, train_chars, options.shard_tokens.max(1), sink);
    let pass = for_each_piece(texts, options, Phase::Write, &mut progress, |piece| output.push(piece))?;
    let index = output.finish(options, counts.characters)?;
    write_index(&index, sink)?;
    Ok(Prepared { index, findings: pass.findings, documents: counts.documents, separators: pass.separators })
}

struct Counts {
    characters: u64,
    bytes: u64,
    documents: u64,
    tokenizer: Tokenizer,
}

fn count(
    options: &PrepareOptions,
    texts: &mut impl TextSources,
    progress: &mut impl FnMut(PrepareProgress) -> ControlFlow<()>,
) -> Result<Counts, DataError> {
    let mut maker = options.given.is_none().then(|| Maker::new(options.tokenizer, options.vocab));
    let (mut characters, mut bytes, mut documents) = (0, 0, Documents::default());
    for_each_piece(texts, options, Phase::Count, progress, |piece| {
        if let Some(maker) = &mut maker {
            maker.push(piece);
        }
        characters += piece.chars().count() as u64;
        bytes += piece.len() as u64;
        documents.push(piece);
        Ok(())
    })?;
    let documents = documents.count();
    if documents == 0 {
        return Err(DataError::Empty { name: options.name.clone() });
    }
    let made = maker.map(|maker| make(maker, progress)).transpose()?;
    let tokenizer = made.or_else(|| options.given.clone()).expect("one was made where none was given");
    Ok(Counts { characters, bytes, documents, tokenizer })
}

fn make(maker: Maker, progress: &mut impl FnMut(PrepareProgress) -> ControlFlow<()>) -> Result<Tokenizer, DataError> {
    let mut making = maker.finish()?;
    while let Some(share) = making.advance() {
        tell(progress, Phase::Learn, (1000.0 * share) as u64, 1000)?;
    }
    Ok(making.finish())
}

#[cfg(test)]
mod tests;
