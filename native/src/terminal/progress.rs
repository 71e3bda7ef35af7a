//! Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing with `--json`.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::format;
use crate::terminal::output::{Output, harmless, line_of, note};
use crate::terminal::stream::{self, write_all};

/// Least time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Where progress is shown.
#[derive(Debug)]
pub enum Progress {
    /// A bar on a terminal.
    Bar(ProgressBar),
    /// Plain lines, at most one every few seconds.
    Lines(Option<Instant>),
    /// Nowhere.
    Quiet,
}

impl Progress {
    /// A bar with `template` (indicatif's syntax) up to `length`, where standard error is a terminal.
    fn new(output: Output, length: Option<u64>, template: &str) -> Self {
        if output.is_json() {
            return Self::Quiet;
        }
        if !output.shows_bar() {
            return Self::Lines(None);
        }
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
        Self::Bar(bar.with_style(style.progress_chars("=> ")))
    }

    /// Progress of a training run of `steps` steps.
    pub fn training(output: Output, steps: u64) -> Self {
        Self::new(output, Some(steps), "[{bar:24}] {pos}/{len}  {msg}")
    }

    /// Progress of something counted up to `length`, where that is known.
    pub fn counting(output: Output, length: Option<u64>) -> Self {
        Self::new(output, length, "[{bar:24}] {msg}")
    }

    /// Shows a state: `position` on a bar, `message` beside it or as a line, lines being limited unless `important`.
    pub fn show(&mut self, position: u64, message: &str, important: bool) {
        match self {
            Self::Bar(bar) => {
                let message = harmless(message).into_owned();
                draw(bar, move |bar| {
                    bar.set_position(position);
                    bar.set_message(message);
                });
            }
            Self::Lines(last) => {
                if important || last.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
                    *last = Some(Instant::now());
                    note(message);
                }
            }
            Self::Quiet => {}
        }
    }

    /// Sets what the bar ends at.
    pub fn set_length(&self, length: u64) {
        if let Self::Bar(bar) = self {
            draw(bar, move |bar| bar.set_length(length));
        }
    }

    /// A line that stays, above the bar; nothing with `--json`.
    pub fn say(&self, text: &str) {
        match self {
            Self::Bar(bar) => note_above(bar, text),
            Self::Lines(_) => note(text),
            Self::Quiet => {}
        }
    }

    /// A warning, also with `--json`.
    pub fn warn(&self, text: &str) {
        match self {
            Self::Bar(bar) => note_above(bar, text),
            Self::Lines(_) | Self::Quiet => note(text),
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Self::Bar(bar) = self {
            draw(bar, ProgressBar::finish_and_clear);
        }
    }

    /// Leaves the bar as it is, or its last message as a line where that was held back.
    pub fn leave(&self) {
        if let Self::Bar(bar) = self {
            draw(bar, ProgressBar::abandon);
        }
    }
}

/// Changes a bar where standard error is written, so that a terminal that stands still keeps nobody from stopping.
fn draw(bar: &ProgressBar, change: impl FnOnce(&ProgressBar) + Send + 'static) {
    let bar = bar.clone();
    // Nobody may be looking, and there is nowhere to complain.
    let _ = stream::ERR.run(move |_| {
        change(&bar);
        Ok(())
    });
}

fn note_above(bar: &ProgressBar, text: &str) {
    let (bar, line) = (bar.clone(), line_of(text));
    let _ = stream::ERR.run(move |stream| bar.suspend(|| write_all(stream, &line)));
}

/// Estimates the time left from the pace since it was made.
#[derive(Debug)]
pub struct Pace {
    began: Instant,
    from: u64,
}

impl Pace {
    /// Starts to measure at step `from`.
    pub fn new(from: u64) -> Self {
        Self { began: Instant::now(), from }
    }

    /// Seconds until `end` when `now` has been reached; `None` before the first step.
    pub fn seconds_left(&self, now: u64, end: u64) -> Option<f64> {
        seconds_left(self.began.elapsed().as_secs_f64(), now.saturating_sub(self.from), end.saturating_sub(now))
    }
}

/// Seconds that the steps that are left will take, if they go on as those that are done; `None` before the first.
pub fn seconds_left(elapsed: f64, done: u64, left: u64) -> Option<f64> {
    (done > 0).then(|| elapsed / done as f64 * left as f64)
}

/// A download's state in words.
pub fn download_message(done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("downloading: {} of {}", format::size(done), format::size(total)),
        None => format!("downloading: {}", format::size(done)),
    }
}

/// Whether a person sees standard output as it comes.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_the_pace() {
        assert_eq!(seconds_left(10.0, 5, 15), Some(30.0));
        assert_eq!(seconds_left(10.0, 0, 15), None);
        assert_eq!(seconds_left(10.0, 5, 0), Some(0.0));
    }

    #[test]
    fn scripts_see_nothing() {
        assert!(matches!(Progress::training(Output::new(true), 10), Progress::Quiet));
    }
}
