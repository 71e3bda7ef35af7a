//! Text files and folders of them, in an order that does not depend on the machine.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use mmrec::data::{TextSource, TextSources, text};

use crate::interrupt;

/// How much of a file is looked at to see whether it is text.
const HEAD: u64 = 8_192;

/// The files to read, in order.
#[derive(Debug, Default)]
pub struct Inputs {
    list: Vec<TextSource>,
    paths: Vec<PathBuf>,
}

/// Something in a folder that is not read.
#[derive(Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is.
    pub path: PathBuf,
    /// Why it is not read.
    pub reason: &'static str,
}

impl Inputs {
    /// Finds the files: those named, and those in the folders named, recursively and sorted by path. Hidden files and such as are
    /// no text are skipped in folders; a file that is named is taken at its word.
    pub fn collect(paths: &[PathBuf]) -> Result<(Self, Vec<Skipped>)> {
        let (mut inputs, mut skipped) = (Self::default(), Vec::new());
        for path in paths {
            let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
            if metadata.is_dir() {
                let before = inputs.paths.len();
                inputs.add_folder(path, &mut skipped)?;
                ensure!(inputs.paths.len() > before, "no text file in the folder {}", path.display());
            } else if metadata.is_file() {
                inputs.add_file(path, metadata.len());
            } else {
                bail!(
                    "{} is neither a file nor a folder; text is read twice, so it cannot come from a pipe",
                    path.display()
                );
            }
        }
        Ok((inputs, skipped))
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Bytes in all files together.
    pub fn bytes(&self) -> u64 {
        self.list.iter().fold(0, |bytes, source| bytes.saturating_add(source.bytes))
    }

    fn add_file(&mut self, path: &Path, bytes: u64) {
        self.list.push(TextSource { name: path.display().to_string(), bytes });
        self.paths.push(path.to_owned());
    }

    fn add_folder(&mut self, folder: &Path, skipped: &mut Vec<Skipped>) -> Result<()> {
        let cannot_read = || format!("cannot read the folder {}", folder.display());
        let entries = fs::read_dir(folder).with_context(cannot_read)?;
        let mut entries: Vec<_> = entries.collect::<io::Result<_>>().with_context(cannot_read)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_type()?.is_dir() && !is_hidden(&path) {
                self.add_folder(&path, skipped)?;
                continue;
            }
            match reason_to_skip(&path).with_context(|| format!("cannot read {}", path.display()))? {
                Some(reason) => skipped.push(Skipped { path, reason }),
                None => self.add_file(&path, fs::metadata(&path)?.len()),
            }
        }
        Ok(())
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn reason_to_skip(path: &Path) -> io::Result<Option<&'static str>> {
    if is_hidden(path) {
        return Ok(Some("hidden"));
    }
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some("a link that leads nowhere")),
        metadata => metadata?,
    };
    if metadata.is_dir() {
        // Following links to folders could go in circles.
        return Ok(Some("a link to a folder"));
    }
    if !metadata.is_file() {
        return Ok(Some("no ordinary file"));
    }
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(match head {
        head if head.is_empty() => Some("empty"),
        head if text::looks_binary(&head) => Some("binary"),
        _ => None,
    })
}

impl TextSources for Inputs {
    type Reader = interrupt::Reader<File>;

    fn list(&self) -> &[TextSource] {
        &self.list
    }

    fn open(&mut self, index: usize) -> io::Result<Self::Reader> {
        File::open(&self.paths[index]).map(interrupt::Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn folders_are_read_in_order_and_without_what_is_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["b.txt", "a/z.md", "a/c/y.txt", ".hidden/x.txt"] {
            write(folder, name, b"text");
        }
        write(folder, ".profile", b"text");
        write(folder, "image.png", b"\x89PNG\0\0");
        write(folder, "nothing.txt", b"");
        let (inputs, skipped) = Inputs::collect(&[folder.to_owned()]).unwrap();
        let relative = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        let paths: Vec<_> = inputs.paths.iter().map(|path| relative(path)).collect();
        assert_eq!(paths, ["a/c/y.txt", "a/z.md", "b.txt"]);
        let skipped: Vec<_> = skipped.iter().map(|skipped| (relative(&skipped.path), skipped.reason)).collect();
        let expected =
            [(".hidden", "hidden"), (".profile", "hidden"), ("image.png", "binary"), ("nothing.txt", "empty")];
        assert_eq!(skipped, expected.map(|(name, reason)| (name.to_owned(), reason)));
        assert_eq!((inputs.len(), inputs.bytes()), (3, 12));
    }

    #[test]
    fn what_is_missing_or_holds_nothing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.txt");
        assert!(format!("{:#}", Inputs::collect(&[missing]).unwrap_err()).contains("missing.txt"));
        assert!(Inputs::collect(&[folder.path().to_owned()]).unwrap_err().to_string().contains("no text file"));
    }

    #[cfg(unix)]
    #[test]
    fn links_that_go_in_circles_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.txt", b"text");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
        let (inputs, skipped) = Inputs::collect(&[folder.path().to_owned()]).unwrap();
        assert_eq!((inputs.len(), skipped.len()), (1, 2));
    }
}
