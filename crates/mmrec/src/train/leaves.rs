//! The weights as one pass sees them.

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};

use crate::Error;
use crate::config::{Precision, TrainConfig};
use crate::model::{Model, NamedMapper, adapted_weight, is_matrix, map_named};

/// Refuses what the device cannot compute.
pub(crate) fn check_precision(train: &TrainConfig, device: &Device) -> Result<(), Error> {
    let has = train.precision == Precision::F32 || device.supports_dtype(DType::BF16);
    if has { Ok(()) } else { Err(Error::Precision(train.precision)) }
}

/// The model with a fresh leaf for every weight, of the same value, or, if it is multiplied, of that value rounded; one that is not
/// trained stays a constant.
pub(super) fn fresh_leaves(model: &Model, precision: Precision) -> Model {
    map_named(model.clone(), &mut FreshLeaves { precision })
}

struct FreshLeaves {
    precision: Precision,
}

impl FreshLeaves {
    fn rounds(&self, name: &str) -> bool {
        self.precision != Precision::F32 && (is_matrix(name) || adapted_weight(name).is_some())
    }
}

impl NamedMapper for FreshLeaves {
    fn map<const D: usize>(&mut self, name: &str, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|weight| {
            let is_trained = weight.is_require_grad();
            let weight = weight.inner();
            let weight = if self.rounds(name) { weight.cast(DType::BF16) } else { weight };
            Tensor::from_inner(weight).set_require_grad(is_trained)
        })
    }
}
