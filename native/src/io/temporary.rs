//! What has a temporary name at the moment, and is taken away where a signal ends the process.
//!
//! Invariant: from [`remove_all`] on nothing is made and nothing renamed, so that no half of a folder gets its name while the other
//! half is being removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What every temporary name begins and ends with, so that leftovers of a killed process are recognised.
pub const PREFIX: &str = ".mmrec-";
pub const SUFFIX: &str = ".tmp";

static NAMES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn names() -> MutexGuard<'static, Vec<PathBuf>> {
    // A list of paths is never half changed.
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a name is one of those that only a killed process leaves.
pub fn is_leftover(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Makes something with a temporary name.
pub fn made<T: AsRef<Path>>(make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut names = names();
    let made = make()?;
    // What got its own name since, or was removed, is no longer temporary.
    names.retain(|name| name.symlink_metadata().is_ok());
    names.push(made.as_ref().to_owned());
    Ok(made)
}

/// Gives a folder its own name by `rename`.
pub fn renamed<T>(rename: impl FnOnce() -> T) -> T {
    let _names = names();
    rename()
}

/// Removes everything that has a temporary name. To be called before the process ends, and by nobody who goes on.
pub fn remove_all() {
    let names = names();
    for name in names.iter() {
        // What cannot be removed is found by the next command in that folder.
        let _ = if name.is_dir() { remove_folder(name) } else { fs::remove_file(name) };
    }
    std::mem::forget(names);
}

/// Another thread may be writing into it until the process ends.
fn remove_folder(folder: &Path) -> io::Result<()> {
    const TRIES: usize = 3;
    (1..TRIES).find_map(|_| fs::remove_dir_all(folder).ok()).map_or_else(|| fs::remove_dir_all(folder), Ok)
}
