//! Texts to folders of prepared data.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use mmrec::data::{self, Phase, PrepareOptions, PrepareProgress, Prepared, PreparedIndex, ShardSink};

use super::atomic_file::{self, TemporaryFolder};
use super::findings;
use super::prepared_data::is_prepared;
use super::text_files::Inputs;
use crate::terminal::output::{Output, note};
use crate::terminal::progress::Progress;
use crate::terminal::{format, interrupt};

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

/// Prepares into a folder beside `target` under a temporary name; [`atomic_file::publish_folder`] makes it `target`.
pub fn prepare_beside(
    inputs: &mut Inputs,
    options: &PrepareOptions,
    target: &Path,
    output: Output,
) -> Result<(TemporaryFolder, PreparedIndex)> {
    // What is there already is only compared with.
    let place = if is_prepared(target) { atomic_file::folder_of(target) } else { target };
    let folder = atomic_file::temporary_folder_for(place)?;
    let prepared = prepare(inputs, options, folder.path(), output)?;
    Ok((folder, prepared.index))
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

    use mmrec::data::INDEX_FILE;
    use mmrec::tokenizer::TokenizerKind;

    use crate::io::prepared_data::open;

    #[test]
    fn what_was_prepared_opens_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.txt");
        fs::write(&text, "It was the best of times, it was the worst of times.\n".repeat(40)).unwrap();
        let (mut inputs, _) = Inputs::collect(&[text], None, |_| None).unwrap();
        let target = folder.path().join("data");
        let output = Output::new(true);
        let options = PrepareOptions::new("times", TokenizerKind::Char);
        let (temporary, index) = prepare_beside(&mut inputs, &options, &target, output).unwrap();
        atomic_file::publish_folder(temporary, &target, INDEX_FILE).unwrap();
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
