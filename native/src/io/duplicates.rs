//! Texts that are given twice: a file named again, a link to it, or a copy of it, be it with other line ends or in another encoding.
//! One in the training part whose copy is held back for validation makes a model look better than it is.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use mmrec::data::text::{self, LEAST_COPY, Normalizer};
use sha2::{Digest, Sha256};

use crate::terminal::interrupt;

/// Bytes of two texts that are compared before all of them. Copies may differ in size; but of other texts hardly any begin alike, so
/// little more than this is read of most.
const BEGINNINGS: [u64; 2] = [1 << 10, 1 << 16];

/// The most bytes read at once.
const PIECE: usize = 1 << 18;

/// A file and its size.
type Measured<'a> = (&'a Path, u64);

/// For each file that is an earlier one, or has its text, that one's position. Texts as short as greetings may have the same.
pub fn find(files: &[Measured<'_>]) -> io::Result<HashMap<usize, usize>> {
    let mut repeated = HashMap::new();
    for of_one_size in groups(0..files.len(), |index| Ok(Some(files[index].1)))? {
        for same in groups(of_one_size, |index| fs::canonicalize(files[index].0).map(Some))? {
            repeated.extend(after_first(&same));
        }
    }
    let others = (0..files.len()).filter(|index| !repeated.contains_key(index)).collect();
    for same in copies(others, &BEGINNINGS, &|index, most| digest(files[index].0, most))? {
        repeated.extend(after_first(&same));
    }
    Ok(repeated)
}

/// Those of the files that have the same text: of those that begin alike, as far as `beginnings` tell, all is compared.
fn copies(
    files: Vec<usize>,
    beginnings: &[u64],
    digest: &impl Fn(usize, u64) -> io::Result<Option<Vec<u8>>>,
) -> io::Result<Vec<Vec<usize>>> {
    if files.len() < 2 {
        return Ok(Vec::new());
    }
    let Some((&beginning, longer)) = beginnings.split_first() else {
        return groups(files, |index| digest(index, u64::MAX));
    };
    let alike = groups(files, |index| digest(index, beginning))?.into_iter();
    Ok(alike.map(|files| copies(files, longer, digest)).collect::<io::Result<Vec<_>>>()?.concat())
}

fn after_first(same: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    same[1..].iter().map(|&later| (later, same[0]))
}

/// Those of the files that have a key, and have it in common, in their order.
fn groups<K: Eq + std::hash::Hash>(
    files: impl IntoIterator<Item = usize>,
    key: impl Fn(usize) -> io::Result<Option<K>>,
) -> io::Result<Vec<Vec<usize>>> {
    let mut groups: HashMap<K, Vec<usize>> = HashMap::new();
    for index in files {
        if let Some(key) = key(index)? {
            groups.entry(key).or_default().push(index);
        }
    }
    Ok(groups.into_values().filter(|group| group.len() > 1).collect())
}

/// SHA-256 of the first `most` bytes of a file's normalised text; `None` of a short one, and of one that cannot be read as text, which
/// whoever reads it will tell.
fn digest(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut reader = interrupt::Reader(File::open(path)?);
    // Where little is wanted, little is read.
    let at_once = usize::try_from(most).map_or(PIECE, |most| most.clamp(text::HEAD, PIECE));
    let (mut normalizer, mut buffer) = (Normalizer::new("", true), vec![0; at_once]);
    let (mut hash, mut length, mut piece) = (Sha256::new(), 0, String::new());
    while length < most {
        piece.clear();
        let read = reader.read(&mut buffer)?;
        let normalised = match read {
            0 => normalizer.finish(&mut piece).map(drop),
            _ => normalizer.push(&buffer[..read], &mut piece),
        };
        if normalised.is_err() {
            return Ok(None);
        }
        let wanted = piece.floor_char_boundary(usize::try_from(most - length).unwrap_or(usize::MAX));
        hash.update(&piece[..wanted]);
        length += piece.len() as u64;
        if read == 0 {
            break;
        }
    }
    Ok((length >= LEAST_COPY).then(|| hash.finalize().to_vec()))
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

    #[test]
    fn a_text_is_the_same_however_it_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        // Too short for a copy; and longer than what is read at once, with long characters where beginnings end.
        for (lines, expected) in [(9, vec![]), (9000, vec![1, 3, 4, 5, 6])] {
            let text = "Zwölf 🎉 床前 lines.\n".repeat(lines);
            let ended = |end: &str| text.replace('\n', end);
            let stored = [
                text.clone().into_bytes(),
                ended("\r\n").into_bytes(),
                format!("{text}and more").into_bytes(),
                ended("\r").into_bytes(),
                format!("\u{FEFF}{text}").into_bytes(),
                wide(&ended("\r\n")),
                wide(&format!("\u{FEFF}{text}")),
                b"\0\x01\x02 no text".repeat(90),
                b"\0\x01\x02 no text".repeat(90),
            ];
            let paths: Vec<_> = (0..stored.len()).map(|index| folder.path().join(index.to_string())).collect();
            paths.iter().zip(&stored).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
            let files: Vec<_> = paths.iter().map(|path| (path.as_path(), fs::metadata(path).unwrap().len())).collect();
            assert_eq!(find(&files).unwrap(), expected.into_iter().map(|later| (later, 0)).collect(), "{lines} lines");
        }
    }
}
