//! Two models on the same text: what it costs to store one's weights in fewer bits.

use super::Evaluation;
use crate::Error;
use crate::data::Tokens;
use crate::model::Model;

/// A comparison under way, a piece at a time.
#[derive(Debug)]
pub struct Comparison {
    models: [Model; 2],
    evaluations: [Evaluation; 2],
    tokens: Tokens,
}

impl Comparison {
    /// Compares on at most `max` windows (0: all) of `context` tokens, evenly spaced over `tokens`.
    pub fn new(models: [Model; 2], tokens: Tokens, context: usize, max: usize) -> Self {
        let evaluation = Evaluation::new(tokens.len(), context, max);
        Self { models, evaluations: [evaluation.clone(), evaluation], tokens }
    }

    /// Windows read and windows in all, of both models together.
    pub fn progress(&self) -> (usize, usize) {
        let [(one, of_one), (other, of_other)] = self.evaluations.each_ref().map(Evaluation::progress);
        (one + other, of_one + of_other)
    }

    /// Reads up to `batch` more windows.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if the device fails.
    pub async fn advance(&mut self, batch: usize) -> Result<(), Error> {
        let next = self.evaluations.iter().position(|evaluation| !evaluation.is_done());
        let Some(next) = next else { return Ok(()) };
        self.evaluations[next].advance(&self.models[next], &self.tokens, batch).await
    }

    /// Mean cross-entropy of each model in nats per token, once all is read; `None` before, and where the text has no window.
    pub fn losses(&self) -> Option<[f32; 2]> {
        let (done, total) = self.progress();
        (done == total && total > 0).then(|| self.evaluations.each_ref().map(|evaluation| evaluation.metrics(1.0).loss))
    }
}
