//! The weights as one pass sees them.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor};

use crate::Error;
use crate::config::{Precision, TrainConfig};
use crate::model::{Model, adapted_weight, is_matrix};

/// Refuses what the device cannot compute.
pub(crate) fn check_precision(train: &TrainConfig, device: &Device) -> Result<(), Error> {
    let has = train.precision == Precision::F32 || device.supports_dtype(DType::BF16);
    if has { Ok(()) } else { Err(Error::Precision(train.precision)) }
}

/// Gives every weight a fresh leaf of the same value, or, if it is multiplied, of that value rounded; one that is not trained stays
/// a constant.
pub(super) struct Leaves {
    precision: Precision,
    path: Vec<String>,
}

impl Leaves {
    /// A model with leaves of its own.
    pub fn of(model: &Model, precision: Precision) -> Model {
        model.clone().map(&mut Self { precision, path: Vec::new() })
    }

    fn rounds(&self) -> bool {
        if self.precision == Precision::F32 {
            return false;
        }
        let name = self.path.join(".");
        is_matrix(&name) || adapted_weight(&name).is_some()
    }
}

impl ModuleMapper for Leaves {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let rounds = self.rounds();
        param.map(|weight| {
            let is_trained = weight.is_require_grad();
            let weight = weight.inner();
            let weight = if rounds { weight.cast(DType::BF16) } else { weight };
            Tensor::from_inner(weight).set_require_grad(is_trained)
        })
    }
}
