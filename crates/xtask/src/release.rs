//! `cargo xtask release`: what makes a release of a built page: small code, the list of modules that its first visit asks for at
//! once, and the list of files by which its service worker keeps them.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::paths::Paths;
use crate::{node, shell};

/// Options of `cargo xtask release`.
#[derive(clap::Args)]
pub struct Options {
    /// The built page (by default the one that Trunk is about to publish, else dist/)
    folder: Option<PathBuf>,
}

/// Makes the page a release, in place.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    let staged = || env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let folder = options.folder.clone().or_else(staged).unwrap_or_else(|| paths.at("dist"));
    let mut command = shell::command(node::program());
    shell::run(command.arg(paths.at("crates/xtask/scripts/release.mjs")).arg(folder))
}
