//! Moving the files of a temporary folder, one by one, into the folder that it lies in.
//!
//! Invariant: a list in the temporary folder names the files before the first is moved. As long as the last one has not been moved,
//! which makes the others count, those of the list that the temporary folder lacks are known to be in the target, and are taken away
//! there: at once after an error, by the next command after a kill.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::sync_folder;

const LIST: &str = ".moving";

/// Moves the files, `last` as the last of them; all or none.
pub fn move_files(from: &Path, to: &Path, last: &str) -> io::Result<()> {
    let moved = move_in_order(from, to, last);
    if moved.is_err() {
        take_back(from, to);
    }
    moved
}

fn move_in_order(from: &Path, to: &Path, last: &str) -> io::Result<()> {
    let names = fs::read_dir(from)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<io::Result<_>>()?;
    names.retain(|name| name != last);
    names.push(last.to_owned());
    write_list(from, &names)?;
    for name in &names {
        if name == last {
            sync_folder(to)?;
        }
        fs::rename(from.join(name), to.join(name))?;
    }
    sync_folder(to)
}

fn write_list(folder: &Path, names: &[impl AsRef<str>]) -> io::Result<()> {
    let lines: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let mut list = File::create(folder.join(LIST))?;
    list.write_all(lines.join("\n").as_bytes())?;
    list.sync_all()?;
    sync_folder(folder)
}

/// The reverse of a move: with `last` back in the temporary folder it is one that came to no end.
pub fn take_out(to: &Path, from: &Path, names: &[&str], last: &str) -> io::Result<()> {
    write_list(from, &[names, &[last]].concat())?;
    fs::rename(to.join(last), from.join(last))?;
    sync_folder(to)?;
    take_back(from, to);
    Ok(())
}

/// Takes away what a move that came to no end brought into `to`.
pub fn take_back(from: &Path, to: &Path) {
    let list = fs::read_to_string(from.join(LIST)).unwrap_or_default();
    let mut names = list.lines();
    // Where it is in its place the files count, whoever brought them.
    let is_open = |last: &str| from.join(last).exists() && !to.join(last).exists();
    if !names.next_back().is_some_and(is_open) {
        return;
    }
    // The list may have come from somebody else: no name leads out of the folder.
    for name in names.filter(|name| Path::new(name).file_name() == Some(name.as_ref())) {
        if !from.join(name).exists() {
            let _ = fs::remove_file(to.join(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_that_came_to_no_end_is_taken_back_and_one_that_did_is_not() {
        let to = tempfile::tempdir().unwrap();
        let from = to.path().join("from");
        let names = ["a", "b", "last"];
        let fill = || {
            let _ = fs::remove_dir_all(&from);
            fs::create_dir(&from).unwrap();
            names.iter().for_each(|name| fs::write(from.join(name), name).unwrap());
        };
        let there = || names.map(|name| to.path().join(name).exists());
        // An error in the middle.
        fill();
        fs::create_dir(to.path().join("last")).unwrap();
        assert!(move_files(&from, to.path(), "last").is_err());
        fs::remove_dir(to.path().join("last")).unwrap();
        take_back(&from, to.path());
        assert_eq!(there(), [false; 3]);
        // A kill in the middle, in a folder of somebody's files.
        fill();
        fs::write(to.path().join("mine"), "dear").unwrap();
        fs::write(from.join(LIST), "a\nb\n../mine\nlast").unwrap();
        fs::rename(from.join("a"), to.path().join("a")).unwrap();
        take_back(&from, to.path());
        assert_eq!(there(), [false; 3]);
        assert!(to.path().join("mine").exists());
        fill();
        move_files(&from, to.path(), "last").unwrap();
        take_back(&from, to.path());
        assert_eq!(there(), [true; 3]);
        take_out(to.path(), &from, &["a", "b"], "last").unwrap();
        assert_eq!(there(), [false; 3]);
        assert!(to.path().join("mine").exists());
    }
}
