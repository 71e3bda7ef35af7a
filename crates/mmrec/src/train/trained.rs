//! What of a model a run trains: everything, all but the first blocks, or adapters beside the weights.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

use crate::config::{ModelConfig, TrainConfig};
use crate::model::{Model, WeightSpec, adapted_weight, adapter_specs, block_of, weight_specs};

/// Whether a run trains the weight, or the factor of an adapter, of this name.
pub fn is_trained(train: &TrainConfig, name: &str) -> bool {
    if train.lora > 0 {
        return adapted_weight(name).is_some();
    }
    match block_of(name) {
        Some(block) => block >= train.freeze,
        None => train.freeze == 0 || name != "embedding",
    }
}

/// What a run trains, in the order of the weights. The optimizer's moments stand in this order.
pub fn trained_specs(model: &ModelConfig, train: &TrainConfig) -> Vec<WeightSpec> {
    match train.adapter() {
        Some(adapter) => adapter_specs(model, &adapter),
        None => weight_specs(model).into_iter().filter(|spec| is_trained(train, &spec.name)).collect(),
    }
}

/// Has gradients taken of what a run trains, and of nothing else: a backward pass ends where nothing before it is trained.
pub(super) fn choose(model: Model, train: &TrainConfig) -> Model {
    model.map(&mut Choose { train, path: Vec::new() })
}

struct Choose<'a> {
    train: &'a TrainConfig,
    path: Vec<String>,
}

impl ModuleMapper for Choose<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let trained = is_trained(self.train, &self.path.join("."));
        param.set_require_grad(trained)
    }
}
