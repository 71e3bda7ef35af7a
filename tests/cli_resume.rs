//! Runs that end too early, and go on: killed, stopped, asked to stop, with a damaged file.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use binary::{Room, content, of_type};

const TRAIN: &str = "train --data text.txt --config settings.toml --steps 120 --threads 2";

/// A run that nothing interrupted, in `whole`.
fn uninterrupted(room: &Room) {
    room.write_text();
    room.json(&format!("{TRAIN} --out whole"));
}

fn assert_same_runs(room: &Room, first: &str, second: &str) {
    assert_eq!(room.timeless_metrics(first), room.timeless_metrics(second));
    for file in ["last.safetensors", "best.safetensors", "step-000020.safetensors", "step-000100.safetensors"] {
        let of = |run: &str| content(&room.path(run).join(file));
        assert_eq!(of(first).0, of(second).0, "metadata of {file}");
        assert!(of(first).1 == of(second).1, "tensors of {file}");
    }
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let room = Room::new();
    uninterrupted(&room);
    let mut line = format!("{TRAIN} --out killed");
    for (lines, milliseconds) in [(1, 0), (24, 1), (40, 0), (41, 7), (70, 3), (99, 0)] {
        let mut child = room.start(&line);
        room.wait_for_lines("killed", lines);
        sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        line = format!("{TRAIN} --out killed --resume");
    }
    // A torn line, as a crash of the machine may leave it.
    let metrics = room.path("killed/metrics.jsonl");
    let text = fs::read_to_string(&metrics).unwrap();
    fs::write(&metrics, format!("{text}{{\"step\":9999,\"epo")).unwrap();
    room.json(&line);
    assert_same_runs(&room, "whole", "killed");
    let leftovers = room.names("killed").into_iter().filter(|name| name.ends_with(".tmp"));
    assert_eq!(leftovers.count(), 0);
    assert_eq!(of_type(&room.json(&line), "step").len(), 0, "a finished run has nothing left to do");
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_sigterm_save_and_exit() {
    let room = Room::new();
    uninterrupted(&room);
    let mut line = format!("{TRAIN} --out stopped");
    for (signal, lines) in [("-INT", 33), ("-TERM", 66)] {
        let mut child = room.start(&line);
        room.wait_for_lines("stopped", lines);
        send(signal, &child);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        let info = &room.json("info stopped/last.safetensors")[0];
        let step = info["step"].as_u64().unwrap();
        assert!(step >= lines as u64);
        assert_eq!(room.metrics("stopped").last().unwrap()["step"], step, "nothing was lost");
        line = "train --out stopped --resume --threads 2".to_owned();
    }
    room.json(&line);
    assert_same_runs(&room, "whole", "stopped");
}

#[cfg(unix)]
fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_damaged_last_checkpoint_falls_back_to_the_newest_whole_one() {
    let room = Room::new();
    uninterrupted(&room);
    let last = room.path("whole/last.safetensors");
    let expected = content(&last);
    let mut bytes = fs::read(&last).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&last, &bytes).unwrap();
    let ran = room.run("train --out whole --resume --threads 2");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("damaged") && ran.stderr.contains("going on from"), "{}", ran.stderr);
    assert_eq!(content(&last), expected);
    assert_eq!(room.metrics("whole").len(), 120);
}

#[test]
fn a_finished_run_can_be_made_longer() {
    let room = Room::new();
    room.write_text();
    room.json(&format!("{TRAIN} --out run"));
    let events = room.json("train --out run --resume --steps 130");
    assert_eq!(of_type(&events, "step").len(), 10);
    assert_eq!(room.metrics("run").last().unwrap()["step"], 130);
    assert!(fs::read_to_string(room.path("run/config.toml")).unwrap().contains("steps = 130"));
}

#[test]
fn a_run_is_resumed_on_its_own_text_and_settings_only() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out data");
    room.json("data prepare --sample --bytes 20000 --out other");
    room.write("other.txt", "Something else entirely, but long enough for a batch. ".repeat(50).as_bytes());
    room.json("train --data data --config settings.toml --steps 5 --out prepared");
    room.json("train --data text.txt --config settings.toml --steps 5 --out raw");
    for line in [
        "train --data other --out prepared --resume --steps 9",
        "train --data other.txt --out raw --resume --steps 9",
        "train --data other --out raw --resume --steps 9",
    ] {
        let message = room.refusal(line, 1);
        assert!(message.contains("another text") || message.contains("is not the text"), "{message}");
    }
    let message = room.refusal("train --out raw --resume --lr 0.5 --batch 9", 2);
    assert!(message.contains("batch is 4 there and 9 here") && message.contains("lr is 0.01"), "{message}");
    assert!(room.refusal("train --data data --config settings.toml --out raw", 1).contains("--resume"));
    assert!(room.refusal("train --out nowhere --resume", 1).contains("no run to resume"));
    room.json("train --data text.txt --config settings.toml --steps 9 --out raw --resume");
    assert_eq!(room.metrics("raw").len(), 9);
}

#[test]
fn two_processes_never_train_in_one_folder() {
    let room = Room::new();
    room.write_text();
    let mut child = room.start("train --data text.txt --config settings.toml --steps 100000 --out run");
    room.wait_for_lines("run", 1);
    assert!(room.refusal("train --out run --resume", 1).contains("another mmrec is training"));
    child.kill().unwrap();
    child.wait().unwrap();
}
