//! Which part of a text a model is judged by: one that it was trained on flatters.

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;

use anyhow::Result;
use mmrec::checkpoint::LearnedText;
use mmrec::data::{DOCUMENT_END, DataError, Dataset, MAX_FRACTION, MIN_FRACTION, Tokens};
use mmrec::tokenizer::Tokenizer;

use super::EvalArgs;
use crate::run::file_names;
use crate::run::settings_file::SettingsFile;

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
    /// Whether the checkpoint says that it was trained on the text that they are of.
    pub learned: bool,
}

impl Held {
    /// What they are, for people.
    pub fn described(&self) -> &'static str {
        match (self.part, self.learned) {
            (Part::Validation, true) => "validation part, held back in training",
            (Part::Validation, false) => "part that a training would hold back",
            (Part::Training, true) => "training part",
            (Part::Training, false) => "part that a training would read",
            (Part::Whole, _) => "whole text",
        }
    }

    /// What must be known beside the figures to read them.
    pub fn remark(&self) -> Option<&'static str> {
        match (self.learned, self.part) {
            (false, _) => Some(
                "the checkpoint does not say that it was trained on this text: if it was, or on a part of it, the result flatters it",
            ),
            (true, Part::Validation) => None,
            (true, _) => Some("the checkpoint was trained on this part, so the result flatters it"),
        }
    }
}

/// A part of a text that is split; by default the one that was held back.
pub fn choose(data: Dataset, wanted: Option<Part>, learned: bool) -> Result<Held> {
    let part = wanted.unwrap_or(Part::Validation);
    let tokens = match part {
        Part::Validation => {
            let (tokens, characters) = (data.validation, data.validation_chars);
            return Ok(Held { tokens, characters, unknown: 0, part, learned });
        }
        Part::Training => data.train,
        Part::Whole => Tokens::from_vec([all(&data.train)?, all(&data.validation)?].concat()),
    };
    let characters = data.tokenizer.decode(&all(&tokens)?).chars().count() as u64;
    Ok(Held { tokens, characters, unknown: 0, part, learned })
}

/// All of their ids.
pub fn all(tokens: &Tokens) -> Result<Vec<u16>> {
    let mut ids = vec![0; tokens.len() as usize];
    tokens.read(0, &mut ids)?;
    Ok(ids)
}

/// Whether it is one of these.
pub fn is_learned(data: &Dataset, texts: &[LearnedText]) -> bool {
    texts.iter().any(|text| text.fingerprint == data.fingerprint)
}

/// The text as it was split in training, if it is one of `texts`. Of several splits it is the one that held back the least: no
/// training read that.
pub fn as_trained(args: &EvalArgs, tokenizer: &Tokenizer, text: &str, texts: &[LearnedText]) -> Option<Dataset> {
    // What is wrong with the text is told where it is read for good.
    let split = |way: Way| way.split(text, tokenizer).ok();
    let found = ways(args, text, texts).into_iter().filter_map(split).filter(|data| is_learned(data, texts));
    found.min_by_key(|data| data.validation_chars)
}

/// A way in which a training may have read a text.
#[derive(Debug, Default, PartialEq)]
pub struct Way<'a> {
    /// What ended a document.
    separator: &'a str,
    /// How much was held back.
    validation: Option<f64>,
}

impl Way<'_> {
    /// The text, read like this.
    pub fn split(&self, text: &str, tokenizer: &Tokenizer) -> Result<Dataset, DataError> {
        Dataset::with_tokenizer("the text", &in_documents(text, self.separator), tokenizer.clone(), self.validation)
    }
}

/// The ways in which `texts` were read, each once.
fn ways<'a>(args: &EvalArgs, text: &str, texts: &'a [LearnedText]) -> Vec<Way<'a>> {
    let mut ways = Vec::new();
    for LearnedText { validation_chars, separator, .. } in texts {
        let fractions = match validation_chars {
            Some(held) => vec![Some(fraction(*held, &in_documents(text, separator)))],
            None => usual_fractions(&args.checkpoint),
        };
        for validation in fractions {
            let way = Way { separator, validation };
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    ways
}

/// The text with the ends of documents where it has `separator`.
fn in_documents<'a>(text: &'a str, separator: &str) -> Cow<'a, str> {
    if separator.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(separator, DOCUMENT_END.encode_utf8(&mut [0; 4])))
}

/// The share of a text that so many characters are. One that was rounded out of the range is rounded there again.
fn fraction(characters: u64, text: &str) -> f64 {
    (characters as f64 / text.chars().count().max(1) as f64).clamp(MIN_FRACTION, MAX_FRACTION)
}

/// How much a run of an earlier version may have held back: what is usual, or what is recorded beside its checkpoint.
fn usual_fractions(checkpoint: &Path) -> Vec<Option<f64>> {
    let config = checkpoint.with_file_name(file_names::CONFIG);
    let recorded = SettingsFile::read(&config).ok().and_then(|file| file.data?.validation);
    [None].into_iter().chain(recorded.map(Some)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmrec::tokenizer::TokenizerKind;

    #[test]
    fn characters_held_back_give_the_split_again() {
        for characters in [1usize, 2, 3, 7, 1_499, 1_501, 9_999, 60_001] {
            let text = "a".repeat(characters);
            for validation in [MIN_FRACTION, 0.0137, 0.1, 1.0 / 3.0, MAX_FRACTION] {
                let split = |fraction| Dataset::from_text("x", &text, TokenizerKind::Byte, Some(fraction)).unwrap();
                let held = split(validation).validation_chars;
                assert_eq!(split(fraction(held, &text)).validation_chars, held, "{characters} {validation}");
            }
        }
    }
}
