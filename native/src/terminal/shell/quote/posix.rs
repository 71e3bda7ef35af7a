//! Quoting for sh, bash, zsh and fish.

use std::ffi::OsStr;
use std::fmt::Write;

/// One word of a command line, whatever is in it.
pub fn quoted(word: &OsStr) -> String {
    let bytes = word.as_encoded_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+:,./-".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match word.to_str() {
        Some(text) if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => escaped(bytes),
    }
}

/// The form of bash, zsh and newer shells for what a terminal cannot show: control characters, and bytes that are no UTF-8.
fn escaped(bytes: &[u8]) -> String {
    let mut out = "$'".to_owned();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| escape(&mut out, byte)),
                c => out.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| escape(&mut out, *byte));
    }
    out.push('\'');
    out
}

/// In octal: of hexadecimal digits a shell may take more than two.
fn escape(out: &mut String, byte: u8) {
    write!(out, "\\{byte:03o}").expect("a String accepts all writes");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    #[test]
    fn plain_words_stay_and_others_are_quoted() {
        for (word, quoted_word) in [
            ("runs/a-1/best.safetensors", "runs/a-1/best.safetensors"),
            ("", "''"),
            ("my books/run 1", "'my books/run 1'"),
            ("it's", r"'it'\''s'"),
            ("$HOME ~ `id` \"x\" !", "'$HOME ~ `id` \"x\" !'"),
            ("Bücher", "'Bücher'"),
            ("two\nlines\u{1b}[31m", r"$'two\012lines\033[31m'"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), quoted_word);
        }
        assert_eq!(quoted(OsStr::from_bytes(b"caf\xe9 '1")), r"$'caf\351 \'1'");
    }

    #[test]
    fn bash_reads_the_words_that_were_quoted() {
        let mut words: Vec<Vec<u8>> = (1u8..=255).map(|byte| vec![byte, b'1', byte]).collect();
        words.extend([&b""[..], b"=a", b"~", "ä\\'\n\u{85}7".as_bytes(), b"\\'\xff9"].map(<[u8]>::to_vec));
        let line: Vec<String> = words.iter().map(|word| quoted(OsStr::from_bytes(word))).collect();
        let script = format!("printf '%s\\0' {}", line.join(" "));
        let Ok(read) = Command::new("bash").arg("-c").arg(script).output() else { return };
        let read: Vec<&[u8]> = read.stdout.split(|byte| *byte == 0).collect();
        assert_eq!(read[..words.len()], words);
    }
}
