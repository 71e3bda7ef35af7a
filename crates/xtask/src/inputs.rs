//! What the page's modules are made from, as one fingerprint.
//!
//! Cargo keeps one output for a `cdylib` whatever its features, so building the two modules in turn would rebuild both
//! every time. With the fingerprint a repeat does not ask cargo at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::shell;

const FILES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo/config.toml"];
const CRATES: [&str; 3] = ["crates/mmrec", "crates/mmrec-ops", "crates/mmrec-wasm"];
/// Folders of a crate that do not go into its library.
const ASIDE: [&str; 4] = ["tests", "benches", "examples", "target"];

/// The fingerprint of every file the modules depend on.
pub fn fingerprint(paths: &Paths) -> Result<String> {
    let mut files: Vec<PathBuf> = FILES.iter().map(|file| paths.at(file)).filter(|file| file.is_file()).collect();
    for dir in CRATES {
        collect(&paths.at(dir), &mut files)?;
    }
    files.sort();
    let mut parts = Vec::with_capacity(2 * files.len());
    for file in &files {
        parts.push(file.strip_prefix(&paths.root)?.to_string_lossy().into_owned().into_bytes());
        parts.push(shell::read(file)?);
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(shell::fingerprint(&parts))
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            files.push(entry.path());
        } else if !ASIDE.iter().any(|name| entry.file_name() == *name) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}
