//! Training steps, and what they measured.

use std::collections::VecDeque;

use super::{Session, due_after};
use crate::Error;
use crate::data::DataError;
use crate::driver::history::record;
use crate::driver::{Due, Event, Finish, Point, SaveKind};
use crate::plan::flops_per_token;
use crate::platform::{now, read};
use crate::train::{Batch, learning_rate};

impl Session {
    /// Takes a step, and tells of it and of those before it where it is time to.
    pub(super) async fn train(&mut self) -> Result<Vec<Event>, Error> {
        let began = now();
        self.step_on()?;
        self.spent += now() - began;
        let (train, step) = (&self.progress.train, self.ahead.step);
        let due = due_after(train, step);
        if !step.is_multiple_of(train.log_every) && due.is_empty() {
            return Ok(Vec::new());
        }
        let points = self.settle().await?;
        if let Some(last) = points.last() {
            record(&mut self.progress.history, last.clone());
            self.due.extend(due);
        }
        Ok(points.into_iter().map(Event::Step).collect())
    }

    fn step_on(&mut self) -> Result<(), Error> {
        let train = &self.progress.train;
        let mut sampler = self.progress.sampler.clone();
        sampler.cursor += (self.unread.len() * train.accum * train.batch) as u64;
        let batches: Vec<Batch> = (0..train.accum)
            .map(|_| {
                let (inputs, targets) = sampler.next_batch(&self.data.train, train.batch, train.context)?;
                Ok(Batch { inputs, targets, context: train.context })
            })
            .collect::<Result<_, DataError>>()?;
        self.unread.push(self.ahead.step_with(&self.peers, train, &batches)?);
        Ok(())
    }

    /// Reads what the unread steps measured and takes them over, if all is finite; else none of them, and the run ends.
    pub(super) async fn settle(&mut self) -> Result<Vec<Point>, Error> {
        let began = now();
        let tensors = self.unread.iter().flat_map(|m| [m.loss.clone(), m.grad_norm.clone()]).collect();
        let values = read(tensors).await?;
        let elapsed = std::mem::take(&mut self.spent) + now() - began;
        if values.iter().any(|value| !value[0].is_finite()) {
            self.give_up();
            return Ok(Vec::new());
        }
        let count = self.unread.len() as u64;
        self.unread.clear();
        self.good = self.ahead.clone();
        let seconds = self.watch.count(elapsed, count) / count as f64;
        Ok(values.chunks(2).map(|pair| self.take_over(pair[0][0], pair[1][0], seconds)).collect())
    }

    /// Counts one more step, which took `seconds`.
    fn take_over(&mut self, train_loss: f32, grad_norm: f32, seconds: f64) -> Point {
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
            lr: learning_rate(train, progress.began(), progress.step - 1),
            grad_norm,
            train_loss,
            ..Point::default()
        }
    }

    /// Returns to the last good state and ends the run.
    fn give_up(&mut self) {
        self.unread.clear();
        self.ahead = self.good.clone();
        self.due = VecDeque::from([Due::Save(SaveKind::Last), Due::Finish(Finish::NotFinite)]);
    }
}
