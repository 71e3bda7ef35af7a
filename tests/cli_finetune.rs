//! Fine-tuning from the command line, and what becomes of adapters.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use binary::{Room, content, kill, of_type};
use serde_json::Value;

const TUNE: &str = "--context 32 --batch 4 --eval-every 10 --eval-windows 0 --save-every 20 --warmup 5 --threads 2";

/// A room with a model of two blocks that learned `text.txt`, in `base.safetensors`, and another text in its letters.
fn trained() -> Room {
    let room = Room::new();
    room.write_text();
    let settings = binary::SETTINGS.replace("layers = 1", "layers = 2").replace("dropout = 0.1", "dropout = 0.0");
    room.write("settings.toml", settings.as_bytes());
    let lines =
        (0..500).map(|i| format!("a {} lamp is in the {} of stone {}.\n", ["red", "blue"][i % 2], "river", i % 7));
    room.write("other.txt", lines.collect::<String>().as_bytes());
    room.json("data prepare --input text.txt --out data");
    room.json("train --data data --config settings.toml --steps 60 --out run");
    fs::copy(room.path("run/last.safetensors"), room.path("base.safetensors")).unwrap();
    room
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The validation loss of a checkpoint, with or without adapters, on the whole of a text.
fn loss(room: &Room, checkpoint: &str, text: &str) -> f64 {
    number(&room.json(&format!("eval {checkpoint} --data {text} --part whole --context 32"))[0]["val_loss"])
}

fn size(room: &Room, name: &str) -> u64 {
    fs::metadata(room.path(name)).unwrap().len()
}

#[test]
fn an_adapter_learns_another_text_and_is_used_beside_its_base() {
    let room = trained();
    let base = fs::read(room.path("base.safetensors")).unwrap();
    let before = loss(&room, "base.safetensors", "other.txt");
    let events =
        room.json(&format!("finetune base.safetensors --data other.txt --lora 4 --out tuned --steps 60 {TUNE}"));
    let start = of_type(&events, "start")[0];
    assert!(number(&start["trained_parameters"]) < number(&start["parameters"]), "{start}");
    assert_eq!(fs::read(room.path("base.safetensors")).unwrap(), base, "the base is only read");
    assert!(size(&room, "tuned/adapter.safetensors") < base.len() as u64 / 3);

    let held = &room.json("eval base.safetensors --adapter tuned/adapter.safetensors --data other.txt --context 32")[0];
    assert_eq!(held["part"], "validation", "an adapter knows what it learned");

    // The run's checkpoint has the adapter in it: it is judged, and goes on to be trained, as it is.
    let with = "base.safetensors --adapter tuned/adapter.safetensors";
    let after = loss(&room, with, "other.txt");
    assert!(after < before - 0.3, "the loss was {before} and is {after}");
    assert!((loss(&room, "tuned/best.safetensors", "other.txt") - after).abs() < 1e-6);

    let merged = &room.json(&format!("merge {with} --out merged/all.safetensors"))[0];
    assert_eq!((&merged["type"], &merged["adapters"]), (&"merged".into(), &1.into()));
    assert!((loss(&room, "merged/all.safetensors", "other.txt") - after).abs() < 1e-6);
    room.json("merge tuned/best.safetensors --out merged/itself.safetensors");
    assert!(
        room.refusal(&format!("merge {with}=3e38 --out merged/no.safetensors"), 2).contains("between -1000 and 1000")
    );
    let written = |line: &str| room.json(&format!("generate {line} --prompt a --tokens 60 --seed 5"));
    let text = |values: &[Value]| of_type(values, "generated")[0]["text"].clone();
    let beside = text(&written(with));
    assert_eq!(beside, text(&written("merged/all.safetensors")));
    assert_eq!(beside, text(&written("merged/itself.safetensors")));
    assert_ne!(beside, text(&written("base.safetensors")));
    // None of it, and half of it twice.
    assert_eq!(text(&written(&format!("{with}=0"))), text(&written("base.safetensors")));
    let half = "--adapter tuned/adapter.safetensors=0.5";
    assert!((loss(&room, &format!("base.safetensors {half} {half}"), "other.txt") - after).abs() < 1e-4);

    let info = &room.json("info tuned/adapter.safetensors")[0];
    assert_eq!((&info["type"], &info["about"]["config"]["rank"]), (&"adapter".into(), &4.into()));
    assert_eq!(info["about"]["text"], of_type(&events, "start")[0]["data"]);
    assert!(room.run("info tuned/adapter.safetensors").stdout.contains("of rank 4, alpha 4"));
    assert!(room.run("info tuned/last.safetensors").stdout.contains("adapters of rank 4"));
    assert_eq!(room.json("info merged/all.safetensors")[0]["resumable"], false);

    // What was merged is an ordinary model: it grows, and is trained on.
    room.write("larger.toml", b"[model]\nlayers = 3\n");
    room.json("grow merged/all.safetensors --config larger.toml --out larger.safetensors");
    let grown = &room.json("grow tuned/last.safetensors --config larger.toml --out grown.safetensors")[0];
    assert_eq!(grown["moments"], false);
    room.json(&format!("train --from larger.safetensors --data other.txt --out more --steps 2 {TUNE}"));
}

#[test]
fn the_whole_model_or_its_last_blocks_learn_another_text() {
    let room = trained();
    let before = loss(&room, "base.safetensors", "other.txt");
    let rate = |name: &str| {
        let config = fs::read_to_string(room.path(name).join("config.toml")).unwrap();
        config.lines().find_map(|line| line.strip_prefix("lr = ")).unwrap().parse::<f64>().unwrap()
    };
    for (out, flags) in [("whole", ""), ("part", "--freeze 1")] {
        room.json(&format!("finetune base.safetensors --data other.txt {flags} --out {out} --steps 40 {TUNE}"));
        let after = loss(&room, &format!("{out}/best.safetensors"), "other.txt");
        assert!(after < before - 0.3, "{out}: the loss was {before} and is {after}");
        assert!(!room.path(out).join("adapter.safetensors").exists());
    }
    room.json(&format!("train --from base.safetensors --data other.txt --out train --steps 1 {TUNE}"));
    assert!((rate("whole") * 4.0 - rate("train")).abs() < 1e-9, "a quarter of a fresh model's rate");
    // Two thirds of a file are moments, which frozen blocks have none of.
    assert!(size(&room, "part/last.safetensors") < size(&room, "whole/last.safetensors") * 3 / 4);
    let config = fs::read_to_string(room.path("part/config.toml")).unwrap();
    assert!(config.contains("freeze = 1") && !config.contains("lora"), "{config}");
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let room = trained();
    for (name, flags) in [("adapter", "--lora 4 --freeze 1 --dropout 0.1"), ("part", "--freeze 1")] {
        let line = format!("finetune base.safetensors --data other.txt {flags} --steps 80 {TUNE}");
        let (whole, killed) = (format!("whole-{name}"), format!("killed-{name}"));
        room.json(&format!("{line} --out {whole}"));
        let mut next = format!("{line} --out {killed}");
        let mut kills = 0;
        for (lines, milliseconds) in [(1, 0), (24, 1), (41, 5), (66, 3)] {
            let child = room.start(&next);
            room.wait_for_lines(&killed, lines);
            sleep(Duration::from_millis(milliseconds));
            kills += usize::from(kill(child));
            next = format!("finetune --out {killed} --resume --threads 2");
        }
        assert!(kills > 0, "the run ended before anything killed it");
        room.json(&next);
        assert_eq!(room.timeless_metrics(&whole), room.timeless_metrics(&killed));
        for file in ["last.safetensors", "best.safetensors", "step-000040.safetensors"] {
            let of = |run: &str| content(&room.path(run).join(file));
            assert!(of(&whole) == of(&killed), "{name}: {file}");
        }
        assert_eq!(room.names(&whole), room.names(&killed));
        for file in ["adapter.safetensors", "adapter-last.safetensors"] {
            let of = |run: &str| fs::read(room.path(run).join(file)).ok();
            assert!(of(&whole) == of(&killed), "{file}");
            assert_eq!(of(&whole).is_some(), name == "adapter");
        }
    }
    // Settings stay; more steps may be asked for, also by mmrec train.
    let refused = room.refusal("finetune --out whole-adapter --resume --lora 8 --freeze 0", 2);
    assert!(refused.contains("lora is 4 there and 8 here") && refused.contains("freeze is 1 there"), "{refused}");
    room.json("finetune --out whole-adapter --resume --lora 4 --steps 82");
    room.json("train --out whole-adapter --resume --steps 84");
    assert_eq!(room.metrics("whole-adapter").last().unwrap()["step"], 84);
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_nothing() {
    let room = trained();
    room.json(&format!("finetune base.safetensors --data other.txt --lora 2 --out tuned --steps 10 {TUNE}"));
    let refused = |line: &str, code: i32, parts: &[&str]| {
        let message = room.refusal(line, code);
        assert!(parts.iter().all(|part| message.contains(part)), "{line}: {message}");
        assert!(!room.path("out").exists() && !room.path("out.safetensors").exists(), "{line} left something behind");
    };
    let tune = "finetune base.safetensors --data other.txt --out out";
    refused(&format!("{tune} --freeze 2"), 2, &["freeze = 2 is out of range", "between 0 and 1"]);
    refused(&format!("{tune} --lora 17"), 2, &["lora = 17 is out of range", "between 1 and 16"]);
    refused(&format!("{tune} --lora 0"), 2, &["--lora"]);
    refused(&format!("{tune} --lora 2 --lora-alpha 0"), 2, &["lora_alpha = 0"]);
    refused(&format!("{tune} --lora-alpha 2"), 2, &["--lora <RANK>"]);
    refused("finetune --data other.txt --out out", 2, &["CHECKPOINT"]);
    refused("finetune tuned/adapter.safetensors --data other.txt --out out", 1, &["is an adapter, not a checkpoint"]);
    room.json("data prepare --input text.txt --tokenizer byte --out bytes");
    refused("finetune base.safetensors --data bytes --out out", 1, &["char tokenizer with", "byte tokenizer with 256"]);
    let message = room.refusal(&format!("finetune base.safetensors --data other.txt --out run {TUNE}"), 1);
    assert!(message.contains("already holds a run"), "{message}");
    // Fresh weights have nothing to keep.
    let config = fs::read_to_string(room.path("tuned/config.toml")).unwrap();
    room.write("tuned.toml", config.as_bytes());
    refused("train --config tuned.toml --data text.txt --out out", 1, &["a new model has learned nothing"]);

    let adapter = "--adapter tuned/adapter.safetensors";
    refused(
        &format!("generate run/step-000040.safetensors {adapter}"),
        1,
        &["whose weights are", "finetune", "step-000040"],
    );
    refused(&format!("eval tuned/best.safetensors {adapter} --data other.txt"), 1, &["has it in it"]);
    room.json("train --data bytes --config settings.toml --steps 1 --out bytes-run");
    refused(
        &format!("merge bytes-run/last.safetensors {adapter} --out out.safetensors"),
        1,
        &["char tokenizer with", "byte tokenizer with 256"],
    );
    refused("merge base.safetensors --out out.safetensors", 2, &["--adapter"]);
    refused(
        "merge base.safetensors --adapter base.safetensors --out out.safetensors",
        1,
        &["a checkpoint, not an adapter"],
    );
    refused("generate base.safetensors --adapter missing.safetensors", 1, &["cannot read missing.safetensors"]);
    let mut bytes = fs::read(room.path("tuned/adapter.safetensors")).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    room.write("damaged.safetensors", &bytes);
    refused("generate base.safetensors --adapter damaged.safetensors", 1, &["damaged.safetensors", "is damaged"]);
    room.write("cut.safetensors", &bytes[..last]);
    refused("info cut.safetensors", 1, &["cut.safetensors", "truncated"]);

    room.write("mine.safetensors", b"precious");
    let message = room.refusal(&format!("merge base.safetensors {adapter} --out mine.safetensors"), 1);
    assert!(message.contains("mine.safetensors exists already"), "{message}");
    assert_eq!(fs::read(room.path("mine.safetensors")).unwrap(), b"precious");
}
