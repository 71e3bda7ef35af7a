//! Everything a person can get wrong ends with a message that says what and what to do, and leaves nothing behind.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;

use binary::{Room, json_lines};

/// Runs `line`, which must fail with `code`, say each of `parts`, and leave no `out`.
fn refused(room: &Room, line: &str, code: i32, parts: &[&str]) {
    let message = room.refusal(line, code);
    for part in parts {
        assert!(message.contains(part), "{line}: \"{part}\" is missing in: {message}");
    }
    assert!(!room.path("out").exists(), "{line} left something behind");
}

#[test]
fn texts() {
    let room = Room::new();
    room.write("empty.txt", b"");
    room.write("blank.txt", b" \n\n\t \n");
    room.write("binary.txt", b"PK\x03\x04\0\0\0\0");
    room.write("zeros.txt", b"\x07\0\0\0\x01");
    room.write("invalid.txt", b"good text up to here\xff and then more, enough of it to be split in two");
    room.write("short.txt", b"Just a few words.");
    for command in ["data prepare --input", "train --config settings.toml --data"] {
        let try_on = |file: &str, parts: &[&str]| refused(&room, &format!("{command} {file} --out out"), 1, parts);
        try_on("missing.txt", &["missing.txt"]);
        try_on("empty.txt", &["empty.txt", "holds no text"]);
        try_on("blank.txt", &["blank.txt", "holds no text"]);
        try_on("binary.txt", &["binary.txt", "zip archive"]);
        try_on("zeros.txt", &["zeros.txt", "binary", "offset 1"]);
        try_on("invalid.txt", &["invalid.txt", "not valid UTF-8", "offset 20", "--lossy"]);
    }
    refused(&room, "train --config settings.toml --data short.txt --out out", 1, &["too short", "--context"]);
    let lossy = &room.json("data prepare --input invalid.txt --lossy --tokenizer byte --out lossy")[0];
    let tokens = lossy["train_tokens"].as_u64().unwrap() + lossy["val_tokens"].as_u64().unwrap();
    assert_eq!(tokens, 68 - 1 + 3, "one replacement character of three bytes");
    refused(&room, "data prepare --input invalid.txt --out lossy", 1, &["not empty"]);
}

#[test]
fn command_lines() {
    let room = Room::new();
    room.write_text();
    let train = |rest: &str| format!("train --data text.txt --out out {rest}");
    refused(&room, &train("--stage gigantic"), 2, &["unknown stage", "tiny, mini, small"]);
    refused(&room, &train(""), 2, &["--stage"]);
    refused(&room, &train("--stage tiny --config settings.toml"), 2, &["cannot be used with"]);
    refused(&room, &train("--stage tiny --batch 0"), 2, &["batch = 0 is out of range", "between 1 and 4096"]);
    refused(&room, &train("--stage tiny --lr 7"), 2, &["lr = 7 is out of range"]);
    refused(&room, &train("--stage tiny --lr fast"), 2, &["--lr"]);
    refused(&room, &train("--stage tiny --dropout 1.5"), 2, &["dropout = 1.5"]);
    refused(&room, &train("--stage tiny --epochs 0"), 2, &["epochs = 0"]);
    refused(&room, &train("--stage tiny --val 0.9"), 2, &["between 0.001 and 0.5"]);
    refused(&room, &train("--stage tiny --tokenizer words"), 2, &["unknown tokenizer", "char, byte or bpe"]);
    refused(&room, &train("--stage tiny --threads 0"), 2, &["--threads"]);
    refused(&room, &train("--config missing.toml"), 1, &["missing.toml"]);
    refused(&room, "train --stage tiny --out out", 2, &["--data"]);
    refused(&room, "data prepare --out out", 2, &["--input", "--sample", "--tiny-shakespeare"]);
    refused(&room, "data prepare --sample --input text.txt --out out", 2, &["cannot be used with"]);
    room.write("typo.toml", b"stage = \"tiny\"\n[train]\nlearning_rate = 0.1\n");
    refused(&room, &train("--config typo.toml"), 1, &["typo.toml", "unknown field `learning_rate`"]);
    room.write("broken.toml", b"stage = ");
    refused(&room, &train("--config broken.toml"), 1, &["broken.toml", "not a valid settings file"]);
    fs::create_dir(room.path("full")).unwrap();
    room.write("full/diary.txt", b"dear");
    refused(&room, "train --data text.txt --stage tiny --out full", 1, &["not empty", "diary.txt"]);
    refused(&room, "train --out full --resume", 1, &["no run to resume"]);
    assert_eq!(room.names("full"), ["diary.txt"], "other people's folders stay as they are");
}

#[test]
fn checkpoints() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --steps 2 --out run");
    let whole = fs::read(room.path("run/last.safetensors")).unwrap();
    let commands = ["info", "generate --prompt a", "eval --data text.txt"];
    let try_on = |bytes: &[u8], parts: &[&str]| {
        room.write("x.safetensors", bytes);
        for command in commands {
            refused(&room, &format!("{command} x.safetensors"), 1, &[&["x.safetensors"], parts].concat());
        }
    };
    for length in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        try_on(&whole[..length], &[]);
    }
    try_on(&whole[..whole.len() - 4], &["truncated"]);
    let step = whole.len() / 9;
    for place in (0..whole.len()).step_by(step) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        try_on(&flipped, &[]);
    }
    try_on(b"once upon a time there was a text file", &["not a safetensors file"]);
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let foreign = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat();
    try_on(&foreign, &["not saved by mmrec"]);
    let forged = [&(1u64 << 62).to_le_bytes()[..], b"{}"].concat();
    try_on(&forged, &[]);
    refused(&room, "info run", 1, &["is a folder", "best.safetensors"]);
    refused(&room, "info missing.safetensors", 1, &["missing.safetensors"]);
    for flag in ["--temperature -1", "--top-p 0", "--tokens 0"] {
        refused(&room, &format!("generate run/last.safetensors {flag}"), 2, &["out of range"]);
    }
    refused(&room, "eval run/last.safetensors --data text.txt --context 100000", 1, &["too short"]);
    room.json("data prepare --input text.txt --tokenizer byte --out bytes");
    refused(&room, "eval run/last.safetensors --data bytes", 1, &["another tokenizer"]);
}

#[test]
fn damaged_prepared_data() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out data");
    let shard = room.path("data/train-00000.bin");
    let whole = fs::read(&shard).unwrap();
    let train = "train --data data --config settings.toml --out out";
    let mut flipped = whole.clone();
    flipped[1_000] ^= 1;
    fs::write(&shard, &flipped).unwrap();
    refused(&room, train, 1, &["train-00000.bin", "SHA-256"]);
    fs::write(&shard, &whole[..1_000]).unwrap();
    refused(&room, train, 1, &["train-00000.bin", "truncated"]);
    fs::remove_file(&shard).unwrap();
    refused(&room, train, 1, &["train-00000.bin"]);
    room.write("data/data.json", b"{}");
    refused(&room, train, 1, &["data.json"]);
}

#[test]
fn scripts_get_errors_as_json() {
    let room = Room::new();
    let ran = room.run("info missing.safetensors --json");
    assert_eq!(ran.code, Some(1));
    let value = &json_lines(&ran.stdout)[0];
    assert_eq!(value["type"], "error");
    assert!(value["message"].as_str().unwrap().contains("missing.safetensors"));
    assert_eq!(value["causes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_device_that_is_not_there_is_named() {
    let room = Room::new();
    room.write_text();
    let ran = room.run("train --data text.txt --config settings.toml --out out --steps 1 --device wgpu");
    if ran.code == Some(0) {
        eprintln!("skipped: there is an adapter here");
        return;
    }
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("\"wgpu\" cannot be used") && !ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Vulkan") || ran.stderr.contains("--features wgpu"), "{}", ran.stderr);
}

#[test]
fn devices_have_names_and_what_is_missing_is_said() {
    let room = Room::new();
    room.write_text();
    let train = "train --data text.txt --config settings.toml --out out --steps 1 --device";
    assert!(room.refusal(&format!("{train} tpu"), 2).contains("cpu, wgpu, vulkan, metal and cuda"));
    assert!(room.refusal(&format!("{train} cpu:2"), 2).contains("there is one CPU"));
    let missing = room.refusal(&format!("{train} cuda:9"), 1);
    assert!(missing.contains("--features cuda") || missing.contains("NVIDIA"), "{missing}");
    assert!(!room.path("out").exists());
}
