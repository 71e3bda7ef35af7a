//! Running other programs: what is run is what an error shows.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// A command in the environment this program was called in. Cargo describes this package to it in variables (`CARGO_PKG_NAME`
/// …) that would make build scripts which read them run again, in turn with a cargo that is called directly.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    const OURS: [&str; 5] =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if OURS.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command with its output passed through; its failure is an error that names it.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    ensure!(status.success(), "`{}` failed ({status})", shown(command));
    Ok(())
}

/// Runs a command like [`run`], and hears every line that it writes to standard output, which is passed through.
pub fn run_heard(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<()> {
    let line = shown(command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{line}`"))?;
    let output = child.stdout.take().context("its output is piped")?;
    for bytes in BufReader::new(output).split(b'\n') {
        let bytes = bytes?;
        let text = String::from_utf8_lossy(&bytes);
        println!("{text}");
        hear(&text);
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{line}` failed ({status})");
    Ok(())
}

/// Runs a command like [`run`], whose last words are kept for the error: where there is another way, they would only frighten.
pub fn run_unless_refused(command: &mut Command) -> Result<()> {
    let line = shown(command);
    let mut child = command.stderr(Stdio::piped()).spawn().with_context(|| format!("cannot start `{line}`"))?;
    let messages = child.stderr.take().context("its messages are piped")?;
    let mut last_words: Vec<String> = Vec::new();
    for bytes in BufReader::new(messages).split(b'\n') {
        let text = String::from_utf8_lossy(&bytes?).into_owned();
        if !last_words.is_empty() || text.starts_with("error") {
            last_words.push(text);
        } else {
            eprintln!("{text}");
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{line}` failed ({status}): {}", last_words.join("\n"));
    Ok(())
}

/// The same command with whatever else the machine does going first, where it has `nice`.
pub fn behind(command: &Command) -> Command {
    let mut behind = match which("nice") {
        Some(nice) => {
            let mut behind = Command::new(nice);
            behind.args(["-n", "15"]).arg(command.get_program());
            behind
        }
        None => Command::new(command.get_program()),
    };
    behind.args(command.get_args());
    command.get_current_dir().map(|dir| behind.current_dir(dir));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => behind.env(name, value),
            None => behind.env_remove(name),
        };
    }
    behind
}

/// Runs a command and returns what it wrote to standard output, trimmed.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start `{}`", shown(command)))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "`{}` failed ({}): {}", shown(command), output.status, err.trim());
    Ok(out.trim().to_owned())
}

/// Runs a command for at most `limit`; beyond it the command is ended and an error returned with its last words.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let line = shown(command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{line}`"))?;
    let messages = read_aside(&mut child);
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            let words = messages.join().unwrap_or_default();
            ensure!(status.success(), "`{line}` failed ({status}): {}", words.trim());
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    child.kill().and_then(|()| child.wait()).with_context(|| format!("cannot end `{line}`"))?;
    bail!("`{line}` did not end within {} s", limit.as_secs())
}

/// Drains standard error in a thread, so that the child never blocks on it.
fn read_aside(child: &mut Child) -> thread::JoinHandle<String> {
    let stream = child.stderr.take();
    thread::spawn(move || {
        let text = stream.map(io::read_to_string).transpose();
        text.ok().flatten().unwrap_or_default()
    })
}

/// A program on the search path.
pub fn which(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    let candidates = env::split_paths(&path).flat_map(|dir| endings.iter().map(move |end| (dir.clone(), end)));
    candidates.map(|(dir, end)| dir.join(format!("{name}{end}"))).find(|file| file.is_file())
}

/// A fingerprint of bytes, for caches (not for security).
pub fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Reads a file whole.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A heading in the log.
pub fn heading(text: &str) {
    println!("\n=== {text}");
}

/// A line about what is being done.
pub fn note(text: &str) {
    println!("    {text}");
}

/// The command as one would type it, without the environment.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
