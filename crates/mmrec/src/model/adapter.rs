//! Low-rank adapters (LoRA, Hu et al. 2021): what fine-tuning adds to the matrices of a model that itself stays as it is.
//!
//! The effective matrix is W + (alpha / rank) · A · B. B starts at zero, so an adapted model first computes what its base does.
//! The framework attaches the factors to the matrix's parameter: its `val()` is the effective matrix, so that every pass and
//! every kernel works as before, and whoever walks over the weights meets the base and, behind it, both factors.

use burn::module::{LoraAdapter, Module, Param, Reparameterizer};
use burn::tensor::{Tensor, TensorData};

use super::language_model::Weights;
use super::weights::{Start, block_of, fan_in, spec};
use super::{Model, WeightSpec, weight_specs};
use crate::config::{AdapterConfig, ModelConfig};

/// The matrices of a block that are adapted. The head is not, as is usual: what the blocks add to the stream already moves every
/// logit, and for a small model of learned tokens its B, `[rank, vocab]`, would be the largest factor of all.
const MATRICES: [&str; 5] = ["hem", "qkv", "out", "gate_up", "down"];

/// What the names of the factors end with, behind the name of their matrix.
const A: &str = ".lora.a";
const B: &str = ".lora.b";

/// The factors of all adapters, A `[inputs, rank]` and B `[rank, outputs]` of one matrix after the other, in the order of
/// [`weight_specs`].
pub fn adapter_specs(model: &ModelConfig, adapter: &AdapterConfig) -> Vec<WeightSpec> {
    weight_specs(model).iter().flat_map(|weight| factor_specs(weight, adapter)).collect()
}

/// The weights of a model with the factors of its adapter, if it has one, in the order of
/// [`collect_weights`](super::collect_weights).
pub fn all_specs(model: &ModelConfig, adapter: Option<&AdapterConfig>) -> Vec<WeightSpec> {
    let with_factors = |weight: WeightSpec| {
        let factors = adapter.map_or_else(Vec::new, |adapter| factor_specs(&weight, adapter));
        std::iter::once(weight).chain(factors)
    };
    weight_specs(model).into_iter().flat_map(with_factors).collect()
}

/// Both factors beside a weight that has them.
fn factor_specs(weight: &WeightSpec, adapter: &AdapterConfig) -> Vec<WeightSpec> {
    if !has_adapter(&weight.name, adapter) {
        return Vec::new();
    }
    let (inputs, outputs) = (weight.shape[0], weight.shape[1]);
    let a = spec(&format!("{}{A}", weight.name), &[inputs, adapter.rank], fan_in(inputs));
    let b = spec(&format!("{}{B}", weight.name), &[adapter.rank, outputs], Start::Constant(0.0));
    vec![a, b]
}

fn has_adapter(weight: &str, adapter: &AdapterConfig) -> bool {
    let is_matrix = weight.rsplit('.').next().is_some_and(|name| MATRICES.contains(&name));
    is_matrix && block_of(weight).is_some_and(|block| block >= adapter.first_block)
}

/// The matrix that a factor belongs to; none for a weight.
pub fn adapted_weight(name: &str) -> Option<&str> {
    name.strip_suffix(A).or_else(|| name.strip_suffix(B))
}

impl Model {
    /// The same with adapters, whose factors `values` gives. They are trained or not as the model's device has gradients or not.
    pub fn with_adapters(
        self,
        config: &ModelConfig,
        adapter: &AdapterConfig,
        mut values: impl FnMut(&WeightSpec) -> Vec<f32>,
    ) -> Self {
        let device = self.embedding.device();
        let factor = |spec: &WeightSpec| Tensor::from_data(TensorData::new(values(spec), [spec.len()]), &device);
        let factors: Vec<Tensor<1>> = adapter_specs(config, adapter).iter().map(factor).collect();
        self.with_factors(config, adapter, factors)
    }

    /// The same with adapters of these factors, each as one row, in the order of [`adapter_specs`].
    pub(super) fn with_factors(self, config: &ModelConfig, adapter: &AdapterConfig, rows: Vec<Tensor<1>>) -> Self {
        let factors = adapter_specs(config, adapter).into_iter().map(|spec| spec.shape).zip(rows);
        self.apply_reparameterization(Attach { factors, adapter: *adapter })
    }
}

/// Gives matrices their factors, which come in the order in which a model is walked over.
struct Attach<I> {
    factors: I,
    adapter: AdapterConfig,
}

impl<I: Iterator<Item = (Vec<usize>, Tensor<1>)>> Reparameterizer for Attach<I> {
    type Reparam = LoraAdapter;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<LoraAdapter>) {
        if !has_adapter(path, &self.adapter) {
            return (param, None);
        }
        let mut weights = Weights(&mut self.factors);
        (param, Some(LoraAdapter { a: weights.next(), b: weights.next(), scale: self.adapter.scale() }))
    }
}
