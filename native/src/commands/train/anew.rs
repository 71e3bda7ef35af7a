//! Where a run cannot go on as it is asked to: the command of a new one, which begins with its weights.

use std::path::{Path, PathBuf};

use anyhow::Error;
use mmrec::Error as LibraryError;
use mmrec::config::TrainConfig;

use super::start::AnotherText;
use crate::args::differences::{Difference, can_grow, in_words};
use crate::args::requested::Course;
use crate::io::out_path;
use crate::run::folder::RunFolder;
use crate::terminal::failure::Usage;
use crate::terminal::shell::Suggestion;

/// Settings that are options of fine-tuning only.
const TUNING: [&str; 3] = ["freeze", "lora", "lora_alpha"];

/// The command of a run that begins with the best weights of the run in `folder`, keeps its settings but for `options`, and learns
/// `data`.
pub fn command(folder: &RunFolder, data: &Path, options: &[String]) -> Suggestion {
    let command = Suggestion::new("train").words("--from").path(&weights(folder));
    finish(with_settings(command, folder), folder, data, options)
}

/// The same where the settings `train` of the run are to become others by `changes`.
fn changed(folder: &RunFolder, data: &Path, changes: &[Difference], train: &TrainConfig) -> Suggestion {
    let has = |field: &str| changes.iter().any(|change| change.field() == field);
    let mut options: Vec<String> = changes.iter().map(Difference::option).collect();
    if !TUNING.into_iter().any(has) {
        return command(folder, data, &options);
    }
    if has("lora_alpha") && !has("lora") {
        // One is said together with the other.
        options.push(format!("--lora {}", train.lora));
    }
    finish(with_settings(Suggestion::new("finetune").path(&weights(folder)), folder), folder, data, &options)
}

fn weights(folder: &RunFolder) -> PathBuf {
    let best = folder.best();
    if best.exists() { best } else { folder.last() }
}

/// The command of a run that begins with fresh weights.
pub fn fresh(folder: &RunFolder, data: &Path, options: &[String]) -> Suggestion {
    finish(with_settings(Suggestion::new("train"), folder), folder, data, options)
}

fn finish(command: Suggestion, folder: &RunFolder, data: &Path, options: &[String]) -> Suggestion {
    let prepared = folder.data();
    // A text that was moved is still there as the run prepared it.
    let data = if data.exists() { data } else { &prepared };
    let command = command.words("--data").path(data).words("--out").path(&out_path::free_beside(folder.path()));
    options.iter().fold(command, |command, option| command.words(option))
}

fn with_settings(command: Suggestion, folder: &RunFolder) -> Suggestion {
    let config = folder.config();
    if config.exists() { command.words("--config").path(&config) } else { command }
}

/// Why a run does not go on with other settings, and what does.
pub fn refusal(folder: &RunFolder, data: &Path, course: &Course) -> Option<Error> {
    let Course { sizes, training, all, train } = course;
    if !sizes.is_empty() {
        return Some(Error::new(Usage(format!(
            "a run that is resumed keeps the sizes of its model: {}. Leave these out{}, or train a new one with another --out",
            in_words(sizes),
            if can_grow(sizes) { ", make the model larger by mmrec grow" } else { "" }
        ))));
    }
    if training.is_empty() {
        return None;
    }
    Some(Error::new(Usage(format!(
        "a run that is resumed keeps the settings that its numbers come from: {}. Leave these out, or begin a new run with the weights \
         of this one: {}",
        in_words(training),
        changed(folder, data, all, train)
    ))))
}

/// An error with the command that teaches a run's model the text at hand, where it is another than the run's, or where there is
/// nothing of a training to go on with. `is_readable`: whether the model can read that text.
pub fn if_another_text(error: Error, folder: &RunFolder, data: &Path, is_readable: impl FnOnce() -> bool) -> Error {
    let is_readable = match (error.downcast_ref(), error.downcast_ref()) {
        (Some(AnotherText { is_readable, .. }), _) => *is_readable,
        (_, Some(LibraryError::OtherText { .. } | LibraryError::NotResumable)) => is_readable(),
        _ => return error,
    };
    let how = match is_readable {
        true => format!("a new one begins with its weights by {}", command(folder, data, &[])),
        false => format!("a new one, which learns to read the text, begins by {}", fresh(folder, data, &[])),
    };
    error.context(format!("the run does not go on like this; {how}"))
}
