//! Parity with the reference on every native device.

#[path = "shared/golden.rs"]
mod golden;

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

/// Through Vulkan, Metal or DirectX, where an adapter exists; one test, because a process opens the GPU once.
/// With `MMREC_REQUIRE_GPU` set, a missing adapter fails.
#[cfg(feature = "wgpu")]
#[test]
fn the_gpu_matches_the_reference_and_learns() {
    let device = match pollster::block_on(mmrec::platform::device("wgpu")) {
        Ok((device, name)) => {
            println!("on {name}");
            device
        }
        Err(error) if std::env::var_os("MMREC_REQUIRE_GPU").is_none() => {
            println!("not run: {}", mmrec::explain(&error));
            return;
        }
        Err(error) => panic!("{}", mmrec::explain(&error)),
    };
    pollster::block_on(golden::check_training(&device));
    pollster::block_on(golden::check_streaming(&device, &golden::ONE_PROMPT));
    pollster::block_on(runs::check_learning(&device, 5, 0.99));
}
