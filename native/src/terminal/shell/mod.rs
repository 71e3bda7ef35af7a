//! Commands that a person is told to run next: they do what they say when they are pasted into a shell.

mod quote;

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

pub use quote::quoted;

/// A command of this program.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion(String);

impl Suggestion {
    /// `mmrec NAME`.
    pub fn new(name: &str) -> Self {
        Self(format!("mmrec {name}"))
    }

    /// With words that the program chooses, as they are.
    pub fn words(self, words: &str) -> Self {
        Self(format!("{} {words}", self.0))
    }

    /// With a path, which is no option even where it looks like one.
    pub fn path(self, path: &Path) -> Self {
        let plain = Path::new(".").join(path);
        let is_option = path.as_os_str().as_encoded_bytes().starts_with(b"-");
        self.value(if is_option { plain.as_os_str() } else { path.as_os_str() })
    }

    /// With a value of any characters.
    pub fn value(self, value: impl AsRef<OsStr>) -> Self {
        let value = quoted(value.as_ref());
        self.words(&value)
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_never_taken_for_an_option() {
        let next = |path: &str| Suggestion::new("info").path(Path::new(path)).to_string();
        assert_eq!(next("runs/a.safetensors"), "mmrec info runs/a.safetensors");
        assert_eq!(next("-rf"), "mmrec info ./-rf".replace('/', std::path::MAIN_SEPARATOR_STR));
    }
}
