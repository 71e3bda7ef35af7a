//! Runs that end too early, and go on: killed, stopped, asked to stop, with a damaged file.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use binary::{Room, content, kill, of_type};

const TRAIN: &str = "train --data text.txt --config settings.toml --steps 120 --threads 2";
/// The same, to so many steps.
const BEGIN: &str = "train --data text.txt --config settings.toml --threads 2 --out run --steps";

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
    let mut killed = 0;
    for (lines, milliseconds) in [(1, 0), (24, 1), (40, 0), (41, 7), (70, 3), (99, 0)] {
        let child = room.start(&line);
        room.wait_for_lines("killed", lines);
        sleep(Duration::from_millis(milliseconds));
        killed += usize::from(kill(child));
        line = format!("{TRAIN} --out killed --resume");
    }
    assert!(killed > 0, "the run ended before anything killed it");
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

/// Steps whose loss was not read yet are steps; lines of metrics keep to their grid.
#[cfg(unix)]
#[test]
fn ctrl_c_saves_steps_that_were_not_logged() {
    let room = Room::new();
    room.write_text();
    let line = "train --data text.txt --config settings.toml --threads 1 --steps 1000000 --log-every 1000 \
                --eval-every 1000000 --save-every 1000000 --out run";
    let mut child = room.start(line);
    // Nothing tells of these steps, so there is only time to go by: enough for a few of them on any machine.
    room.wait_for("run/last.safetensors");
    sleep(Duration::from_millis(500));
    send("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let info = &room.json("info run/last.safetensors")[0];
    let step = info["step"].as_u64().unwrap();
    assert!(step > 1 && !step.is_multiple_of(1_000), "{step} steps in half a second");
    assert_eq!(room.metrics("run").len() as u64, step / 1_000);
}

/// A process that was stopped for a while, as by Ctrl-Z, has not trained.
#[cfg(unix)]
#[test]
fn interruptions_are_no_training_time() {
    let room = Room::new();
    room.write_text();
    let mut child = room.start("train --data text.txt --config settings.toml --threads 1 --steps 400 --out run");
    room.wait_for_lines("run", 20);
    send("-STOP", &child);
    assert!(child.try_wait().unwrap().is_none(), "it trains still");
    sleep(Duration::from_secs(3));
    send("-CONT", &child);
    assert!(child.wait().unwrap().success());
    let metrics = room.metrics("run");
    let longest =
        metrics.windows(2).map(|pair| pair[1]["seconds"].as_f64().unwrap() - pair[0]["seconds"].as_f64().unwrap());
    let longest = longest.fold(0.0, f64::max);
    assert!(longest < 2.0, "a step of {longest} seconds");
}

/// `mmrec train … | head` has not trained to its end: `&& next` must not go on, and nothing is lost.
#[test]
fn a_reader_that_goes_away_ends_a_run_with_an_error() {
    let room = Room::new();
    uninterrupted(&room);
    let mut command = room.command(&format!("{TRAIN} --out run --json"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.nth(20).unwrap().unwrap().contains("\"step\""));
    drop(lines);
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    let step = room.json("info run/last.safetensors")[0]["step"].as_u64().unwrap();
    assert!(step >= 15 && said.contains(&format!("saved with all {step} steps")), "{said}");
    assert!(said.contains("mmrec train --out run --resume") && said.contains("standard output was closed"), "{said}");
    room.json("train --out run --resume --threads 2");
    assert_same_runs(&room, "whole", "run");
    // Where all work is done, there is nothing to say.
    let mut child = room.command("info run/last.safetensors").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

/// `/dev/full` is a disk without room.
#[cfg(target_os = "linux")]
#[test]
fn a_log_on_a_full_disk_is_said_with_the_way_on() {
    let room = Room::new();
    uninterrupted(&room);
    for line in [format!("{TRAIN} --out run --json"), "train --out run --resume --threads 2 --json".to_owned()] {
        let mut command = room.command(&line);
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = command.stdout(full).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("mmrec train --out run --resume") && said.contains("free space"), "{said}");
    }
    room.json("train --out run --resume --threads 2");
    assert_same_runs(&room, "whole", "run");
}

/// The step is trained and `last` is written, then the disk fails: neither is lost, and the best checkpoint is written later.
#[test]
fn a_save_that_fails_is_made_up_for() {
    let room = Room::new();
    uninterrupted(&room);
    room.json(&format!("{BEGIN} 5"));
    let obstacle = room.path("run/best.safetensors");
    fs::remove_file(&obstacle).unwrap();
    fs::create_dir_all(obstacle.join("in the way")).unwrap();
    let said = room.refusal("train --out run --resume --steps 120 --threads 2", 1);
    assert!(said.contains("saved with all") && said.contains("mmrec train --out run --resume"), "{said}");
    fs::remove_dir_all(&obstacle).unwrap();
    room.json("train --out run --resume --threads 2");
    let info = |file: &str| room.json(&format!("info run/{file}.safetensors"))[0].clone();
    assert_eq!(info("best")["step"], info("last")["best"]["step"]);
}

#[test]
fn curves_that_cannot_be_drawn_end_no_run() {
    let room = Room::new();
    room.write_text();
    room.json(&format!("{BEGIN} 5"));
    fs::remove_file(room.path("run/loss.svg")).unwrap();
    fs::create_dir_all(room.path("run/loss.svg/in the way")).unwrap();
    let ran = room.run("train --out run --resume --steps 30 --json");
    assert_eq!((ran.code, ran.stderr.matches("the curves are not drawn").count()), (Some(0), 1), "{ran:?}");
}

#[test]
fn the_newest_checkpoints_are_kept_where_that_is_asked_for() {
    let room = Room::new();
    room.write_text();
    let steps = || -> Vec<_> {
        let of_step = |name: &String| Some(name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().unwrap());
        room.names("run").iter().filter_map(of_step).collect::<Vec<u32>>()
    };
    room.json(&format!("{BEGIN} 60 --save-every 10 --keep 3"));
    assert_eq!(steps(), [30, 40, 50], "the last step has last.safetensors");
    room.json("train --out run --resume --steps 80 --threads 2");
    assert_eq!(steps(), [40, 50, 70], "as it was told at first");
    room.json("train --out run --resume --steps 100 --threads 2 --keep all");
    assert_eq!(steps(), [40, 50, 70, 90]);
    room.json("train --out run --resume --threads 2 --keep 1");
    assert_eq!(steps(), [90], "also of a run that has nothing left to do");
    assert!(room.refusal("train --out run --resume --keep 0", 2).contains("above 0"));
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
fn settings_that_change_no_number_may_change_and_stay_changed() {
    let room = Room::new();
    uninterrupted(&room);
    room.json(&format!("{TRAIN} --out run").replace("--steps 120", "--steps 60"));
    let changes = "--steps 120 --save-every 30 --eval-every 40 --eval-windows 3 --log-every 5 --sample-every 50 --sample-tokens 4";
    let ran = room.run(&format!("train --out run --resume --threads 2 --patience 9 {changes}"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("save_every is 30 (it was 20)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the learning rate follows the schedule of 120 steps"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--- sample at step 100"), "{}", ran.stderr);
    let names = room.names("run");
    assert!(
        names.contains(&"step-000090.safetensors".to_owned()) && !names.contains(&"step-000080.safetensors".to_owned())
    );
    let config = fs::read_to_string(room.path("run/config.toml")).unwrap();
    let kept = &room.json("info run/last.safetensors")[0]["train"];
    for (name, value) in [("save_every", 30), ("eval_every", 40), ("log_every", 5), ("patience", 9)] {
        assert!(config.contains(&format!("{name} = {value}")) && kept[name] == value, "{name}");
    }
    let steps: Vec<_> =
        room.metrics("run").iter().filter_map(|line| line["step"].as_u64()).filter(|step| *step > 60).collect();
    assert_eq!(steps, (65..=120).step_by(5).collect::<Vec<_>>());

    // Every number of the training is what it would have been.
    room.json(&format!("{TRAIN} --out watched --recompute --eval-every 7 --log-every 3"));
    assert_eq!(content(&room.path("whole/last.safetensors")).1, content(&room.path("watched/last.safetensors")).1);
    let child = room.start(&format!("{TRAIN} --out killed"));
    room.wait_for_lines("killed", 25);
    assert!(kill(child), "the run ended before anything killed it");
    room.json("train --out killed --resume --threads 2 --eval-every 7 --log-every 3 --recompute");
    assert_eq!(content(&room.path("whole/last.safetensors")).1, content(&room.path("killed/last.safetensors")).1);
}

#[test]
fn a_run_that_patience_ended_goes_on_when_asked_and_says_what_is_true() {
    let room = Room::new();
    room.write_text();
    // A rate at which nothing is learned: the first evaluation is the best or nearly so.
    let line =
        "train --data text.txt --config settings.toml --out run --lr 1e-12 --patience 2 --steps 500 --eval-every 2";
    let ended = |line: &str| {
        let events = room.json(line);
        let last = events.last().unwrap().clone();
        (of_type(&events, "eval").len(), last["reason"].clone(), last["message"].as_str().unwrap().to_owned())
    };
    let (_, reason, message) = ended(line);
    assert!(reason == "plateau" && message.contains("2 evaluations brought"), "{message}");
    let (evaluations, _, same) = ended(&format!("{line} --resume"));
    assert_eq!((evaluations, same), (0, message), "the same line again asks for nothing more");
    let (evaluations, _, message) = ended("train --out run --resume --patience 3");
    assert!(evaluations >= 3 && message.contains("3 evaluations brought"), "{evaluations} {message}");
    let (evaluations, _, message) = ended("train --out run --resume --steps 600");
    assert!(evaluations >= 3 && message.contains("3 evaluations brought"), "{evaluations} {message}");
    let taken = room.json("info run/last.safetensors")[0]["step"].as_u64().unwrap();
    let (_, reason, _) = ended(&format!("train --out run --resume --patience 0 --steps {}", taken + 9));
    assert_eq!(reason, "steps");
}

#[test]
fn refusals_name_a_command_that_works() {
    let room = Room::new();
    room.write_text();
    room.write("more.txt", "The house of number 3 is green, and the lamp is grey.\n".repeat(200).as_bytes());
    room.json("train --data text.txt --config settings.toml --steps 10 --out run");
    let named = |line: &str, code: i32| {
        let message = room.refusal(line, code);
        let at = message.find("mmrec train --").unwrap_or_else(|| panic!("{message}"));
        let command = message[at..].lines().next().unwrap().trim_start_matches("mmrec ").to_owned();
        room.json(&format!("{command} --steps 2"));
        command
    };
    let command = named("train --out run --resume --lr 0.002 --batch 2", 2);
    assert!(
        command.contains("--out run-2") && command.contains("--batch 2") && command.contains("--lr 0.002"),
        "{command}"
    );
    let train = &room.json("info run-2/last.safetensors")[0]["train"];
    assert_eq!((&train["lr"], &train["batch"], &train["warmup"]), (&0.002.into(), &2.into(), &5.into()));
    assert!(named("train --data more.txt --out run --resume", 1).contains("--data more.txt --out run-3"));
    let sizes = room.refusal("train --out run --resume --stage mini", 2);
    assert!(sizes.contains("mmrec grow") && sizes.contains("width is 16 there and 192 here"), "{sizes}");
    // A run whose numbers ran away.
    let away = "train --data text.txt --config settings.toml --out away --lr 1 --clip 1000000 --warmup 0 --weight-decay 10 --steps 60";
    if room.run(away).code == Some(1) {
        named(away.replace("--data text.txt", "--resume --data text.txt").as_str(), 1);
    }
}

#[test]
fn data_that_were_moved_are_asked_for() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out data");
    room.json("train --data data --config settings.toml --steps 4 --out run");
    fs::rename(room.path("data"), room.path("moved")).unwrap();
    let message = room.refusal("train --out run --resume --steps 6", 1);
    assert!(message.contains("no longer at") && message.contains("--out run --resume --data NEW-PLACE"), "{message}");
    let message = room.refusal("eval run/last.safetensors --data run", 1);
    assert!(message.contains("no longer there"), "{message}");
    room.json("train --out run --resume --steps 6 --data moved");
    room.json("train --out run --resume --steps 8");
}

#[test]
fn numbers_that_no_training_gives_are_refused_and_nothing_older_is_taken_instead() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --steps 4 --out run");
    let path = room.path("run/last.safetensors");
    let whole = fs::read(&path).unwrap();
    let mut forged = whole.clone();
    // As long as before, so that the header's length stays right.
    replace(&mut forged, b"\\\"stale\\\":0", b"\\\"stale\\\":9");
    seal(&mut forged);
    fs::write(&path, forged).unwrap();
    let ran = room.run("train --out run --resume --steps 6 --json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let error = &binary::json_lines(&ran.stdout)[0];
    assert!(error["message"].as_str().unwrap().contains("stale = 9 is out of range"), "{error}");
}

fn place(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).unwrap()
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let at = place(bytes, from);
    bytes[at..at + to.len()].copy_from_slice(to);
}

/// Makes the checksum right.
fn seal(bytes: &mut [u8]) {
    use sha2::{Digest, Sha256};
    let at = place(bytes, b"\"checksum\":\"") + 12;
    bytes[at..at + 64].fill(b'0');
    let hash = Sha256::digest(&*bytes);
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes[at..at + 64].copy_from_slice(digits.as_bytes());
}

/// Neither by mistake nor by the settings of a folder that came from somebody else.
#[test]
fn another_text_leaves_nothing_in_a_run() {
    let room = Room::new();
    room.write_text();
    room.write("other.txt", "The house of number 3 is green, and the lamp is grey.\n".repeat(200).as_bytes());
    room.json("train --data text.txt --config settings.toml --steps 4 --out run");
    fs::remove_dir_all(room.path("run/data")).unwrap();
    let names = room.names("run");
    let said = room.refusal("train --out run --resume --steps 6 --data other.txt", 1);
    assert!(said.contains("\"other.txt\" is another text"), "{said}");
    let config = fs::read_to_string(room.path("run/config.toml")).unwrap();
    room.write("run/config.toml", config.replace("text.txt", "other.txt").as_bytes());
    room.refusal("train --out run --resume --steps 6", 1);
    assert_eq!(room.names("run"), names);
    room.json("train --out run --resume --steps 6 --data text.txt");
    assert!(room.path("run/data/data.json").exists());
}

#[cfg(unix)]
#[test]
fn a_run_whose_folder_was_moved_says_so_and_goes_on_there() {
    let room = Room::new();
    room.write_text();
    let line = "train --data text.txt --config settings.toml --steps 100000 --save-every 100 --eval-every 100000";
    let command = room.command(&format!("{line} --out run"));
    let child = { command }.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    room.wait_for("run/step-000100.safetensors");
    fs::rename(room.path("run"), room.path("moved")).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no longer there") && said.contains("--out and that place"), "{said}");
    assert!(!said.contains("--out run --resume") && !room.path("run").exists(), "{said}");
    let step = room.json("info moved/last.safetensors")[0]["step"].as_u64().unwrap();
    room.json(&format!("train --out moved --resume --steps {}", step + 2));
}

#[test]
fn two_processes_never_train_in_one_folder() {
    let room = Room::new();
    room.write_text();
    let child = room.start("train --data text.txt --config settings.toml --steps 100000 --out run");
    room.wait_for_lines("run", 1);
    assert!(room.refusal("train --out run --resume", 1).contains("another mmrec is training"));
    assert!(kill(child), "it trained still");
}
