//! Optimizers: how a gradient changes a parameter, and what is remembered of it for the steps to come.
//!
//! An [`Optimizer`] is a rule for one parameter; it says which [`Slot`]s of state it keeps. A run gives each of its parameters to
//! one of its [`ParamGroup`]s, and [`ModelOptimizer`] applies them to a model, by the parameters' names. Checkpoints, growth and
//! the planner know slots and names only: a new optimizer is a file here, its line in `param_groups` and its settings.
//!
//! Burn's optimizers clip each tensor by itself and keep their state where a browser cannot read it asynchronously; here one norm
//! clips the gradient of the whole model, and the state is plain tensors.

mod adamw;
mod model_optimizer;
mod sgd;
mod state;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use burn::tensor::Tensor;

use crate::config::{OptimizerKind, TrainConfig};
use crate::model::WeightSpec;
use adamw::AdamW;
pub use model_optimizer::ModelOptimizer;
use sgd::Sgd;
pub use state::{OptimizerState, Slot, SlotValues};
pub(crate) use state::{slots_of, state_len};

/// A rule by which gradients change parameters. Whoever keeps something between steps does so in the slots: a rule itself is stateless.
pub trait Optimizer: Debug + Send + Sync {
    /// What is kept of each parameter.
    fn slots(&self) -> &'static [Slot];

    /// The new value of one parameter, whose state is brought up to date.
    fn update(&self, parameter: Parameter<'_>, step: &OptimizerStep) -> Tensor<1>;
}

/// A parameter about to be updated; all tensors are rows of its length, in f32.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Its name and shape.
    pub spec: &'a WeightSpec,
    /// Its value.
    pub value: Tensor<1>,
    /// Its gradient before clipping.
    pub gradient: Tensor<1>,
    /// Its state, in the order of [`Optimizer::slots`].
    pub state: &'a mut [Tensor<1>],
}

/// What all parameters of a group have in common at one step.
#[derive(Debug, Clone)]
pub struct OptimizerStep {
    /// The learning rate.
    pub lr: f64,
    /// What a parameter loses of itself per unit of rate.
    pub weight_decay: f64,
    /// What every gradient is multiplied by, `[1]`, so that the norm of all is at most the largest one allowed.
    pub clip: Tensor<1>,
    /// Steps that running means have seen, this one included; `None` where they came from a run before, and are no means that
    /// began at zero.
    pub averaged: Option<u64>,
}

impl OptimizerStep {
    /// The part of its mean that a slot holds: see [`Slot::filled`].
    pub fn filled(&self, slot: Slot) -> f64 {
        self.averaged.map_or(1.0, |steps| slot.filled(steps))
    }
}

/// Parameters with one optimizer and one weight decay.
#[derive(Debug, Clone)]
pub struct ParamGroup {
    /// What updates them.
    pub optimizer: Arc<dyn Optimizer>,
    /// What they lose of themselves per unit of rate.
    pub weight_decay: f64,
    /// Their names.
    pub names: BTreeSet<String>,
}

impl ParamGroup {
    /// Those of `specs` that `holds` chooses.
    fn of(
        specs: &[WeightSpec],
        holds: impl Fn(&WeightSpec) -> bool,
        optimizer: Arc<dyn Optimizer>,
        weight_decay: f64,
    ) -> Self {
        let names = specs.iter().filter(|spec| holds(spec)).map(|spec| spec.name.clone()).collect();
        Self { optimizer, weight_decay, names }
    }
}

/// The groups of a run that trains `specs`: each is in one of them.
pub(crate) fn param_groups(train: &TrainConfig, specs: &[WeightSpec]) -> Vec<ParamGroup> {
    match train.optimizer {
        OptimizerKind::AdamW => decayed_and_not(train, specs, Arc::new(AdamW)),
        OptimizerKind::Sgd => decayed_and_not(train, specs, Arc::new(Sgd)),
    }
}

/// The place among `groups` of the one that a parameter is in.
fn group_of(groups: &[ParamGroup], spec: &WeightSpec) -> usize {
    let holds = |group: &ParamGroup| group.names.contains(&spec.name);
    groups.iter().position(holds).expect("every parameter is in a group")
}

/// Every slot that there is: names in files are read as these.
const ALL_SLOTS: [&[Slot]; 2] = [AdamW::SLOTS, Sgd::SLOTS];

/// One optimizer for all, with weight decay on matrices only.
fn decayed_and_not(train: &TrainConfig, specs: &[WeightSpec], optimizer: Arc<dyn Optimizer>) -> Vec<ParamGroup> {
    // The factors of an adapter do not decay: their rank bounds what they can do already.
    let decays = |spec: &WeightSpec| crate::model::is_matrix(&spec.name);
    vec![
        ParamGroup::of(specs, decays, optimizer.clone(), train.weight_decay),
        ParamGroup::of(specs, |spec| !decays(spec), optimizer, 0.0),
    ]
}

#[cfg(test)]
mod tests;
