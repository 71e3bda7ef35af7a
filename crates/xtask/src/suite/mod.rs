//! `cargo xtask test`: every check, the cheapest first, or one part of them. A failure does not end it: what does not depend on it
//! goes on, and all failures are listed at the end.

mod browser_tests;
mod checks;
mod native;
mod report;
mod tally;

use anyhow::{Result, bail, ensure};

use self::report::Report;
use crate::browser::{self, Browser};
use crate::paths::Paths;
use crate::{node, shell};

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Options {
    /// Only one part of the suite
    part: Option<Part>,
    /// Only these tests: a file's name without its endings, such as cli_kills or journey, or words of a test's name
    #[arg(requires = "part")]
    name: Option<String>,
    /// Leave out everything that needs a browser
    #[arg(long)]
    quick: bool,
}

/// A part that can be run by itself.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Formatting, types of the JavaScript, lints, features, documentation
    Checks,
    /// Tests of the crates and of the program
    Native,
    /// Tests of the WebAssembly modules, in a browser
    Wasm,
    /// End-to-end tests of the page
    Browser,
}

impl Options {
    fn has(&self, part: Part) -> bool {
        self.part.is_none_or(|only| only == part) && !(self.quick && part.needs_browser())
    }

    fn check(&self) -> Result<()> {
        ensure!(self.name.is_none() || self.part != Some(Part::Checks), "the checks have no tests to choose from");
        if self.quick && self.part.is_some_and(Part::needs_browser) {
            bail!("nothing is left of this part without a browser");
        }
        Ok(())
    }
}

impl Part {
    fn needs_browser(self) -> bool {
        matches!(self, Self::Wasm | Self::Browser)
    }
}

/// Runs what was asked for, in order.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    options.check()?;
    paths.adopt(&paths.native_target, &["--release"])?;
    let mut report = Report::default();
    let tools = report.step("tools", || tools(paths, options));
    if options.has(Part::Checks) {
        checks::run(paths, &mut report, tools.is_some());
    }
    if options.has(Part::Native) {
        native::run(paths, &mut report, options.name.as_deref());
    }
    if options.has(Part::Wasm) || options.has(Part::Browser) {
        match tools.flatten() {
            Some(browser) => browser_tests::run(paths, &mut report, options, &browser),
            None => report.leave_out("the tests in a browser", "the tools are not complete"),
        }
    }
    report.end()
}

/// What the parts need of others' programs; a browser only where it is used.
fn tools(paths: &Paths, options: &Options) -> Result<Option<Browser>> {
    node::packages(paths)?;
    browser::software_vulkan()?;
    shell::note(&shell::capture(&mut paths.cargo(["--version"]))?);
    shell::note(&format!("node {}", shell::capture(shell::command(node::program()).arg("--version"))?));
    shell::note(&format!("build outputs in {}", paths.native_target.display()));
    if !(options.has(Part::Wasm) || options.has(Part::Browser)) {
        return Ok(None);
    }
    let browser = Browser::ready()?;
    shell::note(&browser.describe());
    Ok(Some(browser))
}
