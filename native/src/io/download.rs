//! Downloads: checked, whole or not at all.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::io::atomic_file;
use crate::terminal::format;

/// Where Tiny Shakespeare comes from.
pub const TINY_SHAKESPEARE_URL: &str =
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt";

/// The SHA-256 of Tiny Shakespeare (1,115,394 bytes).
pub const TINY_SHAKESPEARE_SHA256: &str = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed";

/// The most that is accepted: this is for small texts, and a server may send without end.
const LIMIT: u64 = 1 << 30;

/// What a download is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// The SHA-256, in lower-case hexadecimal.
    Sha256(String),
    /// Nothing.
    Unchecked,
}

impl std::str::FromStr for Checksum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        if text == "none" {
            return Ok(Self::Unchecked);
        }
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self::Sha256(text));
        }
        Err("a SHA-256 has 64 hexadecimal digits; \"none\" skips the check".to_owned())
    }
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Size of the file.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Downloads `url` to the file `target`. `progress` is told the bytes so far and, where the server says, how many there will be.
pub fn download(
    url: &str,
    checksum: &Checksum,
    target: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Received> {
    let mut received = None;
    let fill = |file: &mut dyn Write| {
        let got = receive(url, file, progress)?;
        verify(&got, checksum)?;
        received = Some(got);
        Ok(())
    };
    atomic_file::write_with(target, fill).with_context(|| format!("downloading {url} failed"))?;
    received.context("nothing was received")
}

fn receive(url: &str, file: &mut dyn Write, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<Received> {
    let response = agent().get(url).call().context("the request failed")?;
    let total = response.body().content_length();
    let mut body = response.into_body().into_reader();
    let (mut hash, mut bytes) = (Sha256::new(), 0u64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = body.read(&mut buffer).context("the connection broke off")?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        ensure!(bytes <= LIMIT, "more than {}: download it with other tools and use --input", format::size(LIMIT));
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read])?;
        progress(bytes, total);
    }
    if let Some(total) = total {
        ensure!(bytes == total, "{} of {} came: the download is truncated", bytes, format::count(total, "byte"));
    }
    Ok(Received { bytes, sha256: format::hex(&hash.finalize()) })
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .user_agent(concat!("mmrec/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_recv_body(Some(Duration::from_secs(3_600)))
        .build()
        .into()
}

fn verify(received: &Received, checksum: &Checksum) -> Result<()> {
    match checksum {
        Checksum::Sha256(expected) if *expected != received.sha256 => bail!(
            "what came is not the file that was expected ({}): its SHA-256 is {}, {expected} expected. \
             Give its own with --sha256 HEX, or --sha256 none to accept any",
            format::count(received.bytes, "byte"),
            received.sha256,
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread;

    /// Answers one request with `response` and returns the address.
    fn serve(response: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            stream.write_all(&response).unwrap();
        });
        format!("http://{address}/input.txt")
    }

    fn response(status: &str, length: usize, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
    }

    fn sha256(text: &str) -> Checksum {
        Checksum::Sha256(format::hex(&Sha256::digest(text)))
    }

    /// Downloads from `url`; an error comes as its whole chain. Whatever happens, nothing but the target may be left.
    fn try_download(url: &str, checksum: &Checksum) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("text");
        let result = download(url, checksum, &target, &mut |_, _| {});
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, usize::from(result.is_ok()), "only a whole file may be left");
        match result {
            Ok(_) => Ok(std::fs::read_to_string(target).unwrap()),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    #[test]
    fn a_checked_file_arrives_with_progress() {
        let text = "To be, or not to be. ".repeat(10_000);
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("text");
        let mut seen = Vec::new();
        let url = serve(response("200 OK", text.len(), &text));
        let received = download(&url, &sha256(&text), &target, &mut |done, total| seen.push((done, total))).unwrap();
        assert_eq!(received.bytes, text.len() as u64);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), text);
        assert_eq!(seen.last(), Some(&(text.len() as u64, Some(text.len() as u64))));
        assert!(seen.is_sorted() && seen.len() > 1);
    }

    #[test]
    fn another_text_is_refused_unless_accepted() {
        let error = try_download(&serve(response("200 OK", 3, "abc")), &sha256("xyz")).unwrap_err();
        assert!(error.contains("SHA-256 is ba7816bf") && error.contains("--sha256"), "{error}");
        let text = try_download(&serve(response("200 OK", 3, "abc")), &Checksum::Unchecked);
        assert_eq!(text.as_deref(), Ok("abc"));
    }

    #[test]
    fn a_missing_page_names_the_status() {
        let error = try_download(&serve(response("404 Not Found", 4, "gone")), &Checksum::Unchecked).unwrap_err();
        assert!(error.contains("404"), "{error}");
    }

    #[test]
    fn a_truncated_body_is_refused_even_unchecked() {
        let error = try_download(&serve(response("200 OK", 100, "only this")), &Checksum::Unchecked).unwrap_err();
        assert!(error.contains("broke off") || error.contains("truncated"), "{error}");
    }

    #[test]
    fn nobody_listening() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let error = try_download(&url, &Checksum::Unchecked).unwrap_err();
        assert!(error.contains("the request failed"), "{error}");
    }

    #[test]
    fn checksums_are_parsed() {
        assert_eq!("none".parse(), Ok(Checksum::Unchecked));
        assert_eq!(
            TINY_SHAKESPEARE_SHA256.to_uppercase().parse(),
            Ok(Checksum::Sha256(TINY_SHAKESPEARE_SHA256.to_owned()))
        );
        assert!("abc".parse::<Checksum>().is_err());
    }
}
