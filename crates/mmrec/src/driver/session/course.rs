//! What of a run may change while it goes on.

use super::Session;
use crate::Error;
use crate::config::TrainConfig;
use crate::data::validation_windows;
use crate::driver::PendingAction;

impl Session {
    /// Changes the number of planned steps; a finished run goes on if there are more than were taken.
    ///
    /// # Errors
    /// [`Error::Config`] if the number is out of range.
    pub fn set_steps(&mut self, steps: u64) -> Result<(), Error> {
        let train = TrainConfig { steps, ..self.progress.train.clone() };
        train.validate()?;
        self.progress.train = train;
        self.go_on();
        Ok(())
    }

    /// Takes over what of `course` changes no number of a step, and its steps: see [`TrainConfig::with_course_of`]. A run that has
    /// ended goes on where more steps or another patience are asked for. Where evaluations read other windows from here on, the best
    /// loss is found anew: those before cannot be compared with those after.
    ///
    /// # Errors
    /// [`Error::Config`] if a setting is out of range.
    pub fn set_course(&mut self, course: &TrainConfig) -> Result<(), Error> {
        let train = self.progress.train.with_course_of(course);
        train.validate()?;
        let before = std::mem::replace(&mut self.progress.train, train);
        let now = &self.progress.train;
        let read =
            |train: &TrainConfig| validation_windows(self.data.validation.len(), train.context, train.eval_windows);
        let reads_others = read(&before) != read(now);
        if (before.steps, before.patience) != (now.steps, now.patience) {
            self.go_on();
        }
        if reads_others {
            self.evaluation = None;
            (self.progress.best, self.progress.evals_since_best) = (None, 0);
        }
        Ok(())
    }

    /// Takes back that the run has ended, where steps are left. Patience then begins anew: else the next evaluation could be the end.
    fn go_on(&mut self) {
        let is_end = |action: &PendingAction| matches!(action, PendingAction::Finish(_));
        let has_ended = self.finished || self.pending.iter().any(is_end);
        if has_ended && self.progress.train.steps > self.step() {
            self.finished = false;
            self.pending.retain(|due| !is_end(due));
            self.progress.evals_since_best = 0;
        }
    }

    /// Changes how often a sample is written (0: never) and after what prompt.
    ///
    /// # Errors
    /// [`Error::Config`] if the prompt is too long.
    pub fn set_sample(&mut self, prompt: &str, every: u64) -> Result<(), Error> {
        let train =
            TrainConfig { sample_prompt: prompt.to_owned(), sample_every: every, ..self.progress.train.clone() };
        train.validate()?;
        self.progress.train = train;
        Ok(())
    }
}
