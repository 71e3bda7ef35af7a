//! Everything that can be wrong with a text or with prepared data.

use super::index::{INDEX_FILE, INDEX_FORMAT};
use super::split::{MAX_FRACTION, MIN_FRACTION};
use super::text::Encoding;
use crate::tokenizer::TokenizerError;
use std::io;

/// What is wrong with a text or with prepared data: what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The text holds nothing but blanks.
    #[error("{name} holds no text: choose a file with at least a few thousand characters")]
    Empty {
        /// The file's or the text's name.
        name: String,
    },
    /// Bytes that are not valid in the text's encoding.
    #[error(
        "{file} is not valid {encoding}: the first invalid byte is at offset {offset}. Save it as UTF-8, or accept replacement characters (--lossy)"
    )]
    Invalid {
        /// The file's name.
        file: String,
        /// What it is read as.
        encoding: Encoding,
        /// Zero-based offset of the first byte of the first invalid sequence.
        offset: u64,
    },
    /// A character zero in what is a text otherwise.
    #[error(
        "{file} has a NUL character at offset {offset}, which no text has: remove it, or accept replacement characters (--lossy)"
    )]
    Zero {
        /// The file's name.
        file: String,
        /// Zero-based offset of the first one.
        offset: u64,
    },
    /// Most characters of a text cannot be read.
    #[error(
        "{file} cannot be read as {encoding}: {replaced} of its {characters} characters would be replacement characters, too many to learn from. Save it as UTF-8"
    )]
    Unreadable {
        /// The file's name.
        file: String,
        /// What it was read as.
        encoding: Encoding,
        /// Characters that would be replaced.
        replaced: u64,
        /// All its characters.
        characters: u64,
        /// Zero-based offset of the first byte that is not valid, if one is.
        offset: Option<u64>,
    },
    /// A text in an encoding that is known and not read.
    #[error("{file} is text in {encoding}, which is not read: save it as UTF-8")]
    Encoding {
        /// The file's name.
        file: String,
        /// The encoding's name.
        encoding: &'static str,
    },
    /// A text that is wrapped in something else.
    #[error("{file} is {what}, not plain text: {remedy}")]
    Document {
        /// The file's name.
        file: String,
        /// What it is.
        what: &'static str,
        /// How plain text is made of it.
        remedy: &'static str,
    },
    /// Bytes that no text has, and many of them.
    #[error("{file} looks binary (byte 0x{byte:02X} at offset {offset}): choose a plain text file")]
    Binary {
        /// The file's name.
        file: String,
        /// Such a byte.
        byte: u8,
        /// Zero-based offset of it.
        offset: u64,
    },
    /// A validation fraction out of range.
    #[error("validation fraction {value} is outside {MIN_FRACTION} to {MAX_FRACTION}: choose one between them (--val)")]
    Fraction {
        /// The fraction asked for.
        value: f64,
    },
    /// Too little text for the context.
    #[error(
        "too short: {tokens} token{} in the {part} part; one batch of {batch} \u{d7} {context} needs at least {needed} there: use a shorter context (--context) or more text",
        plural(.tokens)
    )]
    TooShort {
        /// "training" or "validation".
        part: &'static str,
        /// Tokens it holds.
        tokens: u64,
        /// Tokens it has to hold.
        needed: u64,
        /// Sequences in a batch.
        batch: usize,
        /// Tokens in a sequence.
        context: usize,
    },
    /// No tokenizer can be made for the text.
    #[error("no tokenizer for this text")]
    Tokenizer(#[from] TokenizerError),
    /// Reading a text failed.
    #[error("reading {file} failed")]
    Read {
        /// The file's name.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The work was not wanted any more.
    #[error("the work was stopped")]
    Stopped,
    /// Writing prepared data failed.
    #[error("writing {file} failed")]
    Write {
        /// The shard's name.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The text was not the same when it was read again.
    #[error(
        "the text changed while it was being prepared ({before} characters, then {after}): run the preparation again"
    )]
    SourceChanged {
        /// Characters in the first pass.
        before: u64,
        /// Characters in the second pass.
        after: u64,
    },
    /// The index of prepared data is damaged or foreign.
    #[error("{INDEX_FILE} is damaged or not one of ours ({reason}): prepare the data again")]
    Index {
        /// What is wrong with it.
        reason: String,
    },
    /// The index was written by a newer program.
    #[error(
        "{INDEX_FILE} has format {found}, this program reads up to {INDEX_FORMAT}: update mmrec or prepare the data again"
    )]
    NewerFormat {
        /// Its format.
        found: u64,
    },
    /// More or fewer shards than the index names.
    #[error("{INDEX_FILE} names {expected} shards, {found} were opened: prepare the data again")]
    ShardCount {
        /// Shards in the index.
        expected: usize,
        /// Shards given.
        found: usize,
    },
    /// A shard's size is not what the index says.
    #[error("{file} has {found} bytes, {expected} expected: it is truncated or damaged, prepare the data again")]
    ShardSize {
        /// The shard's name.
        file: String,
        /// Bytes it should have.
        expected: u64,
        /// Bytes it has.
        found: u64,
    },
    /// A shard that can no longer be read as it was when it was opened.
    #[error(
        "{file} can no longer be read: it was changed while it was in use, or the disk fails. Put it back, or prepare the data again"
    )]
    ShardLost {
        /// The shard's path.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A shard that was overwritten since it was opened.
    #[error("{file} was changed while it was in use: put it back, or prepare the data again")]
    ShardChanged {
        /// The shard's path.
        file: String,
    },
    /// A shard that does not consist of 16-bit tokens.
    #[error("shard {shard} has an odd number of bytes ({bytes}): it is truncated or no token shard")]
    OddShard {
        /// Zero-based position among the shards.
        shard: usize,
        /// Bytes it has.
        bytes: u64,
    },
    /// A shard's content is not what the index says.
    #[error("{file} is damaged: its SHA-256 is {found}, {expected} expected. Prepare the data again")]
    ShardHash {
        /// The shard's name.
        file: String,
        /// SHA-256 in the index.
        expected: String,
        /// SHA-256 of the shard.
        found: String,
    },
    /// A token id that the tokenizer does not have.
    #[error(
        "token {token} at position {position} is outside the vocabulary of {vocab}: the data belong to another tokenizer or are damaged"
    )]
    TokenRange {
        /// The id.
        token: u16,
        /// Zero-based position in the sequence that was checked.
        position: u64,
        /// Number of ids.
        vocab: usize,
    },
    /// The fingerprint in the index is not that of the shards.
    #[error(
        "{INDEX_FILE} does not belong to these shards: their fingerprint is {found}, {expected} expected. Prepare the data again"
    )]
    Fingerprint {
        /// Fingerprint in the index.
        expected: String,
        /// Fingerprint of the shards.
        found: String,
    },
}

/// What is added to the name of something of which there are so many.
fn plural(count: &u64) -> &'static str {
    if *count == 1 { "" } else { "s" }
}
