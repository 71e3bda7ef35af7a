//! Runs that are killed at any moment, with saves at almost every step, or whose disk fails: they go on, or begin by the same command,
//! and end as if nothing had happened.
//!
//! `MMREC_KILLS=300` kills so many times, instead of a few. Where `strace` is installed, a third of the kills come with a call that
//! changes files, one after the other, and a third are no kills: the call fails. All others are spread over the time that a run takes.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use binary::{Ran, Room, content, finish, kill, was_killed};

const SAVES: &str = "--eval-every 3 --save-every 2 --eval-windows 2 --warmup 2 --threads 1";
/// What makes changes to files last, or seen.
const CALLS: &str = "rename,renameat2,link,linkat,fsync,fdatasync,unlink,unlinkat,mkdir,rmdir";

/// A run by its first command and by the one that goes on with it, both without `--out`.
struct Case {
    first: String,
    again: &'static str,
}

#[test]
fn a_run() {
    survives(&Room::new(), 16, &Case { first: tiny_run(), again: "train --threads 1" });
}

#[test]
fn a_run_that_trains_an_adapter() {
    let room = Room::new();
    room.write_text();
    room.json(&format!("{} --out base", tiny_run()));
    let first =
        format!("finetune base/last.safetensors --data text.txt --lora 2 --context 32 --batch 4 --steps 7 {SAVES}");
    survives(&room, 6, &Case { first, again: "finetune --threads 1" });
}

#[test]
fn a_run_that_climbs() {
    let first =
        format!("progressive --data text.txt --to mini --budget tiny=4 --steps 2 --context 16 --batch 1 {SAVES}");
    survives(&Room::new(), 4, &Case { first, again: "progressive --threads 1" });
}

fn tiny_run() -> String {
    format!("train --data text.txt --config settings.toml --steps 8 {SAVES}")
}

fn survives(room: &Room, few: usize, case: &Case) {
    room.write_text();
    let began = Instant::now();
    room.json(&format!("{} --out whole", case.first));
    let (took, calls) = (began.elapsed(), calls_of(room, &format!("{} --out traced", case.first)));
    let kills = std::env::var("MMREC_KILLS").map_or(few, |kills| kills.parse().expect("MMREC_KILLS is a number"));
    let (mut lost, mut died) = (Vec::new(), 0);
    for round in 0..kills {
        let share = round as f64 / kills as f64;
        let line = format!("{} --out killed", case.first);
        let call = calls.map(|calls| 1 + (share * calls as f64) as usize);
        died += usize::from(match (round % 3, call) {
            (0, Some(call)) => at_call(room, &line, call, "signal=KILL"),
            (1, Some(call)) => at_call(room, &line, call, "error=EIO"),
            _ => kill_after(room, &line, took.mul_f64(share)),
        });
        let ended = end(room, case, &line);
        assert_eq!(ended.code, Some(0), "after kill {round} of {kills} the run can neither go on nor begin: {ended:?}");
        lost.extend(differences(room).into_iter().map(|name| format!("{name} after kill {round} of {kills}")));
        fs::remove_dir_all(room.path("killed")).unwrap();
    }
    println!("{kills} kills, of which {died} ended it, {} lost: {lost:?}", lost.len());
    assert!(died > 0, "no kill came before the run's own end");
    assert!(lost.is_empty(), "{lost:?}");
}

/// How many calls that change files a command makes; none where they cannot be traced.
fn calls_of(room: &Room, line: &str) -> Option<usize> {
    let log = room.path("calls");
    let ran = traced(room, line, &["-o", log.to_str().unwrap()])?;
    assert!(ran.success(), "{line}");
    Some(fs::read_to_string(log).unwrap().lines().filter(|line| line.contains('(')).count())
}

/// Whether the command died of it: strace ends as what it traces does.
fn at_call(room: &Room, line: &str, call: usize, what: &str) -> bool {
    let ended = traced(room, line, &["-o", "/dev/null", "-e", &format!("inject={CALLS}:{what}:when={call}")]);
    ended.is_some_and(was_killed)
}

fn traced(room: &Room, line: &str, options: &[&str]) -> Option<ExitStatus> {
    let command = room.command(line);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", &format!("trace={CALLS}")]).args(options);
    strace.arg(command.get_program()).args(command.get_args()).current_dir(room.path("."));
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()
}

/// Whether the command died of it.
fn kill_after(room: &Room, line: &str, moment: Duration) -> bool {
    let child = room.start(line);
    sleep(moment);
    kill(child)
}

/// Takes the run to its end as a person would: goes on with it or, where there is nothing to go on with, begins again.
fn end(room: &Room, case: &Case, first: &str) -> Ran {
    let resumed = finish(room.command(&format!("{} --out killed --resume", case.again)));
    if resumed.code == Some(0) { resumed } else { finish(room.command(first)) }
}

/// What the run that was killed has not as the one that was not.
fn differences(room: &Room) -> Vec<String> {
    let mut names = [room.names("whole"), room.names("killed")].concat();
    names.sort();
    names.dedup();
    names.retain(|name| {
        let [whole, killed] = ["whole", "killed"].map(|run| room.path(run).join(name));
        let is_same = || match name.ends_with(".safetensors") {
            true if name.starts_with("adapter") => fs::read(&whole).unwrap() == fs::read(&killed).unwrap(),
            true => content(&whole) == content(&killed),
            false => true,
        };
        !(whole.exists() && killed.exists() && is_same())
    });
    if room.timeless_metrics("whole") != room.timeless_metrics("killed") {
        names.push("metrics".to_owned());
    }
    names
}
