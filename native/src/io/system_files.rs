//! Files and folders that systems and editors leave in people's folders.

use std::ffi::OsStr;

/// What systems put into folders of their own accord, or into the root of every disk.
const OF_SYSTEMS: [&str; 14] = [
    ".DS_Store",
    ".localized",
    ".Trashes",
    ".Spotlight-V100",
    ".fseventsd",
    ".directory",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "Icon\r",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "__MACOSX",
];

/// Whether a system made what is called so, by itself.
pub fn is_of_system(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    // macOS keeps what other file systems cannot hold in files that begin like this.
    name.starts_with("._") || OF_SYSTEMS.iter().any(|known| known.eq_ignore_ascii_case(&name))
}

/// Whether an editor or an office program left what is called so beside a person's file.
pub fn is_of_editor(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("~$") || name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_known_by_their_names() {
        for name in ["Thumbs.db", "Desktop.ini", "lost+found", ".DS_Store", "._x"] {
            assert!(is_of_system(OsStr::new(name)), "{name}");
        }
        for name in ["~$letter.docx", "notes.txt~"] {
            assert!(is_of_editor(OsStr::new(name)) && !is_of_system(OsStr::new(name)), "{name}");
        }
        for name in ["thumbs.txt", "~notes.txt"] {
            assert!(!is_of_system(OsStr::new(name)) && !is_of_editor(OsStr::new(name)), "{name}");
        }
    }
}
