//! The model in a real browser, in a worker: parity with the reference and training, on the CPU and, in a build with `wgpu`,
//! on WebGPU.

#![cfg(target_arch = "wasm32")]

#[path = "../../../tests/shared/golden.rs"]
mod golden;
#[path = "../../../tests/shared/inside.rs"]
mod inside;
#[cfg(not(feature = "wgpu"))]
#[path = "../../../tests/shared/runs.rs"]
mod runs;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[cfg(not(feature = "wgpu"))]
mod cpu {
    use super::*;
    use mmrec::Device;

    #[wasm_bindgen_test]
    async fn flex_matches_the_reference_in_training() {
        golden::check_training(&Device::flex()).await;
    }

    #[wasm_bindgen_test]
    async fn flex_matches_the_reference_in_streaming() {
        golden::check_streaming(&Device::flex(), &golden::ALL_PROMPTS).await;
    }

    #[wasm_bindgen_test]
    async fn the_loss_falls_and_texts_repeat() {
        runs::check_learning(&Device::flex(), 150, 0.8).await;
    }

    /// Through a file, as after a reload: the same losses as without a break.
    #[wasm_bindgen_test]
    async fn resuming_equals_never_having_stopped() {
        use mmrec::checkpoint::Checkpoint;
        use mmrec::driver::Session;
        let device = Device::flex();
        let mut whole = runs::session(runs::train(15), 0.1, &device);
        let expected = runs::losses(&runs::run_out(&mut whole).await);
        let mut part = runs::session(runs::train(15), 0.1, &device);
        let mut seen = runs::losses(&runs::run_to(&mut part, 6).await);
        let bytes = part.checkpoint().await.expect("read back").to_bytes().expect("written");
        let checkpoint = Checkpoint::from_bytes(&bytes).expect("read");
        let mut part = Session::resume(&checkpoint, runs::data(), &device).expect("resumed");
        seen.extend(runs::losses(&runs::run_out(&mut part).await));
        assert_eq!(seen, expected);
    }

    #[wasm_bindgen_test]
    async fn the_model_can_be_looked_into() {
        assert!(inside::shown(&Device::flex()).await.iter().all(|value| value.is_finite()));
    }

    #[wasm_bindgen_test]
    async fn a_missing_gpu_is_an_error_with_a_remedy() {
        let error = mmrec::platform::device("wgpu").await.expect_err("not in this build");
        assert!(error.to_string().contains("use the CPU"), "{error}");
    }
}

/// One test: a worker opens the GPU once. The end-to-end tests train on it.
#[cfg(feature = "wgpu")]
#[wasm_bindgen_test]
async fn webgpu_matches_the_reference() {
    let (device, name) = mmrec::platform::device("wgpu").await.expect("an adapter");
    wasm_bindgen_test::console_log!("on {name}");
    golden::check_training(&device).await;
    golden::check_streaming(&device, &golden::ONE_PROMPT).await;
    assert!(inside::shown(&device).await.iter().all(|value| value.is_finite()));
    // Last, since nothing is read from it any more.
    mmrec::platform::report_fault(None, "it was refused");
    let read = mmrec::platform::read(vec![burn::tensor::Tensor::<1>::ones([1], &device)]).await;
    assert!(read.expect_err("not to be trusted").to_string().contains("it was refused"));
}
