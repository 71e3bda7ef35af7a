//! A function as a composition of the framework's operations and as a kernel, and what must hold of the two, on any device.

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use proptest::prelude::*;

/// A function of some inputs, as a composition of the framework's operations and as a kernel.
pub struct Case<'a> {
    pub inputs: Vec<Vec<f32>>,
    pub plain: Box<Function<'a>>,
    pub kernel: Box<Function<'a>>,
}

pub type Function<'a> = dyn Fn(&[Tensor<1>]) -> Tensor<1> + Sync + 'a;

impl Case<'_> {
    /// The inputs on a device with gradients.
    pub fn tracked(&self, device: &Device) -> Vec<Tensor<1>> {
        let tensor = |values: &Vec<f32>| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), device);
        self.inputs.iter().map(|values| tensor(values).require_grad()).collect()
    }

    /// Output and gradients under a random weighting of the output's entries.
    pub fn run(&self, function: &Function, device: &Device) -> Vec<Vec<f32>> {
        let device = device.clone().autodiff();
        let inputs = self.tracked(&device);
        let output = function(&inputs);
        let gradients = (output.clone() * weights(output.dims()[0], &device)).sum().backward();
        // The bias of a level without slots has no gradient in the composition.
        let zeros = |input: &Tensor<1>| vec![0.0; input.dims()[0]];
        let gradients = inputs.iter().map(|input| input.grad(&gradients).map_or_else(|| zeros(input), values));
        std::iter::once(values(output.clone().inner())).chain(gradients).collect()
    }

    /// The kernel gives what the composition gives, the output and every gradient.
    ///
    /// The composition runs on the CPU, whatever the device.
    pub fn check_parity(&self, device: &Device) -> Result<(), TestCaseError> {
        let results = self.run(&*self.plain, &Device::flex()).into_iter().zip(self.run(&*self.kernel, device));
        for (index, (plain, kernel)) in results.enumerate() {
            let norm = plain.iter().map(|v| v * v).sum::<f32>().sqrt();
            let distance = plain.iter().zip(&kernel).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
            let what = if index == 0 { "the output".to_owned() } else { format!("gradient {}", index - 1) };
            // The gradient of a scalar is a sum of many terms that may cancel.
            prop_assert!(distance <= 1e-4 * norm + 1e-4, "{what} is {distance} away from one of length {norm}");
        }
        Ok(())
    }

    /// The kernel's gradient predicts how its output changes along a random direction of every input.
    pub fn check_differences(&self, device: &Device) {
        let results = self.run(&*self.kernel, device);
        let loss = |inputs: &[Vec<f32>]| -> f64 {
            let tensors: Vec<Tensor<1>> = inputs
                .iter()
                .map(|values| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), device))
                .collect();
            let output = (self.kernel)(&tensors);
            let weights = values(weights(output.dims()[0], device));
            values(output).iter().zip(weights).map(|(a, b)| f64::from(*a) * f64::from(b)).sum()
        };
        for (index, gradient) in results[1..].iter().enumerate() {
            let direction = values(weights(gradient.len() + 1, device))[1..].to_vec();
            let moved = |by: f32| {
                let mut inputs = self.inputs.clone();
                inputs[index].iter_mut().zip(&direction).for_each(|(value, d)| *value += by * d);
                loss(&inputs)
            };
            let step = 1e-3;
            let measured = (moved(step) - moved(-step)) / f64::from(2.0 * step);
            let expected: f64 = gradient.iter().zip(&direction).map(|(a, b)| f64::from(a * b)).sum();
            let scale = gradient.iter().map(|v| f64::from(v * v)).sum::<f64>().sqrt();
            assert!((measured - expected).abs() < 2e-2 * scale + 1e-2, "input {index}: {measured} against {expected}");
        }
    }
}

/// Fixed numbers without a pattern, between −1 and 1.
fn weights(count: usize, device: &Device) -> Tensor<1> {
    let values = (0..count).map(|i| (i as f32 * 12.9898).sin() * 43_758.547).map(|v| 2.0 * (v - v.floor()) - 1.0);
    Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), [count]), device)
}

fn values(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("floats")
}

pub fn random(count: usize, seed: u64) -> Vec<f32> {
    let device = Device::flex();
    device.seed(seed);
    values(Tensor::random([count], Distribution::Normal(0.0, 1.0), &device))
}
