//! Files and folders that appear whole or not at all.
//!
//! Invariant: whatever moment the process or the machine dies at, a target holds its old content or its new one. Everything is
//! written under a temporary name in the same folder, synchronised, renamed, and the folder is synchronised after that.
//!
//! What has a temporary name is locked for as long as it is in use, and the system lets go of a lock when its process ends. So what
//! can be locked was left by a process that was killed, and [`remove_leftovers`] may take it away.

mod moving;

use std::fs::{self, DirEntry, File, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::{NamedTempFile, TempDir};

use super::temporary::{PREFIX, SUFFIX, is_leftover};
use super::{out_path, temporary};

/// Writes a file through `fill`.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    write_as(temporary_file(folder_of(path))?, path, fill, |file, path| Ok(file.persist(path).map(drop)?))
}

/// Writes a file that must not exist yet, through `fill`, where an earlier try may have left something.
pub fn write_new(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    remove_leftovers(folder_of(path));
    write_as(temporary_file(folder_of(path))?, path, fill, persist_new)
}

/// The same of a secret: at no moment is it readable by others than its owner.
#[cfg_attr(not(feature = "workers"), expect(dead_code, reason = "only workers have secrets"))]
pub fn write_secret(path: &Path, secret: &str) -> Result<()> {
    let fill = |file: &mut dyn Write| Ok(file.write_all(secret.as_bytes())?);
    remove_leftovers(folder_of(path));
    write_as(private_file(folder_of(path))?, path, fill, persist_new)
}

/// Fills the temporary file through `fill` and has `persist` give it its name.
fn write_as(
    temporary: NamedTempFile,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<()>,
    persist: impl FnOnce(NamedTempFile, &Path) -> Result<()>,
) -> Result<()> {
    let written = filled(temporary, fill).and_then(|temporary| persist(temporary, path));
    let durable = written.and_then(|()| Ok(sync_folder(folder_of(path))?));
    durable.with_context(|| format!("writing {} failed", path.display()))
}

/// Gives a file a name that nothing has yet.
fn persist_new(file: NamedTempFile, path: &Path) -> Result<()> {
    let failed = match file.persist_noclobber(path) {
        Ok(_) => return Ok(()),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => return Err(failed.into()),
        Err(failed) => failed,
    };
    // Some file systems know neither links nor a rename that spares what is there. There the name is taken first, by an empty file.
    File::create_new(path)?;
    failed.file.persist(path).map(drop).map_err(|failed| {
        let _ = fs::remove_file(path);
        failed.into()
    })
}

/// Writes a file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, |file| Ok(file.write_all(bytes)?))
}

/// The temporary file with its content, on disk.
fn filled(temporary: NamedTempFile, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<NamedTempFile> {
    let mut buffer = BufWriter::new(temporary);
    fill(&mut buffer)?;
    let temporary = buffer.into_inner().map_err(|error| error.into_error())?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// Makes `to` another name of the file `from`, or a copy where the file system has no hard links.
pub fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    let linked = replace_by_link(from, to);
    if linked.is_ok() {
        return Ok(sync_folder(folder_of(to))?);
    }
    write_with(to, |file| {
        io::copy(&mut File::open(from)?, file)?;
        Ok(())
    })
}

fn replace_by_link(from: &Path, to: &Path) -> io::Result<()> {
    // The temporary folder gives a name that nobody else has; a link cannot replace a file, a rename can.
    let folder = temporary_folder(folder_of(to))?;
    let name = folder.path().join("link");
    fs::hard_link(from, &name)?;
    fs::rename(&name, to)
}

/// A folder under a temporary name, removed again unless it is handed to [`publish_folder`].
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: TempDir,
    /// Only some systems open folders as files and lock them; elsewhere what was left of folders stays.
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder under a temporary name in `parent`.
pub fn temporary_folder(parent: &Path) -> io::Result<TemporaryFolder> {
    let mut builder = named();
    share(&mut builder, 0o777);
    loop {
        let folder = temporary::made(|| builder.tempdir_in(parent))?;
        let lock = File::open(folder.path()).ok();
        if is_claimed(lock.as_ref(), folder.path()) {
            return Ok(TemporaryFolder { folder, _lock: lock });
        }
    }
}

/// Locks what was just made under a temporary name. False if somebody took it for a leftover before that, and it is gone.
fn is_claimed(lock: Option<&File>, path: &Path) -> bool {
    // Some network file systems know no locks: there nobody can take it for a leftover either.
    let is_taken = |lock: &File| matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
    !lock.is_some_and(is_taken) && path.exists()
}

/// The same for what is to become `target`: in it where it is there already, for that may be a mount point, else beside it.
pub fn temporary_folder_for(target: &Path) -> Result<TemporaryFolder> {
    let parent = if target.is_dir() { target } else { folder_of(target) };
    remove_leftovers(parent);
    let made = fs::create_dir_all(parent).and_then(|()| temporary_folder(parent));
    made.with_context(|| format!("cannot write in the folder {}", parent.display()))
}

/// Renames a temporary folder of [`temporary_folder_for`], whose files are synchronised, to `target`. Where that is there already its
/// files are moved into it, `last` as the last of them: only with it they count.
pub fn publish_folder(folder: TemporaryFolder, target: &Path, last: &str) -> Result<()> {
    sync_folder(folder.path())?;
    if target.exists() {
        out_path::refuse_used(target)?;
        let moved = temporary::renamed(|| moving::move_files(folder.path(), target, last));
        return moved.with_context(|| format!("writing into {} failed", target.display()));
    }
    temporary::renamed(|| fs::rename(folder.path(), target))
        .with_context(|| format!("creating {} failed", target.display()))?;
    // Moved away: nothing is left for the guard to remove.
    let _ = folder.folder.keep();
    Ok(sync_folder(folder_of(target))?)
}

/// Takes files away that [`publish_folder`] brought into `folder`, all or none; what else lies there stays.
pub fn withdraw(folder: &Path, names: &[&str], last: &str) -> Result<()> {
    let withdrawn = temporary_folder(folder)
        .and_then(|temporary| temporary::renamed(|| moving::take_out(folder, temporary.path(), names, last)));
    withdrawn.with_context(|| format!("cannot remove the files in {}", folder.display()))
}

/// A file under a temporary name in `folder`.
pub fn temporary_file(folder: &Path) -> Result<NamedTempFile> {
    let mut builder = named();
    share(&mut builder, 0o666);
    made_in(folder, &builder)
}

/// The same, of nobody but its owner.
fn private_file(folder: &Path) -> Result<NamedTempFile> {
    made_in(folder, &named())
}

fn made_in(folder: &Path, builder: &tempfile::Builder<'_, '_>) -> Result<NamedTempFile> {
    loop {
        let file = temporary::made(|| builder.tempfile_in(folder));
        let file = file.with_context(|| format!("cannot write in the folder {}", folder.display()))?;
        if is_claimed(Some(file.as_file()), file.path()) {
            return Ok(file);
        }
    }
}

/// A maker of what has a temporary name.
fn named() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

/// Removes what killed processes left in `folder` under temporary names; what is in use stays. It only makes room: what cannot be
/// removed is no harm.
pub fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_leftover(&entry.file_name().to_string_lossy())) {
        let _ = remove_unused(&entry);
    }
}

fn remove_unused(entry: &DirEntry) -> io::Result<()> {
    let (path, kind) = (entry.path(), entry.file_type()?);
    if !kind.is_file() && !kind.is_dir() {
        return Ok(());
    }
    // Held until it is gone.
    let lock = File::open(&path)?;
    lock.try_lock()?;
    if kind.is_file() {
        return fs::remove_file(&path);
    }
    moving::take_back(&path, folder_of(&path));
    fs::remove_dir_all(&path)
}

/// The folder that holds `path`.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `path` with its folder made absolute, so that a trailing `/` or `..` does not change what its parent is.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no usable path", path.display()))
}

/// Temporary files are private by default; what becomes a person's file follows the umask instead.
#[cfg(unix)]
fn share(builder: &mut tempfile::Builder<'_, '_>, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn share(_: &mut tempfile::Builder<'_, '_>, _: u32) {}

/// Makes a rename in `folder` durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened as files, and the rename is durable enough.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, b"old").unwrap();
        let failed = write_with(&path, |file| {
            file.write_all(b"half of the n")?;
            anyhow::bail!("no more")
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(write_new(&path, |file| Ok(file.write_all(b"other")?)).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_link_replaces_and_survives_its_source() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("last"), folder.path().join("step"));
        write(&from, b"one").unwrap();
        write(&to, b"zero").unwrap();
        link_or_copy(&from, &to).unwrap();
        write(&from, b"two").unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["last", "step"]);
    }

    #[test]
    fn folders_are_published_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("data");
        let make = || {
            let temporary = temporary_folder_for(&target).unwrap();
            fs::write(temporary.path().join("a"), "a").unwrap();
            fs::write(temporary.path().join("b"), "b").unwrap();
            temporary
        };
        publish_folder(make(), &target, "a").unwrap();
        assert_eq!(names(folder.path()), ["data"]);
        assert!(publish_folder(make(), &target, "a").is_err(), "a folder with content must not be replaced");
        assert_eq!(names(&target), ["a", "b"]);
        assert_eq!(names(folder.path()), ["data"]);
        fs::remove_dir_all(&target).unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(target.join(".DS_Store"), "x").unwrap();
        publish_folder(make(), &target, "a").unwrap();
        assert_eq!(names(&target), [".DS_Store", "a", "b"], "one that is there is filled");
    }

    #[test]
    fn leftovers_go_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".mmrec-abc.tmp"), "x").unwrap();
        fs::create_dir(folder.path().join(".mmrec-def.tmp")).unwrap();
        fs::write(folder.path().join(".mmrec-keep"), "x").unwrap();
        fs::write(folder.path().join("mine.tmp"), "x").unwrap();
        remove_leftovers(folder.path());
        assert_eq!(names(folder.path()), [".mmrec-keep", "mine.tmp"]);
    }

    #[test]
    fn what_is_in_use_is_not_taken_for_a_leftover() {
        let folder = tempfile::tempdir().unwrap();
        let (target, data) = (folder.path().join("a.txt"), folder.path().join("data"));
        let temporary = temporary_folder(folder.path()).unwrap();
        write_with(&target, |file| {
            // Another command, which begins while this one writes.
            write_new(&folder.path().join("b.txt"), |other| Ok(other.write_all(b"other")?))?;
            Ok(file.write_all(b"whole")?)
        })
        .unwrap();
        publish_folder(temporary, &data, "data.json").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(names(folder.path()), ["a.txt", "b.txt", "data"]);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_as_readable_as_any() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        fs::write(&plain, "x").unwrap();
        let atomic = folder.path().join("atomic");
        write(&atomic, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&plain), mode(&atomic));
    }
}
