//! Files and folders that are not read as texts, and why.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::terminal::format;
use crate::terminal::output::one_line;

/// Groups that are told of: a folder of pages should not scroll everything else away.
const MAX_GROUPS: usize = 20;

/// Files of a group that are named.
const NAMED: usize = 5;

/// Something that is not read.
#[derive(Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is.
    pub path: PathBuf,
    /// Why it is not read.
    pub reason: String,
    /// Whether it holds a text, which can be saved so that it is read.
    pub holds_text: bool,
}

/// Tells which files were left out.
pub fn tell(skipped: &[Skipped], warn: impl Fn(&str)) {
    let groups = in_groups(skipped);
    groups.iter().take(MAX_GROUPS).for_each(|group| warn(&in_words(group)));
    let more: usize = groups.iter().skip(MAX_GROUPS).map(|(_, paths)| paths.len()).sum();
    if more > 0 {
        warn(&format!("{} skipped besides", format::count(more as u64, "file")));
    }
}

/// Why most files were left out, in a few lines.
pub fn reasons(skipped: &[Skipped]) -> Vec<String> {
    in_groups(skipped).iter().take(3).map(in_words).collect()
}

/// Something that was left out, and all that was for the same reason.
type Group<'a> = (&'a Skipped, Vec<&'a Path>);

/// Files that hold a text come first: whoever gave them wants them read.
fn in_groups(skipped: &[Skipped]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known = HashMap::new();
    for file in skipped {
        let at = *known.entry(file.reason.as_str()).or_insert(groups.len());
        if at == groups.len() {
            groups.push((file, Vec::new()));
        }
        groups[at].1.push(&file.path);
    }
    groups.sort_by_key(|(first, _)| !first.holds_text);
    groups
}

fn in_words((Skipped { reason, .. }, paths): &Group<'_>) -> String {
    let shown = |path: &&Path| one_line(&path.to_string_lossy()).into_owned();
    if let [path] = paths.as_slice() {
        return format!("skipped {}: {reason}", shown(path));
    }
    let named: Vec<_> = paths.iter().take(NAMED).map(shown).collect();
    let more = match paths.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("skipped {} files: {reason} ({}{more})", paths.len(), named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_named_and_the_rest_is_grouped() {
        let skipped = |name: String, reason: &str, holds_text| Skipped {
            path: name.into(),
            reason: reason.to_owned(),
            holds_text,
        };
        let pictures = (0..25).map(|i| skipped(format!("{i}.png"), "binary", false));
        let others =
            [skipped("x".into(), "empty", false), skipped("novel.txt".into(), "UTF-32: save it as UTF-8", true)];
        assert_eq!(
            reasons(&pictures.chain(others).collect::<Vec<_>>()),
            [
                "skipped novel.txt: UTF-32: save it as UTF-8",
                "skipped 25 files: binary (0.png, 1.png, 2.png, 3.png, 4.png and 20 more)",
                "skipped x: empty",
            ]
        );
    }
}
