//! Drawing the next token from logits.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::config::SampleConfig;

/// A seeded drawer of tokens.
#[derive(Debug, Clone)]
pub(super) struct Chooser {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    rng: ChaCha8Rng,
}

impl Chooser {
    pub fn new(config: &SampleConfig) -> Self {
        Self {
            temperature: config.temperature,
            top_k: config.top_k,
            top_p: config.top_p,
            rng: ChaCha8Rng::seed_from_u64(config.seed),
        }
    }

    /// Draws a token; `banned` is never drawn.
    pub fn choose(&mut self, logits: &[f32], banned: Option<u16>) -> Result<u16, Error> {
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(Error::NotFinite);
        }
        let mut candidates: Vec<(usize, f64)> = logits
            .iter()
            .enumerate()
            .filter(|(id, _)| Some(*id) != banned.map(usize::from))
            .map(|(id, logit)| (id, f64::from(*logit)))
            .collect();
        // Ties are broken by the token's number, so that the same logits always give the same order.
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.temperature == 0.0 {
            return Ok(candidates[0].0 as u16);
        }
        if self.top_k > 0 {
            candidates.truncate(self.top_k);
        }
        let largest = candidates[0].1;
        candidates.iter_mut().for_each(|(_, weight)| *weight = ((*weight - largest) / self.temperature).exp());
        keep_nucleus(&mut candidates, self.top_p);
        Ok(self.draw(&candidates) as u16)
    }

    fn draw(&mut self, candidates: &[(usize, f64)]) -> usize {
        let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
        let mut left = self.rng.random::<f64>() * total;
        for (id, weight) in candidates {
            left -= weight;
            if left < 0.0 {
                return *id;
            }
        }
        candidates[candidates.len() - 1].0
    }
}

/// Keeps the fewest candidates, likeliest first, whose share reaches `top_p`.
fn keep_nucleus(candidates: &mut Vec<(usize, f64)>, top_p: f64) {
    let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    let reached = candidates.iter().position(|(_, weight)| {
        sum += weight;
        sum >= top_p * total
    });
    if let Some(last) = reached {
        candidates.truncate(last + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(config: SampleConfig, logits: &[f32]) -> Vec<usize> {
        let mut chooser = Chooser::new(&config);
        let mut counts = vec![0; logits.len()];
        for _ in 0..20_000 {
            counts[usize::from(chooser.choose(logits, None).expect("finite"))] += 1;
        }
        counts
    }

    #[test]
    fn draws_follow_the_softmax() {
        let config = SampleConfig { temperature: 1.0, top_p: 1.0, ..SampleConfig::default() };
        let logits = [0.0, 3f32.ln(), -20.0];
        let counts = counts(config, &logits);
        assert!((counts[0] as f64 / 20_000.0 - 0.25).abs() < 0.02 && counts[2] < 3, "{counts:?}");
    }

    #[test]
    fn temperature_zero_top_k_and_top_p_narrow_the_choice() {
        let logits = [1.0, 2.0, 1.5, -1.0];
        let base = SampleConfig { temperature: 1.0, top_p: 1.0, ..SampleConfig::default() };
        assert_eq!(counts(SampleConfig { temperature: 0.0, ..base.clone() }, &logits), [0, 20_000, 0, 0]);
        let two = counts(SampleConfig { top_k: 2, ..base.clone() }, &logits);
        assert!(two[0] == 0 && two[3] == 0 && two[1] > two[2] && two[2] > 0);
        assert_eq!(counts(SampleConfig { top_p: 0.3, ..base }, &logits), [0, 20_000, 0, 0]);
    }

    #[test]
    fn banned_tokens_never_come_and_bad_logits_are_refused() {
        let mut chooser = Chooser::new(&SampleConfig { temperature: 0.0, ..SampleConfig::default() });
        assert_eq!(chooser.choose(&[9.0, 1.0], Some(0)).expect("finite"), 1);
        assert!(matches!(chooser.choose(&[f32::NAN, 1.0], None), Err(Error::NotFinite)));
    }
}
