//! Trunk, which assembles and serves the page. It never downloads tools itself.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::shell;

/// `trunk <subcommand>`, optimised and offline.
pub fn trunk(paths: &Paths, program: &Path, subcommand: &str) -> Command {
    let mut command = shell::command(program);
    command.args([subcommand, "--release", "--offline"]).current_dir(&paths.root);
    // Trunk takes `NO_COLOR=1` for an error.
    command.env("TRUNK_SKIP_VERSION_CHECK", "true").env_remove("NO_COLOR");
    command
}

/// Writes the page to dist/.
pub fn build(paths: &Paths, program: &Path) -> Result<()> {
    shell::run(&mut trunk(paths, program, "build")).context("cannot assemble the page")
}
