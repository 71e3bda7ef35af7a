//! How much work a training is.

use super::Setup;
use crate::config::{ModelConfig, TrainConfig};

/// Floating-point operations of training on one token, far into a text: forward, twice that for the gradients, and the forward
/// pass once more where blocks are recomputed. A model that plans goes through its blocks another time.
pub fn flops_per_token(model: &ModelConfig, recompute: bool) -> u64 {
    let passes = if recompute { 4 } else { 3 };
    let logits = 2 * (model.vocab * model.width) as u64;
    let plans = if model.planning { model.flops() - logits } else { 0 };
    passes * (model.flops() + plans)
}

/// Operations in one step that a probe may take: a few tenths of a second on one core.
const PROBE: u64 = 20_000_000_000;

/// A smaller training of the same shape, to measure the rate at which this machine works: fewer rows, then shorter ones, then
/// fewer layers, then narrower ones, until a step is short.
pub fn probe_shape(setup: &Setup) -> (ModelConfig, TrainConfig) {
    let mut shape = setup.clone();
    shape.train.accum = 1;
    let step = |shape: &Setup| flops_per_token(&shape.model, shape.train.recompute) * shape.train.tokens_per_step();
    while step(&shape) > PROBE && smaller(&mut shape) {}
    (shape.model, shape.train)
}

/// Halves what matters least for the rate; `false` if everything is small already.
fn smaller(shape: &mut Setup) -> bool {
    let (model, train) = (&mut shape.model, &mut shape.train);
    if train.batch > 2 * shape.workers.max(1) {
        train.batch /= 2;
    } else if train.context > 256 {
        train.context /= 2;
    } else if model.layers > 1 {
        model.layers /= 2;
    } else if model.heads > 1 && model.heads.is_multiple_of(2) && model.width > 512 {
        model.heads /= 2;
        model.width /= 2;
        model.feed_forward = (model.feed_forward / 2).max(1);
    } else {
        return false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Stage;

    #[test]
    fn every_stage_can_be_probed() {
        for stage in Stage::ALL {
            let model = stage.config(stage.default_vocab());
            let train = TrainConfig { batch: 64, context: 2_048, ..TrainConfig::for_model(&model) };
            let setup = Setup { model, train, devices: 1, workers: 2 };
            let (model, train) = probe_shape(&setup);
            model.validate().expect("a valid model");
            train.validate().expect("a valid training");
            assert!(model.parameters() < 60_000_000, "{stage}: {model:?}");
        }
    }
}
