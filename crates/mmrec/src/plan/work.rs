//! How much work a training is.

use super::{Memory, Setup};
use crate::config::ModelConfig;

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

/// A vocabulary that takes next to nothing.
const FEWEST_TOKENS: usize = 256;

/// Tokens in a row that still give the rate of the matrix products.
const SHORTEST_ROWS: usize = 64;

/// A smaller training of the same shape, to measure the rate at which this machine works: fewer rows, then shorter ones, then
/// fewer layers, then narrower ones, until a step is short and takes at most `room` bytes. Where room is what lacks, the vocabulary
/// and the rows shrink further.
pub fn probe_shape(setup: &Setup, room: u64) -> Setup {
    let mut shape = setup.clone();
    (shape.train.accum, shape.devices) = (1, 1);
    let step = |shape: &Setup| flops_per_token(&shape.model, shape.train.recompute) * shape.train.tokens_per_step();
    let is_long = |shape: &Setup| step(shape) > PROBE || Memory::of(shape).total > room;
    while is_long(&shape) && smaller(&mut shape) {}
    let is_too_large = |shape: &Setup| Memory::of(shape).total > room;
    while is_too_large(&shape) && shape.model.vocab > FEWEST_TOKENS {
        shape.model.vocab = (shape.model.vocab / 2).max(FEWEST_TOKENS);
    }
    while is_too_large(&shape) && shape.train.context > SHORTEST_ROWS {
        shape.train.context /= 2;
    }
    shape
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
    use crate::config::{Stage, TrainConfig};

    #[test]
    fn every_stage_can_be_probed() {
        for stage in Stage::ALL {
            let model = stage.config(stage.default_vocab());
            let train = TrainConfig { batch: 64, context: 2_048, ..TrainConfig::for_model(&model) };
            let setup = Setup { model, train, devices: 1, workers: 2 };
            let probe = probe_shape(&setup, u64::MAX);
            probe.model.validate().expect("a valid model");
            probe.train.validate().expect("a valid training");
            assert!(probe.model.parameters() < 60_000_000, "{stage}: {:?}", probe.model);
        }
    }

    #[test]
    fn a_probe_keeps_to_the_room_that_there_is() {
        let model = Stage::SevenB.config(Stage::SevenB.default_vocab());
        let train = TrainConfig { batch: 8, context: 512, ..TrainConfig::for_model(&model) };
        let setup = Setup { model, train, devices: 1, workers: 2 };
        for room in [200_000_000, 400_000_000, 2_000_000_000] {
            let probe = probe_shape(&setup, room);
            probe.model.validate().expect("a valid model");
            assert!(Memory::of(&probe).total <= room, "{room}: {:?}", probe.model);
        }
    }
}
