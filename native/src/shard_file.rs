//! A shard as a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mmrec::data::Shard;

use crate::files;

/// A file of tokens, read where they are wanted. The system keeps what was read lately, so that this takes no longer than from a
/// mapping; but a file that becomes shorter gives an error.
#[derive(Debug)]
pub struct ShardFile {
    path: PathBuf,
    bytes: u64,
    file: Mutex<File>,
}

impl ShardFile {
    /// Opens one.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = files::open(path)?;
        Ok(Self { path: path.to_owned(), bytes: file.metadata()?.len(), file: Mutex::new(file) })
    }
}

impl Shard for ShardFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        // Every read begins with its place, so one that panicked leaves nothing wrong behind.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_shrinks_gives_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train-00000.bin");
        std::fs::write(&path, [1, 2, 3, 4, 5, 6]).unwrap();
        let shard = ShardFile::open(&path).unwrap();
        let mut out = [0; 2];
        shard.read_at(3, &mut out).unwrap();
        assert_eq!((out, shard.bytes()), ([4, 5], 6));
        File::options().write(true).open(&path).unwrap().set_len(4).unwrap();
        assert_eq!(shard.read_at(3, &mut out).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(shard.name().ends_with("train-00000.bin"));
    }
}
