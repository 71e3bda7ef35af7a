//! Speed and memory of training and writing on the CPU, each with its floor: FLOPs over the machine's measured matrix rate, or
//! bytes over its measured bandwidth. Run by `cargo xtask bench`; prints a table, or with `--json` one JSON object.
//!
//! `--stages tiny,mini`, `--contexts 512,2048` and `--lengths 1000,1000000` choose what is measured, `--threads N` on how many
//! threads; `--recompute` trains with the memory of one block.

use std::hint::black_box;
use std::time::Instant;

use burn::tensor::{Distribution, Int, Tensor, TensorData};
use mmrec::Device;
use mmrec::config::{ModelConfig, Stage, TrainConfig};
use mmrec::model::{Model, State};
use mmrec::platform::read;
use mmrec::train::{Batch, Trainer};
use rayon::prelude::*;
use serde_json::{Value, json};

/// Tokens of one training step in every measurement, so that lengths compare.
const TOKENS: usize = 2048;
const VOCABULARY: usize = 256;

fn main() {
    mmrec::platform::keep_memory();
    let asked = |name: &str, default: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1).unwrap_or_else(|| default.to_owned())
    };
    let recompute = std::env::args().any(|argument| argument == "--recompute");
    let threads: usize = asked("--threads", "0").parse().expect("a number of threads");
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("threads");
    let stages: Vec<Stage> = asked("--stages", "tiny,mini,small").split(',').map(stage).collect();
    let numbers = |text: String| -> Vec<usize> { text.split(',').map(|n| n.parse().expect("a number")).collect() };
    let contexts = numbers(asked("--contexts", "256,512,2048,8192,32768"));
    let lengths = numbers(asked("--lengths", "1000,10000,100000,1000000"));

    let machine = Machine::measure();
    let by_stage: Vec<Value> = stages.iter().map(|stage| training(*stage, 512, recompute, &machine)).collect();
    let by_context: Vec<Value> =
        contexts.iter().map(|context| training(Stage::Mini, *context, recompute, &machine)).collect();
    let by_length: Vec<Value> = stages.iter().flat_map(|stage| writing(*stage, &lengths, &machine)).collect();
    let report = json!({
        "machine": machine.describe(),
        "training": by_stage,
        "training_by_context": by_context,
        "writing": by_length,
    });
    if std::env::args().any(|argument| argument == "--json") { println!("{report}") } else { print(&report) }
}

fn stage(name: &str) -> Stage {
    name.parse().expect("a stage")
}

/// What the machine can do at best.
struct Machine {
    threads: usize,
    /// FLOP/s of a large matrix product on all threads.
    matrix: f64,
    /// Bytes a second that all threads read from memory.
    bandwidth: f64,
}

impl Machine {
    fn measure() -> Self {
        let n = 1536;
        let random = || Tensor::<2>::random([n, n], Distribution::Default, &Device::flex());
        let (a, b) = (random(), random());
        let seconds = fastest(8, || drop(black_box(a.clone().matmul(b.clone()).into_data())));
        let values = vec![1.0f32; 64 << 20];
        let reading = fastest(8, || {
            values.par_chunks(1 << 20).for_each(|part| {
                let lanes = part.chunks_exact(64).fold([0.0f32; 64], |mut sums, chunk| {
                    sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
                    sums
                });
                black_box(lanes);
            });
        });
        Self {
            threads: rayon::current_num_threads(),
            matrix: 2.0 * (n as f64).powi(3) / seconds,
            bandwidth: values.len() as f64 * 4.0 / reading,
        }
    }

    fn describe(&self) -> Value {
        json!({ "threads": self.threads, "matrix_gflops": self.matrix / 1e9, "read_gb_per_s": self.bandwidth / 1e9 })
    }
}

/// Optimizer steps of as many rows of `context` tokens as make up [`TOKENS`], at least one.
fn training(stage: Stage, context: usize, recompute: bool, machine: &Machine) -> Value {
    let model = stage.config(VOCABULARY);
    let batch = (TOKENS / context).max(1);
    let config = TrainConfig { batch, context, recompute, ..TrainConfig::for_model(&model) };
    let mut trainer = Trainer::fresh(&model, &config, &Device::flex());
    let ids: Vec<u16> = (0..batch * context).map(|i| (i * 7919 % VOCABULARY) as u16).collect();
    let batches = [Batch { inputs: ids.clone(), targets: ids, context }];
    forget_peak();
    let seconds = median(7, || {
        let measured = trainer.step(&config, &batches);
        pollster::block_on(read(vec![measured.loss])).expect("read back");
    });
    let tokens = (batch * context) as f64;
    let floor = 3.0 * model.flops() as f64 * tokens / machine.matrix;
    json!({
        "stage": stage.to_string(), "batch": batch, "context": context,
        "seconds_per_step": seconds, "tokens_per_second": tokens / seconds,
        "floor_seconds": floor, "share": floor / seconds, "peak_memory_mb": peak_mb(),
    })
}

/// One token after texts of some lengths.
fn writing(stage: Stage, lengths: &[usize], machine: &Machine) -> Vec<Value> {
    let config = stage.config(VOCABULARY);
    let model = Model::new(&config, 0, &Device::flex());
    let mut state = State::new(&config);
    let floor = weights_read(&config) / machine.bandwidth;
    let measure = |length: &usize| {
        while (state.position() as usize) < *length {
            let count = (*length - state.position() as usize).min(1 << 14);
            let ids: Vec<i32> = (0..count).map(|i| (i * 7919 % VOCABULARY) as i32).collect();
            let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, count]), &Device::flex());
            model.prefill(ids, &mut state);
        }
        let seconds = median(160, || {
            let token = Tensor::<2, Int>::from_data(TensorData::new(vec![7], [1, 1]), &Device::flex());
            let logits = model.step(token, &mut state).reshape([VOCABULARY]);
            pollster::block_on(read(vec![logits])).expect("read back");
        });
        json!({
            "stage": stage.to_string(), "context": length, "seconds_per_token": seconds,
            "floor_seconds": floor, "share": floor / seconds, "state_bytes": 4 * state.floats(),
        })
    };
    lengths.iter().map(measure).collect()
}

/// Bytes of weights that a token needs: all but the other rows of the embedding.
fn weights_read(config: &ModelConfig) -> f64 {
    4.0 * (config.parameters() - ((config.vocab - 1) * config.width) as u64) as f64
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn fastest(times: usize, mut work: impl FnMut()) -> f64 {
    (0..times).map(|_| seconds(&mut work)).fold(f64::INFINITY, f64::min)
}

/// After two runs that do not count.
fn median(times: usize, mut work: impl FnMut()) -> f64 {
    work();
    work();
    let mut all: Vec<f64> = (0..times).map(|_| seconds(&mut work)).collect();
    all.sort_by(f64::total_cmp);
    all[times / 2]
}

/// Lets the next peak start from what is held now (Linux).
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

/// The most memory held since then, in MB; `None` where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1e3)
}

fn print(report: &Value) {
    let number = |row: &Value, key: &str| row[key].as_f64().unwrap_or(f64::NAN);
    let machine = &report["machine"];
    println!(
        "{} threads: matrix product {:.0} GFLOP/s; reading {:.1} GB/s\n",
        machine["threads"],
        number(machine, "matrix_gflops"),
        number(machine, "read_gb_per_s"),
    );
    println!("training        batch x context    tokens/s    s/step   floor   share   peak MB");
    for row in ["training", "training_by_context"].iter().flat_map(|part| report[part].as_array()).flatten() {
        println!(
            "{:<14} {:>6} x {:<8} {:>10.0} {:>9.3} {:>7.3} {:>6.0}% {:>9.0}",
            row["stage"].as_str().unwrap_or_default(),
            row["batch"],
            row["context"],
            number(row, "tokens_per_second"),
            number(row, "seconds_per_step"),
            number(row, "floor_seconds"),
            100.0 * number(row, "share"),
            number(row, "peak_memory_mb"),
        );
    }
    println!("\nwriting          context    ms/token   floor   share   state KB");
    for row in report["writing"].as_array().into_iter().flatten() {
        println!(
            "{:<14} {:>9} {:>11.3} {:>7.3} {:>6.0}% {:>10.0}",
            row["stage"].as_str().unwrap_or_default(),
            row["context"],
            1e3 * number(row, "seconds_per_token"),
            1e3 * number(row, "floor_seconds"),
            100.0 * number(row, "share"),
            number(row, "state_bytes") / 1e3,
        );
    }
}
