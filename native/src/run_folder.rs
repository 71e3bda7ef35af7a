//! A run's folder: who may use it, what lies where in it, and its checkpoints.
//!
//! Invariant: from the moment a run exists, `last.safetensors` is a whole checkpoint that the run can be resumed from.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use mmrec::checkpoint::{Checkpoint, CheckpointError};
use mmrec::driver::SaveKind;

use crate::{adapter_file, atomic, checkpoint_file, metrics};

const LOCK: &str = ".lock";
const LAST: &str = "last.safetensors";
const BEST: &str = "best.safetensors";
/// What a run that trains an adapter keeps of its best and its last checkpoint besides.
const ADAPTER: &str = "adapter.safetensors";
const ADAPTER_LAST: &str = "adapter-last.safetensors";
/// The run's settings.
pub const CONFIG: &str = "config.toml";
const METRICS: &str = "metrics.jsonl";
/// Where a text that was not prepared is prepared to.
pub const DATA: &str = "data";

/// A run's folder, held by this process alone.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// The system lets go of the lock when the process ends, however that happens.
    _lock: File,
    /// What a start that fails takes away again.
    made: Made,
}

/// What was not there before.
#[derive(Debug, Clone, Copy, Default)]
struct Made {
    folder: bool,
    data: bool,
}

impl RunFolder {
    /// Makes a folder for a new run. A folder that holds a run, or anything else than prepared data, is refused.
    pub fn create(path: &Path) -> Result<Self> {
        refuse_run(path)?;
        refuse_foreign(path)?;
        let made = Made { folder: !path.exists(), data: !path.join(DATA).exists() };
        fs::create_dir_all(path).with_context(|| format!("cannot create the folder {}", path.display()))?;
        let folder = Self { made, ..Self::lock(path)? };
        // Once more: now nobody else can have started one in between.
        refuse_run(path)?;
        atomic::remove_leftovers(path)?;
        Ok(folder)
    }

    /// Takes away what [`RunFolder::create`] and a failed start left, as far as it was not there before.
    pub fn discard(self) {
        // The start's own error is the one to tell; what cannot be removed is no harm.
        if self.made.data {
            let _ = fs::remove_dir_all(self.data());
        }
        let _ = fs::remove_file(self.last());
        let _ = fs::remove_file(self.path.join(ADAPTER_LAST));
        let _ = fs::remove_file(self.config());
        let _ = fs::remove_file(self.path.join(LOCK));
        if self.made.folder {
            let _ = fs::remove_dir(&self.path);
        }
    }

    /// Opens the folder of a run to go on with it.
    pub fn open(path: &Path) -> Result<Self> {
        ensure!(holds_run(path), "there is no run to resume in {}: start one without --resume", path.display());
        let folder = Self::lock(path)?;
        atomic::remove_leftovers(path)?;
        Ok(folder)
    }

    fn lock(path: &Path) -> Result<Self> {
        let file = path.join(LOCK);
        let lock = File::create(&file).with_context(|| format!("cannot write in the folder {}", path.display()))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("another mmrec is training in {}", path.display()),
            // Some network file systems know no locks; better to train without one there.
            Err(TryLockError::Error(_)) | Ok(()) => {
                Ok(Self { path: path.to_owned(), _lock: lock, made: Made::default() })
            }
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// `metrics.jsonl`.
    pub fn metrics(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// `loss.svg`.
    pub fn loss_svg(&self) -> PathBuf {
        self.path.join("loss.svg")
    }

    /// Where a raw text is prepared to.
    pub fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// `last.safetensors`.
    pub fn last(&self) -> PathBuf {
        self.path.join(LAST)
    }

    /// `best.safetensors`.
    pub fn best(&self) -> PathBuf {
        self.path.join(BEST)
    }

    /// `adapter.safetensors`.
    pub fn adapter(&self) -> PathBuf {
        self.path.join(ADAPTER)
    }

    /// Writes a checkpoint as the last one and, by its kind, as the best or a step's as well. Returns the file to speak of.
    pub fn save(&self, kind: SaveKind, step: u64, checkpoint: &Checkpoint) -> Result<PathBuf> {
        // Before the checkpoint: a run that goes on from an earlier one writes it once more.
        self.save_adapter(kind, checkpoint)?;
        checkpoint_file::write(&self.last(), checkpoint)?;
        let name = match kind {
            SaveKind::Last => return Ok(self.last()),
            SaveKind::Best => BEST.to_owned(),
            SaveKind::Step => format!("step-{step:06}.safetensors"),
        };
        let path = self.path.join(name);
        atomic::link_or_copy(&self.last(), &path)?;
        Ok(path)
    }

    fn save_adapter(&self, kind: SaveKind, checkpoint: &Checkpoint) -> Result<()> {
        let Some(adapter) = checkpoint.adapter_file() else { return Ok(()) };
        adapter_file::write(&self.path.join(ADAPTER_LAST), &adapter)?;
        match kind {
            SaveKind::Best => atomic::link_or_copy(&self.path.join(ADAPTER_LAST), &self.adapter()),
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
        let is_older = |name: &String| name == BEST || (name.starts_with("step-") && name.ends_with(".safetensors"));
        let mut names = names(&self.path)?;
        names.sort();
        Ok(names.iter().filter(|name| is_older(name)).map(|name| self.path.join(name)).collect())
    }
}

fn holds_run(path: &Path) -> bool {
    let is_checkpoint = |name: &str| name.ends_with(".safetensors");
    let any = names(path).is_ok_and(|names| names.iter().any(|name| is_checkpoint(name)));
    any || path.join(CONFIG).exists() || metrics::has_lines(&path.join(METRICS))
}

fn refuse_run(path: &Path) -> Result<()> {
    ensure!(
        !holds_run(path),
        "{} already holds a run: go on with it by --resume, or choose another --out",
        path.display()
    );
    Ok(())
}

/// A run's folder may hold data prepared for it and what a killed start left, nothing else.
fn refuse_foreign(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let names = names(path).with_context(|| format!("{} cannot be used as a run's folder", path.display()))?;
    let foreign = names.iter().find(|name| *name != LOCK && *name != DATA && !atomic::is_leftover(name));
    match foreign {
        Some(name) => bail!("{} is not empty (it holds {name}): choose another --out for the run", path.display()),
        None => Ok(()),
    }
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmrec::checkpoint::Stored;
    use mmrec::config::{ModelConfig, Stage};
    use mmrec::model::weight_specs;
    use mmrec::tokenizer::Tokenizer;

    fn checkpoint(seed: u64) -> Checkpoint {
        let model = ModelConfig { width: 4, layers: 1, feed_forward: 2, ..Stage::Tiny.config(256) };
        let weights = weight_specs(&model)
            .into_iter()
            .map(|spec| Stored { values: spec.initial(seed), name: spec.name, shape: spec.shape })
            .collect();
        Checkpoint { model, tokenizer: Tokenizer::Byte, weights, adapter: None, progress: None, moments: Vec::new() }
    }

    #[test]
    fn a_run_is_neither_overwritten_nor_shared() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("runs").join("one");
        assert!(RunFolder::open(&path).unwrap_err().to_string().contains("no run to resume"));
        let folder = RunFolder::create(&path).unwrap();
        let error = RunFolder::create(&path).unwrap_err();
        assert!(error.to_string().contains("another mmrec"), "{error}");
        fs::write(folder.last(), b"x").unwrap();
        drop(folder);
        assert!(RunFolder::create(&path).unwrap_err().to_string().contains("--resume"));
        assert!(RunFolder::open(&path).is_ok());
    }

    #[test]
    fn folders_of_other_things_are_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("diary.txt"), "dear").unwrap();
        assert!(RunFolder::create(parent.path()).unwrap_err().to_string().contains("diary.txt"));
        assert!(RunFolder::open(parent.path()).unwrap_err().to_string().contains("no run to resume"));
        assert_eq!(fs::read(parent.path().join("diary.txt")).unwrap(), b"dear");
    }

    #[test]
    fn kinds_of_checkpoints_have_their_names() {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(parent.path()).unwrap();
        for (kind, step, name) in [
            (SaveKind::Best, 20, "best.safetensors"),
            (SaveKind::Step, 500, "step-000500.safetensors"),
            (SaveKind::Last, 600, "last.safetensors"),
        ] {
            let path = folder.save(kind, step, &checkpoint(step)).unwrap();
            assert_eq!(path.file_name().unwrap(), name);
            assert_eq!(checkpoint_file::read(&folder.last()).unwrap(), checkpoint(step));
        }
        assert_eq!(checkpoint_file::read(&folder.best()).unwrap(), checkpoint(20));
        for name in ["best.safetensors", "step-000500.safetensors", "last.safetensors"] {
            fs::write(parent.path().join(name), name).unwrap();
        }
        let error = folder.newest_checkpoint(&|_| {}).unwrap_err();
        assert!(format!("{error:#}").contains("can be resumed from"), "{error:#}");
    }
}
