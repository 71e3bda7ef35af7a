//! Tiny Shakespeare's download, from a server on this machine.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use binary::{Room, json_lines};
use sha2::{Digest, Sha256};

const TEXT: &str = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n\n";

/// Serves `/text` whole, `/half` cut short, `/moved` by a redirect, and knows nothing else. Returns its address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap())));
    format!("http://{address}")
}

fn text() -> String {
    TEXT.repeat(1_000)
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    let request = lines.next().unwrap_or_default();
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    let text = text();
    let (status, body) = match request.split(' ').nth(1) {
        Some("/text") => ("200 OK", text.as_str()),
        Some("/half") => ("200 OK", &text[..text.len() / 2]),
        Some("/moved") => ("302 Found\r\nLocation: /text", ""),
        _ => ("404 Not Found", "nothing here"),
    };
    let length = if request.contains("/half") { text.len() } else { body.len() };
    // The client may have hung up already, which is its right.
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}

fn sha256() -> String {
    Sha256::digest(text()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_checked_download_is_prepared() {
    let (room, server) = (Room::new(), serve());
    for path in ["text", "moved"] {
        let line = format!("data prepare --tiny-shakespeare --url {server}/{path} --sha256 {} --out {path}", sha256());
        let ran = room.run(&format!("{line} --json"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(json_lines(&ran.stdout)[0]["name"], "Tiny Shakespeare");
        assert_eq!(fs::read_to_string(room.path(path).join("tinyshakespeare.txt")).unwrap(), text());
    }
    let line = format!("data prepare --tiny-shakespeare --url {server}/text --sha256 none --out unchecked");
    let ran = room.run(&line);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("downloading: 82.0 kB of 82.0 kB"), "progress: {}", ran.stderr);
}

#[test]
fn what_is_not_the_text_is_refused_and_leaves_nothing() {
    let (room, server) = (Room::new(), serve());
    let refused = |path: &str, more: &str, part: &str| {
        let line = format!("data prepare --tiny-shakespeare --url {server}/{path} {more} --out out");
        let message = room.refusal(&line, 1);
        assert!(message.contains(part) && message.contains(&server), "{message}");
        assert_eq!(room.names(""), ["settings.toml"], "{line} left something behind");
    };
    refused("text", "", "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed expected");
    refused("half", "--sha256 none", "because:");
    refused("missing", "--sha256 none", "404");
    assert!(
        room.refusal("data prepare --tiny-shakespeare --sha256 abc --out out", 2).contains("64 hexadecimal digits")
    );
}
