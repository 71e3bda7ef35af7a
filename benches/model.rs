//! What a training step and a generated token cost on the CPU. `cargo bench -p mmrec`; each also runs once as a test.

use burn::tensor::{Int, Tensor, TensorData};
use divan::Bencher;
use divan::counter::ItemsCount;
use mmrec::Device;
use mmrec::config::{Stage, TrainConfig};
use mmrec::model::{Model, State};
use mmrec::platform::read;
use mmrec::train::{Batch, Trainer};

fn main() {
    divan::main();
}

/// One optimizer step of 4 × 512 tokens; the throughput is tokens per second.
#[divan::bench(args = ["tiny", "mini"], sample_count = 10)]
fn train_step(bencher: Bencher, stage: &str) {
    let (batch, context) = (4, 512);
    let stage: Stage = stage.parse().expect("a stage");
    let model = stage.config(256);
    let config = TrainConfig { batch, context, ..TrainConfig::for_model(&model) };
    let mut trainer = Trainer::fresh(&model, 0, &Device::flex());
    let ids: Vec<u16> = (0..batch * context).map(|i| (i * 7919 % 256) as u16).collect();
    let batches = [Batch { inputs: ids.clone(), targets: ids, context }];
    bencher.counter(ItemsCount::new(batch * context)).bench_local(|| {
        let measured = trainer.step(&config, &batches);
        pollster::block_on(read(vec![measured.loss])).expect("read back")
    });
}

/// One token after a context of so many.
#[divan::bench(args = [100, 1_000, 10_000], sample_count = 20, sample_size = 4)]
fn generate_token(bencher: Bencher, context: usize) {
    let config = Stage::Mini.config(256);
    let model = Model::new(&config, 0, &Device::flex());
    let ids: Vec<i32> = (0..context).map(|i| (i * 7919 % 256) as i32).collect();
    let mut state = State::new(&config);
    model.prefill(Tensor::<2, Int>::from_data(TensorData::new(ids, [1, context]), &Device::flex()), &mut state);
    let token = Tensor::<2, Int>::from_data(TensorData::new(vec![7], [1, 1]), &Device::flex());
    bencher.bench_local(|| {
        let logits = model.step(token.clone(), &mut state).reshape([256]);
        pollster::block_on(read(vec![logits])).expect("read back")
    });
}
