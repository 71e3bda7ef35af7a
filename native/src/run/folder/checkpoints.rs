//! A run's checkpoints.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use mmrec::checkpoint::{Checkpoint, CheckpointError};
use mmrec::driver::SaveKind;

use super::RunFolder;
use super::contents::names;
use crate::io::atomic_file;
use crate::run::file_names::{ADAPTER_LAST, BEST, step_file, step_of};
use crate::run::keep::Keep;
use crate::run::{adapter_file, checkpoint_file};
use crate::terminal::output::note;

impl RunFolder {
    /// How many checkpoints of steps stay.
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// Keeps so many checkpoints of steps from now on, the run being at step `now`.
    pub fn set_keep(&mut self, keep: Keep, now: u64) {
        self.keep = keep;
        self.remove_superfluous(now);
    }

    /// Writes a checkpoint as the last one and, by its kind, as the best or a step's as well. Returns the file to speak of.
    pub fn save(&self, kind: SaveKind, step: u64, checkpoint: &Checkpoint) -> Result<PathBuf> {
        self.check()?;
        // Before the checkpoint: a run that goes on from an earlier one writes it once more.
        self.save_adapter(kind, checkpoint)?;
        checkpoint_file::write(&self.last(), checkpoint)?;
        let name = match kind {
            SaveKind::Last => return Ok(self.last()),
            SaveKind::Best => BEST.to_owned(),
            SaveKind::Step => step_file(step),
        };
        let path = self.path.join(name);
        // Once more: a large checkpoint takes its time.
        self.check()?;
        atomic_file::link_or_copy(&self.last(), &path)?;
        self.remove_superfluous(step);
        Ok(path)
    }

    /// Keeps the best checkpoint, which is that of `step`, as the step's as well: another will be the best.
    pub fn keep_best_of(&self, step: u64) -> Result<PathBuf> {
        let path = self.path.join(step_file(step));
        atomic_file::link_or_copy(&self.best(), &path)?;
        Ok(path)
    }

    /// Removes the checkpoints of steps that are not to be kept.
    fn remove_superfluous(&self, now: u64) {
        if self.check().is_err() {
            // The next save tells.
            return;
        }
        let steps = names(&self.path).unwrap_or_default().iter().filter_map(|name| step_of(name)).collect();
        for step in self.keep.superfluous(steps, now) {
            let path = self.path.join(step_file(step));
            if let Err(error) = fs::remove_file(&path) {
                note(&format!("{} cannot be removed: {error}", path.display()));
            }
        }
    }

    fn save_adapter(&self, kind: SaveKind, checkpoint: &Checkpoint) -> Result<()> {
        let Some(adapter) = checkpoint.adapter_file() else { return Ok(()) };
        adapter_file::write(&self.path.join(ADAPTER_LAST), &adapter)?;
        match kind {
            SaveKind::Best => atomic_file::link_or_copy(&self.path.join(ADAPTER_LAST), &self.adapter()),
            SaveKind::Step | SaveKind::Last => Ok(()),
        }
    }

    /// The last checkpoint or, where that is damaged or gone, the newest that is whole. `warn` hears about damaged ones.
    pub fn newest_checkpoint(&self, warn: &dyn Fn(&str)) -> Result<(Checkpoint, PathBuf)> {
        let last = match checkpoint_file::read(&self.last()) {
            Ok(checkpoint) => return Ok((checkpoint, self.last())),
            Err(error) if error.downcast_ref().is_some_and(|error: &CheckpointError| !error.is_damage()) => {
                return Err(error);
            }
            Err(error) => error,
        };
        warn(&format!("{last:#}"));
        let older = self.older_checkpoints()?.into_iter().filter_map(|path| match checkpoint_file::read(&path) {
            Ok(checkpoint) => Some((checkpoint, path)),
            Err(error) => {
                warn(&format!("{error:#}"));
                None
            }
        });
        let newest = older.max_by_key(|(checkpoint, _)| checkpoint.progress.as_ref().map(|progress| progress.step));
        let Some((checkpoint, path)) = newest else {
            return Err(last.context(format!("no checkpoint in {} can be resumed from", self.path.display())));
        };
        warn(&format!("going on from {} instead", path.display()));
        Ok((checkpoint, path))
    }

    /// The best checkpoint and those of steps.
    fn older_checkpoints(&self) -> Result<Vec<PathBuf>> {
        let is_older = |name: &String| name == BEST || step_of(name).is_some();
        let mut names = names(&self.path)?;
        names.sort();
        Ok(names.iter().filter(|name| is_older(name)).map(|name| self.path.join(name)).collect())
    }
}
