//! Parity with the reference on every native device.

#[path = "shared/golden.rs"]
mod golden;

use burn::tensor::Device;

#[test]
fn flex_matches_the_reference_in_training() {
    pollster::block_on(golden::check_training(&Device::flex()));
}

#[test]
fn flex_matches_the_reference_in_streaming() {
    pollster::block_on(golden::check_streaming(&Device::flex()));
}
