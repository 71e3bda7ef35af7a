//! The text to learn from, as the person chose it.

use mmrec::Error;
use mmrec::data::{Dataset, default_fraction, sample_stories, text};
use mmrec::tokenizer::TokenizerKind;
use serde::{Deserialize, Serialize};

const SAMPLE_NAME: &str = "Sample stories";
const SAMPLE_SEED: u64 = 1;
const SAMPLE_BYTES: usize = 1_000_000;
const PREVIEW_CHARACTERS: usize = 600;

/// A normalised text of one or more files.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
    names: Vec<String>,
}

/// What a text looks like.
#[derive(Debug, Serialize)]
pub struct TextInfo {
    pub bytes: usize,
    pub characters: usize,
    pub preview: String,
}

/// How a text is to be cut and numbered.
#[derive(Debug, Deserialize)]
pub struct PrepareOptions {
    pub tokenizer: TokenizerKind,
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
    pub train_tokens: u64,
    pub val_tokens: u64,
    pub val_fraction: f64,
    pub preview: String,
    pub fingerprint: String,
}

impl Text {
    /// The built-in sample.
    pub fn sample() -> Self {
        Self { text: sample_stories(SAMPLE_SEED, SAMPLE_BYTES), names: vec![SAMPLE_NAME.to_owned()] }
    }

    /// Adds a file.
    pub fn add(&mut self, bytes: &[u8], name: &str, lossy: bool) -> Result<TextInfo, Error> {
        let file = text::read_text(bytes, name, lossy)?;
        text::append(&mut self.text, &file);
        self.names.push(name.to_owned());
        Ok(TextInfo { bytes: self.text.len(), characters: self.text.chars().count(), preview: self.preview() })
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The text without its last characters, and those.
    pub fn split(&self, last: usize) -> (&str, &str) {
        let start = self.text.char_indices().rev().take(last).last();
        self.text.split_at(start.map_or(self.text.len(), |(at, _)| at))
    }

    pub fn prepare(&self, options: &PrepareOptions) -> Result<(Dataset, DataInfo), Error> {
        let data = Dataset::from_text(&self.name(), &self.text, options.tokenizer, options.validation)?;
        data.check(options.context, options.batch)?;
        let bytes = self.text.len();
        let info = DataInfo {
            name: data.name.clone(),
            bytes,
            characters: self.text.chars().count(),
            vocabulary: data.tokenizer.vocab(),
            train_tokens: data.train.len(),
            val_tokens: data.validation.len(),
            val_fraction: options.validation.unwrap_or_else(|| default_fraction(bytes as u64)),
            preview: self.preview(),
            fingerprint: data.fingerprint.clone(),
        };
        Ok((data, info))
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
