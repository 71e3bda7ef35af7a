//! Which tests a program ran, by what it prints: cargo's and wasm-bindgen's `test NAME ... ok`, Node's `✔ NAME (12 ms)`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// The tests of one command.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: Vec<String>,
}

/// Runs tests with their output passed through; how many passed. An error names those that failed.
pub fn run(command: &mut Command) -> Result<usize> {
    let mut tally = Tally::default();
    let result = shell::run_heard(command, |line| tally.hear(line));
    if !tally.failed.is_empty() {
        let count = tally.failed.len();
        bail!("{count} of {} tests: {}", tally.passed + count, tally.failed.join("; "));
    }
    result.map(|()| tally.passed)
}

/// Refuses a name that no test has: to run none is not to pass.
pub fn ensure_any(passed: usize, asked: Option<&str>) -> Result<()> {
    match asked {
        Some(name) if passed == 0 => bail!("there is no test of the name {name}"),
        _ => Ok(()),
    }
}

impl Tally {
    fn hear(&mut self, line: &str) {
        let line = line.trim();
        match outcome(line) {
            Some((_, true)) => self.passed += 1,
            // Node names them once more at the end.
            Some((name, false)) if !self.failed.iter().any(|known| known == name) => self.failed.push(name.to_owned()),
            _ => {}
        }
    }
}

/// A test's name and whether it passed. One that was skipped is none.
fn outcome(line: &str) -> Option<(&str, bool)> {
    if let Some((name, result)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
        return match result {
            "ok" => Some((name, true)),
            "FAIL" | "FAILED" => Some((name, false)),
            _ => None,
        };
    }
    let (mark, rest) = line.split_once(' ')?;
    let name = rest.rsplit_once(" (").filter(|(_, time)| time.ends_with("ms)")).map(|(name, _)| name)?;
    match mark {
        "✔" => Some((name, true)),
        "✖" => Some((name, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::outcome;

    #[test]
    fn outcomes_of_all_runners_are_understood() {
        assert_eq!(outcome("test tests::a ... ok"), Some(("tests::a", true)));
        assert_eq!(outcome("test a_run ... FAILED"), Some(("a_run", false)));
        assert_eq!(outcome("test browser::a ... FAIL"), Some(("browser::a", false)));
        assert_eq!(outcome("test a_run ... ignored, needs a GPU"), None);
        assert_eq!(outcome("✔ a visit (that is short) (12.5ms)"), Some(("a visit (that is short)", true)));
        assert_eq!(outcome("✖ a visit (1200.25ms)"), Some(("a visit", false)));
        assert_eq!(outcome("﹣ a visit (0.1ms) # SKIP"), None);
        assert_eq!(outcome("✖ failing tests:"), None);
        assert_eq!(outcome("test result: ok. 3 passed; 0 failed"), None);
    }
}
