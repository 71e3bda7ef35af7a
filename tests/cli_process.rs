//! A command among other processes: readers of its output that go away or stand still, limits that are set for it, texts that others
//! change under it.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs::{self, File};
use std::io::{Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use binary::{Ran, Room, finish, json_lines, wait_until_full};

/// A run that only a signal or an error ends.
const ENDLESS: &str = "train --config settings.toml --threads 1 --steps 1000000000 --save-every 1000000";

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Waits for a process that must end soon; its exit code.
fn ends(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("it did not end");
}

/// What a process said on standard error, which has ended.
fn said(child: &mut Child) -> String {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    said
}

/// The step that a run was saved at.
fn saved(room: &Room) -> u64 {
    room.json("info run/last.safetensors")[0]["step"].as_u64().unwrap()
}

/// Runs a command under what `ulimit` sets.
fn limited(room: &Room, limit: &str, line: &str) -> Ran {
    let mut command = Command::new("sh");
    let script = format!("ulimit -c 0; ulimit {limit}; exec \"$0\" {line}");
    command.current_dir(room.path("")).arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_mmrec")).stdin(Stdio::null());
    finish(command)
}

#[test]
fn output_that_nobody_reads_ends_well_only_what_was_done() {
    let room = Room::new();
    room.write_text();
    // A command whose output cannot be written, because its reader is gone or a disk is full.
    let unread = |line: &str, full: bool| {
        let out = if full { File::options().write(true).open("/dev/full").unwrap().into() } else { Stdio::piped() };
        let mut child = room.command(line).stdout(out).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        (ends(&mut child), said(&mut child))
    };
    let one = "train --data text.txt --config settings.toml --threads 1 --steps 2 --out one";
    assert_eq!(unread(one, false).0, Some(0), "all was done but to say so");
    for (out, full) in [("closed", false), ("full", true)] {
        let climb = "progressive --data text.txt --to mini --budget tiny=1 --steps 1 --batch 1 --context 16";
        let (code, said) = unread(&format!("{climb} --eval-windows 1 --threads 1 --out {out}"), full);
        assert_eq!(code, Some(1), "{out}: {said}");
        assert!(said.contains(&format!("go on by mmrec progressive --out {out} --resume")), "{said}");
        room.json(&format!("progressive --out {out} --resume --threads 1"));
    }
}

#[test]
fn a_run_is_saved_although_its_readers_stand_still() {
    // So much is said that a pipe is soon full.
    for told in ["--json --eval-every 1000000", "--eval-every 1 --eval-windows 1"] {
        let room = Room::new();
        room.write_text();
        let line = format!("{ENDLESS} --data text.txt {told} --out run");
        let mut child = room.command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        room.wait_for_lines("run", 100);
        let stands_still = || {
            let before = room.metrics("run").len();
            sleep(Duration::from_millis(1_000));
            room.metrics("run").len() == before
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !stands_still() {
            assert!(Instant::now() < deadline, "{told}: the pipe was never full");
        }
        send("-TERM", &child);
        assert_eq!(ends(&mut child), Some(130), "{told}");
        // The line of the last step may be missing: it comes back from the checkpoint.
        let (saved, lines) = (saved(&room), room.metrics("run").len() as u64);
        assert!(saved == lines || saved == lines + 1, "{told}: {saved} of {lines}");
    }
}

#[test]
fn output_that_does_not_wait_is_waited_for() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --threads 1 --steps 2 --out run");
    let (mut reader, writer) = pipe().unwrap();
    // SAFETY: the descriptor is open, and the call changes a flag of it.
    assert_eq!(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }, 0);
    let mut command = room.command("generate run/last.safetensors --tokens 5000 --threads 1 --json");
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    // Which holds the writing end, too.
    drop(command);
    wait_until_full(&reader);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(ends(&mut child), Some(0));
    let values = json_lines(&text);
    assert!(text.len() > 100_000, "more than a pipe holds: {}", text.len());
    assert_eq!(values.last().unwrap()["type"], "generated");
}

#[test]
fn limits_on_files_and_on_time_save_what_there_is() {
    let room = Room::new();
    room.write_text();
    let line = format!("{ENDLESS} --data text.txt --eval-every 1000000 --out run");
    let ran = limited(&room, "-f 500", &line);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("ulimit -f") && ran.stderr.contains("go on by"), "{ran:?}");
    // What was saved is whole, though the limit holds for checkpoints as well.
    saved(&room);
    fs::remove_dir_all(room.path("run")).unwrap();
    let ran = limited(&room, "-S -t 1", &line);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert_eq!(saved(&room), room.metrics("run").len() as u64);
}

#[test]
fn a_shard_that_is_overwritten_is_no_longer_learned_from() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out data");
    let shard = room.path("data/train-00000.bin");
    let whole = fs::read(&shard).unwrap();
    // Ids that the model has, and such as it has not.
    for id in [0, 0xff] {
        let _ = fs::remove_dir_all(room.path("run"));
        fs::write(&shard, &whole).unwrap();
        let line = format!("{ENDLESS} --data data --eval-every 100 --out run");
        let mut child = room.command(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        room.wait_for("run/best.safetensors");
        // In place, so that the file never is shorter.
        let mut file = File::options().write(true).open(&shard).unwrap();
        file.write_all(&vec![id; whole.len()]).unwrap();
        assert_eq!(ends(&mut child), Some(1), "{id}");
        let said = said(&mut child);
        assert!(said.contains("data/train-00000.bin was changed while it was in use"), "{said}");
        assert!(said.contains("it was last saved after step"), "what was learned since is not saved: {said}");
    }
    fs::write(&shard, whole).unwrap();
    let steps = saved(&room) + 2;
    room.json(&format!("train --out run --resume --steps {steps} --threads 1"));
}

#[test]
fn one_signal_ends_the_check_of_data() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out data");
    // A sparse file that takes minutes to read on any machine.
    let tokens = 200u64 << 30;
    File::options().write(true).open(room.path("data/train-00000.bin")).unwrap().set_len(2 * tokens).unwrap();
    let index = fs::read_to_string(room.path("data/data.json")).unwrap();
    let mut index: serde_json::Value = serde_json::from_str(&index).unwrap();
    index["train_tokens"] = tokens.into();
    index["shards"][0]["tokens"] = tokens.into();
    room.write("data/data.json", index.to_string().as_bytes());
    let mut child = room.start("train --data data --config settings.toml --threads 1 --out run");
    room.wait_for("run/.lock");
    sleep(Duration::from_secs(1));
    send("-TERM", &child);
    assert_eq!(ends(&mut child), Some(130), "long before all of it was read");
}

#[cfg(target_os = "linux")]
#[test]
fn a_text_that_is_larger_than_memory_is_not_judged_at_once() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --threads 1 --steps 2 --out run");
    File::create(room.path("big.txt")).unwrap().set_len(1 << 30).unwrap();
    let ran = limited(&room, "-v 1000000", "eval run/last.safetensors --data big.txt --threads 1");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("big.txt") && ran.stderr.contains("mmrec data prepare"), "{ran:?}");
}

#[test]
fn names_of_others_are_no_lines_of_ours() {
    let room = Room::new();
    room.write_text();
    let name = "a\n\nNext: something\u{2028}else\u{200f}.txt";
    fs::create_dir(room.path("texts")).unwrap();
    fs::copy(room.path("text.txt"), room.path("texts").join(name)).unwrap();
    fs::write(room.path("texts").join(format!("{name}-nothing")), "").unwrap();
    let mut prepare = room.command("data prepare --out data --input");
    prepare.arg(room.path("texts").join(name));
    let lines =
        ["train --data data --config settings.toml --threads 1 --steps 2 --out run", "info run/last.safetensors"];
    let mut all = vec![finish(prepare)];
    all.extend(lines.map(|line| room.run(line)));
    all.push(room.run("data prepare --input texts --out again"));
    for ran in all {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let both = ran.stdout + &ran.stderr;
        assert!(!both.contains("\nNext: something") && !both.contains(['\u{2028}', '\u{200f}']), "{both}");
    }
}
