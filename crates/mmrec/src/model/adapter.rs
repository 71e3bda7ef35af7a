//! Low-rank adapters (LoRA, Hu et al. 2021): what fine-tuning adds to the matrices of a model that itself stays as it is.
//!
//! The effective matrix is W + (alpha / rank) · A · B. B starts at zero, so an adapted model first computes what its base does.
//! The framework attaches the factors to the matrix's parameter: its `val()` is the effective matrix, so that every pass and
//! every kernel works as before, and whoever walks over the weights meets the base and, behind it, both factors.

use burn::module::{LoraAdapter, Module, Param, ParamId, Reparameterizer};
use burn::tensor::{Tensor, TensorData};

use super::weights::{Start, block_of, fan_in, spec};
use super::{Model, WeightSpec, weight_specs};
use crate::config::{AdapterConfig, ModelConfig};

/// The matrices of a block that are adapted. The head is not, as is usual: what the blocks add to the stream already moves every
/// logit, and for a small model of learned tokens its B, `[rank, vocab]`, would be the largest factor of all.
const MATRICES: [&str; 4] = ["hem", "out", "gate_up", "down"];

/// What the names of the factors end with, behind the name of their matrix.
const A: &str = ".lora.a";
const B: &str = ".lora.b";

/// The factors of all adapters, A `[inputs, rank]` and B `[rank, outputs]` of one matrix after the other, in the order of
/// [`weight_specs`].
pub fn adapter_specs(model: &ModelConfig, adapter: &AdapterConfig) -> Vec<WeightSpec> {
    let factors = |matrix: WeightSpec| {
        let (inputs, outputs) = (matrix.shape[0], matrix.shape[1]);
        let a = spec(&format!("{}{A}", matrix.name), &[inputs, adapter.rank], fan_in(inputs));
        let b = spec(&format!("{}{B}", matrix.name), &[adapter.rank, outputs], Start::Constant(0.0));
        [a, b]
    };
    weight_specs(model).into_iter().filter(|spec| has_adapter(&spec.name, adapter)).flat_map(factors).collect()
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
        values: impl FnMut(&WeightSpec) -> Vec<f32>,
    ) -> Self {
        let specs = adapter_specs(config, adapter).into_iter();
        self.apply_reparameterization(Attach { specs, values, adapter: *adapter })
    }
}

/// Gives matrices their factors, which come in the order in which a model is walked over.
struct Attach<I, F> {
    specs: I,
    values: F,
    adapter: AdapterConfig,
}

impl<I: Iterator<Item = WeightSpec>, F: FnMut(&WeightSpec) -> Vec<f32>> Reparameterizer for Attach<I, F> {
    type Reparam = LoraAdapter;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<LoraAdapter>) {
        if !has_adapter(path, &self.adapter) {
            return (param, None);
        }
        let device = param.base().device();
        let mut factor = || {
            let spec = self.specs.next().expect("two factors for every adapted matrix");
            let values = Tensor::<2>::from_data(TensorData::new((self.values)(&spec), spec.shape), &device);
            Param::initialized(ParamId::new(), if device.is_autodiff() { values.require_grad() } else { values })
        };
        let adapter = LoraAdapter { a: factor(), b: factor(), scale: self.adapter.scale() };
        (param, Some(adapter))
    }
}
