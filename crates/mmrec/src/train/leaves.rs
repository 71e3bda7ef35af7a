//! The weights as one pass sees them.

use burn::tensor::{DType, Device};

use crate::Error;
use crate::config::{Precision, TrainConfig};
use crate::model::{Model, Row, adapted_weight, is_matrix, map_named};

/// Refuses what the device cannot compute.
pub(crate) fn check_precision(train: &TrainConfig, device: &Device) -> Result<(), Error> {
    let has = train.precision == Precision::F32 || device.supports_dtype(DType::BF16);
    if has { Ok(()) } else { Err(Error::Precision(train.precision)) }
}

/// The model with a fresh leaf for every weight, of the same value, or, if it is multiplied, of that value rounded; one that is not
/// trained stays a constant.
pub(super) fn fresh_leaves(model: &Model, precision: Precision) -> Model {
    let rounds = |name: &str| precision != Precision::F32 && (is_matrix(name) || adapted_weight(name).is_some());
    map_named(model.clone(), &mut |name, row| {
        let values = if rounds(name) { row.values.cast(DType::BF16) } else { row.values };
        Row { values, ..row }
    })
}
