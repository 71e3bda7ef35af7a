//! What is to be said about texts that were read.

use std::path::Path;

use anyhow::Error;
use mmrec::data::DataError;
use mmrec::data::text::{Encoding, Findings};
use serde_json::{Value, json};

use super::encodings;
use super::text_files::Inputs;
use crate::terminal::output::one_line;
use crate::terminal::{format, interrupt};

/// Lines of one kind: a folder of pages should not scroll everything else away.
const MAX_LINES: usize = 20;

/// Tells what is not as one would think of a plain text.
pub fn tell<'a>(texts: impl IntoIterator<Item = (&'a Path, &'a Findings)>, warn: impl Fn(&str)) {
    let remarks = texts.into_iter().flat_map(|(path, findings)| remarks(path, findings));
    tell_most(&remarks.collect::<Vec<_>>(), "remarks on texts", warn);
}

/// Tells the first lines, and how many there are besides.
fn tell_most(lines: &[String], what: &str, warn: impl Fn(&str)) {
    lines.iter().take(MAX_LINES).for_each(|line| warn(line));
    if lines.len() > MAX_LINES {
        warn(&format!("{} more {what}", lines.len() - MAX_LINES));
    }
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
