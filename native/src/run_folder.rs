//! A run's folder: who may use it, what lies where in it, and its checkpoints.
//!
//! Invariant: a run exists from the moment that `last.safetensors` does, and that is always a whole checkpoint that the run can be
//! resumed from. Until a step is saved there is nothing to lose: a start that was killed, or failed in its first step, may be tried
//! again in the same folder. Nothing is removed but what a start is known to have made, and nothing is written where the folder is no
//! longer the one that this process holds.

mod holds;
#[cfg_attr(not(unix), path = "no_identity.rs")]
mod identity;
mod lock;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use mmrec::checkpoint::{Checkpoint, CheckpointError};
use mmrec::data::INDEX_FILE;
use mmrec::driver::SaveKind;

use crate::atomic::TemporaryFolder;
use crate::keep::Keep;
use crate::output::note;
use crate::settings::SettingsFile;
use crate::{adapter_file, atomic, checkpoint_file, interrupt, out, prepared};

pub use holds::looks_like_one;
use holds::{holds_files_of_run, holds_run, names, refuse_foreign, refuse_run};
pub use lock::Lost;
use lock::{LOCK, Lock};

const LAST: &str = "last.safetensors";
const BEST: &str = "best.safetensors";
/// What a run that trains an adapter keeps of its best and its last checkpoint besides.
const ADAPTER: &str = "adapter.safetensors";
const ADAPTER_LAST: &str = "adapter-last.safetensors";
/// The run's settings.
pub const CONFIG: &str = "config.toml";
const CHANGED_CONFIG: &str = "config-changed.toml";
const METRICS: &str = "metrics.jsonl";
const LOSS_SVG: &str = "loss.svg";
/// The stages of a progressive run.
pub const LADDER: &str = "progressive.toml";
/// Where a text that was not prepared is prepared to.
pub const DATA: &str = "data";
/// What a start writes besides data and settings; the checkpoint is the first to be taken away, as it is the last to be written.
const BEGUN: [&str; 5] = [LAST, ADAPTER_LAST, METRICS, LOSS_SVG, LADDER];

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
        out::refuse_broken_link(path)?;
        refuse_run(path)?;
        refuse_foreign(path)?;
        let made = Made { folder: !path.exists(), data: !path.join(DATA).exists() };
        fs::create_dir_all(path).with_context(|| format!("cannot create the folder {}", path.display()))?;
        let mut folder = Self { made, ..Self::held(path, Lock::begin(path)?) };
        // Once more: now nobody else can have started one in between.
        refuse_run(path)?;
        refuse_foreign(path)?;
        atomic::remove_leftovers(path);
        if folder.last().exists() {
            note(&format!("beginning anew: the run in {} has not saved a step", path.display()));
        }
        folder.old_data = folder.has_data_of_its_own();
        // The settings stay until they are replaced: they tell what the data were made of.
        folder.remove(&BEGUN)?;
        Ok(folder)
    }

    /// Whether `data` is what a start made, of a text that is still there.
    fn has_data_of_its_own(&self) -> bool {
        let recorded = SettingsFile::read(&self.config()).ok().and_then(|file| file.data);
        let index = prepared::index(&self.data()).ok();
        recorded.zip(index).is_some_and(|(text, data)| {
            self.lock.has_made(&data.fingerprint)
                && text.fingerprint == data.fingerprint
                && text.path.exists()
                && prepared::find(&text.path).is_ok_and(|found| found.is_none())
        })
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

    /// Takes away data that a start made, and nothing else that lies there.
    fn remove_data(&self) -> Result<()> {
        let data = self.data();
        let index = prepared::index(&data)?;
        let shards: Vec<_> = index.shards.iter().map(|shard| shard.file.as_str()).collect();
        atomic::withdraw(&data, &shards, INDEX_FILE)?;
        if self.made.data || self.old_data {
            // It may hold something of somebody.
            let _ = fs::remove_dir(&data);
        }
        Ok(())
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
        atomic::remove_leftovers(path);
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

    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// Where a `config.toml` is kept that somebody changed.
    pub fn changed_config(&self) -> PathBuf {
        self.path.join(CHANGED_CONFIG)
    }

    /// `metrics.jsonl`.
    pub fn metrics(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// `loss.svg`.
    pub fn loss_svg(&self) -> PathBuf {
        self.path.join(LOSS_SVG)
    }

    /// `progressive.toml`.
    pub fn ladder(&self) -> PathBuf {
        self.path.join(LADDER)
    }

    /// Where a raw text is prepared to.
    pub fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// Takes away the data of a start that failed, for those of another text. False where it must not: they may be somebody's.
    pub fn clear_old_data(&self) -> Result<bool> {
        if self.old_data {
            self.check()?;
            self.remove_data()?;
        }
        Ok(self.old_data)
    }

    /// Makes what the run prepared itself its `data`.
    pub fn publish_data(&self, prepared: TemporaryFolder, fingerprint: &str) -> Result<()> {
        self.check()?;
        self.lock.record(fingerprint);
        self.published.set(true);
        atomic::publish_folder(prepared, &self.data(), INDEX_FILE)
    }

    /// How many checkpoints of steps stay.
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// Keeps so many checkpoints of steps from now on, the run being at step `now`.
    pub fn set_keep(&mut self, keep: Keep, now: u64) {
        self.keep = keep;
        self.remove_superfluous(now);
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
        atomic::link_or_copy(&self.last(), &path)?;
        self.remove_superfluous(step);
        Ok(path)
    }

    /// Keeps the best checkpoint, which is that of `step`, as the step's as well: another will be the best.
    pub fn keep_best_of(&self, step: u64) -> Result<PathBuf> {
        let path = self.path.join(step_file(step));
        atomic::link_or_copy(&self.best(), &path)?;
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
        let is_older = |name: &String| name == BEST || step_of(name).is_some();
        let mut names = names(&self.path)?;
        names.sort();
        Ok(names.iter().filter(|name| is_older(name)).map(|name| self.path.join(name)).collect())
    }
}

fn step_file(step: u64) -> String {
    format!("step-{step:06}.safetensors")
}

/// The step whose checkpoint is called so. A copy that somebody named in another way is theirs.
fn step_of(name: &str) -> Option<u64> {
    let step = name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()?;
    (step_file(step) == name).then_some(step)
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
        let (tokenizer, moments, texts) = (Tokenizer::Byte, Vec::new(), Vec::new());
        Checkpoint { model, tokenizer, weights, adapter: None, progress: None, moments, texts }
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

    const OF_RUN: &str = "[data]\nname = \"text\"\npath = \"text.txt\"\nfingerprint = \"0\"\ntokenizer = \"char\"\n";

    #[test]
    fn what_a_failed_start_left_is_no_run_and_what_somebody_put_there_stays() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path();
        let refused = || RunFolder::create(path).unwrap_err().to_string();
        let config = path.join(CONFIG);
        fs::write(&config, OF_RUN).unwrap();
        assert!(refused().contains("already holds a run"), "a run without its lock");
        // A lock of a version without marks.
        fs::write(path.join(LOCK), "").unwrap();
        assert!(RunFolder::open(path).unwrap_err().to_string().contains("without --resume"));
        RunFolder::create(path).unwrap().discard();
        assert!(!config.exists(), "it was of a start that came to nothing");
        assert!(path.join(LOCK).exists(), "who knows whose it is");
        for (lock, name) in [("", CONFIG), ("", LADDER), ("", LOSS_SVG), (lock::MARK, CONFIG), (lock::MARK, "a.txt")] {
            fs::write(path.join(LOCK), lock).unwrap();
            fs::write(path.join(name), "precious = 1\n").unwrap();
            assert!(refused().contains(&format!("it holds {name}")), "{name}");
            assert!(RunFolder::open(path).unwrap_err().to_string().contains("no run to resume"), "{name}");
            fs::remove_file(path.join(name)).unwrap();
        }
        for name in [METRICS, "best.safetensors"] {
            fs::write(path.join(name), "{}\n").unwrap();
            assert!(refused().contains("already holds a run"), "{name}");
            fs::remove_file(path.join(name)).unwrap();
        }
        fs::write(path.join(LADDER), "to = \"mini\"\n").unwrap();
        RunFolder::create(path).unwrap().discard();
        assert!(names(path).unwrap().is_empty(), "all was of starts");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_where_another_run_began_in_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let first = RunFolder::create(&path).unwrap();
        first.save(SaveKind::Last, 1, &checkpoint(1)).unwrap();
        // By itself no harm.
        fs::remove_file(path.join(LOCK)).unwrap();
        first.save(SaveKind::Last, 2, &checkpoint(2)).unwrap();
        fs::remove_dir_all(&path).unwrap();
        let lost = |folder: &RunFolder| folder.save(SaveKind::Best, 3, &checkpoint(3)).unwrap_err().to_string();
        assert!(lost(&first).contains("no longer there"));
        let second = RunFolder::create(&path).unwrap();
        second.save(SaveKind::Last, 1, &checkpoint(9)).unwrap();
        assert!(lost(&first).contains("another run began in its place"));
        first.discard();
        assert_eq!(checkpoint_file::read(&second.last()).unwrap(), checkpoint(9));
        let mut there = names(&path).unwrap();
        there.sort();
        assert_eq!(there, [LOCK, LAST]);
    }

    #[test]
    fn a_copy_under_another_name_is_no_step_of_the_run() {
        let steps = ["step-000007.safetensors", "step-1234567.safetensors"].map(step_of);
        assert_eq!(steps, [Some(7), Some(1_234_567)]);
        for copy in ["step-7.safetensors", "step-0000007.safetensors", "step-+00007.safetensors", "step-x.safetensors"]
        {
            assert_eq!(step_of(copy), None, "{copy}");
        }
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
