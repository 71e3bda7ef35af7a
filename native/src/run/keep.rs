//! How many of the checkpoints of steps a run's folder keeps.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The newest so many, or all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Keep(Option<NonZeroUsize>);

const ALLOWED: &str = "a number above 0, or \"all\"";

impl Keep {
    /// Whether none is ever removed.
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Those of `steps` that go when the newest is that of `now`. Later ones are of a course that the run has left, and will be
    /// written anew.
    pub fn superfluous(self, mut steps: Vec<u64>, now: u64) -> Vec<u64> {
        let Some(count) = self.0 else { return Vec::new() };
        steps.retain(|step| *step <= now);
        steps.sort_unstable();
        steps.truncate(steps.len().saturating_sub(count.get()));
        steps
    }
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(count) => Ok(Self(Some(count))),
            Err(_) if text == "all" => Ok(Self(None)),
            Err(_) => Err(format!("it must be {ALLOWED}")),
        }
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InFile)
    }
}

/// What a settings file may say: the words of `--keep`.
struct InFile;

impl Visitor<'_> for InFile {
    type Value = Keep;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(ALLOWED)
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<Keep, E> {
        count.to_string().parse().map_err(E::custom)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Keep, E> {
        word.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay() {
        let keep = |text: &str| text.parse::<Keep>();
        let goes = |text: &str, now| keep(text).map(|keep| keep.superfluous(vec![30, 10, 50, 40, 20], now));
        assert_eq!(goes("2", 50), Ok(vec![10, 20, 30]));
        assert_eq!(goes("9", 50), Ok(vec![]));
        assert_eq!(goes("all", 50), Ok(vec![]));
        assert_eq!(
            goes("2", 30),
            Ok(vec![10]),
            "what a run has gone back behind is no reason to drop what it writes now"
        );
        for wrong in ["0", "-1", "none", ""] {
            assert!(keep(wrong).is_err(), "{wrong}");
        }
    }
}
