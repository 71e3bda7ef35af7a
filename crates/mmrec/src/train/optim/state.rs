//! What optimizers remember, in a form that can be stored, grown and carried on by whoever does not know the optimizer.

use std::collections::BTreeMap;

use super::{ALL_SLOTS, group_of, param_groups};
use crate::config::TrainConfig;
use crate::model::WeightSpec;

/// One number that an optimizer keeps for every number of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// Its name in checkpoints, as in `optimizer.first.head`.
    pub name: &'static str,
    /// The power of the gradient that it stands for. A parameter that was multiplied by s has a gradient divided by s.
    pub power: i32,
    /// β of a running mean that begins at zero; `None` for what is no such mean.
    pub decay: Option<f64>,
}

impl Slot {
    /// The part of its mean that the slot holds after `steps` steps, 1 - βᵗ: divided by it, it is one over the steps that were.
    pub fn filled(self, steps: u64) -> f64 {
        self.decay.map_or(1.0, |decay| 1.0 - decay.powf(steps as f64))
    }

    /// The one of this name, whatever the optimizer.
    pub fn named(name: &str) -> Option<Slot> {
        Self::all().find(|slot| slot.name == name)
    }

    /// All that there are, whatever the optimizer.
    pub(crate) fn all() -> impl Iterator<Item = Slot> {
        ALL_SLOTS.into_iter().flatten().copied()
    }
}

/// The values of a slot on the host, in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotValues {
    /// What they are.
    pub slot: Slot,
    /// One for each of the parameter's.
    pub values: Vec<f32>,
}

/// What an optimizer remembers of each parameter, by name.
pub type OptimizerState = BTreeMap<String, Vec<SlotValues>>;

/// What is kept of each of `specs` by a run that trains them, in their order.
pub(crate) fn slots_of(train: &TrainConfig, specs: &[WeightSpec]) -> Vec<&'static [Slot]> {
    let groups = param_groups(train, specs);
    specs.iter().map(|spec| groups[group_of(&groups, spec)].optimizer.slots()).collect()
}

/// Numbers of state of a run that trains `specs`.
pub(crate) fn state_len(train: &TrainConfig, specs: &[WeightSpec]) -> u64 {
    slots_of(train, specs).iter().zip(specs).map(|(slots, spec)| (slots.len() * spec.len()) as u64).sum()
}
