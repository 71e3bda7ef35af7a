//! A shard as a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use mmrec::data::Shard;
use sha2::{Digest, Sha256};

use crate::io::files;
use crate::terminal::format;

/// Bytes that are hashed at once.
const PIECE: usize = 1 << 16;

/// A file of tokens, read where they are wanted. The system keeps what was read lately, so that this takes no longer than from a
/// mapping; but a file that becomes shorter gives an error.
#[derive(Debug)]
pub struct ShardFile {
    path: PathBuf,
    bytes: u64,
    /// SHA-256 (hex) of what it should hold.
    sha256: String,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    stamp: Stamp,
}

/// Length and time of the last change, where the system knows it.
type Stamp = (u64, Option<SystemTime>);

impl ShardFile {
    /// Opens one whose content has this SHA-256 (hex), which is not checked here.
    pub fn open(path: &Path, sha256: &str) -> io::Result<Self> {
        let file = files::open(path)?;
        let stamp = stamp(&file)?;
        let open = Mutex::new(Open { file, stamp });
        Ok(Self { path: path.to_owned(), bytes: stamp.0, sha256: sha256.to_owned(), open })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Every read begins with its place, so one that panicked leaves nothing wrong behind.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(file: &File) -> io::Result<Stamp> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

/// SHA-256 (hex) of a whole file.
fn hash(file: &mut File) -> io::Result<String> {
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    file.seek(SeekFrom::Start(0))?;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(format::hex(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
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
        let file = &mut self.lock().file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(out)
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        let mut open = self.lock();
        let stamp = stamp(&open.file)?;
        if stamp == open.stamp {
            return Ok(true);
        }
        // Restored from a copy, or only touched: what counts is what it holds.
        let is_same = stamp.0 == self.bytes && hash(&mut open.file)? == self.sha256;
        if is_same {
            open.stamp = stamp;
        }
        Ok(is_same)
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
        let shard = ShardFile::open(&path, "").unwrap();
        let mut out = [0; 2];
        shard.read_at(3, &mut out).unwrap();
        assert_eq!((out, shard.bytes()), ([4, 5], 6));
        File::options().write(true).open(&path).unwrap().set_len(4).unwrap();
        assert_eq!(shard.read_at(3, &mut out).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(shard.name().ends_with("train-00000.bin"));
        assert!(!shard.is_unchanged().unwrap());
    }

    #[test]
    fn what_is_written_over_a_file_is_noticed_and_what_is_only_touched_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train-00000.bin");
        std::fs::write(&path, b"abc").unwrap();
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let shard = ShardFile::open(&path, sha256).unwrap();
        let change = |bytes: &[u8], seconds| {
            std::fs::write(&path, bytes).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
            shard.is_unchanged().unwrap()
        };
        assert!(shard.is_unchanged().unwrap());
        assert!(change(b"abc", 1) && !change(b"abd", 2) && change(b"abc", 3));
    }
}
