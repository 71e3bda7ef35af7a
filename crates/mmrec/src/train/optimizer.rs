//! AdamW with decoupled weight decay on matrices and one norm for the gradient of the whole model.
//!
//! Burn's optimizers clip each tensor by itself and keep their moments where a browser cannot read them asynchronously; here
//! both are plain tensors in the order of the weights. What a run does not train has neither a gradient nor moments.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Tensor};

use crate::config::TrainConfig;
use crate::model::{Model, WeightSpec, is_matrix};
use crate::ops::{WeightStep, sum_of_squares};

/// The optimizer's memory.
#[derive(Debug, Clone)]
pub struct AdamW {
    /// First and second moment of everything that is trained, in the order of [`trained_specs`](super::trained_specs).
    pub moments: Vec<[Tensor<1>; 2]>,
    decays: Vec<bool>,
    /// Whether the moments were there before the first step.
    settled: bool,
}

impl AdamW {
    /// An optimizer with these moments, one pair for each specification. `settled`: they come from a run before and are no means
    /// that began at zero.
    pub fn new(specs: &[WeightSpec], moments: Vec<[Tensor<1>; 2]>, settled: bool) -> Self {
        // Of an adapter, which has its matrix's name before its own, the rank bounds what it can do already.
        Self { moments, decays: specs.iter().map(|spec| is_matrix(&spec.name)).collect(), settled }
    }

    /// Whether the moments were there before the first step.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// How much of the first and the second moment, which begin at zero, `steps` steps have filled: divided by it, they are means
    /// over the steps that were.
    pub fn filled(steps: u64) -> [f64; 2] {
        [TrainConfig::BETA1, TrainConfig::BETA2].map(|beta| 1.0 - beta.powf(steps as f64))
    }

    /// Applies one update, the `step`th (from 0), at rate `lr`, and returns the gradient's global norm before clipping, `[1]`.
    ///
    /// `gradients` stand in the order of what is trained, each as one row.
    pub fn update(
        &mut self,
        model: Model,
        gradients: Vec<Tensor<1>>,
        config: &TrainConfig,
        step: u64,
        lr: f64,
    ) -> (Model, Tensor<1>) {
        let squares = gradients.iter().map(|gradient| sum_of_squares(gradient.clone().cast(DType::F32)));
        let norm = squares.reduce(|a, b| a + b).expect("something is trained").sqrt();
        let scale = norm.clone().clamp_min(config.clip).recip() * config.clip;
        let [first, second] = if self.settled { [1.0; 2] } else { Self::filled(step + 1) };
        let mut update = Update {
            pairs: gradients.into_iter().zip(self.moments.iter_mut()).zip(self.decays.iter()),
            scale,
            first: lr / first,
            second: 1.0 / second,
            decay: 1.0 - lr * config.weight_decay,
        };
        (model.map(&mut update), norm)
    }
}

struct Update<I> {
    pairs: I,
    scale: Tensor<1>,
    first: f64,
    second: f64,
    decay: f64,
}

impl<'a, I> ModuleMapper for Update<I>
where
    I: Iterator<Item = ((Tensor<1>, &'a mut [Tensor<1>; 2]), &'a bool)>,
{
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !param.base().is_require_grad() {
            return param;
        }
        let ((gradient, moments), decays) = self.pairs.next().expect("one gradient for everything that is trained");
        let step = WeightStep {
            first: self.first as f32,
            second: self.second as f32,
            decay: if *decays { self.decay as f32 } else { 1.0 },
        };
        param.map(|weight| {
            let shape = weight.dims();
            let count: usize = shape.iter().product();
            let weight =
                step.take(weight.inner().reshape([count]), gradient.cast(DType::F32), moments, self.scale.clone());
            Tensor::from_inner(weight.reshape(shape)).require_grad()
        })
    }
}
