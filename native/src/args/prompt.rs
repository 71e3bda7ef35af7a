//! What a text is to begin with: an argument, a file, or what comes on standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, ensure};
use clap::Args;
use mmrec::data::DataError;
use mmrec::data::text::{Encoding, Normalizer, line_ends};

use crate::io::{encodings, findings};
use crate::terminal::output::note;
use crate::terminal::{format, interrupt};

/// The most bytes of a prompt, all of which the model reads before it writes.
const MAX_BYTES: u64 = 64 << 20;

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
    let read = interrupt::Reader(source.take(MAX_BYTES + 1)).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {name}"))?;
    ensure!(
        bytes.len() as u64 <= MAX_BYTES,
        "{name} is too long for a prompt: it has more than {}; let the text begin with the end of it",
        format::size(MAX_BYTES)
    );
    let mut text = normalised(&bytes, name).map_err(|error| explain(error, &bytes, name))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

fn normalised(bytes: &[u8], name: &str) -> Result<String, DataError> {
    let (mut text, mut normalizer) = (String::new(), Normalizer::new(name, false));
    normalizer.push(bytes, &mut text)?;
    normalizer.finish(&mut text)?;
    Ok(text)
}

/// What is wrong with a prompt, and what can be done: nothing of it is replaced, as it can be in a text to learn from.
fn explain(error: DataError, bytes: &[u8], name: &str) -> Error {
    match error {
        DataError::Invalid { encoding, offset, .. } => {
            let guess = encodings::of(bytes).filter(|_| encoding == Encoding::Utf8);
            let advice = guess.map_or_else(|| "save it as UTF-8".to_owned(), findings::advice);
            anyhow!("{name} is not valid {encoding}: the first invalid byte is at offset {offset}; {advice}")
        }
        DataError::Zero { offset, .. } | DataError::Binary { byte: 0, offset, .. } => {
            anyhow!("{name} has a NUL character at offset {offset}, which no text has: remove it")
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_a_text_without_its_last_line_end() {
        let prompt = |bytes: &[u8]| read(bytes, "x").map_err(|error| error.to_string());
        assert_eq!(prompt(b"\xef\xbb\xbfDear\r\nyou,\r\n\r\n").unwrap(), "Dear\nyou,\n");
        assert_eq!(prompt(b"").unwrap(), "");
        for zero in [&b"a\0b"[..], b"a prompt\0 that is longer"] {
            let message = prompt(zero).unwrap_err();
            assert!(message.contains("has a NUL character at offset") && !message.contains("--lossy"), "{message}");
        }
        let german = b"\xDCber die Br\xFCcke l\xE4uft sp\xE4ter ein K\xF6nig, und er gr\xFC\xDFt. ".repeat(9);
        let message = prompt(&german).unwrap_err();
        assert!(message.contains("offset 0; it seems to be windows-1252") && !message.contains("--lossy"), "{message}");
        assert!(prompt(b"caf\xE9").unwrap_err().contains("offset 3; "));
        assert!(read(io::repeat(b'a'), "x").unwrap_err().to_string().contains("too long for a prompt"));
        let flags = PromptFlags { prompt: Some("a\r\nb".to_owned()), prompt_file: None };
        assert_eq!(flags.read().unwrap(), "a\nb");
    }
}
