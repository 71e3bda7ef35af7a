//! The command line from a text to a text: prepare, train, look, judge, write. And what a run's folder holds.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::process::Command;

use binary::{Room, json_lines, of_type};
use serde_json::Value;

#[test]
fn a_text_becomes_a_model_that_writes() {
    let room = Room::new();
    room.write_text();
    let prepared = room.json("data prepare --input text.txt --out data --tokenizer char");
    let prepared = &prepared[0];
    let tokens = prepared["train_tokens"].as_u64().unwrap() + prepared["val_tokens"].as_u64().unwrap();
    assert_eq!(tokens, fs::metadata(room.path("text.txt")).unwrap().len());
    assert_eq!(prepared["files"], 1);

    let events =
        room.json("train --data data --config settings.toml --out run --steps 200 --save-every 100 --threads 1");
    assert_eq!(of_type(&events, "step").len(), 200);
    let evaluations = of_type(&events, "eval");
    assert_eq!(evaluations.len(), 20);
    let uniform = of_type(&events, "start")[0]["uniform_loss"].as_f64().unwrap();
    let trained = evaluations[19]["val_loss"].as_f64().unwrap();
    assert!(trained < 0.75 * uniform, "the loss fell from {uniform} to {trained} only");
    assert_eq!(events.last().unwrap()["type"], "finished");

    let info = &room.json("info run/best.safetensors")[0];
    assert_eq!(info["vocabulary"], prepared["vocabulary"]);
    assert_eq!(info["fingerprint"], prepared["fingerprint"]);
    let best = info["best"]["loss"].as_f64().unwrap();
    let lowest = evaluations.iter().map(|line| line["val_loss"].as_f64().unwrap()).fold(f64::MAX, f64::min);
    assert!((best - lowest).abs() < 1e-6);

    let evaluated = &room.json("eval run/last.safetensors --data data")[0];
    assert!((evaluated["val_loss"].as_f64().unwrap() - trained).abs() < 0.3);
    let (bpc, loss) = (evaluated["val_bpc"].as_f64().unwrap(), evaluated["val_loss"].as_f64().unwrap());
    assert!((bpc - loss / std::f64::consts::LN_2).abs() < 1e-5, "one token is one character here");

    let generate = "generate run/best.safetensors --prompt The --tokens 50 --seed 3";
    let values = room.json(generate);
    let generated = of_type(&values, "generated")[0];
    let pieces: String = of_type(&values, "text").iter().map(|piece| piece["text"].as_str().unwrap()).collect();
    assert_eq!(generated["text"].as_str(), Some(pieces.as_str()));
    assert_eq!((pieces.chars().count(), &generated["tokens"]), (50, &Value::from(50)));
    assert_eq!(room.run(generate).stdout, format!("The{pieces}\n"), "the same seed, the same text");
    assert_ne!(room.run(&generate.replace("3", "4")).stdout, format!("The{pieces}\n"));
}

/// A model to compare with: of the same size, by the same commands.
#[test]
fn a_gpt_of_the_same_size_trains_as_well() {
    let room = Room::new();
    room.write_text();
    let info = |file: &str| room.json(&format!("info {file}"))[0].clone();
    let parameters = |run: &str| info(&format!("{run}/last.safetensors"))["parameters"].as_f64().unwrap();
    room.json("train --data text.txt --stage tiny --context 32 --out ours --steps 2 --threads 1");
    room.json("train --data text.txt --stage tiny --context 32 --out gpt --gpt --steps 20 --threads 1");
    assert!((parameters("gpt") / parameters("ours") - 1.0).abs() < 0.005);
    assert_eq!(
        (&info("gpt/last.safetensors")["stage"], &info("gpt/last.safetensors")["horizon"]),
        (&"tiny".into(), &32.into())
    );
    assert!(room.run("info gpt/last.safetensors").stdout.contains("a GPT with a window of 32"));

    let events = room.json("train --resume --out gpt --steps 60 --threads 1");
    let losses: Vec<f64> = of_type(&events, "step").iter().map(|step| step["train_loss"].as_f64().unwrap()).collect();
    assert_eq!(losses.len(), 40);
    assert!(losses[39] < losses[0], "{losses:?}");
    let values = room.json("generate gpt/last.safetensors --prompt The --tokens 80");
    assert_eq!(of_type(&values, "generated")[0]["tokens"], 80, "beyond its window as well");

    assert!(room.refusal("grow gpt/last.safetensors --to mini --out mini.safetensors", 1).contains("does not grow"));
    assert!(room.refusal("progressive --data text.txt --to mini --out p --gpt", 2).contains("does not grow"));
    assert!(room.refusal("train --data text.txt --stage tiny --out p --gpt --planning", 2).contains("--planning"));
    assert!(room.refusal("train --from ours/last.safetensors --data text.txt --out p --gpt", 2).contains("window"));
}

#[test]
fn a_model_in_fewer_bits_writes_and_says_what_it_costs() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --out run --steps 100 --threads 1");
    let loss = |file: &str| {
        room.json(&format!("eval {file} --data text.txt --part validation --context 32"))[0]["val_loss"]
            .as_f64()
            .unwrap()
    };
    let written = |file: &str| {
        let values = room.json(&format!("generate {file} --prompt The --tokens 40 --temperature 0"));
        of_type(&values, "generated")[0]["text"].as_str().unwrap().to_owned()
    };
    let whole = "run/last.safetensors";
    let parameters = room.json(&format!("info {whole}"))[0]["parameters"].as_u64().unwrap();
    for (precision, bytes, off) in [("f16", 2, 1e-3), ("int8", 1, 2e-2)] {
        let out = format!("{precision}.safetensors");
        let exported = &room.json(&format!("export {whole} --precision {precision} --out {out}"))[0];
        let size = fs::metadata(room.path(&out)).unwrap().len();
        assert_eq!(exported["bytes"], size);
        assert!(size < parameters * bytes * 5 / 4 + 16_384, "{size} bytes for {parameters} parameters");
        let cost = loss(&out) - loss(whole);
        assert!(cost.abs() < off, "{precision} costs {cost}");
        assert_eq!(room.json(&format!("info {out}"))[0]["resumable"], false);
        assert_eq!(written(&out).chars().count(), 40);
    }
    assert_eq!(written("f16.safetensors"), written(whole), "the likeliest letters are the same");
    assert!(room.refusal(&format!("export {whole} --out f16.safetensors"), 1).contains("exists already"));
}

#[test]
fn a_runs_folder_holds_what_it_should() {
    let room = Room::new();
    room.write_text();
    let ran =
        room.run("train --data text.txt --config settings.toml --out runs/first --tokenizer byte --sample-every 40");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("All 40 steps are done. The best validation loss was"), "{}", ran.stdout);
    assert!(ran.stderr.contains("step 40/40") && ran.stderr.contains("tokens/s"), "plain lines: {}", ran.stderr);
    assert!(ran.stderr.contains("--- sample at step 40\n"), "{}", ran.stderr);
    assert_eq!(
        room.names("runs/first"),
        [
            ".lock",
            "best.safetensors",
            "config.toml",
            "data",
            "last.safetensors",
            "loss.svg",
            "metrics.jsonl",
            "step-000020.safetensors"
        ]
    );
    assert_eq!(room.names("runs/first/data"), ["data.json", "train-00000.bin", "val-00000.bin"]);

    let lines = room.metrics("runs/first");
    let steps: Vec<_> = lines.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (1..=40).collect::<Vec<_>>());
    for line in &lines {
        let mut keys = vec!["step", "epoch", "train_loss"];
        if line["step"].as_u64().unwrap().is_multiple_of(10) {
            keys.extend(["val_loss", "val_bpc", "val_perplexity", "val_accuracy"]);
        }
        keys.extend(["lr", "grad_norm", "tokens_per_s", "seconds", "tokens", "flops"]);
        keys.sort_unstable();
        assert_eq!(line.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(), keys);
    }

    let svg = fs::read_to_string(room.path("runs/first/loss.svg")).unwrap();
    assert!(svg.contains("class=\"train\" points") && svg.contains("class=\"val\" points"));
    assert!(svg.contains("ln V = 5.55") && svg.contains("prefers-color-scheme: dark"));

    // A run's settings describe the same run.
    room.json("train --data text.txt --config runs/first/config.toml --out runs/second --tokenizer byte");
    let weights = |run: &str| binary::content(&room.path(run).join("last.safetensors")).1;
    assert_eq!(weights("runs/first"), weights("runs/second"));
}

#[test]
fn folders_are_read_in_order_and_say_what_they_leave_out() {
    let room = Room::new();
    fs::create_dir_all(room.path("notes/deep")).unwrap();
    room.write("notes/b.txt", "\u{feff}second\r\nfile".as_bytes());
    room.write("notes/deep/a.md", "third file\n".as_bytes());
    room.write("notes/a.txt", "first file".as_bytes());
    room.write("notes/.secret", b"hidden");
    room.write("notes/picture.png", b"\x89PNG\0\0\0");
    let ran = room.run("data prepare --input notes --out data --tokenizer byte --json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("picture.png: binary") && ran.stderr.contains(".secret: hidden"), "{}", ran.stderr);
    let prepared = &json_lines(&ran.stdout)[0];
    assert_eq!((&prepared["files"], prepared["skipped"].as_array().unwrap().len()), (&Value::from(3), 2));
    let part = |name| fs::read(room.path("data").join(name)).unwrap();
    let tokens = [part("train-00000.bin"), part("val-00000.bin")].concat();
    let text: Vec<u8> = tokens.chunks(2).map(|token| token[0]).collect();
    assert_eq!(String::from_utf8(text).unwrap(), "first file\0second\nfile\0third file\n");
}

#[test]
fn a_model_learns_where_documents_end_and_stops_there() {
    let room = Room::new();
    room.write("book.txt", "A cat sat.<|end|>".repeat(300).as_bytes());
    let mut prepare = room.command("data prepare --input book.txt --out data --tokenizer bpe --vocab 270 --json");
    prepare.args(["--separator", "<|end|>"]);
    let prepared = binary::finish(prepare);
    assert_eq!(prepared.code, Some(0), "{prepared:?}");
    room.json("train --data data --config settings.toml --out run --steps 80");
    let generated = |more: &str| {
        let values = room.json(&format!("generate run/last.safetensors --temperature 0 --tokens 100 {more}"));
        of_type(&values, "generated")[0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(generated("--prompt A"), " cat sat.");
}

#[test]
fn options_of_the_architecture_belong_to_the_model() {
    let room = Room::new();
    room.write_text();
    let options = "--gate-rank 2 --planning --precision bf16";
    room.json(&format!("train --data text.txt --config settings.toml --out run --steps 6 {options}"));
    let info = room.run("info run/last.safetensors").stdout;
    assert!(info.contains("gates of rank 2, a head that plans"), "{info}");
    let resumed = room.json("train --out run --resume --steps 8");
    assert_eq!(of_type(&resumed, "step").len(), 2);
    room.write("deeper.toml", b"[model]\nlayers = 2\n");
    room.json("grow run/last.safetensors --config deeper.toml --out deeper.safetensors");
    assert!(room.run("info deeper.safetensors").stdout.contains("gates of rank 2, a head that plans"));
    let refused = room.refusal("train --data text.txt --from run/last.safetensors --gate-rank 3 --out other", 2);
    assert!(refused.contains("gate_rank is 2 there and 3 here"), "{refused}");
}

#[test]
fn the_sample_needs_nothing_and_is_the_same_every_time() {
    let room = Room::new();
    let prepare = |out: &str, seed: u32| {
        let line = format!("data prepare --sample --bytes 20000 --seed {seed} --out {out}");
        room.json(&line)[0]["fingerprint"].clone()
    };
    let first = prepare("one", 1);
    assert_eq!(first, prepare("two", 1));
    assert_ne!(first, prepare("three", 2));
    let whole = &room.json("data prepare --sample --out whole")[0];
    assert!((900_000..1_100_000).contains(&whole["bytes"].as_u64().unwrap()));
}

#[test]
fn epochs_early_stopping_and_longer_logs() {
    let room = Room::new();
    room.write_text();
    let events = room.json("train --data text.txt --config settings.toml --out epochs --epochs 0.5 --log-every 7");
    let start = of_type(&events, "start")[0];
    let expected = start["train_tokens"].as_u64().unwrap().div_ceil(2).div_ceil(32 * 4 * 2);
    assert_eq!(start["steps"], Value::from(expected));
    let steps: Vec<_> = room.metrics("epochs").iter().map(|line| line["step"].as_u64().unwrap()).collect();
    let logged = (1..=expected).filter(|step| step % 7 == 0 || step % 10 == 0 || step % 20 == 0 || *step == expected);
    assert_eq!(steps, logged.collect::<Vec<_>>());

    // A rate at which nothing is learned: the first evaluation is the best or nearly so.
    let line = "train --data text.txt --config settings.toml --out plateau --lr 1e-12 --patience 2 --steps 5000 --eval-every 2";
    let events = room.json(line);
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["reason"]), (&Value::from("finished"), &Value::from("plateau")), "{last}");
}

#[test]
fn text_is_judged_as_a_whole_and_unknown_characters_are_counted() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --out run --steps 5");
    room.write("other.txt", "The ölamp of number 3 is ß.\n".repeat(40).as_bytes());
    let ran = room.run("eval run/last.safetensors --data other.txt --context 16 --json");
    let evaluated = &json_lines(&ran.stdout)[0];
    assert_eq!((&evaluated["part"], &evaluated["unknown_characters"]), (&Value::from("whole"), &Value::from(80)));
    assert_eq!(evaluated["characters"], Value::from(28 * 40));
    assert!(ran.stderr.contains("80 characters never appeared in training"), "{}", ran.stderr);
    let same = &room.json("eval run/last.safetensors --data run")[0];
    assert_eq!(same["part"], "validation", "a run's folder means its data");
    room.json("data prepare --input text.txt --out data");
    room.json("train --data data --config settings.toml --out elsewhere --steps 1");
    let same = &room.json("eval run/last.safetensors --data elsewhere")[0];
    assert_eq!(same["part"], "validation", "also where they are elsewhere");
}

#[test]
fn logits_and_stop_texts() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --out run --steps 60");
    let logits = &room.json("generate run/last.safetensors --prompt The --logits")[0];
    let logits = logits["logits"].as_array().unwrap();
    let info = &room.json("info run/last.safetensors")[0];
    assert_eq!(Value::from(logits.len()), info["vocabulary"]);
    assert!(logits.iter().all(|logit| logit.as_f64().is_some_and(f64::is_finite)));

    let mut command = room.command("generate run/last.safetensors --tokens 400 --temperature 0.5 --stop");
    command.arg(".\n").args(["--stop", "e", "--json"]);
    let ran = binary::finish(command);
    let values = json_lines(&ran.stdout);
    let text = of_type(&values, "generated")[0]["text"].as_str().unwrap();
    assert!(!text.contains('e'), "{text}");
}

/// The format is checked byte by byte elsewhere; this is the outside view, where there is one.
#[test]
fn pythons_safetensors_opens_a_checkpoint() {
    let python = |code: &str, path: &str| Command::new("python3").args(["-c", code, path]).output();
    if !python("import safetensors.numpy", "").is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 has no safetensors with numpy here");
        return;
    }
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --out run --steps 3");
    let code =
        "import sys, safetensors.numpy as s; t = s.load_file(sys.argv[1]); print(sorted(t), t['embedding'].shape)";
    let output = python(code, room.path("run/last.safetensors").to_str().unwrap()).unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("'optimizer.first.embedding'") && stdout.contains(", 16)"), "{stdout}");
}

/// They are a third of the program's size.
#[cfg(target_os = "linux")]
#[test]
fn the_program_is_without_the_names_of_functions() {
    if cfg!(debug_assertions) {
        return;
    }
    let program = fs::read(env!("CARGO_BIN_EXE_mmrec")).unwrap();
    let has = |section: &[u8]| program.windows(section.len()).any(|bytes| bytes == section);
    assert!(has(b"\0.text\0") && !has(b"\0.symtab\0"), "{} MB", program.len() >> 20);
}
