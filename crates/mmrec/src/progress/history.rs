//! The metrics of a run so far.

use serde::{Deserialize, Serialize};

/// What was measured at one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Optimizer steps taken.
    pub step: u64,
    /// Passes over the training split so far.
    pub epoch: f64,
    /// Tokens learned from so far.
    pub tokens: u64,
    /// Seconds spent on training steps so far.
    pub seconds: f64,
    /// Floating-point operations of training so far, those of smaller models that it grew from included.
    #[serde(default)]
    pub flops: f64,
    /// Tokens learned from per second, over the steps since the last report.
    pub tokens_per_s: f64,
    /// Learning rate of the step.
    pub lr: f64,
    /// Global norm of the gradient before clipping.
    pub grad_norm: f32,
    /// Nats per token.
    pub train_loss: f32,
    /// Nats per token on the validation split, where evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_loss: Option<f32>,
    /// Bits per character on the validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_bpc: Option<f32>,
    /// Perplexity on the validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_perplexity: Option<f32>,
    /// Accuracy on the validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_accuracy: Option<f32>,
}

/// Most points kept; a checkpoint carries them all.
const MAX_POINTS: usize = 4_096;

/// Adds a point. When there are too many, every other one without an evaluation is left out.
pub(crate) fn record(history: &mut Vec<Point>, point: Point) {
    history.push(point);
    if history.len() > MAX_POINTS {
        let mut index = 0;
        let last = history.len();
        history.retain(|point| {
            index += 1;
            index % 2 == 0 || index == last || point.val_loss.is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_bounded_and_keeps_evaluations_and_the_newest() {
        let mut history = Vec::new();
        for step in 1..=100_000 {
            let val_loss = (step % 1_000 == 0).then_some(1.0);
            record(&mut history, Point { step, val_loss, ..Point::default() });
            assert_eq!(history.last().map(|point| point.step), Some(step));
        }
        assert!(history.len() <= MAX_POINTS);
        assert_eq!(history.iter().filter(|point| point.val_loss.is_some()).count(), 100);
        assert!(history.windows(2).all(|pair| pair[0].step < pair[1].step));
    }
}
