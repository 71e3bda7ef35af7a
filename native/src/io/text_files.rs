//! Text files and folders of them, in an order that does not depend on the machine.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use mmrec::data::text::{self, NoText};
use mmrec::data::{TextSource, TextSources, natural_order};

use super::skipped::{self, Skipped};
use super::{duplicates, system_files};
use crate::terminal::interrupt;
use crate::terminal::output::one_line;

/// The files to read, in order.
#[derive(Debug, Default)]
pub struct Inputs {
    list: Vec<TextSource>,
    paths: Vec<PathBuf>,
}

/// What a folder is, if this program wrote it.
pub type Own = fn(&Path) -> Option<&'static str>;

impl Inputs {
    /// Finds the files: those named, and those in the folders named, recursively and in natural order. Hidden files and such as are
    /// no text are skipped in folders; a file that is named is taken at its word. Of several with the same content the first is read.
    /// What lies in `out` is what the command writes itself, and `own` tells of other folders what they are if this program wrote them:
    /// they hold no texts.
    pub fn collect(paths: &[PathBuf], out: Option<&Path>, own: Own) -> Result<(Self, Vec<Skipped>)> {
        let (mut inputs, mut skipped) = (Self::default(), Vec::new());
        // A folder that is not there yet is in none.
        let out = out.and_then(|out| out.canonicalize().ok());
        for path in &in_order(paths) {
            let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
            if metadata.is_dir() {
                let before = inputs.paths.len();
                if let Some(own) = own(path) {
                    bail!(
                        "{} is {own}, no folder of texts: train on it with --data, or give the texts themselves",
                        path.display()
                    );
                }
                inputs.add_folder(path, out.as_deref(), own, &mut skipped)?;
                ensure!(inputs.paths.len() > before, nothing_in(path, &skipped));
            } else if metadata.is_file() {
                inputs.add_file(path, metadata.len());
            } else {
                bail!(
                    "{} is neither a file nor a folder; text is read twice, so it cannot come from a pipe",
                    path.display()
                );
            }
        }
        inputs.leave_out_repeated(&mut skipped)?;
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

    /// Where a text lies, by its name in errors.
    pub fn path_of(&self, name: &str) -> Option<&Path> {
        self.list.iter().position(|source| source.name == name).map(|index| self.paths[index].as_path())
    }

    /// Where the texts lie.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path)
    }

    fn leave_out_repeated(&mut self, skipped: &mut Vec<Skipped>) -> Result<()> {
        let files: Vec<_> = self.paths().zip(self.list.iter().map(|source| source.bytes)).collect();
        let repeated = duplicates::find(&files).context("the files cannot be compared")?;
        let mut kept = Self::default();
        for (index, (path, source)) in self.paths.iter().zip(&self.list).enumerate() {
            match repeated.get(&index) {
                None => kept.add_file(path, source.bytes),
                Some(&first) => {
                    let reason = format!("the same text as {}", self.paths[first].display());
                    skipped.push(Skipped { path: path.clone(), reason, holds_text: false });
                }
            }
        }
        *self = kept;
        Ok(())
    }

    fn add_file(&mut self, path: &Path, bytes: u64) {
        self.list.push(TextSource { name: one_line(&path.to_string_lossy()).into_owned(), bytes });
        self.paths.push(path.to_owned());
    }

    fn add_folder(&mut self, folder: &Path, out: Option<&Path>, own: Own, skipped: &mut Vec<Skipped>) -> Result<()> {
        let cannot_read = || format!("cannot read the folder {}", folder.display());
        let entries = fs::read_dir(folder).with_context(cannot_read)?;
        let mut entries: Vec<_> = entries.collect::<io::Result<_>>().with_context(cannot_read)?;
        entries.sort_by_cached_key(|entry| Natural(entry.file_name().to_string_lossy().into_owned()));
        for entry in entries {
            let path = entry.path();
            let reason = reason_to_skip(&path, own).with_context(|| format!("cannot read {}", path.display()))?;
            let is_dir = entry.file_type()?.is_dir();
            let is_out = is_dir && out.is_some_and(|out| path.canonicalize().is_ok_and(|path| path == out));
            match reason.or_else(|| because("what --out names").filter(|_| is_out)) {
                Some(reason) => skipped.push(left_out(path, reason)),
                None if is_dir => self.add_folder(&path, out, own, skipped)?,
                None => self.add_file(&path, fs::metadata(&path)?.len()),
            }
        }
        Ok(())
    }
}

/// The order of people.
#[derive(PartialEq, Eq)]
struct Natural(String);

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        natural_order(&self.0, &other.0)
    }
}

/// Files in the order that they are named in; but what a shell made of a pattern such as `*.txt` is in the order of letters alone,
/// and is put into that of people.
fn in_order(paths: &[PathBuf]) -> Vec<PathBuf> {
    let names: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let mut paths = paths.to_vec();
    if names.is_sorted() || names.is_sorted_by_key(|name| name.to_lowercase()) {
        paths.sort_by_cached_key(|path| Natural(path.to_string_lossy().into_owned()));
    }
    paths
}

fn nothing_in(folder: &Path, skipped: &[Skipped]) -> String {
    let reasons = skipped::reasons(skipped).into_iter().map(|reason| format!("; {reason}"));
    format!("no text file in the folder {}{}", folder.display(), reasons.collect::<String>())
}

fn left_out(path: PathBuf, NoText { what, remedy }: NoText) -> Skipped {
    let reason = remedy.map_or_else(|| what.to_owned(), |remedy| format!("{what}: {remedy}"));
    Skipped { path, reason, holds_text: remedy.is_some() }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn reason_to_skip(path: &Path, own: Own) -> io::Result<Option<NoText>> {
    if is_hidden(path) {
        return Ok(because("hidden"));
    }
    if path.file_name().is_some_and(|name| system_files::is_of_system(name) || system_files::is_of_editor(name)) {
        return Ok(because("made by the system or an editor"));
    }
    let metadata = match fs::metadata(path) {
        // Also one that leads to itself.
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied && path.is_symlink() => {
            return Ok(because("a link that leads nowhere"));
        }
        metadata => metadata?,
    };
    if metadata.is_dir() {
        // Following links to folders could go in circles.
        return Ok(if path.is_symlink() { because("a link to a folder") } else { own(path).and_then(because) });
    }
    if !metadata.is_file() {
        return Ok(because("no ordinary file"));
    }
    let mut head = Vec::new();
    File::open(path)?.take(text::HEAD as u64).read_to_end(&mut head)?;
    Ok(if head.is_empty() { because("empty") } else { text::no_text(&head) })
}

/// Why something is left out of which no text can be made.
fn because(what: &'static str) -> Option<NoText> {
    Some(NoText { what, remedy: None })
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

    const NOBODYS: Own = |_| None;

    fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn name_in(folder: &Path, path: &Path) -> String {
        path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/")
    }

    #[test]
    fn folders_are_read_in_order_and_without_what_is_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["b.txt", "a/z.md", "a/c/y.txt", ".hidden/x.txt"] {
            write(folder, name, format!("{name:6}").as_bytes());
        }
        write(folder, ".profile", b"text");
        write(folder, "image.png", b"\x89PNG\0\0");
        write(folder, "nothing.txt", b"");
        let (inputs, skipped) = Inputs::collect(&[folder.to_owned()], None, NOBODYS).unwrap();
        let relative = |path: &Path| name_in(folder, path);
        let paths: Vec<_> = inputs.paths.iter().map(|path| relative(path)).collect();
        assert_eq!(paths, ["a/c/y.txt", "a/z.md", "b.txt"]);
        let skipped: Vec<_> =
            skipped.iter().map(|skipped| (relative(&skipped.path), skipped.reason.as_str())).collect();
        let expected =
            [(".hidden", "hidden"), (".profile", "hidden"), ("image.png", "binary"), ("nothing.txt", "empty")];
        assert_eq!(skipped, expected.map(|(name, reason)| (name.to_owned(), reason)));
        assert_eq!((inputs.len(), inputs.bytes()), (3, 21));
    }

    #[test]
    fn what_is_missing_or_holds_nothing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.txt");
        assert!(format!("{:#}", Inputs::collect(&[missing], None, NOBODYS).unwrap_err()).contains("missing.txt"));
        assert!(
            Inputs::collect(&[folder.path().to_owned()], None, NOBODYS)
                .unwrap_err()
                .to_string()
                .contains("no text file")
        );
    }

    #[test]
    fn names_are_in_natural_order_but_for_those_that_were_put_into_another() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["chapter1.txt", "chapter10.txt", "chapter2.txt", "part 2/1.txt", "part 10/1.txt"];
        let paths = names.map(|name| write(folder.path(), name, name.as_bytes()));
        let read = |paths: &[PathBuf]| {
            let (inputs, _) = Inputs::collect(paths, None, NOBODYS).unwrap();
            inputs.paths.iter().map(|path| name_in(folder.path(), path)).collect::<Vec<_>>()
        };
        assert_eq!(
            read(&[folder.path().to_owned()]),
            ["chapter1.txt", "chapter2.txt", "chapter10.txt", "part 2/1.txt", "part 10/1.txt"]
        );
        assert_eq!(read(&paths[..3]), ["chapter1.txt", "chapter2.txt", "chapter10.txt"]);
        let [one, ten, two, ..] = paths;
        assert_eq!(read(&[two, one.clone(), ten, one]), ["chapter2.txt", "chapter1.txt", "chapter10.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_go_in_circles_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.txt", b"text");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
        std::os::unix::fs::symlink("itself", folder.path().join("itself")).unwrap();
        let (inputs, skipped) = Inputs::collect(&[folder.path().to_owned()], None, NOBODYS).unwrap();
        assert_eq!((inputs.len(), skipped.len()), (1, 3));
    }
}
