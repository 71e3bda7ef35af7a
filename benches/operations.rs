//! What each kernel of ours costs on the CPU, forward and backward, beside the same composed of the framework's operations; at
//! the sizes of `mini` with 4 × 512 tokens. `cargo bench -p mmrec --bench operations`; each also runs once as a test.

// Shared with the tests, which use more of them.
#[allow(dead_code)]
#[path = "../tests/shared/case.rs"]
mod case;
#[allow(dead_code)]
#[path = "../tests/shared/memory.rs"]
mod memory;
#[path = "../tests/shared/operations.rs"]
mod operations;

use burn::tensor::{Device, Tensor};
use case::{Case, random};
use divan::Bencher;
use divan::counter::ItemsCount;
use memory::{Shape, memory_case};
use mmrec::ops::AdamWStep;
use mmrec::ops::slot_attention::Sizes;
use operations::{attention_case, gate_case, linear_case, loss_case, norm_case};

const WAYS: [&str; 2] = ["kernel", "composition"];
const BATCH: usize = 4;
const TIME: usize = 512;
const WIDTH: usize = 192;
const FEED_FORWARD: usize = 480;
const VOCABULARY: usize = 256;

fn main() {
    mmrec::platform::keep_memory();
    divan::main();
}

#[divan::bench(args = WAYS)]
fn both_memories(bencher: Bencher, way: &str) {
    measure(bencher, way, &memory_case(memory_shape(BATCH, TIME), 1));
}

/// As many tokens in one row, which see more slots and are fewer tasks.
#[divan::bench(args = WAYS)]
fn both_memories_of_one_row(bencher: Bencher, way: &str) {
    measure(bencher, way, &memory_case(memory_shape(1, BATCH * TIME), 1));
}

fn memory_shape(batch: usize, time: usize) -> Shape {
    let sizes = Sizes { chunk: 16, slots: 8, merge_factor: 4, levels: 3 };
    Shape { batch, chunks: time / sizes.chunk, heads: WIDTH / 32, half: 16, sizes }
}

/// What a GPT has instead, each token over its whole row.
#[divan::bench(args = WAYS)]
fn attention(bencher: Bencher, way: &str) {
    measure(bencher, way, &attention_case([BATCH, TIME, WIDTH / 32, 16], TIME, 1));
}

#[divan::bench(args = WAYS)]
fn norm_with_shift(bencher: Bencher, way: &str) {
    measure(bencher, way, &norm_case([BATCH, TIME, WIDTH], true, 1));
}

#[divan::bench(args = WAYS)]
fn gate(bencher: Bencher, way: &str) {
    measure(bencher, way, &gate_case(BATCH * TIME, FEED_FORWARD, 1));
}

#[divan::bench(args = WAYS)]
fn product_onto_stream(bencher: Bencher, way: &str) {
    measure(bencher, way, &linear_case([BATCH * TIME, FEED_FORWARD, WIDTH], true, 1));
}

#[divan::bench(args = WAYS)]
fn losses(bencher: Bencher, way: &str) {
    measure(bencher, way, &loss_case(BATCH * TIME, VOCABULARY, 1));
}

/// One update of a million weights.
#[divan::bench]
fn adamw(bencher: Bencher) {
    let row = |seed| Tensor::<1>::from_floats(random(1 << 20, seed).as_slice(), &Device::flex());
    let (weight, gradient, scale) = (row(1), row(2), Tensor::from_floats([1.0], &Device::flex()));
    let mut moments = [row(3).square(), row(4).square()];
    let step = AdamWStep { step_size: 1e-3, inv_bias_correction2: 1.0, weight_factor: 0.999 };
    bencher
        .counter(ItemsCount::new(1usize << 20))
        .bench_local(|| mmrec::ops::adamw(step, weight.clone(), gradient.clone(), &mut moments, scale.clone()));
}

/// The output and all gradients.
fn measure(bencher: Bencher, way: &str, case: &Case) {
    let function = if way == "kernel" { &case.kernel } else { &case.plain };
    let inputs = case.tracked(&Device::flex().autodiff());
    bencher.counter(ItemsCount::new(BATCH * TIME)).bench_local(|| {
        let gradients = function(&inputs).sum().backward();
        inputs.iter().map(|input| input.grad(&gradients)).collect::<Vec<_>>()
    });
}
