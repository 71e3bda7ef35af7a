//! Starts that come to nothing, and the next try in the same folder; what killed commands leave behind.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::process::Stdio;

use binary::{Room, of_type};

const TRAIN: &str = "train --config settings.toml --steps 6 --threads 1";

/// A start that ends before its first step: nobody reads what it has to say.
fn fail(room: &Room, line: &str) {
    let mut child =
        room.command(&format!("{line} --json")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1), "{line}");
}

#[test]
fn a_start_that_was_killed_is_tried_again_by_the_same_command() {
    let room = Room::new();
    room.write_text();
    let line = format!("{TRAIN} --data text.txt --out run");
    fail(&room, &line);
    // As it was before its checkpoint, which is written last.
    fs::remove_file(room.path("run/last.safetensors")).unwrap();
    let said = room.refusal("train --out run --resume", 1);
    assert!(said.contains("ended before it could begin") && said.contains("without --resume"), "{said}");
    room.json(&line);
    assert_eq!(room.metrics("run").len(), 6);
    assert!(room.refusal(&line, 1).contains("already holds a run"));
    // The lock alone.
    fs::create_dir(room.path("locked")).unwrap();
    room.write("locked/.lock", b"");
    assert!(room.refusal("train --out locked --resume", 1).contains("start one without --resume"));
    room.json(&format!("{TRAIN} --data text.txt --out locked"));
}

#[test]
fn a_run_without_a_step_may_go_on_or_begin_anew() {
    let room = Room::new();
    room.write_text();
    room.write("other.txt", "Something else entirely, but long enough for a batch. ".repeat(50).as_bytes());
    for (line, out) in
        [("--data text.txt --batch 2", "a"), ("--data other.txt", "b"), ("--data text.txt --tokenizer bpe", "c")]
    {
        fail(&room, &format!("{TRAIN} --data text.txt --out {out}"));
        let ran = room.run(&format!("{TRAIN} {line} --out {out}"));
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
        assert!(ran.stderr.contains("beginning anew"), "{}", ran.stderr);
        assert_eq!(room.metrics(out).len(), 6);
    }
    fail(&room, &format!("{TRAIN} --data text.txt --out run"));
    room.json("train --out run --resume --threads 1");
    assert_eq!(room.metrics("run").len(), 6);
    // The stages of a climb are there from its first moment on.
    let climb = "progressive --to mini --budget tiny=1 --steps 1 --batch 1 --context 16 --eval-windows 1 --threads 1";
    fail(&room, &format!("{climb} --data text.txt --out climb"));
    assert_eq!(of_type(&room.json("progressive --out climb --resume --threads 1"), "grown").len(), 1);
}

/// Who knows whether they can be prepared again.
#[test]
fn data_that_somebody_prepared_are_never_replaced() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out run/data");
    fail(&room, &format!("{TRAIN} --data run/data --out run"));
    room.write("other.txt", "Something else entirely, but long enough for a batch. ".repeat(50).as_bytes());
    let said = room.refusal(&format!("{TRAIN} --data other.txt --out run"), 1);
    assert!(said.contains("is not the text that"), "{said}");
    room.json(&format!("{TRAIN} --data run/data --out run"));
}

/// As good as other data they are told from them only by a record of who made them.
#[test]
fn data_that_somebody_prepared_stay_though_their_text_changed() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out run/data");
    let index = fs::read(room.path("run/data/data.json")).unwrap();
    let line = format!("{TRAIN} --data text.txt --out run");
    fail(&room, &line);
    room.write("text.txt", "Something else entirely, but long enough for a batch. ".repeat(50).as_bytes());
    assert!(room.refusal(&line, 1).contains("is not the text that"));
    assert_eq!(fs::read(room.path("run/data/data.json")).unwrap(), index);
}

#[test]
fn a_start_that_fails_leaves_what_it_finds() {
    let room = Room::new();
    room.write_text();
    // A folder of another program.
    fs::create_dir(room.path("app")).unwrap();
    room.write("app/.lock", b"");
    room.write("app/config.toml", b"precious = 1\n");
    for line in ["--data text.txt", "--data nonexistent.txt"] {
        let said = room.refusal(&format!("{TRAIN} {line} --out app"), 1);
        assert!(said.contains("it holds config.toml"), "{said}");
    }
    assert!(room.refusal("train --out app --resume", 1).contains("no run to resume"));
    assert_eq!(room.names("app"), [".lock", "config.toml"]);
    assert_eq!(fs::read(room.path("app/config.toml")).unwrap(), b"precious = 1\n");
    fs::remove_file(room.path("app/config.toml")).unwrap();
    room.refusal(&format!("{TRAIN} --data nonexistent.txt --out app"), 1);
    assert_eq!(room.names("app"), [".lock"]);
    // A wrong name after a start that was killed, and then another text.
    fail(&room, &format!("{TRAIN} --data text.txt --out run"));
    room.refusal(&format!("{TRAIN} --data nonexistent.txt --out run"), 1);
    assert!(room.path("run/data/data.json").exists(), "what took its time is there still");
    room.write("other.txt", "Something else entirely, but long enough for a batch. ".repeat(50).as_bytes());
    room.json(&format!("{TRAIN} --data other.txt --out run"));
    // A folder that was there already is there still, and empty.
    fs::create_dir_all(room.path("made/data")).unwrap();
    room.refusal(&format!("{TRAIN} --data text.txt --context 100000 --out made"), 1);
    assert_eq!((room.names("made"), room.names("made/data")), (vec!["data".to_owned()], Vec::new()));
}

#[test]
fn files_that_a_killed_command_was_moving_go_with_the_next_one() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out whole");
    for (folder, line) in [
        ("data", "data prepare --input text.txt --out data".to_owned()),
        ("run/data", format!("{TRAIN} --data text.txt --out run")),
    ] {
        let moving = room.path(folder).join(".mmrec-abc.tmp");
        fs::create_dir_all(&moving).unwrap();
        fs::copy(room.path("whole/data.json"), moving.join("data.json")).unwrap();
        fs::write(moving.join(".moving"), "train-00000.bin\nval-00000.bin\ndata.json").unwrap();
        room.write(&format!("{folder}/train-00000.bin"), b"moved");
        room.write(&format!("{folder}/val-00000.bin"), b"moved");
        room.json(&line);
        assert_eq!(room.names(folder), ["data.json", "train-00000.bin", "val-00000.bin"], "{line}");
    }
    // Without the list they may be anybody's.
    fs::create_dir(room.path("mine")).unwrap();
    room.write("mine/train-00000.bin", b"precious");
    assert!(room.refusal("data prepare --input text.txt --out mine", 1).contains("it holds train-00000.bin"));
}

#[test]
fn a_run_in_the_folder_of_its_texts_does_not_read_itself() {
    let room = Room::new();
    room.write_text();
    fs::create_dir(room.path("texts")).unwrap();
    fs::rename(room.path("text.txt"), room.path("texts/text.txt")).unwrap();
    let climb = "progressive --data texts --from tiny --to tiny --steps 1 --batch 1 --context 32 --eval-windows 1";
    for out in ["beside", "texts/run"] {
        room.json(&format!("{climb} --out {out}"));
    }
    let index = |run: &str| fs::read_to_string(room.path(run).join("data/data.json")).unwrap();
    assert_eq!(index("texts/run"), index("beside"));
    // As it is after a kill.
    for name in ["metrics.jsonl", "last.safetensors", "best.safetensors", "best-tiny.safetensors"] {
        fs::remove_file(room.path("texts/run").join(name)).unwrap();
    }
    let prepared = room.json("data prepare --input texts --out prepared");
    assert_eq!(of_type(&prepared, "prepared")[0]["files"], 1);
}

#[test]
fn what_killed_commands_left_goes_with_the_next_one() {
    let room = Room::new();
    room.write_text();
    room.json(&format!("{TRAIN} --data text.txt --out run"));
    room.write("larger.toml", b"[model]\nlayers = 2\n");
    for (line, out) in [
        ("data prepare --input text.txt", "a/data"),
        ("export run/last.safetensors", "b/exported.safetensors"),
        ("grow run/last.safetensors --config larger.toml", "c/grown.safetensors"),
    ] {
        let folder = &out[..1];
        fs::create_dir_all(room.path(folder).join(".mmrec-abc.tmp")).unwrap();
        room.write(&format!("{folder}/.mmrec-abc.tmp/train-00000.bin"), b"half of it");
        room.write(&format!("{folder}/.mmrec-def.tmp"), b"half of it");
        room.write(&format!("{folder}/.mmrec-mine"), b"not of this program");
        room.json(&format!("{line} --out {out}"));
        assert_eq!(room.names(folder), [".mmrec-mine", &out[2..]], "{line}");
    }
}
