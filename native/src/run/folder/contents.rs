//! What a folder holds: a run, what a start left that saved no step, or somebody's files.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::lock::{self, LOCK};
use crate::io::{system_files, temporary};
use crate::run::file_names::{BEGUN, CONFIG, DATA, LADDER, LAST, METRICS};
use crate::run::settings_file::SettingsFile;
use crate::run::{checkpoint_file, metrics};

/// Whether a folder is that of a run, or was copied from one: a start left its mark there, or it has at least two of the things that
/// only runs have.
pub fn looks_like_one(path: &Path) -> bool {
    let names = names(path).unwrap_or_default();
    let has = |is: &dyn Fn(&str) -> bool| usize::from(names.iter().any(|name| is(name)));
    let things = has(&|name| name == CONFIG)
        + has(&|name| name == METRICS)
        + has(&|name| name == LADDER)
        + has(&|name| name.ends_with(".safetensors"));
    let is_made = |name: &String| name == DATA || name == CONFIG || BEGUN.contains(&name.as_str());
    things > 1 || (names.iter().any(is_made) && was_started(path))
}

/// Whether there is a run that could be lost.
pub fn holds_run(path: &Path) -> bool {
    holds_files_of_run(path) && !is_unbegun(path)
}

/// Whether there is a run, be it one that has not saved a step.
pub fn holds_files_of_run(path: &Path) -> bool {
    let is_checkpoint = |name: &str| name.ends_with(".safetensors");
    let any = names(path).is_ok_and(|names| names.iter().any(|name| is_checkpoint(name)));
    any || has_config_of_run(path) || metrics::has_lines(&path.join(METRICS))
}

/// Whether the settings there are those of a run: other programs have files of this name, too, and people write settings.
fn has_config_of_run(path: &Path) -> bool {
    SettingsFile::read(&path.join(CONFIG)).is_ok_and(|file| file.data.is_some())
}

/// Whether a start took place in a folder; versions before this one left no mark.
fn was_started(path: &Path) -> bool {
    lock::is_of_start(path) || (path.join(LOCK).is_file() && has_config_of_run(path))
}

/// Whether all there is was left by a start that saved no step: a checkpoint of step 0, or none yet.
fn is_unbegun(path: &Path) -> bool {
    let names = names(path).unwrap_or_default();
    let is_lasting = |name: &String| name.ends_with(".safetensors") && !BEGUN.contains(&name.as_str());
    // Without a start somebody put it there.
    if !was_started(path) || names.iter().any(is_lasting) {
        return false;
    }
    if !names.iter().any(|name| name == LAST) {
        return !metrics::has_lines(&path.join(METRICS));
    }
    let last = checkpoint_file::read(&path.join(LAST)).ok();
    last.and_then(|checkpoint| checkpoint.progress).is_some_and(|progress| progress.step == 0)
}

/// Refuses a folder whose run could be lost.
pub fn refuse_run(path: &Path) -> Result<()> {
    ensure!(
        !holds_run(path),
        "{} already holds a run: go on with it by --resume, or choose another --out",
        path.display()
    );
    Ok(())
}

/// A run's folder may hold data prepared for it and what a failed start left, nothing else.
pub fn refuse_foreign(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let names = names(path).with_context(|| format!("{} cannot be used as a run's folder", path.display()))?;
    let was_started = was_started(path);
    let of_start = |name: &str| match name {
        CONFIG => was_started && has_config_of_run(path),
        name => was_started && BEGUN.contains(&name),
    };
    let foreign = names.iter().find(|name| {
        let is_ours = [DATA, LOCK].contains(&name.as_str()) || temporary::is_leftover(name) || of_start(name);
        !is_ours && !system_files::is_of_system(name.as_ref())
    });
    match foreign {
        Some(name) => bail!("{} is not empty (it holds {name}): choose another --out for the run", path.display()),
        None => Ok(()),
    }
}

/// The names of what lies in a folder.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
