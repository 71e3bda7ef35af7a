//! The kernels for GPUs against the composition of plain operations, against finite differences, against themselves, and in
//! training against the CPU, where an adapter exists.

#[path = "shared/case.rs"]
mod case;
#[path = "shared/gpu.rs"]
mod gpu;
#[path = "shared/memory.rs"]
mod memory;

use std::time::Instant;

use burn::tensor::Device;
use case::Case;
use memory::{Shape, memory_case, shapes};
use mmrec::config::{Stage, TrainConfig};
use mmrec::driver::{compare, rehearse};
use mmrec::ops::runs_memory_kernels;
use mmrec::ops::slot_attention::Sizes;
use mmrec::platform::read;
use mmrec::train::{Batch, Trainer};
use proptest::test_runner::{Config, TestRunner};

/// One test, because a process opens the GPU once.
#[test]
fn the_gpu_kernels_hold() {
    let Some(device) = gpu::device() else { return };
    equal_their_composition(&device);
    predict_finite_differences(&device);
    give_the_same_bits_twice(&device);
    do_not_hide_what_is_not_finite(&device);
    rehearses_as_the_cpu_does(&device);
    train_as_the_cpu_does(&device);
}

fn equal_their_composition(device: &Device) {
    let mut runner =
        TestRunner::new(Config { cases: 3, failure_persistence: None, max_shrink_iters: 0, ..Config::default() });
    let result = runner.run(&shapes(), |(shape, seed)| {
        let Shape { chunks, heads, half, sizes, .. } = shape;
        assert!(runs_memory_kernels(device, sizes, chunks, heads, 2 * half));
        memory_case(shape, seed >> 8).check_parity(device)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    for case in cases() {
        case.check_parity(device).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Sizes at which nothing is a power of two, and those of the presets.
fn cases() -> [Case<'static>; 2] {
    let odd = Sizes { chunk: 5, slots: 2, merge_factor: 2, levels: 3 };
    let preset = Sizes { chunk: 16, slots: 8, merge_factor: 4, levels: 3 };
    [
        memory_case(Shape { batch: 2, chunks: 11, heads: 2, half: 3, sizes: odd }, 1),
        memory_case(Shape { batch: 1, chunks: 14, heads: 2, half: 16, sizes: preset }, 2),
    ]
}

fn predict_finite_differences(device: &Device) {
    cases()[0].check_differences(device);
}

fn give_the_same_bits_twice(device: &Device) {
    for case in cases() {
        assert_eq!(case.run(&*case.kernel, device), case.run(&*case.kernel, device));
    }
}

fn do_not_hide_what_is_not_finite(device: &Device) {
    for case in cases() {
        let mut inputs = case.inputs.clone();
        inputs[0][3] = f32::NAN;
        let spoiled = Case { inputs, ..case };
        assert!(spoiled.run(&*spoiled.kernel, device)[0].iter().any(|value| value.is_nan()));
    }
}

/// Far closer than what is let through: a GPU that rounds more coarsely is sound as well.
fn rehearses_as_the_cpu_does(device: &Device) {
    let began = Instant::now();
    let found = pollster::block_on(rehearse(device, |_, _| ())).expect("no failure");
    let seconds = began.elapsed().as_secs_f64();
    let expected = pollster::block_on(rehearse(&Device::flex(), |_, _| ())).expect("no failure");
    println!("rehearsed in {seconds:.1} s: {found:?}\n{expected:?}");
    compare(&found, &expected).expect("the same");
}

fn train_as_the_cpu_does(device: &Device) {
    let losses = losses(device);
    for (step, (gpu, cpu)) in losses.iter().zip(self::losses(&Device::flex())).enumerate() {
        assert!((gpu - cpu).abs() <= 0.01 * cpu, "step {step}: {gpu} on the GPU, {cpu} on the CPU");
    }
    assert!(losses[49] < 0.9 * losses[0], "from {} to {}", losses[0], losses[49]);
}

/// The losses of 50 steps of the smallest preset.
fn losses(device: &Device) -> Vec<f32> {
    let model = Stage::Tiny.config(64);
    let (batch, context) = (2, 64);
    let config = TrainConfig { batch, context, seed: 1, ..TrainConfig::for_model(&model) };
    let mut trainer = Trainer::fresh(&model, &config, device);
    let ids: Vec<u16> = (0..batch * context + 1).map(|i| (i * i % 61) as u16).collect();
    let batches = [Batch { inputs: ids[..batch * context].to_vec(), targets: ids[1..].to_vec(), context }];
    let losses = (0..50).map(|_| trainer.step(&config, &batches).loss).collect();
    pollster::block_on(read(losses)).expect("read back").concat()
}
