//! A good learning rate by trial: a fresh model takes steps whose rate grows exponentially, until its loss breaks away.
//!
//! The range test is that of Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3, with the exponential
//! growth, the smoothed loss and the early end of Gugger, "How Do You Find A Good Learning Rate" (2018).

use burn::tensor::Device;
use serde::Serialize;

use crate::Error;
use crate::config::{ModelConfig, TrainConfig};
use crate::data::{DataError, Dataset, Sampler};
use crate::platform::read;
use crate::train::{Batch, Trainer, check_precision};

/// Steps in all.
const TRIALS: usize = 100;
/// The rate of the first step and of the last.
const LOWEST: f64 = 1e-5;
const HIGHEST: f64 = 1.0;
/// How much of the smoothed loss stays with every step.
const SMOOTHING: f64 = 0.9;
/// A loss this many times the lowest so far is an end.
const BROKEN: f64 = 4.0;
/// Shares of the whole fall of the loss that are close to its end, and of the first loss that are no fall at all.
const CLOSE: f64 = 0.05;
const LEAST_FALL: f64 = 0.01;
/// How far below such a rate the suggestion stays.
const MARGIN: f64 = 3.0;

/// One step of the test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trial {
    /// The learning rate.
    pub rate: f64,
    /// The smoothed training loss at that rate, in nats per token.
    pub loss: f64,
}

/// What a test tries: so many rates, each the same factor above the one before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrialPlan {
    /// Steps that are taken at most.
    pub trials: usize,
    /// The first rate.
    pub lowest: f64,
    /// The last.
    pub highest: f64,
}

/// A range test under way, on weights of its own.
#[derive(Debug)]
pub struct RateFinder {
    train: TrainConfig,
    data: Dataset,
    trainer: Trainer,
    sampler: Sampler,
    trials: Vec<Trial>,
    /// Exponentially weighted sum of the losses.
    sum: f64,
    ended: bool,
}

impl RateFinder {
    /// What is tried at most.
    pub const PLAN: TrialPlan = TrialPlan { trials: TRIALS, lowest: LOWEST, highest: HIGHEST };

    /// A test of these sizes and settings, save for the rate and its schedule, on the training part of `data`.
    ///
    /// # Errors
    /// As [`Session::new`](super::Session::new).
    pub fn new(model: &ModelConfig, train: &TrainConfig, data: Dataset, device: &Device) -> Result<Self, Error> {
        model.validate()?;
        train.validate()?;
        data.check(train.context, train.batch)?;
        check_precision(train, device)?;
        Ok(Self {
            // At its floor from the first step on, the schedule is out of the way.
            train: TrainConfig { warmup: 0, floor: 1.0, ..train.clone() },
            data,
            trainer: Trainer::fresh(model, train, device),
            sampler: Sampler::new(train.seed),
            trials: Vec::new(),
            sum: 0.0,
            ended: false,
        })
    }

    /// Tries the next rate; `None` when nothing is left to try.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if the device fails, [`Error::Data`] if the text can no longer be read.
    pub async fn advance(&mut self) -> Result<Option<Trial>, Error> {
        if self.ended || self.trials.len() == TRIALS {
            return Ok(None);
        }
        let rate = rate_of(self.trials.len());
        let train = TrainConfig { lr: rate, ..self.train.clone() };
        let batches: Vec<Batch> = (0..train.accum).map(|_| self.next_batch()).collect::<Result<_, DataError>>()?;
        let loss = self.trainer.step(&train, &batches).loss;
        let loss = f64::from(read(vec![loss]).await?[0][0]);
        let trial = Trial { rate, loss: self.smoothed(loss) };
        let lowest = self.trials.iter().map(|trial| trial.loss).fold(f64::INFINITY, f64::min);
        if !trial.loss.is_finite() || trial.loss > BROKEN * lowest {
            self.ended = true;
            return Ok(None);
        }
        self.trials.push(trial);
        Ok(Some(trial))
    }

    /// The rate to train with, by the trials so far; `None` where the loss has not fallen.
    pub fn suggestion(&self) -> Option<f64> {
        suggestion(&self.trials)
    }

    fn next_batch(&mut self) -> Result<Batch, DataError> {
        let TrainConfig { batch, context, .. } = self.train;
        let (inputs, targets) = self.sampler.next_batch(&self.data.train, batch, context)?;
        Ok(Batch { inputs, targets, context })
    }

    /// The exponentially weighted mean of the losses, as if there had been such losses for ever.
    fn smoothed(&mut self, loss: f64) -> f64 {
        self.sum = SMOOTHING * self.sum + (1.0 - SMOOTHING) * loss;
        self.sum / (1.0 - SMOOTHING.powi(self.trials.len() as i32 + 1))
    }
}

/// The rate of a trial, from 0.
fn rate_of(trial: usize) -> f64 {
    LOWEST * (HIGHEST / LOWEST).powf(trial as f64 / (TRIALS - 1) as f64)
}

/// The rate to train with: a third of the lowest one that brings the loss close to where it gets at best. Beyond that the
/// curve may stay flat over a whole decade, so that the place of its lowest point says little.
///
/// Measured with `tiny` on the built-in stories, batches of 8 × 128 characters: close is 0.017, so 0.0057 is suggested. Real runs of
/// 300 steps at 0.001, 0.003, 0.006, 0.012, 0.025, 0.05 and 0.1 ended at a validation loss of 1.714, 1.464, 1.384, 1.369, 1.397,
/// 1.470 and 1.831; of longer ones the lower rates gain more.
fn suggestion(trials: &[Trial]) -> Option<f64> {
    let first = trials.first()?.loss;
    let lowest = trials.iter().map(|trial| trial.loss).fold(f64::INFINITY, f64::min);
    let fall = first - lowest;
    let close = trials.iter().find(|trial| trial.loss <= lowest + CLOSE * fall)?;
    (fall > LEAST_FALL * first).then_some(close.rate / MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that falls from 4 to 2 around one rate and rises again above another.
    fn curve(falls_at: f64, breaks_at: f64) -> Vec<Trial> {
        let loss = |rate: f64| 2.0 + 2.0 / (1.0 + (rate / falls_at).powi(2)) + (rate / breaks_at).powi(2);
        (0..TRIALS).map(rate_of).map(|rate| Trial { rate, loss: loss(rate) }).collect()
    }

    #[test]
    fn rates_rise_by_the_same_factor_from_the_lowest_to_the_highest() {
        assert!((rate_of(0) - LOWEST).abs() < 1e-12 && (rate_of(TRIALS - 1) - HIGHEST).abs() < 1e-9);
        let factor = rate_of(1) / rate_of(0);
        assert!((1..TRIALS).all(|trial| (rate_of(trial) / rate_of(trial - 1) - factor).abs() < 1e-9));
    }

    #[test]
    fn the_suggestion_goes_with_the_fall_and_not_with_where_it_breaks() {
        let [early, late, late_break] =
            [curve(1e-3, 0.3), curve(1e-2, 0.3), curve(1e-3, 0.9)].map(|trials| suggestion(&trials).unwrap());
        assert!((5e-4..5e-3).contains(&early), "{early}");
        assert!(late > 4.0 * early, "{late} {early}");
        assert!((late_break / early - 1.0).abs() < 0.3, "{late_break} {early}");
    }

    #[test]
    fn nothing_is_suggested_where_nothing_falls() {
        let flat = curve(1e3, 1.0);
        assert_eq!(suggestion(&flat), None);
        assert_eq!(suggestion(&[]), None);
    }
}
