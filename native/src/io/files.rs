//! Reading what somebody names: ordinary files only, and none that is larger than such a file can be.
//!
//! A device gives bytes for ever and a pipe may give none for ever, so neither is opened.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::terminal::format;

/// The most that a file of settings has.
pub const SETTINGS: u64 = 1 << 20;

/// The most that an index of prepared data has: 65,536 tokens and some hundred thousand shards.
pub const INDEX: u64 = 1 << 26;

/// Why something is not read or written.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("it is a folder, not a file")]
    Folder,
    #[error("it is no ordinary file but a device, a pipe or the like, which may be without end")]
    Special,
    #[error("it has more than {}, the most that a file of its kind can have", format::size(*.0))]
    Size(u64),
    #[error("it is not UTF-8: save it as UTF-8 in an editor")]
    NotText,
    #[error("it is a link or something else that mmrec never makes: remove it, if the folder can be trusted")]
    ForeignLock,
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(ErrorKind::InvalidInput, refusal)
    }
}

/// Opens an ordinary file, or one that a link leads to.
pub fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: that alone waits for ever at a pipe, and rewinds a tape.
    refuse_special(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    // Again, for it may have been replaced in between.
    refuse_special(&file.metadata()?)?;
    Ok(file)
}

fn refuse_special(metadata: &Metadata) -> Result<(), Refusal> {
    match metadata {
        _ if metadata.is_file() => Ok(()),
        _ if metadata.is_dir() => Err(Refusal::Folder),
        _ => Err(Refusal::Special),
    }
}

/// Reads an ordinary file of at most `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > most {
        return Err(Refusal::Size(most).into());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))?;
    // What has no length beforehand, as files that the system makes up, has a limit all the same.
    let most = most.min(length.max(SETTINGS));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Refusal::Size(most).into());
    }
    Ok(bytes)
}

/// The same of a text, without the mark that editors of Windows put first; such as begin with that of UTF-16 are read, too.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    Ok(decode(read(path, most)?).ok_or(Refusal::NotText)?)
}

fn decode(mut bytes: Vec<u8>) -> Option<String> {
    let from_utf16 = |bytes: &[u8], order: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks::<2>();
        let text = String::from_utf16(&units.iter().map(|unit| order(*unit)).collect::<Vec<_>>()).ok();
        text.filter(|_| rest.is_empty())
    };
    match &*bytes {
        [0xff, 0xfe, rest @ ..] => return from_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return from_utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, ..] => drop(bytes.drain(..3)),
        _ => {}
    }
    String::from_utf8(bytes).ok()
}

/// Opens a file to hold a lock on, and makes it where there is none. What it holds stays: in a folder that came from somebody else it
/// may be another name of any file here; what is written goes behind it.
pub fn open_lock(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err(Refusal::ForeignLock.into()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match OpenOptions::new().read(true).append(true).create(true).open(path) {
        // Somebody else's in a folder that is shared: it can be held all the same.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => File::open(path).map_err(|_| error),
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "text").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "text");
        assert!(read(&path, 3).unwrap_err().to_string().contains("more than 3 bytes"));
        assert!(read(folder.path(), 9).unwrap_err().to_string().contains("a folder"));
        assert_eq!(read(&folder.path().join("b"), 9).unwrap_err().kind(), ErrorKind::NotFound);
        fs::write(&path, b"\xff").unwrap();
        assert!(read_text(&path, 9).unwrap_err().to_string().contains("not UTF-8"));
    }

    #[test]
    fn texts_are_read_as_windows_saves_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let text = "keep = 1 # größer 🦀\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, bytes) in [(&b"\xff\xfe"[..], &little[..]), (b"\xfe\xff", &big), (b"\xef\xbb\xbf", text.as_bytes())]
        {
            fs::write(&path, [mark, bytes].concat()).unwrap();
            assert_eq!(read_text(&path, 99).unwrap(), text, "{mark:?}");
        }
        for damaged in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8"] {
            fs::write(&path, damaged).unwrap();
            assert!(read_text(&path, 9).unwrap_err().to_string().contains("not UTF-8"), "{damaged:?}");
        }
    }

    #[test]
    fn a_sparse_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read(&path, SETTINGS).unwrap_err().to_string().contains("more than 1.0 MB"));
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (link, socket) = (folder.path().join("link"), folder.path().join("socket"));
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [Path::new("/dev/zero"), &link, &socket] {
            assert!(open(path).unwrap_err().to_string().contains("no ordinary file"), "{}", path.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_leaves_what_it_finds() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, lock) = (folder.path().join("victim"), folder.path().join(".lock"));
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, &lock).unwrap();
        assert!(open_lock(&lock).unwrap_err().to_string().contains("a link"));
        fs::remove_file(&lock).unwrap();
        fs::hard_link(&victim, &lock).unwrap();
        open_lock(&lock).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        // Of a colleague, who alone may write it.
        fs::set_permissions(&lock, std::os::unix::fs::PermissionsExt::from_mode(0o444)).unwrap();
        open_lock(&lock).unwrap().try_lock().unwrap();
    }
}
