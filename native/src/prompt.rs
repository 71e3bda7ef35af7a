//! What a text is to begin with: an argument, a file, or what comes on standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use mmrec::data::text::{Normalizer, line_ends};

use crate::output::note;
use crate::{format, interrupt};

/// The most bytes of a prompt, all of which the model reads before it writes.
const MOST: u64 = 64 << 20;

/// Stands for standard input.
const INPUT: &str = "-";

/// Where the prompt is.
#[derive(Debug, Args)]
pub struct PromptFlags {
    /// What the text begins with; - reads it from standard input. Without it the text begins like a document
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    prompt: Option<String>,
    /// A file that the text begins with, but for its last line end
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    prompt_file: Option<PathBuf>,
}

impl PromptFlags {
    /// The prompt; empty where none is given.
    pub fn read(&self) -> Result<String> {
        match (self.prompt.as_deref(), self.prompt_file.as_deref()) {
            (Some(INPUT), _) => from_input(),
            (None, Some(path)) if path == Path::new(INPUT) => from_input(),
            (None, Some(path)) => {
                let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
                read(file, &path.display().to_string())
            }
            (text, _) => Ok(line_ends(text.unwrap_or_default()).into_owned()),
        }
    }
}

fn from_input() -> Result<String> {
    let input = io::stdin();
    if input.is_terminal() {
        let end = if cfg!(windows) { "Ctrl-Z and Enter" } else { "Ctrl-D" };
        note(&format!("type what the text begins with, and end it by {end} on a line of its own"));
    }
    read(input.lock(), "standard input")
}

/// A prompt from `source`, normalised as texts are. The line end that editors put last is left out: the text goes on there.
fn read(source: impl Read, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let read = interrupt::Reader(source.take(MOST + 1)).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {name}"))?;
    ensure!(
        bytes.len() as u64 <= MOST,
        "{name} is too long for a prompt: it has more than {}; let the text begin with the end of it",
        format::size(MOST)
    );
    let (mut text, mut normalizer) = (String::new(), Normalizer::new(name, false));
    normalizer.push(&bytes, &mut text)?;
    normalizer.finish(&mut text)?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_a_text_without_its_last_line_end() {
        let prompt = |bytes: &[u8]| read(bytes, "x").map_err(|error| error.to_string());
        assert_eq!(prompt(b"\xef\xbb\xbfDear\r\nyou,\r\n\r\n").unwrap(), "Dear\nyou,\n");
        assert_eq!(prompt(b"").unwrap(), "");
        assert!(prompt(b"a\0b").is_err());
        assert!(read(io::repeat(b'a'), "x").unwrap_err().to_string().contains("too long for a prompt"));
        let flags = PromptFlags { prompt: Some("a\r\nb".to_owned()), prompt_file: None };
        assert_eq!(flags.read().unwrap(), "a\nb");
    }
}
