//! Packages of Debian and its kin, installed only as root and only there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

/// Whether packages can be installed here: apt, root, and a distribution that ships what we need as real packages
/// (Ubuntu's `chromium` only fetches a snap).
pub fn can_install() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let ubuntu = release.lines().any(|line| line == "ID=ubuntu" || line == "ID=\"ubuntu\"");
    Path::new("/usr/bin/apt-get").is_file() && is_root() && !ubuntu
}

/// Installs packages, with their names in the log.
pub fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    shell::note(&format!("installing Debian packages: {list}"));
    shell::run(&mut apt(&["update", "-qq"])).context("cannot refresh the package lists")?;
    let mut install = apt(&["install", "-y", "-qq", "--no-install-recommends"]);
    shell::run(install.args(packages)).with_context(|| format!("cannot install {list}"))
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = shell::command("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    shell::capture(shell::command("id").arg("-u")).is_ok_and(|id| id == "0")
}
