//! Files and folders that systems and editors leave in people's folders.

use std::ffi::OsStr;

const NAMES: [&str; 8] = [
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "Icon\r",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "__MACOSX",
];

/// Whether a system or an editor made what is called so, by itself.
pub fn is_one(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name)) || name.starts_with("~$") || name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_known_by_their_names() {
        for name in ["Thumbs.db", "Desktop.ini", "~$letter.docx", "notes.txt~", "lost+found"] {
            assert!(is_one(OsStr::new(name)), "{name}");
        }
        assert!(!is_one(OsStr::new("thumbs.txt")) && !is_one(OsStr::new("~notes.txt")));
    }
}
