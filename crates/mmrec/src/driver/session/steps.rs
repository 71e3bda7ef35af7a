//! Training steps, and what they measured.

use std::collections::VecDeque;

use super::{Session, actions_after};
use crate::Error;
use crate::data::DataError;
use crate::driver::{Event, Finish, PendingAction, Point, SaveKind};
use crate::plan::flops_per_token;
use crate::platform::{now, read};
use crate::progress::record;
use crate::train::{Batch, learning_rate};

impl Session {
    /// Takes a step, and tells of it and of those before it where it is time to.
    pub(super) async fn train(&mut self) -> Result<Vec<Event>, Error> {
        let began = now();
        self.take_step()?;
        self.unread_seconds += now() - began;
        let (train, step) = (&self.progress.train, self.speculative.step);
        let actions = actions_after(train, step);
        if !step.is_multiple_of(train.log_every) && actions.is_empty() {
            return Ok(Vec::new());
        }
        let points = self.commit().await?;
        if let Some(last) = points.last() {
            record(&mut self.progress.history, last.clone());
            self.pending.extend(actions);
        }
        Ok(points.into_iter().map(Event::Step).collect())
    }

    fn take_step(&mut self) -> Result<(), Error> {
        let train = &self.progress.train;
        let mut sampler = self.progress.sampler.clone();
        sampler.cursor += (self.unread.len() * train.accum * train.batch) as u64;
        let batches: Vec<Batch> = (0..train.accum)
            .map(|_| {
                let (inputs, targets) = sampler.next_batch(&self.data.train, train.batch, train.context)?;
                Ok(Batch { inputs, targets, context: train.context })
            })
            .collect::<Result<_, DataError>>()?;
        self.unread.push(self.speculative.step_with(&self.replicas, train, &batches)?);
        Ok(())
    }

    /// Reads what the unread steps measured and takes them over, if all is finite; else none of them, and the run ends.
    pub(super) async fn commit(&mut self) -> Result<Vec<Point>, Error> {
        let began = now();
        let tensors = self.unread.iter().flat_map(|m| [m.loss.clone(), m.grad_norm.clone()]).collect();
        let values = read(tensors).await?;
        let elapsed = std::mem::take(&mut self.unread_seconds) + now() - began;
        if values.iter().any(|value| !value[0].is_finite()) {
            self.rollback_and_finish();
            return Ok(Vec::new());
        }
        let count = self.unread.len() as u64;
        self.unread.clear();
        self.committed = self.speculative.clone();
        let seconds = self.watch.count(elapsed, count) / count as f64;
        Ok(values.chunks(2).map(|pair| self.count_step(pair[0][0], pair[1][0], seconds)).collect())
    }

    /// Counts one more step, which took `seconds`.
    fn count_step(&mut self, train_loss: f32, grad_norm: f32, seconds: f64) -> Point {
        let progress = &mut self.progress;
        let train = &progress.train;
        let tokens = train.tokens_per_step();
        progress.step += 1;
        progress.tokens += tokens;
        progress.seconds += seconds;
        progress.flops += (flops_per_token(&self.model, train.recompute) * tokens) as f64;
        progress.sampler.cursor += (train.accum * train.batch) as u64;
        Point {
            step: progress.step,
            epoch: progress.tokens as f64 / self.data.train.len() as f64,
            tokens: progress.tokens,
            seconds: progress.seconds,
            flops: progress.flops,
            tokens_per_s: tokens as f64 / seconds.max(1e-9),
            lr: learning_rate(train, progress.schedule_start(), progress.step - 1),
            grad_norm,
            train_loss,
            ..Point::default()
        }
    }

    /// Returns to the last good state and ends the run.
    fn rollback_and_finish(&mut self) {
        self.unread.clear();
        self.speculative = self.committed.clone();
        self.pending = VecDeque::from([PendingAction::Save(SaveKind::Last), PendingAction::Finish(Finish::NotFinite)]);
    }
}
