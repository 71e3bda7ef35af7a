use super::contents::names;
use super::*;
use crate::run::checkpoint_file;
use crate::run::file_names::{LADDER, LOSS_SVG, METRICS, step_of};
use mmrec::checkpoint::{Checkpoint, Stored};
use mmrec::config::{ModelConfig, Stage};
use mmrec::driver::SaveKind;
use mmrec::model::weight_specs;
use mmrec::tokenizer::Tokenizer;
use mmrec::train::OptimizerState;

fn checkpoint(seed: u64) -> Checkpoint {
    let model = ModelConfig { width: 4, layers: 1, feed_forward: 2, ..Stage::Tiny.config(256) };
    let weights = weight_specs(&model)
        .into_iter()
        .map(|spec| Stored { values: spec.initial(seed), name: spec.name, shape: spec.shape })
        .collect();
    let (tokenizer, optimizer, texts) = (Tokenizer::Byte, OptimizerState::new(), Vec::new());
    Checkpoint { model, tokenizer, weights, adapter: None, progress: None, optimizer, texts }
}

#[test]
fn a_run_is_neither_overwritten_nor_shared() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("runs").join("one");
    assert!(RunFolder::open(&path).unwrap_err().to_string().contains("no run to resume"));
    let folder = RunFolder::create(&path).unwrap();
    let error = RunFolder::create(&path).unwrap_err();
    assert!(error.to_string().contains("another mmrec"), "{error}");
    fs::write(folder.last(), b"x").unwrap();
    drop(folder);
    assert!(RunFolder::create(&path).unwrap_err().to_string().contains("--resume"));
    assert!(RunFolder::open(&path).is_ok());
}

#[test]
fn folders_of_other_things_are_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("diary.txt"), "dear").unwrap();
    assert!(RunFolder::create(parent.path()).unwrap_err().to_string().contains("diary.txt"));
    assert!(RunFolder::open(parent.path()).unwrap_err().to_string().contains("no run to resume"));
    assert_eq!(fs::read(parent.path().join("diary.txt")).unwrap(), b"dear");
}

const OF_RUN: &str = "[data]\nname = \"text\"\npath = \"text.txt\"\nfingerprint = \"0\"\ntokenizer = \"char\"\n";

#[test]
fn what_a_failed_start_left_is_no_run_and_what_somebody_put_there_stays() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path();
    let refused = || RunFolder::create(path).unwrap_err().to_string();
    let config = path.join(CONFIG);
    fs::write(&config, OF_RUN).unwrap();
    assert!(refused().contains("already holds a run"), "a run without its lock");
    // A lock of a version without marks.
    fs::write(path.join(LOCK), "").unwrap();
    assert!(RunFolder::open(path).unwrap_err().to_string().contains("without --resume"));
    RunFolder::create(path).unwrap().discard();
    assert!(!config.exists(), "it was of a start that came to nothing");
    assert!(path.join(LOCK).exists(), "who knows whose it is");
    for (lock, name) in [("", CONFIG), ("", LADDER), ("", LOSS_SVG), (lock::MARK, CONFIG), (lock::MARK, "a.txt")] {
        fs::write(path.join(LOCK), lock).unwrap();
        fs::write(path.join(name), "precious = 1\n").unwrap();
        assert!(refused().contains(&format!("it holds {name}")), "{name}");
        assert!(RunFolder::open(path).unwrap_err().to_string().contains("no run to resume"), "{name}");
        fs::remove_file(path.join(name)).unwrap();
    }
    for name in [METRICS, "best.safetensors"] {
        fs::write(path.join(name), "{}\n").unwrap();
        assert!(refused().contains("already holds a run"), "{name}");
        fs::remove_file(path.join(name)).unwrap();
    }
    fs::write(path.join(LADDER), "to = \"mini\"\n").unwrap();
    RunFolder::create(path).unwrap().discard();
    assert!(names(path).unwrap().is_empty(), "all was of starts");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_where_another_run_began_in_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    let first = RunFolder::create(&path).unwrap();
    first.save(SaveKind::Last, 1, &checkpoint(1)).unwrap();
    // By itself no harm.
    fs::remove_file(path.join(LOCK)).unwrap();
    first.save(SaveKind::Last, 2, &checkpoint(2)).unwrap();
    fs::remove_dir_all(&path).unwrap();
    let lost = |folder: &RunFolder| folder.save(SaveKind::Best, 3, &checkpoint(3)).unwrap_err().to_string();
    assert!(lost(&first).contains("no longer there"));
    let second = RunFolder::create(&path).unwrap();
    second.save(SaveKind::Last, 1, &checkpoint(9)).unwrap();
    assert!(lost(&first).contains("another run began in its place"));
    first.discard();
    assert_eq!(checkpoint_file::read(&second.last()).unwrap(), checkpoint(9));
    let mut there = names(&path).unwrap();
    there.sort();
    assert_eq!(there, [LOCK, LAST]);
}

#[test]
fn a_copy_under_another_name_is_no_step_of_the_run() {
    let steps = ["step-000007.safetensors", "step-1234567.safetensors"].map(step_of);
    assert_eq!(steps, [Some(7), Some(1_234_567)]);
    for copy in ["step-7.safetensors", "step-0000007.safetensors", "step-+00007.safetensors", "step-x.safetensors"] {
        assert_eq!(step_of(copy), None, "{copy}");
    }
}

#[test]
fn kinds_of_checkpoints_have_their_names() {
    let parent = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(parent.path()).unwrap();
    for (kind, step, name) in [
        (SaveKind::Best, 20, "best.safetensors"),
        (SaveKind::Step, 500, "step-000500.safetensors"),
        (SaveKind::Last, 600, "last.safetensors"),
    ] {
        let path = folder.save(kind, step, &checkpoint(step)).unwrap();
        assert_eq!(path.file_name().unwrap(), name);
        assert_eq!(checkpoint_file::read(&folder.last()).unwrap(), checkpoint(step));
    }
    assert_eq!(checkpoint_file::read(&folder.best()).unwrap(), checkpoint(20));
    for name in ["best.safetensors", "step-000500.safetensors", "last.safetensors"] {
        fs::write(parent.path().join(name), name).unwrap();
    }
    let error = folder.newest_checkpoint(&|_| {}).unwrap_err();
    assert!(format!("{error:#}").contains("can be resumed from"), "{error:#}");
}
