//! Folders of prepared data: writing one, and reading one.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mmrec::data::{
    self, Dataset, FIRST_SHARD, INDEX_FILE, Phase, PrepareOptions, PrepareProgress, Prepared, PreparedIndex, Shard,
    ShardInfo, ShardSink,
};
use serde::de::IgnoredAny;

use crate::atomic::TemporaryFolder;
use crate::input::{Inputs, Skipped};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::settings::{DataOrigin, SettingsFile};
use crate::shard_file::ShardFile;
use crate::{atomic, files, findings, format, interrupt, output, run_folder};

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

/// The folder of prepared data that `path` means: itself or, for a run's folder, the one that the run is trained on. None for
/// anything else; the data of a run may be gone.
pub fn find(path: &Path) -> Result<Option<PathBuf>> {
    let trained_on = SettingsFile::read(&path.join(run_folder::CONFIG)).ok().and_then(|file| file.data);
    let recorded = trained_on.as_ref().map(|data| data.path.clone());
    let candidates = [Some(path.to_owned()), Some(path.join(run_folder::DATA)), recorded];
    let found = candidates.into_iter().flatten().find(|folder| is_prepared(folder));
    match (found, trained_on) {
        (None, Some(DataOrigin { name, path: place, .. })) => bail!(
            "{} is the folder of a run on {}, whose prepared data are no longer there nor at {}: give the text itself, or the new \
             place of the data",
            path.display(),
            output::name(&name),
            place.display()
        ),
        (found, _) => Ok(found),
    }
}

/// Reads the index of a folder.
pub fn index(folder: &Path) -> Result<PreparedIndex> {
    let path = folder.join(INDEX_FILE);
    let bytes = files::read(&path, files::INDEX).with_context(|| format!("cannot read {}", path.display()))?;
    PreparedIndex::parse(&bytes).with_context(|| format!("{} cannot be used", folder.display()))
}

/// Opens a folder's shards and checks them, every byte.
pub fn open(folder: &Path, output: Output) -> Result<Dataset> {
    let index = index(folder)?;
    let shards: Vec<Box<dyn Shard>> =
        index.shards.iter().map(|shard| open_shard(folder, shard)).collect::<Result<_>>()?;
    let bytes = |total: u64, shard: &ShardInfo| total.saturating_add(shard.tokens.saturating_mul(2));
    let total = index.shards.iter().fold(0, bytes);
    let mut progress = Progress::counting(output, Some(total));
    let checked = data::verify(&index, &shards, |done| {
        progress.show(done, &format!("checking data: {} of {}", format::size(done), format::size(total)), false);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    progress.clear();
    interrupt::check()?;
    let opened = checked.and_then(|()| Dataset::open(index, shards));
    opened.with_context(|| format!("{} cannot be used", folder.display()))
}

fn open_shard(folder: &Path, info: &ShardInfo) -> Result<Box<dyn Shard>> {
    let path = folder.join(&info.file);
    let shard = ShardFile::open(&path, &info.sha256).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(shard))
}

/// Writes the shards of `inputs` into `folder`, an existing one, and tells what was found in them.
pub fn prepare(inputs: &mut Inputs, options: &PrepareOptions, folder: &Path, output: Output) -> Result<Prepared> {
    let total = inputs.bytes();
    let mut progress = Progress::counting(output, Some(total.saturating_mul(2)));
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
        Phase::Write => total.saturating_add(state.done),
    }
}

fn message(state: PrepareProgress) -> String {
    let of = format!("{} of {}", format::size(state.done), format::size(state.total));
    match state.phase {
        Phase::Count => format!("counting characters: {of}"),
        Phase::Learn => format!("learning word pieces: {} %", state.done.saturating_mul(100) / state.total.max(1)),
        Phase::Write => format!("writing tokens: {of}"),
    }
}

/// Prepares into a folder beside `target` under a temporary name; [`atomic::publish_folder`] makes it `target`.
pub fn prepare_beside(
    inputs: &mut Inputs,
    options: &PrepareOptions,
    target: &Path,
    output: Output,
) -> Result<(TemporaryFolder, PreparedIndex)> {
    // What is there already is only compared with.
    let place = if is_prepared(target) { atomic::folder_of(target) } else { target };
    let folder = atomic::temporary_folder_for(place)?;
    let prepared = prepare(inputs, options, folder.path(), output)?;
    Ok((folder, prepared.index))
}

/// Tells which files were left out.
pub fn report_skipped(skipped: &[Skipped], warn: impl Fn(&str)) {
    findings::tell_skipped(skipped, warn);
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
    use std::fs;

    use mmrec::tokenizer::TokenizerKind;

    #[test]
    fn what_was_prepared_opens_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.txt");
        fs::write(&text, "It was the best of times, it was the worst of times.\n".repeat(40)).unwrap();
        let (mut inputs, _) = Inputs::collect(&[text], None).unwrap();
        let target = folder.path().join("data");
        let output = Output::new(true);
        let options = PrepareOptions::new("times", TokenizerKind::Char);
        let (temporary, index) = prepare_beside(&mut inputs, &options, &target, output).unwrap();
        atomic::publish_folder(temporary, &target, INDEX_FILE).unwrap();
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
