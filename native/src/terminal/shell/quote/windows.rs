//! Quoting for cmd.exe and PowerShell.

use std::ffi::OsStr;

/// One word of a command line. Names of Windows hold neither double quotes nor control characters.
pub fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "_+=:./\\-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_blanks_are_quoted() {
        assert_eq!(quoted(OsStr::new(r"C:\runs\a")), r"C:\runs\a");
        assert_eq!(quoted(OsStr::new(r"C:\my runs")), "\"C:\\my runs\"");
    }
}
