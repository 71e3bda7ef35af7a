//! UBÖO: the gradients of the planning loss, and how they join those of the loss that counts.

use burn::tensor::{DType, Int, Tensor};

use super::recompute::{Kept, leaf, taken};
use super::work::gradients;
use crate::config::TrainConfig;
use crate::model::{Dropout, Model};

/// The gradients of λ_P times the planning loss of tokens `[batch, time]`, two whole blocks or more, which counts for `share` of the
/// step's.
///
/// They need a pass of their own: the framework gives a graph's gradients once, and these must stay apart from the others until all
/// parts of a step are added up.
pub(super) fn planned(
    model: &Model,
    inputs: Tensor<2, Int>,
    share: f32,
    mut dropout: Dropout,
    train: &TrainConfig,
) -> Vec<Tensor<1>> {
    let weight = share * TrainConfig::PLANNING as f32;
    let last = model.blocks.len() - 1;
    if !train.recompute {
        let x = model.stream(inputs, last, &mut dropout);
        return gradients(model, &mut (model.planning_loss(x) * weight).backward());
    }
    let (kept, x) = Kept::run(model, inputs, last, dropout, train);
    let x = leaf(x);
    let mut of = (model.planning_loss(x.clone()) * weight).backward();
    let top = gradients(model, &mut of);
    let below = kept.back(model, taken(&x, &mut of));
    // What is below the last block got nothing from the graph above it.
    let after = top.into_iter().skip(below.len());
    below.into_iter().chain(after).collect()
}

/// The sum of both gradients, weight by weight; where that of the plans opposes the other, without its component along the other,
/// so that the loss that counts falls as fast as it would alone, to first order.
pub(super) fn without_conflict(gradients: Vec<Tensor<1>>, plans: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    let join = |(gradient, plan): (Tensor<1>, Tensor<1>)| {
        let (gradient, plan) = (gradient.cast(DType::F32), plan.cast(DType::F32));
        let along = (gradient.clone() * plan.clone()).sum().clamp_max(0.0);
        // Where nothing else pulls at a weight there is nothing to oppose: 0 / tiny.
        let length = gradient.clone().square().sum().clamp_min(f32::MIN_POSITIVE);
        gradient.clone() * (along / length).neg().add_scalar(1.0) + plan
    };
    gradients.into_iter().zip(plans).map(join).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn only_what_opposes_is_taken_away() {
        let row = |values: [f32; 2]| Tensor::<1>::from_floats(values, &Device::default());
        let joined = |gradient, plan| {
            without_conflict(vec![row(gradient)], vec![row(plan)])[0].to_data().try_to_vec::<f32>().expect("floats")
        };
        assert_eq!(joined([2.0, 0.0], [1.0, 3.0]), [3.0, 3.0]);
        assert_eq!(joined([2.0, 0.0], [-1.0, 3.0]), [2.0, 3.0], "the loss that counts falls as it would");
        assert_eq!(joined([0.0, 0.0], [-1.0, 3.0]), [-1.0, 3.0], "a weight that only plans");
    }
}
