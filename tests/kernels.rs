//! Every kernel of ours against its composition of plain operations, against finite differences, and against itself.

#[path = "shared/plain.rs"]
mod plain;

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use mmrec::ops::hierarchy::Sizes;
use mmrec::ops::{gated, linear, linear_onto, memory, norm_shift, token_losses};
use proptest::prelude::*;

/// A function of some inputs, as a composition of the framework's operations and as a kernel.
struct Case<'a> {
    inputs: Vec<Vec<f32>>,
    plain: Box<Function<'a>>,
    kernel: Box<Function<'a>>,
}

type Function<'a> = dyn Fn(&[Tensor<1>]) -> Tensor<1> + Sync + 'a;

impl Case<'_> {
    /// Output and gradients under a random weighting of the output's entries.
    fn run(&self, function: &Function) -> Vec<Vec<f32>> {
        let device = Device::flex().autodiff();
        let inputs: Vec<Tensor<1>> = self
            .inputs
            .iter()
            .map(|values| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), &device).require_grad())
            .collect();
        let output = function(&inputs);
        let gradients = (output.clone() * weights(output.dims()[0], &device)).sum().backward();
        // The bias of a level without slots has no gradient in the composition.
        let zeros = |input: &Tensor<1>| vec![0.0; input.dims()[0]];
        let gradients = inputs.iter().map(|input| input.grad(&gradients).map_or_else(|| zeros(input), values));
        std::iter::once(values(output.clone().inner())).chain(gradients).collect()
    }

    /// The kernel gives what the composition gives, the output and every gradient.
    fn check_parity(&self) -> Result<(), TestCaseError> {
        for (index, (plain, kernel)) in self.run(&*self.plain).iter().zip(self.run(&*self.kernel)).enumerate() {
            let norm = plain.iter().map(|v| v * v).sum::<f32>().sqrt();
            let distance = plain.iter().zip(&kernel).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
            let what = if index == 0 { "the output".to_owned() } else { format!("gradient {}", index - 1) };
            // The gradient of a scalar is a sum of many terms that may cancel.
            prop_assert!(distance <= 1e-4 * norm + 1e-4, "{what} is {distance} away from one of length {norm}");
        }
        Ok(())
    }

    /// The kernel's gradient predicts how its output changes along a random direction of every input.
    fn check_differences(&self) {
        let results = self.run(&*self.kernel);
        let device = Device::flex();
        let loss = |inputs: &[Vec<f32>]| -> f64 {
            let tensors: Vec<Tensor<1>> = inputs
                .iter()
                .map(|values| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), &device))
                .collect();
            let output = (self.kernel)(&tensors);
            let weights = values(weights(output.dims()[0], &device));
            values(output).iter().zip(weights).map(|(a, b)| f64::from(*a) * f64::from(b)).sum()
        };
        for (index, gradient) in results[1..].iter().enumerate() {
            let direction = values(weights(gradient.len() + 1, &device))[1..].to_vec();
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

    /// The same bits on one thread and on three.
    fn check_determinism(&self) {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| self.run(&*self.kernel))
        };
        assert_eq!(on(1), on(3));
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

fn random(count: usize, seed: u64) -> Vec<f32> {
    let device = Device::flex();
    device.seed(seed);
    values(Tensor::random([count], Distribution::Normal(0.0, 1.0), &device))
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    batch: usize,
    blocks: usize,
    heads: usize,
    half: usize,
    sizes: Sizes,
}

fn shapes() -> impl Strategy<Value = (Shape, u64)> {
    let sizes = (1usize..20, 1usize..5, 2usize..4, 1usize..4).prop_map(|(block, slots, fan_in, levels)| Sizes {
        block,
        slots,
        fan_in,
        levels,
    });
    let shape = (1usize..3, 1usize..14, 1usize..4, 1usize..20, sizes);
    let shape = shape.prop_map(|(batch, blocks, heads, half, sizes)| Shape { batch, blocks, heads, half, sizes });
    (shape, any::<u64>())
}

fn memory_case(shape: Shape, seed: u64) -> Case<'static> {
    let Shape { batch, blocks, heads, half, sizes } = shape;
    let (time, d) = (blocks * sizes.block, 2 * half);
    let projected = heads * (4 * d + 3);
    let counts = [batch * time * projected, heads, heads * d, heads, sizes.levels * heads];
    let inputs = counts.iter().zip(seed..).map(|(count, seed)| random(*count, seed)).collect();
    let call = move |function: fn(Sizes, Tensor<3>, Tensor<1>, Tensor<1>, Tensor<1>, Tensor<2>) -> Tensor<3>| {
        move |x: &[Tensor<1>]| {
            let out = function(
                sizes,
                x[0].clone().reshape([batch, time, projected]),
                x[1].clone(),
                x[2].clone(),
                x[3].clone(),
                x[4].clone().reshape([sizes.levels, heads]),
            );
            out.reshape([batch * time * heads * d])
        }
    };
    Case { inputs, plain: Box::new(call(plain::memory)), kernel: Box::new(call(memory)) }
}

fn norm_case([batch, time, dim]: [usize; 3], shifted: bool, seed: u64) -> Case<'static> {
    let mut inputs = vec![random(batch * time * dim, seed), random(dim, seed + 1)];
    if shifted {
        inputs.push(random(dim, seed + 2));
    }
    let call = move |function: fn(Tensor<3>, Tensor<1>, Option<Tensor<1>>) -> Tensor<3>| {
        move |x: &[Tensor<1>]| {
            let out = function(x[0].clone().reshape([batch, time, dim]), x[1].clone(), x.get(2).cloned());
            out.reshape([batch * time * dim])
        }
    };
    Case { inputs, plain: Box::new(call(plain::norm_shift)), kernel: Box::new(call(norm_shift)) }
}

fn gate_case(rows: usize, hidden: usize, seed: u64) -> Case<'static> {
    let call = move |function: fn(Tensor<2>) -> Tensor<2>| {
        move |x: &[Tensor<1>]| function(x[0].clone().reshape([rows, 2 * hidden])).reshape([rows * hidden])
    };
    let inputs = vec![random(rows * 2 * hidden, seed)];
    Case { inputs, plain: Box::new(call(plain::gated)), kernel: Box::new(call(gated)) }
}

fn linear_case([rows, inputs, outputs]: [usize; 3], onto: bool, seed: u64) -> Case<'static> {
    let counts = [rows * inputs, inputs * outputs, rows * outputs];
    let values = counts.iter().zip(seed..).take(if onto { 3 } else { 2 });
    let call = move |function: fn(Tensor<2>, Tensor<2>, Option<Tensor<2>>) -> Tensor<2>| {
        move |x: &[Tensor<1>]| {
            let stream = x.get(2).map(|stream| stream.clone().reshape([rows, outputs]));
            let (x, weight) = (x[0].clone().reshape([rows, inputs]), x[1].clone().reshape([inputs, outputs]));
            function(x, weight, stream).reshape([rows * outputs])
        }
    };
    let kernel = |x, weight, stream: Option<Tensor<2>>| match stream {
        Some(stream) => linear_onto(stream, x, weight),
        None => linear(x, weight),
    };
    Case {
        inputs: values.map(|(count, seed)| random(*count, seed)).collect(),
        plain: Box::new(call(plain::linear)),
        kernel: Box::new(call(kernel)),
    }
}

fn loss_case(rows: usize, vocab: usize, seed: u64) -> Case<'static> {
    let call = move |function: fn(Tensor<3>, Tensor<2, Int>) -> Tensor<2>| {
        move |x: &[Tensor<1>]| {
            let targets: Vec<i32> = (0..rows).map(|row| (row * 7 % vocab) as i32).collect();
            let targets = Tensor::from_data(TensorData::new(targets, [1, rows]), &x[0].device());
            function(x[0].clone().reshape([1, rows, vocab]) * 3.0, targets).reshape([rows])
        }
    };
    let inputs = vec![random(rows * vocab, seed)];
    Case { inputs, plain: Box::new(call(plain::token_losses)), kernel: Box::new(call(token_losses)) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_kernel_equals_its_composition((shape, seed) in shapes()) {
        memory_case(shape, seed >> 8).check_parity()?;
    }

    #[test]
    fn the_norm_kernel_equals_its_composition(
        batch in 1usize..4, time in 1usize..150, dim in 1usize..70, shifted: bool, seed in 0u64..1000,
    ) {
        norm_case([batch, time, dim], shifted, seed).check_parity()?;
    }

    #[test]
    fn the_gate_kernel_equals_its_composition(rows in 1usize..200, hidden in 1usize..70, seed in 0u64..1000) {
        gate_case(rows, hidden, seed).check_parity()?;
    }

    #[test]
    fn the_linear_kernel_equals_its_composition(
        rows in 1usize..150, inputs in 1usize..300, outputs in 1usize..70, onto: bool, seed in 0u64..1000,
    ) {
        linear_case([rows, inputs, outputs], onto, seed).check_parity()?;
    }

    #[test]
    fn the_loss_kernel_equals_its_composition(rows in 1usize..200, vocab in 2usize..300, seed in 0u64..1000) {
        loss_case(rows, vocab, seed).check_parity()?;
    }
}

/// Some sizes at which nothing is a whole vector, and those of the presets.
fn cases() -> Vec<Case<'static>> {
    let odd = Sizes { block: 5, slots: 2, fan_in: 2, levels: 3 };
    let preset = Sizes { block: 16, slots: 8, fan_in: 4, levels: 3 };
    vec![
        memory_case(Shape { batch: 2, blocks: 11, heads: 2, half: 3, sizes: odd }, 1),
        memory_case(Shape { batch: 1, blocks: 14, heads: 3, half: 16, sizes: preset }, 2),
        norm_case([2, 150, 21], true, 3),
        norm_case([3, 5, 64], false, 4),
        gate_case(70, 37, 5),
        loss_case(130, 77, 6),
        linear_case([3, 70, 5000], true, 7),
        linear_case([70, 300, 37], true, 7),
        linear_case([300, 200, 300], false, 8),
    ]
}

#[test]
fn gradients_predict_finite_differences() {
    cases().iter().for_each(Case::check_differences);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    cases().iter().for_each(Case::check_determinism);
}

#[test]
fn values_that_are_not_finite_are_not_hidden() {
    for case in cases() {
        let mut inputs = case.inputs.clone();
        inputs[0][3] = f32::NAN;
        let spoiled = Case { inputs, ..case };
        assert!(spoiled.run(&*spoiled.kernel)[0].iter().any(|value| value.is_nan()));
    }
}
