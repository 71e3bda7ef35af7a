//! What the model expects at every token of a text.

use std::cmp::Ordering;

use burn::tensor::Tensor;
use serde::Serialize;

use crate::Error;
use crate::model::Model;
use crate::platform::read;
use crate::tokenizer::Tokenizer;

/// Alternatives named for a token.
const NAMED: usize = 5;
/// Logits read at a time: 4 MB, whatever the vocabulary.
const LOGITS: usize = 1 << 20;

/// How well a token was predicted from those before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// Probability of the token that came.
    pub probability: f32,
    /// −ln of that probability, in nats.
    pub surprise: f32,
    /// What the surprise was expected to be, in nats: 0 where the model was certain, ln V where it knew nothing.
    pub entropy: f32,
    /// The likeliest tokens, the likeliest first; the one that came may be among them.
    pub likeliest: Vec<Candidate>,
}

/// A token that might have come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Its visible name, as of [`Tokenizer::token_label`].
    pub label: String,
    /// Its probability.
    pub probability: f32,
}

/// The mean surprise of all tokens but the first in nats, if there are any, from the stream after the last block; `take` gets the
/// logits before every one of them, as they are and as a distribution, and which it is.
pub(super) async fn loss(
    model: &Model,
    stream: Tensor<3>,
    ids: &[u16],
    take: &mut dyn FnMut(&[f32], &Odds, u16),
) -> Result<Option<f32>, Error> {
    let vocab = model.head.dims()[1];
    let most = (LOGITS / vocab).max(1);
    let (mut next, mut sum) = (&ids[1..], 0.0);
    for start in (0..next.len()).step_by(most) {
        let count = most.min(next.len());
        let logits = model.logits(stream.clone().narrow(1, start, count), count);
        let values = read(vec![logits.reshape([count * vocab])]).await?.swap_remove(0);
        if values.iter().any(|logit| !logit.is_finite()) {
            return Err(Error::NotFinite);
        }
        let (now, later) = next.split_at(count);
        for (logits, id) in values.chunks_exact(vocab).zip(now) {
            let odds = Odds::of(logits);
            sum += odds.surprise(logits[usize::from(*id)]);
            take(logits, &odds, *id);
        }
        next = later;
    }
    Ok((ids.len() > 1).then(|| (sum / (ids.len() - 1) as f64) as f32))
}

/// A row of logits as a distribution: p = exp(logit − normaliser).
pub(super) struct Odds {
    normaliser: f64,
    entropy: f64,
}

impl Odds {
    fn of(logits: &[f32]) -> Self {
        let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let (mut sum, mut weighted) = (0.0, 0.0);
        for logit in logits {
            let distance = f64::from(*logit) - largest;
            let power = distance.exp();
            sum += power;
            weighted += power * distance;
        }
        Self { normaliser: largest + sum.ln(), entropy: sum.ln() - weighted / sum }
    }

    fn surprise(&self, logit: f32) -> f64 {
        self.normaliser - f64::from(logit)
    }

    fn probability(&self, logit: f32) -> f32 {
        (-self.surprise(logit)).exp() as f32
    }
}

/// How well `next` was predicted.
pub(super) fn prediction(logits: &[f32], odds: &Odds, next: u16, tokenizer: &Tokenizer) -> Prediction {
    let next = logits[usize::from(next)];
    let candidate = |id: u16| Candidate {
        label: tokenizer.token_label(id),
        probability: odds.probability(logits[usize::from(id)]),
    };
    Prediction {
        probability: odds.probability(next),
        surprise: odds.surprise(next) as f32,
        entropy: odds.entropy as f32,
        likeliest: largest(logits).into_iter().map(candidate).collect(),
    }
}

/// The tokens with the largest logits, the largest first; of equals the first.
fn largest(logits: &[f32]) -> Vec<u16> {
    let mut best: Vec<u16> = Vec::with_capacity(NAMED + 1);
    for (id, logit) in (0..=u16::MAX).zip(logits) {
        let place = best.partition_point(|held| logits[usize::from(*held)].total_cmp(logit) != Ordering::Less);
        if place < NAMED {
            best.insert(place, id);
            best.truncate(NAMED);
        }
    }
    best
}
