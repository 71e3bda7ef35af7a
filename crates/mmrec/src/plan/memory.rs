//! Memory by part.
//!
//! What is kept for the backward pass is counted from the inputs of every operation in a block; how the parts add up to a
//! process was fitted to real runs of `tiny`, `mini` and `small` (within 10 %, see the tests of the command line).

use serde::Serialize;

use super::Setup;
use crate::config::{ModelConfig, Precision};
use crate::model::weight_specs;
use crate::train::optim::state_len;

/// What the program takes without a model, bytes. Measured 30 to 41 MB, of which 18 to 28 are pages of the program's own file: how
/// many of those are held depends on the build and on the machine.
const PROGRAM: u64 = 36_000_000;

/// Bytes on one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The weights.
    pub weights: u64,
    /// What the optimizer remembers: of AdamW first and second moments.
    pub moments: u64,
    /// The gradients of the weights.
    pub gradients: u64,
    /// What the forward pass keeps for the backward pass, and what that works with.
    pub activations: u64,
    /// A second copy of weights and moments while a checkpoint is written, when there are no activations.
    pub saving: u64,
    /// The program itself.
    pub program: u64,
    /// The most that is held at once.
    pub total: u64,
}

impl Memory {
    /// What `setup` takes.
    pub fn of(setup: &Setup) -> Self {
        let parameters = setup.model.parameters();
        let one = parameters * setup.train.precision.bytes();
        // Those of the planning loss stay apart until the step is whole.
        let gradients = if setup.model.planning { 2 * one } else { one };
        let weights = parameters * 4;
        let moments = state_len(&setup.train, &weight_specs(&setup.model)) * 4;
        // What is multiplied, beside the weights that are updated.
        let rounded = if setup.train.precision == Precision::F32 { 0 } else { one };
        let activations = activations(setup);
        let saving = weights + moments;
        let training = (rounded + gradients).saturating_add(activations);
        // What the allocator holds beside the copy, and what every pass beyond the first holds of gradients of its own.
        let writing = saving + one;
        let passes = setup.workers.min(setup.rows()).saturating_sub(1) as u64;
        let total = (PROGRAM + weights + moments + passes * one / 2).saturating_add(training.max(writing));
        Self { weights, moments, gradients, activations, saving, program: PROGRAM, total }
    }
}

fn activations(setup: &Setup) -> u64 {
    let model = &setup.model;
    let [layers, width, vocab] = [model.layers, model.width, model.vocab].map(|n| n as u64);
    // The last norm's output and the logits, with their gradients.
    let top = 2 * width + 2 * vocab;
    let inside = within_block(model);
    // Of them those that are multiplied by a matrix, and may take less than four bytes.
    let multiplied = (3 * model.width + model.feed_forward) as u64;
    let (inside, saved) = (4 * inside, multiplied * (4 - setup.train.precision.bytes()));
    let bytes = if setup.train.recompute {
        4 * layers * width + (inside - saved + 4 * gradients_within_block(model)).max(4 * top)
    } else {
        layers * (inside - saved) + 4 * gradients_within_block(model).max(top)
    };
    (setup.rows() as u64).saturating_mul(setup.train.context as u64).saturating_mul(bytes)
}

/// Floats per token that one block keeps: the stream twice, both norms, the projection, both memories' read, the feed-forward
/// layer's projection and its gated half.
fn within_block(model: &ModelConfig) -> u64 {
    if model.is_gpt() {
        // Attention's projection is three widths, and there are no gates.
        return (8 * model.width + 3 * model.feed_forward) as u64;
    }
    (9 * model.width + 3 * model.heads + 3 * model.feed_forward) as u64
}

/// Floats per token that the backward pass of one block works with: the feed-forward layer's gradients and two of the stream.
fn gradients_within_block(model: &ModelConfig) -> u64 {
    (3 * model.feed_forward + 2 * model.width) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Stage, TrainConfig};

    fn memory(stage: Stage, precision: Precision, change: fn(&mut Setup)) -> Memory {
        let model = stage.config(stage.default_vocab());
        let train = TrainConfig { batch: 4, context: 512, precision, ..TrainConfig::for_model(&model) };
        let mut setup = Setup { model, train, devices: 1, workers: 2 };
        change(&mut setup);
        Memory::of(&setup)
    }

    #[test]
    fn the_largest_model_is_counted_as_by_hand() {
        let memory = memory(Stage::SevenB, Precision::Bf16, |_| ());
        assert_eq!(memory.weights, 4 * 7_381_329_152);
        assert_eq!(memory.gradients, 2 * 7_381_329_152);
        assert_eq!(memory.moments, 8 * 7_381_329_152);
        // 24 blocks of 9 · 4096 + 3 · 32 + 3 · 17280 floats, of which 3 · 4096 + 17280 take half, and the top, which is more than one
        // block's gradients.
        assert_eq!(memory.activations, 2_048 * (24 * (4 * 88_800 - 2 * 29_568) + 4 * (2 * 4_096 + 2 * 32_000)));
        assert!(memory.total > memory.weights + memory.moments + memory.gradients + memory.activations);
    }

    #[test]
    fn recomputing_and_sharing_take_less() {
        let plain = memory(Stage::Small, Precision::F32, |_| ());
        let recomputed = memory(Stage::Small, Precision::F32, |setup| setup.train.recompute = true);
        let shared = memory(Stage::Small, Precision::F32, |setup| setup.devices = 4);
        assert!(3 * recomputed.activations < plain.activations);
        assert_eq!(4 * shared.activations, plain.activations);
        assert!(recomputed.total < plain.total && shared.total < plain.total);
    }
}
