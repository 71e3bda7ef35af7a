//! Folders of prepared data: writing one, and mapping one into memory.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use memmap2::Mmap;
use mmrec::data::{
    self, Dataset, FIRST_SHARD, INDEX_FILE, Phase, PrepareOptions, PrepareProgress, Prepared, PreparedIndex,
    ShardBytes, ShardSink,
};
use serde::de::IgnoredAny;
use tempfile::TempDir;

use crate::input::{Inputs, Skipped};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::settings::SettingsFile;
use crate::{atomic, findings, format, interrupt, run_folder};

/// Whether `path` is a folder of prepared data, damaged or not. Other programs call files `data.json`, too.
pub fn is_prepared(path: &Path) -> bool {
    let index = path.join(INDEX_FILE);
    index.is_file() && (path.join(FIRST_SHARD).exists() || is_index(&index))
}

/// Whether a file has what every index has.
fn is_index(path: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Index {
        #[serde(rename = "format")]
        _format: IgnoredAny,
        #[serde(rename = "shards")]
        _shards: IgnoredAny,
    }
    File::open(path).is_ok_and(|file| serde_json::from_reader::<_, Index>(BufReader::new(file)).is_ok())
}

/// The folder of prepared data that `path` means: itself or, for a run's folder, the one that the run is trained on.
pub fn find(path: &Path) -> Option<PathBuf> {
    let trained_on = SettingsFile::read(&path.join(run_folder::CONFIG)).ok().and_then(|file| file.data);
    let candidates = [Some(path.to_owned()), Some(path.join(run_folder::DATA)), trained_on.map(|data| data.path)];
    candidates.into_iter().flatten().find(|folder| is_prepared(folder))
}

/// Reads the index of a folder.
pub fn index(folder: &Path) -> Result<PreparedIndex> {
    let path = folder.join(INDEX_FILE);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    PreparedIndex::parse(&bytes).with_context(|| format!("{} cannot be used", folder.display()))
}

/// Maps a folder's shards and checks them, every byte.
pub fn open(folder: &Path, output: Output) -> Result<Dataset> {
    let index = index(folder)?;
    let shards: Vec<ShardBytes> =
        index.shards.iter().map(|shard| map(&folder.join(&shard.file))).collect::<Result<_>>()?;
    let total = index.shards.iter().map(|shard| shard.tokens.saturating_mul(2)).sum();
    let mut progress = Progress::counting(output, Some(total));
    let checked = data::verify(&index, &shards, |done| {
        progress.show(done, &format!("checking data: {} of {}", format::size(done), format::size(total)), false);
    });
    progress.clear();
    let opened = checked.and_then(|()| Dataset::open(index, shards));
    opened.with_context(|| format!("{} cannot be used", folder.display()))
}

fn map(path: &Path) -> Result<ShardBytes> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    // SAFETY: shards are written once and never changed by this program. Someone else changing one while it is mapped would
    // change token ids, which `Tokens` keeps below the vocabulary whatever the bytes are.
    let map = unsafe { Mmap::map(&file) }.with_context(|| format!("cannot map {}", path.display()))?;
    Ok(Box::new(map))
}

/// Writes the shards of `inputs` into `folder`, an existing one, and tells what was found in them.
pub fn prepare(inputs: &mut Inputs, options: &PrepareOptions, folder: &Path, output: Output) -> Result<Prepared> {
    let total = inputs.bytes();
    let mut progress = Progress::counting(output, Some(2 * total));
    let report = |state: PrepareProgress| {
        progress.show(position(state, total), &message(state), false);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut sink = FolderSink { folder: folder.to_owned() };
    let result = data::prepare(options, inputs, &mut sink, report);
    progress.clear();
    let prepared = result.map_err(|error| findings::explain(error, inputs))?;
    findings::tell(inputs.paths().zip(&prepared.findings), note);
    Ok(prepared)
}

/// Where a bar for both passes over the text stands.
fn position(state: PrepareProgress, total: u64) -> u64 {
    match state.phase {
        Phase::Count => state.done,
        Phase::Learn => total,
        Phase::Write => total + state.done,
    }
}

fn message(state: PrepareProgress) -> String {
    let of = format!("{} of {}", format::size(state.done), format::size(state.total));
    match state.phase {
        Phase::Count => format!("counting characters: {of}"),
        Phase::Learn => format!("learning word pieces: {} %", 100 * state.done / state.total.max(1)),
        Phase::Write => format!("writing tokens: {of}"),
    }
}

/// Prepares into a folder beside `target` under a temporary name; [`atomic::publish_folder`] makes it `target`.
pub fn prepare_beside(
    inputs: &mut Inputs,
    options: &PrepareOptions,
    target: &Path,
    output: Output,
) -> Result<(TempDir, PreparedIndex)> {
    let parent = atomic::folder_of(target);
    let folder = atomic::temporary_folder(parent);
    let folder = folder.with_context(|| format!("cannot write in the folder {}", parent.display()))?;
    let prepared = prepare(inputs, options, folder.path(), output)?;
    Ok((folder, prepared.index))
}

/// Tells which files were left out.
pub fn report_skipped(skipped: &[Skipped], warn: impl Fn(&str)) {
    let line = |Skipped { path, reason }: &Skipped| format!("skipped {}: {reason}", path.display());
    findings::tell_most(&skipped.iter().map(line).collect::<Vec<_>>(), "files were skipped", warn);
}

struct FolderSink {
    folder: PathBuf,
}

impl ShardSink for FolderSink {
    type Writer = BufWriter<File>;

    fn create(&mut self, name: &str) -> io::Result<Self::Writer> {
        interrupt::check().map_err(io::Error::other)?;
        File::create(self.folder.join(name)).map(|file| BufWriter::with_capacity(1 << 18, file))
    }

    fn finish(&mut self, mut writer: Self::Writer) -> io::Result<()> {
        writer.flush()?;
        writer.get_ref().sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmrec::tokenizer::TokenizerKind;

    #[test]
    fn what_was_prepared_opens_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.txt");
        fs::write(&text, "It was the best of times, it was the worst of times.\n".repeat(40)).unwrap();
        let (mut inputs, _) = Inputs::collect(&[text]).unwrap();
        let target = folder.path().join("data");
        let output = Output::new(true);
        let options = PrepareOptions::new("times", TokenizerKind::Char);
        let (temporary, index) = prepare_beside(&mut inputs, &options, &target, output).unwrap();
        atomic::publish_folder(temporary, &target).unwrap();
        assert!(is_prepared(&target));
        let dataset = open(&target, output).unwrap();
        assert_eq!(dataset.train.len() + dataset.validation.len(), 53 * 40);
        assert_eq!(dataset.fingerprint, index.fingerprint);

        let shard = target.join("train-00000.bin");
        let mut bytes = fs::read(&shard).unwrap();
        bytes[100] ^= 1;
        fs::write(&shard, &bytes).unwrap();
        assert!(format!("{:#}", open(&target, output).unwrap_err()).contains("SHA-256"));
        fs::write(&shard, &bytes[..100]).unwrap();
        assert!(format!("{:#}", open(&target, output).unwrap_err()).contains("truncated"));
    }
}
