//! Files whose text is wrapped in something else, known by their first bytes.

/// A file that has to be turned into plain text first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
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
