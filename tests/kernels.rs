//! Every kernel that has gradients against its composition of plain operations, against finite differences, and against itself. Those
//! for one token are held by `properties.rs` (streaming is the parallel form), AdamW by the tests of `train/optim`.

#[path = "shared/case.rs"]
mod case;
#[path = "shared/memory.rs"]
mod memory;
#[path = "shared/operations.rs"]
mod operations;

use burn::tensor::Device;
use case::Case;
use memory::{Shape, memory_case, shapes};
use mmrec::ops::slot_attention::Sizes;
use operations::{attention_case, gate_case, linear_case, loss_case, norm_case};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_kernel_equals_its_composition((shape, seed) in shapes()) {
        memory_case(shape, seed >> 8).check_parity(&Device::flex())?;
    }

    #[test]
    fn the_attention_kernel_equals_its_composition(
        batch in 1usize..3, time in 1usize..150, heads in 1usize..4, half in 1usize..9, window in 1usize..170, seed in 0u64..1000,
    ) {
        attention_case([batch, time, heads, half], window, seed).check_parity(&Device::flex())?;
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
    let odd = Sizes { chunk: 5, slots: 2, merge_factor: 2, levels: 3 };
    let preset = Sizes { chunk: 16, slots: 8, merge_factor: 4, levels: 3 };
    vec![
        memory_case(Shape { batch: 2, chunks: 11, heads: 2, half: 3, sizes: odd }, 1),
        memory_case(Shape { batch: 1, chunks: 14, heads: 3, half: 16, sizes: preset }, 2),
        attention_case([2, 130, 3, 5], 70, 9),
        attention_case([1, 90, 2, 16], 90, 10),
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
