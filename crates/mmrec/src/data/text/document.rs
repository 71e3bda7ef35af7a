//! Files that hold a text and are no plain text: known by what they begin with, whatever they are called.

use std::fmt;

use serde::Serialize;
use serde::de::IgnoredAny;

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
    /// Rows of fields, between commas, semicolons or tabs.
    Table,
    /// Lines of a film with their times.
    Subtitles,
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
        })
    }
}

impl Document {
    /// What a text that begins like this seems to be, where it is no plain text.
    pub(super) fn of(head: &str) -> Option<Self> {
        let head = head.trim_start_matches('\u{FEFF}').trim_start();
        markup(head)
            .or_else(|| json(head))
            .or_else(|| is_subtitles(head).then_some(Self::Subtitles))
            .or_else(|| [',', ';', '\t'].iter().any(|&mark| is_table(head, mark)).then_some(Self::Table))
    }
}

/// Tags that only HTML has, and nearly all of it.
const HTML_TAGS: [&str; 14] =
    ["html", "head", "body", "p", "div", "span", "table", "td", "h1", "h2", "ul", "li", "a", "br"];

fn markup(head: &str) -> Option<Document> {
    let head = head.to_ascii_lowercase();
    let closed = |tag: &&str| head.matches(&format!("</{tag}>")).count();
    let has_tag = |tag: &&str| [">", " ", "/"].iter().any(|end| head.contains(&format!("<{tag}{end}")));
    let is_tagged = head.starts_with("<!doctype")
        || head.starts_with("<?xml")
        || (head.starts_with('<')
            && head.contains("</")
            && head[1..].starts_with(|c: char| c.is_alphabetic() || c == '!'));
    if is_tagged {
        return Some(if HTML_TAGS.iter().any(has_tag) { Document::Html } else { Document::Xml });
    }
    // A page may begin with something else; a text about pages has few tags.
    (HTML_TAGS.iter().map(closed).sum::<usize>() >= 10).then_some(Document::Html)
}

fn json(head: &str) -> Option<Document> {
    if !head.starts_with(['{', '[']) {
        return None;
    }
    let mut whole = 0;
    for value in serde_json::Deserializer::from_str(head).into_iter::<IgnoredAny>() {
        match value {
            Ok(_) => whole += 1,
            // The head ends within a value.
            Err(error) if error.is_eof() && head.contains('"') => break,
            Err(_) => return None,
        }
    }
    Some(if whole > 1 { Document::JsonLines } else { Document::Json })
}

fn is_subtitles(head: &str) -> bool {
    let is_time = |line: &&str| line.contains(" --> ") && line.starts_with(|c: char| c.is_ascii_digit());
    head.starts_with("WEBVTT") || head.lines().filter(is_time).count() > 1
}

/// Whether all rows have as many fields, between marks that no blank follows as it does in sentences.
fn is_table(head: &str, mark: char) -> bool {
    let (mut rows, mut marks, mut quoted) = (Vec::new(), 0, false);
    let mut characters = head.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' => quoted = !quoted,
            '\n' if !quoted => rows.push(std::mem::take(&mut marks)),
            c if c == mark && !quoted => {
                marks += 1;
                if characters.peek() == Some(&' ') {
                    return false;
                }
            }
            _ => {}
        }
    }
    rows.len() >= 5 && rows[0] > 0 && rows.iter().all(|row| *row == rows[0])
}

/// A file that has to be turned into plain text first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    pub what: &'static str,
    pub remedy: &'static str,
}

const SAVE: &str = "open it and save it as plain text (.txt)";
const UNPACK: &str = "unpack it and give what is in it";

impl Foreign {
    /// What a file that begins with these bytes is, where its text is wrapped in something else.
    pub fn of(head: &[u8]) -> Option<Self> {
        let is = |what, remedy| Some(Self { what, remedy });
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        match text {
            [b'%', b'P', b'D', b'F', b'-', ..] => {
                is("a PDF document", "save its text as plain text, for example by pdftotext")
            }
            [b'%', b'!', b'P', b'S', ..] => {
                is("a PostScript document", "save its text as plain text, for example by ps2ascii")
            }
            [b'{', b'\\', b'r', b't', b'f', ..] => is("a document in RTF", SAVE),
            _ => match head {
                [b'P', b'K', 3, 4, ..] => Some(Self::of_zip(head)),
                [0xD0, 0xCF, 0x11, 0xE0, ..] => is("an Office document", SAVE),
                [0x1F, 0x8B, ..] | [b'B', b'Z', b'h', b'1'..=b'9', 0x31, ..] | [0x28, 0xB5, 0x2F, 0xFD, ..] => {
                    is("a compressed file", UNPACK)
                }
                [0xFD, b'7', b'z', b'X', b'Z', ..] | [b'7', b'z', 0xBC, 0xAF, ..] | [b'R', b'a', b'r', b'!', ..] => {
                    is("a compressed file", UNPACK)
                }
                _ => None,
            },
        }
    }

    fn of_zip(head: &[u8]) -> Self {
        let has = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
        if has(b"application/epub+zip") {
            Self { what: "an EPUB book", remedy: "turn it into plain text (.txt), for example by Calibre or pandoc" }
        } else if has(b"application/vnd.oasis") {
            Self { what: "an OpenDocument file", remedy: SAVE }
        } else if has(b"[Content_Types].xml") || has(b"word/") || has(b"docProps/") {
            Self { what: "an Office document", remedy: SAVE }
        } else {
            Self { what: "a zip archive", remedy: UNPACK }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_text_is_told_by_its_content() {
        let cases = [
            (Document::Html, "<!DOCTYPE html><html lang=en><body><p>words</p>"),
            (Document::Html, "<div class=\"a\">words</div>\n<p>more</p>"),
            (Document::Html, "<!-- saved -->\n<HTML><HEAD></HEAD>"),
            (Document::Xml, "\u{FEFF}<?xml version=\"1.0\"?><book><chapter>words</chapter></book>"),
            (Document::Xml, "<svg xmlns=\"http://www.w3.org/2000/svg\"><g></g></svg>"),
            (Document::Json, "{\n  \"title\": \"words\", \"list\": [1, 2"),
            (Document::Json, "[{\"text\":\"words"),
            (Document::JsonLines, "{\"text\":\"words\"}\n{\"text\":\"more\"}\n{\"te"),
            (Document::Table, "id,text\n1,\"words, many\"\n2,more\n3,\"two\nlines\"\n4,d\n5,"),
            (Document::Table, "a\tb\n1\t2\n3\t4\n5\t6\n7\t8\n"),
            (
                Document::Subtitles,
                "1\n00:00:01,000 --> 00:00:02,500\nWords.\n\n2\n00:00:03,000 --> 00:00:04,000\nMore.",
            ),
        ];
        for (expected, head) in cases {
            assert_eq!(Document::of(head), Some(expected), "{head}");
        }
        let page = format!("HTTP/1.1 200 OK\n\n{}", "<li><a href=x>word</a></li>".repeat(6));
        assert_eq!(Document::of(&page), Some(Document::Html));
    }

    #[test]
    fn plain_texts_are_plain() {
        let letters = "The lantern of harbour 3 is copper, and willow 4 is violet.\n".repeat(9);
        let chat = "12/11/26, 10:15 - Ann: Is it you, Bob?\n".repeat(9);
        let code = "fn main() {\n\tprintln!(\"<b>{}</b>\", 1);\n}\n".repeat(9);
        let latex = "\\documentclass{book}\n\\begin{document}\nWords.\n";
        let more = [
            "[1] A footnote first.",
            "[Scene: a room]\n",
            "{curly} words",
            "<3 is a heart",
            "<sigh> he said",
            "a < b, c</d",
            "",
            "[",
            "# Title\n\nwords",
        ];
        for head in [letters.as_str(), &chat, &code, latex].into_iter().chain(more) {
            assert_eq!(Document::of(head), None, "{head}");
        }
    }

    #[test]
    fn wrapped_texts_are_named() {
        let what = |head: &[u8]| Foreign::of(head).map(|foreign| foreign.what);
        assert_eq!(what(b"\n%PDF-1.7\n"), Some("a PDF document"));
        assert_eq!(what(b"\xEF\xBB\xBF{\\rtf1\\ansi words}"), Some("a document in RTF"));
        assert_eq!(what(b"PK\x03\x04..[Content_Types].xml"), Some("an Office document"));
        assert_eq!(what(b"PK\x03\x04..mimetypeapplication/epub+zip"), Some("an EPUB book"));
        assert_eq!(what(b"PK\x03\x04..notes.txt"), Some("a zip archive"));
        assert_eq!(what(b"\x1F\x8B\x08"), Some("a compressed file"));
        assert_eq!(what(b"PK is short for a name. %PDF-1.7 is no beginning here."), None);
    }
}
