//! Which texts a model learned, and what of each was held back: whoever judges the model later must know what flatters it. Every file
//! that comes of a checkpoint keeps the list; files of earlier versions have none.

use serde::{Deserialize, Serialize};

use super::read::{Texts, invalid, part};
use super::{AdapterFile, Checkpoint, CheckpointError, TEXTS_KEY};
use crate::config::{ConfigError, MAX_CONTEXT, require_within};
use crate::data::Dataset;

/// The most texts that a list names: the last ones.
const MAX_TEXTS: usize = 64;

/// A text that a model learned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedText {
    /// Identifies its tokens, split and tokenizer, as [`Dataset::fingerprint`] does.
    pub fingerprint: String,
    /// The characters at its end that were held back; unknown where a file of an earlier version named the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_chars: Option<u64>,
    /// What ended a document within a file; nothing did where it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub separator: String,
    /// Tokens in a sequence that was learned; unknown where an adapter of an earlier version named the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<usize>,
}

impl LearnedText {
    /// A text that is learned in sequences of `context` tokens.
    pub(crate) fn of(data: &Dataset, context: usize) -> Self {
        Self {
            fingerprint: data.fingerprint.clone(),
            validation_chars: Some(data.validation_chars),
            separator: data.separator.clone(),
            context: Some(context),
        }
    }

    fn validate(&self) -> Result<(), ConfigError> {
        self.context.map_or(Ok(()), |context| require_within("context", context as u64, 1, MAX_CONTEXT))
    }
}

/// Puts a text last, in the place of what was known of it before.
pub(crate) fn learn(texts: &mut Vec<LearnedText>, text: LearnedText) {
    texts.retain(|known| known.fingerprint != text.fingerprint);
    texts.push(text);
    texts.drain(..texts.len().saturating_sub(MAX_TEXTS));
}

/// `texts`, and one that only its fingerprint is known of unless it is among them.
fn with(texts: &[LearnedText], fingerprint: Option<&String>, context: Option<usize>) -> Vec<LearnedText> {
    let mut texts = texts.to_vec();
    if let Some(fingerprint) = fingerprint.filter(|name| texts.iter().all(|text| text.fingerprint != **name)) {
        learn(&mut texts, LearnedText { fingerprint: fingerprint.clone(), context, ..LearnedText::default() });
    }
    texts
}

impl Checkpoint {
    /// The texts that the model learned, the last one last, as far as that is known: of a run of an earlier version it is one.
    pub fn learned(&self) -> Vec<LearnedText> {
        let progress = self.progress.as_ref();
        with(&self.texts, progress.map(|run| &run.data_fingerprint), progress.map(|run| run.train.context))
    }
}

impl AdapterFile {
    /// The text that the adapter learned, as far as that is known.
    pub fn learned(&self) -> Vec<LearnedText> {
        with(&self.texts, self.about.data_fingerprint.as_ref(), None)
    }
}

/// The list of a file; empty where it has none.
pub(super) fn read(texts: &Texts) -> Result<Vec<LearnedText>, CheckpointError> {
    if !texts.contains_key(TEXTS_KEY) {
        return Ok(Vec::new());
    }
    let list: Vec<LearnedText> = part(texts, TEXTS_KEY)?;
    let number = require_within("texts", list.len() as u64, 0, MAX_TEXTS as u64);
    let checked = number.and_then(|()| list.iter().try_for_each(LearnedText::validate));
    checked.map_err(|error| invalid(TEXTS_KEY, &error))?;
    Ok(list)
}
