//! Tests that cargo builds and runs on this machine.

use std::process::Command;

use anyhow::Result;

use super::report::Report;
use super::tally;
use crate::paths::{self, Paths};
use crate::{debian, shell};

/// Builds the tests, and runs all or those that are asked for.
pub fn run(paths: &Paths, report: &mut Report, asked: Option<&str>) {
    // This builds the program too, since it has tests of its own.
    let built = report.step("building the native tests", || shell::run(test(paths, asked).arg("--no-run"))).is_some();
    report.step_after(built, "native tests", "they were not built", || tests(paths, asked));
}

/// Builds the program. By itself cargo would choose other features for what it depends on, and compile all of that once more.
pub fn program(paths: &Paths) -> Result<()> {
    shell::run(test(paths, None).arg("--no-run"))
}

fn tests(paths: &Paths, asked: Option<&str>) -> Result<()> {
    let mut test = test(paths, asked);
    if paths::ci() && debian::can_install() {
        // A software adapter has been installed: there the GPU test must not be left out.
        test.env("MMREC_REQUIRE_GPU", "1");
    }
    tally::ensure_any(tally::run(&mut test)?, asked)
}

/// Every failure is told, not the first test program's alone. What is asked for is a file of tests or words of a test's name.
fn test(paths: &Paths, asked: Option<&str>) -> Command {
    let mut test = paths.cargo(["test", "--release", "--no-fail-fast"]);
    test.args(paths::NATIVE);
    match asked {
        Some(name) if paths.at(format!("tests/{name}.rs")).is_file() => test.args(["--test", name]),
        Some(name) => test.arg(name),
        None => &mut test,
    };
    test
}
