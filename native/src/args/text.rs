//! How a text is read.

use anyhow::{Result, bail};
use clap::Args;
use mmrec::data::{MAX_FRACTION, MIN_FRACTION, PrepareOptions};
use mmrec::tokenizer::{DEFAULT_VOCAB, MAX_TOKENS, TokenizerKind};

use crate::terminal::failure::Usage;

/// How a text is read.
#[derive(Debug, Clone, Default, Args)]
pub struct TextFlags {
    /// One token for each character of the text, one for each byte, or tokens learned from the text [default: char]
    #[arg(long, value_name = "char|byte|bpe")]
    pub tokenizer: Option<TokenizerKind>,
    /// The most tokens that bpe learns [default: 2048]; a smaller number gives the beginning of what a larger one gives
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(257..=MAX_TOKENS as i64))]
    pub vocab: Option<u32>,
    /// Share of the text, at its end, that is held back for validation [default: 0.1; 0.2 under 200 KB, 0.05 above 100 MB]
    #[arg(long, value_name = "F", value_parser = fraction)]
    pub val: Option<f64>,
    /// Accept what cannot be read in a text, as replacement characters
    #[arg(long)]
    pub lossy: bool,
}

impl TextFlags {
    /// The library's options for a text called `name`.
    pub fn options(&self, name: &str) -> Result<PrepareOptions> {
        let tokenizer = self.tokenizer.unwrap_or(match self.vocab {
            Some(_) => TokenizerKind::Bpe,
            None => TokenizerKind::Char,
        });
        if self.vocab.is_some() && !tokenizer.has_chosen_vocab() {
            bail!(Usage(format!("--vocab goes with --tokenizer bpe: the {tokenizer} tokenizer has the tokens it has")));
        }
        let vocab = self.vocab.map_or(DEFAULT_VOCAB, |vocab| vocab as usize);
        Ok(PrepareOptions { vocab, validation: self.val, lossy: self.lossy, ..PrepareOptions::new(name, tokenizer) })
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (MIN_FRACTION..=MAX_FRACTION).contains(&value) => Ok(value),
        _ => Err(format!("it must be between {MIN_FRACTION} and {MAX_FRACTION}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_have_a_range() {
        assert_eq!(fraction("0.25"), Ok(0.25));
        for wrong in ["0", "0.9", "NaN", "a tenth"] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
    }
}
