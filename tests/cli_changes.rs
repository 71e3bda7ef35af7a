//! Runs that go on with something changed, by options or by hand.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;

use binary::{Room, of_type};

/// A run of 10 steps in `run`.
fn room_with_run() -> Room {
    let room = Room::new();
    room.write_text();
    room.json("train --data text.txt --config settings.toml --steps 10 --out run");
    room
}

#[test]
fn a_config_that_was_changed_by_hand_is_told_and_kept() {
    let room = room_with_run();
    let config = room.path("run/config.toml");
    let ours = fs::read_to_string(&config).unwrap();
    let resume = |more: &str| {
        let ran = room.run(&format!("train --out run --resume {more}"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stderr
    };
    let remarked = format!("# My notes.\n{ours}");
    fs::write(&config, &remarked).unwrap();
    assert!(!resume("").contains("not as the run left it"));
    assert_eq!(fs::read_to_string(&config).unwrap(), remarked, "what says the same stays");

    let changed = ours.replace("lr = 0.01", "lr = 0.02").replace("steps = 10", "steps = 16");
    fs::write(&config, &changed).unwrap();
    let said = resume("--eval-every 5");
    assert!(said.contains("lr is 0.01 there and 0.02 here") && said.contains("--lr 0.02 --steps 16"), "{said}");
    assert_eq!(fs::read_to_string(room.path("run/config-changed.toml")).unwrap(), changed);
    assert!(fs::read_to_string(&config).unwrap().contains("eval_every = 5"));

    fs::write(&config, "keep = [\n").unwrap();
    let said = resume("");
    assert!(said.contains("is not used") && said.contains("config-changed.toml"), "{said}");
    assert_eq!(fs::read_to_string(room.path("run/config-changed.toml")).unwrap(), "keep = [\n");
}

/// Losses of different windows cannot be compared.
#[test]
fn with_other_windows_the_best_is_found_anew() {
    let room = room_with_run();
    let best = |room: &Room| room.json("info run/last.safetensors")[0]["best"].clone();
    let ran = room.run("train --out run --resume --steps 12 --eval-windows 6 --patience 5");
    assert!(ran.code == Some(0) && !ran.stderr.contains("found anew"), "the same windows: {ran:?}");
    let at = best(&room)["step"].as_u64().unwrap();
    let ran = room.run("train --out run --resume --steps 20 --eval-windows 1");
    assert!(ran.code == Some(0) && ran.stderr.contains("the best loss is found anew"), "{ran:?}");
    assert!(room.names("run").contains(&format!("step-{at:06}.safetensors")), "{:?}", room.names("run"));
    assert!(best(&room)["step"].as_u64().unwrap() > 12, "{}", best(&room));
}

/// The command that a refusal names, with few steps.
fn way(room: &Room, line: &str, code: i32, command: &str) -> String {
    let message = room.refusal(line, code);
    let at = message.find(command).unwrap_or_else(|| panic!("{message}"));
    let way = message[at..].lines().next().unwrap().trim_start_matches("mmrec ").to_owned();
    room.json(&way);
    way
}

#[test]
fn commands_that_refusals_name_carry_all_that_was_asked_for() {
    let room = room_with_run();
    let asked = way(&room, "train --out run --resume --lr 0.02 --steps 3 --eval-every 2", 2, "mmrec train --from");
    assert!(asked.contains("--lr 0.02") && asked.contains("--steps 3") && asked.contains("--eval-every 2"), "{asked}");
    room.json("finetune run/best.safetensors --data text.txt --config settings.toml --steps 2 --lora 2 --out thin");
    let asked = way(&room, "finetune --out thin --resume --lora 2 --lora-alpha 3", 2, "mmrec finetune thin");
    assert!(asked.contains("--lora-alpha 3.0 --lora 2"), "{asked}");
    let train = &room.json("info thin-2/last.safetensors")[0]["train"];
    assert_eq!((&train["steps"], &train["batch"], &train["lora"]), (&2.into(), &4.into(), &2.into()));
    room.write("deep.toml", binary::SETTINGS.replace("layers = 1", "layers = 2").as_bytes());
    room.json("train --data text.txt --config deep.toml --steps 2 --out deep");
    room.json("finetune deep/best.safetensors --data text.txt --config deep.toml --steps 2 --freeze 1 --out part");
    assert!(way(&room, "finetune --out part --resume --freeze 0", 2, "mmrec finetune part").contains("--freeze 0"));
}

/// Weights serve only a text that their tokenizer can read.
#[test]
fn a_text_in_another_alphabet_begins_with_fresh_weights() {
    let room = room_with_run();
    let thai = "บ้านหลังที่สามเป็นสีเขียวและโคมไฟสีเทา\n".repeat(60);
    room.write("thai.txt", thai.as_bytes());
    room.json("data prepare --input thai.txt --out prepared");
    for data in ["thai.txt", "prepared"] {
        let way = way(&room, &format!("train --out run --resume --data {data}"), 1, "mmrec train --config");
        assert!(way.contains(&format!("--data {data}")), "{way}");
    }
}

#[test]
fn what_a_settings_file_does_not_repeat_is_said() {
    let room = room_with_run();
    room.json(
        "train --from run/best.safetensors --data text.txt --steps 2 --batch 2 --context 32 --threads 1 --out next",
    );
    let again = "train --data text.txt --config next/config.toml --threads 1 --out";
    let ran = room.run(&format!("{again} fresh"));
    assert!(ran.code == Some(0) && ran.stderr.contains("begins with fresh ones"), "{ran:?}");
    let ran = room.run(&format!("{again} same --from run/best.safetensors"));
    assert!(ran.code == Some(0) && !ran.stderr.contains("fresh ones"), "{ran:?}");
    assert_eq!(room.timeless_metrics("next"), room.timeless_metrics("same"));
    assert!(fs::read_to_string(room.path("next/config.toml")).unwrap().contains("best.safetensors"));
    let steps = of_type(&room.json("train --out same --resume --steps 3 --threads 1"), "step").len();
    assert_eq!(steps, 1);
    assert!(fs::read_to_string(room.path("same/config.toml")).unwrap().contains("from = "), "kept when it goes on");
}
