//! What goes to standard output and standard error.
//!
//! Contract: with `--json` standard output holds JSON alone, one value a line; progress and warnings go to standard error.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::shell::Suggestion;

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
        if self.json { Ok(()) } else { write_line(text) }
    }

    /// Prints for people what to do next; nothing with `--json`.
    pub fn next(self, command: &Suggestion) -> Result<()> {
        self.line(&format!("Next: {command}"))
    }

    /// Prints text for people as it comes, without a newline; nothing with `--json`.
    pub fn piece(self, text: &str) -> Result<()> {
        if self.json { Ok(()) } else { write_out(text.as_bytes()) }
    }

    /// Prints a JSON value on a line of its own; nothing without `--json`.
    pub fn value(self, value: &impl Serialize) -> Result<()> {
        if !self.json {
            return Ok(());
        }
        write_line(&serde_json::to_string(value).context("a result cannot be written as JSON")?)
    }
}

/// A warning or a note for people, kept apart from results.
pub fn note(text: &str) {
    // Nobody may be listening, and there is nowhere to complain.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether an error chain ends in a reader of our output that went away (`mmrec … | head`).
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<ClosedOutput>())
}

/// Standard output was closed by its reader.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
struct ClosedOutput;

fn write_line(text: &str) -> Result<()> {
    write_out(format!("{text}\n").as_bytes())
}

fn write_out(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ClosedOutput.into()),
        result => result.context("cannot write to standard output"),
    }
}
