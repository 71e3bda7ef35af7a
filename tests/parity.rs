//! Parity with the reference on every native device.

#[path = "shared/golden.rs"]
mod golden;

#[cfg(feature = "wgpu")]
#[path = "shared/gpu.rs"]
mod gpu;
#[cfg(feature = "wgpu")]
#[path = "shared/inside.rs"]
mod inside;
#[cfg(feature = "wgpu")]
#[path = "shared/runs.rs"]
mod runs;

use burn::tensor::Device;

#[test]
fn flex_matches_the_reference_in_training() {
    pollster::block_on(golden::check_training(&Device::flex()));
}

#[test]
fn flex_matches_the_reference_in_streaming() {
    pollster::block_on(golden::check_streaming(&Device::flex(), &golden::ALL_PROMPTS));
}

/// Where an adapter exists; one test, because a process opens the GPU once.
#[cfg(feature = "wgpu")]
#[test]
fn the_gpu_matches_the_reference_and_learns() {
    let Some(device) = gpu::device() else { return };
    pollster::block_on(golden::check_training(&device));
    pollster::block_on(golden::check_streaming(&device, &golden::ONE_PROMPT));
    pollster::block_on(runs::check_learning(&device, 5, 0.99));
    let [ours, expected] = [&device, &Device::flex()].map(|device| pollster::block_on(inside::shown(device)));
    let worst = ours.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(ours.len() == expected.len() && worst < 1e-3, "what is shown differs by {worst}");
}
