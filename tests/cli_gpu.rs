//! A GPU is checked against the CPU before it computes, where an adapter exists.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;
use std::path::PathBuf;

use binary::{Ran, Room};

/// A run on the GPU; none where there is no adapter, unless `MMREC_REQUIRE_GPU` asks for one.
fn run(room: &Room, out: &str) -> Option<Ran> {
    let ran = room.run(&format!("train --data text.txt --config settings.toml --steps 2 --device wgpu --out {out}"));
    let missing = ran.stderr.contains("\"wgpu\" cannot be used");
    assert!(!missing || std::env::var_os("MMREC_REQUIRE_GPU").is_none(), "{}", ran.stderr);
    (!missing).then_some(ran)
}

/// What is remembered of GPUs.
fn remembered(room: &Room) -> PathBuf {
    room.path("cache").join("gpus.json")
}

#[test]
fn a_gpu_is_checked_once_and_not_used_where_it_is_known_to_be_wrong() {
    let room = Room::new();
    room.write_text();
    let checked = "checking the GPU against the CPU";
    let Some(first) = run(&room, "first") else { return println!("not run: no adapter") };
    assert!(first.code == Some(0) && first.stderr.contains(checked), "{first:?}");
    let second = run(&room, "second").unwrap();
    assert!(second.code == Some(0) && !second.stderr.contains(checked), "{second:?}");

    let sound = fs::read_to_string(remembered(&room)).unwrap();
    assert!(sound.contains(env!("CARGO_PKG_VERSION")) && sound.contains(": null"), "{sound}");
    fs::write(remembered(&room), sound.replace(": null", ": \"its loss is 3\"")).unwrap();
    let refused = run(&room, "third").unwrap();
    assert!(refused.code == Some(1) && !room.path("third").exists(), "{refused:?}");
    for said in ["the GPU cannot be trusted", "its loss is 3", "--device cpu", "gpus.json"] {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }

    // What cannot be read is nothing known.
    fs::write(remembered(&room), "no JSON").unwrap();
    let again = run(&room, "fourth").unwrap();
    assert!(again.code == Some(0) && again.stderr.contains(checked), "{again:?}");
}

#[cfg(unix)]
#[test]
fn where_nothing_can_be_remembered_the_run_goes_on() {
    let room = Room::new();
    room.write_text();
    room.write("cache", b"a file");
    let Some(ran) = run(&room, "out") else { return println!("not run: no adapter") };
    assert_eq!(ran.code, Some(0), "{ran:?}");
}
