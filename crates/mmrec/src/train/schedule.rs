//! The learning rate over time: a linear warm-up, then half a cosine down to a share of the peak.

use crate::config::TrainConfig;

/// The rate of step number `step` (from 0) of a schedule that began with step `began`: a model that has grown in between warms
/// up again. It stays at its floor after the last planned step.
pub fn learning_rate(config: &TrainConfig, began: u64, step: u64) -> f64 {
    let (step, steps) = (step.saturating_sub(began), config.steps.saturating_sub(began));
    let warmup = config.warmup.min(steps.saturating_sub(1));
    if step < warmup {
        return config.lr * (step + 1) as f64 / warmup as f64;
    }
    let done = (step - warmup) as f64 / (steps - warmup).max(1) as f64;
    let cosine = (1.0 + (std::f64::consts::PI * done.min(1.0)).cos()) / 2.0;
    config.lr * (config.floor + (1.0 - config.floor) * cosine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Stage;

    #[test]
    fn rises_falls_and_stays() {
        let config =
            TrainConfig { lr: 1.0, warmup: 10, steps: 110, ..TrainConfig::for_model(&Stage::Tiny.config(256)) };
        let rate = |step| learning_rate(&config, 0, step);
        assert!((rate(0) - 0.1).abs() < 1e-12 && (rate(9) - 1.0).abs() < 1e-12 && (rate(10) - 1.0).abs() < 1e-12);
        assert!((rate(60) - 0.55).abs() < 1e-12);
        assert!((rate(110) - 0.1).abs() < 1e-12 && (rate(1_000) - 0.1).abs() < 1e-12);
        assert!((10..109).all(|step| rate(step + 1) < rate(step)));
        let longer = TrainConfig { steps: 117, ..config.clone() };
        assert!(
            (0..150).all(|step| learning_rate(&longer, 7, 7 + step) == rate(step)),
            "a later beginning, the same rates"
        );
    }

    #[test]
    fn a_warmup_longer_than_the_run_still_trains() {
        let config = TrainConfig { warmup: 50, steps: 1, ..TrainConfig::for_model(&Stage::Tiny.config(256)) };
        assert!(learning_rate(&config, 0, 0) > 0.0 && learning_rate(&config, 0, 0).is_finite());
    }
}
