//! The optimizer of a run: its groups of parameters and their state.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::{OptimizerState, OptimizerStep, ParamGroup, Parameter, Slot, SlotValues, group_of, param_groups};
use crate::config::TrainConfig;
use crate::model::{Model, Row, WeightSpec, map_named};
use crate::ops::sum_of_squares;
use crate::train::Gradients;

/// One parameter: where it belongs and what is remembered of it. What a run does not train has neither a gradient nor a state.
#[derive(Debug, Clone)]
struct Entry {
    spec: WeightSpec,
    group: usize,
    state: Vec<Tensor<1>>,
}

/// The optimizer of everything that a run trains. A clone shares its tensors.
#[derive(Debug, Clone)]
pub struct ModelOptimizer {
    groups: Arc<[ParamGroup]>,
    /// In the order of the model.
    entries: Vec<Entry>,
    /// The place of each parameter among the entries, by name.
    places: Arc<BTreeMap<String, usize>>,
    /// Whether its state was there before the first step.
    warm: bool,
}

impl ModelOptimizer {
    /// One of `specs`, everything that `train` trains, with no state yet, on `device`.
    pub fn new(train: &TrainConfig, specs: Vec<WeightSpec>, device: &Device) -> Self {
        Self::with_values(train, specs, false, |_, spec| Tensor::zeros([spec.len()], device))
    }

    /// The same with a state from before. `warm`: it comes from a run before this one, and holds no means that began at zero.
    /// `None` where `state` has not just what the optimizer keeps.
    pub fn with_state(
        train: &TrainConfig,
        specs: Vec<WeightSpec>,
        state: &OptimizerState,
        warm: bool,
        device: &Device,
    ) -> Option<Self> {
        let fits = specs.iter().zip(super::slots_of(train, &specs)).all(|(spec, slots)| {
            let kept = state.get(&spec.name).map(|kept| kept.iter().map(|one| one.slot));
            kept.is_some_and(|kept| kept.eq(slots.iter().copied()))
        });
        let value = |index: usize, spec: &WeightSpec| {
            let values = state[&spec.name][index].values.clone();
            Tensor::from_data(TensorData::new(values, [spec.len()]), device)
        };
        fits.then(|| Self::with_values(train, specs, warm, value))
    }

    fn with_values(
        train: &TrainConfig,
        specs: Vec<WeightSpec>,
        warm: bool,
        value: impl Fn(usize, &WeightSpec) -> Tensor<1>,
    ) -> Self {
        let groups: Arc<[ParamGroup]> = param_groups(train, &specs).into();
        let places = specs.iter().enumerate().map(|(place, spec)| (spec.name.clone(), place)).collect();
        let entry = |spec: WeightSpec| {
            let group = group_of(&groups, &spec);
            let slots = groups[group].optimizer.slots().len();
            Entry { state: (0..slots).map(|index| value(index, &spec)).collect(), group, spec }
        };
        Self { entries: specs.into_iter().map(entry).collect(), groups, places: Arc::new(places), warm }
    }

    /// The same with the numbers of every slot multiplied by what `scale` says.
    #[must_use]
    pub fn scaled(mut self, scale: impl Fn(Slot) -> f32) -> Self {
        for entry in &mut self.entries {
            let slots = self.groups[entry.group].optimizer.slots();
            entry.state.iter_mut().zip(slots).for_each(|(state, slot)| *state = state.clone() * scale(*slot));
        }
        self
    }

    /// Whether its state was there before the first step.
    pub fn is_warm(&self) -> bool {
        self.warm
    }

    /// All tensors of its state, for [`host_state`](Self::host_state) to name.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor<1>> {
        self.entries.iter().flat_map(|entry| entry.state.iter().cloned())
    }

    /// The state on the host, from the values of [`tensors`](Self::tensors).
    pub fn host_state(&self, values: impl IntoIterator<Item = Vec<f32>>) -> OptimizerState {
        let mut values = values.into_iter();
        let named = |entry: &Entry| {
            let slots = self.groups[entry.group].optimizer.slots().iter();
            let kept = slots.zip(values.by_ref()).map(|(slot, values)| SlotValues { slot: *slot, values }).collect();
            (entry.spec.name.clone(), kept)
        };
        self.entries.iter().map(named).collect()
    }

    /// Applies one update, the `step`th (from 0), at rate `lr`, and returns the gradient's global norm before clipping, `[1]`.
    pub fn update(
        &mut self,
        model: Model,
        mut gradients: Gradients,
        config: &TrainConfig,
        step: u64,
        lr: f64,
    ) -> (Model, Tensor<1>) {
        let squares = self.entries.iter().map(|entry| {
            let gradient = gradients.get(&entry.spec.name).expect("a gradient of everything that is trained");
            sum_of_squares(gradient.clone().cast(DType::F32))
        });
        let norm = squares.reduce(|a, b| a + b).expect("something is trained").sqrt();
        let clip = norm.clone().clamp_min(config.clip).recip() * config.clip;
        let averaged = (!self.warm).then_some(step + 1);
        let of =
            |group: &ParamGroup| OptimizerStep { lr, weight_decay: group.weight_decay, clip: clip.clone(), averaged };
        let steps: Vec<OptimizerStep> = self.groups.iter().map(of).collect();
        let model = map_named(model, &mut |name, row| match gradients.remove(name) {
            Some(gradient) => Row { values: self.updated(name, row.values, gradient, &steps), ..row },
            None => row,
        });
        (model, norm)
    }

    /// The new value of one parameter; `steps`: one for each group.
    fn updated(&mut self, name: &str, value: Tensor<1>, gradient: Tensor<1>, steps: &[OptimizerStep]) -> Tensor<1> {
        let Entry { spec, group, state } = &mut self.entries[self.places[name]];
        let parameter = Parameter { spec, value, gradient: gradient.cast(DType::F32), state };
        self.groups[*group].optimizer.update(parameter, &steps[*group])
    }
}
