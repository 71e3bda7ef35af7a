//! From a small model to a larger one in one run: as a whole, killed on the way, and refused.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::time::Duration;

use binary::{Room, content, kill, of_type};

const CLIMB: &str = "progressive --data text.txt --to mini --budget tiny=30 --steps 12 --batch 2 --context 32 \
                     --eval-every 6 --eval-windows 4 --warmup 4 --threads 2";

#[test]
fn a_model_climbs_and_its_curve_goes_on() {
    let room = Room::new();
    room.write_text();
    let events = room.json(&format!("{CLIMB} --out run"));
    let steps: Vec<_> = of_type(&events, "step").iter().map(|step| step["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (1..=42).collect::<Vec<_>>(), "30 of tiny, 12 of mini");
    let grown = of_type(&events, "grown");
    assert_eq!((grown.len(), &grown[0]["stage"], &grown[0]["step"]), (1, &"mini".into(), &30.into()));

    let losses: Vec<_> = of_type(&events, "eval").iter().map(|eval| eval["val_loss"].as_f64().unwrap()).collect();
    assert!(losses[5] < losses[4] + 0.3, "the first evaluation after growing begins where it stood: {losses:?}");
    for (file, stage, step) in [("best-tiny", "tiny", 30), ("best-mini", "mini", 42), ("last", "mini", 42)] {
        let info = &room.json(&format!("info run/{file}.safetensors"))[0];
        assert_eq!(info["stage"], stage);
        assert!(info["step"].as_u64().unwrap() <= step);
    }
    let work = |step: usize| of_type(&events, "step")[step - 1]["flops"].as_f64().unwrap();
    assert!(work(42) - work(41) > 5.0 * (work(30) - work(29)), "a step of mini is more work than one of tiny");
    let picture = fs::read_to_string(room.path("run/loss.svg")).unwrap();
    assert!(picture.contains(">grown</text>") && picture.contains("floating-point operations"), "{picture}");
}

#[test]
fn a_climb_that_is_killed_ends_as_if_nothing_had_happened() {
    let room = Room::new();
    room.write_text();
    room.json(&format!("{CLIMB} --out whole"));
    let mut line = format!("{CLIMB} --out killed");
    let mut killed = 0;
    for (lines, milliseconds) in [(3, 0), (29, 5), (29, 60), (33, 0)] {
        let child = room.start(&line);
        room.wait_for_lines("killed", lines);
        std::thread::sleep(Duration::from_millis(milliseconds));
        killed += usize::from(kill(child));
        line = "progressive --out killed --resume --threads 2".to_owned();
    }
    assert!(killed > 0, "the climb ended before anything killed it");
    room.json(&line);
    assert_eq!(room.timeless_metrics("whole"), room.timeless_metrics("killed"));
    for file in ["last", "best", "best-tiny", "best-mini"] {
        let of = |run: &str| content(&room.path(&format!("{run}/{file}.safetensors")));
        assert!(of("whole") == of("killed"), "{file}");
    }
    assert_eq!(of_type(&room.json(&line), "step").len(), 0, "a finished climb has nothing left to do");
}

#[test]
fn any_run_can_climb_and_what_cannot_is_said() {
    let room = Room::new();
    room.write_text();
    let small = "--batch 2 --context 32 --eval-windows 2 --threads 1";
    room.json(&format!("train --data text.txt --stage tiny --steps 3 {small} --out run"));
    assert!(room.refusal("progressive --out run --resume", 1).contains("--to"));
    let events =
        room.json("progressive --out run --resume --to mini --budget mini=2 --batch 2 --context 32 --threads 1");
    assert_eq!(of_type(&events, "step").len(), 2);
    assert_eq!(room.json("info run/last.safetensors")[0]["stage"], "mini");

    let climb = "progressive --data text.txt --out new";
    assert!(
        room.refusal(&format!("{climb} --from small --to mini"), 2).contains("--to mini is smaller than --from small")
    );
    assert!(room.refusal(&format!("{climb} --to mini --budget huge=3"), 2).contains("huge"));
    assert!(room.refusal(&format!("{climb} --to mini --budget tiny=0"), 2).contains("0 is no number of steps"));
    assert!(!room.path("new").exists());
}
