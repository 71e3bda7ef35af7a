//! Growth: a model of any size becomes a larger one that computes the same function, so that training goes on where it stood.
//!
//! The wider stream holds the old one and zeros; wider heads read and write nothing new yet; new heads, units and blocks have no
//! output yet. What is new on the way *in* starts at random, so that everything new learns at once.
//! Each weight has one `Transfer`, which says where its old values go; what the optimizer remembers follows it.
//!
//! Invariant: the logits of the tokens that there were stay the same up to rounding, for any text within the old hierarchy's
//! horizon (and for any text at all, if there are no new levels).

mod blocks;
mod channels;
mod check;
mod error;
mod plan;
mod probe;
mod transfer;
mod vocabulary;

pub use blocks::Placement;
pub use check::check_sizes;
pub use error::GrowError;
pub use probe::{Difference, difference};

use crate::checkpoint::{Checkpoint, Stored};
use crate::config::ModelConfig;
use crate::model::block_of;
use crate::platform;
use crate::tokenizer::Tokenizer;
use crate::train::OptimizerState;
use crate::train::optim::SlotValues;
use plan::{Plan, plans};

/// What to grow into.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The larger sizes.
    pub model: ModelConfig,
    /// The model's tokenizer, or one that extends it.
    pub tokenizer: Tokenizer,
}

/// How to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrowOptions {
    /// Seed of what starts at random.
    pub seed: u64,
    /// Where new blocks go.
    pub placement: Placement,
    /// Whether the optimizer's moments are carried over, where the checkpoint has any.
    pub moments: bool,
}

impl Default for GrowOptions {
    fn default() -> Self {
        Self { seed: 0, placement: Placement::Last, moments: true }
    }
}

/// The model of `from` in the sizes of `target`, with the same function; the same seed gives the same bits.
///
/// Of a model in fine-tuning it is the fine-tuned one that grows, its adapter merged into its weights.
///
/// The result has no progress: a new run begins from it, with `Session::start_from`. Its moments are those of `from`, as the
/// gradients of the carried weights scale, and zero for everything new.
///
/// # Errors
/// [`GrowError`], if `target` is not larger in some size and at least as large in all, or its tokenizer is another one.
pub fn grow(from: &Checkpoint, target: &Target, options: &GrowOptions) -> Result<Checkpoint, GrowError> {
    check::check(from, target)?;
    let from = &*from.plain();
    let plans = plans(&from.model, &target.model, options.placement);
    let seed = seed_for(options.seed, &target.model);
    let values =
        |plan: &Plan| plan.transfer.weight(plan.source.map(|index| &*from.weights[index].values), &plan.spec, seed);
    let mut weights = platform::map(&plans, |_, plan| Stored {
        name: plan.spec.name.clone(),
        shape: plan.spec.shape.clone(),
        values: values(plan),
    });
    vocabulary::start_joined(&mut weights, from.model.vocab, |id| target.tokenizer.parts(id));
    Ok(Checkpoint {
        model: target.model.clone(),
        tokenizer: target.tokenizer.clone(),
        weights,
        adapter: None,
        progress: None,
        optimizer: if options.moments { carried_state(from, &plans) } else { OptimizerState::new() },
        texts: from.learned(),
    })
}

/// What the optimizer of `from` remembers in its new places, zero for what is new; empty where it remembers nothing.
fn carried_state(from: &Checkpoint, plans: &[Plan]) -> OptimizerState {
    let Some(correct) = from.state_corrections() else { return OptimizerState::new() };
    let carried = platform::map(plans, |_, plan| {
        let name = &plan.spec.name;
        let old = match plan.source {
            Some(index) => from.optimizer.get(&from.weights[index].name),
            None => like(&from.optimizer, name),
        };
        let slots = old?.iter().map(|old| carried_slot(old, plan, correct(old.slot))).collect();
        Some((name.clone(), slots))
    });
    carried.into_iter().flatten().collect()
}

fn carried_slot(old: &SlotValues, plan: &Plan, correction: f32) -> SlotValues {
    let mut values = vec![0.0; plan.spec.len()];
    if plan.source.is_some() {
        // A weight that was multiplied by s has a gradient divided by s.
        let gradient = 1.0 / plan.transfer.scale();
        plan.transfer.carry(&old.values, gradient.powi(old.slot.power) * correction, &mut values);
    }
    SlotValues { slot: old.slot, values }
}

/// What is remembered of a weight of the same name in another block: what an optimizer keeps depends on the kind of a weight.
fn like<'a>(state: &'a OptimizerState, name: &str) -> Option<&'a Vec<SlotValues>> {
    state.iter().find(|(other, _)| kind_of(other) == kind_of(name)).map(|(_, slots)| slots)
}

/// The name of a weight without its block.
fn kind_of(name: &str) -> &str {
    match block_of(name) {
        Some(_) => name.splitn(3, '.').nth(2).unwrap_or(name),
        None => name,
    }
}

/// A seed of its own for every size: a model that grows twice should not be given the same numbers twice.
fn seed_for(seed: u64, target: &ModelConfig) -> u64 {
    seed ^ target.parameters().wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests;
