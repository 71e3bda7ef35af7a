//! What is to be said about texts that were read, and about those that could not be.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Error;
use mmrec::data::DataError;
use mmrec::data::text::{Encoding, Findings};
use serde_json::{Value, json};

use crate::input::{Inputs, Skipped};
use crate::output::one_line;
use crate::{encodings, format, interrupt};

/// Lines of one kind: a folder of pages should not scroll everything else away.
const MOST: usize = 20;

/// Files of a group that are named.
const NAMED: usize = 5;

/// Tells what is not as one would think of a plain text.
pub fn tell<'a>(texts: impl IntoIterator<Item = (&'a Path, &'a Findings)>, warn: impl Fn(&str)) {
    let remarks = texts.into_iter().flat_map(|(path, findings)| remarks(path, findings));
    tell_most(&remarks.collect::<Vec<_>>(), "remarks on texts", warn);
}

/// Tells the first lines, and how many there are besides.
fn tell_most(lines: &[String], what: &str, warn: impl Fn(&str)) {
    lines.iter().take(MOST).for_each(|line| warn(line));
    if lines.len() > MOST {
        warn(&format!("{} more {what}", lines.len() - MOST));
    }
}

/// Tells which files were left out.
pub fn tell_skipped(skipped: &[Skipped], warn: impl Fn(&str)) {
    let groups = in_groups(skipped);
    groups.iter().take(MOST).for_each(|group| warn(&in_words(group)));
    let more: usize = groups.iter().skip(MOST).map(|(_, paths)| paths.len()).sum();
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

fn remarks(path: &Path, findings: &Findings) -> Vec<String> {
    let path_text = path.to_string_lossy();
    let name = one_line(&path_text);
    let mut remarks = Vec::new();
    if findings.encoding != Encoding::Utf8 {
        remarks.push(format!("{name}: read as {}", findings.encoding));
    }
    if findings.replaced > 0 {
        let replaced = format::count(findings.replaced, "character");
        let seems = seems(path, findings).map(|seems| format!("; {seems}")).unwrap_or_default();
        remarks.push(format!("{name}: {replaced} could not be read and became U+FFFD{seems}"));
    }
    if let Some(document) = findings.document {
        remarks.push(format!(
            "{name} is {document}, not plain text: its markup is learned as well. Save it as plain text to learn its words alone"
        ));
    }
    remarks
}

fn seems(path: &Path, findings: &Findings) -> Option<String> {
    let offset = findings.first_invalid.filter(|_| findings.encoding == Encoding::Utf8)?;
    encodings::guess(path, offset).map(advice)
}

/// What to do with a text in an encoding that is not read.
pub fn advice(encoding: &str) -> String {
    format!("it seems to be {encoding} text, which becomes UTF-8 in an editor, or by: iconv -f {encoding} -t UTF-8")
}

/// The same for scripts.
pub fn as_json(path: &Path, findings: &Findings) -> Option<Value> {
    let is_plain = *findings == Findings::default();
    (!is_plain).then(|| {
        let seems = findings.first_invalid.and_then(|offset| encodings::guess(path, offset));
        json!({
            "path": path,
            "encoding": findings.encoding,
            "replaced": findings.replaced,
            "seems": seems,
            "document": findings.document,
        })
    })
}

/// An error with what a text seems to be that could not be read.
pub fn explain(error: DataError, inputs: &Inputs) -> Error {
    let (file, offset) = match &error {
        DataError::Stopped => return interrupt::Interrupted.into(),
        DataError::Invalid { file, encoding: Encoding::Utf8, offset }
        | DataError::Unreadable { file, encoding: Encoding::Utf8, offset: Some(offset), .. } => (file.clone(), *offset),
        _ => return error.into(),
    };
    let guess = inputs.path_of(&file).and_then(|path| encodings::guess(path, offset));
    match guess {
        Some(encoding) => Error::from(error).context(format!("{file}: {}", advice(encoding))),
        None => error.into(),
    }
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
