//! Training over several devices and several processes, on this machine: the same losses as one process has, and clear words when
//! something is amiss.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;
#[cfg(target_os = "linux")]
#[path = "shared/strangers.rs"]
mod strangers;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use binary::{Ran, Room, finish, kill};
use serde_json::Value;

/// Without dropout, whose masks differ by how a batch is divided.
const TRAIN: &str = "train --data text.txt --config settings.toml --dropout 0 --threads 1";

/// A worker on a free port.
struct Worker {
    child: Child,
    address: String,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that has ended already is what this asks for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    /// Starts one, whose notes go to `name`.
    fn start(room: &Room, name: &str) -> Self {
        let mut command = room.command("worker --listen 127.0.0.1:0 --token-file token --threads 1 --json");
        command.env_remove("MMREC_TOKEN").stdout(Stdio::piped()).stderr(File::create(room.path(name)).unwrap());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("a worker began with {line:?}"));
        assert_eq!(listening["type"], "listening");
        Self { child, address: listening["address"].as_str().unwrap().to_owned() }
    }

    #[cfg(unix)]
    fn send(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }
}

fn losses(room: &Room, run: &str) -> Vec<f64> {
    room.metrics(run).iter().map(|line| line["train_loss"].as_f64().unwrap()).collect()
}

/// Both curves are the same but for rounding, as far as the shorter one goes.
fn assert_close(room: &Room, first: &str, second: &str, tolerance: f64) {
    let [first, second] = [first, second].map(|run| losses(room, run));
    assert!(first.len() >= 20 && second.len() >= 20);
    for (step, (a, b)) in first.iter().zip(&second).enumerate() {
        assert!((a - b).abs() <= tolerance * a, "step {}: {a} and {b}", step + 1);
    }
}

/// How a command ends that may use MMREC_TOKEN.
fn run_with_token(room: &Room, line: &str, token: Option<&str>) -> Ran {
    let mut command = room.command(line);
    command.env_remove("MMREC_TOKEN");
    if let Some(token) = token {
        command.env("MMREC_TOKEN", token);
    }
    finish(command)
}

/// How a command refuses; it must write nothing to `run`.
fn refusal(room: &Room, line: &str, token: Option<&str>, code: i32) -> String {
    let ran = run_with_token(room, &format!("{line} --out run"), token);
    assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{line}: {}", ran.stderr);
    assert!(!room.path("run").exists(), "{line}: something was written");
    ran.stderr
}

#[test]
fn shared_steps_have_the_losses_of_one_process() {
    let room = Room::new();
    room.write_text();
    let train = format!("{TRAIN} --steps 24");
    room.json(&format!("{train} --out one"));
    room.json(&format!("{train} --devices cpu,cpu --out local"));
    let [first, second] = ["first", "second"].map(|name| Worker::start(&room, name));
    let (a, b) = (&first.address, &second.address);
    room.json(&format!("{train} --workers {a} --token-file token --out mixed"));
    room.json(&format!("{train} --devices none --workers {a},{b} --token-file token --recompute --out remote"));
    for run in ["local", "mixed", "remote"] {
        assert_close(&room, "one", run, 1e-4);
        assert_eq!(room.names(run), room.names("one"));
    }
    let text = fs::read_to_string(room.path("token")).unwrap();
    let again = run_with_token(&room, &format!("{train} --workers {b} --out again"), Some(&text));
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(
        room.timeless_metrics("mixed"),
        room.timeless_metrics("again"),
        "the same division repeats itself exactly"
    );
    // Before silence would tell: a trainer that ends says so.
    for name in ["first", "second"] {
        soon(|| {
            let notes = fs::read_to_string(room.path(name)).unwrap();
            notes.matches("is connected").count() == 2 && notes.matches("is gone").count() == 2
        });
    }
}

/// Waits until something is so, but not until a worker would find out by 15 seconds of silence.
fn soon(so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(12), "it did not come about");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn plans_and_adapters_are_shared_as_well() {
    let room = Room::new();
    room.write_text();
    let worker = Worker::start(&room, "worker");
    let sharing = format!("--workers {} --token-file token", worker.address);
    let planning = format!("{TRAIN} --steps 20 --planning --gate-rank 2");
    room.json(&format!("{planning} --out planning"));
    room.json(&format!("{planning} {sharing} --out shared-planning"));
    assert_close(&room, "planning", "shared-planning", 1e-4);
    let tuning =
        "finetune planning/last.safetensors --data text.txt --lora 2 --batch 4 --context 32 --steps 20 --threads 1";
    room.json(&format!("{tuning} --out tuned"));
    room.json(&format!("{tuning} {sharing} --out shared-tuned"));
    assert_close(&room, "tuned", "shared-tuned", 1e-3);
}

#[test]
fn dropout_is_drawn_anew_for_every_device() {
    let room = Room::new();
    room.write_text();
    let worker = Worker::start(&room, "worker");
    let train = "train --data text.txt --config settings.toml --steps 24 --dropout 0.2 --threads 1";
    room.json(&format!("{train} --out one"));
    room.json(&format!("{train} --workers {} --token-file token --out shared", worker.address));
    let [one, shared] = ["one", "shared"].map(|run| losses(&room, run));
    assert_ne!(one, shared);
    assert!((one[23] - shared[23]).abs() < 0.1 * one[23], "{one:?} {shared:?}");
}

#[test]
fn a_run_survives_its_worker() {
    let room = Room::new();
    room.write_text();
    let train = format!("{TRAIN} --steps 100000 --eval-every 50000 --save-every 50000");
    let mut worker = Worker::start(&room, "worker");
    let line = format!("{train} --workers {} --token-file token --out run", worker.address);
    let child = room.command(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    room.wait_for_lines("run", 30);
    worker.child.kill().unwrap();
    let killed = Instant::now();
    let ended = child.wait_with_output().unwrap();
    assert!(killed.elapsed() < Duration::from_secs(40), "it took {:?}", killed.elapsed());
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains(&worker.address) && said.contains("--resume") && !said.contains("panicked"), "{said}");
    let step = room.json("info run/last.safetensors")[0]["step"].as_u64().unwrap();
    assert!(step >= 30);
    assert_eq!(room.metrics("run").len() as u64, step, "nothing was lost");

    let until = |line: &str, run: &str, lines: u64| {
        let child = room.start(line);
        room.wait_for_lines(run, lines as usize);
        assert!(kill(child), "it trained still");
    };
    until("train --out run --resume --threads 1", "run", step + 20);
    until(&format!("{train} --out alone"), "alone", step + 20);
    let at = |run: &str| losses(&room, run)[step as usize + 9];
    assert!((at("run") - at("alone")).abs() < 0.02 * at("alone"), "{} {}", at("run"), at("alone"));
    let before = |run: &str| losses(&room, run)[..25].to_vec();
    for (a, b) in before("run").iter().zip(before("alone")) {
        assert!((a - b).abs() < 1e-4 * a, "{a} {b}");
    }
}

#[cfg(unix)]
#[test]
fn a_worker_ends_when_asked_and_tells_its_training() {
    let room = Room::new();
    room.write_text();
    let mut worker = Worker::start(&room, "worker");
    let line = format!("{TRAIN} --steps 100000 --workers {} --token-file token --out run", worker.address);
    let child = room.command(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    room.wait_for_lines("run", 5);
    let asked = Instant::now();
    worker.send("-INT");
    assert_eq!(worker.child.wait().unwrap().code(), Some(130));
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && said.contains("--resume"), "{said}");
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    assert!(fs::read_to_string(room.path("worker")).unwrap().contains("has ended"));
}

#[test]
fn a_worker_serves_those_who_have_its_token() {
    let room = Room::new();
    room.write_text();
    let worker = Worker::start(&room, "worker");
    let train = format!("{TRAIN} --workers {}", worker.address);
    let wrong = refusal(&room, &train, Some(&"wrong".repeat(8)), 1);
    assert!(wrong.contains(&worker.address) && wrong.contains("same token"), "{wrong}");
    assert!(refusal(&room, &train, None, 1).contains("MMREC_TOKEN"));
    assert!(refusal(&room, &train, Some("short"), 1).contains("5 characters"));
    assert!(refusal(&room, &format!("{train} --token-file absent"), None, 1).contains("absent"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::copy(room.path("token"), room.path("open")).unwrap();
        fs::set_permissions(room.path("open"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refusal(&room, &format!("{train} --token-file open"), None, 1).contains("chmod 600"));
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while !fs::read_to_string(room.path("worker")).unwrap().contains("refused 127.0.0.1") {
        assert!(Instant::now() < deadline, "the worker never told of the stranger");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn workers_that_start_together_share_a_new_token() {
    let room = Room::new();
    let names = ["a", "b", "c", "d", "e", "f"];
    let all: Vec<Worker> = std::thread::scope(|scope| {
        names.map(|name| scope.spawn(|| Worker::start(&room, name))).map(|one| one.join().unwrap()).into()
    });
    assert_eq!(all.len(), names.len());
    assert!(room.names("").iter().all(|name| !name.ends_with(".tmp")));
}

#[cfg(unix)]
#[test]
fn a_worker_that_nobody_can_hear_of_or_reach_says_so() {
    let room = Room::new();
    let mut command = room.command("worker --listen 127.0.0.1:0 --token-file token --threads 1 --json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1), "it does not serve");
    let script = "ulimit -n 8; exec \"$0\" worker --listen 127.0.0.1:0 --token-file token";
    let mut command = Command::new("sh");
    command.current_dir(room.path("")).arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_mmrec")).stdin(Stdio::null());
    let ran = finish(command);
    assert!(ran.code == Some(1) && ran.stderr.contains("ulimit -n"), "{ran:?}");
    assert!(!ran.stderr.contains("mistake") && !ran.stderr.contains("panicked"), "{ran:?}");
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let room = Room::new();
    room.write_text();
    let token = "0123456789abcdef".repeat(2);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let absent = refusal(&room, &format!("{TRAIN} --workers {address}"), Some(&token), 1);
    assert!(absent.contains(&address.to_string()) && absent.contains("nobody answered"), "{absent}");
    for (workers, expected) in [("nonsense", "like 127.0.0.1:7611"), ("127.0.0.1:99999", "like 127.0.0.1:7611")] {
        let message = refusal(&room, &format!("{TRAIN} --workers {workers}"), Some(&token), 2);
        assert!(message.contains(workers) && message.contains(expected), "{message}");
    }
    for (flags, expected) in [
        ("--devices none", "--workers"),
        ("--devices cpu,tpu", "the devices are"),
        ("--devices cpu --device cpu", "cannot be used with"),
        ("--devices cpu,cpu,cpu --batch 2", "batch of 2"),
    ] {
        let message = refusal(&room, &format!("{TRAIN} {flags}"), None, 2);
        assert!(message.contains(expected), "{flags}: {message}");
    }
    let taken = run_with_token(&room, &format!("worker --listen {address}"), Some(&token));
    assert!(taken.code == Some(1) && taken.stderr.contains("another program"), "{taken:?}");
}

/// Memory of a process in KiB, as Linux tells of it.
#[cfg(target_os = "linux")]
fn memory(worker: &Worker, what: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", worker.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What a worker must not hold for strangers, in KiB.
#[cfg(target_os = "linux")]
const HELD: u64 = 24 << 10;

#[cfg(target_os = "linux")]
#[test]
fn strangers_get_a_worker_to_hold_little_and_for_seconds() {
    use strangers::{Deed, crowd, flood, half_open};

    let room = Room::new();
    room.write_text();
    let worker = Worker::start(&room, "worker");
    let train = format!("{TRAIN} --steps 24 --workers {} --token-file token", worker.address);
    room.json(&format!("{train} --out before"));
    let target = strangers::worker(worker.address.parse().unwrap(), &room.path("token"));
    let before = memory(&worker, "VmRSS");
    // From here on the highest is counted anew.
    fs::write(format!("/proc/{}/clear_refs", worker.child.id()), "5").unwrap();

    // More than a worker has with anybody.
    let patience = Duration::from_secs(9);
    let silent = Deed { protocol: b"mmrec/knock", streams: 0, bytes: 0 };
    let announcing = Deed { protocol: b"burn/remote/1", streams: 4, bytes: 8 << 20 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcomes = runtime.block_on(async {
        let crowds = [silent, announcing, silent, announcing].map(|deed| {
            let target = target.clone();
            tokio::spawn(async move { crowd(&target, 50, deed, patience).await })
        });
        let first = half_open(&target, 60).await;
        tokio::task::spawn_blocking({
            let address = worker.address.parse().unwrap();
            move || flood(address, &first, 40_000)
        });
        // Somebody who has the token is let in all the same.
        let training = tokio::task::block_in_place(|| room.run(&format!("{train} --out during --json")));
        assert_eq!(training.code, Some(0), "{training:?}");
        let mut outcomes = Vec::new();
        for crowd in crowds {
            outcomes.extend(crowd.await.unwrap());
        }
        // When few come, each has all the time that there is.
        let few = crowd(&target, 3, silent, patience).await;
        assert!(few.len() == 3 && few.iter().all(|outcome| outcome.kept > Some(Duration::from_secs(3))), "{few:?}");
        outcomes.extend(few);
        outcomes
    });
    let held = memory(&worker, "VmHWM").saturating_sub(before);
    let taken: usize = outcomes.iter().map(|outcome| outcome.taken).sum();
    let longest = outcomes.iter().map(|outcome| outcome.kept).max_by_key(|kept| kept.unwrap_or(Duration::MAX));
    println!("{} strangers: {held} KiB held, {taken} bytes taken, kept for {longest:?}", outcomes.len());
    assert!(outcomes.len() >= 32, "too few got to the door for the test to mean something");
    assert!(outcomes.iter().all(|outcome| outcome.kept.is_some()), "connections lived on");
    assert_eq!(taken, 0);
    assert!(held < HELD, "{held} KiB");
    let notes = fs::read_to_string(room.path("worker")).unwrap();
    assert!(notes.matches("refused").count() < 10, "{notes}");
    room.json(&format!("{train} --out after"));
    let after = memory(&worker, "VmRSS").saturating_sub(before);
    println!("afterwards: {after} KiB");
    assert!(after < HELD, "{after} KiB");
    assert_eq!(room.timeless_metrics("before"), room.timeless_metrics("during"));
}
