//! Settings that a run takes over when it goes on.

use anyhow::{Result, bail};
use mmrec::checkpoint::Best;
use mmrec::config::TrainConfig;
use mmrec::driver::Session;
use mmrec::train::learning_rate;

use crate::args::differences::{as_changes, differences};
use crate::run::folder::RunFolder;
use crate::terminal::failure::Usage;
use crate::terminal::format;
use crate::terminal::output::note;

/// Has the session of `folder` go on by `course`; says whether that is another than before, and tells the person.
pub fn take_over(session: &mut Session, folder: &RunFolder, course: TrainConfig) -> Result<bool> {
    let best = session.progress().best;
    if !change(session, course)? {
        return Ok(false);
    }
    if let Some(best) = best.filter(|_| session.progress().best.is_none()) {
        tell_of_other_windows(folder, best)?;
    }
    Ok(true)
}

/// The best model so far was found by what is no longer asked, so it is not the one that later ones must beat; but it stays.
fn tell_of_other_windows(folder: &RunFolder, Best { step, loss }: Best) -> Result<()> {
    let kept = match folder.best().exists() {
        true => format!(", and stays as {}", folder.keep_best_of(step)?.display()),
        false => String::new(),
    };
    note(&format!(
        "evaluations read other windows of the validation part from here on, so the best loss is found anew: the one so far was \
         {loss:.4} at step {step}{kept}"
    ));
    Ok(())
}

fn change(session: &mut Session, course: TrainConfig) -> Result<bool> {
    let before = session.progress().train.clone();
    if course == before {
        return Ok(false);
    }
    if course.steps != before.steps {
        refuse_past_steps(course.steps, session.step())?;
    }
    session.set_course(&course)?;
    let now = &session.progress().train;
    note(&format!("changed from here on: {}", as_changes(&differences(&before, now)?)));
    if let Some(change) = change_of_rate(&before, session) {
        note(&change);
    }
    Ok(true)
}

fn refuse_past_steps(wanted: u64, taken: u64) -> Result<()> {
    if wanted <= taken {
        bail!(Usage(format!(
            "the run has taken {taken} steps already and would have {wanted} in all: --steps (or --epochs, or what the settings file \
             says) must ask for more, or be left out"
        )));
    }
    Ok(())
}

/// What becomes of the learning rate where the run is to have another length: its schedule is one over all steps.
fn change_of_rate(before: &TrainConfig, session: &Session) -> Option<String> {
    let (progress, step) = (session.progress(), session.step());
    let last = learning_rate(before, progress.schedule_start(), step.checked_sub(1)?);
    let next = learning_rate(&progress.train, progress.schedule_start(), step);
    (progress.train.steps != before.steps).then(|| {
        format!(
            "the learning rate follows the schedule of {} from here on: {} in the next step, after {} in the last one",
            format::count(progress.train.steps, "step"),
            format::significant(next),
            format::significant(last)
        )
    })
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use mmrec::checkpoint::{Checkpoint, Progress};
    use mmrec::config::{ModelConfig, Stage};
    use mmrec::data::Dataset;
    use mmrec::tokenizer::TokenizerKind;

    /// A small model after one step, and its text.
    fn trained() -> (Checkpoint, Dataset) {
        let data =
            Dataset::from_text("x", &"It was the best of times. ".repeat(40), TokenizerKind::Char, None).unwrap();
        let sizes = ModelConfig { width: 8, layers: 1, feed_forward: 8, ..Stage::Tiny.config(data.tokenizer.vocab()) };
        let train = TrainConfig { context: 16, batch: 1, steps: 9, ..TrainConfig::for_model(&sizes) };
        let mut session = Session::new(sizes, train, data.clone(), &Default::default()).unwrap();
        pollster::block_on(session.advance()).unwrap();
        (pollster::block_on(session.checkpoint()).unwrap(), data)
    }

    /// Async code of the library becomes code of this program, where its arithmetic is checked by this program's profile.
    #[test]
    fn an_overflow_in_async_code_is_no_number() {
        let (checkpoint, data) = trained();
        let progress = Progress { tokens: u64::MAX, ..checkpoint.progress.clone().unwrap() };
        let forged = Checkpoint { progress: Some(progress), ..checkpoint };
        let mut session = Session::resume(&forged, data, &Default::default()).unwrap();
        let step = catch_unwind(AssertUnwindSafe(|| pollster::block_on(session.advance())));
        assert!(step.is_err(), "the tokens were counted on from 0");
    }

    #[test]
    fn a_longer_run_says_what_becomes_of_its_rate() {
        let (checkpoint, data) = trained();
        let mut session = Session::resume(&checkpoint, data, &Default::default()).unwrap();
        let before = session.progress().train.clone();
        assert!(!change(&mut session, before.clone()).unwrap());
        assert!(change(&mut session, TrainConfig { save_every: 7, ..before.clone() }).unwrap());
        assert_eq!(change_of_rate(&before, &session), None);
        assert!(change(&mut session, TrainConfig { steps: 20, ..before.clone() }).unwrap());
        let said = change_of_rate(&before, &session).unwrap();
        assert!(said.contains("schedule of 20 steps") && said.contains("after"), "{said}");
        assert!(change(&mut session, TrainConfig { steps: 1, ..before }).unwrap_err().is::<Usage>());
    }
}
