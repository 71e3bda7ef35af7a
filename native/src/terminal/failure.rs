//! How a command ends that did not do what was asked: a message for people, an object for scripts, an exit code.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use anyhow::{Error, Result};
use serde_json::json;

use super::interrupt;
use super::output::{Output, is_broken_pipe, note};

/// The exit code of a mistake in the command line.
const USAGE: u8 = 2;

/// A mistake of the program.
#[derive(Debug, thiserror::Error)]
#[error("this is a mistake in mmrec, not yours: {0}. Please report it with the command and what was said above")]
struct Mistake(String);

/// A mistake in the command line that clap cannot see; ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Whether a command line asks for JSON; it may be one that cannot be understood.
pub fn wants_json(mut arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.any(|argument| argument == "--json")
}

/// Does the work; a panic in it becomes an error like any other.
pub fn contain(work: impl FnOnce() -> Result<()>) -> Result<()> {
    panic::set_hook(Box::new(|panic| {
        note(&panic.to_string());
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            note(&trace.to_string());
        }
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    result.unwrap_or_else(|panic| Err(Mistake(text_of(panic.as_ref())).into()))
}

/// What a panic said.
pub fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it panicked").to_owned()
}

/// Tells what went wrong, with all causes.
pub fn report(error: &Error, output: Output) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let said: Vec<String> = causes.iter().map(|cause| within(cause)).collect();
    if interrupt::is_cause(error) {
        tell_script(output, &format!("{error:#}"), &causes);
        return ExitCode::from(interrupt::EXIT_CODE);
    }
    said.iter().take(1).for_each(|error| note(&format!("error: {error}")));
    said.iter().skip(1).for_each(|cause| note(&format!("  because: {cause}")));
    if let Some(remedy) = remedy(error) {
        note(&format!("  what to do: {remedy}"));
    }
    tell_script(output, &format!("{error:#}"), &causes);
    if error.chain().any(|cause| cause.is::<Usage>()) { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
}

/// What to do where an error comes of a disk, or somebody's share of it, that has no room left, or of a limit on files.
fn remedy(error: &Error) -> Option<&'static str> {
    let of_kind = |error: &io::Error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some("free space there first"),
        ErrorKind::FileTooLarge => {
            Some("raise the limit on the size of files first (ulimit -f), or that of the file system")
        }
        _ => None,
    };
    error.chain().find_map(|cause| cause.downcast_ref().and_then(of_kind))
}

/// A message whose further lines are seen to belong to it: what it quotes of a file may look like a line of ours.
fn within(message: &str) -> String {
    message.trim_end().replace('\n', "\n    ")
}

/// The same of a command line that cannot be understood; prints what was asked for where it asks for help.
pub fn report_usage(error: &clap::Error, output: Output) -> ExitCode {
    if is_help(error) {
        // Where even this cannot be printed, the exit code must do.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
    }
    let text = error.to_string();
    note(text.trim_end());
    // Without what is for people: how commands are written, and where there is help.
    let message = text.strip_prefix("error: ").unwrap_or(&text);
    let message = ["\n\nUsage:", "\n\nFor more"]
        .iter()
        .filter_map(|end| message.find(end))
        .min()
        .map_or(message, |end| &message[..end]);
    tell_script(output, message.trim_end(), &[message.trim_end().to_owned()]);
    ExitCode::from(USAGE)
}

fn is_help(error: &clap::Error) -> bool {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand)
}

/// The object that every failure ends with.
pub fn tell_script(output: Output, message: &str, causes: &[String]) {
    // Where even this cannot be printed, the exit code must do.
    let _ = output.value(&json!({ "type": "error", "message": message, "causes": causes }));
}
