//! Where a run cannot go on as it is asked to: the command of a new one, which begins with its weights.

use std::path::Path;

use anyhow::Error;
use mmrec::Error as LibraryError;

use super::start::ChangedText;
use crate::out;
use crate::run_folder::RunFolder;
use crate::settings::{Course, Usage, in_words};
use crate::shell::Suggestion;

/// Settings that are options of fine-tuning only.
const TUNING: [&str; 3] = ["--freeze", "--lora", "--lora-alpha"];

/// The command of a run that begins with the best weights of the run in `folder`, keeps its settings but for `options`, and learns
/// `data`.
pub fn command(folder: &RunFolder, data: &Path, options: &[String]) -> Suggestion {
    let best = folder.best();
    let weights = if best.exists() { best } else { folder.last() };
    let is_tuning = |option: &String| TUNING.contains(&option.split(' ').next().unwrap_or_default());
    let command = match options.iter().any(is_tuning) {
        true => Suggestion::new("finetune").path(&weights),
        false => with_settings(Suggestion::new("train").words("--from").path(&weights), folder),
    };
    finish(command, folder, data, options)
}

/// The command of a run that begins with fresh weights.
pub fn fresh(folder: &RunFolder, data: &Path, options: &[String]) -> Suggestion {
    finish(with_settings(Suggestion::new("train"), folder), folder, data, options)
}

fn finish(command: Suggestion, folder: &RunFolder, data: &Path, options: &[String]) -> Suggestion {
    let prepared = folder.data();
    // A text that was moved is still there as the run prepared it.
    let data = if data.exists() { data } else { &prepared };
    let command = command.words("--data").path(data).words("--out").path(&out::free_beside(folder.path()));
    options.iter().fold(command, |command, option| command.words(option))
}

fn with_settings(command: Suggestion, folder: &RunFolder) -> Suggestion {
    let config = folder.config();
    if config.exists() { command.words("--config").path(&config) } else { command }
}

/// Why a run does not go on with other settings, and what does.
pub fn refusal(folder: &RunFolder, data: &Path, course: &Course) -> Option<Error> {
    let Course { sizes, training, .. } = course;
    if !sizes.is_empty() {
        return Some(Error::new(Usage(format!(
            "a run that is resumed keeps the sizes of its model: {}. Leave these out, make the model larger by mmrec grow, or train \
             a new one with another --out",
            in_words(sizes)
        ))));
    }
    if training.is_empty() {
        return None;
    }
    let options: Vec<String> = training.iter().map(|difference| difference.option()).collect();
    Some(Error::new(Usage(format!(
        "a run that is resumed keeps the settings that its numbers come from: {}. Leave these out, or begin a new run with the weights \
         of this one: {}",
        in_words(training),
        command(folder, data, &options)
    ))))
}

/// An error with the command that teaches a run's model the text at hand, where it is another than the run's, or where there is
/// nothing of a training to go on with.
pub fn if_another_text(error: Error, folder: &RunFolder, data: &Path) -> Error {
    let is_text = error.is::<ChangedText>();
    if !is_text && !matches!(error.downcast_ref(), Some(LibraryError::OtherText { .. } | LibraryError::NotResumable)) {
        return error;
    }
    let command = command(folder, data, &[]);
    error.context(format!("the run does not go on like this; a new one begins with its weights by {command}"))
}
