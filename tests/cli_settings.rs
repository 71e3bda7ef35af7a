//! What is asked for holds: settings files repeat a run, options without effect are said, suggested commands work when pasted.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::process::{Command, Stdio};

use binary::{Room, content, finish, json_lines, of_type};

/// What two runs of the same settings have in common: everything but names and the clock.
fn assert_same_runs(room: &Room, first: &str, second: &str, what: &str) {
    assert_eq!(room.timeless_metrics(first), room.timeless_metrics(second), "{what}");
    let of = |run: &str| content(&room.path(run).join("last.safetensors"));
    assert!(of(first) == of(second), "{what}");
    let config = |run: &str| fs::read_to_string(room.path(run).join("config.toml")).unwrap();
    assert_eq!(config(first), config(second), "{what}");
}

#[test]
fn a_settings_file_repeats_a_run_whatever_its_options() {
    let room = Room::new();
    room.write_text();
    for (index, options) in [
        "--gate-rank 2 --planning",
        "--precision bf16 --recompute --optimizer sgd --lr 0.05",
        "--gpt --dropout 0.2",
        "--tokenizer byte --val 0.3",
        "--tokenizer bpe --vocab 300 --val 0.25",
        "--vocab 4000",
        "--lossy --epochs 0.7",
        "--patience 2 --eval-every 2 --eval-windows 0",
        "--lr 0.00123 --floor 0.07 --warmup 3 --weight-decay 0.3 --clip 0.7 --seed 77 --accum 3 --batch 2 --context 24",
        "--sample-every 3 --sample-prompt The --sample-tokens 5 --save-every 4 --log-every 3",
    ]
    .iter()
    .enumerate()
    {
        let (first, second) = (format!("first-{index}"), format!("second-{index}"));
        let steps = if options.contains("--epochs") { "" } else { "--steps 8" };
        room.json(&format!("train --data text.txt --config settings.toml {steps} --threads 1 {options} --out {first}"));
        room.json(&format!("train --data text.txt --config {first}/config.toml --threads 1 --out {second}"));
        assert_same_runs(&room, &first, &second, options);
    }
    for (index, options) in ["--lora 2 --lora-alpha 3", "--freeze 0", "--lora 1"].iter().enumerate() {
        let (first, second) = (format!("tuned-{index}"), format!("again-{index}"));
        let base = "first-3/best.safetensors";
        let shape = "--steps 4 --context 32 --batch 2 --eval-every 2 --threads 1";
        room.json(&format!("finetune {base} --data text.txt {shape} {options} --out {first}"));
        room.json(&format!(
            "train --from {base} --data text.txt --config {first}/config.toml --threads 1 --out {second}"
        ));
        assert_same_runs(&room, &first, &second, options);
    }
}

#[test]
fn lines_pasted_from_windows_are_lines() {
    let room = Room::new();
    room.write_text();
    room.write(
        "windows.toml",
        format!("\u{feff}{}sample_prompt = \"a\\r\\nb\"\n", binary::SETTINGS).replace('\n', "\r\n").as_bytes(),
    );
    let sampled = "--steps 2 --sample-every 1 --sample-tokens 1";
    let events = room.json(&format!("train --data text.txt --config windows.toml {sampled} --out run"));
    assert!(of_type(&events, "sample")[0]["text"].as_str().unwrap().starts_with("a\nb"));
    let mut train = room.command(&format!("train --data text.txt --config settings.toml {sampled} --out flag"));
    train.args(["--sample-prompt", "x\r\ny"]);
    assert_eq!(finish(train).code, Some(0));
    for (run, prompt) in [("run", "a\nb"), ("flag", "x\ny")] {
        assert_eq!(room.json(&format!("info {run}/last.safetensors"))[0]["train"]["sample_prompt"], prompt);
    }

    room.write("book.txt", "A cat sat.\r\n---\r\n".repeat(100).as_bytes());
    let mut prepare = room.command("data prepare --input book.txt --out data --json --separator");
    prepare.arg("\r\n---\r\n");
    assert_eq!(finish(prepare).code, Some(0));
    let index = fs::read_to_string(room.path("data/data.json")).unwrap();
    assert!(index.contains("\\u0000"), "documents end there: {index}");
}

#[test]
fn options_without_effect_are_said() {
    let room = Room::new();
    room.write_text();
    room.json("data prepare --input text.txt --out data");
    room.json("data prepare --input text.txt --tokenizer bpe --vocab 280 --out pieces");
    let train = |more: &str| format!("train --config settings.toml --steps 2 {more}");
    let refused = |line: &str, code: i32, part: &str| {
        let message = room.refusal(line, code);
        assert!(message.contains(part), "{line}: {message}");
    };
    let noted = |line: &str, part: &str| {
        let ran = room.run(line);
        assert!(ran.code == Some(0) && ran.stderr.contains(part), "{line}: {ran:?}");
    };
    refused(&train("--data data --out a --val 0.4"), 2, "--val has no effect");
    refused(&train("--data data --out a --vocab 400"), 2, "--vocab 400 has no effect");
    refused(&train("--data pieces --out a --vocab 270"), 2, "--vocab 270 has no effect");
    noted(&train("--data pieces --out pieced --vocab 300"), "--vocab 300 has no effect");
    noted(&train("--data data --out a --lossy --sample-prompt x"), "--lossy has no effect");
    noted(
        &train("--data text.txt --out b --val 0.25 --sample-tokens 3 --sample-every 9"),
        "--sample-every has no effect",
    );
    noted(&train("--data text.txt --out often --save-every 5"), "--save-every has no effect");
    noted(&train("--data text.txt --out seldom --eval-every 5 --warmup 9"), "--eval-every has no effect");
    noted(&train("--data text.txt --out patient --patience 1"), "--patience has no effect: the run has 1 evaluation");
    noted("train --out b --resume --steps 3 --val 0.25", "going on from step 2");
    refused("train --out b --resume --steps 4 --val 0.4", 2, "--val has no effect");
    refused("train --out b --resume --steps 4 --vocab 400", 2, "--vocab 400 has no effect");
    noted("train --out b --resume --steps 4 --lossy --sample-prompt x --sample-every 0", "--lossy has no effect");
    let from = "train --from a/best.safetensors --data text.txt --steps 1 --batch 2 --context 32 --out c";
    refused(&format!("{from} --vocab 400"), 2, "the model keeps the char tokenizer");
    refused(&format!("{from} --tokenizer byte"), 2, "--tokenizer byte");
    noted(&format!("{from} --sample-prompt x"), "--sample-prompt has no effect");

    let generate = "generate a/best.safetensors --tokens 2";
    for flag in ["--top-k 5", "--top-p 0.5", "--seed 7"] {
        noted(&format!("{generate} --temperature 0 {flag}"), "has no effect: at --temperature 0");
    }
    noted(&format!("{generate} --top-k 900"), "--top-k has no effect");
    noted(&format!("{generate} --top-k 1 --seed 4"), "--seed has no effect: with --top-k 1");
    refused(&format!("{generate} --logits"), 2, "--tokens");
    refused("generate a/best.safetensors --prompt x --prompt-file text.txt", 2, "cannot be used with");
    noted("eval a/best.safetensors --data data --lossy --context 16", "--lossy has no effect");
    refused("data prepare --input text.txt --url http://127.0.0.1/x --out d", 2, "--url");
    refused("data prepare --input text.txt --seed 3 --out d", 2, "--seed");
    refused("data prepare --sample --separator x --out d", 2, "--separator");
    room.write("wider.toml", b"[model]\nwidth = 32\n");
    noted(
        "grow a/best.safetensors --config wider.toml --interleave --out wide.safetensors",
        "--interleave has no effect",
    );
    noted("plan --stage tiny --rate 100 --lr 0.1 --seed 4", "without effect on a plan: --lr, --seed");
    refused("progressive --data text.txt --to mini --budget small=4 --out p", 2, "--budget small");
    refused("progressive --data text.txt --to mini --budget tiny=4 --budget tiny=5 --out p", 2, "twice");
    refused("finetune a/best.safetensors --data text.txt --lora-alpha 3 --out p", 2, "--lora");
}

#[test]
fn a_prompt_comes_from_a_file_or_from_standard_input() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --steps 2 --out run");
    let line = "generate run/last.safetensors --tokens 3 --temperature 0";
    let expected = finish({
        let mut command = room.command(line);
        command.args(["--prompt", "The lamp\nis "]);
        command
    });
    room.write("prompt.txt", "\u{feff}The lamp\r\nis \n".as_bytes());
    let of_file = room.run(&format!("{line} --prompt-file prompt.txt"));
    assert_eq!((of_file.code, &of_file.stdout), (Some(0), &expected.stdout));
    for dash in ["--prompt -", "--prompt-file -"] {
        let mut command = room.command(&format!("{line} {dash}"));
        command.stdin(Stdio::from(fs::File::open(room.path("prompt.txt")).unwrap()));
        let of_input = finish(command);
        assert_eq!((of_input.code, &of_input.stdout), (Some(0), &expected.stdout), "{dash}");
    }
    let long = "The lamp of number 3 is grey.\n".repeat(7_000);
    room.write("long.txt", long.as_bytes());
    let written = room.run(&format!("{line} --prompt-file long.txt")).stdout;
    assert!(written.starts_with(long.trim_end()) && long.len() > 200_000);
    assert!(room.refusal(&format!("{line} --prompt-file missing.txt"), 1).contains("missing.txt"));
    assert!(room.refusal(&format!("{line} --prompt-file run"), 1).contains("run"));
}

#[test]
fn without_a_prompt_a_model_of_documents_begins_one() {
    let room = Room::new();
    fs::create_dir(room.path("letters")).unwrap();
    for index in 0..120 {
        room.write(&format!("letters/{index}.txt"), format!("Dear you,\nit rains {index}.\nAda\n").as_bytes());
    }
    for tokenizer in ["char", "byte"] {
        let train =
            "train --data letters --config settings.toml --steps 150 --eval-every 150 --sample-every 150 --threads 2";
        let ran = room.run(&format!("{train} --tokenizer {tokenizer} --out {tokenizer}"));
        assert!(ran.code == Some(0) && ran.stderr.contains("sample at step 150\nDear"), "{ran:?}");
        let written = room.run(&format!("generate {tokenizer}/last.safetensors --temperature 0 --tokens 40")).stdout;
        assert!(written.starts_with("Dear you"), "{tokenizer}: {written}");
    }
    // One that never saw an end begins a line, as before.
    room.write_text();
    room.json("train --data text.txt --config settings.toml --steps 150 --eval-every 150 --tokenizer byte --out one --threads 2");
    let written = |prompt: &str| {
        let mut command = room.command("generate one/last.safetensors --temperature 0 --tokens 20 --json --prompt");
        let values = json_lines(
            &finish({
                command.arg(prompt);
                command
            })
            .stdout,
        );
        of_type(&values, "generated")[0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(written(""), written("\n"));
}

#[test]
fn of_the_text_that_was_trained_on_the_held_out_part_is_read() {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --steps 30 --val 0.3 --out run --threads 2");
    let evaluated = |more: &str| {
        let ran = room.run(&format!("eval run/last.safetensors --data text.txt --context 32 --json {more}"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        (json_lines(&ran.stdout)[0].clone(), ran.stderr)
    };
    let (held, said) = evaluated("");
    assert!(held["part"] == "validation" && said.contains("only the part held back is read"), "{held} {said}");
    let prepared = &room.json("eval run/last.safetensors --data run/data --context 32")[0];
    for field in ["val_loss", "val_bpc", "tokens", "characters"] {
        assert_eq!(held[field], prepared[field], "{field}");
    }
    let (whole, said) = evaluated("--part whole");
    assert!(whole["part"] == "whole" && said.contains("flatters"), "{whole} {said}");
    let (training, _) = evaluated("--part training");
    let tokens = |of: &serde_json::Value| of["tokens"].as_u64().unwrap();
    assert_eq!(tokens(&held) + tokens(&training), tokens(&whole));
    assert!(
        room.run("eval run/last.safetensors --data text.txt --context 32")
            .stdout
            .contains("validation part, held back in training")
    );
    room.write("other.txt", "The lamp of number 3 is grey.\n".repeat(90).as_bytes());
    let other = &room.json("eval run/last.safetensors --data other.txt --context 32")[0];
    assert_eq!(other["part"], "whole");
    assert!(
        room.refusal("eval run/last.safetensors --data text.txt --part half", 2)
            .contains("validation, training or whole")
    );
}

#[test]
fn what_comes_of_a_run_is_judged_on_what_the_run_held_out() {
    let room = Room::new();
    room.write_text();
    room.write("larger.toml", b"[model]\nlayers = 2\n");
    room.write("other.txt", "The lamp of number 3 is grey.\n".repeat(90).as_bytes());
    room.json("train --data text.txt --config settings.toml --val 0.3 --out run --threads 2");
    let best = "run/best.safetensors";
    fs::copy(room.path(best), room.path("copied.safetensors")).unwrap();
    room.json(&format!("export {best} --out exported.safetensors"));
    room.json(&format!("grow {best} --config larger.toml --out grown.safetensors"));
    let more = "--steps 4 --context 16 --eval-every 2 --threads 2";
    room.json(&format!("finetune exported.safetensors --data other.txt {more} --out tuned"));
    room.json(&format!("finetune {best} --data other.txt --lora 2 {more} --out lora"));
    room.json(&format!("merge {best} --adapter lora/adapter.safetensors --out merged.safetensors"));
    let held = &room.json(&format!("eval {best} --data run/data"))[0];
    assert!(held["part"] == "validation" && held["trained_on"] == true && held["note"].is_null(), "{held}");
    for (file, context) in [
        ("copied.safetensors", 32),
        ("exported.safetensors", 32),
        ("grown.safetensors", 32),
        ("tuned/last.safetensors", 16),
        ("lora/last.safetensors", 16),
        ("merged.safetensors", 16),
    ] {
        let evaluated = &room.json(&format!("eval {file} --data text.txt"))[0];
        for field in ["part", "tokens", "characters", "trained_on", "note"] {
            assert_eq!(evaluated[field], held[field], "{file}: {evaluated}");
        }
        assert_eq!(evaluated["context"], context, "{file}");
        if context == 16 {
            let evaluated = &room.json(&format!("eval {file} --data other.txt"))[0];
            assert_eq!((&evaluated["part"], &evaluated["trained_on"]), (&"validation".into(), &true.into()), "{file}");
        }
    }
}

#[test]
fn a_text_that_was_prepared_in_documents_is_known_from_its_source() {
    let room = Room::new();
    let texts: String = (0..90).map(|i| format!("The lamp of number {} is grey.<|end|>\n", i % 7)).collect();
    room.write("text.txt", texts.as_bytes());
    room.json("data prepare --input text.txt --separator <|end|> --out data");
    room.json("train --data data --config settings.toml --steps 4 --out run --threads 2");
    let evaluated = |data: &str| room.json(&format!("eval run/last.safetensors --data {data}"))[0].clone();
    let (source, prepared) = (evaluated("text.txt"), evaluated("data"));
    assert_eq!(source["part"], "validation");
    for field in ["val_loss", "tokens", "characters", "trained_on"] {
        assert_eq!(source[field], prepared[field], "{field}");
    }
}

#[test]
fn of_a_text_that_is_not_known_nothing_is_claimed() {
    let room = Room::new();
    room.write_text();
    room.write("other.txt", "The lamp of number 3 is grey.\n".repeat(90).as_bytes());
    room.json("data prepare --input other.txt --tokenizer byte --out other");
    room.json("train --data text.txt --config settings.toml --tokenizer byte --steps 4 --out run --threads 2");
    for (given, part, described) in [
        ("other.txt", "whole", "whole text"),
        ("other.txt --part validation", "validation", "part that a training would hold back"),
        ("other.txt --part training", "training", "part that a training would read"),
        ("other", "validation", "part that a training would hold back"),
    ] {
        let line = format!("eval run/last.safetensors --data {given}");
        let evaluated = &room.json(&line)[0];
        let (note, said) = (evaluated["note"].as_str().unwrap(), room.run(&line).stdout);
        assert!(evaluated["part"] == part && evaluated["trained_on"].is_null(), "{evaluated}");
        assert!(note.starts_with("the checkpoint does not say that it was trained on this text"), "{note}");
        assert!(said.contains(described) && said.contains(note) && !said.contains("held back in training"), "{said}");
    }
}

#[test]
fn settings_files_are_read_as_windows_saves_them_and_say_what_flags_say() {
    let room = Room::new();
    room.write_text();
    let settings = format!("keep = \"all\"\r\n{}", binary::SETTINGS.replace('\n', "\r\n"));
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(settings.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    room.write("utf16.toml", &utf16);
    room.json("train --data text.txt --config utf16.toml --steps 2 --out run --threads 2");
    for wrong in ["0", "-1", "\"none\"", "1.5"] {
        room.write("wrong.toml", format!("keep = {wrong}\n{}", binary::SETTINGS).as_bytes());
        let said = room.refusal("train --data text.txt --config wrong.toml --out no", 1);
        assert!(said.contains("a number above 0, or \"all\""), "{wrong}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn suggested_commands_work_when_pasted() {
    let room = Room::new();
    room.write_text();
    for name in ["my books", "it's", "-dash", "$HOME `x` \"y\" !", "tab\there"] {
        let run = format!("./{name}/run 1");
        fs::create_dir(room.path(name)).unwrap();
        let train = |rest: &[&str]| {
            let mut command = room.command("train --config settings.toml --steps 2 --data text.txt --out");
            command.arg(&run).args(rest);
            finish(command)
        };
        let ran = train(&[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let next = ran.stdout.lines().find_map(|line| line.strip_prefix("Next: mmrec ")).unwrap();
        assert_eq!(pasted(&room, &format!("{next} --tokens 3")), Some(0), "{next}");
        let refused = train(&["--resume", "--lr", "0.5"]).stderr;
        let way = &refused[refused.find("mmrec train --from").unwrap() + 6..];
        assert_eq!(pasted(&room, way.trim_end()), Some(0), "{way}");
    }
    let mut export = room.command("export");
    export.args(["my books/run 1/best.safetensors", "--out=-x.safetensors"]);
    let ran = finish(export);
    let next = ran.stdout.lines().find_map(|line| line.strip_prefix("Next: mmrec ")).unwrap();
    assert_eq!(pasted(&room, &format!("{next} --tokens 3")), Some(0), "{next}");
}

/// The exit code of the program when a shell reads its arguments.
#[cfg(unix)]
fn pasted(room: &Room, line: &str) -> Option<i32> {
    let mut shell = Command::new("bash");
    shell
        .current_dir(room.path("."))
        .args(["-c", &format!("{} {line}", env!("CARGO_BIN_EXE_mmrec"))])
        .stdin(Stdio::null());
    finish(shell).code
}

/// As people do who look at the weights, or change them.
#[test]
fn a_checkpoint_that_python_wrote_anew_is_read_and_a_changed_one_told() {
    let python = |code: &str, args: &[&str]| Command::new("python3").arg("-c").arg(code).args(args).output();
    if !python("import safetensors.numpy", &[]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 has no safetensors with numpy here");
        return;
    }
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --out run --steps 3");
    let code = "import sys, safetensors, safetensors.numpy as s\n\
                t = s.load_file(sys.argv[1]); m = safetensors.safe_open(sys.argv[1], 'np').metadata()\n\
                t['embedding'][0] += float(sys.argv[3]); s.save_file(t, sys.argv[2], metadata=m)";
    let path = |name: &str| room.path(name).to_str().unwrap().to_owned();
    for (name, by) in [("same.safetensors", "0"), ("other.safetensors", "0.5")] {
        assert!(python(code, &[&path("run/last.safetensors"), &path(name), by]).unwrap().status.success());
    }
    let same = room.run("generate same.safetensors --prompt The --tokens 9");
    assert_eq!(same.stdout, room.run("generate run/last.safetensors --prompt The --tokens 9").stdout);
    assert!(!same.stderr.contains("changed"), "{}", same.stderr);
    let other = room.run("info other.safetensors");
    assert!(other.code == Some(0) && other.stderr.contains("was changed by another program"), "{other:?}");
}
