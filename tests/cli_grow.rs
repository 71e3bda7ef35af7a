//! Growing from the command line, and training on from there.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;

use binary::{Room, json_lines, of_type};

const LARGER: &str = "[model]\nwidth = 48\nheads = 3\nlayers = 3\nlevels = 3\nfeed_forward = 40\n";

/// A room with a small trained model in `run` and the sizes to grow to in `larger.toml`.
fn trained() -> Room {
    let room = Room::new();
    room.write_text();
    room.write("larger.toml", LARGER.as_bytes());
    room.json("data prepare --input text.txt --out data");
    room.json("train --data data --config settings.toml --steps 60 --out run");
    room
}

fn loss(room: &Room, checkpoint: &str) -> f64 {
    room.json(&format!("eval {checkpoint} --data data --context 32"))[0]["val_loss"].as_f64().unwrap()
}

#[test]
fn sizes_near_the_limits_of_numbers_are_refused_by_name() {
    let room = trained();
    for field in ["feed_forward", "width", "layers"] {
        room.write("huge.toml", format!("[model]\n{field} = {}\n", i64::MAX).as_bytes());
        let lines = [
            "grow run/last.safetensors --config huge.toml --out grown",
            "train --from run/last.safetensors --data data --config huge.toml --out grown",
        ];
        for line in lines {
            let said = room.refusal(line, 1);
            assert!(said.contains(field) && said.contains("huge.toml") && !said.contains("mistake"), "{said}");
        }
    }
}

#[test]
fn a_model_grows_and_training_goes_on_where_it_stood() {
    let room = trained();
    let left = loss(&room, "run/last.safetensors");
    let grow = "grow run/last.safetensors --config larger.toml --seed 3";
    let grown = &room.json(&format!("{grow} --out made/larger.safetensors"))[0];
    assert_eq!((&grown["type"], &grown["from"]["model"]["width"]), (&"grown".into(), &16.into()));
    assert_eq!((&grown["to"]["model"]["width"], &grown["to"]["model"]["slots"]), (&48.into(), &2.into()));
    assert!(grown["logit_difference"].as_f64().unwrap() < 1e-4, "{grown}");
    assert!((loss(&room, "made/larger.safetensors") - left).abs() < 1e-3);

    // The same seed gives the same file, another another; without the optimizer's memory it is a third as long.
    let read = |name: &str| fs::read(room.path(name)).unwrap();
    room.json(&format!("{grow} --out again.safetensors"));
    assert!(read("again.safetensors") == read("made/larger.safetensors"));
    room.json(&format!("{grow} --interleave --weights-only --out spread.safetensors"));
    assert!(read("spread.safetensors").len() < read("again.safetensors").len() / 2);
    assert!((loss(&room, "spread.safetensors") - left).abs() < 1e-3);

    for checkpoint in ["made/larger.safetensors", "spread.safetensors"] {
        let out = format!("runs/{}", checkpoint.replace('/', "-"));
        let line = format!("train --from {checkpoint} --data data --out {out} --lr 1e-4 --warmup 10 --steps 12");
        let events = room.json(&format!("{line} --context 32 --eval-every 4 --eval-windows 0"));
        assert_eq!(of_type(&events, "start")[0]["step"], 0);
        let first = of_type(&events, "eval")[0]["val_loss"].as_f64().unwrap();
        assert!(first < left + 0.02, "{checkpoint}: the loss was {left} and is {first}");
        let more = room.json(&format!("train --out {out} --resume --steps 14"));
        assert_eq!(of_type(&more, "step").len(), 2);
    }
}

#[test]
fn a_checkpoint_learns_another_text_by_its_own_tokenizer() {
    let room = trained();
    // Letters that the model knows, fewer than it knows, and one that it does not.
    room.write("other.txt", ("The lamp is red. The lamp is green.\n".repeat(60) + "ß").as_bytes());
    let line = "train --from run/last.safetensors --context 16 --batch 2";
    let ran = room.run(&format!("{line} --data other.txt --steps 3 --dropout 0.2 --out other --json"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("1 character unknown to the model's char tokenizer"), "{}", ran.stderr);
    let info = |checkpoint: &str| room.json(&format!("info {checkpoint}"))[0].clone();
    let (before, after) = (info("run/last.safetensors"), info("other/last.safetensors"));
    assert_eq!((&before["vocabulary"], &before["parameters"]), (&after["vocabulary"], &after["parameters"]));
    assert_eq!(after["model"]["dropout"], 0.2);
    assert_ne!(json_lines(&ran.stdout)[0]["data"], before["data_name"]);
    // Resumed from the text itself, which must be read by the same tokenizer.
    assert_eq!(of_type(&room.json("train --out other --data other.txt --resume --steps 5"), "step").len(), 2);

    let refused = |line: &str, code: i32, parts: &[&str]| {
        let message = room.refusal(line, code);
        assert!(parts.iter().all(|part| message.contains(part)), "{line}: {message}");
        assert!(!room.path("out").exists(), "{line} left something behind");
    };
    room.write("greek.txt", "αβγδε ζηθ\n".repeat(90).as_bytes());
    refused(&format!("{line} --data greek.txt --out out"), 1, &["greek.txt", "unknown to the model's char tokenizer"]);
    refused(&format!("{line} --data text.txt --tokenizer byte --out out"), 2, &["--tokenizer byte", "char tokenizer"]);
    room.json("data prepare --input text.txt --tokenizer byte --out bytes");
    refused(&format!("{line} --data bytes --out out"), 1, &["char tokenizer with", "byte tokenizer with 256 tokens"]);
    refused(
        &format!("{line} --data data --stage mini --out out"),
        2,
        &["width is 16 there and 192 here", "mmrec grow"],
    );
    refused(&format!("{line} --data data --config larger.toml --out out"), 2, &["layers is 1 there and 3 here"]);
    refused(&format!("{line} --data data --resume --out out"), 2, &["cannot be used with"]);
    refused("train --from text.txt --data data --out out", 1, &["text.txt", "not a safetensors file"]);
}

#[test]
fn what_cannot_grow_is_refused_and_leaves_nothing() {
    let room = trained();
    let refused = |rest: &str, code: i32, parts: &[&str]| {
        let message = room.refusal(&format!("grow run/last.safetensors --out out.safetensors {rest}"), code);
        assert!(parts.iter().all(|part| message.contains(part)), "{rest}: {message}");
        assert!(!room.path("out.safetensors").exists(), "{rest} left something behind");
    };
    refused("--to tiny", 1, &["run/last.safetensors cannot grow", "block is 8 and would become 16"]);
    let file = |content: &str| room.write("a.toml", format!("[model]\n{content}\n").as_bytes());
    file("layers = 1");
    refused("--config a.toml", 1, &["nothing to grow"]);
    file("feed_forward = 8");
    refused("--config a.toml", 1, &["feed_forward is 32 and would shrink to 8"]);
    file("width = 24");
    refused("--config a.toml", 1, &["8 channels wide and would become 12"]);
    file("width = 17");
    refused("--config a.toml", 1, &["a.toml cannot be used", "heads = 2"]);
    file("wide = 17");
    refused("--config a.toml", 1, &["a.toml", "wide"]);
    refused("--config missing.toml", 1, &["missing.toml"]);
    refused("", 2, &["--to"]);
    refused("--to huge", 2, &["unknown stage"]);
    refused("--to mini --config a.toml", 2, &["cannot be used with"]);
    room.json("data prepare --input text.txt --tokenizer byte --out bytes");
    refused("--config larger.toml --tokenizer-from bytes", 1, &["does not extend it", "byte tokenizer"]);
    refused("--config larger.toml --tokenizer-from text.txt", 1, &["text.txt holds no prepared data"]);

    room.write("mine.safetensors", b"precious");
    let message = room.refusal("grow run/last.safetensors --config larger.toml --out mine.safetensors", 1);
    assert!(message.contains("mine.safetensors exists already"), "{message}");
    assert_eq!(fs::read(room.path("mine.safetensors")).unwrap(), b"precious");
}

#[test]
fn a_tokenizer_that_extends_the_models_is_grown_into() {
    let room = trained();
    // Characters behind all others in the order of code points.
    let text = fs::read_to_string(room.path("text.txt")).unwrap() + &"ω→Ω\n".replace('Ω', "⇒").repeat(40);
    room.write("more.txt", text.as_bytes());
    room.json("data prepare --input more.txt --out more");
    let grown =
        &room.json("grow run/last.safetensors --config larger.toml --tokenizer-from more --out more.safetensors")[0];
    let vocabulary = |side: &str| grown[side]["model"]["vocab"].as_u64().unwrap();
    assert_eq!(vocabulary("to"), vocabulary("from") + 3);
    assert!(grown["logit_difference"].as_f64().unwrap() < 1e-4, "{grown}");
    room.json("train --from more.safetensors --data more --context 32 --steps 2 --out learned");
    let lines = room.run("grow run/last.safetensors --config larger.toml --out people.safetensors").stdout;
    assert!(lines.contains("width 16 to 48") && lines.contains("head width 8 to 16"), "{lines}");
    assert!(lines.contains("Next: mmrec train --from people.safetensors"), "{lines}");
}

#[test]
fn a_model_of_learned_tokens_learns_more_of_them() {
    let room = Room::new();
    room.write_text();
    room.write("larger.toml", LARGER.as_bytes());
    let prepared = |vocab: usize| {
        let line = format!("data prepare --input text.txt --tokenizer bpe --vocab {vocab} --out data-{vocab}");
        room.json(&line)[0].clone()
    };
    let (few, many) = (prepared(280), prepared(320));
    assert_eq!((&few["vocabulary"], &many["vocabulary"]), (&280.into(), &320.into()));
    assert!(many["train_tokens"].as_u64().unwrap() < few["train_tokens"].as_u64().unwrap());
    assert!(room.refusal("data prepare --input text.txt --tokenizer char --vocab 300 --out x", 2).contains("--vocab"));

    room.json("train --data data-280 --config settings.toml --steps 120 --out run");
    let written = room.run("generate run/best.safetensors --prompt The --tokens 30 --seed 1").stdout;
    assert!(written.contains(" of number "), "whole words, learned: {written}");
    let grown =
        &room.json("grow run/best.safetensors --config larger.toml --tokenizer-from data-320 --out more.safetensors");
    assert_eq!(grown[0]["to"]["model"]["vocab"], 320);
    let events = room
        .json("train --from more.safetensors --data data-320 --context 32 --batch 4 --lr 1e-3 --steps 60 --out again");
    let bits = |events: &[serde_json::Value]| of_type(events, "eval").last().unwrap()["val_bpc"].as_f64().unwrap();
    let before = room.json("eval run/best.safetensors --data data-280 --context 32")[0]["val_bpc"].as_f64().unwrap();
    assert!(bits(&events) < before + 0.2, "bits per character: {before}, then {}", bits(&events));
}
