//! Evaluation on a held-out text, one batch at a time so that nobody waits long for their turn.

use serde::{Deserialize, Serialize};

use super::Batch;
use crate::Error;
use crate::data::{Tokens, validation_windows};
use crate::model::{Dropout, Model};
use crate::ops::token_losses;
use crate::platform::read;

/// How well a model predicts a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Mean cross-entropy in nats per token.
    pub loss: f32,
    /// Bits per character.
    pub bpc: f32,
    /// e to the loss: among how many equally likely tokens the model hesitates.
    pub perplexity: f32,
    /// Share of tokens predicted as the likeliest.
    pub accuracy: f32,
}

/// An evaluation under way.
#[derive(Debug, Clone)]
pub struct Evaluation {
    windows: Vec<u64>,
    context: usize,
    done: usize,
    loss: f64,
    correct: f64,
}

impl Evaluation {
    /// An evaluation of at most `max` windows (0: all) of `context` tokens, evenly spaced over `len` tokens.
    pub fn new(len: u64, context: usize, max: usize) -> Self {
        Self { windows: validation_windows(len, context, max), context, done: 0, loss: 0.0, correct: 0.0 }
    }

    /// Windows read and windows in all.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.windows.len())
    }

    /// Whether every window was read.
    pub fn is_done(&self) -> bool {
        self.done == self.windows.len()
    }

    /// Reads up to `batch` more windows of `tokens`.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if the device fails, [`Error::Data`] if the text can no longer be read.
    pub async fn advance(&mut self, model: &Model, tokens: &Tokens, batch: usize) -> Result<(), Error> {
        let starts = &self.windows[self.done..(self.done + batch).min(self.windows.len())];
        if starts.is_empty() {
            return Ok(());
        }
        let mut rows = Batch { inputs: Vec::new(), targets: Vec::new(), context: self.context };
        for &start in starts {
            let (inputs, targets) = tokens.window(start, self.context)?;
            rows.inputs.extend(inputs);
            rows.targets.extend(targets);
        }
        let [inputs, targets] = rows.tensors(&model.embedding.device());
        let logits = model.forward(inputs, &mut Dropout::new(0.0, 0, 0));
        let hits = logits.clone().argmax(2).squeeze_dim::<2>(2).equal(targets.clone()).float().sum();
        let values = read(vec![token_losses(logits, targets).sum(), hits]).await?;
        self.loss += f64::from(values[0][0]);
        self.correct += f64::from(values[1][0]);
        self.done += starts.len();
        Ok(())
    }

    /// The result so far; `tokens_per_character` of the text turns nats per token into bits per character.
    pub fn metrics(&self, tokens_per_character: f64) -> Metrics {
        let count = (self.done * self.context).max(1) as f64;
        let loss = self.loss / count;
        Metrics {
            loss: loss as f32,
            bpc: (loss / std::f64::consts::LN_2 * tokens_per_character) as f32,
            perplexity: loss.exp() as f32,
            accuracy: (self.correct / count) as f32,
        }
    }
}
