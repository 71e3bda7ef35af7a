//! The auxiliary loss that makes a model plan (UBÖO): its gradients, and how they join those of the loss that counts.

use burn::tensor::{Int, Tensor};

use super::grad_checkpointing::{SavedActivations, as_leaf, input_grad};
use super::gradients::{Gradients, join, take_gradients};
use crate::config::TrainConfig;
use crate::model::{Dropout, Model};

/// The gradients of λ_P times the planning loss of tokens `[batch, time]`, two whole chunks or more, which counts for `loss_weight` of
/// the step's.
///
/// They need a pass of their own: the framework gives a graph's gradients once, and these must stay apart from the others until all
/// parts of a step are added up.
pub(super) fn backprop_aux(
    model: &Model,
    inputs: Tensor<2, Int>,
    loss_weight: f32,
    mut dropout: Dropout,
    train: &TrainConfig,
) -> Gradients {
    let weight = loss_weight * TrainConfig::PLANNING as f32;
    let last = model.blocks.len() - 1;
    if !train.recompute {
        let x = model.stream(inputs, last, &mut dropout);
        return take_gradients("", model, &mut (model.planning_loss(x) * weight).backward());
    }
    let (saved, x) = SavedActivations::forward(model, inputs, last, dropout, train);
    let x = as_leaf(x);
    let mut of = (model.planning_loss(x.clone()) * weight).backward();
    let mut gradients = take_gradients("", model, &mut of);
    // What is below the last block got nothing from the graph above it.
    gradients.extend(saved.backward(model, input_grad(&x, &mut of)));
    gradients
}

/// The sum of both gradients, parameter by parameter; where the auxiliary one opposes the other, without its component along the
/// other, so that the loss that counts falls as fast as it would alone, to first order (PCGrad: Yu et al., "Gradient Surgery for
/// Multi-Task Learning", 2020, here for one of both tasks only).
pub(super) fn project_conflicting(gradients: Gradients, aux: Gradients) -> Gradients {
    join(gradients, aux, |gradient, aux| {
        let along = (gradient.clone() * aux.clone()).sum().clamp_max(0.0);
        // Where nothing else pulls at a weight there is nothing to oppose: 0 / tiny.
        let length = gradient.clone().square().sum().clamp_min(f32::MIN_POSITIVE);
        gradient * (along / length).neg().add_scalar(1.0) + aux
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn only_what_opposes_is_taken_away() {
        let row = |values: [f32; 2]| Tensor::<1>::from_floats(values, &Device::default());
        let named = |values| Gradients::from([("head".to_owned(), row(values))]);
        let joined = |gradient, aux| {
            let joined = project_conflicting(named(gradient), named(aux));
            joined["head"].to_data().try_to_vec::<f32>().expect("floats")
        };
        assert_eq!(joined([2.0, 0.0], [1.0, 3.0]), [3.0, 3.0]);
        assert_eq!(joined([2.0, 0.0], [-1.0, 3.0]), [2.0, 3.0], "the loss that counts falls as it would");
        assert_eq!(joined([0.0, 0.0], [-1.0, 3.0]), [-1.0, 3.0], "a weight that only plans");
    }
}
