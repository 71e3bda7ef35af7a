//! `metrics.jsonl`: one JSON object a line, one line a logged step.
//!
//! Invariant: steps grow from line to line. A line is held back until its evaluation, if one is due, has joined it. After a
//! resume the file has no line beyond the checkpoint's step, and a line that a dying process left unfinished is gone.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use mmrec::progress::Point;
use serde::{Deserialize, Serialize};

use crate::io::{atomic_file, files};

/// More bytes than a line has.
const LONGEST_LINE: u64 = 1 << 16;

/// One line. Fields that a step does not have are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Optimizer steps taken.
    pub step: u64,
    /// Passes over the training part.
    #[serde(default)]
    pub epoch: f64,
    /// Loss on the step's batch, nats per token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_loss: Option<f32>,
    /// Loss on the validation part, nats per token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_loss: Option<f32>,
    /// Validation loss in bits per character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_bpc: Option<f32>,
    /// Exponential of the validation loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_perplexity: Option<f32>,
    /// Share of validation tokens that the model held most likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_accuracy: Option<f32>,
    /// Learning rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lr: Option<f64>,
    /// Global norm of the gradient before clipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grad_norm: Option<f32>,
    /// Training tokens per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_s: Option<f64>,
    /// Seconds of training so far, interruptions left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Tokens learned from so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Floating-point operations of training so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops: Option<f64>,
}

impl Line {
    /// Fills the fields that `self` lacks from `other`, a line of the same step.
    fn join(&mut self, other: &Self) {
        fn fill<T: Copy>(to: &mut Option<T>, from: Option<T>) {
            *to = to.or(from);
        }
        fill(&mut self.train_loss, other.train_loss);
        fill(&mut self.val_loss, other.val_loss);
        fill(&mut self.val_bpc, other.val_bpc);
        fill(&mut self.val_perplexity, other.val_perplexity);
        fill(&mut self.val_accuracy, other.val_accuracy);
        fill(&mut self.lr, other.lr);
        fill(&mut self.grad_norm, other.grad_norm);
        fill(&mut self.tokens_per_s, other.tokens_per_s);
        fill(&mut self.seconds, other.seconds);
        fill(&mut self.tokens, other.tokens);
        fill(&mut self.flops, other.flops);
    }
}

impl From<&Point> for Line {
    fn from(point: &Point) -> Self {
        Self {
            step: point.step,
            epoch: point.epoch,
            train_loss: Some(point.train_loss),
            val_loss: point.val_loss,
            val_bpc: point.val_bpc,
            val_perplexity: point.val_perplexity,
            val_accuracy: point.val_accuracy,
            lr: Some(point.lr),
            grad_norm: Some(point.grad_norm),
            tokens_per_s: Some(point.tokens_per_s),
            seconds: Some(point.seconds),
            tokens: Some(point.tokens),
            flops: Some(point.flops),
        }
    }
}

/// The file, open for more lines.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
    pending: Option<Line>,
}

impl Metrics {
    /// Starts an empty file.
    pub fn create(path: &Path) -> Result<Self> {
        Self::rewrite(path, &[])
    }

    /// Goes on after the line of `step`. Where the file lacks steps that `history` has, they are taken from there.
    pub fn resume(path: &Path, step: u64, history: impl IntoIterator<Item = Line>) -> Result<Self> {
        let mut lines = read(path)?;
        let known = lines.last().map(|written| written.line.step);
        let missing = history.into_iter().filter(|line| known.is_none_or(|known| line.step > known));
        for line in missing.filter(|line| line.step <= step) {
            lines.push(Written { text: text_of(&line)?, line });
        }
        lines.retain(|written| written.line.step <= step);
        // The last line may still get its evaluation.
        let pending = lines.pop_if(|written| written.line.step == step);
        let mut metrics = Self::rewrite(path, &lines)?;
        metrics.pending = pending.map(|written| written.line);
        Ok(metrics)
    }

    fn rewrite(path: &Path, lines: &[Written]) -> Result<Self> {
        atomic_file::write_with(path, |file| {
            Ok(lines.iter().try_for_each(|written| file.write_all(written.text.as_bytes()))?)
        })?;
        let file = OpenOptions::new().append(true).open(path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file, pending: None })
    }

    /// Adds a line, or joins it to the one held back where both are of the same step.
    pub fn add(&mut self, line: Line) -> Result<()> {
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.step == line.step) {
            let older = std::mem::replace(pending, line);
            pending.join(&older);
            return Ok(());
        }
        self.flush()?;
        self.pending = Some(line);
        Ok(())
    }

    /// Writes the line held back.
    pub fn flush(&mut self) -> Result<()> {
        let Some(line) = self.pending.take() else { return Ok(()) };
        let text = text_of(&line)?;
        // One write a line: a reader sees whole lines, and a kill tears at most the last.
        self.file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Writes the lines of every step before `step`, whose evaluation can no longer come.
    pub fn flush_before(&mut self, step: u64) -> Result<()> {
        if self.pending.as_ref().is_some_and(|line| line.step < step) { self.flush() } else { Ok(()) }
    }

    /// Writes everything and makes it durable. Before every checkpoint, so that a resume finds all lines up to its step.
    pub fn sync(&mut self) -> Result<()> {
        self.flush()?;
        self.file.sync_data().with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// A line of the file.
#[derive(Debug)]
struct Written {
    line: Line,
    /// As it stands there, with its newline: what is kept is kept to the last digit.
    text: String,
}

fn text_of(line: &Line) -> Result<String> {
    Ok(serde_json::to_string(line).context("a line of metrics cannot be written")? + "\n")
}

/// Reads the lines of a file, none where there is no file. An unfinished last line is left out.
fn read(path: &Path) -> Result<Vec<Written>> {
    let file = match files::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        file => file.with_context(|| format!("cannot open {}", path.display()))?,
    };
    let mut reader = BufReader::new(file);
    let (mut lines, mut bytes) = (Vec::<Written>::new(), Vec::new());
    loop {
        bytes.clear();
        let mut limited = (&mut reader).take(LONGEST_LINE);
        limited.read_until(b'\n', &mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
        let is_whole = bytes.last() == Some(&b'\n');
        if !is_whole && (bytes.len() as u64) < LONGEST_LINE {
            return Ok(lines);
        }
        let number = lines.len() + 1;
        let line: Line = serde_json::from_slice(&bytes)
            .with_context(|| format!("line {number} of {} is damaged: remove the file and resume", path.display()))?;
        let grows = lines.last().is_none_or(|last| last.line.step < line.step);
        ensure!(grows, "line {number} of {} is out of order: remove the file and resume", path.display());
        lines.push(Written { line, text: String::from_utf8_lossy(&bytes).into_owned() });
    }
}

/// Whether the file exists and has a line.
pub fn has_lines(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained(step: u64) -> Line {
        Line { step, train_loss: Some(step as f32), lr: Some(0.5), ..Line::default() }
    }

    fn evaluated(step: u64) -> Line {
        Line { step, val_loss: Some(9.0), ..Line::default() }
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        (folder, path)
    }

    fn steps(path: &Path) -> Vec<u64> {
        read(path).unwrap().iter().map(|written| written.line.step).collect()
    }

    #[test]
    fn a_metric_has_the_name_that_it_has_in_a_checkpoint() {
        let point = Point {
            val_loss: Some(1.5),
            val_bpc: Some(2.0),
            val_perplexity: Some(4.5),
            val_accuracy: Some(0.25),
            ..Point::default()
        };
        let line = serde_json::to_value(Line::from(&point)).unwrap();
        assert_eq!(line, serde_json::to_value(&point).unwrap());
        assert!(line.as_object().unwrap().values().all(|value| !value.is_null()), "none is left out");
    }

    #[test]
    fn an_evaluation_joins_its_step() {
        let (_folder, path) = file();
        let mut metrics = Metrics::create(&path).unwrap();
        metrics.add(trained(1)).unwrap();
        metrics.add(trained(2)).unwrap();
        metrics.add(evaluated(2)).unwrap();
        metrics.flush_before(2).unwrap();
        assert_eq!(steps(&path), [1], "the line of step 2 is still held back");
        metrics.flush_before(3).unwrap();
        metrics.add(evaluated(3)).unwrap();
        metrics.sync().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert_eq!(line, r#"{"step":2,"epoch":0.0,"train_loss":2.0,"val_loss":9.0,"lr":0.5}"#);
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_resume_cuts_what_was_not_saved_and_a_torn_line() {
        let (_folder, path) = file();
        let mut metrics = Metrics::create(&path).unwrap();
        (1..=5).for_each(|step| metrics.add(trained(step)).unwrap());
        metrics.sync().unwrap();
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str(r#"{"step":6,"tra"#);
        fs::write(&path, text).unwrap();
        let mut metrics = Metrics::resume(&path, 3, []).unwrap();
        metrics.add(evaluated(3)).unwrap();
        metrics.add(trained(4)).unwrap();
        metrics.sync().unwrap();
        assert_eq!(steps(&path), [1, 2, 3, 4]);
        assert_eq!(read(&path).unwrap()[2].line.val_loss, Some(9.0));
    }

    #[test]
    fn missing_lines_come_from_the_history() {
        let (_folder, path) = file();
        drop(Metrics::resume(&path, 2, (1..=4).map(trained)).unwrap());
        assert_eq!(steps(&path), [1]);
        let mut metrics = Metrics::resume(&path, 3, (1..=4).map(trained)).unwrap();
        metrics.sync().unwrap();
        assert_eq!(steps(&path), [1, 2, 3]);
    }

    #[test]
    fn damage_in_the_middle_is_named() {
        let (_folder, path) = file();
        fs::write(&path, "{\"step\":1,\"epoch\":0}\nrubbish\n{\"step\":2,\"epoch\":0}\n").unwrap();
        assert!(format!("{:#}", read(&path).unwrap_err()).contains("line 2"));
        fs::write(&path, "{\"step\":2,\"epoch\":0}\n{\"step\":2,\"epoch\":0}\n").unwrap();
        assert!(format!("{:#}", read(&path).unwrap_err()).contains("out of order"));
    }
}
