//! `cargo xtask bench`: speeds, natively and through the real page, each beside its floor.

use anyhow::Result;

use crate::browser::Browser;
use crate::paths::{NATIVE, Paths};
use crate::wasm::{self, Kit};
use crate::{install, node, page, shell};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Options {
    /// Leave the browser out
    #[arg(long)]
    native: bool,
    /// Leave the native measurements out
    #[arg(long, conflicts_with = "native")]
    browser: bool,
    /// Passed on to benches/report.rs, such as `--threads 1 --stages mini --json`
    #[arg(last = true)]
    report: Vec<String>,
}

/// Builds what is out of date and measures it.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    paths.adopt(&paths.native_target, &["--release"])?;
    if !options.browser {
        // The whole workspace, so that what the tests built is used.
        let mut bench = paths.cargo(["bench"]);
        shell::run(bench.args(NATIVE).args(["--bench", "report", "--"]).args(&options.report))?;
    }
    if !options.native {
        // Models of shapes that the page does not offer are begun by the native program.
        shell::run(paths.cargo(["build", "--release"]).args(NATIVE))?;
        let browser = Browser::ready()?;
        let kit = Kit::ready(paths)?;
        let trunk = install::trunk()?;
        wasm::build(paths, &kit, true)?;
        page::build(paths, &trunk)?;
        let mut script = shell::command(node::program());
        script.arg("benches/browser.mjs").current_dir(&paths.root);
        script.env("DIST_DIR", paths.at("dist")).env("CHROME_PATH", &browser.browser);
        script.env("MMREC_BIN", paths.native_binary());
        shell::run(&mut script)?;
    }
    Ok(())
}
