//! What came of the steps so far.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::shell;

/// Runs steps, and remembers which failed and which were left out.
pub struct Report {
    start: Instant,
    failures: Vec<String>,
    left_out: Vec<String>,
}

impl Default for Report {
    fn default() -> Self {
        Self { start: Instant::now(), failures: Vec::new(), left_out: Vec::new() }
    }
}

impl Report {
    /// One step with its heading and its time; nothing where it failed.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        shell::heading(name);
        let start = Instant::now();
        let result = work();
        println!("--- {name}: {:.1} s", start.elapsed().as_secs_f64());
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                eprintln!("error: {name} failed: {error:#}");
                self.failures.push(format!("{name}: {error:#}"));
                None
            }
        }
    }

    /// The same where what it needs was `done`; otherwise it is left out, and why is said.
    pub fn step_after<T>(&mut self, done: bool, name: &str, why: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        if done {
            return self.step(name, work);
        }
        self.leave_out(name, why);
        None
    }

    /// Notes what cannot be done.
    pub fn leave_out(&mut self, name: &str, why: &str) {
        shell::heading(name);
        shell::note(&format!("left out: {why}"));
        self.left_out.push(format!("{name}: {why}"));
    }

    /// Says how it went; an error where anything failed. What was left out was so because of a failure.
    pub fn end(self) -> Result<()> {
        let seconds = self.start.elapsed().as_secs_f64();
        if self.failures.is_empty() && self.left_out.is_empty() {
            println!("\nall checks passed in {seconds:.0} s");
            return Ok(());
        }
        shell::heading(&format!("what failed, of {seconds:.0} s"));
        self.failures.iter().for_each(|failure| shell::note(failure));
        self.left_out.iter().for_each(|step| shell::note(&format!("left out: {step}")));
        bail!("{} failed, {} left out", self.failures.len(), self.left_out.len())
    }
}
