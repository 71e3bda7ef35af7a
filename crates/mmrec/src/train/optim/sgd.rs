//! Stochastic gradient descent with momentum (Polyak 1964; as in Sutskever et al., "On the importance of initialization and momentum
//! in deep learning", 2013, eq. 1 and 2) and decoupled weight decay: half of AdamW's memory, and a rate of its own to be found.

use burn::tensor::Tensor;

use super::{Optimizer, OptimizerStep, Parameter, Slot};

/// What a step keeps of the velocity.
const MOMENTUM: f64 = 0.9;

/// A step along the sum of the gradients, of which the older ones count less.
#[derive(Debug)]
pub(super) struct Sgd;

impl Sgd {
    pub(super) const SLOTS: &[Slot] = &[Slot { name: "momentum", power: 1, decay: None }];
}

impl Optimizer for Sgd {
    fn slots(&self) -> &'static [Slot] {
        Self::SLOTS
    }

    fn update(&self, parameter: Parameter<'_>, step: &OptimizerStep) -> Tensor<1> {
        let Parameter { value, gradient, state, .. } = parameter;
        let velocity = state[0].clone() * MOMENTUM + gradient * step.clip.clone();
        state[0] = velocity.clone();
        value * (1.0 - step.lr * step.weight_decay) - velocity * step.lr
    }
}
