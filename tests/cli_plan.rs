//! What a plan says beside what a run takes.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use binary::Room;
use serde_json::Value;

fn plan(room: &Room, line: &str) -> Value {
    room.json(&format!("plan {line}"))[0]["plan"].clone()
}

/// The most memory that a command held, in bytes.
#[cfg(target_os = "linux")]
#[expect(clippy::zombie_processes, reason = "wait4 waits for it")]
fn peak(room: &Room, line: &str) -> f64 {
    let child = room.start(line);
    let (mut status, mut usage) = (0, std::mem::MaybeUninit::<libc::rusage>::uninit());
    // SAFETY: the child is ours and nobody else waits for it; both places outlive the call.
    let waited = unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, 0, usage.as_mut_ptr()) };
    assert_eq!((waited, status), (child.id() as libc::pid_t, 0), "{line}");
    // SAFETY: the call succeeded, so it was filled.
    unsafe { usage.assume_init() }.ru_maxrss as f64 * 1024.0
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_estimated_within_a_tenth_of_what_runs_take() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --tokenizer byte --out data");
    let shapes = [
        "--stage tiny --batch 8 --context 256",
        "--stage tiny --batch 16 --context 512 --recompute",
        "--stage mini --batch 4 --context 512",
        "--stage mini --batch 8 --context 256 --recompute",
        "--stage small --batch 4 --context 256",
        "--stage mini --batch 4 --context 512 --gpt",
    ];
    for (index, shape) in shapes.into_iter().enumerate() {
        let expected = plan(&room, &format!("{shape} --threads 2 --rate 1"))["memory"]["total"].as_f64().unwrap();
        let run = format!("train --data data {shape} --threads 2 --steps 3 --eval-windows 1 --out run-{index}");
        let taken = peak(&room, &run);
        println!("{shape}: {:.1} MB, {:.1} MB expected", taken / 1e6, expected / 1e6);
        assert!((expected / taken - 1.0).abs() < 0.1, "{shape}: {taken} bytes, {expected} expected");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn going_on_takes_no_more_memory_than_beginning() {
    let room = Room::new();
    room.write_text();
    let began =
        "train --data text.txt --stage small --batch 1 --context 32 --steps 2 --eval-windows 1 --threads 1 --out run";
    let began = peak(&room, began);
    // Which has it saved before the first step.
    let went_on = peak(&room, "train --out run --resume --steps 3 --threads 1");
    assert!(went_on < 1.1 * began, "{went_on} bytes, {began} at first");
}

#[test]
fn a_plan_says_what_fits_and_what_to_change() {
    let room = Room::new();
    let fits = plan(&room, "--stage mini --memory 1 --tokens 2000000");
    assert_eq!((&fits["fits"], &fits["parameters"]), (&true.into(), &1_958_712.into()));
    assert!(fits["tokens_per_s"].as_f64().unwrap() > 10.0 && fits["basis"].as_str().unwrap().contains("here"));
    let tight = plan(&room, "--stage base --batch 16 --context 512 --memory 3 --rate 100 --price 2");
    assert_eq!(tight["fits"], false);
    assert_eq!(tight["remedies"][0]["changes"][0], "recompute");
    assert!(tight["remedies"][0]["total"].as_f64().unwrap() < 3e9);
    let (seconds, cost) = (tight["seconds"].as_f64().unwrap(), tight["cost"].as_f64().unwrap());
    assert!((cost - 2.0 * seconds / 3600.0).abs() < 1e-6 * cost);

    let said = room.run("plan --stage 7b --memory 24 --rate 100 --batch 8").stdout;
    assert!(said.contains("fits NOT     in 24.0 GB") && said.contains("--stage large"), "{said}");
    assert!(room.refusal("plan --batch 3", 2).contains("--stage"));
    assert!(room.refusal("plan --stage tiny --memory -1", 2).contains("above 0"));
    assert!(room.refusal("plan --stage tiny --epochs 3", 2).contains("--tokens"));
}
