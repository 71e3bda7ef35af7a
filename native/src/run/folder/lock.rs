//! The lock on a run's folder: it keeps other processes out, tells whether the folder is still there, and says what is of mmrec.
//!
//! Other programs have files of this name, too: one is of mmrec only by its content, and what another holds is never changed.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::identity::Identity;
use crate::io::{atomic_file, files};

/// The file's name.
pub const LOCK: &str = ".lock";
/// What it begins with where a start made it.
pub(super) const MARK: &str = "mmrec began a run here\n";
/// Before the fingerprint of data that the run prepared itself.
const DATA: &str = "data ";
/// The most that is read of it.
const LONGEST: u64 = 1 << 16;

/// A run's folder is not the one any more that a run began in.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// Nothing is at its place.
    #[error("the run's folder {} is no longer there: it was moved or removed", .0.display())]
    Gone(PathBuf),
    /// Another is.
    #[error("the run's folder {} was moved or removed, and another run began in its place: nothing is written there", .0.display())]
    Replaced(PathBuf),
}

/// A folder, held by this process alone.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    /// The system lets go of it when the process ends, however that happens.
    file: File,
    content: String,
    /// Of the folder and of the file; none where the system tells none that last.
    identities: Option<(Identity, Identity)>,
}

impl Lock {
    /// Holds the folder of a new run.
    pub fn begin(folder: &Path) -> Result<Self> {
        let path = folder.join(LOCK);
        // Whole or not at all, so that one without a mark is not of a start that was killed.
        if !path.exists()
            && let Err(error) = atomic_file::write_new(&path, |file| Ok(file.write_all(MARK.as_bytes())?))
            && !path.exists()
        {
            return Err(error);
        }
        Self::hold(folder)
    }

    /// Holds the folder of a run.
    pub fn hold(folder: &Path) -> Result<Self> {
        const TRIES: usize = 3;
        for _ in 1..TRIES {
            let lock = Self::open(folder)?;
            // Else a start that failed took the file away before it was locked: another may have locked another by now.
            if lock.is_at_its_place() {
                return Ok(lock);
            }
        }
        // A file system that never tells the same of a file twice.
        Ok(Self { identities: None, ..Self::open(folder)? })
    }

    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(LOCK);
        let cannot_hold = || format!("cannot hold {}", path.display());
        let file = files::open_lock(&path).with_context(cannot_hold)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("another mmrec is training in {}", folder.display()),
            // Some network file systems know no locks; better to train without one there.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let of_file = Identity::of(&file.metadata().with_context(cannot_hold)?);
        let of_folder = Identity::of(&fs::metadata(folder).with_context(cannot_hold)?);
        let identities = of_folder.zip(of_file);
        Ok(Self { folder: folder.to_owned(), content: content(&file), file, identities })
    }

    fn is_at_its_place(&self) -> bool {
        self.identities.is_none_or(|(_, file)| is(&self.folder.join(LOCK), file) == Some(true))
    }

    /// Fails where the folder was moved or removed since: what is there now is somebody else's. To be asked before anything is
    /// written or removed.
    pub fn check(&self) -> Result<(), Lost> {
        let Some((folder, file)) = self.identities else { return Ok(()) };
        match is(&self.folder.join(LOCK), file) {
            Some(true) => Ok(()),
            Some(false) => Err(Lost::Replaced(self.folder.clone())),
            // Somebody took the file away, and nothing else.
            None if is(&self.folder, folder) == Some(true) => Ok(()),
            None => Err(Lost::Gone(self.folder.clone())),
        }
    }

    /// Whether a start of mmrec made the file.
    pub fn is_marked(&self) -> bool {
        self.content.starts_with(MARK)
    }

    /// Whether the run prepared the data of this fingerprint itself.
    pub fn has_made(&self, fingerprint: &str) -> bool {
        self.is_marked() && self.content.lines().any(|line| line.strip_prefix(DATA) == Some(fingerprint))
    }

    /// Records that the run prepares the data of this fingerprint itself.
    pub fn record(&self, fingerprint: &str) {
        if self.is_marked() {
            // Without the record, as in a folder of somebody else, they are only never removed.
            let _ = (&self.file).write_all(format!("{DATA}{fingerprint}\n").as_bytes());
        }
    }
}

/// Whether a path leads to what has this identity; none if it leads nowhere.
fn is(path: &Path, identity: Identity) -> Option<bool> {
    match fs::metadata(path) {
        Ok(metadata) => Some(Identity::of(&metadata) == Some(identity)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
        // Nothing says that it changed; what is done there next will fail by itself.
        Err(_) => Some(true),
    }
}

fn content(file: &File) -> String {
    let mut bytes = Vec::new();
    // What cannot be read is not of mmrec.
    let _ = file.take(LONGEST).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a start of mmrec made the lock in a folder.
pub fn is_of_start(folder: &Path) -> bool {
    files::open(&folder.join(LOCK)).is_ok_and(|file| content(&file).starts_with(MARK))
}
