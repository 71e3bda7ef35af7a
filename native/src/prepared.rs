//! Folders of prepared data: writing one, and mapping one into memory.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use memmap2::Mmap;
use mmrec::data::{
    self, Dataset, INDEX_FILE, Phase, PrepareOptions, PrepareProgress, PreparedIndex, ShardBytes, ShardInfo, ShardSink,
};
use tempfile::TempDir;

use crate::input::{Inputs, Skipped};
use crate::output::Output;
use crate::progress::Progress;
use crate::settings::{DataOrigin, SettingsFile};
use crate::{atomic, format, interrupt, run_folder};

/// Whether `path` is a folder of prepared data.
pub fn is_prepared(path: &Path) -> bool {
    path.join(INDEX_FILE).is_file()
}

/// The folder of prepared data that `path` means: itself or, for a run's folder, the one that the run is trained on. None for
/// anything else; the data of a run may be gone.
pub fn find(path: &Path) -> Result<Option<PathBuf>> {
    let trained_on = SettingsFile::read(&path.join(run_folder::CONFIG)).ok().and_then(|file| file.data);
    let recorded = trained_on.as_ref().map(|data| data.path.clone());
    let candidates = [Some(path.to_owned()), Some(path.join(run_folder::DATA)), recorded];
    let found = candidates.into_iter().flatten().find(|folder| is_prepared(folder));
    match (found, trained_on) {
        (None, Some(DataOrigin { name, path: place, .. })) => bail!(
            "{} is the folder of a run on {name}, whose prepared data are no longer there nor at {}: give the text itself, or the new \
             place of the data",
            path.display(),
            place.display()
        ),
        (found, _) => Ok(found),
    }
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
    let bytes = |total: u64, shard: &ShardInfo| total.saturating_add(shard.tokens.saturating_mul(2));
    let total = index.shards.iter().fold(0, bytes);
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

/// Writes the shards of `inputs` into `folder`, an existing one.
pub fn prepare(inputs: &mut Inputs, options: &PrepareOptions, folder: &Path, output: Output) -> Result<PreparedIndex> {
    let total = inputs.bytes();
    let mut progress = Progress::counting(output, Some(total.saturating_mul(2)));
    let report = |state: PrepareProgress| {
        let (before, what) = match state.phase {
            Phase::Count => (0, "counting characters"),
            Phase::Write => (total, "writing tokens"),
        };
        progress.show(
            before.saturating_add(state.done),
            &format!("{what}: {} of {}", format::size(state.done), format::size(total)),
            false,
        );
    };
    let mut sink = FolderSink { folder: folder.to_owned() };
    let index = data::prepare(options, inputs, &mut sink, report);
    progress.clear();
    Ok(index?)
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
    let index = prepare(inputs, options, folder.path(), output)?;
    Ok((folder, index))
}

/// Tells which files were left out.
pub fn report_skipped(skipped: &[Skipped], warn: impl Fn(&str)) {
    /// A folder of pictures should not scroll everything else away.
    const MOST: usize = 20;
    for Skipped { path, reason } in skipped.iter().take(MOST) {
        warn(&format!("skipped {}: {reason}", path.display()));
    }
    if skipped.len() > MOST {
        warn(&format!("skipped {} more", skipped.len() - MOST));
    }
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
