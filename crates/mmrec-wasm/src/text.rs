//! The text to learn from, as the person chose it.

use std::collections::HashSet;

use mmrec::Error;
use mmrec::data::text::{self, Document, Encoding, Findings, Normalizer};
use mmrec::data::{Dataset, DatasetOptions, default_fraction, sample_stories};
use mmrec::inspect::pieces;
use mmrec::tokenizer::{Tokenizer, TokenizerKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasm_bindgen::JsValue;

use crate::settings::default_vocab;

const SAMPLE_NAME: &str = "Sample stories";
const SAMPLE_SEED: u64 = 1;
const SAMPLE_BYTES: usize = 1_000_000;
const PREVIEW_CHARACTERS: usize = 600;
/// Characters of the text whose tokens are shown.
const TOKENS_OF: usize = 240;

/// A normalised text of one or more files.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
    /// Counted file by file: there may be thousands.
    characters: usize,
    names: Vec<String>,
    /// SHA-256 of each file's text.
    hashes: HashSet<Vec<u8>>,
    /// A file of which more is to come.
    reading: Option<Reading>,
    /// Its tokens, and how they were made: most changes of settings leave them as they are.
    made: Option<(DatasetOptions, Dataset)>,
}

#[derive(Debug)]
struct Reading {
    name: String,
    normalizer: Normalizer,
    text: String,
}

impl Reading {
    fn new(name: &str, lossy: bool) -> Self {
        Self { name: name.to_owned(), normalizer: Normalizer::new(name, lossy), text: String::new() }
    }
}

/// What a text looks like.
#[derive(Debug, Serialize)]
pub struct TextInfo {
    pub bytes: usize,
    pub characters: usize,
    pub preview: String,
    /// The file that was read last.
    pub file: FileInfo,
}

/// What a file was read as.
#[derive(Debug, Serialize)]
pub struct FileInfo {
    pub name: String,
    pub encoding: Encoding,
    /// Characters U+FFFD in the place of what could not be read.
    pub replaced: u64,
    /// What it seems to be, where it is no plain text.
    pub document: Option<Document>,
    /// Whether an earlier file has the same text, so that this one was left out.
    pub repeated: bool,
}

/// How a text is to be cut and numbered.
#[derive(Debug, Deserialize)]
pub struct PrepareOptions {
    pub tokenizer: TokenizerKind,
    /// The most tokens of a byte pair encoding.
    #[serde(default = "default_vocab")]
    pub vocab: usize,
    #[serde(default)]
    pub validation: Option<f64>,
    pub context: usize,
    pub batch: usize,
}

/// A text ready to train on.
#[derive(Debug, Serialize)]
pub struct DataInfo {
    pub name: String,
    pub bytes: usize,
    pub characters: usize,
    pub vocabulary: usize,
    /// Where the validation part begins.
    pub train_bytes: usize,
    pub train_tokens: u64,
    pub val_tokens: u64,
    pub val_fraction: f64,
    pub preview: String,
    /// The tokens of its beginning, as text.
    pub first_tokens: Vec<String>,
    pub fingerprint: String,
}

/// Tells the page how far a long piece of work is, at every percent.
pub struct Progress {
    told: f64,
    listener: Option<js_sys::Function>,
}

impl Progress {
    pub fn new(listener: Option<js_sys::Function>) -> Self {
        Self { told: 0.0, listener }
    }

    pub fn at(&mut self, share: f64) {
        let Some(listener) = &self.listener else { return };
        if share >= self.told + 0.01 {
            self.told = share;
            // A listener that fails is no reason to stop.
            drop(listener.call1(&JsValue::NULL, &share.into()));
        }
    }
}

impl FileInfo {
    fn new(name: String, findings: Findings, repeated: bool) -> Self {
        let Findings { encoding, replaced, document, .. } = findings;
        Self { name, encoding, replaced, document, repeated }
    }
}

impl Text {
    /// The built-in sample.
    pub fn sample() -> Self {
        let text = sample_stories(SAMPLE_SEED, SAMPLE_BYTES);
        Self { characters: text.chars().count(), text, names: vec![SAMPLE_NAME.to_owned()], ..Self::default() }
    }

    /// A text as [`as_bytes`](Self::as_bytes) once gave it: it is normalised, and its documents end where they ended. A piece of
    /// one will do, even one that ends inside a character.
    pub fn kept(bytes: &[u8], name: &str) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        Self { characters: text.chars().count(), text, names: vec![name.to_owned()], ..Self::default() }
    }

    /// Adds a file.
    pub fn add(&mut self, bytes: &[u8], name: &str, lossy: bool) -> Result<TextInfo, Error> {
        self.begin(name, lossy);
        self.read(bytes)?;
        self.end()
    }

    /// Begins a file that comes in pieces; one that was begun before is forgotten.
    pub fn begin(&mut self, name: &str, lossy: bool) {
        self.reading = Some(Reading::new(name, lossy));
    }

    /// Takes the next bytes of the file.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(Reading { normalizer, text, .. }) = &mut self.reading else { return Ok(()) };
        Ok(normalizer.push(bytes, text)?)
    }

    /// Adds the file whose bytes have come.
    pub fn end(&mut self) -> Result<TextInfo, Error> {
        let begun = self.reading.take().unwrap_or_else(|| Reading::new("text", false));
        let Reading { name, mut normalizer, mut text } = begun;
        let findings = normalizer.finish(&mut text)?;
        text::refuse_empty(&text, &name)?;
        let may_be_copy = text.len() as u64 >= text::LEAST_COPY;
        let repeated = may_be_copy && !self.hashes.insert(Sha256::digest(&text).to_vec());
        if !repeated {
            let before = self.text.len();
            text::append(&mut self.text, &text);
            self.characters += self.text[before..].chars().count();
            self.names.push(name.clone());
            self.made = None;
        }
        Ok(self.info(FileInfo::new(name, findings, repeated)))
    }

    /// What a text that was kept looks like.
    pub fn kept_info(&self, name: &str) -> TextInfo {
        self.info(FileInfo::new(name.to_owned(), Findings::default(), false))
    }

    fn info(&self, file: FileInfo) -> TextInfo {
        TextInfo { bytes: self.text.len(), characters: self.characters, preview: self.preview(), file }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The text without its last characters, and those.
    pub fn split(&self, last: usize) -> (&str, &str) {
        let start = self.text.char_indices().rev().take(last).last();
        self.text.split_at(start.map_or(self.text.len(), |(at, _)| at))
    }

    /// The longest context that the text has room for, as it was last made into tokens.
    pub fn longest_context(&self) -> Option<u64> {
        self.made.as_ref().map(|(_, data)| data.longest_context())
    }

    /// `progress` hears the share of the work that is done.
    pub fn prepare(
        &mut self,
        options: &PrepareOptions,
        progress: impl FnMut(f64),
    ) -> Result<(Dataset, DataInfo), Error> {
        let data = self.tokens(options, progress)?;
        data.check(options.context, options.batch)?;
        let bytes = self.text.len();
        let info = DataInfo {
            name: data.name.clone(),
            bytes,
            characters: self.characters,
            vocabulary: data.tokenizer.vocab(),
            train_bytes: self.split(data.validation_chars as usize).0.len(),
            train_tokens: data.train.len(),
            val_tokens: data.validation.len(),
            val_fraction: options.validation.unwrap_or_else(|| default_fraction(bytes as u64)),
            preview: self.preview(),
            first_tokens: self.first_tokens(&data.tokenizer),
            fingerprint: data.fingerprint.clone(),
        };
        Ok((data, info))
    }

    fn tokens(&mut self, asked: &PrepareOptions, progress: impl FnMut(f64)) -> Result<Dataset, Error> {
        let options = DatasetOptions { tokenizer: asked.tokenizer, vocab: asked.vocab, validation: asked.validation };
        if let Some((known, data)) = &self.made
            && *known == options
        {
            return Ok(data.clone());
        }
        // There is not room for two.
        self.made = None;
        let data = Dataset::make(&self.name(), &self.text, &options, progress)?;
        self.made = Some((options, data.clone()));
        Ok(data)
    }

    /// The text as it was last made into tokens, but into those of another tokenizer.
    pub fn with_tokenizer(&self, tokenizer: &Tokenizer) -> Result<Dataset, Error> {
        let validation = self.made.as_ref().and_then(|(options, _)| options.validation);
        Ok(Dataset::with_tokenizer(&self.name(), &self.text, tokenizer.clone(), validation)?)
    }

    /// As many whole tokens as the first characters have room for.
    fn first_tokens(&self, tokenizer: &Tokenizer) -> Vec<String> {
        // Beyond those, so that the cut changes none of them.
        let beginning: String = self.text.chars().take(2 * TOKENS_OF).collect();
        let mut characters = 0;
        let fits = |piece: &String| {
            characters += piece.chars().count();
            characters <= TOKENS_OF
        };
        pieces(tokenizer, &beginning, &tokenizer.encode(&beginning)).into_iter().take_while(fits).collect()
    }

    fn name(&self) -> String {
        match self.names.as_slice() {
            [] => "text".to_owned(),
            [name] => name.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        }
    }

    fn preview(&self) -> String {
        self.text.chars().take(PREVIEW_CHARACTERS).collect()
    }
}
