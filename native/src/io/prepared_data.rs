//! Folders of prepared data. [`prepare`](super::prepare) makes them.

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, Result};
use mmrec::data::{self, Dataset, FIRST_SHARD, INDEX_FILE, PreparedIndex, Shard, ShardInfo};
use serde::de::IgnoredAny;

use super::files;
use super::shard_file::ShardFile;
use crate::terminal::output::Output;
use crate::terminal::progress::Progress;
use crate::terminal::{format, interrupt};

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
