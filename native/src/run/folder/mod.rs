//! A run's folder: who may use it, what lies where in it, and its checkpoints.
//!
//! Invariant: a run exists from the moment that `last.safetensors` does, and that is always a whole checkpoint that the run can be
//! resumed from. Until a step is saved there is nothing to lose: a start that was killed, or failed in its first step, may be tried
//! again in the same folder. Nothing is removed but what a start is known to have made, and nothing is written where the folder is no
//! longer the one that this process holds.

mod checkpoints;
mod contents;
mod data;
mod identity;
mod lock;
mod paths;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

pub use self::contents::looks_like_one;
use self::contents::{holds_files_of_run, holds_run, refuse_foreign, refuse_run};
pub use self::lock::Lost;
use self::lock::{LOCK, Lock};
use super::file_names::{BEGUN, CONFIG, DATA, LAST};
use super::keep::Keep;
use crate::io::{atomic_file, out_path};
use crate::terminal::interrupt;
use crate::terminal::output::note;

/// A run's folder, held by this process alone.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    lock: Lock,
    /// Whoever holds a run's folder has something to save, or to take away again.
    _saver: interrupt::Saver,
    /// What was not there before a start.
    made: Made,
    /// Whether this process put data there.
    published: Cell<bool>,
    /// Whether the data there are those of a start that failed, and can be made again from their text.
    old_data: bool,
    /// How many checkpoints of steps stay.
    keep: Keep,
}

/// What was not there before.
#[derive(Debug, Clone, Copy, Default)]
struct Made {
    folder: bool,
    data: bool,
}

impl RunFolder {
    /// Makes a folder for a new run. A folder that holds a run, or anything else than prepared data and what a failed start left, is
    /// refused.
    pub fn create(path: &Path) -> Result<Self> {
        out_path::refuse_broken_link(path)?;
        refuse_run(path)?;
        refuse_foreign(path)?;
        let made = Made { folder: !path.exists(), data: !path.join(DATA).exists() };
        fs::create_dir_all(path).with_context(|| format!("cannot create the folder {}", path.display()))?;
        let mut folder = Self { made, ..Self::held(path, Lock::begin(path)?) };
        // Once more: now nobody else can have started one in between.
        refuse_run(path)?;
        refuse_foreign(path)?;
        atomic_file::remove_leftovers(path);
        if folder.last().exists() {
            note(&format!("beginning anew: the run in {} has not saved a step", path.display()));
        }
        folder.old_data = folder.has_data_of_its_own();
        // The settings stay until they are replaced: they tell what the data were made of.
        folder.remove(&BEGUN)?;
        Ok(folder)
    }

    fn remove(&self, names: &[&str]) -> Result<()> {
        for path in names.iter().map(|name| self.path.join(name)).filter(|path| path.exists()) {
            fs::remove_file(&path)
                .with_context(|| format!("cannot remove {} of a start that failed", path.display()))?;
        }
        Ok(())
    }

    /// Takes away what this start made, as far as it was not there before.
    pub fn discard(self) {
        // The start's own error is the one to tell; what cannot be removed is no harm.
        if self.check().is_err() {
            return;
        }
        if self.published.get() {
            let _ = self.remove_data();
        }
        let _ = self.remove(&BEGUN);
        if self.old_data && !self.published.get() {
            // They are as before, and so is what tells of them.
            return;
        }
        let _ = self.remove(&[CONFIG]);
        if self.lock.is_marked() {
            let _ = fs::remove_file(self.path.join(LOCK));
        }
        if self.made.folder {
            let _ = fs::remove_dir(&self.path);
        }
    }

    /// Opens the folder of a run to go on with it.
    pub fn open(path: &Path) -> Result<Self> {
        ensure!(
            holds_files_of_run(path),
            "there is no run to resume in {}: start one without --resume",
            path.display()
        );
        ensure!(
            path.join(LAST).exists() || holds_run(path),
            "the run in {} ended before it could begin: start it anew, by the same command without --resume",
            path.display()
        );
        let folder = Self::held(path, Lock::hold(path)?);
        atomic_file::remove_leftovers(path);
        Ok(folder)
    }

    fn held(path: &Path, lock: Lock) -> Self {
        Self {
            path: path.to_owned(),
            lock,
            _saver: interrupt::saver(),
            made: Made::default(),
            published: Cell::new(false),
            old_data: false,
            keep: Keep::default(),
        }
    }

    /// Fails where the folder was moved or removed since: what is there now is somebody else's. To be asked before anything is
    /// written or removed.
    pub fn check(&self) -> Result<(), Lost> {
        self.lock.check()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests;
