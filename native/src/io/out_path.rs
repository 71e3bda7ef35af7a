//! What `--out` names, looked at before any work is done.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{system_files, temporary};
use crate::terminal::output::one_line;

/// Refuses to write a file where there is something: nothing is replaced, be it what a link leads to or the link.
pub fn refuse_existing(file: &Path) -> Result<()> {
    refuse_broken_link(file)?;
    match file.exists() {
        true => bail!("{} exists already: choose another --out", file.display()),
        false => Ok(()),
    }
}

/// Refuses a folder that holds something, but for what systems put there. One may be there already: a mount point, or what a link
/// leads to.
pub fn refuse_used(folder: &Path) -> Result<()> {
    refuse_broken_link(folder)?;
    if !folder.exists() {
        return Ok(());
    }
    if !folder.is_dir() {
        bail!("{} exists and is no folder: choose another --out", folder.display());
    }
    let names = names(folder)?;
    match names.iter().find(|name| !system_files::is_of_system(name.as_ref()) && !temporary::is_leftover(name)) {
        Some(name) => {
            bail!("{} exists and is not empty (it holds {}): choose another --out", folder.display(), one_line(name))
        }
        None => Ok(()),
    }
}

/// What `--out` may be in a command that is suggested: `path`, or a folder beside it where that is not free.
pub fn free(path: &Path) -> PathBuf {
    if refuse_used(path).is_ok() { path.to_owned() } else { free_beside(path) }
}

/// A folder beside another that is not there yet: `runs/book-2`.
pub fn free_beside(folder: &Path) -> PathBuf {
    let named = |number: u32| {
        let mut name = folder.file_name().unwrap_or("run".as_ref()).to_owned();
        name.push(format!("-{number}"));
        folder.with_file_name(name)
    };
    (2..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(2))
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let cannot_read = || format!("cannot read the folder {}", folder.display());
    let entries = fs::read_dir(folder).with_context(cannot_read)?;
    entries.map(|entry| Ok(entry.with_context(cannot_read)?.file_name().to_string_lossy().into_owned())).collect()
}

/// Refuses a link that leads nowhere, where folders would be made.
pub fn refuse_broken_link(path: &Path) -> Result<()> {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if is_link && !path.exists() {
        bail!("{} is a link that leads nowhere: make what it leads to, or choose another --out", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systems_leave_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        refuse_used(&folder.path().join("new")).unwrap();
        for name in [".DS_Store", "Desktop.ini", "._x", ".mmrec-abc.tmp"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        refuse_used(folder.path()).unwrap();
        assert_eq!(free(folder.path()), folder.path());
        fs::write(folder.path().join("diary.txt"), "dear").unwrap();
        assert!(refuse_used(folder.path()).unwrap_err().to_string().contains("not empty (it holds diary.txt)"));
        assert!(free(folder.path()).to_string_lossy().ends_with("-2"));
        let file = folder.path().join("diary.txt");
        assert!(refuse_used(&file).unwrap_err().to_string().contains("no folder"));
        assert!(refuse_existing(&file).unwrap_err().to_string().contains("exists already"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
        for refused in [refuse_existing(&link), refuse_used(&link)] {
            assert!(refused.unwrap_err().to_string().contains("leads nowhere"));
        }
        fs::create_dir(folder.path().join("nowhere")).unwrap();
        refuse_used(&link).unwrap();
    }
}
