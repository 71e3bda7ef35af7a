//! What of a model a run trains: everything, all but the first blocks, or adapters beside the weights.

use crate::config::{ModelConfig, TrainConfig};
use crate::model::{Model, Row, WeightSpec, adapted_weight, adapter_specs, block_of, map_named, weight_specs};

/// Whether a run trains the weight, or the factor of an adapter, of this name.
pub fn is_trainable(train: &TrainConfig, name: &str) -> bool {
    if train.lora > 0 {
        return adapted_weight(name).is_some();
    }
    match block_of(name) {
        Some(block) => block >= train.freeze,
        None => train.freeze == 0 || name != "embedding",
    }
}

/// What a run trains, in the order of the weights.
pub fn trainable_specs(model: &ModelConfig, train: &TrainConfig) -> Vec<WeightSpec> {
    match train.adapter() {
        Some(adapter) => adapter_specs(model, &adapter),
        None => weight_specs(model).into_iter().filter(|spec| is_trainable(train, &spec.name)).collect(),
    }
}

/// Has gradients taken of what a run trains, and of nothing else: a backward pass ends where nothing before it is trained.
pub(super) fn mark_trainable(model: Model, train: &TrainConfig) -> Model {
    map_named(model, &mut |name, row| Row { is_trained: is_trainable(train, name), ..row })
}
