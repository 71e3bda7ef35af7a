//! Texts that are given twice: a file named again, a link to it, or a copy of it. One in the training part whose copy is held back
//! for validation makes a model look better than it is.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use mmrec::data::text::LEAST_COPY;
use sha2::{Digest, Sha256};

use crate::interrupt;

/// How much of two files of one size is compared before all of them.
const BEGINNING: u64 = 1 << 16;

/// A file and its size.
type Measured<'a> = (&'a Path, u64);

/// For each file that is an earlier one, or has its content, that one's position. Texts as short as greetings may have the same.
pub fn find(files: &[Measured<'_>]) -> io::Result<HashMap<usize, usize>> {
    let mut repeated = HashMap::new();
    for of_one_size in groups(0..files.len(), |index| Ok(files[index].1))? {
        for same in groups(of_one_size.iter().copied(), |index| fs::canonicalize(files[index].0))? {
            repeated.extend(after_first(&same));
        }
        if files[of_one_size[0]].1 < LEAST_COPY {
            continue;
        }
        let others = of_one_size.into_iter().filter(|index| !repeated.contains_key(index));
        for begun_alike in groups(others, |index| digest(files[index].0, BEGINNING))? {
            for same in groups(begun_alike, |index| digest(files[index].0, u64::MAX))? {
                repeated.extend(after_first(&same));
            }
        }
    }
    Ok(repeated)
}

fn after_first(same: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    same[1..].iter().map(|&later| (later, same[0]))
}

/// Those of the files that have a key in common, in their order.
fn groups<K: Eq + std::hash::Hash>(
    files: impl IntoIterator<Item = usize>,
    key: impl Fn(usize) -> io::Result<K>,
) -> io::Result<Vec<Vec<usize>>> {
    let mut groups: HashMap<K, Vec<usize>> = HashMap::new();
    for index in files {
        groups.entry(key(index)?).or_default().push(index);
    }
    Ok(groups.into_values().filter(|group| group.len() > 1).collect())
}

/// SHA-256 of a file's first `bytes` bytes.
fn digest(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut reader = interrupt::Reader(File::open(path)?).take(bytes);
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hash.finalize().to_vec()),
            read => hash.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_links_are_found_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (long, short) = ("the same beginning ".repeat(9_000), "short ".repeat(99));
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            (path, text.len() as u64)
        };
        let mut files = vec![write("a", &format!("{long}1")), write("b", &format!("{long}2")), write("c", &short)];
        files.extend([
            write("empty", ""),
            write("empty too", ""),
            write("hello", "hello"),
            write("hello too", "hello"),
            write("copy of a", &format!("{long}1")),
        ]);
        fs::hard_link(&files[2].0, folder.path().join("hard")).unwrap();
        files.extend([(folder.path().join("hard"), files[2].1), files[1].clone(), files[6].clone()]);
        let files: Vec<Measured<'_>> = files.iter().map(|(path, bytes)| (path.as_path(), *bytes)).collect();
        assert_eq!(find(&files).unwrap(), HashMap::from([(7, 0), (8, 2), (9, 1), (10, 6)]));
    }
}
