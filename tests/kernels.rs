//! Every kernel of ours against its composition of plain operations, against finite differences, and against itself.

#[path = "shared/case.rs"]
mod case;
#[path = "shared/memory.rs"]
mod memory;
#[path = "shared/plain.rs"]
mod plain;

use burn::tensor::{Device, Int, Tensor, TensorData};
use case::{Case, random};
use memory::{Shape, memory_case, shapes};
use mmrec::ops::hierarchy::Sizes;
use mmrec::ops::{gated, linear, linear_onto, norm_shift, token_losses};
use proptest::prelude::*;

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
        memory_case(shape, seed >> 8).check_parity(&Device::flex())?;
    }

    #[test]
    fn the_norm_kernel_equals_its_composition(
        batch in 1usize..4, time in 1usize..150, dim in 1usize..70, shifted: bool, seed in 0u64..1000,
    ) {
        norm_case([batch, time, dim], shifted, seed).check_parity(&Device::flex())?;
    }

    #[test]
    fn the_gate_kernel_equals_its_composition(rows in 1usize..200, hidden in 1usize..70, seed in 0u64..1000) {
        gate_case(rows, hidden, seed).check_parity(&Device::flex())?;
    }

    #[test]
    fn the_linear_kernel_equals_its_composition(
        rows in 1usize..150, inputs in 1usize..300, outputs in 1usize..70, onto: bool, seed in 0u64..1000,
    ) {
        linear_case([rows, inputs, outputs], onto, seed).check_parity(&Device::flex())?;
    }

    #[test]
    fn the_loss_kernel_equals_its_composition(rows in 1usize..200, vocab in 2usize..300, seed in 0u64..1000) {
        loss_case(rows, vocab, seed).check_parity(&Device::flex())?;
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
    cases().iter().for_each(|case| case.check_differences(&Device::flex()));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for case in cases() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| case.run(&*case.kernel, &Device::flex()))
        };
        assert_eq!(on(1), on(3));
    }
}

#[test]
fn values_that_are_not_finite_are_not_hidden() {
    for case in cases() {
        let mut inputs = case.inputs.clone();
        inputs[0][3] = f32::NAN;
        let spoiled = Case { inputs, ..case };
        assert!(spoiled.run(&*spoiled.kernel, &Device::flex())[0].iter().any(|value| value.is_nan()));
    }
}
