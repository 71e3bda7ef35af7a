//! Files that hold a text and are no plain text: known by what they begin with, whatever they are called.

mod foreign;
mod lines;
mod markup;
mod table;

use std::fmt;

use serde::Serialize;
use serde::de::IgnoredAny;

pub(super) use foreign::Foreign;

/// What is no plain text and yet made of characters: it may be what somebody wants a model to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Document {
    /// A page of the web.
    Html,
    /// Anything else in angle brackets, SVG among it.
    Xml,
    /// One JSON value.
    Json,
    /// A JSON value a line.
    JsonLines,
    /// Rows of fields, between commas, semicolons, tabs or bars.
    Table,
    /// Lines of a film or a song with their times.
    Subtitles,
    /// Mail with its headers, one or many.
    Mail,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Html => "HTML",
            Self::Xml => "XML",
            Self::Json => "JSON",
            Self::JsonLines => "JSON lines",
            Self::Table => "a table (CSV)",
            Self::Subtitles => "subtitles with their times",
            Self::Mail => "mail with its headers",
        })
    }
}

impl Document {
    /// What a text that begins like this seems to be, where it is no plain text.
    pub(super) fn of(head: &str) -> Option<Self> {
        let head = head.trim_start_matches('\u{FEFF}').trim_start();
        let uncommented = without_comments(head);
        markup::of(head)
            .or_else(|| json(uncommented))
            .or_else(|| lines::of(head))
            .or_else(|| table::is_table(uncommented).then_some(Self::Table))
    }
}

/// What follows the lines in which programs tell where a table comes from, and which mark is between its fields.
fn without_comments(head: &str) -> &str {
    let mut rest = head;
    while rest.starts_with('#') || rest.starts_with("sep=") {
        rest = rest.split_once('\n').map_or("", |(_, after)| after.trim_start());
    }
    rest
}

fn json(head: &str) -> Option<Document> {
    if !head.starts_with(['{', '[']) {
        return None;
    }
    // Python writes it where JSON has nothing for it.
    let head = head.replace("NaN", "null");
    let mut whole = 0;
    for value in serde_json::Deserializer::from_str(&head).into_iter::<IgnoredAny>() {
        match value {
            Ok(_) => whole += 1,
            // The head ends within a value.
            Err(error) if error.is_eof() && head.contains('"') => break,
            Err(_) => return None,
        }
    }
    Some(if whole > 1 { Document::JsonLines } else { Document::Json })
}

#[cfg(test)]
mod tests;
