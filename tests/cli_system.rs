//! What the system and strangers put in the way: links, devices and pipes, files that shrink, limits of memory, names that are no
//! text or steer a terminal, signals.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

#[path = "shared/binary.rs"]
mod binary;

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use binary::{Ran, Room, finish, json_lines, wait_until_full};
use serde_json::Value;

const TRAIN: &str = "train --data text.txt --config settings.toml --threads 1";

/// Runs `line`, which must fail with `code`, say each of `parts` and, with `--json`, end with an error.
fn refused(room: &Room, line: &str, code: i32, parts: &[&str]) {
    let message = room.refusal(line, code);
    for part in parts {
        assert!(message.contains(part), "{line}: \"{part}\" is missing in: {message}");
    }
    assert_error(&room.run(&format!("{line} --json")), code);
}

/// The command ended with this code and, at the end of its output, an error.
fn assert_error(ran: &Ran, code: i32) -> Value {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    let last = json_lines(&ran.stdout).pop().unwrap_or_default();
    assert_eq!(last["type"], "error", "{ran:?}");
    assert!(last["message"].as_str().is_some_and(|message| !message.is_empty()), "{ran:?}");
    assert!(!last["causes"].as_array().unwrap().is_empty(), "{ran:?}");
    last
}

/// A room with a run in `run`.
fn with_run() -> Room {
    let room = Room::new();
    room.write_text();
    room.json(&format!("{TRAIN} --steps 2 --out run"));
    room
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Waits for a process that must end soon; its exit code.
fn ends(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it did not end");
        }
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_shard_that_shrinks_is_named_and_the_run_can_go_on() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out data");
    let shard = room.path("data/train-00000.bin");
    let whole = fs::read(&shard).unwrap();
    let train = "train --data data --config settings.toml --threads 1 --steps 1000000 --eval-every 1000000 --save-every 1000000";
    let mut child =
        room.command(&format!("{train} --out run")).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    room.wait_for_lines("run", 3);
    fs::write(&shard, b"").unwrap();
    assert_eq!(ends(&mut child), Some(1));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("data/train-00000.bin can no longer be read"), "{said}");
    assert!(said.contains("is saved with all"), "{said}");
    refused(&room, "train --out run --resume", 1, &["train-00000.bin", "truncated"]);
    fs::write(&shard, whole).unwrap();
    let step = room.json("info run/last.safetensors")[0]["step"].as_u64().unwrap();
    room.json(&format!("train --out run --resume --steps {} --threads 1", step + 2));
}

#[test]
fn a_foreign_run_folder_makes_nothing_be_written_elsewhere() {
    let room = with_run();
    room.write("victim", b"precious");
    let replace = |name: &str| {
        let path = room.path("run").join(name);
        let _ = fs::remove_file(&path);
        symlink("../victim", path).unwrap();
    };
    replace(".lock");
    refused(&room, "train --out run --resume --steps 3", 1, &[".lock", "a link", "remove it"]);
    fs::remove_file(room.path("run/.lock")).unwrap();
    assert!(Command::new("mkfifo").arg(room.path("run/.lock")).status().unwrap().success());
    refused(&room, "train --out run --resume --steps 3", 1, &[".lock"]);
    fs::remove_file(room.path("run/.lock")).unwrap();
    for name in ["loss.svg", "best.safetensors", "step-000020.safetensors", "config.toml"] {
        replace(name);
    }
    let resumed = room.run("train --out run --resume --data text.txt --steps 41 --threads 1");
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(fs::read(room.path("victim")).unwrap(), b"precious");
    replace("metrics.jsonl");
    room.run("train --out run --resume --data text.txt --steps 42 --threads 1");
    assert_eq!(fs::read(room.path("victim")).unwrap(), b"precious");
}

/// As on file systems of some cards and shares.
#[test]
fn a_file_is_written_where_there_are_neither_links_nor_renames_that_spare() {
    let room = with_run();
    let export = room.command("export run/last.safetensors --out exported.safetensors");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2,link,linkat"]);
    strace.args(["-e", "inject=renameat2:error=EINVAL", "-e", "inject=link,linkat:error=EPERM"]);
    strace.arg(export.get_program()).args(export.get_args()).current_dir(room.path("."));
    // Where it is installed, and may trace.
    let Ok(output) = strace.output() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    room.json("info exported.safetensors");
    assert!(!strace.output().unwrap().status.success(), "nothing is replaced");
}

#[test]
fn what_is_no_ordinary_file_is_refused_at_once() {
    let room = with_run();
    symlink("/dev/zero", room.path("zero")).unwrap();
    assert!(Command::new("mkfifo").arg(room.path("pipe")).status().unwrap().success());
    room.json("data prepare --input text.txt --out data");
    for special in ["/dev/zero", "zero", "pipe"] {
        let lines = [
            format!("info {special}"),
            format!("generate {special}"),
            format!("generate run/last.safetensors --adapter {special}"),
            format!("eval {special} --data text.txt"),
            format!("grow {special} --to mini --out grown"),
            format!("export {special} --out exported"),
            format!("merge run/last.safetensors --adapter {special} --out merged"),
            format!("train --data text.txt --config {special} --out out"),
            format!("train --data text.txt --from {special} --out out"),
            format!("plan --config {special}"),
        ];
        lines.iter().for_each(|line| refused(&room, line, 1, &[special, "no ordinary file"]));
    }
    for name in ["run/metrics.jsonl", "run/last.safetensors", "data/data.json", "data/train-00000.bin"] {
        let path = room.path(name);
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
        let line = if name.starts_with("run") {
            "train --out run --resume --steps 3 --threads 1"
        } else {
            "train --data data --config settings.toml --out out"
        };
        let ran = room.run(line);
        assert_ne!(ran.code, None, "{name}: {ran:?}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, whole).unwrap();
    }
    let huge = fs::File::create(room.path("huge.toml")).unwrap();
    huge.set_len(10 << 30).unwrap();
    refused(&room, "train --data text.txt --config huge.toml --out out", 1, &["huge.toml", "1.0 MB"]);
}

#[test]
fn paths_that_are_no_text_are_paths_all_the_same() {
    let room = with_run();
    let odd = |name: &str| Path::new(OsStr::from_bytes(&[name.as_bytes(), b"\xff"].concat())).to_owned();
    let folder = room.path("").join(odd("folder"));
    fs::create_dir(&folder).unwrap();
    fs::copy(room.path("run/last.safetensors"), folder.join("model")).unwrap();
    fs::copy(room.path("text.txt"), folder.join("text.txt")).unwrap();
    fs::write(folder.join(odd("binary")), b"\0\x01").unwrap();
    let (model, text) = (folder.join("model"), folder.join("text.txt"));
    let works = |line: &str, paths: &[(&str, &Path)]| {
        for more in ["", "--json"] {
            let mut command = room.command(&format!("{line} {more}"));
            for (flag, path) in paths {
                command.args(flag.split_whitespace()).arg(path);
            }
            let ran = finish(command);
            assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
            // Both times into a place of its own.
            for (_, path) in paths.iter().filter(|(flag, _)| *flag == "--out") {
                let path = room.path("").join(path);
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            }
        }
    };
    works("info", &[("", &model)]);
    works("eval --data text.txt", &[("", &model)]);
    works("eval run/last.safetensors", &[("--data", &text)]);
    works("generate --tokens 2", &[("", &model)]);
    works("export run/last.safetensors", &[("--out", &odd("exported"))]);
    works("export", &[("", &model), ("--out", &odd("exported"))]);
    works("data prepare", &[("--input", &folder), ("--out", &odd("prepared"))]);
    works(&format!("{TRAIN} --steps 2"), &[("--out", &odd("trained"))]);
    works("train --config settings.toml --threads 1 --steps 2", &[("--data", &text), ("--out", Path::new("trained"))]);
}

#[test]
fn every_failure_is_an_object_for_scripts() {
    let room = with_run();
    let usage = [
        "train --data x --stage gigantic --out y",
        "frob",
        "info",
        "info run/last.safetensors --frob",
        "generate x --tokens -5",
        "generate run/last.safetensors --temperature hot",
        "train --data x --stage tiny --out y --batch 0",
        "train --data x --stage tiny --out y --seed 18446744073709551615",
        "data",
        "data prepare",
        "worker --listen nowhere",
    ];
    for line in usage {
        let ran = room.run(&format!("{line} --json"));
        let message = assert_error(&ran, 2)["message"].as_str().unwrap().to_owned();
        assert!(!message.starts_with("error") && !message.contains("Usage:"), "{line}: {message}");
        assert!(room.run(line).stdout.is_empty(), "{line}: only with --json");
    }
    let help = room.run("train --help --json");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
}

#[test]
fn names_cannot_steer_a_terminal() {
    let room = Room::new();
    room.write_text();
    let name = "\u{1b}[2J\u{1b}]0;pwn\u{7}\u{9b}31m\u{202e}x.txt";
    fs::copy(room.path("text.txt"), room.path(name)).unwrap();
    let prepared = room.json(&format!("data prepare --input {name} --out data"));
    assert_eq!(prepared[0]["name"], name, "scripts get it as it is");
    let lines = [
        format!("data prepare --input {name} --out again"),
        "train --data data --config settings.toml --threads 1 --steps 2 --out run".to_owned(),
        "info run/last.safetensors".to_owned(),
        "info run/last.safetensors --json".to_owned(),
        "finetune run/last.safetensors --data data --threads 1 --steps 2 --out tuned".to_owned(),
        format!("info {name}"),
        format!("info run/last.safetensors {name}"),
        format!("train --{name} --json"),
        format!("generate run/last.safetensors --tokens 3 --seed {name}"),
    ];
    for line in lines {
        let ran = room.run(&line);
        let steers = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
        assert!(!(ran.stdout + &ran.stderr).contains(steers), "{line}");
    }
}

/// Runs a command with this much address space, in kilobytes.
fn confined(room: &Room, kilobytes: u64, line: &str) -> Ran {
    let mut command = Command::new("sh");
    let script = format!("ulimit -c 0; ulimit -v {kilobytes}; exec \"$0\" {line}");
    command.current_dir(room.path("")).arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_mmrec")).stdin(Stdio::null());
    finish(command)
}

#[cfg(target_os = "linux")]
#[test]
fn what_does_not_fit_is_refused_and_running_out_is_told() {
    let room = Room::new();
    room.write_text();
    let train = "train --data text.txt --stage tiny --batch 64 --context 512 --steps 1 --threads 1 --out run";
    let ran = confined(&room, 600_000, train);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for part in ["ulimit -v", "--recompute", "--batch", "--ignore-memory"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(!room.path("run").exists(), "it was refused before anything was made");
    assert_error(&confined(&room, 600_000, &format!("{train} --json")), 1);

    let ran = confined(&room, 600_000, &format!("{train} --ignore-memory --json"));
    let error = assert_error(&ran, 1);
    assert!(error["message"].as_str().unwrap().contains("out of memory"), "{ran:?}");
    assert!(ran.stderr.contains("mmrec plan"), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_plan_knows_what_the_process_may_take() {
    let room = Room::new();
    let plan = |kilobytes, line: &str| {
        let ran = confined(&room, kilobytes, &format!("plan {line} --json"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        json_lines(&ran.stdout)[0]["plan"].clone()
    };
    let tight = plan(700_000, "--stage mini --batch 32 --context 512 --rate 10");
    assert_eq!((&tight["fits"], &tight["limited_by"]), (&false.into(), &"the limit set by ulimit -v".into()));
    assert!(tight["limit"].as_u64().unwrap() < 700_000 * 1024);
    let large = plan(1_000_000, "--stage 7b --threads 1");
    assert!(large["basis"].as_str().unwrap().contains("here"), "it was measured in what there is: {large}");
}

#[test]
fn one_signal_ends_what_waits_and_leaves_nothing() {
    let room = Room::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    for signal in ["-INT", "-TERM"] {
        let line = format!("data prepare --tiny-shakespeare --url {url} --sha256 none --out data --json");
        let mut child = room.command(&line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // It has asked, and waits for an answer that never comes.
        let (_silent, _) = listener.accept().unwrap();
        send(signal, &child);
        assert_eq!(ends(&mut child), Some(130), "{signal}");
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(json_lines(&said).last().unwrap()["type"], "error", "{said}");
        assert_eq!(room.names(""), ["settings.toml"], "{signal}");
    }
}

#[test]
fn one_signal_ends_a_model_that_writes_to_nobody() {
    let room = with_run();
    let line = "generate run/last.safetensors --tokens 1000000000";
    // Nobody reads: it soon waits for room in the pipe.
    let mut child = room.command(line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    wait_until_full(child.stdout.as_ref().unwrap());
    send("-TERM", &child);
    assert_eq!(ends(&mut child), Some(130));
}

#[test]
fn folders_that_are_there_and_empty_are_filled() {
    let room = Room::new();
    room.write_text();
    for name in ["a", "b"] {
        fs::create_dir(room.path(name)).unwrap();
        room.write(&format!("{name}/.DS_Store"), b"x");
    }
    symlink("b", room.path("link")).unwrap();
    room.json(&format!("{TRAIN} --steps 2 --out a"));
    room.json("data prepare --input text.txt --out link");
    assert_eq!(room.names("b"), [".DS_Store", "data.json", "train-00000.bin", "val-00000.bin"]);
    room.json("train --data link --config settings.toml --threads 1 --steps 2 --out run");

    symlink("nowhere", room.path("broken")).unwrap();
    let model = "a/last.safetensors";
    let lines = [
        format!("export {model} --out broken"),
        format!("merge {model} --out broken"),
        format!("grow {model} --to mini --out broken"),
        "data prepare --input text.txt --out broken".to_owned(),
        format!("{TRAIN} --steps 2 --out broken"),
    ];
    lines.iter().for_each(|line| refused(&room, line, 1, &["broken is a link that leads nowhere"]));
}
