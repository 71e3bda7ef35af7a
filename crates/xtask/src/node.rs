//! Node and the packages of package-lock.json.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::paths::Paths;
use crate::shell;

const OLDEST_NODE: u32 = 20;

/// Makes the npm packages what the lock file says. A repeat with the same lock file does nothing.
pub fn packages(paths: &Paths) -> Result<()> {
    check_version()?;
    let lock = shell::fingerprint(&[&shell::read(&paths.at("package-lock.json"))?]);
    let stamp = paths.at("node_modules/.mmrec-lock");
    if fs::read_to_string(&stamp).is_ok_and(|known| known == lock) {
        return Ok(());
    }
    shell::note("installing npm packages");
    let npm = shell::which("npm").context("npm is missing: install Node.js 20 or newer with npm")?;
    shell::run(shell::command(npm).args(["ci", "--ignore-scripts"]).current_dir(&paths.root))?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

/// `node <script of a package> …`, from the checkout's root.
pub fn script(paths: &Paths, relative: &str) -> Command {
    let mut command = shell::command(program());
    command.arg(paths.at("node_modules").join(relative)).current_dir(&paths.root);
    command
}

/// The program itself.
pub fn program() -> PathBuf {
    shell::which("node").unwrap_or_else(|| PathBuf::from("node"))
}

fn check_version() -> Result<()> {
    let version = shell::capture(shell::command(program()).arg("--version"));
    let version = version.context("Node.js is missing: install version 20 or newer")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|number| number.parse::<u32>().ok());
    ensure!(major >= Some(OLDEST_NODE), "Node.js {OLDEST_NODE} or newer is needed, this is {version}");
    Ok(())
}
