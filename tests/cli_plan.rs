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

/// What a command held of memory, in bytes.
#[cfg(target_os = "linux")]
struct Held {
    /// The most at once.
    peak: f64,
    /// Of that the pages of files, which are the program's own: the machine maps as many around each as it holds together.
    files: f64,
}

#[cfg(target_os = "linux")]
#[expect(clippy::zombie_processes, reason = "wait4 waits for it")]
fn held(room: &Room, line: &str) -> Held {
    let child = room.start(line);
    let pid = child.id() as libc::pid_t;
    let (mut status, mut usage, mut files) = (0, std::mem::MaybeUninit::<libc::rusage>::uninit(), 0.0);
    loop {
        // SAFETY: the child is ours and nobody else waits for it; both places outlive the call.
        let waited = unsafe { libc::wait4(pid, &mut status, libc::WNOHANG, usage.as_mut_ptr()) };
        if waited != 0 {
            assert_eq!((waited, status), (pid, 0), "{line}");
            break;
        }
        files = file_pages(pid).unwrap_or(files);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    // SAFETY: the call that found the child ended filled it.
    let peak = unsafe { usage.assume_init() }.ru_maxrss as f64 * 1024.0;
    Held { peak, files }
}

/// The pages of files that a process holds, in bytes; `None` once it has let go of its memory.
#[cfg(target_os = "linux")]
fn file_pages(pid: libc::pid_t) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let held = status.lines().find_map(|line| line.strip_prefix("RssFile:"))?;
    Some(held.trim().strip_suffix(" kB")?.parse::<f64>().unwrap() * 1024.0)
}

/// Pages of the program's file that the estimate counts with. Two machines held 18 and 26 MB of one program.
#[cfg(target_os = "linux")]
const FILES: f64 = 25e6;

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
        // On a busy machine the threads may take turns, and what they hold never comes together: the most of three runs counts.
        let mut most = 0.0_f64;
        for attempt in 0..3 {
            let out = format!("run-{index}-{attempt}");
            let run = format!("train --data data {shape} --threads 2 --steps 3 --eval-windows 1 --out {out}");
            let Held { peak, files } = held(&room, &run);
            most = most.max(peak - files + FILES);
            println!("{shape}: {:.1} MB, {:.1} MB expected", most / 1e6, expected / 1e6);
            if expected < 1.1 * most {
                break;
            }
        }
        assert!((expected / most - 1.0).abs() < 0.1, "{shape}: {most} bytes, {expected} expected");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn going_on_takes_no_more_memory_than_beginning() {
    let room = Room::new();
    room.write_text();
    let began =
        "train --data text.txt --stage small --batch 1 --context 32 --steps 2 --eval-windows 1 --threads 1 --out run";
    let began = held(&room, began).peak;
    // Which has it saved before the first step.
    let went_on = held(&room, "train --out run --resume --steps 3 --threads 1").peak;
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
