//! What goes to standard output and standard error.
//!
//! Contract: with `--json` standard output holds JSON alone, one value a line; progress and warnings go to standard error. Names and
//! texts come from files of anybody, so nothing of them may steer a terminal: that is seen to here, for all commands.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::terminal::shell::Suggestion;
use crate::terminal::{interrupt, stream};

/// Where a command's results go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// `json`: results for scripts instead of text for people.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether results are JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether a progress bar makes sense.
    pub fn shows_bar(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Prints a line for people; nothing with `--json`.
    pub fn line(self, text: &str) -> Result<()> {
        if self.json { Ok(()) } else { write_line(&harmless(text)) }
    }

    /// Prints for people what to do next; nothing with `--json`.
    pub fn next(self, command: &Suggestion) -> Result<()> {
        self.line(&format!("Next: {command}"))
    }

    /// Prints what a model wrote as it comes, without a newline; nothing with `--json`. Files and other programs get it to the
    /// byte, a terminal gets nothing that steers it.
    pub fn piece(self, text: &str) -> Result<()> {
        match self.json {
            true => Ok(()),
            false if io::stdout().is_terminal() => write_out(harmless(text).into_owned()),
            false => write_out(text.to_owned()),
        }
    }

    /// Prints a JSON value on a line of its own; nothing without `--json`.
    pub fn value(self, value: &impl Serialize) -> Result<()> {
        if !self.json {
            return Ok(());
        }
        let text = serde_json::to_string(value).context("a result cannot be written as JSON")?;
        // JSON itself escapes the first 32 characters only.
        write_line(&escaped(&text, steers, |character| format!("\\u{:04x}", u32::from(character))))
    }
}

/// A path as JSON can hold it: text. What of it is not UTF-8 is replaced.
pub fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The text with everything made visible that would steer a terminal instead of appearing on it.
pub fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, steers, |character| character.escape_unicode().to_string())
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    let piece = |character| if is_bad(character) { escape(character) } else { String::from(character) };
    Cow::Owned(text.chars().map(piece).collect())
}

/// Controls but line ends and tabs; and those that have a text run backwards, so that it reads as what it is not.
fn steers(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

/// The most characters of a name that are shown.
const LONGEST_NAME: usize = 100;

/// What somebody else called something, to be shown within a line: it cannot look like lines of ours.
pub fn name(text: &str) -> String {
    let is_cut = text.chars().nth(LONGEST_NAME).is_some();
    let shown: String = text.chars().take(LONGEST_NAME).collect();
    one_line(&shown).into_owned() + if is_cut { "…" } else { "" }
}

/// The same of a path, which is shown whole: a cut one would be another.
pub fn one_line(text: &str) -> Cow<'_, str> {
    // Line ends, also those that only some programs know, and marks that move what is beside them.
    let breaks = |character: char| {
        steers(character)
            || matches!(character, '\n' | '\t' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
    };
    escaped(text, breaks, |character| character.escape_default().to_string())
}

/// A line for people, as it is written.
pub fn line_of(text: &str) -> Vec<u8> {
    format!("{}\n", harmless(text)).into_bytes()
}

/// A warning or a note for people, kept apart from results.
pub fn note(text: &str) {
    // Nobody may be listening, and there is nowhere to complain.
    let _ = stream::ERR.write(line_of(text));
}

/// Whether all that failed was to print, because the reader of our output went away (`mmrec … | head`). Where that cut work short,
/// the error says so in a context of its own.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().next().is_some_and(|error| error.is::<ClosedOutput>())
}

/// Whether a result could not be printed because its reader went away, or stands still while a signal asks the process to stop.
pub fn is_unread(error: &anyhow::Error) -> bool {
    is_broken_pipe(error) || interrupt::is_cause(error)
}

/// Standard output was closed by its reader.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
struct ClosedOutput;

fn write_line(text: &str) -> Result<()> {
    write_out(format!("{text}\n"))
}

fn write_out(text: String) -> Result<()> {
    match stream::OUT.write(text.into_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ClosedOutput.into()),
        result => result.context("cannot write to standard output"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal_and_everything_else_stays() {
        let plain = "Süß,\t日本語 🙂\nשלום";
        assert!(matches!(harmless(plain), Cow::Borrowed(text) if text == plain));
        let hostile = "a\u{1b}[2Jb\rc\u{7}d\u{7f}e\u{9b}31mf\u{202e}g\u{2066}h";
        assert_eq!(harmless(hostile), r"a\u{1b}[2Jb\u{d}c\u{7}d\u{7f}e\u{9b}31mf\u{202e}g\u{2066}h");
    }

    #[test]
    fn names_stay_within_their_line() {
        assert_eq!(name("Süß, 日本語 שלום"), "Süß, 日本語 שלום");
        assert_eq!(name("a\n\nNext: b\u{2028}c\u{200f}d\u{1b}[2J"), r"a\n\nNext: b\u{2028}c\u{200f}d\u{1b}[2J");
        assert_eq!(name(&"é".repeat(101)), "é".repeat(100) + "…");
        assert_eq!(one_line(&"x".repeat(500)).len(), 500);
    }

    #[test]
    fn json_keeps_its_meaning() {
        let hostile = "a\u{1b}\u{9b}\u{7f}\u{202e}\n";
        let text = serde_json::to_string(hostile).unwrap();
        let text = escaped(&text, steers, |character| format!("\\u{:04x}", u32::from(character)));
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_no_text_become_some() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"r\xe9sultat"));
        assert_eq!(path_text(path), "r\u{fffd}sultat");
    }
}
